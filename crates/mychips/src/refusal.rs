//! What a site refuses, as words and exit codes: the one table of them.

use protocol::{ledger, negotiation};
use site::SiteError;

use crate::failure::Failure;

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Self {
        let text = error.to_string();
        let word = match &error {
            SiteError::Store(_) => return Self::store(text),
            SiteError::NotAllowed { .. } => "not_allowed",
            SiteError::NoUser(_) => "no_user",
            SiteError::UserExists(_) => "user_exists",
            SiteError::Suspended(_) => "suspended",
            SiteError::OtherSite { .. } => "other_site",
            SiteError::NoTally { .. } => "no_tally",
            SiteError::TallyExists { .. } => "tally_exists",
            SiteError::NotOpen { .. } => "not_open",
            SiteError::Invitation(_) => "invitation",
            SiteError::NotPartner { .. } => "not_partner",
            SiteError::Signature(_) => "signature",
            SiteError::Record(_) => "record",
            SiteError::Negotiation(refusal) => of_negotiation(refusal),
            SiteError::Ledger(refusal) => {
                let word = of_ledger(refusal);
                return Self::refused(word, with_advice(refusal, text));
            }
            SiteError::History { .. } | SiteError::State { .. } => "damaged",
            passing if passing.is_passing() => "busy",
            _ => "refused",
        };
        Self::refused(word, text)
    }
}

fn of_negotiation(refusal: &negotiation::Refusal) -> &'static str {
    use negotiation::Refusal;
    match refusal {
        Refusal::NotNow { .. } => "not_now",
        Refusal::NotOnTable { .. } => "not_on_table",
        Refusal::Expired { .. } => "expired",
        Refusal::Closed { .. } => "closed",
        Refusal::NoPartner { .. } => "no_partner",
        Refusal::SameUser => "same_user",
        _ => "negotiation",
    }
}

fn of_ledger(refusal: &ledger::Refusal) -> &'static str {
    use ledger::Refusal;
    match refusal {
        Refusal::OverLimit { .. } => "over_limit",
        Refusal::Closing { .. } => "closing",
        Refusal::OutOfRange { .. } => "out_of_range",
        Refusal::StaleSettings { .. } => "stale_settings",
        _ => "ledger",
    }
}

/// What to do about it at a command line.
fn with_advice(refusal: &ledger::Refusal, text: String) -> String {
    use ledger::Refusal;
    match refusal {
        Refusal::OverLimit { would_owe, limit, .. } => format!(
            "this would make you owe {would_owe}, beyond the limit of {limit} granted to you: pay \
             less, or say --over-limit"
        ),
        Refusal::Closing { .. } => {
            "the tally is closing or closed: it takes only what brings its balance \
                                    toward zero"
                .to_owned()
        }
        _ => text,
    }
}

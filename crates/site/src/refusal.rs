//! The one table of refusals: which word names them for programs, and which class they are of. A
//! command line makes exit codes of classes, an HTTP server status codes.

use clearing::NoPath;
use protocol::query::Why;
use protocol::{invoice, ledger, negotiation};

use crate::error::SiteError;
use crate::referee::Unjudged;

/// What a refusal means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Who asks did not prove who it is, or not now.
    Unproved,
    /// Others may ask this.
    NotAllowed,
    /// What is named is not here.
    NotFound,
    /// It does not fit how things stand now; look again, decide again.
    Conflict,
    /// It breaks a rule, whenever it is asked.
    Refused,
    /// Not now: asked again later, it may well be done.
    Passing,
    /// The store cannot do it.
    Store,
    /// What is kept is damaged, or the program is wrong.
    Fault,
}

impl SiteError {
    /// What the refusal means for whoever asked.
    #[must_use]
    pub fn class(&self) -> Class {
        self.entry().0
    }

    /// One word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.entry().1
    }

    fn entry(&self) -> (Class, &'static str) {
        match self {
            Self::NotAllowed { .. } => (Class::NotAllowed, "not_allowed"),
            Self::NoUser(_) => (Class::NotFound, "no_user"),
            Self::UserExists(_) => (Class::Conflict, "user_exists"),
            Self::Suspended(_) => (Class::NotAllowed, "suspended"),
            Self::OtherSite { .. } => (Class::Refused, "other_site"),
            Self::Date { .. } => (Class::Unproved, "date"),
            Self::Unsigned { .. } => (Class::Unproved, "proof"),
            Self::OtherAgent { .. } => (Class::Unproved, "other_site"),
            Self::NoTally { .. } => (Class::NotFound, "no_tally"),
            Self::TallyExists { .. } | Self::TallyOfOthers { .. } => {
                (Class::Conflict, "tally_exists")
            }
            Self::NotOpen { .. } => (Class::Conflict, "not_open"),
            Self::Invitation(_) => (Class::Refused, "invitation"),
            Self::NoDealings(_) => (Class::NotFound, "no_dealings"),
            Self::NoInvitation => (Class::NotFound, "no_invitation"),
            Self::NoTallyNamed => (Class::Refused, "no_tally_named"),
            Self::OtherInviter(_) => (Class::Refused, "other_inviter"),
            Self::SaidElsewhere(_) => (Class::Refused, "invitation"),
            Self::NotReached { .. } => (Class::Passing, "not_reached"),
            Self::AsksNobody => (Class::Conflict, "not_served"),
            Self::TooManyInvitations { .. } => (Class::Conflict, "too_many_invitations"),
            Self::TooManyAnswers { .. } => (Class::Refused, "too_many_answers"),
            Self::OtherCert(_) => (Class::Refused, "other_cert"),
            Self::NotPartner { .. } => (Class::NotAllowed, "not_partner"),
            Self::MoveNotProved { .. } => (Class::NotAllowed, "move_not_proved"),
            Self::FreedNotProved { .. } => (Class::NotAllowed, "free_not_proved"),
            Self::FreeTooEarly { .. } => (Class::Conflict, "too_early"),
            Self::LiftDecided { .. } => (Class::Conflict, "decided"),
            Self::ToMove { .. } => (Class::Conflict, "to_move"),
            Self::LivingAgent(_) => (Class::Refused, "living_agent"),
            Self::OtherKey { .. } => (Class::Refused, "other_site"),
            Self::NotClaimed { .. } => (Class::Conflict, "not_claimed"),
            Self::TooManyAgents => (Class::Refused, "too_many_agents"),
            Self::Signature(_) => (Class::Refused, "signature"),
            Self::Record(_) => (Class::Refused, "record"),
            Self::Negotiation(refusal) => of_negotiation(refusal),
            Self::Ledger(refusal) => of_ledger(refusal),
            Self::Invoice(refusal) => of_invoice(refusal),
            Self::Waiting { .. } => (Class::Conflict, "waiting"),
            Self::SameKey(_) => (Class::Conflict, "same_key"),
            Self::History { .. } | Self::State { .. } | Self::Answer { .. } | Self::Case { .. } => {
                (Class::Fault, "damaged")
            }
            Self::OtherCommand => (Class::Conflict, "other_command"),
            Self::Part { .. } => (Class::Fault, "damaged"),
            Self::Word(_) | Self::NoPart(_) | Self::Participant(_) => (Class::Refused, "part"),
            Self::NoPlace(_) => (Class::Refused, "no_place"),
            Self::NotLifted { .. } => (Class::Conflict, "not_lifted"),
            Self::Undecided { .. } => (Class::Passing, "undecided"),
            Self::NoLift(_) => (Class::NotFound, "no_lift"),
            Self::LiftExists(_) => (Class::Conflict, "lift_exists"),
            Self::NotJudged { reason, .. } => of_judging(*reason),
            Self::Referee(_) => (Class::Refused, "referee"),
            Self::TooManyReferees => (Class::Conflict, "too_many_referees"),
            Self::NoReferee(_) => (Class::NotFound, "no_referee"),
            Self::NoProof(_) => (Class::NotFound, "no_proof"),
            Self::Lift(_) | Self::Legs(_) => (Class::Refused, "lift"),
            Self::NoAgentKey | Self::Sign(_) => (Class::Fault, "agent_key"),
            Self::Unproved { .. } => (Class::Fault, "unproved"),
            Self::PayeeSuspended(_) => (Class::Conflict, "payee_suspended"),
            Self::AuthorisationExpired { .. } => (Class::Conflict, "expired"),
            Self::PaymentTaken(_) => (Class::Conflict, "payment_taken"),
            Self::PaymentToCompare(_) => (Class::Passing, "to_compare"),
            Self::TooDear { .. } => (Class::Conflict, "too_dear"),
            Self::NoPath { reason, .. } => of_paths(reason),
            Self::NoWay { why: Why::Busy, .. } => (Class::Passing, "no_way_yet"),
            Self::NoWay { .. } => (Class::Conflict, "no_way"),
            Self::PathMoved { .. } => (Class::Passing, "path_moved"),
            Self::Busy { .. } => (Class::Passing, "busy"),
            Self::Store(_) if self.is_passing() => (Class::Passing, "store"),
            Self::Store(_) => (Class::Store, "store"),
        }
    }
}

const fn of_judging(reason: Unjudged) -> (Class, &'static str) {
    match reason {
        Unjudged::Ahead { .. } | Unjudged::Long => (Class::Refused, "not_judged"),
        Unjudged::Forgotten { .. } => (Class::Refused, "referee_forgot"),
        Unjudged::TooMany => (Class::Passing, "too_many_cases"),
        Unjudged::TooManyOfOne { .. } => (Class::Passing, "too_many_cases_of_one"),
    }
}

const fn of_paths(refusal: &NoPath) -> (Class, &'static str) {
    match refusal {
        NoPath::NotConnected | NoPath::Unknown { .. } => (Class::Conflict, "not_connected"),
        NoPath::TooFar { .. } => (Class::Conflict, "too_far"),
        NoPath::TooLittle { .. } => (Class::Conflict, "too_little"),
        NoPath::ToOneself | NoPath::NothingToPay { .. } => (Class::Refused, "to_oneself"),
    }
}

const fn of_negotiation(refusal: &negotiation::Refusal) -> (Class, &'static str) {
    use negotiation::Refusal;
    match refusal {
        Refusal::NotNow { .. } => (Class::Conflict, "not_now"),
        Refusal::NotOnTable { .. } => (Class::Conflict, "not_on_table"),
        Refusal::Expired { .. } => (Class::Conflict, "expired"),
        Refusal::Closed { .. } => (Class::Conflict, "closed"),
        Refusal::NoPartner { .. } => (Class::Conflict, "no_partner"),
        Refusal::SameUser => (Class::Refused, "same_user"),
        Refusal::Rekeyed { .. } => (Class::Conflict, "rekeyed"),
        Refusal::OfferOut { .. } => (Class::Conflict, "offer_out"),
        Refusal::Taken { .. }
        | Refusal::Revision { .. }
        | Refusal::Known { .. }
        | Refusal::Late { .. }
        | Refusal::Crossed { .. } => (Class::Conflict, "negotiation"),
        _ => (Class::Refused, "negotiation"),
    }
}

const fn of_invoice(refusal: &invoice::Refusal) -> (Class, &'static str) {
    use invoice::Refusal;
    match refusal {
        Refusal::Unknown { .. } => (Class::NotFound, "no_invoice"),
        Refusal::NotAsAsked { .. } => (Class::Conflict, "not_as_asked"),
        Refusal::Paid { .. } => (Class::Conflict, "paid"),
        Refusal::Refused { .. } => (Class::Conflict, "refused"),
        Refusal::Withdrawn { .. } => (Class::Conflict, "withdrawn"),
        Refusal::Expired { .. } => (Class::Conflict, "expired"),
        Refusal::Changed { .. } => (Class::Conflict, "changed"),
        Refusal::NameTaken { .. } => (Class::Conflict, "name_taken"),
        Refusal::TooMany { .. } => (Class::Conflict, "too_many_invoices"),
        Refusal::Revision { .. } | Refusal::Known { .. } | Refusal::Late { .. } => {
            (Class::Conflict, "invoice")
        }
        Refusal::OtherTally { .. }
        | Refusal::NotPayee { .. }
        | Refusal::NotPayer { .. }
        | Refusal::Dates { .. }
        | Refusal::Shorter { .. }
        | Refusal::Record(_) => (Class::Refused, "invoice"),
    }
}

const fn of_ledger(refusal: &ledger::Refusal) -> (Class, &'static str) {
    use ledger::Refusal;
    match refusal {
        Refusal::OverLimit { .. } => (Class::Conflict, "over_limit"),
        Refusal::Closing { .. } => (Class::Conflict, "closing"),
        Refusal::OutOfRange { .. } | Refusal::Uncountable { .. } => {
            (Class::Refused, "out_of_range")
        }
        Refusal::StaleSettings { .. } => (Class::Conflict, "stale_settings"),
        Refusal::Known { .. } | Refusal::NameTaken { .. } => (Class::Conflict, "name_taken"),
        Refusal::Closed { .. } => (Class::Conflict, "closed"),
        Refusal::OldKey { .. } => (Class::Conflict, "old_key"),
        Refusal::StaleKey { .. } | Refusal::OtherHead { .. } => (Class::Conflict, "stale_key"),
        Refusal::ToCompare { .. } => (Class::Passing, "to_compare"),
        Refusal::DeviceUnheard { .. } => (Class::Conflict, "device_unheard"),
        Refusal::KeyOnItsWay => (Class::Passing, "key_on_its_way"),
        Refusal::KeyUsed => (Class::Refused, "key_used"),
        Refusal::KeyEnded => (Class::Conflict, "key_ended"),
        Refusal::KeyNotYet { .. } => (Class::Conflict, "key_not_yet"),
        Refusal::NoRequest { .. } => (Class::NotFound, "no_request"),
        Refusal::NotConsented => (Class::Conflict, "not_consented"),
        Refusal::Consented => (Class::Conflict, "consented"),
        Refusal::Later { .. } => (Class::Conflict, "later_chit"),
        Refusal::TooManyRequests => (Class::Refused, "too_many_requests"),
        Refusal::NothingAside { .. } => (Class::NotFound, "nothing_aside"),
        Refusal::LiftDone { .. } => (Class::Conflict, "decided"),
        Refusal::TooManyFreed { .. } => (Class::Conflict, "too_many_freed"),
        Refusal::Parted { .. } => (Class::Conflict, "parted"),
        _ => (Class::Refused, "ledger"),
    }
}

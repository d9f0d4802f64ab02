//! What a half's machines tell, as its user's devices read it: a kind and a JSON object.

use protocol::TallyId;
use protocol::invoice::{self, Invoices};
use protocol::negotiation::{self, End, Version};
use serde_json::{Value, json};

/// An event of a negotiation; none where it is told otherwise or nobody needs to know.
pub(crate) fn of_negotiation(
    tally: TallyId,
    event: &negotiation::Event,
) -> Option<(&'static str, String)> {
    use negotiation::Event;
    let tally = tally.to_string();
    let about = |version: &Version| {
        let (revision, offer) = (version.revision.get(), version.hash.to_string());
        json!({ "tally": tally, "revision": revision, "offer": offer })
    };
    let (kind, value) = match event {
        Event::Answered => ("invitation_answered", json!({ "tally": tally })),
        Event::Lapsed => ("invitation_lapsed", json!({ "tally": tally })),
        Event::Offered { version, .. } => ("offer", about(version)),
        Event::Crossed { version } => ("offer_crossed", about(version)),
        Event::Ended { version, end } => {
            let (how, reason) = match end {
                End::Refused { reason } => ("refused", reason.as_ref().map(ToString::to_string)),
                End::Withdrawn => ("withdrawn", None),
                End::Expired => ("expired", None),
                End::Late => ("late", None),
            };
            let mut value = about(version);
            if let Value::Object(members) = &mut value {
                members.insert("how".to_owned(), how.into());
                members.insert("reason".to_owned(), reason.into());
            }
            ("offer_ended", value)
        }
        Event::Withdrawn { version } => ("offer_withdrawn", about(version)),
        Event::Expired { version } => ("offer_expired", about(version)),
        Event::Recovered { version } => ("offer_recovered", about(version)),
        Event::Amendment(status) => {
            let status = status.map(negotiation::Status::word);
            ("amendment", json!({ "tally": tally, "status": status }))
        }
        // The half's status says it; a message that changed nothing is nobody's news.
        Event::Status(_) | Event::Passed(_) => return None,
    };
    Some((kind, value.to_string()))
}

/// An event of a half's invoices, which are `now` so; none where it is told otherwise or nobody
/// needs to know.
pub(crate) fn of_invoice(
    tally: TallyId,
    now: &Invoices,
    event: &invoice::Event,
) -> Option<(&'static str, String)> {
    use invoice::{Event, Status};
    let tally = tally.to_string();
    let (kind, value) = match event {
        Event::Asked { chit, before, units } => {
            let before = before.map(|before| before.get().milli());
            let amount = units.get().milli();
            let chit = chit.to_string();
            let value = json!({ "tally": tally, "chit": chit, "amount": amount, "before": before });
            ("invoice", value)
        }
        Event::Status { chit, status } => {
            let status = match status {
                Status::Open => "open",
                Status::Withdrawn => "withdrawn",
                Status::Refused => "refused",
                Status::Paid { as_asked: true } => "paid",
                Status::Paid { as_asked: false } => "paid_otherwise",
            };
            let kept = now.kept().get(chit);
            let reason = kept.and_then(|kept| kept.reason()).map(ToString::to_string);
            let chit = chit.to_string();
            let value = json!({ "tally": tally, "chit": chit, "status": status, "reason": reason });
            ("invoice_status", value)
        }
        Event::Expired { chit } => {
            let value = json!({ "tally": tally, "chit": chit.to_string(), "status": "expired" });
            ("invoice_status", value)
        }
        Event::Passed(_) => return None,
    };
    Some((kind, value.to_string()))
}

//! Notes in few words, for the trace.

use protocol::Record as _;
use protocol::invoice::Message as OfInvoice;
use protocol::ledger::Message as OfLedger;
use protocol::mail::Fate;
use protocol::negotiation::Message as Negotiated;
use protocol::note::{Body, Note};

use super::trace::Trace;

/// What a note says.
pub(super) fn of_note(note: &str, trace: &mut Trace) -> String {
    let Ok(note) = Note::read(note.as_bytes()) else { return "garbage".to_owned() };
    let tally = trace.tally(note.tally);
    let said = match &note.body {
        Body::Negotiation(Negotiated::Tally(of)) => format!("tally {}", of.members().revision),
        Body::Negotiation(_) | Body::Lift(_) | Body::Invoice(OfInvoice::Ask) => note.body.key(),
        Body::Ledger(
            OfLedger::Upd { base, chits, head } | OfLedger::Tell { base, chits, head, .. },
        ) => {
            let chits: Vec<String> = chits.iter().map(|chit| trace.chit(chit.uuid)).collect();
            format!("{} {}..{} [{}]", note.body.key(), base.index, head.index, chits.join(" "))
        }
        Body::Ledger(OfLedger::Ack { head }) => format!("ack {}", head.index),
        Body::Ledger(
            OfLedger::Nak { locator } | OfLedger::Req { locator } | OfLedger::Ask { locator, .. },
        ) => {
            let from = locator.first().map_or(0, |head| head.index);
            format!("{} {from}", note.body.key())
        }
        Body::Invoice(OfInvoice::Invoice(invoice)) => {
            format!("invoice {} {}", trace.chit(invoice.uuid), invoice.revision)
        }
        Body::Invoice(OfInvoice::Received { chit, .. }) => {
            format!("invoice {} received", trace.chit(*chit))
        }
        Body::Invoice(OfInvoice::Refused { chit, .. }) => {
            format!("invoice {} refused", trace.chit(*chit))
        }
    };
    format!("{tally} {said} to {}", note.to)
}

/// What its sender hears; long reasons in their first words.
pub(super) fn of_fate(fate: &Fate) -> String {
    match fate {
        Fate::Taken => "taken".to_owned(),
        Fate::Refused(reason) => format!("refused, {}", short(reason.as_str())),
        Fate::Later(reason) => format!("later, {}", short(reason.as_str())),
    }
}

fn short(reason: &str) -> String {
    let words: Vec<&str> = reason.split(' ').take(14).collect();
    words.join(" ")
}

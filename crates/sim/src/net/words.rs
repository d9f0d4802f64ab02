//! Notes in few words, for the trace.

use protocol::Record as _;
use protocol::errand::Errand;
use protocol::invoice::Message as OfInvoice;
use protocol::ledger::Message as OfLedger;
use protocol::lift::{Certificate, Evidence};
use protocol::mail::Fate;
use protocol::negotiation::Message as Negotiated;
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::query::Said;

use super::trace::Trace;

/// What a note says.
pub(super) fn of_note(note: &str, trace: &mut Trace) -> String {
    let Ok(note) = Note::read(note.as_bytes()) else { return "garbage".to_owned() };
    let tally = trace.tally(note.tally);
    let said = match &note.body {
        Body::Negotiation(Negotiated::Tally(of)) => format!("tally {}", of.members().revision),
        Body::Negotiation(_) | Body::Invoice(OfInvoice::Ask) => note.body.key(),
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
        Body::Lift(word) => of_word(word, trace),
        Body::Freed(freed) => format!("{} freed by {}", trace.lift(freed.lift), freed.by),
    };
    format!("{tally} {said} to {}", note.to)
}

/// What a neighbour says of a lift.
fn of_word(word: &Word, trace: &mut Trace) -> String {
    let lift = word.lift.id().map(|lift| trace.lift(lift)).unwrap_or_default();
    let said = match (&word.certificate, &word.refused) {
        (Some(certificate), _) => certificate.outcome.word().to_owned(),
        (None, Some(refused)) => format!("refused, {:?}", refused.reason),
        (None, None) => {
            format!("{} of {} promises", word.promises.len(), word.lift.participants.len())
        }
    };
    let giver = if word.conditional.is_givers() { "giver" } else { "taker" };
    format!("lift {lift} by its {giver}, {}: {said}", word.conditional.leg.units.get())
}

/// What an errand says.
pub(super) fn of_errand(errand: &Errand, trace: &mut Trace) -> String {
    let of = |certificate: &Certificate, trace: &mut Trace| {
        format!("{} {}", trace.lift(certificate.lift), certificate.outcome.word())
    };
    let word = errand.word();
    match errand {
        Errand::Answer(answer) => match &answer.said {
            Said::Plans(plans) => format!("{word} with {} plans", plans.len()),
            said => format!("{word} {said:?}"),
        },
        Errand::Composed(composed) => match &composed.drawn {
            protocol::errand::Drawn::Laid(laid) => {
                format!("{word} of {} participants", laid.participants.len())
            }
            protocol::errand::Drawn::Refused(reason) => format!("{word} refused, {reason:?}"),
        },
        Errand::Authorisation(signed) => format!("{word} {}", trace.payment(signed.uuid)),
        Errand::Ask(ask) => {
            let lift = ask.lift.id().map(|lift| trace.lift(lift)).unwrap_or_default();
            let with = match ask.evidence() {
                None => "nothing",
                Some(Evidence::Promises(_)) => "all promises",
                Some(Evidence::Refused(_)) => "a refusal",
                Some(Evidence::Late(_)) => "late words",
            };
            format!("{word} {lift} with {with}")
        }
        Errand::Telling(telling) => {
            let lift = telling.lift.id().map(|lift| trace.lift(lift)).unwrap_or_default();
            let (said, promises) = (telling.messages.len(), telling.promises.len());
            format!("{word} {lift}: {said} said, {promises} promises, {} late", telling.late.len())
        }
        Errand::Certificate(certificate) => format!("{word} {}", of(certificate, trace)),
        _ => word.to_owned(),
    }
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

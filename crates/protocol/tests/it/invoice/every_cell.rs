//! Every state x every input x side, written down as a table to read.

use std::fmt::Write;

use protocol::invoice::{Event, Given, Input, Invoice, Invoices, Message, Refusal, Status};
use protocol::{ChitId, Side, TallyId};

use super::cast::{PAYER, draft, early, good, late, payment, received, signed};
use crate::negotiation::cast::tally_id;
use crate::people::at;

fn go(half: &Invoices, input: Input) -> Invoices {
    half.step(input, early()).unwrap().invoices
}

fn asks(draft: Invoice) -> Message {
    Message::Invoice(Box::new(signed(draft).into_inner()))
}

fn hears(half: &Invoices, message: Message) -> Invoices {
    go(half, Input::Receive(received(message)))
}

fn name() -> ChitId {
    draft(1, false).uuid
}

fn refused(revision: u32) -> Message {
    Message::Refused { chit: name(), revision: revision.try_into().unwrap(), reason: None }
}

fn heard(revision: u32) -> Message {
    Message::Received { chit: name(), revision: revision.try_into().unwrap() }
}

fn propose(draft: Invoice) -> Input {
    Input::Propose(Box::new(signed(draft)))
}

fn refuse(revision: u32) -> Input {
    Input::Refuse { chit: name(), revision: revision.try_into().unwrap(), reason: None }
}

/// The states of both halves, each by its name; not all pairs belong together.
fn states() -> Vec<(&'static str, Invoices)> {
    let payee = Invoices::new(tally_id(), PAYER.other());
    let payer = Invoices::new(tally_id(), PAYER);
    let asked = go(&payee, propose(draft(1, false)));
    let delivered = hears(&asked, heard(1));
    let amended = go(&delivered, propose(draft(2, false)));
    let due = hears(&payer, asks(draft(1, false)));
    let refuses = go(&due, refuse(1));
    vec![
        ("payee, none", payee),
        ("payee, version 1 asked for", asked),
        ("payee, version 1 delivered", delivered.clone()),
        ("payee, version 2 asked for", amended.clone()),
        ("payee, version 2 takes it back", go(&delivered, propose(draft(2, true)))),
        ("payee, version 1 refused", hears(&delivered, refused(1))),
        ("payee, version 1 paid", go(&delivered, Input::Linked(payment(1)))),
        (
            "payee, version 1 paid while version 2 was asked for",
            go(&amended, Input::Linked(payment(1))),
        ),
        ("payer, none", payer),
        ("payer, version 1", due.clone()),
        ("payer, version 2", hears(&due, asks(draft(2, false)))),
        ("payer, version 2 takes it back", hears(&due, asks(draft(2, true)))),
        ("payer, version 1 refused, not known to be heard", refuses.clone()),
        ("payer, version 1 refused", hears(&refuses, heard(1))),
        ("payer, version 1 paid", go(&due, Input::Linked(payment(1)))),
    ]
}

fn changed(change: impl FnOnce(&mut Invoice)) -> Invoice {
    let mut invoice = draft(2, false);
    change(&mut invoice);
    invoice
}

fn inputs() -> Vec<(&'static str, Input, Given)> {
    let linked = Given { linked: true, ..early() };
    let message = |message| Input::Receive(received(message));
    let other_way = |i: &mut Invoice| (i.by, i.revision) = (PAYER.other(), 1.try_into().unwrap());
    let long = |i: &mut Invoice| i.expires = at("2028-12-01T00:00:00.000Z");
    let short = |i: &mut Invoice| i.expires = at("2026-11-25T00:00:00.000Z");
    let ahead = |i: &mut Invoice| i.date = at("2026-11-30T00:00:00.000Z");
    let elsewhere = |i: &mut Invoice| i.tally = TallyId::random([8; 16]);
    let other_side = good(changed(other_way).chit(early().now));
    let mut unrelated = payment(1).chit().clone();
    unrelated.uuid = ChitId::random([44; 16]);
    vec![
        ("user: ask, version 1", propose(draft(1, false)), early()),
        ("user: ask, version 1, too late", propose(draft(1, false)), late()),
        ("user: ask, version 1, name taken", propose(draft(1, false)), linked),
        ("user: ask, version 2", propose(draft(2, false)), early()),
        ("user: ask, version 3", propose(draft(3, false)), early()),
        ("user: take back by version 2", propose(draft(2, true)), early()),
        ("user: ask the other way, the same name", propose(changed(other_way)), early()),
        ("user: ask for two years", propose(changed(long)), early()),
        ("user: ask, version 2, for a shorter time", propose(changed(short)), early()),
        ("user: ask on another tally", propose(changed(elsewhere)), early()),
        ("user: refuse version 1", refuse(1), early()),
        ("user: refuse version 2", refuse(2), early()),
        ("user: remind", Input::Remind, early()),
        ("user: compare", Input::Compare, early()),
        ("user: tick", Input::Tick, early()),
        ("user: tick when it has expired", Input::Tick, late()),
        ("ledger: paid as in version 1", Input::Linked(payment(1)), early()),
        ("ledger: paid as in version 2", Input::Linked(payment(2)), early()),
        ("ledger: a chit of that name the other way", Input::Linked(other_side), early()),
        ("ledger: a chit of another name", Input::Linked(good(unrelated)), early()),
        ("hears: version 1", message(asks(draft(1, false))), early()),
        ("hears: version 1, expired", message(asks(draft(1, false))), late()),
        ("hears: version 1, name taken", message(asks(draft(1, false))), linked),
        ("hears: version 2", message(asks(draft(2, false))), early()),
        ("hears: version 3", message(asks(draft(3, false))), early()),
        ("hears: version 2 takes it back", message(asks(draft(2, true))), early()),
        ("hears: version 1 the other way", message(asks(changed(other_way))), early()),
        ("hears: version 2 from next week", message(asks(changed(ahead))), early()),
        ("hears: version 2, open for two years", message(asks(changed(long))), early()),
        ("hears: version 2, shorter", message(asks(changed(short))), early()),
        ("hears: an invoice of another tally", message(asks(changed(elsewhere))), early()),
        ("hears: version 1 was heard of", message(heard(1)), early()),
        ("hears: version 2 was heard of", message(heard(2)), early()),
        ("hears: version 1 is refused", message(refused(1)), early()),
        ("hears: version 2 is refused", message(refused(2)), early()),
        ("hears: the partner asks for all", message(Message::Ask), early()),
    ]
}

fn word(refusal: &Refusal) -> String {
    format!("{refusal:?}").split([' ', '(']).next().unwrap().to_owned()
}

fn stands(half: &Invoices) -> String {
    let stands = half.all().map(|(invoice, status)| {
        let status = match status {
            Status::Paid { as_asked: false } => "paid otherwise".to_owned(),
            Status::Paid { as_asked: true } => "paid".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        format!("version {} {status}", invoice.revision)
    });
    let stands: Vec<_> = stands.collect();
    if stands.is_empty() { "none".to_owned() } else { stands.join(" and ") }
}

fn cell(half: &Invoices, input: Input, given: Given) -> String {
    let step = match half.step(input, given) {
        Err(refusal) => return format!("refused {}", word(&refusal)),
        Ok(step) => step,
    };
    let mut cell = stands(&step.invoices);
    if step.invoices == *half {
        cell = "as before".to_owned();
    }
    for event in &step.events {
        if let Event::Passed(refusal) = event {
            write!(cell, ", passed as {}", word(refusal)).unwrap();
        }
    }
    for message in &step.send {
        let said = match message {
            Message::Invoice(invoice) => format!("version {}", invoice.revision),
            Message::Received { revision, .. } => format!("received {revision}"),
            Message::Refused { revision, .. } => format!("refused {revision}"),
            Message::Ask => "ask".to_owned(),
        };
        write!(cell, "; says {said}").unwrap();
    }
    cell
}

#[test]
fn every_state_with_every_input_on_both_sides() {
    let mut table = String::new();
    for (state, half) in states() {
        writeln!(table, "\n{state}").unwrap();
        for (name, input, given) in inputs() {
            writeln!(table, "  {name:<45} {}", cell(&half, input, given)).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn refusals_are_sentences() {
    for (_, half) in states() {
        for (_, input, given) in inputs() {
            if let Err(refusal) = half.step(input, given) {
                let text = refusal.to_string();
                assert!(text.len() > 25 && text.len() < 250, "{text}");
            }
        }
    }
    assert_eq!(PAYER, Side::Foil);
}

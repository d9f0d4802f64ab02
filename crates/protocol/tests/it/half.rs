//! A half through its life: negotiated, open, closed; what each part may do when.

use protocol::chit::{Entry, Set, Written};
use protocol::half::HalfTally;
use protocol::ledger::{Input as LedgerInput, Ledger};
use protocol::negotiation::{Governs, Input, Message, Negotiation, Refusal};
use protocol::settings::Settings;
use protocol::{Json, Side, Units};

use crate::negotiation::cast::{both, early, key, met, one, received, text};
use crate::people::chit;

fn open(side: Side) -> HalfTally {
    let agreed = Message::Tally(Box::new(both(&text(Side::Foil, 1)).into_inner()));
    let half = HalfTally::new(met(side));
    assert_eq!(half.status(), "P.draft");
    let step = half.negotiate(Input::Receive(received(agreed)), early().now).unwrap();
    assert!(matches!(step.governs, Some(Governs::Opens(_))));
    step.half
}

#[test]
fn a_tally_has_its_ledger_from_the_moment_that_both_signed() {
    let half = open(Side::Stock);
    assert_eq!(half.status(), "open");
    let ledger = half.ledger.as_ref().unwrap();
    assert_eq!(ledger.head().hash, protocol::Record::hash(&*both(&text(Side::Foil, 1))).unwrap());
    let kept = Json::of(ledger).unwrap().without(&[]);
    let signed = half.negotiation.signed().unwrap();
    assert_eq!(kept.read::<Ledger>().unwrap().with_agents_of(signed), *ledger);
    let kept = Json::of(&*half.negotiation).unwrap().without(&[]);
    assert_eq!(kept.read::<Negotiation>().unwrap(), *half.negotiation);
}

#[test]
fn a_higher_revision_of_an_open_tally_is_named_for_the_ledger() {
    let half = open(Side::Foil);
    let higher = both(&text(Side::Stock, 2));
    let message = Message::Tally(Box::new(higher.clone().into_inner()));
    let step = half.negotiate(Input::Receive(received(message)), early().now).unwrap();
    assert_eq!(step.governs, Some(Governs::Higher(Box::new(higher))));
    assert_eq!(step.half.status(), "open");
}

#[test]
fn a_closed_tally_is_not_negotiated_any_more() {
    let mut half = open(Side::Foil);
    let ledger = half.ledger.take().unwrap();
    let settings = Settings::default_for(Units::ZERO);
    let set = Set { settings, counter: 1.try_into().unwrap(), owe: None, close: true };
    let close = chit(Side::Foil, Entry::Set { set, written: Written::default() });
    let chit = ledger.prove(close.signed(&key(Side::Foil)).unwrap()).unwrap();
    let write = LedgerInput::Write { chit, over_limit: false };
    let step = ledger.step(write, &Vec::new()).unwrap();
    half.ledger = Some(step.ledger.clone());
    assert_eq!(half.status(), "C.open");
    let offer = || Input::Offer(Box::new(one(&text(Side::Foil, 2), Side::Foil)));
    assert!(half.negotiate(offer(), early().now).is_ok(), "until it is closed");
    let links = step.change.unwrap().then;
    let head = step.ledger.head();
    let ack = LedgerInput::Receive(protocol::ledger::Message::Ack { head });
    half.ledger = Some(step.ledger.step(ack, &links).unwrap().ledger);
    assert_eq!(half.status(), "close");
    let tally = half.negotiation.tally();
    assert_eq!(half.negotiate(offer(), early().now).unwrap_err(), Refusal::Closed { tally });
}

//! What users rely on, told as stories.

use protocol::invoice::{
    Event, Input, Invoice, Invoices, MAX_OPEN_INVOICES, Message, Refusal, Status,
};
use protocol::{ChitId, Json, Record, Side, SignatureFault, Verified};

use super::cast::{PAYER, draft, early, good, keys, late, payment, received, signed};
use crate::negotiation::cast::{key, tally_id};
use crate::people::positive;

fn shown(revision: u32) -> Invoices {
    let message = Message::Invoice(Box::new(signed(draft(revision, false)).into_inner()));
    let half = Invoices::new(tally_id(), PAYER);
    half.step(Input::Receive(received(message)), early()).unwrap().invoices
}

#[test]
fn nobody_asks_in_anothers_name() {
    let forged = draft(1, false).signed(&key(PAYER)).unwrap();
    let wrong = Err(SignatureFault::Wrong { by: "stock" });
    assert_eq!(Verified::check(forged, &keys()), wrong);
    let mut more = signed(draft(1, false)).into_inner();
    more.units = positive(9_000);
    assert_eq!(Verified::check(more, &keys()), wrong);
}

#[test]
fn the_payer_pays_what_it_was_shown_last_or_nothing_under_that_name() {
    let half = shown(2);
    assert_eq!(half.may_pay(payment(2).chit(), early().now), Ok(()));
    let other = half.may_pay(payment(1).chit(), early().now).unwrap_err();
    assert!(matches!(other, Refusal::NotAsAsked { revision: 2, .. }));
    assert!(other.to_string().contains("2.000"), "{other}");
    let expired = half.may_pay(payment(2).chit(), late().now);
    assert!(matches!(expired, Err(Refusal::Expired { .. })));
    let mut plain = payment(1).chit().clone();
    plain.uuid = ChitId::random([9; 16]);
    assert_eq!(half.may_pay(&plain, early().now), Ok(()), "and any chit of another name");
}

#[test]
fn what_the_payer_signs_is_the_chit_and_later_versions_change_nothing() {
    let half = shown(1).step(Input::Linked(payment(1)), early()).unwrap().invoices;
    let later = Message::Invoice(Box::new(signed(draft(2, false)).into_inner()));
    let step = half.step(Input::Receive(received(later)), early()).unwrap();
    assert_eq!(step.invoices, half);
    assert_eq!(step.events, vec![Event::Passed(Refusal::Paid { invoice: draft(1, false).uuid })]);
}

#[test]
fn a_payee_sees_where_it_was_paid_otherwise_than_it_asked() {
    let mut half = Invoices::new(tally_id(), PAYER.other());
    for revision in [1, 2] {
        let input = Input::Propose(Box::new(signed(draft(revision, false))));
        half = half.step(input, early()).unwrap().invoices;
    }
    let step = half.step(Input::Linked(payment(1)), early()).unwrap();
    let chit = draft(1, false).uuid;
    let status = Status::Paid { as_asked: false };
    assert_eq!(step.events, vec![Event::Status { chit, status }]);
}

#[test]
fn nobody_floods_a_partner_with_invoices_nor_fills_the_partners_own_room() {
    let mut half = Invoices::new(tally_id(), PAYER);
    let ask = |half: &Invoices, number: usize| {
        let mut invoice = draft(1, false);
        invoice.uuid = ChitId::random(u128::try_from(number).unwrap().to_be_bytes());
        let message = Message::Invoice(Box::new(signed(invoice).into_inner()));
        half.step(Input::Receive(received(message)), early())
    };
    for number in 0..MAX_OPEN_INVOICES {
        half = ask(&half, number).unwrap().invoices;
    }
    assert_eq!(ask(&half, MAX_OPEN_INVOICES).unwrap_err(), Refusal::TooMany { payee: Side::Stock });
    let mut own = draft(1, false);
    (own.by, own.uuid) = (Side::Stock, ChitId::random([99; 16]));
    assert!(half.step(Input::Propose(Box::new(signed(own))), early()).is_ok());
    let after = half.step(Input::Tick, late()).unwrap();
    assert_eq!(after.invoices.all().count(), 0, "and in time all are forgotten");
    assert_eq!(after.events.len(), MAX_OPEN_INVOICES);
}

#[test]
fn an_invoice_is_a_record_in_one_spelling() {
    let invoice = signed(draft(1, true)).into_inner();
    let text = invoice.to_text().unwrap();
    assert_eq!(Invoice::read(text.as_bytes()).unwrap(), invoice);
    let plain = draft(1, false).to_text().unwrap();
    assert!(!plain.as_str().contains("withdrawn"), "{plain}");
    let spelled = plain.as_str().replacen('{', r#"{"withdrawn":false,"#, 1);
    assert!(Invoice::read(spelled.as_bytes()).is_err());
    assert!(good(invoice.chit(early().now)).chit().uuid == invoice.uuid);
}

#[test]
fn what_a_half_keeps_is_read_back_the_same() {
    let reason = Some("I never had that cheese.".parse().unwrap());
    let (chit, revision) = (draft(1, false).uuid, 1.try_into().unwrap());
    let refused =
        shown(1).step(Input::Refuse { chit, revision, reason }, early()).unwrap().invoices;
    let paid = shown(1).step(Input::Linked(payment(1)), early()).unwrap().invoices;
    let asked = Message::Invoice(Box::new(signed(draft(1, false)).into_inner()));
    let said = refused.step(Input::Remind, early()).unwrap().send;
    for message in said.into_iter().chain([asked]) {
        let sent = Json::of(&message).unwrap().without(&[]);
        assert_eq!(sent.read::<Message>().unwrap(), message);
    }
    for half in [shown(1), refused, paid] {
        let kept = Json::of(&half).unwrap().without(&[]);
        assert_eq!(kept.read::<Invoices>().unwrap(), half);
    }
}

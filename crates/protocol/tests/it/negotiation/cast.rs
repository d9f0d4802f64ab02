//! Suzie and Bob, their certs and keys, and the offers that they sign.

use std::cell::RefCell;
use std::collections::HashMap;

use protocol::negotiation::{Draft, Given, Input, Message, Negotiation};
use protocol::tally::{Agree, Offer, SignedBy};
use protocol::{Cert, ContractId, SecretKey, Side, Signer, Tally, TallyId, Timestamp, Verified};

use crate::people::{at, bob, limit, suzie};

/// Quick keys, as much is signed.
pub(crate) fn key(side: Side) -> SecretKey {
    SecretKey::ed25519(&[if side == Side::Stock { 11 } else { 2 }; 32])
}

pub(crate) fn cert(side: Side) -> Verified<Cert> {
    let mut cert = if side == Side::Stock { suzie() } else { bob() };
    cert.public = key(side).public_key();
    Verified::check(cert.signed(&key(side)).unwrap(), &()).unwrap()
}

pub(crate) fn tally_id() -> TallyId {
    TallyId::random([3; 16])
}

/// Before the first revision expires.
pub(crate) fn early() -> Given {
    Given { now: at("2026-11-23T08:00:00.000Z"), closed: false }
}

/// When the first revision has expired.
pub(crate) fn late() -> Given {
    Given { now: first_expires(), closed: false }
}

pub(crate) fn first_expires() -> Timestamp {
    at("2026-12-01T00:00:00.000Z")
}

/// What the user on `side` offers as this revision; `again` is another text, as by a user who has
/// forgotten the first. Only the first revision expires.
pub(crate) fn wording(side: Side, revision: u32, again: bool) -> Draft {
    let milli = 1_000 * i64::from(revision) + i64::from(side == Side::Foil);
    Draft {
        expires: (revision == 1).then(first_expires),
        memo: again.then(|| "again".parse().unwrap()),
        agree: Agree {
            host: "mychips.org".parse().unwrap(),
            name: "neighbours".parse().unwrap(),
            rid: ContractId::from_bytes([4; 32]),
        },
        holder: limit(milli),
        partner: limit(7),
    }
}

/// The half of the user on `side` that nobody answered.
pub(crate) fn inviting(side: Side) -> Negotiation {
    Negotiation::invite(tally_id(), side, cert(side), wording(side, 1, false))
}

/// The half of the user on `side` who answers, and has to say so.
pub(crate) fn answering(side: Side) -> Negotiation {
    let draft = wording(side, 1, false);
    Negotiation::answer(tally_id(), side, cert(side), cert(side.other()), draft).unwrap()
}

/// The half of the user on `side` once both know each other.
pub(crate) fn met(side: Side) -> Negotiation {
    let input = Input::Receive(Message::Answered);
    answering(side).step(input, early()).unwrap().negotiation
}

thread_local!(static CHECKED: RefCell<HashMap<Tally, SignedBy>> = RefCell::default());

/// Who signed a tally; each is checked once.
pub(crate) fn checked(tally: &Tally) -> SignedBy {
    let known = CHECKED.with_borrow(|checked| checked.get(tally).cloned());
    known.unwrap_or_else(|| {
        let by = SignedBy::check(tally.clone()).unwrap();
        CHECKED.with_borrow_mut(|checked| checked.insert(tally.clone(), by.clone()));
        by
    })
}

/// A message as it comes out of the checks of a site.
pub(crate) fn received(message: Message) -> Message<SignedBy, Verified<Cert>> {
    match message {
        Message::Tally(tally) => Message::Tally(Box::new(checked(&tally))),
        other => other.check().unwrap(),
    }
}

thread_local!(static SIGNED: RefCell<HashMap<(Tally, Side), Tally>> = RefCell::default());

/// A tally with one more signature; each is made once.
pub(crate) fn sign(tally: &Tally, side: Side) -> Tally {
    let known = SIGNED.with_borrow(|signed| signed.get(&(tally.clone(), side)).cloned());
    known.unwrap_or_else(|| {
        let signed = tally.clone().signed(side, &key(side)).unwrap();
        SIGNED.with_borrow_mut(|all| all.insert((tally.clone(), side), signed.clone()));
        signed
    })
}

pub(crate) fn one(tally: &Tally, side: Side) -> Offer {
    match checked(&sign(tally, side)) {
        SignedBy::One(offer) => offer,
        other => panic!("an offer, not {other:?}"),
    }
}

pub(crate) fn both(tally: &Tally) -> Verified<Tally> {
    match checked(&sign(&sign(tally, Side::Stock), Side::Foil)) {
        SignedBy::Both(tally) => tally,
        other => panic!("signed by both, not {other:?}"),
    }
}

/// The unsigned text that `side` offers as this revision.
pub(crate) fn text(side: Side, revision: u32) -> Tally {
    text_of(side, revision, wording(side, revision, false))
}

pub(crate) fn text_of(side: Side, revision: u32, draft: Draft) -> Tally {
    let first = met(side).to_offer(draft, at("2026-11-22T09:30:00.000Z")).unwrap();
    let mut members = first.into_members();
    members.revision = revision.try_into().unwrap();
    Tally::new(members).unwrap()
}

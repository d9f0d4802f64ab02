//! The states and the inputs of the table in `every_cell.rs`, each with its name.

use protocol::negotiation::{Draft, End, Given, Input, Message, Negotiation, Version};
use protocol::tally::SignedBy;
use protocol::{Cert, Side, Tally, TallyId, Verified};

use super::cast::{
    answering, both, cert, checked, early, inviting, key, late, met, one, received, sign, text,
    wording,
};
use crate::people::at;

pub(super) fn version(tally: &Tally) -> Version {
    Version::of(tally).unwrap()
}

fn go(half: &Negotiation, input: Input) -> Negotiation {
    half.step(input, early()).unwrap().negotiation
}

fn hears(half: &Negotiation, message: Message) -> Negotiation {
    go(half, Input::Receive(received(message)))
}

fn offers(half: &Negotiation, revision: u32) -> Negotiation {
    go(half, Input::Offer(Box::new(one(&text(half.side(), revision), half.side()))))
}

fn offer_by(by: Side, revision: u32) -> Message {
    Message::Tally(Box::new(sign(&text(by, revision), by)))
}

fn by_both(by: Side, revision: u32) -> Message {
    Message::Tally(Box::new(both(&text(by, revision)).into_inner()))
}

/// Every state of the half on `side` that differs in what it does, each by its name.
pub(super) fn states(side: Side) -> Vec<(&'static str, Negotiation, bool)> {
    let other = side.other();
    let (ours, theirs) = (text(side, 1), text(other, 1));
    let offered = offers(&met(side), 1);
    let delivered = hears(&offered, Message::Received { version: version(&ours) });
    let withdrawn = go(&delivered, Input::Withdraw { offer: version(&ours).hash });
    let asked = hears(&met(side), offer_by(other, 1));
    let refused = go(&asked, Input::Refuse { offer: version(&theirs).hash, reason: None });
    let void = hears(&refused, Message::Received { version: version(&theirs) });
    let accepted = go(&asked, Input::Accept(Box::new(both(&theirs))));
    let open = hears(&accepted, Message::Received { version: version(&theirs) });
    let changing = hears(&offers(&open, 2), Message::Received { version: version(&text(side, 2)) });
    let asked_to_change = hears(&open, offer_by(other, 2));
    vec![
        ("draft", inviting(side), false),
        ("P.draft, own cert not known to be delivered", answering(side), false),
        ("P.draft", met(side), false),
        ("draft.offer of revision 1", offered, false),
        ("H.offer of revision 1", delivered, false),
        ("offer.draft of revision 1", withdrawn, false),
        ("P.offer of revision 1", asked, false),
        ("offer.void of revision 1", refused, false),
        ("void", void, false),
        ("offer.open of the partner's revision 1", accepted, false),
        ("open by the partner's revision 1", open.clone(), false),
        ("open, H.offer of revision 2", changing, false),
        ("open, P.offer of revision 2", asked_to_change, false),
        ("close", open, true),
    ]
}

/// A third user's cert, and a tally in which it stands where `side` should.
fn stranger(side: Side) -> (Verified<Cert>, Tally) {
    let key = protocol::SecretKey::ed25519(&[77; 32]);
    let cert = crate::people::cert("mallory", protocol::cert::Type::Person, "Mallory", &key);
    let mut members = text(side.other(), 1).into_members();
    match side {
        Side::Stock => members.stock.cert = cert.clone(),
        Side::Foil => members.foil.cert = cert.clone(),
    }
    (Verified::check(cert, &()).unwrap(), Tally::new(members).unwrap())
}

/// The same tally by another name.
fn elsewhere(by: Side) -> Tally {
    let mut members = text(by, 1).into_members();
    members.uuid = TallyId::random([8; 16]);
    Tally::new(members).unwrap()
}

/// The holder's cert with another text, signed by the holder.
fn told_otherwise(side: Side) -> Tally {
    let mut members = text(side.other(), 1).into_members();
    let mut cert = cert(side).into_inner();
    cert.date = at("2026-11-02T08:00:00.000Z");
    let cert = cert.signed(&key(side)).unwrap();
    match side {
        Side::Stock => members.stock.cert = cert,
        Side::Foil => members.foil.cert = cert,
    }
    Tally::new(members).unwrap()
}

fn users_inputs(side: Side) -> Vec<(&'static str, Input, Given)> {
    let other = side.other();
    let draft: Draft = wording(side, 1, true);
    let (mine, theirs) = (text(side, 1), text(other, 1));
    let offer = |tally: &Tally, by| Input::Offer(Box::new(one(tally, by)));
    let accept = |tally: &Tally| Input::Accept(Box::new(both(tally)));
    let refuse = |tally: &Tally| Input::Refuse { offer: version(tally).hash, reason: None };
    let withdraw = |tally: &Tally| Input::Withdraw { offer: version(tally).hash };
    vec![
        ("edit the draft", Input::Draft(Box::new(draft)), early()),
        ("offer revision 1", offer(&mine, side), early()),
        ("offer revision 1 too late", offer(&mine, side), late()),
        ("offer revision 2", offer(&text(side, 2), side), early()),
        ("offer revision 3", offer(&text(side, 3), side), early()),
        ("offer what the partner signed", offer(&theirs, other), early()),
        ("offer another tally", offer(&elsewhere(side), side), early()),
        ("accept revision 1", accept(&theirs), early()),
        ("accept revision 1 too late", accept(&theirs), late()),
        ("accept revision 2", accept(&text(other, 2)), early()),
        ("accept another tally", accept(&elsewhere(other)), early()),
        ("refuse revision 1", refuse(&theirs), early()),
        ("refuse revision 2", refuse(&text(other, 2)), early()),
        ("withdraw revision 1", withdraw(&mine), early()),
        ("withdraw revision 2", withdraw(&text(side, 2)), early()),
        ("bring back revision 1 by both", Input::Recover(Box::new(both(&theirs))), early()),
        ("the answer is not heard", Input::Unheard { offer: None }, early()),
        ("revision 1 is not heard", Input::Unheard { offer: Some(version(&mine)) }, early()),
        ("remind", Input::Remind, early()),
        ("compare", Input::Compare, early()),
        ("tick", Input::Tick, early()),
        ("tick when revision 1 has expired", Input::Tick, late()),
    ]
}

type Heard = Message<SignedBy, Verified<Cert>>;

fn partners_messages(side: Side) -> Vec<(&'static str, Heard, Given)> {
    let other = side.other();
    let (mine, theirs) = (version(&text(side, 1)), version(&text(other, 1)));
    let (stranger_cert, strange) = stranger(other);
    let (_, not_us) = stranger(side);
    let answer = |cert: Verified<Cert>| Message::Answer { cert: Box::new(cert) };
    let signed = |tally: &Tally, by: Side| Message::Tally(Box::new(checked(&sign(tally, by))));
    let strangers_key = protocol::SecretKey::ed25519(&[77; 32]);
    let by_stranger = |tally: Tally, on: Side| {
        Message::Tally(Box::new(
            SignedBy::check(tally.signed(on, &strangers_key).unwrap()).unwrap(),
        ))
    };
    let with_stranger = sign(&strange, side);
    let without_us = sign(&not_us, other);
    let ended = |version, end| Message::Ended { version, end };
    let refused = || End::Refused { reason: None };
    vec![
        ("the partner's cert", answer(cert(other)), early()),
        ("a stranger's cert", answer(stranger_cert), early()),
        ("our own cert", answer(cert(side)), early()),
        ("our cert arrived", Message::Answered, early()),
        ("the partner's offer of revision 1", received(offer_by(other, 1)), early()),
        ("the same, expired", received(offer_by(other, 1)), late()),
        ("the partner's offer of revision 2", received(offer_by(other, 2)), early()),
        ("an offer with a stranger in the partner's place", by_stranger(strange, other), early()),
        ("an offer with a stranger in our place", signed(&not_us, other), early()),
        ("an offer with our cert changed", signed(&told_otherwise(side), other), early()),
        ("an offer of another tally", signed(&elsewhere(other), other), early()),
        ("a tally that nobody signed", Message::Tally(Box::new(checked(&text(other, 1)))), early()),
        ("our own offer of revision 1", received(offer_by(side, 1)), early()),
        ("our own offer of revision 1, expired", received(offer_by(side, 1)), late()),
        ("our own offer of revision 2", received(offer_by(side, 2)), early()),
        ("ours of revision 1, by both", received(by_both(side, 1)), early()),
        ("theirs of revision 1, by both", received(by_both(other, 1)), early()),
        ("the same, long expired", received(by_both(other, 1)), late()),
        ("theirs of revision 2, by both", received(by_both(other, 2)), early()),
        ("by us and a stranger", by_stranger(with_stranger, other), early()),
        ("by the partner and a stranger", by_stranger(without_us, side), early()),
        ("our revision 1 was heard of", Message::Received { version: mine }, early()),
        ("their revision 1 was heard of", Message::Received { version: theirs }, early()),
        ("their revision 1 is asked back", Message::Withdraw { version: theirs }, early()),
        (
            "their revision 2 is asked back",
            Message::Withdraw { version: version(&text(other, 2)) },
            early(),
        ),
        ("our revision 1 is refused", ended(mine, refused()), early()),
        ("our revision 1 is given back", ended(mine, End::Withdrawn), early()),
        ("our revision 1 came expired", ended(mine, End::Expired), early()),
        ("our revision 1 came late", ended(mine, End::Late), early()),
        ("our revision 2 is refused", ended(version(&text(side, 2)), refused()), early()),
        ("the partner asks for all", Message::Ask, early()),
    ]
}

pub(super) fn inputs(side: Side) -> Vec<(String, Input, Given)> {
    let users = users_inputs(side).into_iter();
    let users = users.map(|(name, input, given)| (format!("user: {name}"), input, given));
    let heard = partners_messages(side).into_iter();
    let heard = heard.map(|(name, m, given)| (format!("hears: {name}"), Input::Receive(m), given));
    users.chain(heard).collect()
}

//! The neighbours of the sample town, as rows.

use std::collections::BTreeSet;

use protocol::{
    AgentId, ChitId, Cuid, Hash, LiftId, PaymentId, SecretKey, Side, Signer, TallyId, Timestamp,
    Units,
};
use store::{
    Case, Half, HalfId, HalfRow, Lift, LinkRow, NewEvent, NewHalf, NewLetter, Payment, Store, User,
    UserKind, UserStatus,
};

pub(crate) fn cuid(name: &str) -> Cuid {
    name.parse().unwrap()
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_795_000_000_000 + ms).unwrap()
}

pub(crate) fn units(milli: i64) -> Units {
    Units::new(milli).unwrap()
}

pub(crate) fn tally(number: u8) -> TallyId {
    TallyId::random([number; 16])
}

pub(crate) fn chit(number: u64) -> ChitId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ChitId::random(bytes)
}

pub(crate) fn hash(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

pub(crate) fn agent(number: u8) -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[number; 32]).public_key()).unwrap()
}

pub(crate) fn user(name: &str) -> User {
    User {
        cuid: cuid(name),
        kind: UserKind::Person,
        name: format!("{name} of Quernby"),
        cert: None,
        key: None,
        status: UserStatus::Active,
        created: at(0),
        groups: BTreeSet::new(),
    }
}

pub(crate) fn row(status: &str, balance: i128) -> HalfRow {
    HalfRow {
        partner: Some(format!("suzie:{}", agent(9))),
        status: status.to_owned(),
        ledger: Some(format!("{{\"status\":\"{status}\"}}")),
        balance,
        partner_may_owe: units(500_000),
        holder_may_owe: units(100_000),
        head_index: 0,
        head_hash: None,
        changed: at(1),
        restored: store::Restored::default(),
    }
}

pub(crate) fn new_half(holder: &str, number: u8) -> NewHalf {
    let row = row("open", 0);
    let negotiation = format!("{{\"of\":\"{holder}\"}}");
    NewHalf { holder: cuid(holder), tally: tally(number), side: Side::Stock, row, negotiation }
}

/// A link of a chit that is named after the half and the number.
pub(crate) fn link(half: HalfId, index: u64, effect: i64) -> LinkRow {
    LinkRow {
        half,
        index,
        link: hash(&format!("link {half} {index} {effect}")),
        chit: hash(&format!("chit {half} {index} {effect}")),
        uuid: chit(index),
        by: Side::Foil,
        kind: "tran".to_owned(),
        effect: units(effect),
        date: at(1000 * i64::try_from(index).unwrap()),
        text: format!("{{\"units\":{effect}}}"),
    }
}

pub(crate) fn letter(half: Option<HalfId>, key: &str, due: i64) -> NewLetter {
    let message = format!("{key} about {half:?}");
    NewLetter { half, to: agent(1), key: key.to_owned(), message, at: at(due) }
}

pub(crate) fn event(user: Option<&str>, text: &str) -> NewEvent {
    let (kind, text) = ("chit".to_owned(), text.to_owned());
    NewEvent { user: user.map(cuid), kind, text, at: at(5) }
}

pub(crate) fn lift(name: &str, date: i64) -> Lift {
    Lift {
        id: LiftId::from(hash(name)),
        kind: "clearing".to_owned(),
        status: "open".to_owned(),
        record: format!("{{\"name\":\"{name}\"}}"),
        certificate: None,
        date: at(date),
        changed: at(date),
    }
}

/// A case that is open, asked by an agent.
pub(crate) fn case(name: &str, asked_by: u8, deadline: i64) -> Case {
    Case {
        lift: LiftId::from(hash(name)),
        text: format!("{{\"case\":\"{name}\"}}"),
        status: Case::OPEN.to_owned(),
        asked_by: agent(asked_by),
        known: asked_by == 1,
        asked: at(deadline - 1),
        deadline: at(deadline),
        changed: at(deadline - 1),
        version: 1,
    }
}

pub(crate) fn payment_id(number: u8) -> PaymentId {
    PaymentId::random([number; 16])
}

pub(crate) fn payment(number: u8, payer: &str, lift: LiftId) -> Payment {
    Payment {
        id: payment_id(number),
        payer: format!("{payer}:{}", agent(1)),
        payee: format!("bert:{}", agent(1)),
        lift,
        units: units(i64::from(number) + 1),
        authorisation: format!("{{\"payment\":{number}}}"),
        at: at(number.into()),
    }
}

/// A store with two users, and a half of tally 1 for each of them.
pub(crate) async fn two_halves(store: &Store) -> [Half; 2] {
    let mut tx = store.begin().await.unwrap();
    tx.add_users(&[user("anne"), user("bert")]).await.unwrap();
    let halves = [new_half("anne", 1), NewHalf { side: Side::Foil, ..new_half("bert", 1) }];
    let ids = tx.add_halves(&halves).await.unwrap();
    let kept = tx.lock(&ids).await.unwrap();
    tx.commit().await.unwrap();
    kept.try_into().unwrap()
}

//! Tallies that were really signed, what is owed on them, and the lifts laid out over them.

use std::num::NonZeroU32;

use protocol::cert::Type;
use protocol::chit::{Chit, Entry, Written};
use protocol::ledger::Good;
use protocol::lift::Mode;
use protocol::tally::{Members, Party};
use protocol::{ChitId, Freed, Hash, LiftId, SecretKey, Side, Signer as _, Tally, Units, Verified};

use super::setting::{Between, Setting};
use crate::lift::cast::{Lay, agent_of, leg, tally_id};
use crate::people::{agreed, cert, fixed, limit, text};

/// The seed of users' keys.
const USER: u8 = 100;

/// The names of chits: what is owed in the beginning, and what is asked for.
const OWED: u8 = 1;
const INVOICED: u8 = 2;

fn user(tally: usize, side: Side) -> SecretKey {
    let mut seed = [USER; 32];
    seed[31] = u8::try_from(super::places::half(tally, side)).unwrap_or(u8::MAX);
    SecretKey::ed25519(&seed)
}

fn party(tally: usize, side: Side, between: &Between) -> Party {
    let (place, named) = match side {
        Side::Stock => (0, ("stock", "Stock")),
        Side::Foil => (1, ("foil", "Foil")),
    };
    let agent = agent_of(between.sites[place]);
    let cert = cert(named, Type::Person, &user(tally, side), agent);
    Party { cert: cert.into_inner(), terms: limit(between.limits[place]) }
}

/// What both users of a tally signed.
pub(super) fn signed(number: usize, between: &Between) -> Verified<Tally> {
    let members = Members {
        uuid: tally_id(number),
        revision: NonZeroU32::MIN,
        date: text("2026-11-22T09:30:00.000Z"),
        expires: None,
        memo: None,
        stock: party(number, Side::Stock, between),
        foil: party(number, Side::Foil, between),
        agree: agreed(),
        sign: None,
    };
    let sign = |tally: Tally, side| fixed(tally.signed(side, &user(number, side)));
    let tally = Side::BOTH.into_iter().fold(fixed(Tally::new(members)), sign);
    fixed(Verified::check(tally, &()))
}

/// A chit that a user signed.
fn chit(tally: usize, by: Side, name: u8, milli: i64) -> Good {
    let units = fixed(fixed(Units::new(milli)).try_into());
    let entry = Entry::Tran { units, written: Written::default() };
    let date = text("2026-11-23T08:00:00.000Z");
    let uuid = ChitId::random([name; 16]);
    let chit = Chit { uuid, tally: tally_id(tally), by, date, entry };
    let key = user(tally, by);
    fixed(Good::prove(fixed(chit.signed(&key)), &key.public_key()))
}

/// The chit by which something is owed on a tally in the beginning.
pub(super) fn owed(tally: usize, between: &Between) -> Option<Good> {
    between.owes.map(|(by, milli)| chit(tally, by, OWED, milli))
}

/// The chit that pays the invoice, if its payer signs it.
pub(super) fn payment(setting: &Setting) -> Option<Good> {
    setting.invoice.map(|(tally, by, milli)| chit(tally, by, INVOICED, milli))
}

/// A user's word that a lift's leg on its tally is free.
pub(super) fn freed(tally: usize, by: Side, lift: LiftId) -> Verified<Freed> {
    let (key, date) = (user(tally, by), text("2026-11-27T12:00:00.000Z"));
    let freed = Freed { tally: tally_id(tally), lift, by, date, key: None, sign: None };
    fixed(Verified::check(fixed(freed.signed(&key)), &key.public_key()))
}

/// How a lift is laid out.
pub(super) fn lay(setting: &Setting, lift: usize) -> Lay {
    let way = &setting.lifts[lift];
    let legs = (0..way.shape.legs()).map(|at| leg(way.tallies[at], setting.giver(lift, at)));
    Lay {
        shape: way.shape,
        payment: (way.mode == Mode::Payment).then(|| Hash::of(b"what the payer signed")),
        number: u8::try_from(lift + 1).unwrap_or(u8::MAX),
        legs: legs.collect(),
        agents: way.sites.to_vec(),
        ..Lay::of(way.shape)
    }
}

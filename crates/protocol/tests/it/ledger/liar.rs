//! A partner that lies in every way its messages allow: chits really signed, everything else made up
//! or repeated. The honest half keeps all it had, works little, and is one with whoever comes after.

use std::cell::Cell;
use std::collections::BTreeSet;

use protocol::chit::{Chit, Entry, Rekey};
use protocol::ledger::{
    Good, Head, Input, Link, Links, MAX_CHITS_IN_UPD, MAX_LOCATOR, Message, Missing, Rekeying,
    Step, Stop,
};
use protocol::{ChitId, Hash, SecretKey, Side, Signer};

use super::devices::{Town, key_of, rekey};
use super::keyed::{about, consent, end, object, request};
use super::world::{Half, World, id, key, payment, settings};
use crate::chance::Chance;

/// Every chit that anybody signs here: payments, some two under one name; settings, some two of one
/// counter, some that ask to close.
fn chits(world: &World) -> Vec<Good> {
    let mut chits = Vec::new();
    for side in Side::BOTH {
        let first = if side == Side::Stock { 0 } else { 100 };
        for number in 0..16 {
            chits.push(payment(side, id(first + number), 1 + 30_000 * i64::from(number % 3 == 0)));
        }
        chits.extend((0..3).map(|number| payment(side, id(first + number), 77)));
        chits.push(payment(side, id(0), 9));
        let counters = [(1, false), (2, true), (2, false), (3, false), (u32::MAX, false)];
        for (number, (counter, close)) in (50..).zip(counters) {
            chits.push(settings(side, id(first + number), counter, close));
        }
    }
    chits.into_iter().map(|chit| world.sign(chit)).collect()
}

/// A half's history, and how often it was asked.
struct Counted<'a> {
    links: &'a Vec<Link>,
    read: Cell<usize>,
    looked_up: Cell<usize>,
}

impl Links for Counted<'_> {
    fn link(&self, index: u64) -> Result<Link, Missing> {
        self.read.set(self.read.get() + 1);
        self.links.link(index)
    }

    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing> {
        self.looked_up.set(self.looked_up.get() + 1);
        self.links.place(chit)
    }

    fn named(&self, uuid: &ChitId) -> Result<Vec<Hash>, Missing> {
        self.looked_up.set(self.looked_up.get() + 1);
        self.links.named(uuid)
    }
}

/// An honest half and what its partner can say.
struct Siege {
    half: Half,
    chits: Vec<Good>,
    chance: Chance,
    /// Heads that ever were, or were ever said.
    heads: Vec<Head>,
    said: Vec<Message<Good>>,
    taken: u32,
    /// Whether some of the chits are about keys: those may make the half read its whole history.
    about_keys: bool,
}

impl Siege {
    fn new(side: Side, chits: Vec<Good>, seed: u64) -> Self {
        let half = Half::new(side);
        let heads = vec![half.ledger.head()];
        let about_keys = chits.iter().any(|good| good.chit().entry.is_about_keys());
        let (said, taken) = (Vec::new(), 0);
        Self { half, chits, chance: Chance(seed), heads, said, taken, about_keys }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.chance.below(u32::try_from(bound).unwrap()) as usize
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// One that the half has, one that it had or never had, or none that there can be.
    fn head(&mut self) -> Head {
        match self.below(8) {
            0..4 => {
                let mut ours = vec![self.heads[0]];
                ours.extend(self.half.links.iter().map(|link| link.head));
                self.one(&ours)
            }
            4..6 => {
                let heads = self.heads.clone();
                self.one(&heads)
            }
            6 => {
                Head { index: self.one(&[0, 1, 7, 1 << 53, u64::MAX - 1, u64::MAX]), ..self.head() }
            }
            _ => {
                let index = self.chance.below(60).into();
                Head { index, hash: Hash::from_bytes([7; 32]) }
            }
        }
    }

    /// Chits in an order: any, or the half's own after `base`, shuffled a little and mixed.
    fn order(&mut self, base: Head) -> Vec<Good> {
        let most = if self.below(20) == 0 { 40 } else { 6 };
        let after = usize::try_from(base.index).unwrap_or(usize::MAX);
        let ours: Vec<_> = self.half.links.iter().skip(after).map(|l| l.chit_hash).collect();
        let mut order = Vec::new();
        for number in 0..self.below(most) {
            let same = ours.get(number).filter(|_| self.chance.below(3) > 0);
            let same = same.and_then(|hash| self.chits.iter().find(|good| good.hash() == *hash));
            let next = same.cloned().unwrap_or_else(|| {
                let all = u32::try_from(self.chits.len()).unwrap();
                self.chits[self.chance.below(all) as usize].clone()
            });
            order.push(next);
        }
        if order.len() > 1 && self.below(3) == 0 {
            let last = order.len() - 1;
            order.swap(0, last);
        }
        if self.below(5) > 0 {
            let mut once = BTreeSet::new();
            order.retain(|good| once.insert(good.hash()));
        }
        order
    }

    fn locator(&mut self) -> Vec<Head> {
        let most = if self.below(10) == 0 { MAX_LOCATOR + 2 } else { 5 };
        (0..self.below(most)).map(|_| self.head()).collect()
    }

    fn lie(&mut self) -> Message<Good> {
        let message = match self.below(10) {
            0..5 => {
                let base = self.head();
                let chits = self.order(base);
                let tally = self.half.ledger.tally();
                let mut head = base;
                if base.index < 1 << 60 {
                    head = chits.iter().fold(base, |head, good| head.then(tally, good.hash()));
                }
                let head = if self.below(8) == 0 { self.head() } else { head };
                Message::Upd { base, chits, head }
            }
            5 => Message::Ack { head: self.head() },
            6 => Message::Nak { locator: self.locator() },
            7 => Message::Req { locator: self.locator() },
            _ if self.said.is_empty() => Message::Ack { head: self.heads[0] },
            _ => {
                let said = self.said.clone();
                self.one(&said)
            }
        };
        self.said.push(message.clone());
        message
    }

    fn input(&mut self) -> Input {
        let own = |good: &Good, side| good.chit().by == side;
        let side = self.half.ledger.side();
        match self.below(12) {
            0 => {
                let chits: Vec<_> = self.chits.iter().filter(|c| own(c, side)).cloned().collect();
                Input::Write { chit: self.one(&chits), over_limit: self.below(2) == 0 }
            }
            1 => {
                let chits = self.chits.clone();
                Input::Recover((0..self.below(4)).map(|_| self.one(&chits)).collect())
            }
            2 => Input::Remind,
            3 => Input::Compare,
            _ => Input::Receive(self.lie()),
        }
    }

    /// One input, and all that must hold after it.
    fn go(&mut self) {
        let input = self.input();
        let Half { ledger, links, .. } = &self.half;
        let history = Counted { links, read: Cell::new(0), looked_up: Cell::new(0) };
        let step = match ledger.step(input, &history) {
            Ok(step) => Some(step),
            Err(Stop::Refused(_)) => None,
            Err(Stop::Missing(missing)) => panic!("{missing:?} is nowhere"),
        };
        let replaced = step.as_ref().and_then(|step| step.change.as_ref());
        let replaced = replaced.map_or(0, |change| change.then.len());
        let (read, looked_up) = (history.read.get(), history.looked_up.get());
        // A locator of theirs, one of ours, an order of theirs, one of ours, and what it moves.
        let all = if self.about_keys { links.len() } else { 0 };
        assert!(
            read <= all + 2 * MAX_LOCATOR + 3 * MAX_CHITS_IN_UPD + replaced,
            "{read} links read"
        );
        assert!(looked_up <= 2 * MAX_CHITS_IN_UPD + 1, "{looked_up} look-ups");
        if let Some(step) = step {
            self.commit(step);
        }
    }

    fn commit(&mut self, Step { ledger, change, send, .. }: Step) {
        self.taken += 1;
        assert!(send.len() <= 2, "an answer is short: {send:?}");
        for message in &send {
            let (Message::Nak { locator } | Message::Req { locator }) = message else { continue };
            assert!(locator.len() <= MAX_LOCATOR);
            assert_eq!(locator.last(), Some(&self.heads[0]), "down to the genesis");
        }
        let before: BTreeSet<_> = self.half.links.iter().map(|link| link.chit_hash).collect();
        self.half.commit(ledger, change);
        let after: BTreeSet<_> = self.half.links.iter().map(|link| link.chit_hash).collect();
        assert!(after.is_superset(&before), "no chit is ever lost");
        self.assert_follows_from_the_chits();
        self.heads.push(self.half.ledger.head());
    }

    /// What the half says of itself is what its chits say, whatever happened on the way.
    fn assert_follows_from_the_chits(&self) {
        let Half { ledger, links, .. } = &self.half;
        let counted: Vec<_> = links.iter().filter(|link| ledger.counts(link)).collect();
        let names: BTreeSet<_> = counted.iter().map(|link| link.chit.uuid).collect();
        assert_eq!(ledger.conflicts(), u64::try_from(counted.len() - names.len()).unwrap());
        let side = ledger.side();
        assert_eq!(ledger.key(side), Some(&key(side).public_key()), "no lie takes a key away");
        for side in Side::BOTH {
            let sets = counted.iter().filter(|link| link.chit.by == side).filter_map(|link| {
                let Chit { entry: Entry::Set { set, .. }, .. } = &link.chit else { return None };
                Some((set.counter, std::cmp::Reverse(link.chit_hash), set))
            });
            let highest = sets.max_by_key(|(counter, hash, _)| (*counter, *hash));
            assert_eq!(ledger.set_of(side), highest.map(|(_, _, set)| set));
        }
    }
}

/// A siege, then an honest partner with nothing but this half's copy; returns what was taken.
fn siege(seed: u64, side: Side, chits: &[Good]) -> u32 {
    let mut siege = Siege::new(side, chits.to_vec(), seed);
    for _ in 0..50 {
        siege.go();
    }
    let mut world = World::new();
    for good in chits {
        if siege.half.links.iter().any(|link| link.chit_hash == good.hash()) {
            world.keep(good.clone());
        }
    }
    *world.half_mut(side) = siege.half;
    // The partner asks; its own chits come with the answer. No device helps.
    world.input(side.other(), Input::Compare).unwrap();
    world.settle();
    world.assert_one_ledger();
    siege.taken
}

/// What a partner can say about keys that has its own, and whatever others it likes, but not the
/// holder's: requests in the holder's name, consents to them, changes and ends of its own key.
fn about_keys(side: Side) -> Vec<Good> {
    let (partner, genesis) = (side.other(), Half::new(side).ledger.head());
    let prove =
        |chit: Chit, number| Good::prove(chit, &key_of(partner, number).public_key()).unwrap();
    let theirs = |name, entry, number| {
        prove(Town::signed_with(about(partner, id(name), entry), number), number)
    };
    let mut all = Vec::new();
    for number in 0..4_u8 {
        let name = 500 + u64::from(number) * 10;
        let counter = u32::from(number % 2) + 1;
        let asked = Rekeying { counter: counter.try_into().unwrap(), head: genesis, key: None };
        let stranger = SecretKey::ed25519(&[220 + number; 32]);
        let asked = request(side, id(name), asked, &stranger);
        all.push(theirs(name + 1, consent(asked.hash()), 0));
        all.push(theirs(name + 2, consent(asked.hash()), 1));
        all.push(theirs(name + 3, object(asked.hash()), 0));
        all.push(asked);
        let counter = counter.try_into().unwrap();
        let public = key_of(partner, number + 1).public_key();
        let change = Rekey { counter, head: genesis, public, proof: None };
        let change = Town::signed_with(rekey(partner, id(name + 4), change), number / 2);
        all.push(prove(change.proved(&key_of(partner, number + 1)).unwrap(), number / 2));
        all.push(theirs(name + 5, end(genesis), number / 2));
        let pays = Town::signed_with(payment(partner, id(name + 6), 11), number);
        all.push(prove(pays, number));
    }
    all
}

#[test]
fn no_lie_about_keys_takes_the_holders_or_keeps_it_from_an_honest_partner() {
    for side in Side::BOTH {
        let mut chits = chits(&World::new());
        chits.truncate(20);
        chits.extend(about_keys(side));
        for seed in 0..750 {
            let outcome = std::panic::catch_unwind(|| siege(seed, side, &chits));
            outcome.unwrap_or_else(|_| panic!("the {side} fails with seed {seed}"));
        }
    }
}

#[test]
fn no_lie_harms_an_honest_half_or_keeps_it_from_an_honest_partner() {
    let chits = chits(&World::new());
    for side in Side::BOTH {
        let mut taken = 0;
        for seed in 0..1_500 {
            let outcome = std::panic::catch_unwind(|| siege(seed, side, &chits));
            taken += outcome.unwrap_or_else(|_| panic!("the {side} fails with seed {seed}"));
        }
        assert!(taken > 1_500 * 20, "most lies are refused: {taken} taken");
    }
}

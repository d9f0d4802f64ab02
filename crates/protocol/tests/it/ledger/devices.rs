//! The world with devices that change their users' keys, and a thief who has the old ones.

use std::collections::{BTreeMap, HashSet};
use std::ops::{Deref, DerefMut};

use protocol::chit::{Chit, Entry, Rekey, Written};
use protocol::ledger::{Good, Input, Message, Refusal, Rekeying, Status};
use protocol::{ChitId, Hash, PublicKey, SecretKey, Side, SignatureFault, Signer};

use super::keyed::assert_one_verdict;
use super::world::{Half, World, id, key, payment};
use crate::people::{at, members};

/// The keys that a user's device has made for the tally: 0 is the one in the signed tally.
pub(crate) fn key_of(side: Side, number: u8) -> SecretKey {
    match number {
        0 => key(side),
        number => SecretKey::ed25519(&[number + if side == Side::Stock { 50 } else { 150 }; 32]),
    }
}

/// A chit of the thief's, and what had ended the key that it is signed with by then.
#[derive(Clone)]
pub(crate) struct Stolen {
    pub(crate) chit: Hash,
    by: Side,
    after: Hash,
}

/// A world whose users change keys.
#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) world: World,
    /// The number of the key that each device signs with.
    numbers: BTreeMap<Side, u8>,
    /// Whether the stock refused the foil's order since somebody looked.
    parted: bool,
    pub(crate) rebuilt: bool,
    pub(crate) stolen: Vec<Stolen>,
}

impl Deref for Town {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Town {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Town {
    pub(crate) fn new() -> Self {
        let numbers = Side::BOTH.map(|side| (side, 0)).into();
        let (parted, rebuilt) = (false, false);
        Self { world: World::new(), numbers, parted, rebuilt, stolen: Vec::new() }
    }

    pub(crate) fn number(&self, side: Side) -> u8 {
        self.numbers[&side]
    }

    pub(crate) fn set_number(&mut self, side: Side, number: u8) {
        self.numbers.insert(side, number);
    }

    /// The chit as a user signs it with its key of this number.
    pub(crate) fn signed_with(chit: Chit, number: u8) -> Chit {
        let key = key_of(chit.by, number);
        let name = (number > 0).then(|| key.public_key().name());
        chit.with_key(name).signed(&key).unwrap()
    }

    /// The device signs a chit with its key and hands it in.
    pub(crate) fn writes(&mut self, chit: Chit) -> Result<(), Refusal> {
        let (side, number) = (chit.by, self.number(chit.by));
        let chit = Self::signed_with(chit, number);
        let Ok(good) = self.half(side).ledger.prove(chit) else { return Err(Refusal::KeyUsed) };
        self.world.input(side, Input::Write { chit: good.clone(), over_limit: true })?;
        self.world.keep(good);
        Ok(())
    }

    /// What a device signs to change the key of its user.
    pub(crate) fn change(&self, side: Side, name: ChitId, new: u8) -> Result<Chit, Refusal> {
        let half = self.half(side);
        let Rekeying { counter, head, key } = match half.ledger.to_rekey(&half.links) {
            Ok(rekeying) => rekeying,
            Err(protocol::ledger::Stop::Refused(refusal)) => return Err(refusal),
            Err(missing) => panic!("{missing}"),
        };
        if key.is_none() {
            return Err(Refusal::KeyEnded);
        }
        let old = (0..=new).find(|n| Some(public(side, *n)) == key).unwrap_or(self.number(side));
        let public = key_of(side, new).public_key();
        let chit = rekey(side, name, Rekey { counter, head, public, proof: None });
        Ok(Self::signed_with(chit, old).proved(&key_of(side, new)).unwrap())
    }

    /// The user changes its key.
    pub(crate) fn rekeys(&mut self, side: Side, name: ChitId) -> Result<(), Refusal> {
        let new = self.number(side) + 1;
        let chit = self.change(side, name, new)?;
        let good = self.half(side).ledger.prove(chit).unwrap();
        self.world.input(side, Input::Write { chit: good.clone(), over_limit: false })?;
        self.world.keep(good);
        self.numbers.insert(side, new);
        Ok(())
    }

    /// Somebody who has the first key of a user brings a payment to a half.
    pub(crate) fn steals(&mut self, by: Side, at: Side, name: ChitId, milli: i64) {
        let good = Good::prove(payment(by, name, milli), &key_of(by, 0).public_key()).unwrap();
        self.world.keep(good.clone());
        self.world.brings(at, vec![good.clone()]);
        if let Some(change) = self.half(by).ledger.key_changes(by).first() {
            self.stolen.push(Stolen { chit: good.hash(), by, after: change.chit });
        }
    }

    /// A message, its proofs checked as at a site: lifts by their certificates, all else by the keys
    /// that the half knows or is told.
    fn proved(&self, to: Side, message: Message) -> Result<Message<Good>, SignatureFault> {
        let lifted = |chit: &Chit| chit.written().is_none();
        let signed = message.chits().iter().filter(|chit| !lifted(chit)).cloned().collect();
        let mut signed = self.half(to).ledger.prove_in_order(signed)?.into_iter();
        message.try_map(|chit| {
            let good = if lifted(&chit) { self.world.proof(&chit) } else { signed.next() };
            good.ok_or(SignatureFault::Missing { by: "anybody" })
        })
    }

    /// A message arrives as at a site: where a signature is by a key that is not known here, the
    /// half compares itself with the partner's.
    pub(crate) fn arrives(&mut self, place: usize) {
        let (to, message) = self.world.net.remove(place);
        let input = match self.proved(to, message) {
            Ok(message) => Input::Receive(message),
            Err(_) => Input::Compare,
        };
        match self.world.input(to, input) {
            Ok(()) => {}
            Err(Refusal::Parted { .. }) => self.parted = true,
            Err(other) => panic!("an honest message is never refused: {other}"),
        }
    }

    /// Everything arrives, reminders too, until nobody has anything to say, or the halves parted.
    pub(crate) fn settles(&mut self) {
        self.parted = false;
        let mut on_their_way = HashSet::new();
        self.world.net.retain(|message| on_their_way.insert(message.clone()));
        for _ in 0..10_000 {
            if self.net.is_empty() {
                for side in Side::BOTH {
                    self.world.input(side, Input::Remind).unwrap();
                }
                if self.net.is_empty() || self.parted {
                    return;
                }
            }
            self.arrives(0);
        }
        panic!("the halves talk for ever: {:?}", self.net);
    }

    /// All that is on its way arrives; where the halves parted, people have one rebuilt.
    pub(crate) fn meets(&mut self) {
        self.settles();
        if self.parted {
            self.compares();
            self.brings_back();
        }
    }

    /// Devices bring back what got lost.
    fn brings_back(&mut self) {
        for side in Side::BOTH {
            let own = self.signed.values().filter(|good| good.chit().by == side);
            let own = own.map(|good| good.chit().clone()).collect();
            let own = self.half(side).ledger.prove_all(own).unwrap();
            self.world.brings(side, own);
        }
        self.compares();
    }

    /// Both compare; where they parted, people have the foil's half rebuilt from the stock's.
    fn compares(&mut self) {
        for side in Side::BOTH {
            self.world.input(side, Input::Compare).unwrap();
        }
        self.settles();
        if self.parted {
            self.rebuilt = true;
            self.world.foil = Half::new(Side::Foil);
            self.world.net.clear();
            self.world.input(Side::Foil, Input::Compare).unwrap();
            self.settles();
        }
        assert!(!self.parted, "a half without anything is no other chain");
    }

    /// The faults stop: halves compare, devices bring back what got lost, and sign the change of
    /// key again where it does not count.
    pub(crate) fn heals(&mut self) {
        self.compares();
        self.brings_back();
        if self.is_over() {
            return;
        }
        let name =
            |town: &Self, side| 80_000 + u64::from(town.number(side)) * 20 + side as u64 * 10;
        for side in Side::BOTH {
            let key = self.half(side).ledger.key(side);
            if key.is_some_and(|key| *key != public(side, self.number(side))) {
                self.rekeys(side, id(name(self, side))).unwrap();
                self.settles();
            }
        }
        for side in Side::BOTH {
            if self.half(side).ledger.key(side).is_none() {
                self.replaces(side, name(self, side));
            }
        }
    }

    /// Neither side has a key any more, so neither can consent to one of the other's; or the tally is
    /// closed. Its users need a new one.
    pub(crate) fn is_over(&self) -> bool {
        let ledger = &self.stock.ledger;
        ledger.status() == Status::Closed || Side::BOTH.iter().all(|s| ledger.key(*s).is_none())
    }

    /// One ledger, the devices' keys in force, and nothing that the thief signed too late.
    pub(crate) fn assert_sound(&self) {
        self.assert_one_ledger();
        assert_one_verdict(self);
        for half in [&self.stock, &self.foil] {
            for side in Side::BOTH {
                let current = public(side, self.number(side));
                let has = half.ledger.key(side) == Some(&current);
                assert!(has || self.is_over(), "the {side}'s key");
            }
            for Stolen { chit, by, after } in &self.stolen {
                if half.ledger.key_changes(*by).first().is_some_and(|c| c.chit == *after) {
                    assert!(!self.counts(half, chit), "stolen too late, yet it counts");
                }
            }
        }
    }

    pub(crate) fn counts(&self, half: &Half, chit: &Hash) -> bool {
        half.links.iter().any(|link| link.chit_hash == *chit && half.ledger.counts(link))
    }
}

/// A change of key that nobody signed.
pub(crate) fn rekey(by: Side, uuid: ChitId, rekey: Rekey) -> Chit {
    let entry = Entry::Key { rekey: Box::new(rekey), written: Written::default() };
    Chit { uuid, tally: members().uuid, by, date: at("2026-11-22T12:00:00.000Z"), entry }
}

pub(crate) fn public(side: Side, number: u8) -> PublicKey {
    key_of(side, number).public_key()
}

//! The world of `devices.rs` where keys end, are lost, and others are asked for and claimed.

use protocol::chit::{Chit, Entry, Lost, Wait, Written};
use protocol::ledger::{Good, Head, Input, KeyRequest, Ledger, Refusal, Rekeying, Stop};
use protocol::{ChitId, Hash, SecretKey, Side, Signer};

use super::devices::{Town, key_of, public};
use super::world::{World, id};
use crate::people::{at, members};

/// The agent of both users' sites.
pub(crate) fn agent() -> SecretKey {
    SecretKey::ed25519(&[9; 32])
}

/// A chit about keys that nobody signed.
pub(crate) fn about(by: Side, uuid: ChitId, entry: Entry) -> Chit {
    Chit { uuid, tally: members().uuid, by, date: at("2026-11-22T13:00:00.000Z"), entry }
}

pub(crate) fn end(head: Head) -> Entry {
    Entry::End { head, written: Written::default() }
}

pub(crate) fn lost(counter: u32, head: Head, key: &SecretKey) -> Entry {
    let counter = counter.try_into().unwrap();
    let lost = Lost { counter, head, public: key.public_key(), wait: Wait::default() };
    Entry::Lost { lost: Box::new(lost), written: Written::default() }
}

pub(crate) fn consent(request: Hash) -> Entry {
    Entry::Consent { request, written: Written::default() }
}

pub(crate) fn object(request: Hash) -> Entry {
    Entry::Object { request, written: Written::default() }
}

pub(crate) fn claim(request: Hash) -> Entry {
    Entry::Claim { request, witness: None, written: Written::default() }
}

/// A request by a key that nobody has here.
pub(crate) fn request(by: Side, uuid: ChitId, asked: Rekeying, key: &SecretKey) -> Good {
    let chit = about(by, uuid, lost(asked.counter.get(), asked.head, key)).signed(key).unwrap();
    Good::prove(chit, &key.public_key()).unwrap()
}

/// A text without the ids of chits.
pub(crate) fn hide_ids(text: &str) -> String {
    let word = |word: &str| word.len() == 36 && word.bytes().filter(|b| *b == b'-').count() == 4;
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|part| if word(part) { "[id]" } else { part });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl Town {
    pub(crate) fn asked(&self, side: Side) -> Rekeying {
        let half = self.half(side);
        match half.ledger.to_rekey(&half.links) {
            Ok(asked) => asked,
            Err(stop) => panic!("{stop:?}"),
        }
    }

    /// A chit of a user's is handed in at its own half.
    pub(crate) fn hands_in(&mut self, good: Good) -> Result<Hash, Refusal> {
        let (side, hash) = (good.chit().by, good.hash());
        self.world.input(side, Input::Write { chit: good.clone(), over_limit: false })?;
        self.world.keep(good);
        Ok(hash)
    }

    /// The user ends its key, by the key of this number.
    pub(crate) fn ends_with(&mut self, side: Side, name: ChitId, n: u8) -> Result<Hash, Refusal> {
        let half = self.half(side);
        let head = half.ledger.to_end(&half.links).unwrap();
        let chit = Self::signed_with(about(side, name, end(head)), n);
        let good = half.ledger.prove(chit).map_err(|_| Refusal::KeyUsed)?;
        self.hands_in(good)
    }

    pub(crate) fn ends(&mut self, side: Side, name: ChitId) -> Result<Hash, Refusal> {
        self.ends_with(side, name, self.number(side))
    }

    /// The user asks for its next key; it has no other.
    pub(crate) fn asks(&mut self, side: Side, name: ChitId) -> Result<Hash, Refusal> {
        let half = self.half(side);
        let asked = match half.ledger.to_rekey(&half.links) {
            Ok(asked) => asked,
            Err(Stop::Refused(refusal)) => return Err(refusal),
            Err(missing) => panic!("{missing}"),
        };
        self.hands_in(request(side, name, asked, &key_of(side, self.number(side) + 1)))
    }

    /// The partner consents, with the key that its device has.
    pub(crate) fn consents(
        &mut self,
        partner: Side,
        name: ChitId,
        request: Hash,
    ) -> Result<Hash, Refusal> {
        let chit = Self::signed_with(about(partner, name, consent(request)), self.number(partner));
        let good = self.half(partner).ledger.prove(chit).map_err(|_| Refusal::KeyUsed)?;
        self.hands_in(good)
    }

    /// The user's device that has the old key still objects.
    pub(crate) fn objects(
        &mut self,
        side: Side,
        name: ChitId,
        request: Hash,
    ) -> Result<Hash, Refusal> {
        let chit = Self::signed_with(about(side, name, object(request)), self.number(side));
        let good = self.half(side).ledger.prove(chit).map_err(|_| Refusal::KeyUsed)?;
        self.hands_in(good)
    }

    /// The claim by the key of this number, with its site's word.
    pub(crate) fn claim(side: Side, name: ChitId, request: Hash, number: u8) -> Chit {
        let chit = Self::signed_with(about(side, name, claim(request)), number);
        chit.witnessed(&agent()).unwrap()
    }

    /// The time has passed: the user claims the key that it asked for.
    pub(crate) fn claims(
        &mut self,
        side: Side,
        name: ChitId,
        request: Hash,
    ) -> Result<Hash, Refusal> {
        let new = self.number(side) + 1;
        let chit = Self::claim(side, name, request, new);
        let good = self.half(side).ledger.prove(chit).map_err(|_| Refusal::KeyUsed)?;
        let hash = self.hands_in(good)?;
        self.set_number(side, new);
        Ok(hash)
    }

    /// From a key that ended, or was lost, to the next one.
    pub(crate) fn replaces(&mut self, side: Side, name: u64) {
        let request = self.asks(side, id(name)).unwrap();
        self.settles();
        self.consents(side.other(), id(name + 1), request).unwrap();
        self.settles();
        self.claims(side, id(name + 2), request).unwrap();
        self.settles();
    }
}

/// Both halves follow the same keys.
pub(crate) fn assert_one_verdict(world: &World) {
    let (stock, foil) = (&world.stock.ledger, &world.foil.ledger);
    for side in Side::BOTH {
        assert_eq!(stock.key(side), foil.key(side), "the {side}'s key");
        assert_eq!(stock.key_changes(side), foil.key_changes(side));
        let open = |half: &Ledger| -> Vec<KeyRequest> { half.requests(side).copied().collect() };
        assert_eq!(open(stock), open(foil));
        assert_eq!(stock.pending(side), foil.pending(side));
    }
    for link in &world.stock.links {
        assert_eq!(stock.counts(link), foil.counts(link), "{link:?}");
    }
}

/// The key that a user's device asks for next.
pub(crate) fn next(town: &Town, side: Side) -> protocol::PublicKey {
    public(side, town.number(side) + 1)
}

//! The hash chain: how good chits are put in one order, and how a half's history is asked about.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::chit::Chit;
use crate::json::EXACT;
use crate::lift::{Committed, Conditional, Leg, LiftFault, Way};
use crate::record::{Record, record};
use crate::side::Sides;
use crate::{
    AgentId, ChitId, Hash, PublicKey, Signature, SignatureFault, Signed, TallyId, Verified,
};

/// The most links of a chain, which nobody will ever have: so the ones after can be counted, and an
/// index is exact in every reader of JSON.
pub(super) const MOST_LINKS: u64 = EXACT;

/// An index on a chain.
pub(super) fn index<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let index = u64::deserialize(from)?;
    if index > MOST_LINKS {
        return Err(D::Error::custom("an index beyond that of any chain"));
    }
    Ok(index)
}

/// Where a chain stands: how many chits it has, and the hash of its last link. With index 0 the
/// hash is the signed tally's: the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Number of links, and the index of the last one.
    #[serde(deserialize_with = "index")]
    pub index: u64,
    /// Hash of the last link.
    pub hash: Hash,
}

/// A chit in its place on a chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The chain's head once this link is the last.
    pub head: Head,
    /// The chit's hash.
    pub chit_hash: Hash,
    /// The chit; its proof was checked before it was linked.
    pub chit: Chit,
}

impl Head {
    /// The head after `chit` is linked to a chain that stands here: the hash commits to the one
    /// before, the index and the chit.
    #[must_use]
    pub fn then(self, tally: TallyId, chit: Hash) -> Self {
        let (index, prior) = (self.index + 1, self.hash);
        // Already canonical: members in order, nothing to escape. A test compares.
        let text = format!(
            r#"{{"chit":"{chit}","index":{index},"kind":"link","prior":"{prior}","tally":"{tally}","v":1}}"#
        );
        Self { index, hash: Hash::of(text.as_bytes()) }
    }
}

/// An agent's signed word that its half of a tally has the chain with this head.
///
/// The partner keeps the last one: it shows what was acknowledged, whatever is said later.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Ack {
    /// The tally.
    pub tally: TallyId,
    /// The head that is acknowledged.
    pub head: Head,
    /// The agent's signature.
    pub sign: Option<Signature>,
}
record!(Ack, "ack", 1);

impl Signed for Ack {
    /// The agent that says so.
    type Keys = AgentId;

    fn check_signatures(&self, agent: &Self::Keys) -> Result<(), SignatureFault> {
        self.check_signature("agent", &agent.public_key(), self.sign.as_ref())
    }
}

/// A chit whose proof was checked, with its hash: what a ledger takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Good {
    chit: Chit,
    hash: Hash,
}

impl Good {
    /// A chit that its user signed with this key; [`super::Ledger::prove`] knows which that is.
    /// Whether it counts is another question: see [`super::Ledger::counts`].
    ///
    /// # Errors
    /// [`SignatureFault`] where it was not; always for a lift's chit, and for a claim.
    pub fn prove(chit: Chit, key: &PublicKey) -> Result<Self, SignatureFault> {
        chit.check_signatures(&Sides { stock: *key, foil: *key })?;
        Ok(Self { hash: chit.hash()?, chit })
    }

    /// A user's claim of another key, signed with that and by the agent of the user's site.
    ///
    /// # Errors
    /// [`SignatureFault`] where it was not.
    pub fn of_claim(chit: Chit, key: &PublicKey, agent: &AgentId) -> Result<Self, SignatureFault> {
        chit.check_claim(key, agent)?;
        Ok(Self { hash: chit.hash()?, chit })
    }

    /// The chit of a leg of a lift that was decided to be valid.
    ///
    /// # Errors
    /// [`LiftFault::NotALeg`] where the way does not show that the leg is in the lift.
    pub fn of_lift(lift: &Committed, leg: &Leg, way: &Way) -> Result<Self, LiftFault> {
        let chit = lift.chit(leg, way)?;
        Ok(Self { hash: chit.hash()?, chit })
    }

    /// The chit of a leg between two sites: the lift was decided to be valid, and the giver's site said that the leg is
    /// one of it, as a participant that has promised.
    ///
    /// # Errors
    /// [`LiftFault::NotGivers`] where it is not the giver's word for this lift; [`LiftFault::NotParticipant`];
    /// [`LiftFault::NotALeg`].
    pub fn of_leg(
        lift: &Committed,
        way: &Way,
        giver: &Verified<Conditional>,
    ) -> Result<Self, LiftFault> {
        let tally = giver.leg.tally;
        if !giver.is_givers() || giver.lift != lift.id() {
            return Err(LiftFault::NotGivers { lift: lift.id(), tally });
        }
        if !lift.lift().participants.contains(&giver.key) {
            return Err(LiftFault::NotParticipant(giver.key.name()));
        }
        Self::of_lift(lift, &giver.leg, way)
    }

    /// The chit.
    #[must_use]
    pub const fn chit(&self) -> &Chit {
        &self.chit
    }

    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }
}

impl Link {
    /// The chit next on a chain that stands at `head`.
    pub(super) fn after(head: Head, Good { chit, hash }: Good) -> Self {
        Self { head: head.then(chit.tally, hash), chit_hash: hash, chit }
    }

    /// The chit, whose proof was checked before it was linked.
    #[must_use]
    pub fn unlinked(self) -> Good {
        Good { chit: self.chit, hash: self.chit_hash }
    }
}

/// A part of a half's history that has to be at hand before a step can be decided. Whoever keeps the
/// history fetches it and asks again: nothing was decided yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The links from `first` to `last`.
    Links {
        /// Index of the first.
        first: u64,
        /// Index of the last.
        last: u64,
    },
    /// Whether and where the chit with this hash is linked.
    Place(Hash),
    /// Which chits of this name are linked.
    Named(ChitId),
}

/// The links of one half, as whoever keeps them answers. It must know those up to the ledger's
/// head; what it has not at hand just now, it names as [`Missing`].
pub trait Links {
    /// The link at `index`, from 1 to the head's.
    ///
    /// # Errors
    /// [`Missing::Links`].
    fn link(&self, index: u64) -> Result<Link, Missing>;

    /// The index at which the chit with this hash is linked.
    ///
    /// # Errors
    /// [`Missing::Place`].
    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing>;

    /// The hashes of the linked chits of this name: none, one, or more where its user signed
    /// several.
    ///
    /// # Errors
    /// [`Missing::Named`].
    fn named(&self, uuid: &ChitId) -> Result<Vec<Hash>, Missing>;
}

/// A chain in memory, whole: for tests, simulation and model checking.
impl Links for Vec<Link> {
    fn link(&self, index: u64) -> Result<Link, Missing> {
        let place = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
        let link = place.and_then(|place| self.get(place));
        link.cloned().ok_or(Missing::Links { first: index, last: index })
    }

    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing> {
        let link = self.iter().find(|link| link.chit_hash == *chit);
        Ok(link.map(|link| link.head.index))
    }

    fn named(&self, uuid: &ChitId) -> Result<Vec<Hash>, Missing> {
        let named = self.iter().filter(|link| link.chit.uuid == *uuid);
        Ok(named.map(|link| link.chit_hash).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::CanonicalText;
    use crate::json;

    #[test]
    fn what_is_hashed_for_a_link_and_for_users_is_canonical() {
        let hash = |byte| Hash::from_bytes([byte; 32]);
        let tally = TallyId::random([3; 16]);
        let prior = Head { index: 41, hash: hash(1) };
        let text = format!(
            r#"{{"v": 1, "kind": "link", "tally": "{tally}", "index": 42, "prior": "{}", "chit": "{}"}}"#,
            hash(1),
            hash(2)
        );
        let value = json::parse(text.as_bytes()).expect("a value");
        let expected = CanonicalText::of(&value).expect("a text").hash();
        assert_eq!(prior.then(tally, hash(2)), Head { index: 42, hash: expected });

        let [stock, foil] =
            [1, 2].map(|seed| crate::Signer::public_key(&crate::SecretKey::ed25519(&[seed; 32])));
        let text = format!(
            r#"{{"v": 1, "kind": "users", "stock": "{}", "foil": "{}"}}"#,
            stock.name(),
            foil.name()
        );
        let value = json::parse(text.as_bytes()).expect("a value");
        let expected = CanonicalText::of(&value).expect("a text").hash();
        let of = |stock, foil| super::super::users_of(&Sides { stock, foil });
        assert_eq!(of(stock, foil), expected);
        assert_ne!(of(foil, stock), expected);
    }
}

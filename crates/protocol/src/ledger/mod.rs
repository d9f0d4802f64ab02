//! The ledger: one half of a signed tally, its chits, and how it becomes one with the other half
//! (protocol §5). Decisions are in `step.rs` and `order.rs`; the chain itself is in `chain.rs`.
//!
//! A half's good chits are a set that only grows, so two halves that have exchanged everything have
//! the same. The chain puts them in one order, which the foil decides: it links what it learns, as
//! it learns it. The stock links its own at once too, provisionally, and conforms when it hears the
//! foil's order. What has still to be told follows from the state alone: whoever asks again, after a
//! loss or a crash, gets the same answer.
//!
//! What a promised lift would move is set aside until that is decided (`aside.rs`), or until both users sign that it is free
//! (`freeing.rs`).
//!
//! A half that was restored from a backup waits until it has heard what it may have lost (`restored.rs`).
//!
//! A user may change its key, end it, or get another one in the place of a lost one: chits too. What
//! they do is in `walk.rs`, when a half takes them in `rekeying.rs`. Chits with an earlier key count
//! only where they stand in the part of the chain that the change named; all others are void, and stay.

mod agents;
mod aside;
mod chain;
mod freeing;
mod keyring;
mod keys;
mod message;
mod order;
mod proving;
mod rebase;
mod recount;
mod refusal;
mod rekeying;
mod restored;
mod step;
mod walk;

pub use agents::MAX_MOVED;
pub use aside::{Aside, MAX_ASIDE};
pub use chain::{Ack, Good, Head, Link, Links, Missing};
pub use freeing::MAX_FREED;
pub use keyring::{
    Consented, How, KeyChange, KeyRequest, MAX_KEYS, MAX_OWN_REQUESTS, MAX_REQUESTS,
};
pub use message::{MAX_CHITS_IN_UPD, MAX_LOCATOR, Message};
pub use refusal::{Refusal, Stop};
pub use rekeying::Rekeying;
pub use restored::Waiting;
pub use step::{Change, Event, Input, Step};

use std::num::NonZeroU32;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chit::Set;
use crate::json::JsonError;
use crate::lading::Position;
use crate::moved::Moved;
use crate::record::Record;
use crate::settings::{Consent, InForce};
use crate::side::{Side, Sides};
use crate::{AgentId, ChitId, Hash, PublicKey, Tally, TallyId, Units, Verified};

use aside::Asides;
use chain::MOST_LINKS;
use freeing::Frees;
use keyring::Keyring;

/// One half of an open tally: everything about it but the history itself, which whoever keeps it
/// shows through [`Links`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Ledger {
    tally: TallyId,
    side: Side,
    /// What each side may owe, as the other granted it in the signed tally.
    may_owe: Sides<Units>,
    /// The agents of the users' sites: not kept, as the signed tally names them.
    #[serde(skip)]
    agents: Option<Sides<AgentId>>,
    /// What the users said about their agents, oldest first.
    #[serde(default, skip_serializing_if = "nobody_moved")]
    moved: Sides<Vec<Moved>>,
    keys: Sides<Keyring>,
    /// Index of the last chit about keys, whether it counts or not; 0 without.
    #[serde(default, skip_serializing_if = "is_zero")]
    last_key: u64,
    genesis: Hash,
    head: Head,
    /// How many links the partner is known to have in this order: for the foil, acknowledged by the
    /// stock; for the stock, ordered by the foil.
    agreed: u64,
    /// The most that ever was, on this chain: a late question lowers `agreed`, and takes back no acknowledgement.
    #[serde(default, skip_serializing_if = "is_zero")]
    rested: u64,
    /// As text where it is kept: JSON readers hold no 128 bits.
    #[serde(with = "crate::text::as_text")]
    balance_milli: i128,
    /// The `set` in force for each side, and its chit's hash.
    sets: Sides<Option<(Set, Hash)>>,
    conflicts: u64,
    /// What open promises have set aside.
    #[serde(default, skip_serializing_if = "Asides::is_empty")]
    aside: Asides,
    /// What users said of that may be used again.
    #[serde(default, skip_serializing_if = "Frees::is_empty")]
    frees: Frees,
    /// After a restore: what it waits for.
    #[serde(default, skip_serializing_if = "Waiting::is_over")]
    waiting: Waiting,
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, to)
    }
}

impl<'de> Deserialize<'de> for Ledger {
    /// What is kept is read with its counts in their ranges, so that whatever counts on cannot overflow.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ledger = Self::deserialize(from)?;
        let counts = [ledger.last_key, ledger.agreed, ledger.rested, ledger.conflicts];
        let rings = Side::BOTH.into_iter().map(|side| ledger.keys.of(side).last_count());
        if counts.into_iter().chain(rings).any(|count| count > MOST_LINKS) {
            return Err(D::Error::custom("a count beyond that of any chain"));
        }
        if ledger.aside.len() > MAX_ASIDE {
            return Err(D::Error::custom("more set aside than there may be promises"));
        }
        if ledger.frees.len() > MAX_FREED {
            return Err(D::Error::custom("more words on what is free than are kept"));
        }
        let most = u128::from(MOST_LINKS) * u128::from(Units::MAX.milli().unsigned_abs());
        if Side::BOTH.into_iter().any(|side| ledger.moved.of(side).len() > MAX_MOVED) {
            return Err(D::Error::custom("more words about agents than are kept"));
        }
        if ledger.balance_milli.unsigned_abs() > most {
            return Err(D::Error::custom("a balance beyond that of any chain"));
        }
        Ok(ledger)
    }
}

/// The most that a half counts either way, in milli-CHIPs: what a column of any database holds. It takes a
/// thousand chits of the largest amount, and no honest site lets its user sign two.
const MOST_BALANCE_MILLI: u128 = i64::MAX.unsigned_abs() as u128;

/// Where an open tally is in its life, as a user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// `open`.
    Open,
    /// `C.open`: one side asked to close; it takes only what brings the balance toward zero.
    Closing,
    /// `close`: asked for, at zero, no promise is open, and the partner has the same chain.
    Closed,
}

impl Ledger {
    /// The half on `side` of a tally that both signed, with no chits yet.
    ///
    /// # Errors
    /// [`JsonError`] where the tally has no hash.
    pub fn open(tally: &Verified<Tally>, side: Side) -> Result<Self, JsonError> {
        let genesis = tally.hash()?;
        let Sides { stock, foil } = tally.keys();
        let may_owe = |side| tally.half(side).holder_may_owe();
        Ok(Self {
            tally: tally.members().uuid,
            side,
            may_owe: Sides { stock: may_owe(Side::Stock), foil: may_owe(Side::Foil) },
            agents: Some(agents_of(tally)),
            moved: Sides { stock: Vec::new(), foil: Vec::new() },
            keys: Sides { stock: Keyring::of(stock), foil: Keyring::of(foil) },
            last_key: 0,
            genesis,
            head: Head { index: 0, hash: genesis },
            agreed: 0,
            rested: 0,
            balance_milli: 0,
            sets: Sides { stock: None, foil: None },
            conflicts: 0,
            aside: Asides::new(),
            frees: Frees::new(),
            waiting: Waiting::default(),
        })
    }

    /// The tally.
    #[must_use]
    pub const fn tally(&self) -> TallyId {
        self.tally
    }

    /// Whose tally it is ([`users_of`]): the same for both halves, from the first chit to the last.
    #[must_use]
    pub fn users(&self) -> Hash {
        let [stock, foil] = Side::BOTH.map(|side| *self.keys.of(side).first());
        users_of(&Sides { stock, foil })
    }

    /// Which half this is.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Where the chain stands.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// How many links the partner is known to have in the same order.
    #[must_use]
    pub const fn agreed(&self) -> u64 {
        self.agreed
    }

    /// The balance in milli-CHIPs: positive when the partner owes the holder. Beyond [`Units::MAX`]
    /// only where a partner signed more than any honest site lets it; never beyond 64 bits.
    #[must_use]
    pub const fn balance_milli(&self) -> i128 {
        self.balance_milli
    }

    /// Refuses the chit with which the balance went beyond what is counted.
    const fn countable(&self, chit: ChitId) -> Result<(), Refusal> {
        if self.balance_milli.unsigned_abs() > MOST_BALANCE_MILLI {
            return Err(Refusal::Uncountable { chit });
        }
        Ok(())
    }

    /// How often a second chit of one name turned up, each with good proof. Both count, since both
    /// were signed; the tally lifts no more until people have looked.
    #[must_use]
    pub const fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// Where the tally is in its life.
    #[must_use]
    pub fn status(&self) -> Status {
        if !self.asked_to_close() {
            Status::Open
        } else if self.balance_milli == 0 && self.agreed == self.head.index && self.aside.is_empty()
        {
            Status::Closed
        } else {
            Status::Closing
        }
    }

    /// Whether the settings in force of a side ask to close the tally.
    fn asked_to_close(&self) -> bool {
        Side::BOTH.into_iter().any(|side| self.sets.of(side).is_some_and(|(set, _)| set.close))
    }

    /// The `set` in force for a side; none before its first.
    #[must_use]
    pub fn set_of(&self, side: Side) -> Option<&Set> {
        self.sets.of(side).as_ref().map(|(set, _)| set)
    }

    /// The counters of the `set`s in force for both sides; none before a side's first.
    #[must_use]
    pub fn counters(&self) -> Sides<Option<NonZeroU32>> {
        let counter = |side| self.set_of(side).map(|set| set.counter);
        Sides { stock: counter(Side::Stock), foil: counter(Side::Foil) }
    }

    /// What both sides' signatures allow, seen from this half (protocol §6); once one of them asks
    /// to close, nothing but the way to zero.
    #[must_use]
    pub fn consent(&self) -> Consent {
        let consent =
            Consent { holder: self.in_force(self.side), partner: self.in_force(self.side.other()) };
        if self.asked_to_close() { consent.toward_zero() } else { consent }
    }

    /// What lifts may plan with here, beside what is set aside for those that are promised; none where the tally
    /// must not lift: it is closed, has a conflict, was restored and may lack something, or a side has
    /// ended its key and cannot take back what it signed with it.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let ended = Side::BOTH.into_iter().any(|side| self.key(side).is_none());
        let closed = self.status() == Status::Closed;
        if self.conflicts > 0 || ended || closed || !self.waiting.is_over() {
            return None;
        }
        let balance = i64::try_from(self.balance_milli).ok()?;
        let (reserved_in, reserved_out) = self.reserved()?;
        Position::new(Units::new(balance).ok()?, reserved_in, reserved_out).ok()
    }

    /// Takes over a `set` where it has the highest counter so far. Two of one counter are a fault of
    /// their signer; that both halves choose the same one, whichever they heard of first, the lower
    /// hash decides.
    fn put_in_force(&mut self, side: Side, set: Set, hash: Hash) {
        let slot = self.sets.of_mut(side);
        let newer = |&(old, old_hash): &(Set, Hash)| {
            set.counter > old.counter || (set.counter == old.counter && hash < old_hash)
        };
        if slot.as_ref().is_none_or(newer) {
            *slot = Some((set, hash));
        }
    }

    fn in_force(&self, side: Side) -> InForce {
        let received = *self.may_owe.of(side);
        match self.sets.of(side) {
            Some((set, _)) => set.in_force(received),
            None => InForce::at_opening(*self.may_owe.of(side.other()), received),
        }
    }
}

/// The agents that the users' certs in a tally name.
fn agents_of(tally: &Tally) -> Sides<AgentId> {
    let agent = |side| tally.half(side).holder().cert.chad.agent;
    Sides { stock: agent(Side::Stock), foil: agent(Side::Foil) }
}

/// What tells the tally of two users from all of the same name that others may have: the hash of the names of the keys that they
/// signed it with first. Its text is canonical.
#[must_use]
pub fn users_of(first: &Sides<PublicKey>) -> Hash {
    let [stock, foil] = [first.stock.name(), first.foil.name()];
    // Members in order, nothing to escape: a test compares.
    Hash::of(format!(r#"{{"foil":"{foil}","kind":"users","stock":"{stock}","v":1}}"#).as_bytes())
}

/// Written only where somebody did.
const fn nobody_moved(moved: &Sides<Vec<Moved>>) -> bool {
    moved.stock.is_empty() && moved.foil.is_empty()
}

/// Written only where it says something.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

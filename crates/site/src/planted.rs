//! Faults that can be planted into a site, to see that the simulated networks find them (`sim::net`): a
//! watchman who never called out may be asleep. No site has one that was not asked for by its name.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::bounded::List;
use protocol::chit::Chit;
use protocol::half::HalfTally;
use protocol::ledger::{Good, Head, Ledger, Link, Links, Message};
use protocol::query::Query;
use protocol::record::Record;
use protocol::{AgentId, Hash, JsonError, Side, TallyId};
use serde_json::{Map, Value};
use store::HalfId;

use crate::batch::{Batch, Held};
use crate::door::Site;

/// A fault on purpose. Each is one that a site could really have, in the very code that it would be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planted {
    /// A letter that did not arrive is crossed off in the outbox like one that did.
    LostLetter,
    /// A chit that is heard once more counts once more.
    DoubleApply,
    /// A half takes an order of chits that does not lead to the head which it names.
    WrongOrder,
    /// Nobody looks at the signature of a chit.
    UncheckedSignature,
    /// A site that was restored from a backup goes on as if nothing had happened.
    Resurrected,
    /// A lift that was decided to be valid is taken for void.
    VoidForValid,
    /// What a promise set aside is free once its deadline has passed by the site's own clock.
    OwnClock,
    /// What a promise set aside is free once one of the two users has signed so.
    FreedByOne,
    /// A lift is judged as if nothing were set aside for others: what is promised already is promised once more.
    SameRoom,
    /// A query is marked with the agent that hands it on, where a mark should stand that only that site knows.
    PlainMark,
    /// A plan is answered under the id of the tally that it begins with, in place of its token.
    PlainToken,
    /// What a payer signed is said to the next site on the way, too.
    ToldOn,
    /// The key for a lift is made without the lift's nonce.
    SameKey,
    /// All lifts of a site's making have one nonce.
    SameNonce,
    /// A referee notes that another lies, and keeps no proof of it.
    KeptQuiet,
    /// A site holds two promises of its neighbour's in one lift, and keeps no proof of it.
    Unnamed,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::LostLetter,
        Self::DoubleApply,
        Self::WrongOrder,
        Self::UncheckedSignature,
        Self::Resurrected,
        Self::VoidForValid,
        Self::OwnClock,
        Self::FreedByOne,
        Self::SameRoom,
        Self::PlainMark,
        Self::PlainToken,
        Self::ToldOn,
        Self::SameKey,
        Self::SameNonce,
        Self::KeptQuiet,
        Self::Unnamed,
    ];

    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LostLetter => "lost-letter",
            Self::DoubleApply => "double-apply",
            Self::WrongOrder => "wrong-order",
            Self::UncheckedSignature => "unchecked-signature",
            Self::Resurrected => "resurrected",
            Self::VoidForValid => "void-for-valid",
            Self::OwnClock => "own-clock",
            Self::FreedByOne => "freed-by-one",
            Self::SameRoom => "same-room",
            Self::PlainMark => "plain-mark",
            Self::PlainToken => "plain-token",
            Self::ToldOn => "told-on",
            Self::SameKey => "same-key",
            Self::SameNonce => "same-nonce",
            Self::KeptQuiet => "kept-quiet",
            Self::Unnamed => "unnamed",
        }
    }

    /// The one of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|planted| planted.word() == word)
    }
}

impl Site {
    /// The same site with a fault. For simulations only: nobody's debts are safe there.
    #[must_use]
    pub const fn with_planted(mut self, planted: Option<Planted>) -> Self {
        self.planted = planted;
        self
    }

    /// The fault that was planted here; none in any site that people use.
    #[must_use]
    pub const fn planted(&self) -> Option<Planted> {
        self.planted
    }

    pub(crate) fn has(&self, planted: Planted) -> bool {
        self.planted == Some(planted)
    }
}

/// A chit taken on trust ([`Planted::UncheckedSignature`]).
pub(crate) fn unchecked(chit: Chit) -> Result<Good, JsonError> {
    let hash = chit.hash()?;
    Ok(Link { head: Head { index: 0, hash }, chit_hash: hash, chit }.unlinked())
}

/// A message whose head is what its chits lead to, whatever it named ([`Planted::WrongOrder`]).
pub(crate) fn head_as_it_comes(tally: TallyId, message: Message<Good>) -> Message<Good> {
    let reached = |base: Head, chits: &[Good]| {
        chits.iter().fold(base, |head, good| head.then(tally, good.hash()))
    };
    match message {
        Message::Upd { base, chits, .. } => {
            Message::Upd { base, head: reached(base, &chits), chits }
        }
        Message::Tell { question, base, chits, .. } => {
            Message::Tell { question, base, head: reached(base, &chits), chits }
        }
        other => other,
    }
}

/// What halves have set aside, as their ledgers keep it ([`Planted::SameRoom`]).
type Aside = BTreeMap<HalfId, Map<String, Value>>;

/// From now on the halves in hand have nothing set aside; gives what they had ([`Planted::SameRoom`]).
pub(crate) fn hide_aside(batch: &mut Batch) -> Aside {
    let hides = |held: &mut Held| Some((held.half.id, with_aside(held, &Map::new())?));
    batch.all_held().filter_map(hides).collect()
}

/// The halves in hand have this set aside too, whatever room there is for it ([`Planted::SameRoom`]).
pub(crate) fn show_aside(batch: &mut Batch, hidden: &Aside) {
    for held in batch.all_held() {
        let Some(before) = hidden.get(&held.half.id) else { continue };
        let Some(mut all) = with_aside(held, before) else { continue };
        all.extend(before.clone());
        with_aside(held, &all);
    }
}

/// A half has this set aside; gives what it had.
fn with_aside(held: &mut Held, aside: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut state = HalfTally::clone(&held.state);
    let mut ledger = serde_json::to_value(state.ledger.as_ref()?).ok()?;
    let before = ledger.as_object_mut()?.insert("aside".to_owned(), aside.clone().into());
    let ledger = serde_json::from_value::<Ledger>(ledger).ok()?;
    state.ledger = state.negotiation.signed().map(|signed| ledger.with_agents_of(signed));
    held.state = Arc::new(state);
    Some(before.and_then(|before| before.as_object().cloned()).unwrap_or_default())
}

/// A query with the agent that hands it on in place of its mark ([`Planted::PlainMark`]).
pub(crate) fn marked_plainly(mut query: Query, agent: AgentId) -> Query {
    let mut trail = query.trail.to_vec();
    if let (Some(mark), Some(key)) = (trail.last_mut(), agent.public_key().ed25519_bytes()) {
        *mark = Hash::from_bytes(key);
    }
    query.trail = List::new(trail).unwrap_or_default();
    query
}

/// What stands for a plan, with its first tally here in it ([`Planted::PlainToken`]).
pub(crate) fn token_of(way: &[(TallyId, Side)], on: Option<TallyId>, token: Hash) -> Hash {
    // The tally over which the question came is known to whoever asked.
    let Some(tally) = on.or(way.get(1).map(|(tally, _)| *tally)) else { return token };
    let mut bytes = *token.as_bytes();
    bytes[..16].copy_from_slice(tally.as_bytes());
    Hash::from_bytes(bytes)
}

/// What chits come to that a half has already, in milli-CHIPs ([`Planted::DoubleApply`]).
pub(crate) fn heard_again(held: &Held, message: &Message<Good>) -> i128 {
    let known = |good: &&Good| matches!(held.history.place(&good.hash()), Ok(Some(_)));
    let effect = |good: &Good| i128::from(good.chit().effect_on(held.half.side).milli());
    message.chits().iter().filter(known).map(effect).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_word_of_its_own() {
        for planted in Planted::ALL {
            assert_eq!(Planted::named(planted.word()), Some(planted));
        }
        assert_eq!(Planted::named("nothing"), None);
    }
}

//! Queries: how sites find a way for a payment, or a way round, without a map (protocol §7, "Discovery"). What is
//! asked is here, what is answered in `answer.rs`, what that costs in `curve.rs`, and what the payee's site says
//! unasked in `advert.rs`. What a site does with them is in the crate `clearing`.
//!
//! All are best effort: they are lost with the connection, nobody signs them, and no outbox holds them.

mod advert;
mod answer;
mod curve;

pub use advert::Advert;
pub use answer::{Answer, MOST_PLANS, Plan, Said, Why};
pub use curve::{Curve, CurveFault, MOST_POINTS, Point};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounded::List;
use crate::chit::Positive;
use crate::lift::MAX_REFEREES;
use crate::record::record;
use crate::{AgentId, Cuid, Hash, TallyId};

/// The most tallies between sites that a query may go over: each is one more site that has to promise, and people
/// who trust each other are rarely farther apart.
pub const MOST_DEPTH: u8 = 8;

/// The most queries that one may cause, itself included.
pub const MOST_BUDGET: u32 = 4_096;

/// The most queries of one session over one tally: ways to it that meet before.
pub const MOST_TURNS: u8 = 8;

/// A question from a site to its partner's, over one tally: how could so much come from your user to whom I seek?
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Query {
    /// The search, by a number that whoever began it drew for this round.
    pub session: Hash,
    /// In place of the tally that it comes over: [`nonce`]. No two queries of a session have one.
    pub nonce: Hash,
    /// How many queries of this session came over this tally before, below [`MOST_TURNS`]: the asking site may have
    /// been asked for several ways that go on over it.
    #[serde(default, skip_serializing_if = "is_first")]
    pub turn: u8,
    /// What is sought.
    pub sought: Sought,
    /// How much is to arrive there.
    pub amount: Positive,
    /// The most that can come in over this tally; dearer plans are of no use.
    pub most: Positive,
    /// Over how many tallies between sites it may have gone at the end, this one included.
    pub depth: Depth,
    /// How many queries it may cause, itself included.
    pub budget: Budget,
    /// Who may decide the lift: accepted by every site so far, in order, at least one.
    pub referees: List<AgentId, MAX_REFEREES>,
    /// One mark of each site that it has come through, which that site alone knows again ([`Query::check`] says how
    /// many there may be).
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub trail: List<Hash, { MOST_DEPTH as usize }>,
}
record!(Query, "query", 1, outside: []);

/// What a query looks for. A payee stands in it as two hashes with the session: who does not know the name already
/// does not learn it, and two searches for one payee look different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sought {
    /// A payee.
    Payee(Payee),
    /// Whoever began the search.
    Circle,
}

/// A payee as those between see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    /// Of the site: [`Payee::site_in`].
    pub site: Hash,
    /// Of the user there: [`Payee::user_in`].
    pub user: Hash,
}

/// Over how many tallies something may go: 1 to [`MOST_DEPTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Depth(u8);

/// How many queries there may be: 1 to [`MOST_BUDGET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Budget(u32);

impl Budget {
    /// One query, and none that it causes.
    pub const ONE: Self = Self(1);
}

/// Why a query or an answer says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueryFault {
    /// A depth beyond its limits.
    #[error("a query goes over 1 to {MOST_DEPTH} tallies between sites, not over {0}")]
    Depth(u8),
    /// A budget beyond its limits.
    #[error("a query may cause 1 to {MOST_BUDGET} queries, not {0}")]
    Budget(u32),
    /// No referee, or not in order, or one twice.
    #[error("the referees of a query are at least one, in order, each once")]
    Referees,
    /// More queries of one session over one tally than there may be.
    #[error("over one tally there are at most {MOST_TURNS} queries of a session")]
    Turn,
    /// It has come through more sites than the depth leaves, or twice through one.
    #[error("a query has come through fewer sites than it may go over tallies, through each once")]
    Trail,
    /// An answer with no plan in it: nothing found has a reason.
    #[error("an answer has a plan or a reason why there is none")]
    NoPlan,
    /// A plan through no site, or through too many.
    #[error("a plan goes through 1 to {MOST_DEPTH} sites, not through {0}")]
    Sites(u8),
}

impl Query {
    /// Whether the record keeps the rules that its members have with each other: the sites that it came through
    /// and the tallies that it may still go over are no more than [`MOST_DEPTH`] together.
    ///
    /// # Errors
    /// [`QueryFault`] names the first that is broken.
    pub fn check(&self) -> Result<(), QueryFault> {
        if !are_referees(&self.referees) {
            return Err(QueryFault::Referees);
        }
        if self.turn >= MOST_TURNS {
            return Err(QueryFault::Turn);
        }
        check_trail(&self.trail, self.depth)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
const fn is_first(turn: &u8) -> bool {
    *turn == 0
}

/// Whether something of this depth can have come through sites with these marks.
fn check_trail(trail: &[Hash], depth: Depth) -> Result<(), QueryFault> {
    let twice = (1..trail.len()).any(|at| trail[..at].contains(&trail[at]));
    let tallies = trail.len() + usize::from(depth.get());
    if twice || tallies > usize::from(MOST_DEPTH) + 1 { Err(QueryFault::Trail) } else { Ok(()) }
}

/// Whether these can be the referees of a query or a plan.
fn are_referees(referees: &[AgentId]) -> bool {
    !referees.is_empty() && referees.is_sorted_by(|a, b| a < b)
}

impl Payee {
    /// The payee `cuid` at `agent`, as it stands in the queries of a session.
    #[must_use]
    pub fn of(cuid: &Cuid, agent: &AgentId, session: Hash) -> Self {
        Self { site: Self::site_in(agent, session), user: Self::user_in(cuid, agent, session) }
    }

    /// A site in the queries of a session.
    #[must_use]
    pub fn site_in(agent: &AgentId, session: Hash) -> Hash {
        // Already canonical, as those below: members in order, nothing to escape. A test compares.
        hash_of(format!(r#"{{"agent":"{agent}","kind":"seek-site","session":"{session}","v":1}}"#))
    }

    /// The first of these agents that is a site in the queries of a session.
    #[must_use]
    pub fn find_site<'a>(&self, agents: &'a [AgentId], session: Hash) -> Option<&'a AgentId> {
        // As above, with what is the same for all of them written once.
        let mut text = format!(r#"{{"agent":"","kind":"seek-site","session":"{session}","v":1}}"#);
        let start = text.find("\",").unwrap_or(0);
        text.insert_str(start, &"-".repeat(AgentId::LEN));
        let mut text = text.into_bytes();
        agents.iter().find(|agent| {
            text[start..start + AgentId::LEN].copy_from_slice(&agent.text());
            Hash::of(&text) == self.site
        })
    }

    /// A user of a site in the queries of a session.
    #[must_use]
    pub fn user_in(cuid: &Cuid, agent: &AgentId, session: Hash) -> Hash {
        hash_of(format!(
            r#"{{"agent":"{agent}","cuid":"{cuid}","kind":"seek-user","session":"{session}","v":1}}"#
        ))
    }
}

/// What stands for a tally in a query of a session: its two sites know it, and it means nothing to others, nor to
/// them in another session.
#[must_use]
pub fn nonce(tally: TallyId, session: Hash, turn: u8) -> Hash {
    hash_of(format!(
        r#"{{"kind":"nonce","session":"{session}","tally":"{tally}","turn":{turn},"v":1}}"#
    ))
}

#[allow(clippy::needless_pass_by_value, reason = "made for it alone")]
fn hash_of(text: String) -> Hash {
    Hash::of(text.as_bytes())
}

impl Depth {
    /// One tally.
    pub const ONE: Self = Self(1);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// One less; none where none is left.
    #[must_use]
    pub fn less(self) -> Option<Self> {
        Self::try_from(self.0 - 1).ok()
    }
}

impl TryFrom<u8> for Depth {
    type Error = QueryFault;

    fn try_from(depth: u8) -> Result<Self, QueryFault> {
        if (1..=MOST_DEPTH).contains(&depth) {
            Ok(Self(depth))
        } else {
            Err(QueryFault::Depth(depth))
        }
    }
}

impl From<Depth> for u8 {
    fn from(depth: Depth) -> Self {
        depth.0
    }
}

impl Budget {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Budget {
    type Error = QueryFault;

    fn try_from(budget: u32) -> Result<Self, QueryFault> {
        let fits = (1..=MOST_BUDGET).contains(&budget);
        if fits { Ok(Self(budget)) } else { Err(QueryFault::Budget(budget)) }
    }
}

impl From<Budget> for u32 {
    fn from(budget: Budget) -> Self {
        budget.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::CanonicalText;
    use crate::json;

    fn canonical(text: &str) -> Hash {
        CanonicalText::of(&json::parse(text.as_bytes()).expect("a value")).expect("a text").hash()
    }

    #[test]
    fn what_is_hashed_for_nonces_and_payees_is_canonical() {
        let (session, tally) = (Hash::of(b"s"), TallyId::random([3; 16]));
        let agent =
            "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2".parse().expect("an agent");
        let cuid: Cuid = "suzie".parse().expect("a name");
        let text = format!(
            r#"{{"v": 1, "kind": "nonce", "turn": 2, "tally": "{tally}", "session": "{session}"}}"#
        );
        assert_eq!(nonce(tally, session, 2), canonical(&text));
        let Payee { site, user } = Payee::of(&cuid, &agent, session);
        let text = format!(
            r#"{{"v": 1, "kind": "seek-site", "agent": "{agent}", "session": "{session}"}}"#
        );
        assert_eq!(site, canonical(&text));
        let text = format!(
            r#"{{"v": 1, "kind": "seek-user", "agent": "{agent}", "cuid": "suzie", "session": "{session}"}}"#
        );
        assert_eq!(user, canonical(&text));
    }
}

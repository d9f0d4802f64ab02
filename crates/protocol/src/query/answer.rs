//! What is answered to a query: plans, each with what it can deliver and what that costs, or why there is none.

use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::{Budget, MOST_DEPTH, QueryFault, are_referees};
use crate::bounded::List;
use crate::lift::MAX_REFEREES;
use crate::record::record;
use crate::{AgentId, Hash};

/// The most plans of one answer: the best, and some to fall back on.
pub const MOST_PLANS: usize = 4;

/// The answer to one query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Answer {
    /// The search.
    pub session: Hash,
    /// The tally that the query came over ([`super::nonce`]).
    pub nonce: Hash,
    /// How many queries it caused, itself included, as far as is known: what is left of its budget may be spent on others.
    /// Nobody but whoever asked is deceived by a lie about it.
    pub used: Budget,
    /// What is answered.
    pub said: Said,
}
record!(Answer, "answer", 1, outside: []);

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// Plans, the best first; alternatives, of which no two can be relied on together.
    Plans(List<Plan, MOST_PLANS>),
    /// There is none.
    Refused(Why),
}

/// A way on from the tally that a query came over to whom it seeks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// By which the site that answers will know the plan again when it becomes part of a lift; it says nothing to
    /// anybody else.
    pub token: Hash,
    /// What can arrive, and what has to enter over the tally for it.
    pub curve: Curve,
    /// Through how many sites it goes from here, the one that answers included.
    pub sites: u8,
    /// The referees of the query that all of them accept, in order.
    pub referees: List<AgentId, MAX_REFEREES>,
}

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Nothing leads there from here.
    Nothing,
    /// It has come through this site already.
    Loop,
    /// It was asked before.
    Replay,
    /// None of its referees is accepted here.
    Referees,
    /// There is something, for more than can come in.
    Costly,
    /// Too much else is asked at this moment, or was asked by this partner: maybe later.
    Busy,
    /// It may not go farther from here: a deeper query, or one with more budget, may find more.
    Deep,
}

impl Answer {
    /// Whether the record keeps the rules that its members have with each other.
    ///
    /// # Errors
    /// [`QueryFault`] names the first that is broken.
    pub fn check(&self) -> Result<(), QueryFault> {
        let Said::Plans(plans) = &self.said else { return Ok(()) };
        if plans.is_empty() {
            return Err(QueryFault::NoPlan);
        }
        plans.iter().try_for_each(Plan::check)
    }
}

impl Plan {
    pub(super) fn check(&self) -> Result<(), QueryFault> {
        if !are_referees(&self.referees) {
            return Err(QueryFault::Referees);
        }
        let fits = (1..=MOST_DEPTH).contains(&self.sites);
        if fits { Ok(()) } else { Err(QueryFault::Sites(self.sites)) }
    }
}

//! What the payee's site says of its own accord, and those that hear it hand on: over this tally somebody can be
//! reached. An advert is an answer before the question; the two meet by their session.

use serde::{Deserialize, Serialize};

use super::{Budget, Depth, MOST_DEPTH, MOST_TURNS, Plan, QueryFault, check_trail};
use crate::Hash;
use crate::bounded::List;
use crate::chit::Positive;
use crate::record::record;

/// An advert from a site to its partner's: what goes over one tally to its user can arrive. It names nobody: only who
/// knows the session, from the payee, can ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Advert {
    /// The search; payer's and payee's sites have it from the same number.
    pub session: Hash,
    /// In place of the tally that it comes over, as in a query ([`super::nonce`]).
    pub nonce: Hash,
    /// How many adverts and queries of this session its sender said over this tally before.
    #[serde(default, skip_serializing_if = "super::is_first")]
    pub turn: u8,
    /// Whether it is for a way round: over what only makes debts smaller.
    #[serde(default, skip_serializing_if = "is_not")]
    pub round: bool,
    /// How much is to arrive.
    pub amount: Positive,
    /// The way from the tally to the payee.
    pub plan: Plan,
    /// Over how many tallies between sites it may have gone at the end, this one included.
    pub depth: Depth,
    /// How many adverts it may cause, itself included.
    pub budget: Budget,
    /// One mark of each site that it has come through, as in a query: the same site has the same mark in both, so that
    /// no way goes through one site twice.
    pub trail: List<Hash, { MOST_DEPTH as usize }>,
}
record!(Advert, "advert", 1, outside: []);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

impl Advert {
    /// Whether the record keeps the rules that its members have with each other.
    ///
    /// # Errors
    /// [`QueryFault`] names the first that is broken.
    pub fn check(&self) -> Result<(), QueryFault> {
        self.plan.check()?;
        if self.turn >= MOST_TURNS {
            return Err(QueryFault::Turn);
        }
        check_trail(&self.trail, self.depth)
    }
}

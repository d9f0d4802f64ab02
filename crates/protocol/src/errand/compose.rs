//! Laying a lift out along a plan, before there is a record: each site on the way says which key it takes part with,
//! and adds the leaves of what it moves. Only a token tells it which plan is meant; that it was once answered is all
//! that it binds itself to: it may still refuse the lift.

use serde::{Deserialize, Serialize};

use crate::bounded::List;
use crate::chit::Positive;
use crate::lift::{MAX_PARTICIPANTS, Reason};
use crate::participant::MAX_BRANCHES;
use crate::record::record;
use crate::{Hash, PublicKey};

/// From a site to its partner's: lay out a lift along the plan that you answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Compose {
    /// The plan's ([`crate::query::Plan::token`]).
    pub token: Hash,
    /// The nonce of the lift that is to be.
    pub nonce: Hash,
    /// How much is to arrive where the plan leads.
    pub amount: Positive,
    /// The most that may come in over the tally.
    pub most: Positive,
}
record!(Compose, "compose", 1, outside: []);

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Composed {
    /// The plan's token, …
    pub token: Hash,
    /// … and the lift's nonce, as in the question.
    pub nonce: Hash,
    /// What is answered.
    pub drawn: Drawn,
}
record!(Composed, "composed", 1, outside: []);

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drawn {
    /// The lift beyond the tally.
    Laid(Laid),
    /// It cannot be laid out like that, not any more.
    Refused(Reason),
}

/// A lift as far as it goes from one tally on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Laid {
    /// How much has to come in over the tally, exactly.
    pub enters: Positive,
    /// The keys of those who take part from there on, in order.
    pub participants: List<PublicKey, MAX_PARTICIPANTS>,
    /// The leaves of what they move, in order: the leg over the tally itself among them.
    pub branches: List<Hash, MAX_BRANCHES>,
}

impl Laid {
    /// Whether keys and leaves are in order, each once, and there is one of each.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        let keys = self.participants.is_sorted_by(|a, b| a < b) && !self.participants.is_empty();
        keys && self.branches.is_sorted_by(|a, b| a < b) && !self.branches.is_empty()
    }
}

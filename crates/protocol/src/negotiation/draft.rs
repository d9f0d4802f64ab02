//! What two users negotiate: the wording of a tally, apart from who they are; and how two wordings
//! differ, for people to see before they sign.

use serde::{Deserialize, Serialize};

use crate::bounded::{Prose, Word};
use crate::side::Side;
use crate::tally::{Agree, MAX_MEMO_BYTES, Members};
use crate::terms::{Term, Terms};
use crate::{ContractId, Tally, Timestamp, Units};

/// The wording of a tally: all that is negotiated, whether or not the partner is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Until when an offer of it may be accepted.
    pub expires: Option<Timestamp>,
    /// A word to the partner.
    pub memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// The contract.
    pub agree: Agree,
    /// What the holder grants the partner.
    pub holder: Terms,
    /// What the partner is to grant the holder.
    pub partner: Terms,
}

/// A way in which one wording differs from the one before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// The most that the holder of a side grants its partner to owe.
    Limit {
        /// Who grants it.
        by: Side,
        /// Before.
        before: Units,
        /// Now.
        after: Units,
    },
    /// A term that is read by people and contract.
    Term {
        /// Who grants it.
        by: Side,
        /// Its name.
        name: Word,
        /// Before; none where it is new.
        before: Option<Term>,
        /// Now; none where it is gone.
        after: Option<Term>,
    },
    /// The contract itself.
    Contract {
        /// Before.
        before: ContractId,
        /// Now.
        after: ContractId,
    },
    /// The word to the partner, or where the contract is published.
    Words,
    /// Until when the offer may be accepted.
    Expires {
        /// Before.
        before: Option<Timestamp>,
        /// Now.
        after: Option<Timestamp>,
    },
}

impl Draft {
    /// The wording of a tally, seen by the user on `side`.
    #[must_use]
    pub fn of(tally: &Tally, side: Side) -> Self {
        let Members { expires, memo, agree, .. } = tally.members();
        let half = tally.half(side);
        Self {
            expires: *expires,
            memo: memo.clone(),
            agree: agree.clone(),
            holder: half.holder().terms.clone(),
            partner: half.partner().terms.clone(),
        }
    }

    /// How `after` differs from this wording, what is owed first; `holder` is the side of the user
    /// whose wordings these are.
    #[must_use]
    pub fn differences(&self, after: &Self, holder: Side) -> Vec<Difference> {
        let mut found = Vec::new();
        in_terms(&self.holder, &after.holder, holder, &mut found);
        in_terms(&self.partner, &after.partner, holder.other(), &mut found);
        if self.agree.rid != after.agree.rid {
            let (before, after) = (self.agree.rid, after.agree.rid);
            found.push(Difference::Contract { before, after });
        }
        let published = |draft: &Self| (draft.agree.host.clone(), draft.agree.name.clone());
        if self.memo != after.memo || published(self) != published(after) {
            found.push(Difference::Words);
        }
        if self.expires != after.expires {
            found.push(Difference::Expires { before: self.expires, after: after.expires });
        }
        found
    }
}

fn in_terms(before: &Terms, after: &Terms, by: Side, found: &mut Vec<Difference>) {
    if before.limit() != after.limit() {
        found.push(Difference::Limit { by, before: before.limit(), after: after.limit() });
    }
    let (before, after) = (before.others(), after.others());
    let new = after.keys().filter(|name| !before.contains_key(name));
    for name in before.keys().chain(new) {
        let (old, new) = (before.get(name).cloned(), after.get(name).cloned());
        if old != new {
            found.push(Difference::Term { by, name: name.clone(), before: old, after: new });
        }
    }
}

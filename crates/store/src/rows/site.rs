//! What the site knows about itself; contracts, invites, dictionary words; sums over everything.

use std::collections::BTreeMap;

use protocol::{AgentId, ContractId, Cuid, Hash, Timestamp};

/// Who the site is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founded {
    /// Its agent.
    pub agent: AgentId,
    /// When it was set up.
    pub at: Timestamp,
}

/// What a store knows about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The schema's number.
    pub schema: u64,
    /// Whose store it is; none before the site was set up.
    pub founded: Option<Founded>,
    /// Counts the restorations from a backup.
    pub epoch: u64,
}

/// A contract's text, kept by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Its name: the hash of the rest.
    pub rid: ContractId,
    /// Canonical JSON.
    pub text: String,
    /// When it was added.
    pub at: Timestamp,
}

/// An invitation that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The hash of its token: the token itself is not kept.
    pub token: Hash,
    /// Who invites.
    pub holder: Cuid,
    /// What is offered: JSON.
    pub text: String,
    /// Until when; none: for ever.
    pub expires: Option<Timestamp>,
    /// How often it can still be used; none: without limit.
    pub uses_left: Option<u64>,
}

/// Words of the data dictionary for a view, a column of it, or a value in that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// `en`, `es`, …
    pub language: String,
    /// The view.
    pub view: String,
    /// The column; empty for the view itself.
    pub column: String,
    /// The value; empty for the column itself.
    pub value: String,
    /// What people see.
    pub title: String,
    /// A sentence or two of help.
    pub help: String,
}

/// Counts and sums over the whole site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Users.
    pub users: u64,
    /// Halves by status.
    pub halves: BTreeMap<String, u64>,
    /// Links, by the heads of the chains.
    pub links: u64,
    /// Letters that wait.
    pub letters: u64,
    /// Lifts by status.
    pub lifts: BTreeMap<String, u64>,
    /// The sum of all balances, in milli-CHIPs: zero where both halves of every tally are here and
    /// agree.
    pub balance: i128,
    /// The sum of the positive balances, in milli-CHIPs: what users of this site are owed.
    pub owed: i128,
    /// Halves with a ledger that were restored, and whose partners' have not answered.
    pub asking: u64,
    /// Halves with a ledger that were restored, and whose holders' devices have not been heard.
    pub unheard: u64,
}

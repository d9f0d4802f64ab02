//! What is told about a circulation that is kept: pairs as they stand, and what a change moved.

use protocol::Units;

/// What one pair owes and how much of that is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who owes.
    pub debtor: u32,
    /// Who is owed.
    pub creditor: u32,
    /// How much, above zero.
    pub owed: Units,
    /// How much of it the circulation clears.
    pub cleared: Units,
}

/// A pair of which another amount is cleared since the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Who owes.
    pub debtor: u32,
    /// Who is owed.
    pub creditor: u32,
    /// What was cleared before.
    pub before: Units,
    /// What is cleared now; another amount.
    pub after: Units,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// By how much more is cleared in all, in milli-CHIPs; below zero where it is less.
    pub gained: i128,
    /// Every pair of which another amount is cleared, by debtor and creditor.
    pub moved: Vec<Moved>,
    /// Over how many ways value was moved.
    pub ways: u32,
    /// How often participants were looked at: what the change cost.
    pub looks: u64,
}

//! What must hold, by name; and that it did not.

use std::fmt;

/// What the auditor holds a network to, from the text of the protocol (sections 4, 5, 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Nobody owes, and nothing is set, by anything but that user's own signature.
    OwnSignature,
    /// The chain is one: it begins at the signed tally, and each link commits to the one before, its
    /// index and its chit.
    Chain,
    /// No chit stands twice on a chain, and no two have one name.
    Once,
    /// A half's balance is the sum of what its chain says.
    Balance,
    /// What stands in the foil's order at the stock stands so at the foil.
    Order,
    /// Of a user's settings on a chain those with the highest counter are in force.
    Settings,
    /// A tally goes only the ways that it may go through its life.
    Status,
    /// A half is closed only at zero, with what its partner has.
    Closed,
    /// An open half rests on what both users signed, and no two halves on different tallies of one revision.
    Agreement,
    /// A user's own site lets it owe no more than its partner granted, unless the user says so.
    Limit,
    /// What a user was told is done is there, as long as its site did not go back.
    Kept,
    /// A letter leaves the outbox only when its agent took it or refused it, or another took its place.
    Outbox,
    /// What is forged or garbled is refused.
    Forged,
    /// No command, round or reminder fails on a sound disk.
    Works,
    /// Once faults stop, there is an end to what has to be said: nothing is on its way for ever.
    Finish,
    /// In the end both halves have the same chits in one order, opposite balances and one status; the same invoices that
    /// have not expired, and the same offer on the table.
    Same,
    /// In the end everything that any user was told is done is at both halves, whatever was restored.
    Present,
    /// In the end every site's own doctor finds it well.
    Doctor,
    /// No theft: nobody ends a lift with less than it signed for: a payer gives no more than it allowed, and only
    /// where it signed; a payee gets what was signed; everybody between is made whole. What a site promises, with all
    /// else that is open, keeps within what both users signed, judged where its half stood then.
    Theft,
    /// A lift that clears makes debts smaller and nothing else, and nobody ends it with less. What is promised for it, with
    /// all else that is open, is owed.
    Clears,
    /// Atomicity: no two sites have opposite outcomes of one lift, and a site applies all of a lift here or nothing.
    Atomic,
    /// No lonely timeout: what a promise set aside is there until a certificate says how the lift ends.
    Aside,
    /// Proof: a certificate is signed by as many referees as the lift asks for, with what made it possible; and a lift's
    /// chit is on a chain only where the lift is valid and both sites have promised this leg.
    Proof,
    /// A payment is made at most once under its name.
    PaidOnce,
    /// Whom a site has proof against did lie.
    Slander,
    /// In the end every leg of a valid lift is at both halves.
    Whole,
    /// In the end lifts whose referees live are decided, and nothing is set aside for them.
    Ends,
    /// Privacy: a site hears and keeps nothing that names a user, agent, tally, address, payment or key which is none
    /// of its business, speaks to no stranger, and nothing joins two searches.
    Private,
    /// No key and no nonce is in two lifts.
    Fresh,
    /// Of a referee that said two contradictory things, or a site that promised one lift twice, whoever holds both has the proof.
    Named,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::OwnSignature,
        Self::Chain,
        Self::Once,
        Self::Balance,
        Self::Order,
        Self::Settings,
        Self::Status,
        Self::Closed,
        Self::Agreement,
        Self::Limit,
        Self::Kept,
        Self::Outbox,
        Self::Forged,
        Self::Works,
        Self::Finish,
        Self::Same,
        Self::Present,
        Self::Doctor,
        Self::Theft,
        Self::Clears,
        Self::Atomic,
        Self::Aside,
        Self::Proof,
        Self::PaidOnce,
        Self::Slander,
        Self::Whole,
        Self::Ends,
        Self::Private,
        Self::Fresh,
        Self::Named,
    ];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OwnSignature => "own-signature",
            Self::Chain => "chain",
            Self::Once => "once",
            Self::Balance => "balance",
            Self::Order => "order",
            Self::Settings => "settings",
            Self::Status => "status",
            Self::Closed => "closed",
            Self::Agreement => "agreement",
            Self::Limit => "limit",
            Self::Kept => "kept",
            Self::Outbox => "outbox",
            Self::Forged => "forged",
            Self::Works => "works",
            Self::Finish => "finish",
            Self::Same => "same",
            Self::Present => "present",
            Self::Doctor => "doctor",
            Self::Theft => "theft",
            Self::Clears => "clears",
            Self::Atomic => "atomic",
            Self::Aside => "aside",
            Self::Proof => "proof",
            Self::PaidOnce => "paid-once",
            Self::Slander => "slander",
            Self::Whole => "whole",
            Self::Ends => "ends",
            Self::Private => "private",
            Self::Fresh => "fresh",
            Self::Named => "named",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) invariant: Invariant,
    pub(super) what: String,
    /// Short names of what it is about: lines of the trace that name them are shown.
    pub(super) names: Vec<String>,
}

/// What a part of a simulation gives.
pub(super) type Sim<T> = Result<T, Broken>;

impl Broken {
    pub(super) const fn new(invariant: Invariant, what: String) -> Self {
        Self { invariant, what, names: Vec::new() }
    }

    pub(super) fn about(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// The harness itself could not do what it always can.
    pub(super) fn harness(what: &str) -> Self {
        Self::new(Invariant::Works, format!("the simulation itself: {what}"))
    }
}

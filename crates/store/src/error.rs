//! `StoreError`: what went wrong, to which row, and what to do about it.
//! How the databases' own codes map to these is in `sql/fault.rs`.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// A kind of row, in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A [`crate::User`].
    User,
    /// A [`crate::Half`] of a tally.
    Half,
    /// A half's [`crate::Negotiation`].
    Negotiation,
    /// A [`crate::LinkRow`] of a half's chain.
    Link,
    /// A [`crate::Letter`] of the outbox.
    Letter,
    /// An [`crate::Event`].
    Event,
    /// A [`crate::CommandResult`].
    Result,
    /// A [`crate::Contract`].
    Contract,
    /// An [`crate::Invite`].
    Invite,
    /// An [`crate::InvoiceRow`].
    Invoice,
    /// A [`crate::Lift`].
    Lift,
    /// A [`crate::LiftLeg`].
    Leg,
    /// A [`crate::LiftPart`].
    Part,
    /// A [`crate::Case`].
    Case,
    /// A [`crate::Proof`].
    Proof,
    /// A [`crate::Payment`].
    Payment,
    /// A [`crate::Word`] of the data dictionary.
    Word,
    /// A setting of the site, or what it knows about itself.
    Setting,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "user",
            Self::Half => "half of a tally",
            Self::Negotiation => "negotiation",
            Self::Link => "link",
            Self::Letter => "letter",
            Self::Event => "event",
            Self::Result => "command result",
            Self::Contract => "contract",
            Self::Invite => "invite",
            Self::Invoice => "invoice",
            Self::Lift => "lift",
            Self::Leg => "leg of a lift",
            Self::Part => "part in a lift",
            Self::Case => "case",
            Self::Proof => "proof",
            Self::Payment => "payment",
            Self::Word => "dictionary word",
            Self::Setting => "setting",
        })
    }
}

/// Why the store did not do what it was asked.
///
/// After any error from a method of [`crate::Tx`] nothing of that transaction is kept, whatever
/// the caller does next: it can only be rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another transaction was in the way. Nothing was kept: load, decide and commit again.
    #[error("another transaction was in the way ({why}); nothing was kept, try again")]
    Again {
        /// The database's own words.
        why: String,
    },
    /// A half was changed by somebody else since it was read. Load, decide and commit again.
    #[error("half {half} was changed since it was read; nothing was kept, try again")]
    Stale {
        /// The first such half, as far as known.
        half: i64,
    },
    /// A row with this name exists.
    #[error("there is already a {kind} named {which}")]
    Duplicate {
        /// What it would have been.
        kind: Kind,
        /// Its name, or the names of those written with it.
        which: String,
    },
    /// A row refers to one that is not kept, or a row to change does not exist.
    #[error("{kind} {which}: it, or what it belongs to, is not in the store")]
    Missing {
        /// The row that was to be written.
        kind: Kind,
        /// Its name, or the names of those written with it.
        which: String,
    },
    /// Links must follow each other without a gap.
    #[error("half {half}: link {found} cannot follow link {after}")]
    Gap {
        /// The half.
        half: i64,
        /// The index that the new link was to follow.
        after: u64,
        /// The index of the new link.
        found: u64,
    },
    /// A number beyond what a column holds, or a text with a NUL character.
    #[error("{kind} {which}: {reason}")]
    Unfit {
        /// The row that was to be written.
        kind: Kind,
        /// Its name.
        which: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A transaction that has met an error cannot be committed.
    #[error("an earlier step of this transaction failed; nothing of it was kept")]
    Broken,
    /// A row cannot be read back: it was damaged, or written by other hands.
    #[error(
        "a {kind} in the store cannot be read: {reason}; run `mychips doctor`, restore a backup"
    )]
    Malformed {
        /// What row.
        kind: Kind,
        /// Which column and why.
        reason: String,
    },
    /// No room left.
    #[error("the disk is full; nothing was kept: free some space, then go on")]
    DiskFull,
    /// The database may only be read.
    #[error("the database is read-only ({why}); nothing was kept: make it writable, then go on")]
    ReadOnly {
        /// The database's own words.
        why: String,
    },
    /// The file is damaged.
    #[error("the database is damaged ({why}); stop, keep a copy of it, restore a backup")]
    Corrupt {
        /// The database's own words.
        why: String,
    },
    /// No connection to the database, or it was lost. Nothing was kept.
    #[error("no connection to the database ({why}); see that it runs, then try again")]
    Gone {
        /// What the network or the database said.
        why: String,
    },
    /// The connection was lost while committing: all of it was kept, or nothing.
    #[error(
        "the connection was lost while committing ({why}); all of it was kept or nothing: ask \
         again under the same id"
    )]
    CommitUnknown {
        /// What the network or the database said.
        why: String,
    },
    /// The file or the database cannot be opened.
    #[error("cannot open {place}: {why}")]
    CannotOpen {
        /// The file, or the database without its password.
        place: String,
        /// The database's own words.
        why: String,
    },
    /// A database of some other program.
    #[error("{place} is not a MyCHIPs store ({why}); nothing in it was touched: name another")]
    NotOurs {
        /// The file, or the database without its password.
        place: String,
        /// What was seen there.
        why: String,
    },
    /// Written by a newer program.
    #[error(
        "the store has schema {found}, this program knows schema {known} and older; nothing was \
         touched: use the newer program"
    )]
    NewerSchema {
        /// The store's schema.
        found: u64,
        /// The newest that this program knows.
        known: u64,
    },
    /// The database is set up so that it may forget what it said it kept.
    #[error(
        "{setting} is {found}, and must be {needed} or what was kept could be forgotten; nothing was \
         touched: change that setting of the database, then go on"
    )]
    WeakDurability {
        /// The database's setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// The value that is safe.
        needed: &'static str,
    },
    /// A database server that is too old.
    #[error("PostgreSQL {found} is too old: version 15 or newer is needed")]
    OldServer {
        /// Its version.
        found: String,
    },
    /// What this kind of store cannot do.
    #[error("{what}: {instead}")]
    Unsupported {
        /// What was asked.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A backup is never written over a file.
    #[error("{} exists: name a file that does not", .0.display())]
    Exists(PathBuf),
    /// Anything else that the database said.
    #[error("the database refused: {why}")]
    Database {
        /// Its own words.
        why: String,
    },
}

impl StoreError {
    /// Whether the same work, loaded and decided anew, may well succeed at once.
    #[must_use]
    pub const fn is_again(&self) -> bool {
        matches!(self, Self::Again { .. } | Self::Stale { .. })
    }
}

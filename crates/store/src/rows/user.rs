//! `User`: whom the site hosts.

use std::collections::BTreeSet;

use protocol::{Cuid, Timestamp};

/// A type with a fixed set of words, as they are kept and shown.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that is kept and shown.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one with this word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }
    };
}
pub(crate) use word;

word! {
    /// What a user is.
    UserKind {
        /// A human being.
        Person = "person",
        /// A firm, a club, a household.
        Organisation = "organisation",
    }
}

word! {
    /// Whether a user may act at this site.
    UserStatus {
        /// It may.
        Active = "active",
        /// An administrator suspended it: its tallies stay, it can start nothing.
        Suspended = "suspended",
    }
}

/// A user that this site hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name at this site; never changes.
    pub cuid: Cuid,
    /// What it is.
    pub kind: UserKind,
    /// How people call it.
    pub name: String,
    /// Its cert, signed by itself: canonical JSON. None until it connected.
    pub cert: Option<String>,
    /// The public key it signs with now: JWK. None until it connected.
    pub key: Option<String>,
    /// Whether it may act.
    pub status: UserStatus,
    /// When it was added.
    pub created: Timestamp,
    /// The groups it belongs to; a group is named like a user.
    pub groups: BTreeSet<Cuid>,
}

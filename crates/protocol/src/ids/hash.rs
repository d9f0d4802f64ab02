//! `Hash`, and the ids that are hashes of records: `LiftId`, `ContractId`.
//! Ids that somebody chose are in `uuids.rs`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::base64url::{self, Base64UrlError};
use crate::text::serde_as_text;

/// Why a text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("hash: {0}")]
pub struct HashError(#[from] Base64UrlError);

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From its 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&base64url::encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HashError;

            fn from_str(text: &str) -> Result<Self, HashError> {
                Ok(Self(base64url::decode(text)?))
            }
        }

        serde_as_text!($name);
    };
}

hash_type! {
    /// SHA-256 of some bytes; of a record, of its canonical form ([`crate::Record::hash`]).
    ///
    /// Written as 43 characters of base64url without padding. An id that is a hash has a type of its
    /// own ([`LiftId`], [`ContractId`]): a `Hash` says what bytes were, not what thing they name.
    Hash
}

hash_type! {
    /// A lift's name: the hash of its record, so nobody can choose or reuse one (protocol §7).
    LiftId
}

hash_type! {
    /// A contract's name, its `rid`: the hash of the rest of its record (protocol §3).
    ContractId
}

impl Hash {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        Self(hash)
    }
}

/// SHA-256 of bytes that come piece by piece, as those of a large file.
pub struct Hashing(aws_lc_rs::digest::Context);

impl Hashing {
    /// Of nothing yet.
    #[must_use]
    pub fn begin() -> Self {
        Self(aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256))
    }

    /// Some more bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all of them.
    #[must_use]
    pub fn end(self) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        Hash(hash)
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashing")
    }
}

impl From<Hash> for LiftId {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl From<Hash> for ContractId {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

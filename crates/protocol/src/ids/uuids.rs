//! Ids that somebody chose at random: `TallyId`, `ChitId`, `PaymentId`.
//! Ids that follow from a record's bytes are in `hash.rs`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::{Builder, Uuid};

use crate::text::serde_as_text;

/// Why a text is no UUID of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UuidError {
    /// Not 36 characters of the form `8-4-4-4-12`.
    #[error("not a UUID of the form 01234567-89ab-4cde-8f01-23456789abcd")]
    Form,
    /// A UUID, but with capital letters: a record has one spelling.
    #[error("UUID must be written in small letters")]
    Capitals,
}

fn parse(text: &str) -> Result<Uuid, UuidError> {
    if text.len() != 36 {
        return Err(UuidError::Form);
    }
    let uuid = Uuid::try_parse(text).map_err(|_| UuidError::Form)?;
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(UuidError::Capitals);
    }
    Ok(uuid)
}

macro_rules! uuid_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A random (version 4) UUID from 16 random bytes that the caller brings.
            pub const fn random(bytes: [u8; 16]) -> Self {
                Self(Builder::from_random_bytes(bytes).into_uuid())
            }

            /// A UUID that is a function of other things (version 8), from 16 bytes of their hash.
            pub const fn derived(bytes: [u8; 16]) -> Self {
                Self(Builder::from_custom_bytes(bytes).into_uuid())
            }

            /// Its 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = UuidError;

            fn from_str(text: &str) -> Result<Self, UuidError> {
                parse(text).map(Self)
            }
        }

        serde_as_text!($name);
    };
}

uuid_type! {
    /// A tally's name, the same at both halves; chosen by whoever drafts it.
    ///
    /// Unlike a [`ChitId`] it names a ledger, not an entry of one.
    TallyId
}

uuid_type! {
    /// A chit's name, the same at both halves of its tally; chosen by whoever proposes it, or derived
    /// from the lift and the tally.
    ///
    /// Unlike a [`TallyId`] it names one entry, and only within its tally.
    ChitId
}

uuid_type! {
    /// A payment's name, chosen by the payer: under one name it is paid once, however often it is
    /// tried.
    ///
    /// A [`crate::LiftId`] names one try.
    PaymentId
}

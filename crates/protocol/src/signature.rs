//! Signatures over records, and `Verified`: a record whose every due signature was checked.
//! The keys are in `key/`.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use thiserror::Error;

use crate::base64url::{self, Base64UrlError};
use crate::json::JsonError;
use crate::key::PublicKey;
use crate::record::Record;
use crate::text::serde_as_text;

/// A signature by either kind of key: 64 bytes, written as base64url without padding.
///
/// ES256 is raw r‖s, each 32 bytes big-endian, as WebCrypto makes it; EdDSA is as in RFC 8032. A
/// valid signature does not have one form only (ES256 has two), so it never names a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

/// Why a text is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("signature: {0}")]
pub struct SignatureError(#[from] Base64UrlError);

impl Signature {
    /// From its 64 bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        Ok(Self(base64url::decode(text)?))
    }
}

serde_as_text!(Signature);

/// Why a record's signatures do not make it good. `by` names whose signature is meant, in the words
/// of the record: `stock`, `foil`, `holder`, …
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureFault {
    /// A signature that is due is not there.
    #[error("the signature of {by} is missing")]
    Missing {
        /// Whose.
        by: &'static str,
    },
    /// A signature does not fit record and key.
    #[error("the signature of {by} does not fit the record and the key")]
    Wrong {
        /// Whose.
        by: &'static str,
    },
    /// A hash kept in the record is not that of its canonical form.
    #[error("{member} is not the hash of the record")]
    Hash {
        /// The member that holds the hash.
        member: &'static str,
    },
    /// The record has no canonical form.
    #[error("the record has no canonical form: {0}")]
    Record(#[from] JsonError),
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// The record has no canonical form.
    #[error("the record has no canonical form: {0}")]
    Record(#[from] JsonError),
    /// The holder of the key, a device or a person, did not sign.
    #[error("not signed: {reason}")]
    Refused {
        /// Why, in the signer's words.
        reason: String,
    },
}

/// Whoever can sign: a [`crate::SecretKey`], a hardware token, a browser, a person's phone.
pub trait Signer {
    /// The key that verifies what this signs.
    fn public_key(&self) -> PublicKey;

    /// A signature over `message`, which is a record's canonical text.
    ///
    /// # Errors
    /// [`SignError::Refused`] where the signer cannot or will not.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;
}

/// A record with a rule about whose signatures make it good.
pub trait Signed: Record {
    /// The keys that the rule needs and that are not in the record itself; `()` where none are.
    type Keys: ?Sized;

    /// Checks every signature that is due.
    ///
    /// # Errors
    /// [`SignatureFault`] names the first that is missing or wrong.
    fn check_signatures(&self, keys: &Self::Keys) -> Result<(), SignatureFault>;
}

/// A record whose every due signature was checked; there is no other way to make one.
///
/// State machines take their records in this form, so that none of them can forget to check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verified<T>(T);

impl<T: Signed> Verified<T> {
    /// Checks every signature due on `record`.
    ///
    /// # Errors
    /// [`SignatureFault`] names the first that is missing or wrong.
    pub fn check(record: T, keys: &T::Keys) -> Result<Self, SignatureFault> {
        record.check_signatures(keys)?;
        Ok(Self(record))
    }
}

impl<T> Verified<T> {
    /// The record; from here on a plain one again.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

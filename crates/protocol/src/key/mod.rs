//! Keys: public ones of both kinds, and how they verify; `good.rs` remembers which are usable, `proved.rs` which signatures are
//! good. Their JSON form (JWK) is in `jwk.rs`, secret keys and signing in `secret.rs`, secret keys locked with a passphrase in
//! `sealed.rs`.

mod good;
mod jwk;
mod proved;
mod sealed;
mod secret;

pub use sealed::{MAX_SEALED_BYTES, MIN_PASSPHRASE, SealError, SealingChance};
pub use secret::SecretKey;

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use thiserror::Error;

use crate::signature::Signature;

/// A public key: ECDSA P-256 (signing ES256) or Ed25519 (signing EdDSA). Always a usable one.
///
/// In records a JWK with the members that the kind needs and no others:
/// `{"kty":"EC","crv":"P-256","x":…,"y":…}` or `{"kty":"OKP","crv":"Ed25519","x":…}`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(Kind);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    P256 { x: [u8; 32], y: [u8; 32] },
    Ed25519([u8; 32]),
}

/// Why something is no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not a JSON object of the right shape.
    #[error("key: {0}")]
    Json(#[from] crate::json::JsonError),
    /// A kind of key that is not signed with here.
    #[error("key of type {kty:?} on curve {crv:?}; only EC P-256 and OKP Ed25519 are known")]
    OtherKind {
        /// The member `kty`.
        kty: String,
        /// The member `crv`.
        crv: String,
    },
    /// A member that the kind of key needs is missing.
    #[error("key lacks its member {member:?}")]
    Missing {
        /// Which.
        member: &'static str,
    },
    /// A member that the kind of key does not have.
    #[error("this kind of key has no member {member:?}")]
    Unexpected {
        /// Which.
        member: &'static str,
    },
    /// A member is not 32 bytes of base64url.
    #[error("key's member {member:?}: {reason}")]
    Member {
        /// Which.
        member: &'static str,
        /// What is wrong with it.
        reason: crate::base64url::Base64UrlError,
    },
    /// No point of the curve, or not in its one spelling.
    #[error("key is not a point of its curve")]
    NotOnCurve,
    /// A point of small order: signatures by it prove nothing.
    #[error("key is weak: anybody could sign for it")]
    Weak,
    /// The secret number is zero or not below the order of the curve: draw other bytes.
    #[error("these bytes are no secret key of this kind")]
    NotASecret,
    /// The public members are not those of the secret one.
    #[error("public and secret part of the key do not belong together")]
    Mismatch,
    /// A secret key where a public one was asked for; it should not be shown.
    #[error("this is a secret key; give only its public part")]
    Secret,
}

impl PublicKey {
    /// The P-256 key at the point (x, y), each big-endian.
    ///
    /// # Errors
    /// [`KeyError::NotOnCurve`] where there is no such point.
    pub fn p256(x: [u8; 32], y: [u8; 32]) -> Result<Self, KeyError> {
        Self(Kind::P256 { x, y }).if_good(|| {
            let point = p256::PublicKey::from_sec1_bytes(&sec1(&x, &y));
            point.map(drop).map_err(|_| KeyError::NotOnCurve)
        })
    }

    /// The Ed25519 key of these 32 bytes (RFC 8032).
    ///
    /// # Errors
    /// [`KeyError::NotOnCurve`], also for a second spelling of a point; [`KeyError::Weak`].
    pub fn ed25519(bytes: [u8; 32]) -> Result<Self, KeyError> {
        Self(Kind::Ed25519(bytes)).if_good(|| {
            let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes);
            let key = key.map_err(|_| KeyError::NotOnCurve)?;
            if key.is_weak() {
                return Err(KeyError::Weak);
            }
            if key.to_edwards().compress().to_bytes() != bytes {
                return Err(KeyError::NotOnCurve);
            }
            Ok(())
        })
    }

    /// The key of an agent id, which was checked when that was made.
    pub(crate) const fn from_agent(bytes: [u8; 32]) -> Self {
        Self(Kind::Ed25519(bytes))
    }

    /// The bytes of an Ed25519 key; none for the other kind.
    pub const fn ed25519_bytes(&self) -> Option<[u8; 32]> {
        match self.0 {
            Kind::Ed25519(bytes) => Some(bytes),
            Kind::P256 { .. } => None,
        }
    }

    /// The bytes of its member `x`.
    const fn x(&self) -> &[u8; 32] {
        let (Kind::P256 { x, .. } | Kind::Ed25519(x)) = &self.0;
        x
    }

    /// The algorithm's name: `ES256` or `EdDSA`.
    pub const fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::P256 { .. } => "ES256",
            Kind::Ed25519(_) => "EdDSA",
        }
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.if_proved(message, signature, || match &self.0 {
            Kind::P256 { x, y } => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, sec1(x, y))
                .verify(message, signature.as_bytes())
                .is_ok(),
            Kind::Ed25519(bytes) => {
                let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
                ed25519_dalek::VerifyingKey::from_bytes(bytes)
                    .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
            }
        })
    }
}

/// The uncompressed point of SEC 1.
fn sec1(x: &[u8; 32], y: &[u8; 32]) -> [u8; 65] {
    let mut point = [4; 65];
    point[1..33].copy_from_slice(x);
    point[33..].copy_from_slice(y);
    point
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm(), crate::base64url::encode(self.x()))
    }
}

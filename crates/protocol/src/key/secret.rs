//! Secret keys: made from bytes that the caller drew, and signing with them.
//! Their public halves are in `mod.rs`, their JSON form in `jwk.rs`.

use std::fmt;

use ed25519_dalek::Signer as _;

use super::{KeyError, Kind, PublicKey};
use crate::signature::{SignError, Signature, Signer};

/// A secret key of either kind. Prints nothing of itself; wiped from memory when dropped.
///
/// Signing is deterministic (RFC 6979, RFC 8032): it needs no randomness, and the same record
/// signed twice gives the same signature.
#[derive(Clone)]
pub struct SecretKey(Secret);

#[derive(Clone)]
enum Secret {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// Both kinds wipe themselves when dropped; a release that stops doing so does not compile here.
const _: () = {
    const fn wiped_when_dropped<T: zeroize::ZeroizeOnDrop>() {}
    wiped_when_dropped::<p256::ecdsa::SigningKey>();
    wiped_when_dropped::<ed25519_dalek::SigningKey>();
};

impl SecretKey {
    /// The P-256 key of 32 random bytes.
    ///
    /// # Errors
    /// [`KeyError::NotASecret`] for about one in 2^32 drawings: draw again.
    pub fn p256(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| KeyError::NotASecret)?;
        Ok(Self(Secret::P256(key)))
    }

    /// The Ed25519 key of 32 random bytes.
    pub fn ed25519(bytes: &[u8; 32]) -> Self {
        Self(Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(bytes)))
    }

    /// The secret bytes, for the JWK.
    pub(super) fn expose(&self) -> zeroize::Zeroizing<[u8; 32]> {
        match &self.0 {
            Secret::P256(key) => zeroize::Zeroizing::new(key.to_bytes().into()),
            Secret::Ed25519(key) => zeroize::Zeroizing::new(key.to_bytes()),
        }
    }
}

impl Signer for SecretKey {
    fn public_key(&self) -> PublicKey {
        match &self.0 {
            Secret::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let half = |from: usize| {
                    let mut half = [0; 32];
                    half.copy_from_slice(&point.as_bytes()[from..from + 32]);
                    half
                };
                PublicKey(Kind::P256 { x: half(1), y: half(33) })
            }
            Secret::Ed25519(key) => PublicKey(Kind::Ed25519(key.verifying_key().to_bytes())),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let refused =
            |error: ed25519_dalek::SignatureError| SignError::Refused { reason: error.to_string() };
        let bytes = match &self.0 {
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(refused)?;
                signature.to_bytes().into()
            }
            Secret::Ed25519(key) => key.try_sign(message).map_err(refused)?.to_bytes(),
        };
        Ok(Signature::from_bytes(bytes))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, not shown)", self.public_key().algorithm())
    }
}

//! A secret key locked with a passphrase, to be kept or carried: JWE (RFC 7516) in its compact form,
//! `PBES2-HS512+A256KW` and `A256GCM` (RFC 7518). Any program for JOSE opens it.

use std::num::NonZeroU32;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::pbkdf2;
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{KeyError, SecretKey};
use crate::{Cuid, base64url};

/// How a key is locked here.
const ALGORITHM: &str = "PBES2-HS512+A256KW";
/// How its text is encrypted.
const ENCRYPTION: &str = "A256GCM";
/// What is inside.
const CONTENT: &str = "jwk+json";

/// How many rounds the passphrase goes through: some tenths of a second for whoever knows it, and
/// as much for each guess.
const ROUNDS: u32 = 600_000;

/// The most rounds that a file may ask for: some seconds. More is a trap.
const MAX_ROUNDS: u32 = 10_000_000;

/// The most bytes of a locked key: many times what one takes.
pub const MAX_SEALED_BYTES: usize = 16 * 1024;

/// The fewest characters of a passphrase for a new file: a short one is found by trying.
pub const MIN_PASSPHRASE: usize = 8;

/// Random bytes for one locked key; never for two.
#[derive(Debug)]
pub struct SealingChance {
    /// The salt.
    pub salt: [u8; 16],
    /// The key of the content.
    pub content_key: [u8; 32],
    /// The nonce.
    pub nonce: [u8; 12],
}

/// Why a locked key is not made or opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// Too short to keep anybody out.
    #[error("the passphrase has fewer than {MIN_PASSPHRASE} characters")]
    Short,
    /// Another kind of file, or cut off.
    #[error("this is no locked key: {0}")]
    Form(&'static str),
    /// Locked in a way that is not known here.
    #[error("the key is locked in a way that is not known here: {0}")]
    Other(&'static str),
    /// The passphrase does not open it.
    #[error("the passphrase does not open it, or the file was changed")]
    Passphrase,
    /// The passphrase opens it, but what is inside was changed.
    #[error("the file was changed after it was locked")]
    Damaged,
    /// What is inside is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The protected header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(rename = "cty")]
    _cty: Option<String>,
    enc: String,
    kid: Option<Cuid>,
    p2c: u32,
    p2s: String,
}

impl SecretKey {
    /// This key of a user, locked with a passphrase. The user's name stands outside, to be read by
    /// everybody and changed by nobody.
    ///
    /// # Errors
    /// [`SealError::Short`].
    pub fn seal(
        &self,
        user: &Cuid,
        passphrase: &str,
        chance: &SealingChance,
    ) -> Result<String, SealError> {
        if passphrase.chars().count() < MIN_PASSPHRASE {
            return Err(SealError::Short);
        }
        let salt = base64url::encode(&chance.salt);
        let header = format!(
            r#"{{"alg":"{ALGORITHM}","cty":"{CONTENT}","enc":"{ENCRYPTION}","kid":"{user}","p2c":{ROUNDS},"p2s":"{salt}"}}"#
        );
        let header = base64url::encode(header.as_bytes());
        let failed = |_| SealError::Other("this machine cannot encrypt");
        let kek = kek(passphrase, &chance.salt, ROUNDS)?;
        let mut wrapped = [0; 40];
        let wrapped = kek.wrap(&chance.content_key, &mut wrapped).map_err(failed)?;
        let mut text = Zeroizing::new(self.to_jwk().as_bytes().to_vec());
        let nonce = Nonce::assume_unique_for_key(chance.nonce);
        let aad = Aad::from(header.as_bytes());
        let sealed = content_key(&chance.content_key)?;
        let tag = sealed.seal_in_place_separate_tag(nonce, aad, &mut text).map_err(failed)?;
        let parts = [wrapped as &[u8], &chance.nonce, &text, tag.as_ref()];
        let parts = parts.map(base64url::encode);
        Ok(format!("{header}.{}", parts.join(".")))
    }

    /// Opens a locked key, and says whose it is, where that stands in it. White space around it does
    /// not count.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(sealed: &str, passphrase: &str) -> Result<(Option<Cuid>, Self), SealError> {
        let sealed = sealed.trim();
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(SealError::Form("it is too long"));
        }
        let parts: Vec<&str> = sealed.split('.').collect();
        let [head, wrapped, nonce, text, tag] = parts[..] else {
            return Err(SealError::Form("it needs five parts with points between"));
        };
        let header = read_header(head)?;
        let salt = bytes(&header.p2s)?;
        let nonce: [u8; 12] = exactly(nonce)?;
        let (wrapped, tag): ([u8; 40], [u8; 16]) = (exactly(wrapped)?, exactly(tag)?);
        let mut key = Zeroizing::new([0; 32]);
        kek(passphrase, &salt, header.p2c)?
            .unwrap(&wrapped, &mut *key)
            .map_err(|_| SealError::Passphrase)?;
        let mut text = Zeroizing::new(bytes(text)?);
        text.extend(tag);
        let aad = Aad::from(head.as_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = content_key(&key)?.open_in_place(nonce, aad, &mut text);
        let key = Self::from_jwk(opened.map_err(|_| SealError::Damaged)?)?;
        Ok((header.kid, key))
    }
}

fn read_header(head: &str) -> Result<Header, SealError> {
    let header: Header = serde_json::from_slice(&bytes(head)?)
        .map_err(|_| SealError::Form("its header is none of a locked key"))?;
    if header.alg != ALGORITHM {
        return Err(SealError::Other("its alg is not PBES2-HS512+A256KW"));
    }
    if header.enc != ENCRYPTION {
        return Err(SealError::Other("its enc is not A256GCM"));
    }
    if header.p2c == 0 || header.p2c > MAX_ROUNDS {
        return Err(SealError::Other("its p2c is not from 1 to 10000000"));
    }
    Ok(header)
}

/// The key that a passphrase makes (RFC 7518, 4.8.1).
fn kek(passphrase: &str, salt: &[u8], rounds: u32) -> Result<AesKek, SealError> {
    let none = SealError::Other("its p2c is 0");
    let rounds = NonZeroU32::new(rounds).ok_or(none)?;
    let salt = [ALGORITHM.as_bytes(), &[0], salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, &salt, passphrase.as_bytes(), &mut *key);
    AesKek::new(&AES_256, &*key).map_err(|_| SealError::Other("this machine has no AES"))
}

fn content_key(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, key);
    key.map(LessSafeKey::new).map_err(|_| SealError::Other("this machine has no AES"))
}

fn bytes(text: &str) -> Result<Vec<u8>, SealError> {
    let encoding = &data_encoding::BASE64URL_NOPAD;
    encoding.decode(text.as_bytes()).map_err(|_| SealError::Form("a part is not base64url"))
}

fn exactly<const N: usize>(text: &str) -> Result<[u8; N], SealError> {
    bytes(text)?.try_into().map_err(|_| SealError::Form("a part has another length"))
}

//! Locked keys: what another program locked opens, and any text gives a key or a reason.

use std::num::NonZeroU32;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::pbkdf2;
use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use protocol::key::{MAX_SEALED_BYTES, SealError};
use protocol::{KeyError, SecretKey, Signer as _};
use serde_json::{Value, json};

use crate::some;

const ALGORITHM: &str = "PBES2-HS512+A256KW";

/// Any content locked as RFC 7516 and RFC 7518 say, by code that shares nothing with ours.
fn locked(header: &Value, passphrase: &str, content: &[u8]) -> String {
    let salt = header["p2s"].as_str().map(|salt| BASE64URL_NOPAD.decode(salt.as_bytes()).unwrap());
    let salt = [ALGORITHM.as_bytes(), &[0], &salt.unwrap_or_default()].concat();
    let rounds = header["p2c"].as_u64().and_then(|rounds| u32::try_from(rounds).ok());
    let rounds = rounds.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let mut kek = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, &salt, passphrase.as_bytes(), &mut kek);
    let mut wrapped = [0; 40];
    let wrapped = AesKek::new(&AES_256, &kek).unwrap().wrap(&[7; 32], &mut wrapped).unwrap();
    let head = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
    let mut text = content.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(head.as_bytes()), &mut text).unwrap();
    let parts =
        [wrapped as &[u8], &[9; 12], &text, tag.as_ref()].map(|p| BASE64URL_NOPAD.encode(p));
    format!("{head}.{}", parts.join("."))
}

fn header(rounds: u32, salt: &[u8]) -> Value {
    json!({ "alg": ALGORITHM, "enc": "A256GCM", "p2c": rounds, "p2s": BASE64URL_NOPAD.encode(salt) })
}

/// Few rounds, so that thousands of cases are tried in a second.
fn sealed() -> impl Strategy<Value = (SecretKey, String, String)> {
    let salt = prop::collection::vec(any::<u8>(), 0..20);
    (some::secret_key(), "[a-zéß ]{0,12}", 1..20_u32, salt).prop_map(|(key, pass, rounds, salt)| {
        let text = locked(&header(rounds, &salt), &pass, key.to_jwk().as_bytes());
        (key, pass, text)
    })
}

proptest! {
    #[test]
    fn what_another_program_locked_opens_with_its_passphrase_only(
        (key, passphrase, text) in sealed()
    ) {
        let (user, opened) = SecretKey::open(&text, &passphrase).unwrap();
        prop_assert_eq!(user, None);
        prop_assert_eq!(opened.public_key(), key.public_key());
        let other = SecretKey::open(&text, &format!("{passphrase}x"));
        prop_assert_eq!(other.unwrap_err(), SealError::Passphrase);
    }

    #[test]
    fn a_spoilt_one_is_refused(
        (_, passphrase, text) in sealed(), place: prop::sample::Index,
        with in "[A-Za-z0-9._ -]|é|\u{0}|", length: prop::sample::Index,
    ) {
        let at = place.index(text.len());
        let spoilt = format!("{}{with}{}", &text[..at], &text[at + 1..]);
        // A header that asks for a million rounds more is as good a header, and takes its time.
        if spoilt != text && at > text.find('.').unwrap() && !spoilt.trim().eq(text.trim()) {
            prop_assert!(SecretKey::open(&spoilt, &passphrase).is_err(), "{spoilt}");
        }
        prop_assert!(SecretKey::open(&text[..length.index(text.len())], &passphrase).is_err());
    }

    #[test]
    fn content_that_is_no_key_is_refused_as_such(content in prop::collection::vec(any::<u8>(), 0..80)) {
        let text = locked(&header(1, b"salt"), "pass", &content);
        let reason = SecretKey::from_jwk(&content).unwrap_err();
        prop_assert_eq!(SecretKey::open(&text, "pass").unwrap_err(), SealError::Key(reason));
    }

    #[test]
    fn any_text_gives_a_key_or_a_reason(text in "\\PC{0,200}", parts in "([A-Za-z0-9_-]{0,60}[.]){0,6}") {
        for text in [&text, &parts] {
            prop_assert!(!SecretKey::open(text, "pass").unwrap_err().to_string().is_empty());
        }
    }
}

#[test]
fn a_header_that_is_not_ours_is_refused_with_its_reason() {
    let key = SecretKey::ed25519(&[6; 32]);
    let open = |header: &Value| {
        let text = locked(header, "pass", key.to_jwk().as_bytes());
        SecretKey::open(&text, "pass").map(drop)
    };
    assert_eq!(open(&header(1, b"")), Ok(()));
    for (member, value, says) in [
        ("alg", json!("dir"), "alg"),
        ("enc", json!("A128GCM"), "enc"),
        ("p2c", json!(0), "p2c"),
        ("p2c", json!(10_000_001), "p2c"),
        ("p2c", json!(-1), "header"),
        ("p2c", json!(1.5), "header"),
        ("p2c", json!(u64::MAX), "header"),
        ("p2s", json!(7), "header"),
        ("kid", json!("Not A Name"), "header"),
        ("zip", json!("DEF"), "header"),
        ("crit", json!(["exp"]), "header"),
    ] {
        let mut header = header(1, b"salt");
        header[member] = value;
        let reason = open(&header).unwrap_err().to_string();
        assert!(reason.contains(says), "{member}: {reason}");
    }
    let long = locked(&header(1, b"salt"), "pass", &[b' '; MAX_SEALED_BYTES]);
    assert!(matches!(SecretKey::open(&long, "pass"), Err(SealError::Form(_))));
    let public = serde_json::to_vec(&key.public_key()).unwrap();
    let public = SecretKey::open(&locked(&header(1, b"salt"), "pass", &public), "pass");
    assert_eq!(public.unwrap_err(), SealError::Key(KeyError::Missing { member: "d" }));
}

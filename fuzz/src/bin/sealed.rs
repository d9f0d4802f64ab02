//! Locked keys: any text gives a key or a reason, and whatever a key is, it is the same locked.
#![no_main]

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::pbkdf2;
use data_encoding::BASE64URL_NOPAD;
use protocol::key::SealError;
use protocol::{SecretKey, Signer};

const PASSPHRASE: &str = "cheese in may";
/// What is not opened here because it asks for more rounds: they take time and find nothing.
const MANY_ROUNDS: u64 = 1_000;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        open(text);
    }
    // The same bytes as the five parts, a line each.
    let parts: Vec<String> =
        data.splitn(5, |&byte| byte == b'\n').map(|part| BASE64URL_NOPAD.encode(part)).collect();
    open(&parts.join("."));
    locked_by_another_program(data);
});

fn open(text: &str) {
    if rounds(text).is_some_and(|rounds| rounds > MANY_ROUNDS) {
        return;
    }
    if let Ok((_, key)) = SecretKey::open(text, PASSPHRASE) {
        let again = SecretKey::from_jwk(key.to_jwk().as_bytes()).expect("what is written is read");
        assert_eq!(again.public_key(), key.public_key());
    }
}

/// How many rounds a text asks for, where it says so.
fn rounds(text: &str) -> Option<u64> {
    let head = text.trim().split('.').next()?;
    let header = BASE64URL_NOPAD.decode(head.as_bytes()).ok()?;
    serde_json::from_slice::<serde_json::Value>(&header).ok()?.get("p2c")?.as_u64()
}

/// A key opens as what it is, anything else as the reason why it is none.
fn locked_by_another_program(content: &[u8]) {
    let header = r#"{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":1,"p2s":"AAAA"}"#;
    let header = BASE64URL_NOPAD.encode(header.as_bytes());
    let salt = [b"PBES2-HS512+A256KW" as &[u8], &[0, 0, 0, 0]].concat();
    let mut kek = [0; 32];
    let once = std::num::NonZeroU32::MIN;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, once, &salt, PASSPHRASE.as_bytes(), &mut kek);
    let mut wrapped = [0; 40];
    let kek = AesKek::new(&AES_256, &kek).expect("32 bytes");
    let wrapped = kek.wrap(&[7; 32], &mut wrapped).expect("40 bytes for 32");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
    let mut text = content.to_vec();
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    let aad = Aad::from(header.as_bytes());
    let tag = key.seal_in_place_separate_tag(nonce, aad, &mut text).expect("it is short");
    let parts =
        [wrapped as &[u8], &[9; 12], &text, tag.as_ref()].map(|p| BASE64URL_NOPAD.encode(p));
    let sealed = format!("{header}.{}", parts.join("."));
    match (SecretKey::open(&sealed, PASSPHRASE), SecretKey::from_jwk(content)) {
        (Ok((None, opened)), Ok(key)) => assert_eq!(opened.public_key(), key.public_key()),
        (Err(SealError::Key(reason)), Err(expected)) => assert_eq!(reason, expected),
        (found, expected) => panic!("{found:?}, not {expected:?}"),
    }
}

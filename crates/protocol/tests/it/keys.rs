//! Keys and signatures: only usable keys, only right signatures, secrets that do not leak.

use proptest::prelude::*;
use protocol::key::{MIN_PASSPHRASE, SealError, SealingChance};
use protocol::{KeyError, PublicKey, SecretKey, Signature, Signer as _};
use serde_json::{Value, json};

use crate::some;

proptest! {
    #[test]
    fn what_a_key_signs_only_that_key_verifies_and_only_unchanged(
        key in some::secret_key(), other in some::secret_key(),
        message: Vec<u8>, bit in 0_usize..512, byte: u8,
    ) {
        let public = key.public_key();
        let signature = key.sign(&message).unwrap();
        prop_assert!(public.verifies(&message, &signature));
        // Good ones are remembered: that must say nothing about any other.
        prop_assert!(public.verifies(&message, &signature));
        prop_assert_eq!(key.sign(&message).unwrap(), signature, "signing is deterministic");
        prop_assert!(!other.public_key().verifies(&message, &signature));

        let mut longer = message.clone();
        longer.push(byte);
        prop_assert!(!public.verifies(&longer, &signature));
        let mut bytes = *signature.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!public.verifies(&message, &Signature::from_bytes(bytes)));
    }

    #[test]
    fn keys_are_read_back_as_written(key in some::secret_key()) {
        let jwk = key.to_jwk();
        let again = SecretKey::from_jwk(jwk.as_bytes()).unwrap();
        prop_assert_eq!(again.public_key(), key.public_key());
        prop_assert_eq!(&*again.to_jwk(), &*jwk);
        prop_assert_eq!(PublicKey::from_jwk(jwk.as_bytes()), Err(KeyError::Secret));

        let public = serde_json::to_string(&key.public_key()).unwrap();
        prop_assert_eq!(serde_json::from_str::<PublicKey>(&public).unwrap(), key.public_key());
        prop_assert_eq!(PublicKey::from_jwk(public.as_bytes()).unwrap(), key.public_key());
    }

    #[test]
    fn printing_a_secret_key_for_a_log_shows_nothing_of_it(key in some::secret_key()) {
        let jwk: Value = serde_json::from_str(&key.to_jwk()).unwrap();
        let shown = format!("{key:?} {key:#?}");
        prop_assert!(!shown.contains(jwk["d"].as_str().unwrap()));
        prop_assert!(shown.contains("not shown"));
    }

    #[test]
    fn random_bytes_are_no_signature(key in some::secret_key(), a: [u8; 32], b: [u8; 32]) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&a);
        bytes[32..].copy_from_slice(&b);
        prop_assert!(!key.public_key().verifies(b"", &Signature::from_bytes(bytes)));
    }
}

const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
const OKP: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn with(jwk: &str, member: &str, value: Value) -> String {
    let mut jwk: Value = serde_json::from_str(jwk).unwrap();
    jwk[member] = value;
    jwk.to_string()
}

#[test]
fn keys_as_browsers_export_them_are_taken_and_only_their_own_members_kept() {
    for jwk in [EC, OKP] {
        let plain = PublicKey::from_jwk(jwk.as_bytes()).unwrap();
        let mut exported = with(jwk, "key_ops", json!(["verify"]));
        for (member, value) in
            [("ext", json!(true)), ("alg", json!("x")), ("use", json!("sig")), ("kid", json!("1"))]
        {
            exported = with(&exported, member, value);
        }
        assert_eq!(PublicKey::from_jwk(exported.as_bytes()).unwrap(), plain);
        let own: Value = serde_json::from_str(jwk).unwrap();
        assert_eq!(serde_json::to_value(plain).unwrap(), own);
        let inside_a_record = serde_json::from_str::<PublicKey>(&exported);
        assert!(inside_a_record.unwrap_err().to_string().contains("unknown field"));
    }
}

#[track_caller]
fn refused(jwk: &str, reason: &str) {
    assert_eq!(PublicKey::from_jwk(jwk.as_bytes()).unwrap_err().to_string(), reason);
}

#[test]
fn unusable_keys_are_refused_with_the_reason() {
    let b64 = |bytes: [u8; 32]| json!(protocol::Hash::from_bytes(bytes).to_string());
    refused("[]", r#"key lacks its member "crv""#);
    refused("{", "key: not JSON: EOF while parsing an object at line 1 column 1");
    refused(
        &with(EC, "crv", json!("P-384")),
        r#"key of type "EC" on curve "P-384"; only EC P-256 and OKP Ed25519 are known"#,
    );
    refused(
        &with(OKP, "crv", json!("X25519")),
        r#"key of type "OKP" on curve "X25519"; only EC P-256 and OKP Ed25519 are known"#,
    );
    refused(&with(EC, "x", json!("AQAB")), r#"key's member "x": 4 characters, not 43"#);
    refused(&with(EC, "x", json!(5)), "key: x: a text is needed");
    refused(&with(EC, "y", b64([1; 32])), "key is not a point of its curve");
    refused(&with(EC, "x", b64([0xff; 32])), "key is not a point of its curve");
    refused(&with(OKP, "y", b64([1; 32])), r#"this kind of key has no member "y""#);
    refused(&with(EC, "d", json!("x")), "this is a secret key; give only its public part");
    let mut no_y: Value = serde_json::from_str(EC).unwrap();
    no_y.as_object_mut().unwrap().remove("y");
    refused(&no_y.to_string(), r#"key lacks its member "y""#);
}

/// What is remembered of a good key says nothing about one that differs from it in one bit, nor does one that was refused
/// become good by being asked for again.
#[test]
fn keys_beside_a_good_one_are_refused_however_often_they_are_shown() {
    let key = SecretKey::p256(&[7; 32]).unwrap().public_key();
    let jwk: Value = serde_json::from_slice(&serde_json::to_vec(&key).unwrap()).unwrap();
    let y = jwk["y"].as_str().unwrap();
    let mut other = data_encoding::BASE64URL_NOPAD.decode(y.as_bytes()).unwrap();
    other[31] ^= 1;
    let other = json!(data_encoding::BASE64URL_NOPAD.encode(&other));
    let other = with(&jwk.to_string(), "y", other);
    for _ in 0..3 {
        assert_eq!(PublicKey::from_jwk(jwk.to_string().as_bytes()), Ok(key));
        refused(&other, "key is not a point of its curve");
    }
    let good = SecretKey::ed25519(&[7; 32]).public_key().ed25519_bytes().unwrap();
    // Of the eight numbers one bit away three are no points of the curve.
    let beside = (0..8).map(|bit| {
        let mut other = good;
        other[0] ^= 1 << bit;
        other
    });
    for _ in 0..2 {
        assert!(PublicKey::ed25519(good).is_ok());
        let refused = beside.clone().filter(|key| PublicKey::ed25519(*key).is_err());
        assert_eq!(refused.count(), 3);
    }
}

/// For such keys signatures exist that anybody can make: the points of small order, in their
/// canonical spellings and in others.
#[test]
fn weak_and_oddly_spelled_ed25519_keys_are_refused() {
    let refused = |hex: &str| {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        PublicKey::ed25519(bytes.try_into().unwrap()).unwrap_err()
    };
    for weak in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ] {
        assert_eq!(refused(weak), KeyError::Weak, "{weak}");
    }
    // y = p + 1, the same point as y = 1; and y = p + 3, the same as y = 3, which is not weak.
    let second_one = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    assert_eq!(refused(second_one), KeyError::Weak);
    let second_three = "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    assert_eq!(refused(second_three), KeyError::NotOnCurve);
    // y = 2 has no x.
    let no_point = "0200000000000000000000000000000000000000000000000000000000000000";
    assert_eq!(refused(no_point), KeyError::NotOnCurve);
}

#[test]
fn secrets_that_are_none_are_refused() {
    assert_eq!(SecretKey::p256(&[0; 32]).unwrap_err(), KeyError::NotASecret);
    assert_eq!(SecretKey::p256(&[0xff; 32]).unwrap_err(), KeyError::NotASecret);
    let d = serde_json::to_value(protocol::Hash::from_bytes([9; 32])).unwrap();
    for jwk in [EC, OKP] {
        let mixed = with(jwk, "d", d.clone());
        assert_eq!(SecretKey::from_jwk(mixed.as_bytes()).unwrap_err(), KeyError::Mismatch);
        let missing = SecretKey::from_jwk(jwk.as_bytes()).unwrap_err();
        assert_eq!(missing, KeyError::Missing { member: "d" });
    }
}

/// RFC 6979, appendix A.2.5: P-256 with SHA-256, message "sample".
#[test]
fn es256_signs_as_rfc_6979_says() {
    let hex = |text: &str| data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap();
    let secret = hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
    let key = SecretKey::p256(&secret.try_into().unwrap()).unwrap();
    let signature = key.sign(b"sample").unwrap();
    let expected = hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
         F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
    assert_eq!(signature.as_bytes().as_slice(), expected);
}

/// RFC 8032, section 7.1, test 2.
#[test]
fn eddsa_signs_as_rfc_8032_says() {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let secret = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = SecretKey::ed25519(&secret.try_into().unwrap());
    let expected = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    assert_eq!(key.sign(&[0x72]).unwrap().as_bytes().as_slice(), expected);
}

fn sealed(key: &SecretKey, passphrase: &str) -> Result<String, SealError> {
    let chance = SealingChance { salt: [7; 16], content_key: [8; 32], nonce: [9; 12] };
    key.seal(&"ann".parse().unwrap(), passphrase, &chance)
}

#[test]
fn a_locked_key_opens_with_its_passphrase_and_no_other() {
    for key in [SecretKey::p256(&[5; 32]).unwrap(), SecretKey::ed25519(&[6; 32])] {
        let text = sealed(&key, "cheese in märz").unwrap();
        let (user, opened) = SecretKey::open(&format!("\n{text}\n"), "cheese in märz").unwrap();
        assert_eq!(user, Some("ann".parse().unwrap()));
        assert_eq!(opened.public_key(), key.public_key());
        assert_eq!(SecretKey::open(&text, "cheese in mai").unwrap_err(), SealError::Passphrase);
    }
    let short = "x".repeat(MIN_PASSPHRASE - 1);
    assert_eq!(sealed(&SecretKey::ed25519(&[6; 32]), &short), Err(SealError::Short));
}

#[test]
fn a_locked_key_that_was_changed_or_is_none_is_refused_and_says_why() {
    let text = sealed(&SecretKey::ed25519(&[6; 32]), "cheese in may").unwrap();
    let parts: Vec<&str> = text.split('.').collect();
    let with = |place: usize, part: &str| {
        let mut parts = parts.clone();
        parts[place] = part;
        SecretKey::open(&parts.join("."), "cheese in may").map(|_| ()).unwrap_err()
    };
    let other = |part: &str| {
        let first = if part.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", &part[1..])
    };
    assert_eq!(with(1, &other(parts[1])), SealError::Passphrase);
    for (place, part) in parts.iter().enumerate().skip(2) {
        assert_eq!(with(place, &other(part)), SealError::Damaged, "part {place}");
    }
    let header = |from: &str, to: &str| {
        let header = data_encoding::BASE64URL_NOPAD.decode(parts[0].as_bytes()).unwrap();
        let header = String::from_utf8(header).unwrap().replace(from, to);
        with(0, &data_encoding::BASE64URL_NOPAD.encode(header.as_bytes()))
    };
    assert_eq!(header(r#""kid":"ann""#, r#""kid":"bob""#), SealError::Damaged);
    assert!(matches!(header("A256GCM", "A128GCM"), SealError::Other(_)));
    assert!(matches!(header("+A256KW", "+A128KW"), SealError::Other(_)));
    assert!(matches!(header("600000", "4000000000"), SealError::Other(_)), "no trap of years");
    assert!(matches!(header("600000", "0"), SealError::Other(_)));
    assert!(matches!(header(r#""alg""#, r#""crit":["alg"],"alg""#), SealError::Form(_)));
    for none in ["", "a.b.c.d", "....", "a.b.c.d.e.f", &"x".repeat(100_000)] {
        assert!(matches!(SecretKey::open(none, "cheese"), Err(SealError::Form(_))), "{none:.9}");
    }
}

//! Ids: each has one spelling, and every other one is refused with a reason.

use proptest::prelude::*;
use protocol::{AgentId, AgentIdError, Base64UrlError, ChitId, Cuid, CuidError, Hash, HashError};
use protocol::{PublicKey, SecretKey, Signer as _, TallyId, UuidError};

use crate::some;

proptest! {
    #[test]
    fn ids_are_read_back_as_printed(
        cuid in some::cuid(), agent in some::agent(), bytes: [u8; 32], uuid: [u8; 16],
    ) {
        prop_assert_eq!(cuid.to_string().parse(), Ok(cuid));
        prop_assert_eq!(agent.to_string().parse(), Ok(agent));
        prop_assert_eq!(AgentId::of(&agent.public_key()), Ok(agent));
        let hash = Hash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
        prop_assert_eq!(serde_json::to_value(hash).unwrap(), hash.to_string());
        let tally = TallyId::random(uuid);
        prop_assert_eq!(tally.to_string().parse(), Ok(tally));
        let chit = ChitId::derived(uuid);
        prop_assert_eq!(chit.to_string().parse(), Ok(chit));
    }

    #[test]
    fn every_agent_id_looks_like_an_ed25519_peer_id(agent in some::agent()) {
        let text = agent.to_string();
        prop_assert!(text.starts_with("12D3KooW"), "{}", text);
        prop_assert_eq!(text.len(), AgentId::LEN);
    }

    #[test]
    fn any_text_gives_an_id_or_a_reason(text in ".*|[1-9A-HJ-NP-Za-km-z]{52}|[0-9a-fA-F-]{36}|[A-Za-z0-9_-]{43}") {
        if let Ok(id) = text.parse::<Cuid>() { prop_assert_eq!(id.to_string(), text.clone()); }
        if let Ok(id) = text.parse::<AgentId>() { prop_assert_eq!(id.to_string(), text.clone()); }
        if let Ok(id) = text.parse::<TallyId>() { prop_assert_eq!(id.to_string(), text.clone()); }
        if let Ok(id) = text.parse::<Hash>() { prop_assert_eq!(id.to_string(), text.clone()); }
    }
}

#[test]
fn user_names_are_refused_with_the_reason() {
    for (text, reason) in [
        ("", CuidError::Empty),
        ("Suzie", CuidError::Character { found: 'S' }),
        ("suz ie", CuidError::Character { found: ' ' }),
        ("suzié", CuidError::Character { found: 'é' }),
        ("suzie@home", CuidError::Character { found: '@' }),
        ("a/b", CuidError::Character { found: '/' }),
        (".suzie", CuidError::Start),
        ("-", CuidError::Start),
        (&"a".repeat(65), CuidError::TooLong),
    ] {
        assert_eq!(text.parse::<Cuid>(), Err(reason), "{text:?}");
    }
    assert!("a".repeat(64).parse::<Cuid>().is_ok());
    assert!("7".parse::<Cuid>().is_ok());
}

#[test]
fn agent_ids_of_other_kinds_are_refused_with_the_reason() {
    let refused = |text: &str| text.parse::<AgentId>().unwrap_err();
    // Peer ids as libp2p's own specification shows them: an RSA key's hash, and a CIDv1.
    let rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    assert_eq!(refused(rsa), AgentIdError::Length { found: 46 });
    let cid = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe";
    assert_eq!(refused(cid), AgentIdError::Length { found: 59 });
    assert_eq!(refused(&"0".repeat(52)), AgentIdError::NotBase58);
    assert_eq!(refused(&"1".repeat(52)), AgentIdError::OtherKind);
    assert_eq!(refused(&"z".repeat(52)), AgentIdError::OtherKind);

    let id = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2";
    let mut other = id.to_owned();
    other.replace_range(3..4, "4");
    assert_eq!(refused(&other), AgentIdError::OtherKind);
    assert_eq!(id.parse::<AgentId>().unwrap().to_string(), id);

    let p256 = SecretKey::p256(&[3; 32]).unwrap().public_key();
    assert_eq!(AgentId::of(&p256), Err(AgentIdError::OtherKind));
    // The point of order one in the form of a peer id.
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20, 1];
    bytes.resize(38, 0);
    let weak = bs58::encode(bytes).into_string();
    assert_eq!(refused(&weak).to_string(), "agent id: key is weak: anybody could sign for it");
}

#[test]
fn agent_id_of_a_known_key() {
    // The key of RFC 8032, section 7.1, test 1.
    let jwk = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = PublicKey::from_jwk(jwk).unwrap();
    let id = AgentId::of(&key).unwrap();
    assert_eq!(id.public_key(), key);
    let bytes = bs58::decode(id.to_string()).into_vec().unwrap();
    assert_eq!(bytes[..8], [0x00, 0x24, 0x08, 0x01, 0x12, 0x20, 0xd7, 0x5a]);
}

#[test]
fn uuids_are_written_in_small_letters_with_hyphens() {
    let text = "01234567-89ab-4cde-8f01-23456789abcd";
    assert_eq!(text.parse::<TallyId>().unwrap().to_string(), text);
    assert_eq!(text.to_uppercase().parse::<TallyId>(), Err(UuidError::Capitals));
    for form in [
        "",
        "0123456789ab4cde8f0123456789abcd",
        "{01234567-89ab-4cde-8f01-23456789abcd}",
        "urn:uuid:01234567-89ab-4cde-8f01-23456789abcd",
        "01234567-89ab-4cde-8f01-23456789abcg",
        "012345678-9ab-4cde-8f01-23456789abcd",
    ] {
        assert_eq!(form.parse::<ChitId>(), Err(UuidError::Form), "{form:?}");
    }
    assert_eq!(ChitId::random([0xff; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(ChitId::derived([0xff; 16]).to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
}

#[test]
fn hashes_have_one_spelling() {
    let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    assert_eq!(Hash::of(b"").to_string(), empty);
    let refused = |text: &str| text.parse::<Hash>().unwrap_err();
    assert_eq!(
        refused(&format!("{empty}=")),
        HashError::from(Base64UrlError::Length { expected: 43, found: 44 })
    );
    // The last character carries four bits of the hash and two that must be zero.
    assert_eq!(refused(&empty.replace("SuFU", "SuFV")), Base64UrlError::StrayBits.into());
    assert_eq!(refused(&empty.replace('-', "+")), Base64UrlError::Alphabet.into());
}

//! Keys as JWK: what is read is usable, and written in the one form that records hold.
#![no_main]

use protocol::{PublicKey, SecretKey, Signer};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(key) = PublicKey::from_jwk(data) {
        let own = serde_json::to_vec(&key).expect("a key is an object");
        assert_eq!(serde_json::from_slice::<PublicKey>(&own).ok(), Some(key));
        assert_eq!(PublicKey::from_jwk(&own), Ok(key));
    }
    if let Ok(key) = SecretKey::from_jwk(data) {
        let again = SecretKey::from_jwk(key.to_jwk().as_bytes()).expect("what is written is read");
        assert_eq!(again.public_key(), key.public_key());
        let signature = key.sign(data).expect("a key in memory signs");
        assert!(key.public_key().verifies(data, &signature));
        assert!(PublicKey::from_jwk(data).is_err(), "a secret is not taken for a public key");
    }
});

//! An agent's key as libp2p holds it. A peer id of libp2p's and an agent id are the same thing: both
//! are the Ed25519 key.

use libp2p_identity::{Keypair, PeerId};
use protocol::{AgentId, KeyError, SecretKey, Signer as _};
use serde::Deserialize;
use zeroize::Zeroizing;

/// The secret of a JWK, borrowed: no copy of it is left behind.
#[derive(Deserialize)]
struct Secret<'a> {
    d: &'a str,
}

/// The key as libp2p signs with it, and the agent whose it is.
pub(crate) fn keypair(key: &SecretKey) -> Result<(Keypair, AgentId), KeyError> {
    let agent = AgentId::of(&key.public_key()).map_err(|_| KeyError::NotASecret)?;
    let jwk = key.to_jwk();
    let secret: Secret<'_> = serde_json::from_str(&jwk).map_err(|_| KeyError::NotASecret)?;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(secret.d.as_bytes());
    let mut bytes = Zeroizing::new(bytes.map_err(|_| KeyError::NotASecret)?);
    // It wipes what it is given, too.
    let pair = Keypair::ed25519_from_bytes(&mut **bytes).map_err(|_| KeyError::NotASecret)?;
    Ok((pair, agent))
}

/// The agent that a peer is; none where its key is not Ed25519.
pub(crate) fn agent(peer: &PeerId) -> Option<AgentId> {
    peer.to_base58().parse().ok()
}

/// The peer that an agent is.
pub(crate) fn peer(agent: AgentId) -> Option<PeerId> {
    agent.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The same key has the same name on both sides, read in either direction.
        #[test]
        fn a_peer_id_is_an_agent_id(bytes: [u8; 32]) {
            let (pair, own) = keypair(&SecretKey::ed25519(&bytes)).unwrap();
            let own_peer = pair.public().to_peer_id();
            prop_assert_eq!(own_peer.to_string(), own.to_string());
            prop_assert_eq!(agent(&own_peer), Some(own));
            prop_assert_eq!(peer(own), Some(own_peer));
            let signed = pair.sign(b"hello").unwrap();
            let signature: [u8; 64] = signed.try_into().unwrap();
            let signature = protocol::Signature::from_bytes(signature);
            prop_assert!(own.public_key().verifies(b"hello", &signature));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_no_agents() {
        let key = SecretKey::p256(&[7; 32]).unwrap();
        assert!(keypair(&key).is_err());
        // A peer id that is the hash of a key, as long keys have.
        let hashed = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse().unwrap();
        assert_eq!(agent(&hashed), None);
    }
}

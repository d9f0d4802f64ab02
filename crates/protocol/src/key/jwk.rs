//! The JSON form of keys (JWK, RFC 7517 and 8037): strict inside records, patient with what a
//! person or a browser hands over.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{KeyError, Kind, PublicKey, SecretKey};
use crate::base64url;
use crate::ids::Hash;
use crate::json::{self, Json};
use crate::signature::Signer;
use crate::text::excerpt;

/// The members of a public key, in the order of RFC 8785.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    crv: String,
    kty: String,
    x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

impl Members {
    fn of(key: &PublicKey) -> Self {
        let (kty, crv, x, y) = match &key.0 {
            Kind::P256 { x, y } => ("EC", "P-256", x, Some(y)),
            Kind::Ed25519(x) => ("OKP", "Ed25519", x, None),
        };
        Self {
            crv: crv.to_owned(),
            kty: kty.to_owned(),
            x: base64url::encode(x),
            y: y.map(|y| base64url::encode(y)),
        }
    }

    fn key(&self) -> Result<PublicKey, KeyError> {
        let x = coordinate("x", &self.x)?;
        match (self.kty.as_str(), self.crv.as_str(), &self.y) {
            ("EC", "P-256", Some(y)) => PublicKey::p256(x, coordinate("y", y)?),
            ("EC", "P-256", None) => Err(KeyError::Missing { member: "y" }),
            ("OKP", "Ed25519", None) => PublicKey::ed25519(x),
            ("OKP", "Ed25519", Some(_)) => Err(KeyError::Unexpected { member: "y" }),
            _ => Err(KeyError::OtherKind {
                kty: excerpt(&self.kty, 32),
                crv: excerpt(&self.crv, 32),
            }),
        }
    }
}

fn coordinate(member: &'static str, text: &str) -> Result<[u8; 32], KeyError> {
    base64url::decode(text).map_err(|reason| KeyError::Member { member, reason })
}

impl PublicKey {
    /// The key's name where it has to be short: its thumbprint (RFC 7638).
    #[must_use]
    pub fn name(&self) -> Hash {
        let Members { crv, kty, x, y } = Members::of(self);
        let y = y.map(|y| format!(r#","y":"{y}""#)).unwrap_or_default();
        Hash::of(format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}"{y}}}"#).as_bytes())
    }

    /// Reads a JWK as a person or a browser hands it over: `key_ops`, `ext`, `alg`, `use`, `kid`
    /// and other members that are not the key's own are passed over.
    ///
    /// # Errors
    /// [`KeyError`] says why it is no public key; [`KeyError::Secret`] where the secret is in it.
    pub fn from_jwk(bytes: &[u8]) -> Result<Self, KeyError> {
        let jwk = json::parse(bytes)?;
        if jwk.member("d").is_some() {
            return Err(KeyError::Secret);
        }
        own_members(&jwk)?.key()
    }
}

/// The key's own members out of a JWK with others.
fn own_members(jwk: &Json) -> Result<Members, KeyError> {
    let text = |member: &'static str| match jwk.member(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(json::JsonError::Shape {
            path: member.to_owned(),
            reason: "a text is needed".to_owned(),
        }),
    };
    let needed = |member| text(member)?.ok_or(KeyError::Missing { member });
    Ok(Members { crv: needed("crv")?, kty: needed("kty")?, x: needed("x")?, y: text("y")? })
}

impl SecretKey {
    /// Reads a secret JWK; members that are not the key's own are passed over.
    ///
    /// # Errors
    /// [`KeyError`] says why it is no secret key.
    pub fn from_jwk(bytes: &[u8]) -> Result<Self, KeyError> {
        let jwk = json::parse(bytes)?;
        let public = own_members(&jwk)?.key()?;
        let secret = jwk.member("d").and_then(Value::as_str);
        let secret =
            Zeroizing::new(coordinate("d", secret.ok_or(KeyError::Missing { member: "d" })?)?);
        let key = match public.0 {
            Kind::P256 { .. } => Self::p256(&secret)?,
            Kind::Ed25519(_) => Self::ed25519(&secret),
        };
        if key.public_key() != public {
            return Err(KeyError::Mismatch);
        }
        Ok(key)
    }

    /// The secret JWK: whoever reads it can sign for this key.
    pub fn to_jwk(&self) -> Zeroizing<String> {
        let Members { crv, kty, x, y } = Members::of(&self.public_key());
        let y = y.map(|y| format!(r#","y":"{y}""#)).unwrap_or_default();
        let d = Zeroizing::new(base64url::encode(&*self.expose()));
        Zeroizing::new(format!(r#"{{"crv":"{crv}","d":"{}","kty":"{kty}","x":"{x}"{y}}}"#, *d))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Members::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Members::deserialize(deserializer)?.key().map_err(serde::de::Error::custom)
    }
}

//! Requests: what a user asks of its site over an open line, signed so that the site knows who asks.
//! What is asked is the site's business; here it is any object.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::bounded::Line;
use crate::json::{Json, JsonError};
use crate::record::{Record, record};
use crate::{
    AgentId, Cuid, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, Timestamp,
};

/// The most bytes of a request's name: room for any usual id with a prefix.
pub const MAX_ID_BYTES: usize = 100;

/// What a user asks of its site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Request {
    /// The site that is asked: a request to one site is worth nothing at another.
    pub agent: AgentId,
    /// Who asks.
    pub cuid: Cuid,
    /// The request's name, chosen by whoever asks: a command asked again under it is done once.
    pub id: Line<MAX_ID_BYTES>,
    /// When it was signed.
    pub date: Timestamp,
    /// What is asked.
    pub body: Body,
    /// The signature by the key that the user has at its site.
    pub sign: Option<Signature>,
}
record!(Request, "request", 1);

/// A JSON object without null members, at any depth.
#[derive(Clone, Debug, PartialEq)]
pub struct Body(Json);

impl Body {
    /// What is asked, from its typed form.
    ///
    /// # Errors
    /// [`JsonError`] where it breaks a rule of [`Json`], or is no object.
    pub fn of<T: Serialize + ?Sized>(asked: &T) -> Result<Self, JsonError> {
        let body = Json::of(asked)?.without(&[]);
        if body.as_value().is_object() {
            return Ok(Self(body));
        }
        Err(JsonError::Shape { path: ".".to_owned(), reason: "not an object".to_owned() })
    }

    /// What is asked, in a typed form.
    ///
    /// # Errors
    /// [`JsonError::Shape`] with the member's path.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        self.0.read()
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Request {
    /// The same request, signed.
    ///
    /// # Errors
    /// [`SignError`] where there is no canonical form, or the signer has its reason.
    pub fn signed<S: Signer + ?Sized>(self, signer: &S) -> Result<Self, SignError> {
        let sign = Some(self.sign_with(signer)?);
        Ok(Self { sign, ..self })
    }
}

impl Signed for Request {
    /// The key that the user has at its site now.
    type Keys = PublicKey;

    fn check_signatures(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        self.check_signature("the user", key, self.sign.as_ref())
    }
}

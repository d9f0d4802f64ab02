//! Invitations: a user's offer to open a tally, given to somebody outside the network as a link or
//! a picture, and answered once.

use protocol::address::Endpoint;
use protocol::negotiation::Draft;
use protocol::{Cert, Hash, JsonError, Side, TallyId, Timestamp};
use serde::{Deserialize, Serialize};

/// What travels to the one who is invited.
///
/// Whoever holds it may answer it: it is handed over like a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The tally that will be.
    pub tally: TallyId,
    /// Who invites.
    pub cert: Cert,
    /// The side of the one who invites.
    pub side: Side,
    /// The wording, as the one who invites sees it.
    pub draft: Draft,
    /// What proves the answer; kept by the site as its hash only.
    pub token: Hash,
    /// Until when it may be answered.
    pub expires: Timestamp,
    /// Where the agent of the one who invites answers, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::words::place")]
    pub endpoint: Option<Endpoint>,
}

impl Invitation {
    /// What the site keeps of a token.
    #[must_use]
    pub fn kept(token: &Hash) -> Hash {
        Hash::of(token.as_bytes())
    }

    /// Reads an invitation from JSON text.
    ///
    /// # Errors
    /// [`JsonError`] says what is refused and where.
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        protocol::json::parse(bytes)?.read()
    }

    /// As JSON text.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule.
    pub fn to_text(&self) -> Result<String, JsonError> {
        let json = protocol::Json::of(self)?.without(&[]);
        Ok(protocol::CanonicalText::of(&json)?.to_string())
    }

    /// The wording as the one who is invited sees it.
    #[must_use]
    pub fn mirrored(&self) -> Draft {
        let Draft { expires, memo, agree, holder, partner } = self.draft.clone();
        Draft { expires, memo, agree, holder: partner, partner: holder }
    }
}

/// The setting under which the token of an answered invitation waits to be delivered.
pub(crate) fn token_key(tally: &TallyId) -> String {
    format!("answer:{tally}")
}

//! Invitations: a user's offer to open a tally, given to somebody outside the network as JSON, as a link or as
//! a picture; and as a site keeps them. What a site does with them is in `inviting.rs`.

use std::num::NonZeroU32;

use protocol::address::Endpoint;
use protocol::negotiation::Draft;
use protocol::{Cert, Hash, InviteLink, JsonError, KeyPrint, Side, TallyId, Timestamp};
use serde::{Deserialize, Serialize};

/// What travels to the one who is invited.
///
/// Whoever holds it may answer it: it is handed over like a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The tally that will be; none where many may answer: whoever does names a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<TallyId>,
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

    /// The link to it; none where it does not say where the agent answers.
    #[must_use]
    pub fn link(&self) -> Option<InviteLink> {
        let mut inviter = self.cert.chad.clone();
        let endpoint = self.endpoint.clone().or_else(|| inviter.endpoint.take())?;
        inviter.endpoint = None;
        let key = KeyPrint::of(&self.cert.public);
        Some(InviteLink { inviter, endpoint, token: self.token, key })
    }

    /// The wording as the one who is invited sees it.
    #[must_use]
    pub fn mirrored(&self) -> Draft {
        let Draft { expires, memo, agree, holder, partner } = self.draft.clone();
        Draft { expires, memo, agree, holder: partner, partner: holder }
    }
}

/// What a user invites to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inviting {
    /// How many may answer.
    pub answers: Answers,
    /// The user's side.
    pub side: Side,
    /// The wording.
    pub draft: Draft,
    /// Until when it may be answered.
    pub expires: Timestamp,
    /// What whoever reads the invitation is told of the user: a cert signed with the same key, of the same
    /// user; none: all that the site has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<Cert>,
}

/// How many may answer an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answers {
    /// One; the tally has its name, and its draft is there, before.
    One {
        /// The new tally's name.
        tally: TallyId,
    },
    /// Several, each for a tally of its own.
    Many {
        /// How many, at most [`MAX_ANSWERS`].
        uses: NonZeroU32,
    },
}

/// The most answers to one invitation: each takes room in the store, whoever gives it.
pub const MAX_ANSWERS: u32 = 1_000;

/// The most invitations of one user that are kept.
pub const MAX_INVITES: usize = 500;

/// An invitation that was given out, as its user sees it; its token is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Its name here: the hash of its token.
    pub invitation: Hash,
    /// The tally of one that is answered once.
    pub tally: Option<TallyId>,
    /// The user's side.
    pub side: Side,
    /// The wording as it stands.
    pub draft: Draft,
    /// Until when it may be answered.
    pub expires: Option<Timestamp>,
    /// How many may answer in all.
    pub uses: u32,
    /// How many of these did.
    pub used: u32,
}

/// What a site keeps of an invitation besides its token, holder, time and uses.
pub(crate) enum OfInvite {
    /// Of one that is answered once: the tally, whose half says the rest.
    Once(TallyId),
    /// Of one that many may answer.
    Many(Box<ForMany>),
}

/// What many are invited to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForMany {
    /// As whoever reads the invitation is told.
    pub(crate) cert: Cert,
    /// The user's side.
    pub(crate) side: Side,
    /// The wording of each tally.
    pub(crate) draft: Draft,
    /// How many may answer in all.
    pub(crate) uses: NonZeroU32,
}

impl OfInvite {
    /// As it is kept.
    pub(crate) fn text(&self) -> Result<String, JsonError> {
        match self {
            Self::Once(tally) => Ok(tally.to_string()),
            Self::Many(many) => {
                let json = protocol::Json::of(&**many)?.without(&[]);
                Ok(protocol::CanonicalText::of(&json)?.to_string())
            }
        }
    }

    /// What was kept.
    pub(crate) fn read(text: &str) -> Result<Self, JsonError> {
        match text.parse() {
            Ok(tally) => Ok(Self::Once(tally)),
            Err(_) => Ok(Self::Many(Box::new(protocol::json::parse(text.as_bytes())?.read()?))),
        }
    }
}

/// The setting under which the token of an answered invitation waits to be delivered.
pub(crate) fn token_key(tally: &TallyId) -> String {
    format!("answer:{tally}")
}

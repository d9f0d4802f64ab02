//! `AgentId`: an agent's Ed25519 public key, written as a libp2p peer id.
//! The users' names at an agent are in `cuid.rs`.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::key::{KeyError, PublicKey};
use crate::text::serde_as_text;

/// Who an agent is: its Ed25519 public key, written as a libp2p peer id, `12D3KooW…`.
///
/// The text is base58btc of the identity multihash of the key's protobuf form: `00 24 08 01 12 20`
/// and the 32 bytes of the key. Only this form is read; an agent has one name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId([u8; 32]);

/// Why a text or a key is no agent id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AgentIdError {
    /// Not the length of an agent id.
    #[error("agent id has {found} characters, not 52")]
    Length {
        /// Bytes of the text found.
        found: usize,
    },
    /// Holds a character that base58 does not have.
    #[error("agent id is not base58")]
    NotBase58,
    /// A peer id of another kind of key, or a CID, or a hash of a key.
    #[error("agent id is not an Ed25519 peer id (12D3KooW…)")]
    OtherKind,
    /// The right form, but not a usable Ed25519 key.
    #[error("agent id: {0}")]
    Key(#[from] KeyError),
}

/// Identity multihash, 36 bytes long; protobuf: key type Ed25519, data of 32 bytes.
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
const BYTES: usize = PREFIX.len() + 32;

impl AgentId {
    /// Characters of an agent id.
    pub const LEN: usize = 52;

    /// The id of the agent that holds the secret of this key.
    ///
    /// # Errors
    /// [`AgentIdError::OtherKind`] where the key is not Ed25519.
    pub fn of(key: &PublicKey) -> Result<Self, AgentIdError> {
        key.ed25519_bytes().map(Self).ok_or(AgentIdError::OtherKind)
    }

    /// The agent's key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_agent(self.0)
    }

    /// As it is written.
    pub(crate) fn text(&self) -> [u8; Self::LEN] {
        let place = usize::from(self.0[0]) % MOST_WRITTEN;
        WRITTEN.with_borrow_mut(|written| {
            written.resize(MOST_WRITTEN, None);
            match &mut written[place] {
                Some((agent, text)) if agent == self => *text,
                other => other.insert((*self, self.encoded())).1,
            }
        })
    }

    fn encoded(&self) -> Text {
        let mut bytes = [0; BYTES];
        bytes[..PREFIX.len()].copy_from_slice(&PREFIX);
        bytes[PREFIX.len()..].copy_from_slice(&self.0);
        // The prefix makes all of them equally long.
        let text = bs58::encode(bytes).into_string();
        text.as_bytes().try_into().expect("52 characters of base 58")
    }
}

/// How many agents a thread remembers as they are written.
const MOST_WRITTEN: usize = 256;

thread_local! {
    /// Agents as they are written, each at its own place, where it takes the place of the one before: base 58 takes a
    /// division of the whole number for every letter, and a site writes the same few agents in every record.
    static WRITTEN: RefCell<Vec<Option<(AgentId, Text)>>> = const { RefCell::new(Vec::new()) };
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// An agent id as it is written.
type Text = [u8; AgentId::LEN];

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentId({self})")
    }
}

impl FromStr for AgentId {
    type Err = AgentIdError;

    fn from_str(text: &str) -> Result<Self, AgentIdError> {
        if text.len() != Self::LEN {
            return Err(AgentIdError::Length { found: text.len() });
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| AgentIdError::NotBase58)?;
        let key = bytes.strip_prefix(&PREFIX).ok_or(AgentIdError::OtherKind)?;
        let key = <[u8; 32]>::try_from(key).map_err(|_| AgentIdError::OtherKind)?;
        Self::of(&PublicKey::ed25519(key)?)
    }
}

serde_as_text!(AgentId);

//! Links: what a user hands to somebody outside the network, short enough for a picture that a telephone reads
//! from a screen. What it leads to is kept by the site of whoever made it.

mod pay;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::address::{AddressError, ChipAddress, Endpoint};
use crate::base64url::{self, Base64UrlError};
use crate::{Hash, PublicKey};

pub use pay::{PayLink, PayNumber};

/// How many bytes of a hash are in a link: as many as nobody can find another text for.
const PRINT_BYTES: usize = 16;

/// The beginning of a key's name ([`PublicKey::name`]): enough to tell that a key is the one that was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPrint([u8; PRINT_BYTES]);

impl KeyPrint {
    /// That of a key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let name = key.name();
        let mut print = [0; PRINT_BYTES];
        print.copy_from_slice(&name.as_bytes()[..PRINT_BYTES]);
        Self(print)
    }
}

impl fmt::Display for KeyPrint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&base64url::encode(&self.0))
    }
}

/// A link to an invitation: `chip://hearth:AGENT@host:port#invite/TOKEN/KEY`.
///
/// Whoever holds it asks the inviter's agent for the invitation, and may answer it: it is handed over like a
/// key. The print of the inviter's key is in it, so that no site can put another user in the inviter's place.
/// It has one spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InviteLink {
    /// Who invites.
    pub inviter: ChipAddress,
    /// Where the inviter's agent answers; the address above has none of its own.
    pub endpoint: Endpoint,
    /// What proves the answer.
    pub token: Hash,
    /// Of the key with which the inviter signs.
    pub key: KeyPrint,
}

/// Why a text is no link of the kind that was wanted; in words for whoever was given it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Longer than a link of its kind may be ([`InviteLink::MAX_LEN`], [`PayLink::MAX_LEN`]).
    #[error("it is longer than a link may be")]
    TooLong,
    /// It begins in another way.
    #[error("it does not begin with chip://")]
    Scheme,
    /// There is nothing behind the address.
    #[error("it ends behind an address: copy all of it, to the last character")]
    Address,
    /// What stands before the `#` is no address.
    #[error("{0}; copy it anew, all of it")]
    Bad(#[from] AddressError),
    /// It does not say where the agent answers.
    #[error("it does not say where the site answers (chip://user:AGENT@host:port#…)")]
    NoPlace,
    /// It leads to something else.
    #[error("it leads to {found:?}, which this program does not know here: a newer one may")]
    Kind {
        /// What it says that it leads to.
        found: String,
    },
    /// The token or the print is cut short.
    #[error("it ends too early: copy all of it, to the last character")]
    Cut,
    /// The token or the print is none.
    #[error("its last part is damaged ({0}): copy it anew")]
    Damaged(Base64UrlError),
    /// A number in it is none, or not written as links write it.
    #[error("{found:?} is no number of it: copy it anew")]
    Number {
        /// What stands there.
        found: String,
    },
    /// What it is for is no line of text, or something stands behind it.
    #[error("its last part is damaged: copy it anew")]
    Reference,
}

/// What every link begins with.
const SCHEME: &str = "chip://";

/// What a link to an invitation has behind its address.
const INVITE: &str = "invite";

impl InviteLink {
    /// The most bytes: an address, and some 75 bytes behind it.
    pub const MAX_LEN: usize = ChipAddress::MAX_LEN + 80;

    /// Whether a text is meant as a link.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }
}

impl fmt::Display for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inviter, endpoint, token, key } = self;
        write!(f, "{SCHEME}{}@{endpoint}#{INVITE}/{token}/{key}", inviter.short())
    }
}

crate::text::serde_as_text!(InviteLink);

impl FromStr for InviteLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (inviter, endpoint, proof) = split(text, INVITE, Self::MAX_LEN)?;
        let (token, print) = proof.split_once('/').ok_or(LinkError::Cut)?;
        let token = Hash::from_bytes(base64url::decode(token).map_err(LinkError::Damaged)?);
        let key = KeyPrint(base64url::decode(print).map_err(of_print)?);
        Ok(Self { inviter, endpoint, token, key })
    }
}

/// The address, the place, and what stands behind the kind, of a link of this kind and at most so many bytes.
fn split<'a>(
    text: &'a str,
    wanted: &str,
    most: usize,
) -> Result<(ChipAddress, Endpoint, &'a str), LinkError> {
    if text.len() > most {
        return Err(LinkError::TooLong);
    }
    if !text.starts_with(SCHEME) {
        return Err(LinkError::Scheme);
    }
    let (address, rest) = text.split_once('#').ok_or(LinkError::Address)?;
    let mut address: ChipAddress = address.parse()?;
    let endpoint = address.endpoint.take().ok_or(LinkError::NoPlace)?;
    let (kind, behind) = match rest.split_once('/') {
        Some((kind, behind)) => (kind, behind),
        None if wanted.starts_with(rest) => return Err(LinkError::Cut),
        None => (rest, ""),
    };
    if kind != wanted {
        return Err(LinkError::Kind { found: crate::text::excerpt(kind, 40) });
    }
    Ok((address, endpoint, behind))
}

/// What stands last in a link is what a cut takes away.
const fn of_print(fault: Base64UrlError) -> LinkError {
    match fault {
        Base64UrlError::Length { expected, found } if found < expected => LinkError::Cut,
        fault => LinkError::Damaged(fault),
    }
}

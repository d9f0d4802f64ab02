//! A link that asks for a payment, from anybody: a payee hands it to somebody with whom it has no tally.

use std::fmt;
use std::str::FromStr;

use super::{LinkError, PRINT_BYTES, SCHEME, split};
use crate::address::{ChipAddress, Endpoint};
use crate::base64url;
use crate::bounded::Line;
use crate::chit::{MAX_REFERENCE_BYTES, Positive};
use crate::{Hash, Timestamp, Units};

/// What a link that asks for a payment has behind its address.
const PAY: &str = "pay";

/// A number that the payee's site made for one link, and knows again: with it both ends search for a way. 128 bits of a
/// hash that only that site can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayNumber([u8; PRINT_BYTES]);

impl PayNumber {
    /// The number that is the beginning of a hash.
    #[must_use]
    pub fn of(hash: &Hash) -> Self {
        let mut number = [0; PRINT_BYTES];
        number.copy_from_slice(&hash.as_bytes()[..PRINT_BYTES]);
        Self(number)
    }

    /// From what the sessions of the `attempt`-th search with this number are made, at both ends.
    #[must_use]
    pub fn chance(&self, attempt: u8) -> Hash {
        Hash::of(&[&b"mychips search for a payment v1"[..], &self.0, &[attempt]].concat())
    }
}

impl fmt::Display for PayNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&base64url::encode(&self.0))
    }
}

impl FromStr for PayNumber {
    type Err = base64url::Base64UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(base64url::decode(text)?))
    }
}

crate::text::serde_as_text!(PayNumber);

/// A link that asks for a payment: `chip://hearth:AGENT@host:port#pay/MILLI/EXPIRES/NUMBER/REF`.
///
/// It binds nobody, and proves nothing about who made it: whoever pays sees whom, and how much. Amount and time are in
/// milli-CHIPs and milliseconds since 1970; the reference, if there is one, in base64url. It has one spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayLink {
    /// Who is to be paid.
    pub payee: ChipAddress,
    /// Where the payee's agent answers; the address above has none of its own.
    pub endpoint: Endpoint,
    /// What is to arrive.
    pub units: Positive,
    /// Until when it may be paid.
    pub expires: Timestamp,
    /// The payee's site's.
    pub number: PayNumber,
    /// What it is for, for machines.
    pub r#ref: Option<Line<MAX_REFERENCE_BYTES>>,
}

impl PayLink {
    /// The most bytes: an address, and numbers and a reference behind it.
    pub const MAX_LEN: usize = ChipAddress::MAX_LEN + 96 + MAX_REFERENCE_BYTES * 4 / 3;

    /// Whether a text is meant as a link that asks for a payment.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let rest = text.strip_prefix(SCHEME).and_then(|rest| rest.split_once('#'));
        rest.is_some_and(|(_, rest)| rest.split('/').next() == Some(PAY))
    }
}

impl fmt::Display for PayLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payee, endpoint, units, expires, number, r#ref } = self;
        let (milli, until) = (units.get().milli(), expires.ms());
        write!(f, "{SCHEME}{}@{endpoint}#{PAY}/{milli}/{until}/{number}", payee.short())?;
        match r#ref {
            Some(reference) => write!(f, "/{}", base64url::encode(reference.as_str().as_bytes())),
            None => Ok(()),
        }
    }
}

crate::text::serde_as_text!(PayLink);

impl FromStr for PayLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (payee, endpoint, rest) = split(text, PAY, Self::MAX_LEN)?;
        let mut parts = rest.split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or(LinkError::Cut);
        let (milli, until, number) = (next()?, next()?, next()?);
        let units = whole(milli)?;
        let units = Units::new(units).ok().and_then(|units| Positive::try_from(units).ok());
        let units = units.ok_or(LinkError::Number { found: crate::text::excerpt(milli, 40) })?;
        let expires = Timestamp::from_ms(whole(until)?)
            .map_err(|_| LinkError::Number { found: crate::text::excerpt(until, 40) })?;
        let number = number.parse().map_err(super::of_print)?;
        let reference = parts.next().map(reference).transpose()?;
        if parts.next().is_some() {
            return Err(LinkError::Reference);
        }
        Ok(Self { payee, endpoint, units, expires, number, r#ref: reference })
    }
}

/// A number as it is written here, and in no other way.
fn whole(text: &str) -> Result<i64, LinkError> {
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    number.ok_or_else(|| LinkError::Number { found: crate::text::excerpt(text, 40) })
}

fn reference(text: &str) -> Result<Line<MAX_REFERENCE_BYTES>, LinkError> {
    let bytes = base64url::decode_up_to(text, MAX_REFERENCE_BYTES).map_err(LinkError::Damaged)?;
    let text = String::from_utf8(bytes).map_err(|_| LinkError::Reference)?;
    text.parse().map_err(|_| LinkError::Reference)
}

//! Base64url without padding, as records spell hashes, keys and signatures.
//! One spelling each: padding, other alphabets and stray trailing bits are refused.

use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;

/// Why a text is not the base64url of so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Base64UrlError {
    /// Not the length that so many bytes need.
    #[error("{found} characters, not {expected}")]
    Length {
        /// Characters that the value needs.
        expected: usize,
        /// Bytes of the text found.
        found: usize,
    },
    /// A character outside `A-Z a-z 0-9 - _`, padding included.
    #[error("not base64url without padding")]
    Alphabet,
    /// The last character holds bits that belong to no byte; another text would mean the same.
    #[error("stray bits in the last character")]
    StrayBits,
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The bytes of `text`, which must be the one spelling of exactly `N` bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Result<[u8; N], Base64UrlError> {
    let expected = BASE64URL_NOPAD.encode_len(N);
    if text.len() != expected {
        return Err(Base64UrlError::Length { expected, found: text.len() });
    }
    let mut bytes = [0; N];
    BASE64URL_NOPAD
        .decode_mut(text.as_bytes(), &mut bytes)
        .map_err(|fault| of_kind(fault.error.kind))?;
    Ok(bytes)
}

/// The bytes of `text`, which must be the one spelling of at most so many.
pub(crate) fn decode_up_to(text: &str, most: usize) -> Result<Vec<u8>, Base64UrlError> {
    let expected = BASE64URL_NOPAD.encode_len(most);
    if text.len() > expected {
        return Err(Base64UrlError::Length { expected, found: text.len() });
    }
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|fault| of_kind(fault.kind))
}

const fn of_kind(kind: data_encoding::DecodeKind) -> Base64UrlError {
    match kind {
        data_encoding::DecodeKind::Trailing => Base64UrlError::StrayBits,
        _ => Base64UrlError::Alphabet,
    }
}

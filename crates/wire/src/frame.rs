//! Frames: how a message and its answer are laid out as bytes. Pure; `codec.rs` reads and writes them
//! on a stream.
//!
//! A message is one byte for its kind, four for its length (the first one counts most), and its bytes.
//! An answer is one byte for what it is, four for its length, and its bytes. Nothing follows either.

use crate::table::MAX_REPLY_BYTES;
use crate::text::one_line;

/// Bytes before what a frame holds.
pub(crate) const HEAD_BYTES: usize = 5;

/// The most bytes of a reason.
pub(crate) const REASON_BYTES: usize = 500;

/// A frame's first bytes: what it is, and how many bytes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The kind, or what an answer is.
    pub(crate) byte: u8,
    /// How many bytes follow.
    pub(crate) length: u32,
}

impl Head {
    pub(crate) fn read(bytes: [u8; HEAD_BYTES]) -> Self {
        let [byte, a, b, c, d] = bytes;
        Self { byte, length: u32::from_be_bytes([a, b, c, d]) }
    }

    pub(crate) fn write(self) -> [u8; HEAD_BYTES] {
        let [a, b, c, d] = self.length.to_be_bytes();
        [self.byte, a, b, c, d]
    }
}

/// What is answered to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Taken; with what the receiver answers.
    Taken(Vec<u8>),
    /// The receiver does not take it, and says why.
    Refused(String),
    /// Not now: too many, or too often. In so many milliseconds, and why.
    Later(u32, String),
    /// Only the agent of a partner may send this kind.
    NotKnown,
    /// The kind has no row here.
    KindUnknown,
}

/// Why bytes are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadReply {
    #[error("an answer of a sort that is not known")]
    Sort,
    #[error("an answer longer than an answer may be")]
    Length,
    #[error("an answer that ends too early")]
    Short,
}

impl Reply {
    /// As bytes. What is too long for an answer is a mistake of the receiver's, and is told as one.
    pub(crate) fn write(&self) -> Vec<u8> {
        let (byte, body) = match self {
            Self::Taken(bytes) if bytes.len() > MAX_REPLY_BYTES => {
                return Self::Refused("the answer was too long to send".to_owned()).write();
            }
            Self::Taken(bytes) => (0, bytes.clone()),
            Self::Refused(reason) => (1, one_line(reason, REASON_BYTES).into_bytes()),
            Self::Later(after_ms, reason) => {
                let mut body = after_ms.to_be_bytes().to_vec();
                body.extend_from_slice(one_line(reason, REASON_BYTES).as_bytes());
                (2, body)
            }
            Self::NotKnown => (3, Vec::new()),
            Self::KindUnknown => (4, Vec::new()),
        };
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut bytes = Head { byte, length }.write().to_vec();
        bytes.extend_from_slice(&body);
        bytes
    }

    /// How many bytes an answer has after its head; to be asked before they are read.
    pub(crate) fn room(head: Head) -> Result<usize, BadReply> {
        let most = match head.byte {
            0 => MAX_REPLY_BYTES,
            1 => REASON_BYTES,
            2 => 4 + REASON_BYTES,
            3 | 4 => 0,
            _ => return Err(BadReply::Sort),
        };
        let length = usize::try_from(head.length).map_err(|_| BadReply::Length)?;
        if length <= most { Ok(length) } else { Err(BadReply::Length) }
    }

    /// The answer that these bytes are. Reasons are for people and come from elsewhere: what is no
    /// plain text in them is replaced.
    pub(crate) fn read(head: Head, body: Vec<u8>) -> Result<Self, BadReply> {
        let reason = |bytes: &[u8]| one_line(&String::from_utf8_lossy(bytes), REASON_BYTES);
        let number = |bytes: &[u8]| {
            bytes.first_chunk().map(|first| u32::from_be_bytes(*first)).ok_or(BadReply::Short)
        };
        if Self::room(head)? != body.len() {
            return Err(BadReply::Short);
        }
        Ok(match head.byte {
            0 => Self::Taken(body),
            1 => Self::Refused(reason(&body)),
            2 => Self::Later(number(&body)?, reason(&body[4..])),
            3 => Self::NotKnown,
            4 => Self::KindUnknown,
            _ => return Err(BadReply::Sort),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Reply, BadReply> {
        let (head, body) = bytes.split_first_chunk().ok_or(BadReply::Short)?;
        Reply::read(Head::read(*head), body.to_vec())
    }

    fn replies() -> impl Strategy<Value = Reply> {
        let reason = "[ -~äöü]{0,80}";
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Reply::Taken),
            reason.prop_map(Reply::Refused),
            (any::<u32>(), reason).prop_map(|(after, why)| Reply::Later(after, why)),
            Just(Reply::NotKnown),
            Just(Reply::KindUnknown),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(reply in replies()) {
            prop_assert_eq!(read(&reply.write()), Ok(reply));
        }

        #[test]
        fn a_head_is_read_as_written(byte: u8, length: u32) {
            let head = Head { byte, length };
            prop_assert_eq!(Head::read(head.write()), head);
        }

        /// Any bytes are an answer or none; what is read is written as it was read.
        #[test]
        fn any_bytes_are_read(byte in 0..8_u8, body in prop::collection::vec(any::<u8>(), 0..700)) {
            let length = u32::try_from(body.len()).unwrap();
            if let Ok(reply) = Reply::read(Head { byte, length }, body) {
                prop_assert_eq!(read(&reply.write()), Ok(reply));
            }
        }

        /// An answer cut short anywhere is no answer.
        #[test]
        fn a_part_is_no_answer(reply in replies(), keep in 0.0..1.0_f64) {
            let bytes = reply.write();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let part = &bytes[..(bytes.len() as f64 * keep) as usize];
            prop_assert!(read(part).is_err());
        }

        #[test]
        fn reasons_of_any_text_fit(reason in any::<String>(), long in 0..900_usize) {
            let reason = reason.repeat(long);
            let Ok(Reply::Refused(told)) = read(&Reply::Refused(reason).write()) else {
                return Err(TestCaseError::fail("no refusal"));
            };
            prop_assert!(told.len() <= REASON_BYTES);
            prop_assert!(!told.chars().any(char::is_control));
        }
    }

    #[test]
    fn an_answer_that_is_too_long_is_told_as_a_refusal() {
        let long = Reply::Taken(vec![0; MAX_REPLY_BYTES + 1]).write();
        assert!(matches!(read(&long), Ok(Reply::Refused(_))));
        let fits = Reply::Taken(vec![0; MAX_REPLY_BYTES]);
        assert_eq!(read(&fits.write()), Ok(fits));
    }
}

//! What the two halves of an open tally say to each other so that their chains become one.

use serde::{Deserialize, Serialize};

use super::chain::Head;
use super::refusal::Refusal;
use crate::Hash;
use crate::chit::Chit;

/// The most chits in one [`Message::Upd`]: with the largest words and escapes they stay below the
/// size that a reader takes.
pub const MAX_CHITS_IN_UPD: usize = 32;

/// The most heads in a locator: distances double, so this covers 2^60 links.
pub const MAX_LOCATOR: usize = 64;

/// A message from one half to the other; `C` is a chit, or a chit whose proof was checked.
///
/// Every one may be lost, repeated, late or out of order. An `Upd` or `Ack` is also the sending
/// agent's word for the head in it; agents sign that as an [`super::Ack`] record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message<C = Chit> {
    /// "After `base`, which we both have, I have these." From the foil it is an order; from the
    /// stock these are chits to be ordered. `head` is the sender's chain after the last of them.
    Upd {
        /// The last head that the sender believes both have.
        base: Head,
        /// The chits after it, in the sender's order; at most [`MAX_CHITS_IN_UPD`].
        chits: Vec<C>,
        /// The head after them.
        head: Head,
    },
    /// From the stock: "I have your order up to here."
    Ack {
        /// The head.
        head: Head,
    },
    /// From the stock: "I do not have the base of your order; this is what I have."
    Nak {
        /// Heads of the sender's chain, newest first, ever wider apart, the genesis last.
        locator: Vec<Head>,
    },
    /// "Tell me what I lack; this is what I have."
    Req {
        /// As in `Nak`.
        locator: Vec<Head>,
    },
    /// The same from a half that was restored from a backup: "and name this question in your answer."
    Ask {
        /// As in `Nak`.
        locator: Vec<Head>,
        /// A name that was drawn after the restore.
        question: Hash,
    },
    /// The answer to [`Message::Ask`]: an `Upd` that names the question.
    Tell {
        /// The question.
        question: Hash,
        /// As in `Upd`.
        base: Head,
        /// As in `Upd`; fewer than [`MAX_CHITS_IN_UPD`] where there are no more.
        chits: Vec<C>,
        /// As in `Upd`.
        head: Head,
    },
}

impl<C> Message<C> {
    /// Whether the message is no longer than honest ones: to be asked before its proofs are checked.
    ///
    /// # Errors
    /// [`Refusal::TooLong`].
    pub const fn check_length(&self) -> Result<(), Refusal> {
        let fits = match self {
            Self::Upd { chits, .. } | Self::Tell { chits, .. } => chits.len() <= MAX_CHITS_IN_UPD,
            Self::Nak { locator } | Self::Req { locator } | Self::Ask { locator, .. } => {
                locator.len() <= MAX_LOCATOR
            }
            Self::Ack { .. } => true,
        };
        if fits { Ok(()) } else { Err(Refusal::TooLong) }
    }

    /// The chits in it, in its order.
    #[must_use]
    pub fn chits(&self) -> &[C] {
        match self {
            Self::Upd { chits, .. } | Self::Tell { chits, .. } => chits,
            Self::Ack { .. } | Self::Nak { .. } | Self::Req { .. } | Self::Ask { .. } => &[],
        }
    }

    /// The same message with its chits checked, or whatever else `check` does to each.
    ///
    /// # Errors
    /// The first that `check` gives.
    pub fn try_map<D, E>(self, check: impl FnMut(C) -> Result<D, E>) -> Result<Message<D>, E> {
        Ok(match self {
            Self::Upd { base, chits, head } => {
                let chits = chits.into_iter().map(check).collect::<Result<_, _>>()?;
                Message::Upd { base, chits, head }
            }
            Self::Ack { head } => Message::Ack { head },
            Self::Nak { locator } => Message::Nak { locator },
            Self::Req { locator } => Message::Req { locator },
            Self::Ask { locator, question } => Message::Ask { locator, question },
            Self::Tell { question, base, chits, head } => {
                let chits = chits.into_iter().map(check).collect::<Result<_, _>>()?;
                Message::Tell { question, base, chits, head }
            }
        })
    }
}

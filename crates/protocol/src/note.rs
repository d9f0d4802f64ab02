//! Notes: what one half of a tally sends the other, addressed. The same note goes to a half at the
//! same site and to one at another.

use serde::{Deserialize, Serialize};

use crate::address::ChipAddress;
use crate::record::record;
use crate::{Cuid, Hash, TallyId, ledger, negotiation};

/// A message from one half of a tally to the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Note {
    /// The tally.
    pub tally: TallyId,
    /// The user whose half speaks.
    pub from: ChipAddress,
    /// The user whose half is meant, at the agent that receives the note.
    pub to: Cuid,
    /// With the answer to an invitation: its token.
    pub token: Option<Hash>,
    /// What is said.
    pub body: Body,
}
record!(Note, "note", 1, outside: []);

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Body {
    /// About the agreement.
    Negotiation(negotiation::Message),
    /// About the chits.
    Ledger(ledger::Message),
}

impl Body {
    /// One word for what is said: a later note of the same kind to the same half takes the place of
    /// an earlier one that still waits, as each says all that is due.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        use ledger::Message as L;
        use negotiation::Message as N;
        match self {
            Self::Negotiation(N::Answer { .. }) => "answer",
            Self::Negotiation(N::Answered) => "answered",
            Self::Negotiation(N::Tally(_)) => "tally",
            Self::Negotiation(N::Received { .. }) => "received",
            Self::Negotiation(N::Withdraw { .. }) => "withdraw",
            Self::Negotiation(N::Ended { .. }) => "ended",
            Self::Negotiation(N::Ask) => "ask",
            Self::Ledger(L::Upd { .. }) => "upd",
            Self::Ledger(L::Ack { .. }) => "ack",
            Self::Ledger(L::Nak { .. }) => "nak",
            Self::Ledger(L::Req { .. }) => "req",
        }
    }
}

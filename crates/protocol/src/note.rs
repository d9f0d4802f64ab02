//! Notes: what one half of a tally sends the other, addressed. The same note goes to a half at the
//! same site and to one at another.

use serde::{Deserialize, Serialize};

use crate::address::ChipAddress;
use crate::freed::Freed;
use crate::moved::Moved;
use crate::participant::Word;
use crate::record::{Record as _, record};
use crate::{Cuid, Hash, Tally, TallyId, invoice, ledger, negotiation};

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
    /// Where the user's site has another agent than the one that the signed tally names: the user's word.
    pub moved: Option<Moved>,
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
    /// About invoices.
    Invoice(invoice::Message),
    /// About a lift that has a leg on the tally.
    Lift(Box<Word>),
    /// That what a lift has set aside on the tally may be used again: either user's word.
    Freed(Box<Freed>),
}

/// What the key of a note begins with from which nothing follows: no other note to its half waits for it.
pub const ALONE: &str = "alone:";

impl Body {
    /// The name under which a note waits to be delivered: a later one of the same name to the same
    /// half takes the place of an earlier one, as it says all that the earlier one did, or what has
    /// overtaken it. So two notes that both have to be heard never have one name.
    #[must_use]
    pub fn key(&self) -> String {
        use invoice::Message as I;
        use ledger::Message as L;
        use negotiation::Message as N;
        match self {
            Self::Negotiation(N::Answer { .. }) => "answer".to_owned(),
            Self::Negotiation(N::Answered) => "answered".to_owned(),
            Self::Negotiation(N::Tally(tally)) => of_tally(tally).to_owned(),
            Self::Negotiation(N::Received { version }) => format!("received:{}", version.hash),
            Self::Negotiation(N::Withdraw { .. }) => "withdraw".to_owned(),
            Self::Negotiation(N::Ended { version, .. }) => format!("ended:{}", version.hash),
            Self::Negotiation(N::Ask) => "ask".to_owned(),
            Self::Ledger(L::Upd { .. }) => "upd".to_owned(),
            Self::Ledger(L::Ack { .. }) => "ack".to_owned(),
            Self::Ledger(L::Nak { .. }) => "nak".to_owned(),
            Self::Ledger(L::Req { .. }) => "req".to_owned(),
            Self::Ledger(L::Ask { .. }) => "ask-restored".to_owned(),
            Self::Ledger(L::Tell { .. }) => "tell".to_owned(),
            Self::Invoice(I::Invoice(invoice)) => format!("invoice:{}", invoice.uuid),
            Self::Invoice(I::Received { chit, .. }) => format!("invoice-received:{chit}"),
            Self::Invoice(I::Refused { chit, .. }) => format!("invoice-refused:{chit}"),
            Self::Invoice(I::Ask) => "invoice-ask".to_owned(),
            // A later word says all that an earlier one did. One without a name is refused when it is read.
            Self::Lift(word) => {
                word.lift.hash().map_or_else(|_| "lift".to_owned(), |lift| format!("lift:{lift}"))
            }
            Self::Freed(freed) => format!("{ALONE}freed:{}:{}", freed.by.word(), freed.lift),
        }
    }

    /// Whether any number of such notes may wait for one half, each with a name of its own. A site
    /// sets a limit to them: what it leaves unsaid, the next reminder says.
    #[must_use]
    pub const fn is_one_of_many(&self) -> bool {
        use invoice::Message as I;
        use negotiation::Message as N;
        match self {
            Self::Negotiation(message) => {
                matches!(message, N::Received { .. } | N::Ended { .. })
            }
            // Of words on lifts there are as many as the half has set aside for, and some that it refuses; of what is
            // free as many as it keeps.
            Self::Ledger(_) | Self::Lift(_) | Self::Freed(_) => false,
            Self::Invoice(message) => !matches!(message, I::Ask),
        }
    }
}

/// An agreement and each side's offer: of each the highest is all that counts.
fn of_tally(tally: &Tally) -> &'static str {
    let sign = tally.members().sign.as_ref();
    match sign.map(|sign| (sign.stock.is_some(), sign.foil.is_some())) {
        Some((true, false)) => "offer-of-stock",
        Some((false, true)) => "offer-of-foil",
        Some(_) | None => "tally",
    }
}

//! Why a negotiation does not take an input: nothing changed, and the reason says what to do.

use thiserror::Error;

use super::Status;
use crate::json::JsonError;
use crate::side::Side;
use crate::tally::TallyError;
use crate::{Hash, TallyId, Timestamp};

/// What a user may ask for, named in [`Refusal::NotNow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Write the draft anew.
    Draft,
    /// Accept the partner's offer.
    Accept,
    /// Refuse the partner's offer.
    Refuse,
    /// Ask for one's own offer back.
    Withdraw,
}

/// Why an input is refused, or why a message changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The record is of another tally.
    #[error("this is tally {named}, not {tally}")]
    OtherTally {
        /// The tally it names.
        named: TallyId,
        /// The tally at hand.
        tally: TallyId,
    },
    /// A user offers only with its own signature.
    #[error("the offer is signed by the {by}; the holder of this half is the {holder}")]
    NotByHolder {
        /// Who signed.
        by: Side,
        /// The side of this half.
        holder: Side,
    },
    /// Who the two users are is not negotiated.
    #[error(
        "the cert of the {side} is not the one that this negotiation began with; for another user \
         or key begin a new tally"
    )]
    OtherCert {
        /// Whose cert differs.
        side: Side,
    },
    /// A user changed its key on this tally; a revision would have to name keys again.
    #[error("a key was changed on tally {tally}; for other terms agree on a new tally")]
    Rekeyed {
        /// The tally.
        tally: TallyId,
    },
    /// An offer with the key that is to end may still be accepted.
    #[error("an offer of yours on tally {tally} is signed with the key; withdraw it first")]
    OfferOut {
        /// The tally.
        tally: TallyId,
    },
    /// The invitation was not answered yet.
    #[error("nobody has answered the invitation to tally {tally} yet")]
    NoPartner {
        /// The tally.
        tally: TallyId,
    },
    /// Somebody else answered before.
    #[error("somebody else answered the invitation to tally {tally}; ask for a new one")]
    Taken {
        /// The tally.
        tally: TallyId,
    },
    /// The partner would be the holder itself.
    #[error("a tally needs two users with two keys; this is the holder's own cert")]
    SameUser,
    /// Nobody signed it.
    #[error("nobody has signed this tally: it is neither an offer nor an agreement")]
    Unsigned,
    /// Not after every offer that this half knows.
    #[error("the next revision is {next}, not {found}; sign it with that one")]
    Revision {
        /// The revision signed.
        found: u32,
        /// The one that is due.
        next: u32,
    },
    /// There is no next revision.
    #[error("tally {tally} has used up its revisions; begin a new one")]
    NoRevisionLeft {
        /// The tally.
        tally: TallyId,
    },
    /// Not from this status.
    #[error("the tally is {status}: {}", advice(*status, *wish))]
    NotNow {
        /// Where the tally stands.
        status: Status,
        /// What was asked for.
        wish: Wish,
    },
    /// The version named is not, or no more, the one on the table.
    #[error("version {hash} is not on the table; look at what is, and decide about that")]
    NotOnTable {
        /// Hash of the version.
        hash: Hash,
    },
    /// Its time is over.
    #[error("revision {revision} could be accepted until {expires}; make a new offer")]
    Expired {
        /// The revision.
        revision: u32,
        /// Until when.
        expires: Timestamp,
    },
    /// Exactly this is there already.
    #[error("revision {revision} is there already")]
    Known {
        /// The revision.
        revision: u32,
    },
    /// A later version is known, or this one came to its end.
    #[error("revision {revision} comes late: the negotiation has gone on or ended it")]
    Late {
        /// The revision that came.
        revision: u32,
    },
    /// Both sides offered one revision; the foil's stands.
    #[error("both sides offered revision {revision} at once; the foil's stands")]
    Crossed {
        /// The revision.
        revision: u32,
    },
    /// A closed tally stays as it is.
    #[error("tally {tally} is closed; begin a new one")]
    Closed {
        /// The tally.
        tally: TallyId,
    },
    /// The members make no tally.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// The record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

/// What to do instead.
const fn advice(status: Status, wish: Wish) -> &'static str {
    match (wish, status) {
        (Wish::Draft, Status::PartnerOffer) => "accept or refuse the offer, or sign another one",
        (Wish::Draft, _) => "sign the changed tally as the next revision",
        (Wish::Accept | Wish::Refuse, Status::HolderOffer | Status::DraftOffer) => {
            "the offer is yours; the partner accepts or refuses it, and you may withdraw it"
        }
        (Wish::Accept | Wish::Refuse, _) => "there is no offer of the partner's to decide about",
        (Wish::Withdraw, Status::OfferDraft) => "you have asked for it back already",
        (Wish::Withdraw, _) => "there is no offer of yours to take back",
    }
}

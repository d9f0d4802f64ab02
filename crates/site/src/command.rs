//! Commands: what may be asked of a site, by whom, and the answers.

use std::num::NonZeroU32;

use protocol::address::Endpoint;
use protocol::chit::Chit;
use protocol::export::LiftProof;
use protocol::invoice::Invoice;
use protocol::ledger::Head;
use protocol::lift::Authorisation;
use protocol::negotiation::{Draft, Reason};
use protocol::{
    AgentId, Cert, ChitId, Contract, Cuid, Freed, Hash, LiftId, Moved, Side, Signature, Tally,
    TallyId, Timestamp, Units,
};
use serde::{Deserialize, Serialize};
use store::UserKind;

use crate::invitation::{Invitation, Inviting};
use crate::lift::{Cleared, Paid};
use crate::seek::Hint;

/// Who asks. Whoever let the command in has made sure that it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// An administrator of the site.
    Administrator,
    /// A user, by a device with the key in its cert.
    User(Cuid),
    /// Somebody with a key that the user had before an administrator gave it another cert: a thief,
    /// or the user, who never asked for that. It may see the user's tallies and stop things there;
    /// nothing else.
    Former(Cuid),
}

/// A command's name, chosen by whoever asks: asked again under the same name, nothing happens again
/// and the same answer comes back. At most [`CommandId::MAX_LEN`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandId(String);

impl CommandId {
    /// The most bytes: room for any usual id with a prefix.
    pub const MAX_LEN: usize = 100;

    /// A name; none where it is empty or too long.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let fits = !name.is_empty() && name.len() <= Self::MAX_LEN;
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is asked. As JSON its records are as their writer sent them: whoever decides checks every
/// signature that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// An administrator takes in a user, with the cert that it signed.
    AddUser {
        /// What it is.
        #[serde(with = "crate::words::kind")]
        kind: UserKind,
        /// Its cert; its address must be at this site.
        cert: Box<Cert>,
    },
    /// An administrator suspends a user, or lets it act again; a user may suspend itself.
    Suspend {
        /// Whom.
        cuid: Cuid,
        /// Whether it is suspended from now on.
        suspended: bool,
    },
    /// An administrator, who knows the person, gives a user that has lost its key another cert; it may
    /// act again. A key that it had before may still stop things: see [`Caller::Former`].
    Readmit {
        /// The cert, signed with the key in it; of the same user.
        cert: Box<Cert>,
    },
    /// An administrator adds a contract, so that tallies can agree to it.
    AddContract {
        /// The text, with its `rid`.
        contract: Box<Contract>,
    },
    /// An administrator says where another agent answers, where this site does not know it or knows it wrong.
    /// An agent with which nobody here has dealings is taken for a mistake, unless it is said to be new: what
    /// it says is listened to from then on.
    FindAt {
        /// Whose.
        agent: AgentId,
        /// Where; none: nobody knows.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::words::place")]
        endpoint: Option<Endpoint>,
        /// Whether it may be one that nobody here has dealings with.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        new: bool,
    },
    /// An administrator accepts an agent as a referee of lifts that users here take part in, this site's own not
    /// excepted; or says anew where an accepted one answers.
    AcceptReferee {
        /// Whom.
        agent: AgentId,
        /// Where it answers; none: nobody says.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::words::place")]
        endpoint: Option<Endpoint>,
        /// How much may be open here at once under it alone; none: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<Units>,
    },
    /// An administrator accepts a referee no longer. What was promised under it, it decides all the same.
    DropReferee {
        /// Whom.
        agent: AgentId,
    },
    /// An administrator clears: debts between users of this site vanish, as many as can, and nobody
    /// is richer or poorer.
    Clear,
    /// A user invites somebody to a tally.
    Invite {
        /// The new tally's name.
        tally: TallyId,
        /// The user's side.
        side: Side,
        /// The wording.
        draft: Box<Draft>,
        /// Until when it may be answered.
        expires: Timestamp,
    },
    /// A user invites one or many, and says what they are told of it.
    InviteAs {
        /// To what.
        inviting: Box<Inviting>,
    },
    /// A user takes back an invitation: nobody can answer it any more; what was answered stays.
    TakeBack {
        /// Its name: the hash of its token.
        invitation: Hash,
    },
    /// A user answers an invitation.
    Answer {
        /// The invitation.
        invitation: Box<Invitation>,
    },
    /// A user answers an invitation, and says what the inviter is told of it.
    AnswerAs {
        /// The invitation.
        invitation: Box<Invitation>,
        /// A cert signed with the same key as the one here, of the same user.
        cert: Box<Cert>,
    },
    /// A user's device brings back a tally that both signed and that this site has lost, as after a
    /// restore; [`Wish::Recover`] brings its chits.
    Reopen {
        /// The tally.
        tally: Box<Tally>,
    },
    /// A user has another cert, maybe with another key; tallies that are open have their keys from
    /// what was signed there.
    NewCert {
        /// The cert, signed with the key in it; of the same user.
        cert: Box<Cert>,
        /// The signature over it with the key in the cert before.
        proof: Signature,
    },
    /// A user pays somebody over a path of tallies: at once, all of it or nothing.
    PayByLift {
        /// Whom, how much, and the most that it gives, signed.
        authorisation: Box<Authorisation>,
        /// From the payee's link, where it came by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<Hint>,
    },
    /// A user decides something about one of its tallies.
    Tally {
        /// Which.
        tally: TallyId,
        /// What it wants.
        wish: Wish,
    },
}

impl Command {
    /// One word for what is asked, for who counts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddUser { .. } => "add_user",
            Self::Suspend { .. } => "suspend",
            Self::Readmit { .. } => "readmit",
            Self::AddContract { .. } => "add_contract",
            Self::Reopen { .. } => "reopen",
            Self::NewCert { .. } => "new_cert",
            Self::FindAt { .. } => "find_at",
            Self::AcceptReferee { .. } => "accept_referee",
            Self::DropReferee { .. } => "drop_referee",
            Self::Clear => "clear",
            Self::Invite { .. } => "invite",
            Self::InviteAs { .. } => "invite_as",
            Self::TakeBack { .. } => "take_back",
            Self::Answer { .. } => "answer",
            Self::AnswerAs { .. } => "answer_as",
            Self::PayByLift { .. } => "pay_by_lift",
            Self::Tally { wish, .. } => wish.kind(),
        }
    }
}

impl Wish {
    /// One word for what is wanted.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Draft(_) => "draft",
            Self::Offer(_) => "offer",
            Self::Accept(_) => "accept",
            Self::Refuse { .. } => "refuse",
            Self::Withdraw { .. } => "withdraw",
            Self::Write { .. } => "write",
            Self::Recover(_) => "recover",
            Self::Invoice(_) => "invoice",
            Self::RefuseInvoice { .. } => "refuse_invoice",
            Self::Compare => "compare",
            Self::Move(_) => "move",
            Self::Prove(_) => "prove",
            Self::Free(_) => "free",
            Self::Give { .. } => "give",
            Self::Deny(_) => "deny",
        }
    }
}

/// What a user wants of one of its tallies; signed where a signature is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wish {
    /// Another wording of the draft.
    Draft(Box<Draft>),
    /// An offer or counter-offer, signed.
    Offer(Box<Tally>),
    /// The partner's offer, signed too.
    Accept(Box<Tally>),
    /// No to the partner's offer.
    Refuse {
        /// Hash of the version that it saw.
        offer: Hash,
        /// Why.
        reason: Option<Reason>,
    },
    /// Its own offer back.
    Withdraw {
        /// Hash of the version.
        offer: Hash,
    },
    /// A chit, signed.
    Write {
        /// The chit.
        chit: Box<Chit>,
        /// Whether it may go beyond the limit that the partner granted.
        over_limit: bool,
    },
    /// An invoice, signed: a new one, the next version of one, or one taken back.
    Invoice(Box<Invoice>),
    /// No to an invoice of the partner's.
    RefuseInvoice {
        /// The invoice.
        invoice: ChitId,
        /// The version that it saw.
        revision: NonZeroU32,
        /// Why.
        reason: Option<Reason>,
    },
    /// Chits that its device kept and its half may have lost; none where it keeps no more than the half
    /// has, which a half that was restored wants to hear before it takes part in lifts.
    Recover(Vec<Chit>),
    /// What proves the chit of a lift between sites that its device kept and its half has lost.
    Prove(Box<LiftProof>),
    /// Another agent speaks for a user than the one that the tally names: this site's for its own, signed by
    /// it; or what its device keeps of what either said.
    Move(Box<Moved>),
    /// What a lift that is past its deadline and not decided has set aside may be used again, once the partner says so
    /// too; signed. A certificate that comes later is done all the same, also where that is beyond a limit then.
    Free(Box<Freed>),
    /// It is so: the holder gave so much by a valid lift that this site has lost, and said as an agent that it is no more,
    /// so that it takes nobody's word for it but the holder's, whom it asks ([`crate::Summary::claimed`]).
    Give {
        /// The lift.
        lift: LiftId,
        /// How much.
        units: Units,
    },
    /// It is not so: the holder gave nothing by it.
    Deny(LiftId),
    /// Compare the half with the partner's.
    Compare,
}

/// The answer to a command that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Done, with nothing to say.
    Done,
    /// The contract is known here now.
    Contract {
        /// Whether it was not before.
        new: bool,
    },
    /// The invitation, to be handed to whom it is for.
    Invited(Box<Invitation>),
    /// What was cleared.
    Cleared(Cleared),
    /// The payment that was made.
    Paid(Paid),
    /// Where the tally stands now.
    Tally {
        /// One word.
        status: String,
        /// The chain's head; none before it is signed.
        head: Option<Head>,
        /// The balance in milli-CHIPs: positive when the partner owes.
        balance: i64,
    },
}

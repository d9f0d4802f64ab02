//! Why a site does not do what it is asked: what happened, to which record, what to do.

use clearing::{Limit, NoPath};
use protocol::lift::{LegsError, LiftFault};
use protocol::participant::{self, PartFault, WordFault};
use protocol::query::Why;
use protocol::{
    AgentId, Cuid, Hash, JsonError, LiftId, PaymentId, SignError, SignatureFault, TallyId,
    Timestamp, Units, invoice, ledger, negotiation, referee,
};
use store::StoreError;
use thiserror::Error;

use crate::between::WhyVoid;
use crate::referee::{MAX_ACCEPTED, Unjudged};

/// Why nothing was done; what was kept before is as it was.
#[derive(Debug, Error)]
pub enum SiteError {
    /// Only others may ask this.
    #[error("only {who} may do this")]
    NotAllowed {
        /// Who may.
        who: &'static str,
    },
    /// The user is not here.
    #[error("no user named {0} lives here; an administrator can add one")]
    NoUser(Cuid),
    /// The name is taken.
    #[error("a user named {0} lives here already; choose another name")]
    UserExists(Cuid),
    /// The user may not act.
    #[error("user {0} is suspended; ask an administrator")]
    Suspended(Cuid),
    /// The cert is of a user elsewhere.
    #[error("the cert names agent {named}, but this site is {site}")]
    OtherSite {
        /// The agent in the cert.
        named: AgentId,
        /// This site's.
        site: AgentId,
    },
    /// The request was signed too long ago, or in time to come.
    #[error("the request was signed at {date}, but it is {now} here; set the clock, sign again")]
    Date {
        /// When it says that it was signed.
        date: Timestamp,
        /// When it came.
        now: Timestamp,
    },
    /// The request is signed by another key than the user has here, or not at all.
    #[error("the request is not signed with the key that user {user} has here")]
    Unsigned {
        /// Who it says that asks.
        user: Cuid,
    },
    /// The request is for another site.
    #[error("the request is for agent {named}, but this site is {site}")]
    OtherAgent {
        /// The agent that it names.
        named: AgentId,
        /// This site's.
        site: AgentId,
    },
    /// The user has no such tally.
    #[error("user {holder} has no tally {tally}")]
    NoTally {
        /// The user.
        holder: Cuid,
        /// The tally.
        tally: TallyId,
    },
    /// Others at this site have a tally of this name; who, is nobody else's business.
    #[error(
        "there is a tally {tally} of others at this site: this one needs another name, so a new invitation"
    )]
    TallyOfOthers {
        /// The tally.
        tally: TallyId,
    },
    /// The user has this tally already.
    #[error("user {holder} has a tally {tally} already")]
    TallyExists {
        /// The user.
        holder: Cuid,
        /// The tally.
        tally: TallyId,
    },
    /// The tally is not open.
    #[error("tally {tally} is not open yet: {status}")]
    NotOpen {
        /// The tally.
        tally: TallyId,
        /// Where it stands.
        status: String,
    },
    /// The invitation is not good any more, or never was.
    #[error("the invitation {0}; ask for a new one")]
    Invitation(&'static str),
    /// Nobody here has dealings with the agent.
    #[error(
        "nobody here has dealings with agent {0}: compare it with what mychips status of that site \
         shows; where it is a site that you expect to hear from, say that it is new (--new)"
    )]
    NoDealings(AgentId),
    /// The user has no such invitation out.
    #[error("no such invitation is out; list those that are")]
    NoInvitation,
    /// An invitation for many was answered without a tally's name.
    #[error("the invitation is for many: name a new tally to answer it")]
    NoTallyNamed,
    /// The link does not lead to an invitation of the user that it names.
    #[error(
        "what the link leads to is not of the user that it names ({0}); ask that user for a new one"
    )]
    OtherInviter(&'static str),
    /// The site that a link names says no.
    #[error("the inviter's site says: {0}")]
    SaidElsewhere(String),
    /// The site that a link names could not be asked.
    #[error(
        "the inviter's site could not be asked ({reason}); try again later, or ask for the invitation as a file"
    )]
    NotReached {
        /// Why not.
        reason: String,
    },
    /// Nothing here asks other sites.
    #[error("this site asks no others now; serve it, and ask again")]
    AsksNobody,
    /// The user has too many invitations out.
    #[error("{most} invitations are out already; take back some that nobody will answer")]
    TooManyInvitations {
        /// The most.
        most: usize,
    },
    /// More may not answer one invitation.
    #[error("one invitation is for {most} answers at most")]
    TooManyAnswers {
        /// The most.
        most: u32,
    },
    /// A cert to be shown is not one of the user's.
    #[error("what is to be told of {0} is not signed with the key in its cert here")]
    OtherCert(Cuid),
    /// A note from somebody who is not the partner.
    #[error("tally {tally} is not with {from}")]
    NotPartner {
        /// The tally.
        tally: TallyId,
        /// Who sent the note.
        from: String,
    },
    /// A partner's note by another agent than the one that is known, with a word for it that this half cannot
    /// check.
    #[error(
        "tally {tally} is with that user at another agent, and this half cannot check that {from} speaks for \
         it: it may have gone back to before a change of key, which a device of its user brings back"
    )]
    MoveNotProved {
        /// The tally.
        tally: TallyId,
        /// Who sent the note.
        from: String,
    },
    /// A user's word that a lift's leg is free, by a key that nothing here brings: a change of key may be on its way.
    #[error(
        "the word that lift {lift} is free on this tally is signed with a key that is not known here"
    )]
    FreedNotProved {
        /// The lift.
        lift: LiftId,
    },
    /// A lift may still be decided in time.
    #[error(
        "lift {lift} may still be decided in time: what frees it is signed after its deadline, {deadline}"
    )]
    FreeTooEarly {
        /// The lift.
        lift: LiftId,
        /// Until when it may become valid.
        deadline: Timestamp,
    },
    /// The holder is not asked whether it gave so much by a lift.
    #[error(
        "tally {tally} waits for no word on lift {lift}, or for one on another amount: mychips tally show says for which"
    )]
    NotClaimed {
        /// The lift.
        lift: LiftId,
        /// The tally.
        tally: TallyId,
    },
    /// There is nothing to free.
    #[error("lift {lift} is decided: there is nothing to free")]
    LiftDecided {
        /// The lift.
        lift: LiftId,
    },
    /// Something about keys on a tally that names another agent than this site's.
    #[error(
        "tally {tally} names another agent than this site's, so the partner's would not hear of it: sign for this \
         one first with mychips key agent"
    )]
    ToMove {
        /// The tally.
        tally: TallyId,
    },
    /// An agent with whose users there are dealings here is not this site's.
    #[error(
        "users here have dealings with users of agent {0}, which so is another site's; where this one was it all the \
         same, say --sure"
    )]
    LivingAgent(AgentId),
    /// A store of another agent's than the one whose key is there.
    #[error(
        "the site in this store is agent {store}, and the key is agent {key}'s: put the key of {store} in its \
         place, or finish with mychips agent replace"
    )]
    OtherKey {
        /// Whose the store is.
        store: AgentId,
        /// Whose the key is.
        key: AgentId,
    },
    /// A site that had as many agents as are kept.
    #[error(
        "a site keeps the ids of at most {} agents that it was before",
        crate::moved::MAX_FORMER_AGENTS
    )]
    TooManyAgents,
    /// A signature is missing or wrong.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// A record breaks a rule.
    #[error(transparent)]
    Record(#[from] JsonError),
    /// The negotiation does not take it.
    #[error(transparent)]
    Negotiation(#[from] negotiation::Refusal),
    /// The ledger does not take it.
    #[error(transparent)]
    Ledger(#[from] ledger::Refusal),
    /// An invoice does not allow it.
    #[error(transparent)]
    Invoice(#[from] invoice::Refusal),
    /// The time in which somebody may object to the new key has not passed.
    #[error("the new key can be claimed from {from} on, unless somebody with the old one objects")]
    Waiting {
        /// From when.
        from: Timestamp,
    },
    /// The cert has the key that the user has already.
    #[error("user {0} has this key in its cert already")]
    SameKey(Cuid),
    /// A link that should be there is not.
    #[error("link {index} of the tally's history cannot be read; run doctor")]
    History {
        /// Its index.
        index: u64,
    },
    /// A kept state cannot be read.
    #[error("the kept state of tally {tally} cannot be read ({reason}); run doctor")]
    State {
        /// The tally.
        tally: TallyId,
        /// Why.
        reason: String,
    },
    /// A kept part in a lift cannot be read.
    #[error("the kept part in lift {lift} cannot be read ({reason}); run doctor")]
    Part {
        /// The lift.
        lift: LiftId,
        /// Why.
        reason: String,
    },
    /// A neighbour's word on a lift proves nothing.
    #[error(transparent)]
    Word(#[from] WordFault),
    /// What this site would be in a lift is no part of it.
    #[error(transparent)]
    NoPart(#[from] PartFault),
    /// A part in a lift does not take what it is told.
    #[error(transparent)]
    Participant(#[from] participant::Refusal),
    /// A payee's site is not known here, and its address does not say where it answers.
    #[error(
        "nobody here knows where {0} answers; give the address with its place, as NAME:AGENT@HOST:PORT"
    )]
    NoPlace(String),
    /// A payment to another site was not made.
    #[error("the payment was not made: {}", not_lifted(*.why))]
    NotLifted {
        /// Why the last attempt came to nothing.
        why: WhyVoid,
    },
    /// Nothing was decided about a payment yet.
    #[error(
        "lift {lift} of the payment is not decided yet{}: nothing more is given for it; ask again under the same name",
        waits_for(.unanswered)
    )]
    Undecided {
        /// The lift.
        lift: LiftId,
        /// Its referees of which nothing was heard; none where nobody serves this site.
        unanswered: Vec<AgentId>,
    },
    /// No such lift, or none that the caller may see.
    #[error("no lift {0} is known here; list those that are")]
    NoLift(LiftId),
    /// A lift of this very name is kept already.
    #[error("lift {0} is kept already; try again")]
    LiftExists(LiftId),
    /// A lift or a leg of it is not proved.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// The legs are not those of a lift.
    #[error(transparent)]
    Legs(#[from] LegsError),
    /// This site does not judge a lift as its referee.
    #[error("lift {lift} is not judged here: {reason}")]
    NotJudged {
        /// The lift.
        lift: LiftId,
        /// Why not.
        reason: Unjudged,
    },
    /// A referee refuses what is brought or told.
    #[error(transparent)]
    Referee(#[from] referee::Refusal),
    /// A kept case cannot be read.
    #[error(
        "what is kept of lift {lift}, which is decided here, cannot be read ({reason}); nothing new is said of it"
    )]
    Case {
        /// The lift.
        lift: LiftId,
        /// Why.
        reason: String,
    },
    /// Too many referees are accepted.
    #[error("{MAX_ACCEPTED} referees are accepted already; drop some that nobody needs")]
    TooManyReferees,
    /// The agent is not accepted as a referee.
    #[error("agent {0} is not accepted as a referee; list those that are")]
    NoReferee(AgentId),
    /// No proof of a lie is kept under this name.
    #[error("there is no proof of a lie by the name {0}")]
    NoProof(Hash),
    /// The site was not handed its agent's key.
    #[error("the site cannot decide a lift: it has not got its agent's key")]
    NoAgentKey,
    /// The agent's key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What was found to lift did not pass its own check.
    #[error("what was found to lift does not pass its own check ({reason}); nothing was written")]
    Unproved {
        /// What does not hold.
        reason: String,
    },
    /// The payee may not act.
    #[error("user {0} cannot be paid by a lift now; ask it why")]
    PayeeSuspended(Cuid),
    /// The payer's authorisation came too late.
    #[error("the payment could be made until {expires}, and it is {now} here; sign it anew")]
    AuthorisationExpired {
        /// Until when.
        expires: Timestamp,
        /// When it came.
        now: Timestamp,
    },
    /// The payer used the payment's name for another payment.
    #[error("payment {0} was made with other words; give this one a name of its own")]
    PaymentTaken(PaymentId),
    /// The payment was signed before the site was restored, and may have been made by a lift that it lost.
    #[error(
        "payment {0} was signed before this site was restored from a backup, and may have been made: what the site lost of \
         its tallies comes back first; ask again some minutes later"
    )]
    PaymentToCompare(PaymentId),
    /// It costs more than the payer allowed.
    #[error(
        "the cheapest way takes {given} from the payer now, more than the {most} that it signed"
    )]
    TooDear {
        /// What the payer would give.
        given: Units,
        /// The most that it allowed.
        most: Units,
    },
    /// No path of tallies brings the amount.
    #[error("{}", no_path(payee, *units, reason))]
    NoPath {
        /// To whom.
        payee: Cuid,
        /// How much.
        units: Units,
        /// Why not, and how much would be possible.
        reason: NoPath,
    },
    /// No way to a payee at another site was found.
    #[error("{}", no_way(payee, *units, *why))]
    NoWay {
        /// To whom: its short address.
        payee: String,
        /// How much.
        units: Units,
        /// What came nearest to one.
        why: Why,
    },
    /// The tallies on the way changed again and again while they were looked at.
    #[error("the tallies on the way changed {tries} times meanwhile; ask again")]
    PathMoved {
        /// How often another path was searched for.
        tries: u32,
    },
    /// The command's name was used for another command.
    #[error("another command was given under this name; give this one a name of its own")]
    OtherCommand,
    /// A kept answer cannot be read.
    #[error("the answer that was kept for this command cannot be read ({reason}); run doctor")]
    Answer {
        /// Why.
        reason: String,
    },
    /// Too many wait.
    #[error("{waiting} commands wait already; ask again in a moment")]
    Busy {
        /// How many wait.
        waiting: usize,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SiteError {
    /// Whether asking again later may help, with nothing changed.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::PathMoved { .. }
                | Self::NoWay { why: Why::Busy, .. }
                | Self::Store(StoreError::Again { .. } | StoreError::Gone { .. })
        )
    }
}

/// What stood in the way of a lift, and what to do about it.
fn not_lifted(why: WhyVoid) -> String {
    match why.advice() {
        Some(advice) => format!("{why}; {advice}"),
        None => why.to_string(),
    }
}

/// Who has yet to decide a lift.
fn waits_for(unanswered: &[AgentId]) -> String {
    match unanswered {
        [] => String::new(),
        [one] => format!(", as its referee {one} has not answered"),
        all => {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!(", as of its referees not enough have answered ({})", all.join(", "))
        }
    }
}

/// Why an amount cannot be paid over a path, and what could.
fn no_path(payee: &Cuid, units: Units, reason: &NoPath) -> String {
    match reason {
        NoPath::ToOneself | NoPath::Unknown { .. } | NoPath::NothingToPay { .. } => {
            format!("{units} cannot be paid to {payee}: {reason}")
        }
        NoPath::NotConnected => format!(
            "no tallies with room lead to {payee}, so nothing can be paid to it now; a tally with \
             {payee}, or with somebody nearer to it, would help"
        ),
        NoPath::TooFar { legs } => format!(
            "{payee} is {legs} tallies away, farther than a payment goes; a tally with somebody \
             nearer to it would help"
        ),
        NoPath::TooLittle { most, limit, proved } => {
            let at = match limit {
                Limit::Payee => format!("{payee} takes in no more over one tally of its own"),
                Limit::Payer => "the payer's own tallies have no more room".to_owned(),
                Limit::Between => "there is no more room between the two".to_owned(),
            };
            // To another site it is over all ways together, and never proved.
            let least = if *proved {
                "over one path now, at most"
            } else {
                "now, as far as was searched at most"
            };
            format!("{units} cannot be paid to {payee} {least} {most}: {at}")
        }
    }
}

/// Why no way to a payee elsewhere was found, and what may help.
fn no_way(payee: &str, units: Units, why: Why) -> String {
    let reason = match why {
        Why::Nothing | Why::Loop | Why::Replay => {
            "no partner's site knows a way with room; a tally with somebody nearer to it would help"
        }
        Why::Referees => {
            "no referee is accepted here and on the way; an administrator can accept one that \
             the others accept"
        }
        Why::Costly => "there is a way, but it costs more than is to be given at most",
        Why::Busy => {
            "some sites that were asked are busy, or did not answer; ask again in a moment"
        }
        Why::Deep => {
            "it was not found as far as was searched; a tally with somebody nearer to it would help"
        }
    };
    format!("no way to pay {units} to {payee} was found: {reason}")
}

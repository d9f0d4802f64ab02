//! Why a ledger does not take an input: nothing changed, and the reason says what to do.

use thiserror::Error;

use super::aside::MAX_ASIDE;
use super::chain::Missing;
use super::freeing::MAX_FREED;
use super::keyring::{MAX_KEYS, MAX_OWN_REQUESTS};
use super::message::{MAX_CHITS_IN_UPD, MAX_LOCATOR};
use crate::json::JsonError;
use crate::side::Side;
use crate::{ChitId, Hash, LiftId, TallyId, Units};

/// Why a step was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// It never will be, in this state.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not yet: part of the history is needed first.
    #[error("part of the history is not at hand: {0:?}")]
    Missing(Missing),
}

impl From<Missing> for Stop {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<JsonError> for Stop {
    fn from(error: JsonError) -> Self {
        Self::Refused(Refusal::Record(error))
    }
}

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The chit belongs to another tally.
    #[error("chit {chit} is for tally {named}, not for {tally}")]
    OtherTally {
        /// The chit.
        chit: ChitId,
        /// The tally it names.
        named: TallyId,
        /// The tally at hand.
        tally: TallyId,
    },
    /// A user writes only what it gives itself.
    #[error("chit {chit} is by the {by}; the holder of this half is the {holder}")]
    NotByHolder {
        /// The chit.
        chit: ChitId,
        /// The side that it names.
        by: Side,
        /// The side of this half.
        holder: Side,
    },
    /// A leg of another tally.
    #[error("the leg of lift {lift} is on tally {named}, not on {tally}")]
    NoSuchLeg {
        /// The lift.
        lift: LiftId,
        /// The tally that the leg names.
        named: TallyId,
        /// The tally at hand.
        tally: TallyId,
    },
    /// Something else is set aside for the lift already.
    #[error("something else is set aside for lift {lift} already")]
    OtherAside {
        /// The lift.
        lift: LiftId,
    },
    /// As many promises are open as there may be.
    #[error("nothing is set aside for lift {lift}: {MAX_ASIDE} promises are open on this tally")]
    TooManyAside {
        /// The lift.
        lift: LiftId,
    },
    /// Less can move than the leg says.
    #[error("lift {lift} asks for {units} over this tally; {most} can move")]
    NoRoom {
        /// The lift.
        lift: LiftId,
        /// What the leg moves.
        units: Units,
        /// The most that may.
        most: Units,
    },
    /// A user has signed that the lift's leg here is free.
    #[error("a user has signed that nothing is kept on this tally for lift {lift} any more")]
    WasFreed {
        /// The lift.
        lift: LiftId,
    },
    /// Nothing is set aside, and the partner has not said that anything is.
    #[error("nothing is set aside on this tally for lift {lift}: there is nothing to free")]
    NothingAside {
        /// The lift.
        lift: LiftId,
    },
    /// The lift was decided, and is done.
    #[error("lift {lift} is decided and done on this tally: there is nothing to free")]
    LiftDone {
        /// The lift.
        lift: LiftId,
    },
    /// Somebody else's word.
    #[error("the word is the {by}'s; the holder of this half is the {holder}")]
    NotHolders {
        /// Whose it is.
        by: Side,
        /// The side of this half.
        holder: Side,
    },
    /// A word about a lift on another tally.
    #[error("the word that a lift's leg is free is for tally {named}, not for {tally}")]
    FreedOther {
        /// The tally it names.
        named: TallyId,
        /// The tally at hand.
        tally: TallyId,
    },
    /// As many such words wait as are kept.
    #[error("{MAX_FREED} lifts on this tally wait for one of its users to say that they are free")]
    TooManyFreed {
        /// The lift.
        lift: LiftId,
    },
    /// A lift brings its own chits only.
    #[error("chit {chit} is not of a lift; its user writes it")]
    NotALift {
        /// The chit.
        chit: ChitId,
    },
    /// The half was restored from a backup, and what got lost is not known yet.
    #[error(
        "chit {chit} has to wait: this site was restored from a backup, and the partner's half has \
         not yet said what got lost here; try again when it has"
    )]
    ToCompare {
        /// The chit.
        chit: ChitId,
    },
    /// The half was restored from a backup, and what its holder's devices keep is not known yet.
    #[error(
        "chit {chit} has to wait: this site was restored from a backup, and no device of yours has \
         brought back what it keeps of this tally; list your tallies on each device, then try again"
    )]
    DeviceUnheard {
        /// The chit.
        chit: ChitId,
    },
    /// Exactly this chit is there already: nothing to do.
    #[error("chit {chit} is already there")]
    Known {
        /// The chit.
        chit: ChitId,
    },
    /// Another chit has this name: write a new one under a new name.
    #[error("another chit is already named {chit}; write this one under a new name")]
    NameTaken {
        /// The name.
        chit: ChitId,
    },
    /// Beyond the limit that the partner granted.
    #[error(
        "chit {chit} would make you owe {would_owe}, beyond the limit of {limit} granted to you"
    )]
    OverLimit {
        /// The chit.
        chit: ChitId,
        /// What the holder would owe.
        would_owe: Units,
        /// What it may owe.
        limit: Units,
    },
    /// A debt beyond what any record can hold.
    #[error("chit {chit} would bring the balance beyond 9007199254740.991")]
    OutOfRange {
        /// The chit.
        chit: ChitId,
    },
    /// A balance beyond what any site keeps: the partner signed what no honest site lets it.
    #[error(
        "chit {chit} would bring the balance beyond 9223372036854775.807, more than any site counts"
    )]
    Uncountable {
        /// The chit.
        chit: ChitId,
    },
    /// A `set` with a counter that was used or passed.
    #[error("the settings in force have counter {in_force}; sign these with a higher one")]
    StaleSettings {
        /// The counter in force.
        in_force: u32,
    },
    /// The tally is closing.
    #[error("chit {chit} would move the balance away from zero, and the tally is closing")]
    Closing {
        /// The chit.
        chit: ChitId,
    },
    /// The tally is closed for good, as far as its own users go.
    #[error("chit {chit} would open a tally again that is closed; agree on a new tally")]
    Closed {
        /// The chit.
        chit: ChitId,
    },
    /// A chit occurs twice in what the partner calls its chain.
    #[error("chit {chit} stands twice in the partner's order")]
    Twice {
        /// The chit.
        chit: ChitId,
    },
    /// The chits do not lead to the head that the message names.
    #[error("the chits after link {base} do not lead to the head that the message names")]
    WrongHead {
        /// Index of the base.
        base: u64,
    },
    /// Longer than any honest message.
    #[error("at most {MAX_CHITS_IN_UPD} chits or {MAX_LOCATOR} heads fit into a message")]
    TooLong,
    /// A word about an agent on another tally.
    #[error("what was said about an agent is for tally {named}, not for {tally}")]
    MovedOther {
        /// The tally it names.
        named: TallyId,
        /// The tally at hand.
        tally: TallyId,
    },
    /// A word about an agent that was overtaken.
    #[error(
        "the {by} has said since which agent speaks for it: that has counter {in_force}; sign this with a \
         higher one"
    )]
    StaleMove {
        /// Whose word.
        by: Side,
        /// The counter in force.
        in_force: u32,
    },
    /// A message that only the other side sends.
    #[error("the {from} does not send this message")]
    NotFrom {
        /// Who sent it.
        from: Side,
    },
    /// A locator must end at the signed tally that both have.
    #[error("the partner's chain begins with another signed tally")]
    OtherGenesis,
    /// A chit with a key that its user has given up.
    #[error("chit {chit} is signed with a key that its user gave up; sign it with the new one")]
    OldKey {
        /// The chit.
        chit: ChitId,
    },
    /// A change of key with another counter than the next.
    #[error("the next key of this side has counter {next}; sign the change of key anew")]
    StaleKey {
        /// The counter that is next.
        next: u32,
    },
    /// A change of key that names another head than the one that both halves rest on.
    #[error("a change of key has to name the head of link {index} now; sign it anew")]
    OtherHead {
        /// Index of the head.
        index: u64,
    },
    /// The partner has not confirmed the last change of key.
    #[error("the last change of key is still on its way to the partner; try again when it arrived")]
    KeyOnItsWay,
    /// A key that was somebody's here before.
    #[error("this key was used on this tally before; make a new one")]
    KeyUsed,
    /// More keys than anybody needs.
    #[error(
        "a side of a tally says at most {MAX_KEYS} things about its keys; agree on a new tally"
    )]
    TooManyKeys,
    /// The holder ended its key, and has no other one here.
    #[error(
        "your key on this tally was ended: nothing more can be signed until you have another one, \
         for which your partner has to consent"
    )]
    KeyEnded,
    /// A chit with a key that its user has not here yet.
    #[error("chit {chit} is signed with a key that this tally does not take")]
    KeyNotYet {
        /// The chit.
        chit: ChitId,
    },
    /// The request is not there, or is over.
    #[error("no request {request} for another key is open here; look at the tally")]
    NoRequest {
        /// The request's chit.
        request: Hash,
    },
    /// The partner has not consented to the request.
    #[error("your partner has not consented to the new key yet; ask it to")]
    NotConsented,
    /// The holder has consented to the request already.
    #[error("you have consented to this key already")]
    Consented,
    /// The request does not accept all that the holder has from its partner.
    #[error(
        "the request would make chit {chit} void, which your partner signed with its old key; have \
         it ask again"
    )]
    Later {
        /// The chit.
        chit: ChitId,
    },
    /// More requests than anybody needs.
    #[error(
        "another key was asked for {MAX_OWN_REQUESTS} times on this tally; agree on a new tally"
    )]
    TooManyRequests,
    /// An order that would undo a change of key, or what came before it.
    #[error(
        "the partner's chain is another one before link {index}, which a change of key has fixed; \
         one half was restored from an old copy and has to be rebuilt from the other"
    )]
    Parted {
        /// Index of the head that the change of key names.
        index: u64,
    },
    /// A revision of a tally on which a key was changed, or with other keys.
    #[error("the revision has other keys than the tally has now; agree on a new tally instead")]
    OtherKeys,
    /// The record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

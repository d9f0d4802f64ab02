//! One site: everything that changes what it keeps comes through here, as a command of a user or an
//! administrator, or as a note from a half of a tally.
//!
//! Load, decide, commit, deliver: a command or note is decided by the machines in `protocol`, and
//! what they decide is kept in one transaction together with the letters to send and the events to
//! show. Nothing is sent that is not committed. Clock and chance are handed in.
//!
//! * `command.rs` what may be asked for, and the answers; `error.rs` why not, `refusal.rs` the words
//!   for it;
//! * `door.rs` the way in for commands, `queue.rs` those that wait, `decide.rs` what each does; `hear.rs` the way in for notes, `post.rs`
//!   the letters in and out;
//! * `intake` users and tallies that are brought in whole, much at once;
//! * `batch.rs` what is decided in one transaction; `known.rs` what is remembered from one to the next;
//! * `epoch.rs` what a restore from a backup means for all halves, and tallies brought back;
//! * `answered.rs` answers as they are kept, for whoever asks again;
//! * `invitation.rs` invitations, `inviting.rs` what is done with them;
//! * `half.rs` a half as it is kept: the state of both machines; `history.rs` its links;
//! * `invoice.rs` what halves take and show of invoices; `events.rs` what is told to devices;
//! * `lift/` lifts among users of this site: clearing and payments, how they are written, what proves
//!   them;
//! * `seek/` ways to other sites, which are looked for without a map;
//! * `between/` parts in lifts with other sites, and payments to them;
//! * `referee/` lifts between sites that this one decides as a referee, and whom it accepts as one;
//! * `proofs.rs` proofs that agents lie about lifts;
//! * `contract.rs` the contracts known here; `device.rs` what a device asks before it signs;
//! * `planted.rs` faults on purpose, for simulations that have to find them;
//! * `request.rs` who signed a request; `rekey.rs` keys that were lost;
//! * `query.rs` what may be asked and by whom, `found.rs` what is found, `read.rs` how rows are read; `words.rs` how they are
//!   written in JSON; `doctor.rs` whether everything kept still holds.

mod abroad;
mod answered;
mod batch;
mod between;
mod command;
mod contract;
mod decide;
mod device;
mod doctor;
mod door;
mod epoch;
mod error;
mod events;
mod found;
mod half;
mod hear;
mod history;
mod intake;
mod invitation;
mod inviting;
mod invoice;
mod known;
mod lift;
mod moved;
mod planted;
mod ports;
mod post;
mod proofs;
mod query;
mod queue;
mod read;
mod referee;
mod refusal;
mod rekey;
mod request;
mod seek;
mod users;
mod words;

pub use abroad::{Carried, MAX_ERRANDS, MOST_BACK, Outgoing, Peer};
pub use between::{
    Attempt, Claimed, MAX_AUTHORISATIONS, MAX_CLAIMS, MAX_DRAFTS, MAX_DRAFTS_OF_ONE,
    MAX_OPEN_MILLI, MAX_OPEN_PROMISES, MAX_TRIED, MAX_TRIED_OF_ONE, Making, OpenLeg, OpenLift,
    Phase, Whose, WhyVoid, lift_key, lift_keys,
};
pub use command::{Answer, Caller, Command, CommandId, Wish};
pub use device::{Allowed, Governing};
pub use doctor::{Doctor, Examined, Fault};
pub use door::Site;
pub use epoch::Epoch;
pub use error::SiteError;
pub use found::{Found, Resident, Seen, Status};
pub use hear::Hears;
pub use intake::{Intake, Whole};
pub use invitation::{Answers, Given, Invitation, Inviting, MAX_ANSWERS, MAX_INVITES};
pub use invoice::{InvoiceView, Standing};
pub use lift::{
    AllowedBy, Cleared, LegLine, LiftFound, LiftLine, MAX_GATES, MAX_PAYMENTS_WAITING, MAX_TALLIES,
    Most, Paid, Part, PaymentPart, Quote, Route, Schedule, ShareOf, SignedPayment, SignedSettings,
    Tended, WhyNot,
};
pub use moved::MAX_FORMER_AGENTS;
pub use planted::Planted;
pub use ports::{Asks, Chance, Clock, SEND_WITHIN_MS, Transport, Unsent};
pub use post::{MAX_WAITING as MAX_LETTERS_WAITING, Posted};
pub use proofs::{MAX_PROOFS, MAX_PROOFS_OF_ONE, MAX_PROOFS_OF_STRANGERS, Proven};
pub use query::{MAX_ROWS, Query};
pub use queue::MAX_WAITING;
pub use read::{Entry, Promised, Signing, Summary};
pub use referee::{
    Accepted, MAX_ACCEPTED, MAX_AHEAD_MS, MAX_OF_ONE, MAX_OPEN, MAX_OPEN_OF_ONE,
    MAX_OPEN_OF_ONE_STRANGER, MAX_OPEN_OF_STRANGERS, MAX_SOLE_MILLI, MAX_SPAN_MS, MAX_STRANGERS,
    Unjudged,
};
pub use refusal::Class;
pub use rekey::{KeyAsked, MAX_FORMER_KEYS};
pub use request::{Health, REQUEST_WINDOW_MS};
pub use seek::{
    Hint, MAX_MET, MAX_MET_OF_ONE, MAX_MET_OF_ONE_AGENT, MAX_SEARCHES_WAITING, Planned,
    SearchCounts,
};

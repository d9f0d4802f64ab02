//! Agreement: how a lift's referees pick one of the outcomes for which they have seen evidence
//! (protocol §7). The state is in `state.rs`, its rules in `rules.rs`, what goes to and fro in `message.rs`.
//!
//! It is Tendermint for a single decision between two outcomes ("The latest gossip on BFT consensus",
//! arXiv 1807.04938); `docs/adr/0027-how-referees-agree.md` says why, what is different here, and why
//! that stays safe and live. Comments name the paper's lines as `L36`.
//!
//! Whoever runs an [`Agreement`] writes the state of a [`Step`] durably before it signs or sends
//! anything, tells the other referees again from time to time what the state
//! [says](Agreement::says), and after a restart goes on with that and with the timeouts for which the
//! state [waits](Agreement::waits). All three follow from the state alone: whatever else is lost,
//! nothing is contradicted.

mod message;
mod receive;
mod refusal;
mod round;
mod rules;
mod said;
mod says;
mod state;
mod step;

pub use message::{Ballot, Message, Proposal, Quorum, Statement, Vote, Witness};
pub use refusal::Refusal;
pub use round::{MAX_ROUND, Phase, Round, Seat, Timeout, timeout_ms};
pub use state::{Agreement, Lock};
pub use step::{Effect, Equivocation, Input, Step};

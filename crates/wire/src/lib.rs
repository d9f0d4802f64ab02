//! How agents talk: one agent's key, its connections with others over libp2p, and the table of who may
//! send what, how large and how often.
//!
//! A message is bytes of a [`Kind`]; it is answered, or refused with a reason. What it says is for
//! whoever uses the wire: the site, which gives an [`Inbox`] for what comes and sends what its outbox
//! holds. Nothing is kept here: what was not answered is sent again by whoever keeps it.
//!
//! Connections are TCP with Noise, or QUIC; both prove the other's Ed25519 key, which is its
//! [`AgentId`](protocol::AgentId). Time and chance are libp2p's and the system's; what decides by them
//! (`bucket.rs`, `conduct.rs`, `book.rs`) takes them as inputs.
//!
//! * `wire.rs` the handle; `task/` the one task that has all connections;
//! * `table.rs` the rows: who may send what; `inbox.rs` what comes is given to; `note.rs` what an inbox
//!   asks of notes first;
//! * `frame.rs` messages as bytes, `codec.rs` on a stream; `net.rs` libp2p as it is set up;
//! * `bucket.rs` how often; `conduct.rs` how agents behave, and who is cut off; `book.rs` where they
//!   answer, `place.rs` endpoints as libp2p writes them, `identity.rs` keys, `known.rs` whom it is a relay of;
//! * `limits.rs` what all of it may take; `counts.rs` what is counted; `error.rs` why a message was not
//!   sent; `text.rs` words from elsewhere; `fuzzing.rs` what the fuzz targets call.

mod book;
mod bucket;
mod codec;
mod conduct;
mod counts;
mod error;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod inbox;
mod known;
mod limits;
mod net;
mod note;
mod place;
mod table;
mod task;
mod text;
mod wire;

pub use bucket::Rate;
pub use counts::Counts;
pub use error::{Attempt, NotSent, StartError};
pub use inbox::{Inbox, Refused};
pub use limits::Limits;
pub use net::VERSIONS;
pub use note::{NoteFault, read_notes};
pub use place::{Listen, is_at_hand};
pub use table::{
    DECISION_BYTES, Kind, MAX_REPLY_BYTES, Row, STRANGERS, STRANGERS_DECISIONS, TABLE, Who,
};
pub use wire::Wire;

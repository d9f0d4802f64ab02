//! Names of things: users, agents, tallies, chits, and records by their hash.
//!
//! Each is a type of its own, so that none can stand in for another.

mod agent;
mod cuid;
mod hash;
mod uuids;

pub use agent::{AgentId, AgentIdError};
pub use cuid::{Cuid, CuidError};
pub use hash::{ContractId, Hash, HashError, Hashing, LiftId};
pub use uuids::{ChitId, PaymentId, TallyId, UuidError};

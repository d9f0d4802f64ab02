//! What a site needs of the world and is handed: the time, chance, and a way to other agents.

use std::future::Future;

use protocol::address::Endpoint;
use protocol::mail::Receipt;
use protocol::note::Note;
use protocol::{AgentId, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes that nobody can guess.
pub trait Chance: Send + Sync {
    /// Thirty-two of them.
    fn bytes(&self) -> [u8; 32];
}

/// Brings notes to other agents.
pub trait Transport: Send + Sync + 'static {
    /// Brings notes to an agent, which answers `at` these places as far as is known, and waits until it
    /// has kept them, for [`SEND_WITHIN_MS`] at most; at most [`protocol::mail::MOST_NOTES`] of them. The
    /// receipt has a fate for each, in their order: of those of which nobody knows whether they arrived, that
    /// it may be later. The same may be sent again.
    fn send(
        &self,
        to: AgentId,
        at: &[Endpoint],
        notes: &[Note],
    ) -> impl Future<Output = Receipt> + Send;
}

/// For how long a [`Transport`] tries, in milliseconds.
pub const SEND_WITHIN_MS: u64 = 15_000;

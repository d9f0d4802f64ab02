//! What a site needs of the world and is handed: the time, chance, and a way to other agents.

use std::future::Future;
use std::pin::Pin;

use protocol::address::Endpoint;
use protocol::mail::Receipt;
use protocol::note::Note;
use protocol::{AgentId, Hash, Timestamp};

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
    /// it may be later. No more than
    /// [`crate::MOST_BACK`] notes back are looked at. The same may be sent again.
    fn send(
        &self,
        to: AgentId,
        at: &[Endpoint],
        notes: &[Note],
    ) -> impl Future<Output = Receipt> + Send;
}

/// For how long a [`Transport`] tries, in milliseconds.
pub const SEND_WITHIN_MS: u64 = 15_000;
/// Asks other agents.
pub trait Asks: Send + Sync {
    /// Asks an agent, which answers `at` this place, for the invitation with a token: JSON text.
    fn invitation<'a>(
        &'a self,
        to: AgentId,
        at: &'a Endpoint,
        token: Hash,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Unsent>> + Send + 'a>>;
}

/// Why a message was not brought; in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// Its agent will not take it, now or later.
    Refused(String),
    /// It did not arrive, or nobody knows.
    Later(String),
}

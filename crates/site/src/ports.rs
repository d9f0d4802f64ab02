//! What a site needs of the world and is handed: the time, and chance.

use protocol::Timestamp;

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

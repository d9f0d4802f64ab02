//! What one connection, one request and all of them together may take.

use std::time::Duration;

/// The most bytes of a body: one record, the largest that is signed.
pub const MAX_BODY_BYTES: usize = protocol::json::MAX_RECORD_BYTES;

/// The most bytes of a request's line and headers; programs send less than a thousand, browsers
/// behind proxies some thousands. Beyond, the answer is 431.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The most headers of a request; browsers behind proxies send some thirty.
pub const MAX_HEADERS: usize = 64;

/// How long the line and the headers may take to come: on a bad line some seconds. It is also how
/// long a connection may stay silent between two requests.
pub const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long a body may take to come: 256 KiB at a tenth of a megabit a second.
pub const BODY_TIME: Duration = Duration::from_secs(20);

/// How long an answer may take: whoever waits longer has given up. What was asked may still be done
/// then; asked again under its name, a command is done once.
pub const ANSWER_TIME: Duration = Duration::from_secs(30);

/// The same where everything is looked at: a page of doctor's work, which may hold a long tally.
pub const LONG_ANSWER_TIME: Duration = Duration::from_mins(10);

/// The most connections at once: each holds some tens of kilobytes and a file of the process, of
/// which it usually has 1024.
pub const MAX_CONNECTIONS: usize = 512;

/// The most requests at once that are worked on: more than the site decides in one go, few enough
/// that their bodies are bounded together.
pub const MAX_REQUESTS: usize = 256;

/// How many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Connections.
    pub connections: usize,
    /// Requests that are worked on.
    pub requests: usize,
}

impl Default for AtOnce {
    fn default() -> Self {
        Self { connections: MAX_CONNECTIONS, requests: MAX_REQUESTS }
    }
}

/// When to ask again, in seconds, where there were too many or the store was away.
pub const RETRY_AFTER_S: u64 = 1;

/// How long requests under way may take to end once the server is to end: less than service
/// managers wait before they kill.
pub const DRAIN_TIME: Duration = Duration::from_secs(10);

/// How often `/v1/post` delivers before it answers, though more may be due: with each round come the
/// answers to the one before.
pub const POST_ROUNDS: usize = 64;

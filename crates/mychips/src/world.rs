//! Time and chance as the machine has them: what a site is handed.

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::Timestamp;
use site::{Chance, Clock};

/// The machine's clock and its source of randomness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World;

impl Clock for World {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_ms(ms).unwrap_or(Timestamp::MAX)
    }
}

impl Chance for World {
    #[expect(clippy::panic, reason = "a site without chance would hand out guessable tokens")]
    fn bytes(&self) -> [u8; 32] {
        match random() {
            Ok(bytes) => bytes,
            Err(error) => panic!("the system gives no random bytes: {error}"),
        }
    }
}

/// Random bytes that nobody can guess.
///
/// # Errors
/// The system's word where it has none to give.
pub(crate) fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Sixteen of them, for an id.
///
/// # Errors
/// As [`random`].
pub(crate) fn random_16() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

//! Signatures that were found good, remembered: referees tell each other of the same votes again and again, each time with all
//! that led to them, and a signature is much dearer to check than to recognise.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Kind, PublicKey, sec1};
use crate::ids::{Hash, Hashing};
use crate::signature::Signature;

/// How many signatures this process remembers at most: half a megabyte.
const MOST_SIGNATURES: usize = 16_384;

/// Each at its own place, where it takes the place of the one before: whoever signs much makes the next look dearer, and
/// nothing else.
static PROVED: Mutex<Vec<Option<Hash>>> = Mutex::new(Vec::new());

fn proved() -> MutexGuard<'static, Vec<Option<Hash>>> {
    PROVED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PublicKey {
    /// Whether a signature is good: which is found out by `check` unless it was lately. One that is not is never remembered.
    pub(super) fn if_proved(
        &self,
        message: &[u8],
        signature: &Signature,
        check: impl FnOnce() -> bool,
    ) -> bool {
        let name = self.name_of(message, signature);
        let place = place(&name);
        if proved().get(place) == Some(&Some(name)) {
            return true;
        }
        let is_good = check();
        if is_good {
            let mut proved = proved();
            proved.resize(MOST_SIGNATURES, None);
            proved[place] = Some(name);
        }
        is_good
    }

    /// What no other signature has: a hash of the key, the signature and the message, of which only the last may have any length.
    fn name_of(&self, message: &[u8], signature: &Signature) -> Hash {
        let mut hashing = Hashing::begin();
        // Of one kind all keys are as long as each other, and so are all signatures.
        hashing.add(self.algorithm().as_bytes());
        match &self.0 {
            Kind::P256 { x, y } => hashing.add(&sec1(x, y)),
            Kind::Ed25519(bytes) => hashing.add(bytes),
        }
        hashing.add(signature.as_bytes());
        hashing.add(message);
        hashing.end()
    }
}

/// Where it is remembered.
fn place(name: &Hash) -> usize {
    let [low, high, ..] = name.as_bytes();
    usize::from(u16::from_le_bytes([*low, *high])) % MOST_SIGNATURES
}

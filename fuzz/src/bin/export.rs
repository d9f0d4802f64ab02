//! Exported tallies, exported users, proofs of lifts: read, written, and checked the same again.
#![no_main]

use std::fmt::Debug;

use protocol::export::{LiftProof, TallyExport, UserExport};
use protocol::lift::Committed;
use serde::Serialize;
use serde::de::DeserializeOwned;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(tally) = TallyExport::read(data) {
        assert_eq!(again(&tally).check(), tally.check());
    }
    if let Ok(user) = UserExport::read(data) {
        let checked = user.check();
        assert_eq!(again(&user).check(), checked);
        if checked.is_ok() {
            // All of a proved user's tallies are proved by themselves.
            assert!(user.tallies.iter().all(|tally| tally.check().is_ok()));
        }
    }
    if let Ok(proof) = serde_json::from_slice::<LiftProof>(data) {
        // Whose word it takes on a tally, its export knows; that the lift was decided, anybody finds out.
        let decided =
            |proof: &LiftProof| Committed::check(proof.record.clone(), &proof.certificate);
        assert_eq!(decided(&again(&proof)), decided(&proof));
    }
});

fn again<T: DeserializeOwned + Serialize + PartialEq + Debug>(read: &T) -> T {
    let text = serde_json::to_vec(read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written is read");
    assert_eq!(again, *read);
    again
}

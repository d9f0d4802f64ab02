//! Promises of participants: read and written.
#![no_main]

use protocol::lift::Promise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Promise>(data));

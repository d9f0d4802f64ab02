//! What referees tell each other: read and written.
#![no_main]

use protocol::referee::Telling;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Telling>(data));

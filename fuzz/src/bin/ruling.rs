//! What referees sign: read and written.
#![no_main]

use protocol::referee::Ruling;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Ruling>(data));

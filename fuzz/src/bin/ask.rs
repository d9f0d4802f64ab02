//! Questions to referees: read and written.
#![no_main]

use protocol::errand::Ask;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Ask>(data));

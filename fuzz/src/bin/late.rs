//! What referees say of a deadline that has passed: read and written.
#![no_main]

use protocol::lift::Late;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Late>(data));

//! Certificates of lifts: read and written.
#![no_main]

use protocol::lift::Certificate;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Certificate>(data));

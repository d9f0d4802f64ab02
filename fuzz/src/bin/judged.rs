//! What promises were judged by: read and written.
#![no_main]

use protocol::lift::Judged;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Judged>(data));

//! Refusals of participants: read and written.
#![no_main]

use protocol::lift::Refused;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Refused>(data));

//! Legs of lifts: read and written.
#![no_main]

use protocol::lift::Leg;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Leg>(data));

//! What neighbours say to each other of a leg: read and written.
#![no_main]

use protocol::lift::Conditional;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Conditional>(data));

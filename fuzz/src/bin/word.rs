//! What neighbours say to each other of a lift: read and written.
#![no_main]

use protocol::participant::Word;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Word>(data));

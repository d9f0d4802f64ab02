//! Two certificates of one lift that cannot both be: read and written.
#![no_main]

use protocol::proof::Contradiction;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Contradiction>(data));

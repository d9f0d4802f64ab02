//! What a site said twice of one lift: read and written.
#![no_main]

use protocol::proof::Twice;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Twice>(data));

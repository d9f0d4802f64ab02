//! A lift as far as it was laid out, or why not: read and written.
#![no_main]

use protocol::errand::Composed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Composed>(data));

//! Answers to queries: read and written.
#![no_main]

use protocol::query::Answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Answer>(data));

//! Queries of sites that search: read and written.
#![no_main]

use protocol::query::Query;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Query>(data));

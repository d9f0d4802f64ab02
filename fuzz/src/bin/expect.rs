//! What a payer's site asks the payee's of a lift: read and written.
#![no_main]

use protocol::errand::Expect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Expect>(data));

//! What the payee's site says of it: read and written.
#![no_main]

use protocol::errand::Expected;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Expected>(data));

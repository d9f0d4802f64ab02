//! What a payer's site tells a payee's that asked for a payment: read and written.
#![no_main]

use protocol::errand::Meet;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Meet>(data));

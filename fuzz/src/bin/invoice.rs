//! Invoices: read and written.
#![no_main]

use protocol::invoice::Invoice;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Invoice>(data));

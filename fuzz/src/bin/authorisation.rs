//! Authorisations of payments: read and written.
#![no_main]

use protocol::lift::Authorisation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Authorisation>(data));

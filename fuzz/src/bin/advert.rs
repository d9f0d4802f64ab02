//! Adverts of payees' sites: read and written.
#![no_main]

use protocol::query::Advert;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Advert>(data));

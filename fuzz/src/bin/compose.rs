//! What a site asks its partner's to lay out: read and written.
#![no_main]

use protocol::errand::Compose;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Compose>(data));

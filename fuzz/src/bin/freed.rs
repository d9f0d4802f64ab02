//! Users' words that a lift's leg is free: read and written.
#![no_main]

use protocol::Freed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Freed>(data);
});

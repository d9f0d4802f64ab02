//! Users' words about their agents: read and written.
#![no_main]

use protocol::Moved;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Moved>(data);
});

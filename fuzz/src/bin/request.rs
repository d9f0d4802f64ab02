//! Requests: read and written.
#![no_main]

use protocol::request::Request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Request>(data);
});

//! Messages on a stream, whole or not, however slowly they come: what is read is what was sent, and the
//! room that it takes comes back.
#![no_main]

use wire::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(([at_once, high, low], bytes)) = data.split_first_chunk() else { return };
    let _ = fuzzing::message(bytes, *at_once, u16::from_be_bytes([*high, *low]));
});

//! Answers to messages: any bytes are one or none, and one is written as it is read.
#![no_main]

use wire::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((at_once, bytes)) = data.split_first() else { return };
    let _ = fuzzing::reply(bytes, *at_once);
});

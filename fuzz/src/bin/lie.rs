//! The proof that a referee lies: read and written.
#![no_main]

use protocol::referee::Lie;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Lie>(data));

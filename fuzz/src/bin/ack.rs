//! Acknowledgements of a chain's head: read and written.
#![no_main]

use protocol::ledger::Ack;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::record_is_stable::<Ack>(data));

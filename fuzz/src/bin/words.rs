//! Texts with a limit inside records: one spelling each.
#![no_main]

use protocol::Endpoint;
use protocol::bounded::{Line, Prose, Word};
use protocol::cert::{Country, Day};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::one_spelling::<Line<100>>(data);
    fuzz::one_spelling::<Prose<1_000>>(data);
    fuzz::one_spelling::<Word>(data);
    fuzz::one_spelling::<Country>(data);
    fuzz::one_spelling::<Day>(data);
    fuzz::one_spelling::<Endpoint>(data);
});

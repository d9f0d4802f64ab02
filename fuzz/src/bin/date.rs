//! Dates: one spelling; the order of texts is the order of times.
#![no_main]

use protocol::Timestamp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::one_spelling::<Timestamp>(data);
    let number = data.first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
    if let Some(Ok(at)) = number.map(Timestamp::from_ms) {
        assert_eq!(at.to_string().parse(), Ok(at));
    }
});

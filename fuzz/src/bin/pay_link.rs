//! Links that ask for a payment: one spelling; what is read is printed as it was, and short enough to be a link.
#![no_main]

use protocol::PayLink;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(link) = fuzz::printed_is_read_back::<PayLink>(data) else { return };
    let text = link.to_string();
    assert_eq!(text.as_bytes(), data);
    assert!(text.len() <= PayLink::MAX_LEN);
    assert!(PayLink::is_meant(&text));
});

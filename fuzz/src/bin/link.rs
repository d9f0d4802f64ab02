//! Links to invitations: one spelling; what is read is printed as it was, and short enough to be a link.
#![no_main]

use protocol::InviteLink;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(link) = fuzz::printed_is_read_back::<InviteLink>(data) else { return };
    let text = link.to_string();
    assert_eq!(text.as_bytes(), data);
    assert!(text.len() <= InviteLink::MAX_LEN);
    for end in 0..text.len() {
        assert!(text.get(..end).is_none_or(|part| part.parse::<InviteLink>().is_err()));
    }
});

//! Invitations: read and written; seen from the other side twice, they are as they were.
#![no_main]

use site::Invitation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(invitation) = Invitation::read(data) else { return };
    let text = invitation.to_text().expect("what was read can be written");
    assert_eq!(Invitation::read(text.as_bytes()).as_ref(), Ok(&invitation));
    let mirrored = Invitation { draft: invitation.mirrored(), ..invitation.clone() };
    assert_eq!(mirrored.mirrored(), invitation.draft);
});

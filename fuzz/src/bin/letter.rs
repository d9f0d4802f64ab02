//! Notes as they come over the wire: taken only of the agent whose user speaks, and only as the kind of
//! message that they are.
#![no_main]

use protocol::note::Note;
use protocol::{AgentId, Record as _, SecretKey, Signer as _};
use wire::{Kind, NoteFault, read_note};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let other = SecretKey::ed25519(&[77; 32]).public_key();
    let other = AgentId::of(&other).expect("an Ed25519 key");
    let read = Note::read(data);
    for came in Kind::ALL {
        let Ok(note) = &read else {
            let fault = read_note(other, came, data).expect_err("no note");
            assert!(matches!(fault, NoteFault::Unreadable(_)));
            continue;
        };
        let holds = Kind::of(&note.body);
        let taken = read_note(note.from.agent, came, data);
        assert_eq!(taken.is_ok(), came == holds);
        assert_eq!(read_note(other, came, data).is_ok(), came == holds && note.from.agent == other);
    }
});

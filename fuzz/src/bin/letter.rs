//! Messages of notes as they come over the wire: each note is taken only of the agent whose user speaks, and only
//! in the kind of message that it is; and the receipts for them.
#![no_main]

use protocol::mail::{self, Receipt};
use protocol::{AgentId, SecretKey, Signer as _};
use wire::{Kind, read_notes};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let other = SecretKey::ed25519(&[77; 32]).public_key();
    let other = AgentId::of(&other).expect("an Ed25519 key");
    for sent in [0, 1, 3] {
        if let Ok(receipt) = Receipt::read(data, sent) {
            assert_eq!(receipt.fates.len(), sent);
            let text = receipt.write().expect("what was read can be written");
            assert_eq!(Receipt::read(text.as_bytes(), sent).expect("as it was written"), receipt);
        }
    }
    let Ok(read) = mail::read(data) else {
        assert!(read_notes(other, Kind::Chain, data).is_err());
        return;
    };
    for came in Kind::ALL {
        for (place, note) in read.iter().enumerate() {
            let from = note.as_ref().map_or(other, |note| note.from.agent);
            let taken = |sent| read_notes(sent, came, data).expect("a message")[place].is_ok();
            let fits = note.as_ref().is_ok_and(|note| match came {
                Kind::Moved => note.moved.is_some(),
                _ => Kind::of(&note.body) == came,
            });
            assert_eq!(taken(from), fits);
            assert_eq!(taken(other), fits && from == other);
        }
    }
});

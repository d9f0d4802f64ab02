//! Notes in messages: whose they are and of which kind, before anything else is asked.

use proptest::prelude::*;
use protocol::address::ChipAddress;
use protocol::ledger;
use protocol::negotiation;
use protocol::note::{Body, Note};
use protocol::{Record as _, TallyId, invoice};
use wire::{Kind, NoteFault, read_note};

use crate::sites::agent;

fn note(n: u8, body: Body) -> Note {
    let from = ChipAddress { cuid: "agnes".parse().unwrap(), agent: agent(n), endpoint: None };
    let tally = TallyId::random([7; 16]);
    Note { tally, from, to: "tomas".parse().unwrap(), token: None, body }
}

fn bodies() -> [(Kind, Body); 3] {
    [
        (Kind::Tally, Body::Negotiation(negotiation::Message::Ask)),
        (Kind::Chain, Body::Ledger(ledger::Message::Req { locator: vec![] })),
        (Kind::Invoice, Body::Invoice(invoice::Message::Ask)),
    ]
}

#[test]
fn a_note_comes_as_its_kind_from_its_agent() {
    for (kind, body) in bodies() {
        let note = note(1, body);
        let bytes = note.to_text().unwrap().to_string();
        assert_eq!(Kind::of(&note.body), kind);
        assert_eq!(read_note(agent(1), kind, bytes.as_bytes()), Ok(note));
        let (sent, named) = (agent(2), agent(1));
        let other = read_note(sent, kind, bytes.as_bytes());
        assert_eq!(other, Err(NoteFault::OtherAgent { sent, named }));
        for came in Kind::ALL.into_iter().filter(|came| *came != kind) {
            let other = read_note(agent(1), came, bytes.as_bytes());
            assert_eq!(other, Err(NoteFault::OtherKind { came, holds: kind }));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_note_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(matches!(
            read_note(agent(1), Kind::Chain, &bytes),
            Err(NoteFault::Unreadable(_))
        ));
    }
}

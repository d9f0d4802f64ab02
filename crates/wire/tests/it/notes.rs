//! Notes in messages: whose they are and of which kind, before anything else is asked.

use proptest::prelude::*;
use protocol::address::ChipAddress;
use protocol::mail::{self, Reason};
use protocol::negotiation;
use protocol::note::{Body, Note};
use protocol::{Cert, Moved, Record as _, SecretKey, Signer as _, TallyId};
use protocol::{bounded, cert, invoice, ledger};
use wire::{Kind, NoteFault, read_notes};

use crate::sites::agent;

fn note(n: u8, body: Body) -> Note {
    let from = ChipAddress { cuid: "agnes".parse().unwrap(), agent: agent(n), endpoint: None };
    let tally = TallyId::random([7; 16]);
    Note { tally, from, to: "tomas".parse().unwrap(), token: None, moved: None, body }
}

fn bodies() -> [(Kind, Body); 3] {
    [
        (Kind::Tally, Body::Negotiation(negotiation::Message::Ask)),
        (Kind::Chain, Body::Ledger(ledger::Message::Req { locator: vec![] })),
        (Kind::Invoice, Body::Invoice(invoice::Message::Ask)),
    ]
}

fn refused(fault: &NoteFault) -> Result<Note, Reason> {
    Err(Reason::cut(&fault.to_string()))
}

#[test]
fn a_note_comes_as_its_kind_from_its_agent() {
    for (kind, body) in bodies() {
        let note = note(1, body);
        let text = note.to_text().unwrap().to_string();
        let bytes = mail::write(&[text.clone(), text]);
        assert_eq!(Kind::of(&note.body), kind);
        let both = vec![Ok(note.clone()), Ok(note)];
        assert_eq!(read_notes(agent(1), kind, bytes.as_bytes()), Ok(both));
        let (sent, named) = (agent(2), agent(1));
        let other = read_notes(sent, kind, bytes.as_bytes()).unwrap();
        assert_eq!(other[1], refused(&NoteFault::OtherAgent { sent, named }));
        for came in Kind::ALL.into_iter().filter(|came| *came != kind) {
            let other = read_notes(agent(1), came, bytes.as_bytes()).unwrap();
            assert_eq!(other[1], refused(&NoteFault::OtherKind { came, holds: kind }));
        }
    }
}

/// Anyone may send such a message: a note without a user's word for its agent is none.
#[test]
fn only_with_its_users_word_comes_a_note_as_moved() {
    let key = SecretKey::ed25519(&[3; 32]);
    for (_, body) in bodies() {
        let bare = note(1, body);
        let moved = Moved {
            tally: bare.tally,
            by: protocol::Side::Foil,
            agent: agent(1),
            counter: 1.try_into().unwrap(),
            date: "2026-11-26T10:00:00.000Z".parse().unwrap(),
            head: None,
            key: None,
            sign: None,
        };
        let said = Note { moved: Some(moved.signed(&key).unwrap()), ..bare.clone() };
        let texts = [bare, said.clone()].map(|note| note.to_text().unwrap().to_string());
        let read = read_notes(agent(1), Kind::Moved, mail::write(&texts).as_bytes()).unwrap();
        assert!(read[0].is_err());
        assert_eq!(read[1], Ok(said));
    }
}

/// The longest answer to an invitation: a cert with all its lists full of what is written longest.
#[test]
fn the_longest_answer_fits_its_row() {
    let long = |bytes: usize| "\"".repeat(bytes);
    let word: bounded::Word = format!("a{}", "b".repeat(31)).parse().unwrap();
    let name = || Some(long(cert::MAX_NAME_BYTES).parse().unwrap());
    let address = || long(cert::MAX_ADDRESS_BYTES).parse().unwrap();
    let connect = cert::Connect { media: word.clone(), address: address() };
    let place = cert::Place {
        r#type: word.clone(),
        address: Some(address()),
        city: name(),
        state: name(),
        post: name(),
        country: Some("NP".parse().unwrap()),
    };
    let names = vec![name().unwrap(); cert::MAX_NAMES];
    let state = cert::StateId { country: "NP".parse().unwrap(), media: word, id: name().unwrap() };
    let birth = cert::Birth { name: name(), date: None, place: name() };
    let key = SecretKey::p256(&[9; 32]).unwrap();
    let cert = Cert {
        chad: ChipAddress { cuid: "agnes".parse().unwrap(), agent: agent(1), endpoint: None },
        r#type: cert::Type::Person,
        name: bounded::List::new(names).unwrap().try_into().unwrap(),
        connect: bounded::List::new(vec![connect; cert::MAX_CONNECTS]).unwrap(),
        place: bounded::List::new(vec![place; cert::MAX_PLACES]).unwrap(),
        identity: cert::Identity { state: Some(state), birth },
        public: key.public_key(),
        date: "2026-11-26T00:00:00.000Z".parse().unwrap(),
        sign: None,
    };
    let cert = Box::new(cert.signed(&key).unwrap());
    let note = note(1, Body::Negotiation(negotiation::Message::Answer { cert }));
    let bytes = note.to_text().unwrap().to_string().len();
    let most = Kind::Answer.row().max_bytes;
    // Names of users and hosts may be longer than here, by less than a kilobyte.
    assert!((most / 2..most - 1024).contains(&bytes), "{bytes} bytes");
}

proptest! {
    #[test]
    fn any_bytes_are_a_note_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = read_notes(agent(1), Kind::Chain, &bytes).unwrap_or_default();
        prop_assert!(read.iter().all(Result::is_err));
    }
}

//! What a store keeps of a half, its chits and its invoices: read, written, asked, and stepped on from.
#![no_main]

use std::fmt::Debug;

use protocol::invoice::{self, Invoices};
use protocol::ledger::{self, Ledger, Link};
use protocol::negotiation::{self, Negotiation};
use protocol::{Side, Timestamp, Units};
use serde::Serialize;
use serde::de::DeserializeOwned;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(ledger) = read::<Ledger>(data) {
        ask(&ledger);
    }
    if let Some(half) = read::<Negotiation>(data) {
        negotiate(&half);
    }
    if let Some(invoices) = read::<Invoices>(data) {
        bill(&invoices);
    }
    if let Some(link) = read::<Link>(data) {
        let _ = link.head.then(link.chit.tally, link.chit_hash);
    }
});

/// What is read, and the same after it was written.
fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let read = serde_json::from_slice(data).ok()?;
    again(&read);
    Some(read)
}

fn again<T: DeserializeOwned + Serialize + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_vec(value).expect("what was read can be written");
    assert_eq!(&serde_json::from_slice::<T>(&text).expect("what was written is read"), value);
}

/// With a chain of which nothing is at hand.
fn ask(ledger: &Ledger) {
    let _ = (ledger.status(), ledger.consent(), ledger.is_about_keys());
    let _ = ledger.position(Units::ZERO, Units::ZERO);
    for side in Side::BOTH {
        let _ = (ledger.key(side), ledger.keys_had(side), ledger.pending(side));
        let _ = ledger.requests(side).count();
    }
    let inputs =
        [ledger::Input::Remind, ledger::Input::Compare, ledger::Input::Recover(Vec::new())];
    for input in inputs {
        if let Ok(step) = ledger.step(input, &Vec::new()) {
            again(&step.ledger);
        }
    }
}

fn negotiate(half: &Negotiation) {
    let _ = (half.check(), half.offer(), half.signed());
    let given = negotiation::Given { now: Timestamp::MIN, closed: false };
    let _ = half.to_offer(half.draft().clone(), given.now);
    for input in [negotiation::Input::Remind, negotiation::Input::Compare, negotiation::Input::Tick]
    {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            if let Ok(step) = half.step(input.clone(), negotiation::Given { now, ..given }) {
                again(&step.negotiation);
            }
        }
    }
}

fn bill(invoices: &Invoices) {
    let _ = invoices.all().count();
    for input in [invoice::Input::Remind, invoice::Input::Compare, invoice::Input::Tick] {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let given = invoice::Given { now, linked: false };
            if let Ok(step) = invoices.step(input.clone(), given) {
                again(&step.invoices);
            }
        }
    }
}

//! A live agent that is fed whatever the agent of a partner may say: what that really says, the same again, out
//! of order, changed, mixed, in another's name. Nobody owes what it did not sign, nothing grows, and once the
//! partner is honest again both halves say the same.
#![no_main]

use std::cell::RefCell;

use fuzz::agents::{Home, LIMIT, agent, settle, with_tally};
use protocol::AgentId;
use protocol::mail::{self, Fate, Reason, Receipt};
use serde_json::Value;
use site::MAX_LETTERS_WAITING;
use tokio::runtime::{Builder, Runtime};

/// As many steps as are taken in the blink of an eye.
const STEPS: usize = 48;

/// As many letters of Bob's site as are remembered.
const REMEMBERED: usize = 48;

/// Letters that wait beside those of which there is a limit: one of each name.
const NAMES: u64 = 16;

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().build().expect("a runtime"));
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    RUNTIME.with_borrow(|runtime| runtime.block_on(live(data)));
});

async fn live(data: &[u8]) {
    let (mut suzie, mut bob, mut said) = with_tally().await;
    let mut rest = data;
    for number in 0..STEPS {
        let Some(([what, which, more, much], others)) = rest.split_first_chunk() else { break };
        rest = others;
        let (name, milli) = (u8::try_from(number).expect("few"), i64::from(*much) * LIMIT / 200);
        match what % 10 {
            0 => bob.pay(name, milli).await,
            1 => suzie.pay(name + 100, milli).await,
            2 => {
                bob.pass(700_000);
                said.append(&mut bob.letters().await);
                said.drain(..said.len().saturating_sub(REMEMBERED));
            }
            3 => drop(suzie.deliver(&bob).await),
            4 => {
                suzie.pass(i64::from(*more) * 60_000);
                let _ = suzie.site.remind().await;
                bob.compare().await;
            }
            5 => say(&suzie, pick(&said, *which)).await,
            6 => say(&suzie, &changed(pick(&said, *which), *more, *much)).await,
            7 => {
                let mixed = mixed(pick(&said, *which), pick(&said, *more), *much);
                say(&suzie, &mixed).await;
            }
            8 => {
                // In the name of somebody whom nobody here knows.
                let receipt = hear(&suzie, agent(*more), pick(&said, *which)).await;
                let taken = receipt.fates.contains(&Fate::Taken);
                assert!(!taken || agent(*more) == bob.site.agent());
            }
            _ => {
                let some = usize::from(*which).min(rest.len());
                say(&suzie, &rest[..some]).await;
                rest = &rest[some..];
            }
        }
        judge(&suzie, &bob).await;
    }
    heal(&mut suzie, &mut bob).await;
}

/// Bob's agent says this.
async fn say(suzie: &Home, bytes: &[u8]) {
    let receipt = hear(suzie, agent(8), bytes).await;
    // Whatever goes back is read, or passed over.
    let text = receipt.write().expect("a receipt can be written");
    let read = Receipt::read(text.as_bytes(), receipt.fates.len()).expect("as it was written");
    assert_eq!(read.fates, receipt.fates);
}

/// An agent says this, which may be several notes and may be none.
async fn hear(suzie: &Home, from: AgentId, bytes: &[u8]) -> Receipt {
    let notes = mail::read(bytes).unwrap_or_default().into_iter();
    let unreadable = |error: protocol::JsonError| Reason::cut(&error.to_string());
    suzie.site.hear_from(from, notes.map(|note| note.map_err(unreadable)).collect()).await
}

fn pick(said: &[Vec<u8>], which: u8) -> &[u8] {
    // Bob's site has said something when the tally was opened.
    &said[usize::from(which) % said.len()]
}

/// One byte is another.
fn changed(letter: &[u8], place: u8, byte: u8) -> Vec<u8> {
    let mut letter = letter.to_vec();
    let place = usize::from(place) * letter.len() / 256;
    letter[place] = byte;
    letter
}

/// One value of a letter is in place of one of another.
fn mixed(into: &[u8], from: &[u8], which: u8) -> Vec<u8> {
    let read = |letter| serde_json::from_slice::<Value>(letter).expect("a letter is JSON");
    let (mut into, mut from) = (read(into), read(from));
    let (mut places, mut values) = (Vec::new(), Vec::new());
    leaves(&mut into, &mut places);
    leaves(&mut from, &mut values);
    let (place, value) = (usize::from(which) % places.len(), usize::from(which / 3) % values.len());
    *places[place] = values[value].clone();
    into.to_string().into_bytes()
}

fn leaves<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| leaves(member, found)),
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, found)),
        leaf => found.push(leaf),
    }
}

/// Nobody owes what it did not sign; what waits is bounded.
async fn judge(suzie: &Home, bob: &Home) {
    for (own, other) in [(suzie, bob), (bob, suzie)] {
        let balance = own.balance().await;
        let owed = -own.signed..=other.signed - own.signed;
        assert!(owed.contains(&balance), "{balance}, signed {} and {}", own.signed, other.signed);
        let waiting = own.site.letters_abroad().await.expect("memory does not fail");
        let most = MAX_LETTERS_WAITING + NAMES;
        assert!(waiting <= most, "{waiting} letters wait");
    }
}

/// From now on all that is said arrives: both halves say the same, and all that was signed counts.
async fn heal(suzie: &mut Home, bob: &mut Home) {
    settle(suzie, bob).await;
    for home in [&mut *suzie, &mut *bob] {
        home.pass(100_000_000);
        home.site.remind().await.expect("memory does not fail");
        home.compare().await;
    }
    settle(suzie, bob).await;
    let (at_suzie, at_bob) = (suzie.summary().await, bob.summary().await);
    assert_eq!(at_suzie.balance_milli, bob.signed - suzie.signed);
    assert_eq!(at_bob.balance_milli, suzie.signed - bob.signed);
    assert_eq!((at_suzie.head, &at_suzie.status), (at_bob.head, &at_bob.status));
    for home in [suzie, bob] {
        let found = home.site.doctor(&mut |_| {}).await.expect("memory does not fail");
        assert!(found.ok, "{found:?}");
    }
}

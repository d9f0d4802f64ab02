//! Payments by lifts that are refused, each by its name; and those that somebody stops on the way.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use protocol::chit::{Entry, Set, Written};
use protocol::{AgentId, SecretKey, Settings, Side, Signer};
use site::{Answer, Caller, Class, Command, CommandId, Paid, SiteError, WhyNot};
use store::{Store, StoreKind};

use crate::street::{NAMES, Street, tally_of, tie};
use crate::town::{cuid, on_every_store, units, user};

on_every_store! {
    what_is_on_its_way_is_waited_for,
    a_payment_that_is_stopped_on_the_way_is_made_whole_or_not_at_all,
    two_programs_pay_over_one_tally_at_once,
}

/// Each may owe the next 100, in one line.
async fn line(store: Store, many: usize) -> Street {
    let ties = NAMES.windows(2).take(many).map(|pair| tie(pair[1], pair[0], 100_000));
    Street::new(store, ties.collect()).await
}

fn said(refused: Result<Paid, SiteError>, class: Class, word: &str, sentence: &str) {
    let error = refused.expect_err("should be refused");
    assert_eq!((error.class(), error.word()), (class, word), "{error}");
    assert!(error.to_string().contains(sentence), "{error}");
}

#[tokio::test]
async fn by_what_it_says() {
    let street = line(Store::memory(), 3).await;
    let before = street.kept().await;
    let paid = street.pay(1, "ann", "ann", 5, 5).await;
    said(paid, Class::Refused, "to_oneself", "nobody pays themselves");
    let paid = street.pay(1, "ann", "zoe", 5, 5).await;
    said(paid, Class::NotFound, "no_user", "no user named zoe");
    let mut elsewhere = street.unsigned(1, "ann", "dan", 5, 5);
    elsewhere.payee.agent = AgentId::of(&SecretKey::ed25519(&[77; 32]).public_key()).unwrap();
    let paid = street.send("ann", elsewhere.signed(street.key("ann")).unwrap()).await;
    said(paid, Class::Conflict, "not_served", "serve it, and ask again");
    // Nobody spends another's, whoever signed.
    let of_bob = street.unsigned(1, "bob", "dan", 5, 5).signed(street.key("bob")).unwrap();
    let paid = street.send("ann", of_bob).await;
    said(paid, Class::NotAllowed, "not_allowed", "the payer that the authorisation names");
    let mut of_another_site = street.unsigned(1, "ann", "dan", 5, 5);
    of_another_site.payer.agent = AgentId::of(&SecretKey::ed25519(&[77; 32]).public_key()).unwrap();
    let paid = street.send("ann", of_another_site.signed(street.key("ann")).unwrap()).await;
    said(paid, Class::NotAllowed, "not_allowed", "the payer that the authorisation names");
    let paid = street.send("ann", street.unsigned(1, "ann", "dan", 5, 5)).await;
    said(paid, Class::Refused, "signature", "signature of payer is missing");
    let forged = street.unsigned(1, "ann", "dan", 5, 5).signed(street.key("bob")).unwrap();
    said(street.send("ann", forged).await, Class::Refused, "signature", "does not fit");
    let mut changed = street.unsigned(1, "ann", "dan", 5, 5).signed(street.key("ann")).unwrap();
    changed.units = units(6).try_into().unwrap();
    said(street.send("ann", changed).await, Class::Refused, "signature", "does not fit");
    let late = street.unsigned(1, "ann", "dan", 5, 5).signed(street.key("ann")).unwrap();
    street.town.world.pass(3_600_000);
    let paid = street.send("ann", late).await;
    said(paid, Class::Conflict, "expired", "sign it anew");
    assert_eq!(street.kept().await, before);
}

#[tokio::test]
async fn by_how_things_stand() {
    let street = line(Store::memory(), 13).await;
    let before = street.kept().await;
    // Thirteen tallies away; twelve are few enough.
    let paid = street.pay(1, "ann", "nan", 5, 5).await;
    said(paid, Class::Conflict, "too_far", "nan is 13 tallies away");
    assert_eq!(
        street.route("ann", "nan", 5).await.unwrap().why_not,
        Some(WhyNot::TooFar { tallies: 13 })
    );
    let paid = street.pay(1, "dan", "ann", 5, 5).await;
    said(paid, Class::Conflict, "not_connected", "no tallies with room lead to ann");
    let paid = street.pay(1, "ann", "max", 100_001, 100_001).await;
    said(paid, Class::Conflict, "too_little", "at most 100.000: max takes in no more");
    assert_eq!(
        street.route("ann", "max", 100_001).await.unwrap().why_not,
        Some(WhyNot::PayeesRoom)
    );
    assert_eq!(street.kept().await, before);
    street.pay(1, "ann", "bob", 40_000, 40_000).await.unwrap();
    let paid = street.pay(2, "ann", "max", 60_001, 60_001).await;
    said(paid, Class::Conflict, "too_little", "at most 60.000: the payer's own tallies");
    street.pay(2, "eve", "flo", 50_000, 50_000).await.unwrap();
    let paid = street.pay(3, "ann", "max", 60_000, 60_000).await;
    said(paid, Class::Conflict, "too_little", "at most 50.000: there is no more room between");
    let paid = street.pay(3, "ann", "max", 50_000, 49_999).await;
    said(paid, Class::Conflict, "too_dear", "takes 50.000 from the payer now");
    let paid = street.pay(1, "ann", "max", 1, 1).await;
    said(paid, Class::Conflict, "payment_taken", "was made with other words");

    let suspend = async |name: &str, suspended| {
        let command = Command::Suspend { cuid: cuid(name), suspended };
        street.town.ask(&Caller::Administrator, command).await.unwrap();
    };
    suspend("max", true).await;
    let paid = street.pay(3, "ann", "max", 5, 5).await;
    said(paid, Class::Conflict, "payee_suspended", "user max cannot be paid");
    suspend("ann", true).await;
    let paid = street.pay(3, "ann", "lou", 5, 5).await;
    said(paid, Class::NotAllowed, "suspended", "user ann is suspended");
    suspend("ann", false).await;
    // Somebody between who may not act is bound by what it signed all the same.
    suspend("bob", true).await;
    street.pay(3, "ann", "lou", 5, 5).await.unwrap();
    street.town.assert_sound().await;
}

#[tokio::test]
async fn a_closing_tally_takes_only_what_brings_it_toward_zero() {
    let mut ties = vec![tie("bob", "ann", 100_000), tie("cleo", "bob", 100_000)];
    ties[1].owed = -30_000;
    let street = Street::new(Store::memory(), ties).await;
    let settings = Settings::default_for(units(100_000));
    let set = Set { settings, counter: 1.try_into().unwrap(), owe: None, close: true };
    street.write(1, Side::Foil, 9, Entry::Set { set, written: Written::default() }).await;
    let paid = street.pay(1, "ann", "cleo", 30_001, 30_001).await;
    said(paid, Class::Conflict, "too_little", "at most 30.000");
    street.pay(1, "ann", "cleo", 30_000, 30_000).await.unwrap();
    assert_eq!(street.town.site.tally(&cuid("bob"), tally_of(1)).await.unwrap().status, "close");
    let paid = street.pay(2, "ann", "cleo", 1, 1).await;
    said(paid, Class::Conflict, "not_connected", "no tallies with room lead to cleo");
    assert_eq!(street.balances().await, [30_000, 0]);
    street.town.assert_sound().await;
}

/// The authorisation is signed with the key that the payer signs chits with on the tally where it gives.
#[tokio::test]
async fn a_key_that_was_given_up_pays_nothing() {
    let ties =
        vec![tie("bob", "ann", 100_000), tie("cleo", "ann", 50_000), tie("dan", "bob", 100_000)];
    let mut ties = ties;
    ties.push(tie("dan", "cleo", 100_000));
    let street = Street::new(Store::memory(), ties).await;
    street.pay(1, "ann", "dan", 1_000, 1_000).await.unwrap();
    let next = SecretKey::ed25519(&[55; 32]);
    street.rekey(0, Side::Foil, &next).await;
    street.town.deliver().await;
    let signed = |number, milli, key: &SecretKey| {
        street.unsigned(number, "ann", "dan", milli, milli).signed(key).unwrap()
    };
    // The old key still counts on the tally with Cleo, and only there.
    street.send("ann", signed(2, 2_000, street.key("ann"))).await.unwrap();
    assert_eq!(street.balances().await[..2], [1_000, 2_000]);
    let paid = street.send("ann", signed(3, 60_000, street.key("ann"))).await;
    said(paid, Class::Conflict, "too_little", "at most 48.000");
    street.send("ann", signed(3, 60_000, &next)).await.unwrap();
    assert_eq!(street.balances().await[..2], [61_000, 2_000]);
    street.rekey(1, Side::Foil, &next).await;
    street.town.deliver().await;
    let paid = street.send("ann", signed(4, 1, street.key("ann"))).await;
    said(paid, Class::Refused, "signature", "does not fit");
    // What was paid with it stays paid, and proved.
    street.town.assert_sound().await;
    let paid = street.pay(1, "ann", "dan", 1_000, 1_000).await.unwrap();
    assert_eq!(paid.given, units(1_000));
}

async fn what_is_on_its_way_is_waited_for(store: Store) {
    let street = line(store, 3).await.by_post();
    street.route("ann", "dan", 1).await.unwrap();
    // The two halves do not say the same until it is delivered.
    street.owe(1, 9, 30_000).await;
    let route = street.route("ann", "dan", 70_000).await.unwrap();
    assert_eq!((route.most, route.why_not), (units(70_000), None));
    street.owe(1, 10, 1_000).await;
    let paid = street.pay(1, "ann", "dan", 70_000, 70_000).await;
    said(paid, Class::Conflict, "too_little", "at most 69.000");
    street.pay(1, "ann", "dan", 69_000, 69_000).await.unwrap();
    assert_eq!(street.balances().await, [69_000, 100_000, 69_000]);
    street.town.assert_sound().await;
}

/// Looks at a future `many` times at most, and drops it then.
async fn stopped<T>(work: impl Future<Output = T>, many: usize) -> Option<T> {
    let mut work = pin!(work);
    for _ in 0..many {
        let once = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx)));
        if let Poll::Ready(done) = once.await {
            return Some(done);
        }
        tokio::task::yield_now().await;
    }
    None
}

async fn a_payment_that_is_stopped_on_the_way_is_made_whole_or_not_at_all(store: Store) {
    let street = line(store, 3).await;
    street.route("ann", "dan", 1).await.unwrap();
    let ann = user("ann");
    let command = |number: u8| {
        let authorisation = street.unsigned(number, "ann", "dan", 1_000, 1_000);
        let authorisation = Box::new(authorisation.signed(street.key("ann")).unwrap());
        Command::PayByLift { authorisation, hint: None }
    };
    let again = async |number: u8, name: &str| {
        let name = CommandId::new(name).unwrap();
        let answer = street.town.site.command(&ann, &name, command(number)).await.unwrap();
        assert!(matches!(answer, Answer::Paid(_)), "{answer:?}");
    };
    let (mut stops, mut left) = (0, Vec::new());
    for number in 0..40_u8 {
        let name = format!("stopped {number}");
        // Each time a little later.
        let many = 1 + usize::from(number) * usize::from(number);
        let id = CommandId::new(&name).unwrap();
        let first = stopped(street.town.site.command(&ann, &id, command(number)), many).await;
        stops += usize::from(first.is_none());
        match number % 4 {
            0 | 1 => again(number, &name).await,
            2 => again(number, &format!("{name} again")).await,
            // Nobody asks for these until the end.
            _ => {
                left.push((number, name));
                continue;
            }
        }
        let balances = street.balances().await;
        let made = balances[0] / 1_000;
        assert_eq!(balances, [made * 1_000; 3], "whole or not at all");
        let asked = i64::from(number) + 1;
        let waiting = i64::try_from(left.len()).unwrap();
        assert!(made <= asked && made >= asked - waiting, "{made} of {asked}");
        // What is remembered is not what was never committed.
        let most = street.route("ann", "dan", 1).await.unwrap().most;
        assert!(most >= units(100_000 - asked * 1_000), "{most} after payment {number}");
    }
    for (number, name) in left {
        again(number, &name).await;
    }
    assert_eq!(street.balances().await, [40_000; 3]);
    again(40, "not stopped").await;
    assert_eq!(street.route("ann", "dan", 1).await.unwrap().most, units(59_000));
    // In memory nothing waits for anything.
    assert_eq!(stops > 0, street.store.kind() != StoreKind::Memory, "some were stopped");
    street.town.assert_sound().await;
}

/// What was stopped takes no room from the next.
#[tokio::test]
async fn a_payment_that_was_stopped_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("site.db")).await.unwrap();
    let street = line(store, 3).await;
    street.route("ann", "dan", 1).await.unwrap();
    let (mut undone, mut done) = (0, false);
    for number in (0..240_u8).step_by(3) {
        // The last may take as long as it likes, however busy the machine is.
        let more = usize::from(number) * usize::from(number) / 9;
        let many = if number < 237 { more } else { usize::MAX };
        done = stopped(street.pay(number, "ann", "dan", 60_000, 60_000), many).await.is_some();
        // Whatever is still being written is written before this.
        let command = Command::Suspend { cuid: cuid("hal"), suspended: false };
        street.town.ask(&Caller::Administrator, command).await.unwrap();
        let made = street.balances().await[0] > 0;
        let next = street.pay(number + 1, "ann", "dan", 60_000, 60_000).await;
        if made {
            said(next, Class::Conflict, "too_little", "at most 40.000");
        } else {
            next.unwrap();
            undone += 1;
        }
        street.pay(number + 2, "dan", "ann", 60_000, 60_000).await.unwrap();
        if done {
            break;
        }
    }
    assert!(done && undone > 3, "{undone} were undone");
    assert_eq!(street.balances().await, [0; 3]);
    street.town.assert_sound().await;
}

async fn two_programs_pay_over_one_tally_at_once(store: Store) {
    let street = Arc::new(line(store, 3).await);
    let other = Arc::new(street.another(Arc::clone(&street.town.world)).await);
    let mut all = Vec::new();
    for number in 0..20_u8 {
        let one = Arc::clone(if number % 2 == 0 { &street } else { &other });
        all.push(tokio::spawn(async move {
            let signed = one.unsigned(number, "ann", "dan", 9_000, 9_000);
            let authorisation = Box::new(signed.signed(one.key("ann")).unwrap());
            let name = CommandId::new(&format!("at once {number}")).unwrap();
            for _ in 0..50 {
                let command =
                    Command::PayByLift { authorisation: authorisation.clone(), hint: None };
                match one.town.site.command(&user("ann"), &name, command).await {
                    Err(error) if error.is_passing() => {}
                    Ok(_) => return 1,
                    Err(error) => {
                        assert_eq!(error.word(), "too_little", "{error}");
                        return 0;
                    }
                }
            }
            panic!("always in the way")
        }));
    }
    let mut paid = 0;
    for one in all {
        paid += one.await.unwrap();
    }
    assert_eq!(paid, 11, "99 of 100");
    assert_eq!(street.balances().await, [99_000; 3]);
    street.town.assert_sound().await;
}

#[tokio::test]
async fn doctor_finds_a_payment_that_its_payer_did_not_allow() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.db");
    let store = Store::sqlite(&file).await.unwrap();
    let street = line(store, 3).await;
    street.pay(1, "ann", "dan", 5_000, 5_000).await.unwrap();
    street.town.assert_sound().await;
    let spoil = async |sql: &str, expected: &str| {
        store::testing::run_in(&file, sql).await.unwrap();
        let found = street.town.site.doctor(&mut |_| {}).await.unwrap();
        let whats: Vec<&str> = found.faults.iter().map(|fault| fault.what.as_str()).collect();
        assert!(whats.iter().any(|what| what.contains(expected)), "{expected}: {whats:?}");
    };
    let kept = "CREATE TABLE kept AS SELECT * FROM payments";
    store::testing::run_in(&file, kept).await.unwrap();
    let back = "DELETE FROM payments; INSERT INTO payments SELECT * FROM kept;";
    let with = |change: &str| format!("{back} UPDATE payments SET {change}");
    let signed = |authorisation: protocol::lift::Authorisation| {
        let text = protocol::Record::to_text(&authorisation).unwrap().to_string();
        format!("authorisation = '{text}'")
    };
    spoil("DELETE FROM payments", "0 payments are kept for it").await;
    spoil(&with("units = 5001"), "the payment's row does not say").await;
    spoil(&with("authorisation = '{}'"), "the authorisation cannot be read").await;
    let unsigned = street.unsigned(1, "ann", "dan", 5_000, 5_000);
    spoil(&with(&signed(unsigned.clone())), "is not signed by the payer").await;
    let other = street.unsigned(1, "ann", "dan", 5_000, 5_001).signed(street.key("ann")).unwrap();
    spoil(&with(&signed(other)), "is not the one that it names").await;
    let forged = unsigned.signed(street.key("bob")).unwrap();
    spoil(&with(&signed(forged)), "is not signed by the payer").await;
    store::testing::run_in(&file, back).await.unwrap();
    street.town.assert_sound().await;
}

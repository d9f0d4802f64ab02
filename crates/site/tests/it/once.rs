//! A command is done once, however often it is asked.

use protocol::Side;
use site::{Caller, Command, CommandId, SiteError, Wish};
use store::Store;

use crate::town::{Town, chit_id, cuid, on_every_store, tally_id, user};

on_every_store! {
    the_same_command_again_changes_nothing_and_is_answered_alike,
    one_callers_command_names_are_not_anothers,
    a_name_that_was_used_is_not_for_another_command,
    two_at_once_are_done_one_after_the_other,
    one_that_is_refused_takes_no_others_with_it,
}

async fn the_same_command_again_changes_nothing_and_is_answered_alike(store: Store) {
    let town = Town::with_tally(store).await;
    let chit = Box::new(town.payment("bob", Side::Foil, chit_id(1), 500));
    let wish = Wish::Write { chit, over_limit: false };
    let command = Command::Tally { tally: tally_id(), wish };
    let id = CommandId::new("pay the baker").unwrap();
    let first = town.site.command(&user("bob"), &id, command.clone()).await.unwrap();
    let again = town.site.command(&user("bob"), &id, command).await.unwrap();
    assert_eq!(first, again);
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 500);
    town.assert_sound().await;
}

async fn one_callers_command_names_are_not_anothers(store: Store) {
    let town = Town::with_tally(store).await;
    let id = CommandId::new("1").unwrap();
    let pay = |name: &str, side, number| {
        let chit = Box::new(town.payment(name, side, chit_id(number), 500));
        Command::Tally { tally: tally_id(), wish: Wish::Write { chit, over_limit: false } }
    };
    town.site.command(&user("bob"), &id, pay("bob", Side::Foil, 1)).await.unwrap();
    town.site.command(&user("suzie"), &id, pay("suzie", Side::Stock, 2)).await.unwrap();
    town.deliver().await;
    let bob = town.site.tally(&cuid("bob"), tally_id()).await.unwrap();
    assert_eq!((bob.chits, bob.balance_milli), (2, 0), "both were done");
    let suspend = Command::Suspend { cuid: cuid("bob"), suspended: true };
    town.site.command(&Caller::Administrator, &id, suspend).await.unwrap();
    let refused = town.pay("bob", Side::Foil, 3, 1).await;
    assert!(matches!(refused, Err(SiteError::Suspended(who)) if who == cuid("bob")));
}

async fn a_name_that_was_used_is_not_for_another_command(store: Store) {
    let town = Town::with_tally(store).await;
    let id = CommandId::new("friday").unwrap();
    let pay = |number, milli, over_limit| {
        let chit = Box::new(town.payment("bob", Side::Foil, chit_id(number), milli));
        Command::Tally { tally: tally_id(), wish: Wish::Write { chit, over_limit } }
    };
    let bob = user("bob");
    let ask = |command| town.site.command(&bob, &id, command);
    let first = ask(pay(1, 500, false)).await.unwrap();
    let others = [
        pay(1, 501, false),
        pay(2, 500, false),
        pay(1, 500, true),
        Command::Tally { tally: tally_id(), wish: Wish::Compare },
        Command::Tally { tally: protocol::TallyId::random([8; 16]), wish: Wish::Compare },
    ];
    for other in others {
        let refused = ask(other).await.unwrap_err();
        assert!(matches!(refused, SiteError::OtherCommand), "{refused}");
        assert_eq!(refused.word(), "other_command");
    }
    // A device that saw no answer signs the same payment again, and later.
    let mut later = town.payment("bob", Side::Foil, chit_id(1), 500);
    later.date = "2026-11-22T11:00:00.000Z".parse().unwrap();
    let chit = Box::new(later.signed(town.key("bob")).unwrap());
    let wish = Wish::Write { chit, over_limit: false };
    assert_eq!(ask(Command::Tally { tally: tally_id(), wish }).await.unwrap(), first);
    // Both in one batch: the second is another.
    let id = CommandId::new("together").unwrap();
    let two = [pay(3, 1, false), pay(4, 1, false)].map(|command| {
        let (site, id) = (town.site.clone(), id.clone());
        tokio::spawn(async move { site.command(&user("bob"), &id, command).await })
    });
    let mut done = Vec::new();
    for answer in two {
        done.push(answer.await.unwrap().is_ok());
    }
    done.sort_unstable();
    assert_eq!(done, [false, true]);
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 501);
    town.assert_sound().await;
}

async fn two_at_once_are_done_one_after_the_other(store: Store) {
    let town = Town::with_tally(store).await;
    let pay = |number| {
        let chit = Box::new(town.payment("bob", Side::Foil, chit_id(number), 10));
        let wish = Wish::Write { chit, over_limit: false };
        let (site, tally) = (town.site.clone(), tally_id());
        async move {
            let id = CommandId::new(&format!("at once {number}")).unwrap();
            site.command(&user("bob"), &id, Command::Tally { tally, wish }).await
        }
    };
    let all: Vec<_> = (0..8).map(|number| tokio::spawn(pay(number))).collect();
    for done in all {
        done.await.unwrap().unwrap();
    }
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 80);
    town.assert_sound().await;
}

async fn one_that_is_refused_takes_no_others_with_it(store: Store) {
    let town = Town::with_tally(store).await;
    let pay = |number: u8| {
        // Every fourth is beyond any limit.
        let milli = if number % 4 == 3 { 1_000_000 } else { 10 };
        let chit = Box::new(town.payment("bob", Side::Foil, chit_id(number), milli));
        let wish = Wish::Write { chit, over_limit: false };
        let (site, tally) = (town.site.clone(), tally_id());
        async move {
            let id = CommandId::new(&format!("together {number}")).unwrap();
            site.command(&user("bob"), &id, Command::Tally { tally, wish }).await
        }
    };
    let all: Vec<_> = (0..12).map(|number| (number, tokio::spawn(pay(number)))).collect();
    for (number, done) in all {
        let answer = done.await.unwrap();
        assert_eq!(answer.is_ok(), number % 4 != 3, "{number}: {answer:?}");
    }
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 90);
    town.assert_sound().await;
}

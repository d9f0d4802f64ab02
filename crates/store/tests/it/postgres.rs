//! What is special to a server: settings that forget, a server that goes away, several programs.

use std::collections::BTreeSet;
use std::task::Poll;

use store::testing::{Cluster, run_at};
use store::{Claim, HalfId, SCHEMA, Store, StoreError, StoreKind, Whom};

use crate::opening::{first_schema_is_whole, second_schema_is_whole};
use crate::places::{Home, wait};
use crate::world::{agent, at, letter, two_halves, user};

fn weak(setting: &'static str) -> StoreError {
    StoreError::WeakDurability { setting, found: "off".to_owned(), needed: "on" }
}

#[test]
fn settings_that_forget_are_refused_by_name() {
    wait(async {
        let cluster = Cluster::start().unwrap();
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            cluster.down().unwrap();
            cluster.up(&format!("-c {setting}=off")).unwrap();
            let error = Store::postgres(&cluster.url("postgres")).await.unwrap_err();
            assert_eq!(error, weak(setting));
        }
    });
}

#[test]
fn a_server_that_comes_back_is_used_again_and_has_lost_nothing() {
    wait(async {
        let cluster = Cluster::start().unwrap();
        let url = cluster.database().await.unwrap();
        let store = Store::postgres(&url).await.unwrap();
        two_halves(&store).await;
        let mut open = store.begin().await.unwrap();
        open.add_users(&[user("cleo")]).await.unwrap();
        cluster.down().unwrap();

        let error = open.commit().await.unwrap_err();
        assert!(matches!(error, StoreError::CommitUnknown { .. }), "{error}");
        let error = store.begin().await.unwrap_err();
        assert!(matches!(error, StoreError::Gone { .. }), "{error}");
        let error = store.read().await.unwrap_err();
        assert!(matches!(error, StoreError::Gone { .. }), "{error}");
        let error = Store::postgres(&url).await.unwrap_err();
        assert!(matches!(error, StoreError::Gone { .. }), "{error}");

        cluster.up("").unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.users(None, 9).await.unwrap(), [user("anne"), user("bert")]);
        tx.add_users(&[user("cleo")]).await.unwrap();
        tx.commit().await.unwrap();
    });
}

#[test]
fn a_database_of_others_is_refused() {
    wait(async {
        let url = Cluster::shared().unwrap().database().await.unwrap();
        run_at(&url, "CREATE TABLE users (name text)").await.unwrap();
        let error = Store::postgres(&url).await.unwrap_err();
        assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
    });
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    wait(async {
        let url = Cluster::shared().unwrap().url("nowhere");
        let url = url.replace("tests@", "tests:s3cret@");
        let error = Store::postgres(&url).await.unwrap_err();
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{error}");
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        let odd = Store::postgres("postgres://u:s3cret@host:port/db").await.unwrap_err();
        assert!(!format!("{odd:?}").contains("s3cret"), "{odd:?}");
    });
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        run_at(home.url(), "INSERT INTO schemas (number) VALUES (4000)").await.unwrap();
        let error = Store::postgres(home.url()).await.unwrap_err();
        assert_eq!(error, StoreError::NewerSchema { found: 4000, known: SCHEMA });
    });
}

#[test]
fn a_store_of_the_first_schema_is_brought_to_the_newest() {
    wait(async {
        let url = Cluster::shared().unwrap().database().await.unwrap();
        run_at(&url, include_str!("../fixtures/schema-1.postgres.sql")).await.unwrap();
        let store = Store::postgres(&url).await.unwrap();
        first_schema_is_whole(&store).await;
    });
}

#[test]
fn a_store_of_the_second_schema_is_brought_to_the_newest() {
    wait(async {
        let url = Cluster::shared().unwrap().database().await.unwrap();
        run_at(&url, include_str!("../fixtures/schema-2.postgres.sql")).await.unwrap();
        second_schema_is_whole(&Store::postgres(&url).await.unwrap()).await;
    });
}

/// Whoever asks over a line may go away at any moment.
#[test]
fn whoever_stops_waiting_leaves_no_transaction_behind() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        let [anne, _] = two_halves(&home.store).await;
        for many in 0..400 {
            let mut work = std::pin::pin!(async {
                let mut view = home.store.read().await?;
                view.half(anne.id).await?;
                home.store.begin().await?.lock(&[anne.id]).await
            });
            for _ in 0..many {
                let once =
                    std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_ready()));
                if once.await {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        // Each of the pool's connections is as good as new.
        let mut all = Vec::new();
        for number in 0..8 {
            let mut tx = home.store.begin().await.unwrap();
            tx.set(&format!("setting {number}"), Some("kept")).await.unwrap();
            all.push(tx);
        }
        for tx in all {
            tx.commit().await.unwrap();
        }
        assert_eq!(home.store.read().await.unwrap().settings().await.unwrap().len(), 8);
    });
}

#[test]
fn two_programs_may_make_the_tables_at_once() {
    wait(async {
        let url = Cluster::shared().unwrap().database().await.unwrap();
        let (one, two) = (tokio::spawn(open(url.clone())), tokio::spawn(open(url)));
        two_halves(&one.await.unwrap()).await;
        let mut view = two.await.unwrap().read().await.unwrap();
        assert_eq!(view.totals().await.unwrap().users, 2);
    });

    async fn open(url: String) -> Store {
        Store::postgres(&url).await.unwrap()
    }
}

#[test]
fn a_read_only_database_is_called_so() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        let name = home.url().split(['/', '?']).nth(3).unwrap().to_owned();
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
        run_at(home.url(), &sql).await.unwrap();
        let store = Store::postgres(home.url()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let error = tx.add_users(&[user("anne")]).await.unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    });
}

/// The server would answer such a commit with a rollback, and call that a success.
#[test]
fn a_transaction_in_which_a_question_failed_is_never_committed() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        let mut tx = home.store.begin().await.unwrap();
        tx.set("name", Some("Quernby")).await.unwrap();
        run_at(home.url(), "ALTER TABLE results RENAME TO gone").await.unwrap();
        assert!(tx.results(&["one".to_owned()]).await.is_err());
        assert_eq!(tx.commit().await, Err(StoreError::Broken));
    });
}

#[test]
fn senders_side_by_side_never_take_the_same_letter() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        let letters: Vec<_> = (0..200).map(|n| letter(None, &format!("{n}"), 0)).collect();
        let mut tx = home.store.begin().await.unwrap();
        tx.post(&letters).await.unwrap();
        tx.commit().await.unwrap();
        let senders = (0..4).map(|sender| {
            let store = home.store.clone();
            let owner = format!("sender {sender}");
            let to = Whom::AllBut(vec![agent(200)]);
            let claim = Claim { owner, to, now: at(0), lease: at(100), limit: 7 };
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let mut tx = store.begin().await.unwrap();
                    let letters = tx.claim(&claim).await.unwrap();
                    tx.commit().await.unwrap();
                    if letters.is_empty() {
                        break taken;
                    }
                    taken.extend(letters.iter().map(|letter| letter.id));
                }
            })
        });
        let mut taken = Vec::new();
        for sender in senders.collect::<Vec<_>>() {
            taken.extend(sender.await.unwrap());
        }
        assert_eq!(taken.len(), 200);
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 200);
    });
}

/// Whoever locks against the order may wait in a circle: one is told to try again.
#[test]
fn those_who_wait_for_each_other_are_told_to_try_again() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        let [anne, bert] = two_halves(&home.store).await.map(|half| half.id);
        let mut one = home.store.begin().await.unwrap();
        let mut two = home.store.begin().await.unwrap();
        one.lock(&[anne]).await.unwrap();
        two.lock(&[bert]).await.unwrap();
        let first = tokio::spawn(then_lock(one, bert));
        let second = then_lock(two, anne).await;
        let outcomes = [first.await.unwrap(), second];
        assert!(outcomes.iter().any(|outcome| outcome.as_ref().is_err_and(StoreError::is_again)));
        assert!(outcomes.iter().any(Result::is_ok));
    });

    async fn then_lock(mut tx: store::Tx, half: HalfId) -> Result<(), StoreError> {
        let locked = tx.lock(&[half]).await.map(|_| ());
        tx.rollback().await.unwrap();
        locked
    }
}

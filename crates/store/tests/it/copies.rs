//! Copies of whole stores: from either database into a file, and from a file into a database.

use std::path::Path;

use store::testing::{Cluster, run_at, run_in};
use store::{InvoiceRow, Loaded, Place, SCHEMA, Store, StoreError, StoreKind};

use crate::opening::first_schema_is_whole;
use crate::places::{Home, wait};
use crate::world::{
    agent, at, cuid, hash, letter, lift, link, payment, payment_id, two_halves, user,
};

/// Something in every table, long enough for several pages.
async fn filled(store: &Store) {
    let [anne, bert] = two_halves(store).await;
    let links: Vec<_> = (1..=2_500).map(|index| link(anne.id, index, 1)).collect();
    let users: Vec<_> = (0..1_200).map(|number| user(&format!("u{number}"))).collect();
    let mut tx = store.begin().await.unwrap();
    tx.found(&store::Founded { agent: agent(1), at: at(5) }).await.unwrap();
    tx.add_users(&users).await.unwrap();
    tx.append(&links).await.unwrap();
    tx.post(&[letter(Some(bert.id), "upd", 3), letter(None, "odd ' \" ü\n", 4)]).await.unwrap();
    tx.set("name", Some("Quernby's \u{1F33E}")).await.unwrap();
    tx.put_invoices(&[InvoiceRow {
        half: anne.id,
        chit: crate::world::chit(1),
        text: "{}".to_owned(),
    }])
    .await
    .unwrap();
    tx.put_lift(&lift("one", 5)).await.unwrap();
    tx.add_payments(&[payment(1, "anne", lift("one", 5).id)]).await.unwrap();
    let row = store::HalfRow {
        restored: store::Restored { asks: Some(hash("asked")), unheard: true },
        ..bert.row.clone()
    };
    tx.put_halves(&[store::Half { row, ..bert }]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn seen(store: &Store) -> String {
    let mut view = store.read().await.unwrap();
    let half = view.half_of(&cuid("anne"), &crate::world::tally(1)).await.unwrap().unwrap();
    let all = (
        view.meta().await.unwrap(),
        view.users(None, 5_000).await.unwrap(),
        view.halves(&store::HalfFilter::default(), None, 9).await.unwrap(),
        view.links(half.id, 0, 5_000).await.unwrap(),
        view.letters(None, 9).await.unwrap(),
        view.settings().await.unwrap(),
        view.invoices(half.id).await.unwrap(),
        view.lifts(None, 9).await.unwrap(),
        view.payments(&[payment_id(1)]).await.unwrap(),
        view.words("en").await.unwrap(),
        (view.last_event().await.unwrap(), view.totals().await.unwrap()),
    );
    format!("{all:?}")
}

fn sqlite_in(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.join(name)
}

#[test]
fn a_store_goes_from_one_database_to_the_other_and_back() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::fresh(StoreKind::Sqlite).await;
        filled(&home.store).await;
        let before = seen(&home.store).await;
        let copy = sqlite_in(folder.path(), "copy.db");
        let meta = Place::Sqlite(&home.file()).copy_to(&copy).await.unwrap();
        assert_eq!((meta.schema, meta.epoch), (SCHEMA, 0));
        assert_eq!(seen(&Store::sqlite(&copy).await.unwrap()).await, before);

        let url = Cluster::shared().unwrap().database().await.unwrap();
        assert_eq!(Place::Postgres(&url).meta().await.unwrap(), None);
        assert_eq!(Store::load(&copy, &url, "mark", "one").await.unwrap(), Loaded::Now);
        let there = Store::postgres(&url).await.unwrap();
        let mut tx = there.begin().await.unwrap();
        assert_eq!(tx.setting("mark").await.unwrap().as_deref(), Some("one"));
        tx.set("mark", None).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(seen(&there).await, before);
        assert_eq!(Place::Postgres(&url).meta().await.unwrap().unwrap(), meta);

        let back = sqlite_in(folder.path(), "back.db");
        assert_eq!(Place::Postgres(&url).copy_to(&back).await.unwrap(), meta);
        let again = Store::sqlite(&back).await.unwrap();
        assert_eq!(seen(&again).await, before);
        assert_eq!(again.check().await.unwrap(), [""; 0]);
        let open = sqlite_in(folder.path(), "open.db");
        there.backup_to(&open).await.unwrap();
        assert_eq!(there.backup_to(&open).await, Err(StoreError::Exists(open.clone())));
        assert_eq!(seen(&Store::sqlite(&open).await.unwrap()).await, before);
    });
}

#[test]
fn a_database_that_holds_a_site_is_not_written_over() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::fresh(StoreKind::Sqlite).await;
        filled(&home.store).await;
        let copy = sqlite_in(folder.path(), "copy.db");
        home.store.backup_to(&copy).await.unwrap();
        let url = Cluster::shared().unwrap().database().await.unwrap();
        assert_eq!(Store::load(&copy, &url, "mark", "one").await.unwrap(), Loaded::Now);
        let there = Store::postgres(&url).await.unwrap();
        let before = seen(&there).await;
        // Whoever was stopped before it could say so finds it; others do not.
        assert_eq!(Store::load(&copy, &url, "mark", "one").await.unwrap(), Loaded::Before);
        assert_eq!(Store::load(&copy, &url, "mark", "two").await.unwrap(), Loaded::Taken);
        assert_eq!(seen(&there).await, before);
        // Tables that were made for a site that never was are no site.
        let url = Cluster::shared().unwrap().database().await.unwrap();
        Store::postgres(&url).await.unwrap();
        assert_eq!(Store::load(&copy, &url, "mark", "one").await.unwrap(), Loaded::Now);
        let url = Cluster::shared().unwrap().database().await.unwrap();
        run_at(&url, "CREATE TABLE recipes (name text)").await.unwrap();
        let others = Store::load(&copy, &url, "mark", "one").await.unwrap_err();
        assert!(matches!(others, StoreError::NotOurs { .. }), "{others}");
    });
}

/// A copy is of the moment in which it began, whatever is written meanwhile.
#[test]
fn a_copy_of_a_server_is_of_one_moment() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        filled(&home.store).await;
        let store = home.store.clone();
        let writing = tokio::spawn(async move {
            for number in 0..200_i64 {
                let mut tx = store.begin().await.unwrap();
                tx.set("first", Some(&number.to_string())).await.unwrap();
                tx.set("last", Some(&number.to_string())).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
        let folder = tempfile::tempdir().unwrap();
        for number in 0..3 {
            let copy = sqlite_in(folder.path(), &format!("{number}.db"));
            Place::Postgres(home.url()).copy_to(&copy).await.unwrap();
            let copied = Store::sqlite(&copy).await.unwrap();
            let mut view = copied.read().await.unwrap();
            assert_eq!(view.setting("first").await.unwrap(), view.setting("last").await.unwrap());
        }
        writing.await.unwrap();
    });
}

#[test]
fn an_older_store_is_copied_as_it_is() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let old = sqlite_in(folder.path(), "old.db");
        run_in(&old, include_str!("../fixtures/schema-1.sqlite.sql")).await.unwrap();
        let url = Cluster::shared().unwrap().database().await.unwrap();
        run_at(&url, include_str!("../fixtures/schema-1.postgres.sql")).await.unwrap();
        for (number, place) in [Place::Sqlite(&old), Place::Postgres(&url)].iter().enumerate() {
            let copy = sqlite_in(folder.path(), &format!("{number}.db"));
            for _ in 0..2 {
                assert_eq!(place.meta().await.unwrap().map(|meta| meta.schema), Some(1));
            }
            assert_eq!(place.copy_to(&copy).await.unwrap().schema, 1);
            assert_eq!(Place::Sqlite(&copy).meta().await.unwrap().unwrap().schema, 1);
            first_schema_is_whole(&Store::sqlite(&copy).await.unwrap()).await;
        }
    });
}

#[test]
fn what_is_no_store_or_a_newer_one_is_not_copied() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let (letter, to) = (folder.path().join("letter"), folder.path().join("to.db"));
        std::fs::write(&letter, "Dear Anne, ".repeat(1_000)).unwrap();
        let error = Place::Sqlite(&letter).copy_to(&to).await.unwrap_err();
        assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
        assert_eq!(Place::Sqlite(&folder.path().join("nothing")).meta().await.unwrap(), None);
        let home = Home::fresh(StoreKind::Sqlite).await;
        run_in(&home.file(), "INSERT INTO schemas (number) VALUES (4000)").await.unwrap();
        let error = Place::Sqlite(&home.file()).copy_to(&to).await.unwrap_err();
        assert_eq!(error, StoreError::NewerSchema { found: 4000, known: SCHEMA });
        let home = Home::fresh(StoreKind::Postgres).await;
        run_at(home.url(), "INSERT INTO schemas (number) VALUES (4000)").await.unwrap();
        let error = Place::Postgres(home.url()).copy_to(&to).await.unwrap_err();
        assert_eq!(error, StoreError::NewerSchema { found: 4000, known: SCHEMA });
        let url = Cluster::shared().unwrap().database().await.unwrap();
        let error = Place::Postgres(&url).copy_to(&to).await.unwrap_err();
        assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
        assert!(!to.exists());
    });
}

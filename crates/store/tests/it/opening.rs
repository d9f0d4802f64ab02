//! Opening a SQLite file: ours is made, upgraded and copied; others' are left alone.

use std::path::Path;

use store::testing::run_in;
use store::{Negotiation, SCHEMA, Store, StoreError, StoreKind};

use crate::places::{Home, wait};
use crate::world::{case, cuid, hash, link, payment, payment_id, tally, two_halves, user};

async fn refused(file: &Path) -> StoreError {
    Store::sqlite(file).await.unwrap_err()
}

#[test]
fn a_file_of_others_is_refused_and_left_as_it_is() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let letter = folder.path().join("letter.txt");
        std::fs::write(&letter, "Dear Anne, ".repeat(1000)).unwrap();
        let other = folder.path().join("other.db");
        run_in(&other, "CREATE TABLE users (name TEXT)").await.unwrap();
        let marked = folder.path().join("marked.db");
        run_in(&marked, "PRAGMA application_id = 7").await.unwrap();
        for file in [letter, other, marked] {
            let before = std::fs::read(&file).unwrap();
            let error = refused(&file).await;
            assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
            assert!(error.to_string().contains(&file.display().to_string()), "{error}");
            assert_eq!(std::fs::read(&file).unwrap(), before);
        }
    });
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        home.store.close().await;
        run_in(&home.file(), "INSERT INTO schemas (number) VALUES (4000)").await.unwrap();
        let error = refused(&home.file()).await;
        assert_eq!(error, StoreError::NewerSchema { found: 4000, known: SCHEMA });
        let text = error.to_string();
        assert!(text.contains("4000") && text.contains(&format!("knows schema {SCHEMA}")));
    });
}

/// Written by the first version: every later one opens it, and finds all that was in it.
#[test]
fn a_store_of_the_first_schema_is_brought_to_the_newest() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        run_in(&file, include_str!("../fixtures/schema-1.sqlite.sql")).await.unwrap();
        let store = Store::sqlite(&file).await.unwrap();
        first_schema_is_whole(&store).await;
    });
}

#[test]
fn a_store_of_the_second_schema_is_brought_to_the_newest() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        run_in(&file, include_str!("../fixtures/schema-2.sqlite.sql")).await.unwrap();
        second_schema_is_whole(&Store::sqlite(&file).await.unwrap()).await;
    });
}

/// Numbers are given when work begins, which may end in another order.
#[test]
fn a_schema_that_was_left_out_is_made_up_for() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        home.store.close().await;
        let before =
            "DROP VIEW payments_v; DROP TABLE payments; DELETE FROM schemas WHERE number = 3;";
        run_in(&home.file(), before).await.unwrap();
        let store = Store::sqlite(&home.file()).await.unwrap();
        let mut view = store.read().await.unwrap();
        assert_eq!(view.payments(&[payment_id(1)]).await.unwrap(), []);
        assert_eq!(view.meta().await.unwrap().schema, SCHEMA);
    });
}

/// What the fixtures of the second schema hold: as those of the first, and an invoice. What came
/// later can be kept in it.
pub(crate) async fn second_schema_is_whole(store: &Store) {
    first_schema_is_whole(store).await;
    let mut tx = store.begin().await.unwrap();
    let half = tx.half_of(&cuid("anne"), &tally(1)).await.unwrap().unwrap();
    assert_eq!((half.invoices, tx.invoices(half.id).await.unwrap().len()), (1, 1));
    let lift = tx.lifts(None, 9).await.unwrap().remove(0);
    tx.add_payments(&[payment(1, "anne", lift.id)]).await.unwrap();
    tx.add_case(&case("one", 1, 5)).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = store.read().await.unwrap();
    assert_eq!(view.payments(&[payment_id(1)]).await.unwrap(), [payment(1, "anne", lift.id)]);
    assert_eq!(view.case(&case("one", 1, 5).lift).await.unwrap(), Some(case("one", 1, 5)));
    let words = view.words("es").await.unwrap();
    for new in ["payments_v", "cases_v", "proofs_v"] {
        assert!(words.iter().any(|word| word.view == new), "{words:?}");
    }
}

/// What the fixtures of the first schema hold.
pub(crate) async fn first_schema_is_whole(store: &Store) {
    let mut view = store.read().await.unwrap();
    assert_eq!(view.meta().await.unwrap().schema, SCHEMA);
    assert_eq!(view.users(None, 9).await.unwrap(), [user("anne"), user("bert")]);
    let half = view.half_of(&cuid("anne"), &tally(1)).await.unwrap().unwrap();
    assert_eq!(half.row.status, "open");
    let negotiated = view.negotiations(&[half.id]).await.unwrap();
    assert_eq!(negotiated, [Negotiation { half: half.id, text: "{\"of\":\"anne\"}".to_owned() }]);
    assert_eq!(view.links(half.id, 0, 9).await.unwrap(), [link(half.id, 1, 5)]);
    assert_eq!(view.letters(None, 9).await.unwrap().len(), 1);
    assert_eq!(view.last_event().await.unwrap(), 1);
    assert_eq!(view.results(&["one".to_owned()]).await.unwrap().len(), 1);
    assert_eq!(view.setting("name").await.unwrap().as_deref(), Some("Quernby"));
    assert!(view.contract(&hash("contract").into()).await.unwrap().is_some());
    assert!(view.invite(&hash("token")).await.unwrap().is_some());
    let lift = view.lifts(None, 9).await.unwrap().remove(0);
    assert_eq!(view.legs(&lift.id).await.unwrap().len(), 1);
}

#[test]
fn a_copy_holds_the_last_commit_and_nothing_later() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        two_halves(&home.store).await;
        let copy = home.file().with_file_name("copy.db");
        let mut tx = home.store.begin().await.unwrap();
        tx.add_users(&[user("cleo")]).await.unwrap();
        home.store.backup_to(&copy).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(home.store.backup_to(&copy).await, Err(StoreError::Exists(copy.clone())));

        let copied = Store::sqlite(&copy).await.unwrap();
        let mut view = copied.read().await.unwrap();
        assert_eq!(view.users(None, 9).await.unwrap(), [user("anne"), user("bert")]);
        assert_eq!(view.totals().await.unwrap().halves["open"], 2);
        let error = home.store.backup_to(Path::new("/nowhere/copy.db")).await.unwrap_err();
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{error}");
    });
}

#[test]
fn only_a_file_is_copied_into_a_file() {
    wait(async {
        for kind in [StoreKind::Memory] {
            let home = Home::fresh(kind).await;
            let error = home.store.backup_to(&home.file()).await.unwrap_err();
            assert!(matches!(error, StoreError::Unsupported { .. }), "{error}");
        }
    });
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    wait(async {
        let error = refused(Path::new("/nowhere/store.db")).await;
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{error}");
        assert!(error.to_string().contains("/nowhere/store.db"), "{error}");
    });
}

#[test]
fn a_damaged_file_is_found_out() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        let halves = two_halves(&home.store).await;
        let links: Vec<_> = (1..=500).map(|index| link(halves[0].id, index, 1)).collect();
        let mut tx = home.store.begin().await.unwrap();
        tx.append(&links).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(home.store.check().await.unwrap(), [""; 0]);
        home.store.close().await;

        let mut bytes = std::fs::read(home.file()).unwrap();
        let end = bytes.len() - 8192;
        bytes[40_000..end].fill(0x5a);
        std::fs::write(home.file(), bytes).unwrap();
        // Whatever is asked first: damage is called damage.
        match Store::sqlite(&home.file()).await {
            Err(error) => assert!(matches!(error, StoreError::Corrupt { .. }), "{error}"),
            Ok(store) => {
                assert!(!store.check().await.unwrap().is_empty());
                let mut view = store.read().await.unwrap();
                let error = view.links(halves[0].id, 0, 1000).await.unwrap_err();
                assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
            }
        }
    });
}

#[test]
fn a_row_that_other_hands_spoiled_is_named() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        two_halves(&home.store).await;
        run_in(&home.file(), "UPDATE halves SET tally = 'x'").await.unwrap();
        let mut view = home.store.read().await.unwrap();
        let error = view.half(store::HalfId::new(1)).await.unwrap_err().to_string();
        assert!(error.starts_with("a half of a tally in the store cannot be read: column 4:"));
    });
}

#[test]
fn a_closed_store_says_so() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        home.store.close().await;
        let error = home.store.begin().await.unwrap_err();
        assert!(matches!(error, StoreError::Gone { .. }), "{error}");
    });
}

//! The views for people and their programs, read by plain SQL, and the words for their columns.

use std::collections::BTreeSet;

use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use store::StoreKind;

use crate::places::{Home, wait};
use crate::world::{lift, link, two_halves};

const ROWS: [&str; 3] = [
    "SELECT holder || ' ' || side || ' ' || status || ' ' || changed FROM tallies_v ORDER BY half",
    "SELECT holder || ' ' || link || ' ' || effect_milli || ' ' || date || ' ' || hash FROM chits_v",
    "SELECT lift || ' ' || status || ' ' || date FROM lifts_v",
];

/// What plain SQL gives, as texts.
macro_rules! ask {
    ($connection:expr, $sql:expr) => {{
        let rows = sqlx::query($sql).fetch_all(&mut $connection).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>()
    }};
}

async fn fill(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&[link(anne.id, 1, 5)]).await.unwrap();
    tx.put_lift(&lift("one", 1)).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn show_the_same_from_both_databases() {
    wait(async {
        let sqlite = Home::fresh(StoreKind::Sqlite).await;
        let postgres = Home::fresh(StoreKind::Postgres).await;
        fill(&sqlite).await;
        fill(&postgres).await;
        let file = format!("sqlite://{}", sqlite.file().display());
        let mut file = SqliteConnection::connect(&file).await.unwrap();
        let mut server = PgConnection::connect(postgres.url()).await.unwrap();
        let mut seen = Vec::new();
        for sql in ROWS {
            let (here, there) = (ask!(file, sql), ask!(server, sql));
            assert_eq!(here, there);
            seen.extend(here);
        }
        let link = link(store::HalfId::new(1), 1, 5);
        let lift = lift("one", 1);
        let expected = [
            "anne stock open 2026-11-18T11:06:40.001Z".to_owned(),
            "bert foil open 2026-11-18T11:06:40.001Z".to_owned(),
            format!("anne 1 5 {} {}", link.date, link.chit),
            format!("{} open {}", lift.id, lift.date),
        ];
        assert_eq!(seen, expected);
    });
}

#[test]
fn have_a_word_for_every_column() {
    wait(async {
        let sqlite = Home::fresh(StoreKind::Sqlite).await;
        let postgres = Home::fresh(StoreKind::Postgres).await;
        let words = sqlite.store.read().await.unwrap().words("en").await.unwrap();
        let words = words.iter().filter(|word| !word.column.is_empty() && word.value.is_empty());
        let words: BTreeSet<_> =
            words.map(|word| format!("{}.{}", word.view, word.column)).collect();
        let file = format!("sqlite://{}", sqlite.file().display());
        let mut file = SqliteConnection::connect(&file).await.unwrap();
        let mut server = PgConnection::connect(postgres.url()).await.unwrap();
        let here = ask!(
            file,
            "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'view'"
        );
        let there = ask!(
            server,
            "SELECT table_name || '.' || column_name FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name LIKE '%_v'"
        );
        assert_eq!(here.into_iter().collect::<BTreeSet<_>>(), words);
        assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), words);
    });
}

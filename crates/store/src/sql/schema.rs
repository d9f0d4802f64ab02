//! The numbered schemas: a fresh store is made at the newest, an older one is brought there.

use std::collections::BTreeSet;

use super::conn::{Conn, Hand};
use super::fault::About;
use super::value::Row;
use crate::{Kind, StoreError, Word};

/// The texts of the schemas, by number. Never change one that was released: add the next.
pub(super) const SCHEMAS: [(u64, &str); 7] = [
    (1, include_str!("../schema/001.sql")),
    (2, include_str!("../schema/002.sql")),
    (3, include_str!("../schema/003.sql")),
    (5, include_str!("../schema/005.sql")),
    (6, include_str!("../schema/006.sql")),
    (7, include_str!("../schema/007.sql")),
    (8, include_str!("../schema/008.sql")),
];

/// The number of the newest schema, the one that this program works with.
pub const SCHEMA: u64 = SCHEMAS[SCHEMAS.len() - 1].0;

/// The dictionary that every store begins with.
const WORDS: [(&str, &str); 2] =
    [("en", include_str!("../dictionary/en.tsv")), ("es", include_str!("../dictionary/es.tsv"))];

/// The words that every store begins with; lines that begin with `#` are for who writes them.
pub(crate) fn words() -> Vec<Word> {
    let mut words = Vec::new();
    for (language, text) in WORDS {
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let mut cells = line.split('\t').map(str::to_owned);
            let mut next = || cells.next().unwrap_or_default();
            let (view, column, value, title, help) = (next(), next(), next(), next(), next());
            let language = language.to_owned();
            words.push(Word { language, view, column, value, title, help });
        }
    }
    words
}

/// A schema, as PostgreSQL reads it. The letter case tells types from what looks like them: texts
/// are ordered by their bytes, as everywhere else, whatever the database's language.
fn in_postgres(text: &str) -> String {
    let text = text.replace(") STRICT;", ");").replace("INTEGER", "BIGINT");
    let text = text.replace("TEXT", "TEXT COLLATE \"C\"");
    dates(&text, |column| {
        let utc = format!("to_timestamp({column} / 1000.0) AT TIME ZONE 'UTC'");
        format!("to_char({utc}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
    })
}

fn in_sqlite(text: &str) -> String {
    dates(text, |column| format!("strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000.0, 'unixepoch')"))
}

/// Replaces each `UTC(column)` by what gives the date as text.
fn dates(text: &str, date: impl Fn(&str) -> String) -> String {
    let mut parts = text.split("UTC(");
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (column, rest) = part.split_once(')').unwrap_or((part, ""));
        done.push_str(&date(column));
        done.push_str(rest);
    }
    done
}

/// What every schema stands on: a table of their numbers.
pub(super) const BEGIN: &str = "CREATE TABLE schemas (number BIGINT PRIMARY KEY)";

type Result<T> = std::result::Result<T, StoreError>;

impl Hand {
    /// Runs several statements of our own.
    pub(super) async fn script(&mut self, sql: String) -> Result<()> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        let done = match &mut self.conn {
            Conn::Sqlite(tx) => script.execute(&mut **tx).await.map(|_| ()),
            Conn::Postgres(tx) => script.execute(&mut **tx).await.map(|_| ()),
        };
        self.said(done, &About::all(Kind::Setting))
    }

    /// The tables that are there.
    pub(super) async fn tables(&mut self) -> Result<Vec<String>> {
        let sql = match self.conn {
            Conn::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            Conn::Postgres(_) => {
                "SELECT CAST(relname AS TEXT) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm') \
                 AND relnamespace = current_schema()::regnamespace"
            }
        };
        let rows = self.rows(sql.to_owned(), vec![], Kind::Setting).await?;
        rows.iter().map(|row| row.cells(Kind::Setting).text()).collect()
    }

    /// Makes tables of the schemas up to one, of those that are not among `there`.
    pub(super) async fn make(&mut self, there: &BTreeSet<u64>, to: u64) -> Result<()> {
        let missing = |number: &u64| *number <= to && !there.contains(number);
        for (number, text) in SCHEMAS.iter().filter(|(number, _)| missing(number)) {
            let text = match self.conn {
                Conn::Sqlite(_) => in_sqlite(text),
                Conn::Postgres(_) => in_postgres(text),
            };
            self.script(text).await?;
            self.script(format!("INSERT INTO schemas (number) VALUES ({number})")).await?;
        }
        Ok(())
    }

    /// Refuses what is not ours or newer than we know; makes or upgrades the rest.
    /// `place` is for messages. Says whether it changed anything.
    pub(super) async fn upgrade(&mut self, place: &str) -> Result<bool> {
        let tables = self.tables().await?;
        let has = |table: &str| tables.iter().any(|name| name == table);
        // Schemas are numbered when they are begun, and may be finished in another order.
        let there: BTreeSet<u64> = if has("schemas") && has("site") {
            let sql = "SELECT number FROM schemas".to_owned();
            let rows = self.rows(sql, vec![], Kind::Setting).await?;
            let number = |row: &Row| row.cells(Kind::Setting).count();
            rows.iter().map(number).collect::<Result<_>>()?
        } else if let Some(table) = tables.first() {
            let why = format!("it has other tables, like {table:?}");
            return Err(StoreError::NotOurs { place: place.to_owned(), why });
        } else {
            self.script(BEGIN.to_owned()).await?;
            BTreeSet::new()
        };
        if let Some(&found) = there.last().filter(|found| **found > SCHEMA) {
            return Err(StoreError::NewerSchema { found, known: SCHEMA });
        }
        self.make(&there, SCHEMA).await?;
        let changed = SCHEMAS.iter().any(|(number, _)| !there.contains(number));
        if changed {
            // Words that an administrator changed stay as they are.
            let rest = "ON CONFLICT (language, view, col, value) DO NOTHING";
            self.put(&words(), rest).await?;
        }
        Ok(changed)
    }
}

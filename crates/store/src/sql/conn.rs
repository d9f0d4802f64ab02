//! `Hand`: a transaction on one connection of either database, and how a statement is run on it.

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Postgres, Sqlite, Transaction};

use super::fault::{About, fault};
use super::value::{Row, Value};
use crate::{Kind, StoreError};

/// A transaction of either database. Dropped, it rolls back.
#[derive(Debug)]
pub(crate) struct Hand {
    pub(super) conn: Conn,
    /// A statement failed. PostgreSQL would answer a commit now with a rollback, and no error.
    failed: bool,
}

/// What a transaction runs on.
pub(super) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "SQLite transaction",
            Self::Postgres(_) => "PostgreSQL transaction",
        })
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// The values of a statement, as SQLite wants them.
fn for_sqlite(values: Vec<Value>, about: &About) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Ints(_) | Value::Texts(_) => Err("SQLite has no arrays".into()),
        };
        added.map_err(|error| fault(&sqlx::Error::Encode(error), about))?;
    }
    Ok(arguments)
}

/// The same, as PostgreSQL wants them.
fn for_postgres(values: Vec<Value>, about: &About) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Ints(numbers) => arguments.add(numbers),
            Value::Texts(texts) => arguments.add(texts),
        };
        added.map_err(|error| fault(&sqlx::Error::Encode(error), about))?;
    }
    Ok(arguments)
}

impl Hand {
    pub(super) const fn new(conn: Conn) -> Self {
        Self { conn, failed: false }
    }

    /// What the database said to a statement.
    pub(super) fn said<T>(
        &mut self,
        done: std::result::Result<T, sqlx::Error>,
        about: &About,
    ) -> Result<T> {
        self.failed |= done.is_err();
        done.map_err(|error| fault(&error, about))
    }

    /// Runs a statement; says how many rows it changed.
    ///
    /// The text is ours; what comes from outside is always in the values.
    pub(super) async fn run(
        &mut self,
        sql: String,
        values: Vec<Value>,
        about: &About,
    ) -> Result<u64> {
        let sql = AssertSqlSafe(sql);
        let done = match &mut self.conn {
            Conn::Sqlite(tx) => {
                let query = sqlx::query_with(sql, for_sqlite(values, about)?);
                query.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            Conn::Postgres(tx) => {
                let query = sqlx::query_with(sql, for_postgres(values, about)?);
                query.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        };
        self.said(done, about)
    }

    /// Runs a statement that answers with rows.
    pub(super) async fn rows(
        &mut self,
        sql: String,
        values: Vec<Value>,
        kind: Kind,
    ) -> Result<Vec<Row>> {
        let about = About::all(kind);
        let sql = AssertSqlSafe(sql);
        let done = match &mut self.conn {
            Conn::Sqlite(tx) => {
                let query = sqlx::query_with(sql, for_sqlite(values, &about)?);
                let rows = query.fetch_all(&mut **tx).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Conn::Postgres(tx) => {
                let query = sqlx::query_with(sql, for_postgres(values, &about)?);
                let rows = query.fetch_all(&mut **tx).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        self.said(done, &about)
    }

    /// What only PostgreSQL needs to hear: SQLite has one writer.
    pub(super) const fn on_postgres(&self, words: &'static str) -> &'static str {
        match &self.conn {
            Conn::Sqlite(_) => "",
            Conn::Postgres(_) => words,
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        if self.failed {
            return Err(StoreError::Broken);
        }
        let about = About::all(Kind::Setting);
        match self.conn {
            Conn::Sqlite(tx) => tx.commit().await.map_err(|error| fault(&error, &about)),
            Conn::Postgres(tx) => tx.commit().await.map_err(|error| match fault(&error, &about) {
                StoreError::Gone { why } => StoreError::CommitUnknown { why },
                other => other,
            }),
        }
    }

    pub(crate) async fn rollback(self) -> Result<()> {
        match self.conn {
            Conn::Sqlite(tx) => tx.rollback().await,
            Conn::Postgres(tx) => tx.rollback().await,
        }
        .map_err(|error| fault(&error, &About::all(Kind::Setting)))
    }
}

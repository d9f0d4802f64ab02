//! SQLite: one writing connection, a few reading ones; a file that is checked to be ours and safe.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::conn::{Conn, Hand};
use super::fault::{About, fault};
use crate::{Kind, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// Marks a file as ours, in its header: "MCHP".
pub(super) const APPLICATION: i64 = 0x4d43_4850;
/// Readers side by side; more would only compete for the disk.
const READERS: u32 = 4;
/// Until we say that another program holds the file.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
}

fn failed(error: &sqlx::Error) -> StoreError {
    fault(error, &About::all(Kind::Setting))
}

async fn ask<T>(connection: &mut SqliteConnection, sql: &'static str) -> Result<T>
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    let answer = sqlx::query_scalar(sql).fetch_one(connection).await;
    answer.map_err(|error| failed(&error))
}

/// Looks at a file that exists before anything can change it.
pub(super) async fn refuse_others(plain: &SqliteConnectOptions, path: &Path) -> Result<()> {
    if !std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    let place = path.display().to_string();
    let not_ours = |why: String| StoreError::NotOurs { place: place.clone(), why };
    let mut connection = plain.connect().await.map_err(|error| match failed(&error) {
        StoreError::CannotOpen { why, .. } => StoreError::CannotOpen { place: place.clone(), why },
        StoreError::Corrupt { why } => not_ours(why),
        other => other,
    })?;
    let application = ask::<i64>(&mut connection, "PRAGMA application_id").await;
    let tables = ask::<i64>(&mut connection, "SELECT COUNT(*) FROM sqlite_master").await;
    let closed = connection.close().await;
    match (application, tables) {
        // A file that we began, and were stopped before the first commit.
        (Ok(0), Ok(0)) | (Ok(APPLICATION), Ok(_)) => closed.map_err(|error| failed(&error)),
        (Ok(APPLICATION), Err(error)) => Err(error),
        (Ok(other), Ok(_)) => Err(not_ours(format!("its application id is {other:#x}"))),
        (Err(StoreError::Corrupt { why }), _) | (Ok(_), Err(StoreError::Corrupt { why })) => {
            Err(not_ours(why))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

impl File {
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let cannot = |error: &sqlx::Error| match failed(error) {
            StoreError::CannotOpen { why, .. } => {
                StoreError::CannotOpen { place: place.clone(), why }
            }
            other => other,
        };
        let plain = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
        let plain = plain.disable_statement_logging();
        refuse_others(&plain, path).await?;

        let options = plain
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(500)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory")
            // 128 MiB: pages that change again and again are copied to the file once for many commits.
            .pragma("wal_autocheckpoint", "32768")
            .pragma("journal_size_limit", "134217728");
        let pool = |max| {
            let pool = SqlitePoolOptions::new().max_connections(max).min_connections(1);
            let pool = pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None);
            // SQLite ends a transaction by itself where the disk is full; the driver believes it
            // goes on, and would never begin another on that connection.
            pool.before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
        };
        let writer = pool(1).connect_with(options.clone()).await;
        let writer = writer.map_err(|error| cannot(&error))?;
        let prepared = Self::prepare(&writer, &place).await;
        if let Err(error) = prepared {
            writer.close().await;
            return Err(error);
        }
        let readers = pool(READERS).connect_with(options.pragma("query_only", "on")).await;
        let readers = readers.map_err(|error| cannot(&error))?;
        Ok(Self { path: path.to_owned(), writer, readers })
    }

    /// Sees that what is kept stays kept, then makes or upgrades the tables.
    async fn prepare(writer: &SqlitePool, place: &str) -> Result<()> {
        let mut connection = writer.acquire().await.map_err(|error| failed(&error))?;
        let journal: String = ask(&mut connection, "PRAGMA journal_mode").await?;
        if journal != "wal" {
            let setting = "journal_mode";
            return Err(StoreError::WeakDurability { setting, found: journal, needed: "wal" });
        }
        let synchronous: i64 = ask(&mut connection, "PRAGMA synchronous").await?;
        if synchronous < 2 {
            let (setting, found) = ("synchronous", synchronous.to_string());
            return Err(StoreError::WeakDurability { setting, found, needed: "2 (FULL)" });
        }
        drop(connection);
        let begun = writer.begin_with("BEGIN IMMEDIATE").await;
        let mut hand = Hand::new(Conn::Sqlite(begun.map_err(|error| failed(&error))?));
        if hand.upgrade(place).await? {
            hand.script(format!("PRAGMA application_id = {APPLICATION}")).await?;
            return hand.commit().await;
        }
        hand.rollback().await
    }

    /// The connection may have been used without: each time it is said anew.
    pub(crate) async fn begin(&self) -> Result<Hand> {
        self.start("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await
    }

    /// In a write-ahead log that is not synced, what was committed stays in order, and lasts with the next that is: see
    /// [`crate::Marks`].
    pub(crate) async fn begin_unsynced(&self) -> Result<Hand> {
        self.start("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await
    }

    async fn start(&self, words: &'static str) -> Result<Hand> {
        let begun = self.writer.begin_with(words).await;
        begun.map(|tx| Hand::new(Conn::Sqlite(tx))).map_err(|error| failed(&error))
    }

    pub(crate) async fn read(&self) -> Result<Hand> {
        let begun = self.readers.begin_with("BEGIN DEFERRED").await;
        begun.map(|tx| Hand::new(Conn::Sqlite(tx))).map_err(|error| failed(&error))
    }

    /// What the database's own check finds.
    pub(crate) async fn check(&self) -> Result<Vec<String>> {
        let mut connection = self.readers.acquire().await.map_err(|error| failed(&error))?;
        let found = sqlx::query_scalar("PRAGMA quick_check(100)").fetch_all(&mut *connection);
        let mut found: Vec<String> = match found.await.map_err(|error| failed(&error)) {
            Err(StoreError::Corrupt { why }) => vec![why],
            other => other?,
        };
        found.retain(|line| line != "ok");
        if found.is_empty() {
            let sql = "SELECT 'a row of ' || \"table\" || ' refers to one in ' || parent || \
                       ' that is not there' FROM pragma_foreign_key_check LIMIT 100";
            let more = sqlx::query_scalar(sql).fetch_all(&mut *connection).await;
            found.extend(more.map_err(|error| failed(&error))?);
        }
        Ok(found)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(work: impl Future<Output = Result<()>>) {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.enable_all().build().unwrap().block_on(work).unwrap();
    }

    async fn keys(file: &File) -> Result<usize> {
        Ok(file.read().await?.settings().await?.len())
    }

    /// The database is told that there is no more room, as by a disk that is full.
    #[test]
    fn a_full_disk_is_called_so_and_what_was_kept_stays() {
        wait(async {
            let folder = tempfile::tempdir().unwrap();
            let file = File::open(&folder.path().join("store.db")).await?;
            let mut hand = file.begin().await?;
            hand.set("one", Some("1")).await?;
            hand.commit().await?;

            let mut hand = file.begin().await?;
            hand.script("PRAGMA max_page_count = 1".to_owned()).await?;
            hand.set("two", Some("2")).await?;
            let error = hand.set("three", Some(&"3".repeat(100_000))).await.unwrap_err();
            assert_eq!(error, StoreError::DiskFull);
            drop(hand);
            assert_eq!(keys(&file).await?, 1);

            let mut hand = file.begin().await?;
            hand.script("PRAGMA max_page_count = 1000000".to_owned()).await?;
            hand.set("three", Some(&"3".repeat(100_000))).await?;
            hand.commit().await?;
            assert_eq!(keys(&file).await?, 2);
            Ok(())
        });
    }

    #[test]
    fn a_reader_cannot_write_and_is_told_so() {
        wait(async {
            let folder = tempfile::tempdir().unwrap();
            let file = File::open(&folder.path().join("store.db")).await?;
            let mut hand = file.read().await?;
            let error = hand.set("one", Some("1")).await.unwrap_err();
            assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
            Ok(())
        });
    }

    /// 1 is NORMAL, 2 is FULL.
    async fn synchronous(hand: &mut Hand) -> Result<i64> {
        let sql = "SELECT synchronous FROM pragma_synchronous".to_owned();
        let rows = hand.rows(sql, Vec::new(), Kind::Setting).await?;
        Ok(rows[0].cells(Kind::Setting).opt_int()?.unwrap())
    }

    #[test]
    fn only_what_asks_for_it_does_not_wait_for_the_disk() {
        wait(async {
            let folder = tempfile::tempdir().unwrap();
            let file = File::open(&folder.path().join("store.db")).await?;
            for _ in 0..2 {
                let mut hand = file.begin_unsynced().await?;
                assert_eq!(synchronous(&mut hand).await?, 1);
                hand.set("one", Some("1")).await?;
                hand.commit().await?;
                let mut hand = file.begin().await?;
                assert_eq!(synchronous(&mut hand).await?, 2);
                hand.rollback().await?;
                // One that is given up leaves nothing behind either.
                drop(file.begin_unsynced().await?);
                let mut hand = file.begin().await?;
                assert_eq!(synchronous(&mut hand).await?, 2);
                hand.set("two", Some("2")).await?;
                hand.commit().await?;
            }
            Ok(())
        });
    }

    #[test]
    fn what_was_opened_keeps_what_it_says_it_keeps() {
        wait(async {
            let folder = tempfile::tempdir().unwrap();
            let file = File::open(&folder.path().join("store.db")).await?;
            for pool in [&file.writer, &file.readers] {
                let mut connection = pool.acquire().await.unwrap();
                assert_eq!(ask::<String>(&mut connection, "PRAGMA journal_mode").await?, "wal");
                assert_eq!(ask::<i64>(&mut connection, "PRAGMA synchronous").await?, 2);
                assert_eq!(ask::<i64>(&mut connection, "PRAGMA foreign_keys").await?, 1);
                assert_eq!(
                    ask::<i64>(&mut connection, "PRAGMA application_id").await?,
                    APPLICATION
                );
            }
            Ok(())
        });
    }
}

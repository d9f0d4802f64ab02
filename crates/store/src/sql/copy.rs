//! Copies of a whole store: out of either database into a file of SQLite, and out of such a file into
//! PostgreSQL. What is copied is what the tables are, so a new table or column needs no word here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{ConnectOptions, SqlitePool};

use super::conn::{Conn, Hand};
use super::fault::{About, fault};
use super::postgres::Server;
use super::schema::{BEGIN, SCHEMA};
use super::sqlite::{APPLICATION, BUSY, refuse_others};
use super::table::{arrays, pieces};
use super::value::{Row, Value};
use crate::{Kind, Meta, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// How many rows are read at once.
const AT_ONCE: usize = 1_000;
/// The table of the schemas' numbers: whoever makes the tables fills it.
const SCHEMAS: &str = "schemas";

/// What became of a store that was to be put into a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// It is there now.
    Now,
    /// It was put there before, under the same name, and not taken into use.
    Before,
    /// The database holds a site; nothing was changed.
    Taken,
}

/// A table and its columns, in order; whether each holds numbers.
struct Table {
    name: String,
    columns: Vec<(String, bool)>,
}

fn failed(error: &sqlx::Error) -> StoreError {
    fault(error, &About::all(Kind::Setting))
}

/// One connection to a file, as it is: nothing is made or upgraded.
async fn plain(options: SqliteConnectOptions) -> Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    pool.connect_with(options).await.map_err(|error| failed(&error))
}

async fn begin(pool: &SqlitePool) -> Result<Hand> {
    let begun = pool.begin_with("BEGIN").await;
    begun.map(|tx| Hand::new(Conn::Sqlite(tx))).map_err(|error| failed(&error))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).disable_statement_logging()
}

/// What a file says about itself; it is not upgraded.
pub(crate) async fn meta_of(path: &Path) -> Result<Meta> {
    refuse_others(&options(path), path).await?;
    let pool = plain(options(path).read_only(true)).await?;
    let meta = async {
        let mut hand = begin(&pool).await?;
        let meta = if hand.has_tables().await? { hand.meta().await.map(Some) } else { Ok(None) };
        hand.rollback().await?;
        meta
    }
    .await;
    pool.close().await;
    known(meta?.ok_or_else(|| empty(path.display().to_string()))?)
}

fn empty(place: String) -> StoreError {
    StoreError::NotOurs { place, why: "it is empty".to_owned() }
}

fn known(meta: Meta) -> Result<Meta> {
    if meta.schema > SCHEMA {
        return Err(StoreError::NewerSchema { found: meta.schema, known: SCHEMA });
    }
    Ok(meta)
}

/// Copies a file into a new one, while others read and write.
pub(crate) async fn of_file(from: &Path, to: &Path) -> Result<Meta> {
    is_new(to)?;
    meta_of(from).await?;
    let cannot = |why: String| StoreError::CannotOpen { place: to.display().to_string(), why };
    let target = to.to_str().ok_or_else(|| cannot("its name is not UTF-8".to_owned()))?;
    let pool = plain(options(from)).await?;
    let done = sqlx::query("VACUUM INTO $1").bind(target).execute(&pool).await;
    pool.close().await;
    done.map_err(|error| match failed(&error) {
        StoreError::CannotOpen { why, .. } => cannot(why),
        other => other,
    })?;
    sync(to).await?;
    meta_of(to).await
}

/// Copies a database, as it is at one moment, into a new file.
pub(crate) async fn of_server(server: &Server, place: &str, to: &Path) -> Result<Meta> {
    is_new(to)?;
    let mut from = server.read().await?;
    if !from.has_tables().await? {
        return Err(empty(place.to_owned()));
    }
    let meta = known(from.meta().await?)?;
    let options = options(to).create_if_missing(true).foreign_keys(false);
    let pool =
        plain(options.journal_mode(SqliteJournalMode::Delete)).await.map_err(
            |error| match error {
                StoreError::CannotOpen { why, .. } => {
                    StoreError::CannotOpen { place: to.display().to_string(), why }
                }
                other => other,
            },
        )?;
    let copied = async {
        let mut into = begin(&pool).await?;
        into.script(BEGIN.to_owned()).await?;
        into.make(&BTreeSet::new(), meta.schema).await?;
        copy(&mut from, &mut into).await?;
        into.script(format!("PRAGMA application_id = {APPLICATION}")).await?;
        into.commit().await
    }
    .await;
    pool.close().await;
    from.rollback().await?;
    copied?;
    sync(to).await?;
    Ok(meta)
}

/// Puts a file of the newest schema into a database, in one transaction. `name` is remembered in
/// it under the setting `key`.
pub(crate) async fn load(from: &Path, url: &str, key: &str, name: &str) -> Result<Loaded> {
    if let Some(found) = held(url, key).await? {
        return Ok(if found.as_deref() == Some(name) { Loaded::Before } else { Loaded::Taken });
    }
    let server = Server::open(url).await?;
    let pool = plain(options(from).read_only(true)).await?;
    let loaded = async {
        let mut from = begin(&pool).await?;
        let mut into = server.begin().await?;
        if into.meta().await?.founded.is_some() {
            return Ok(Loaded::Taken);
        }
        copy(&mut from, &mut into).await?;
        into.set(key, Some(name)).await?;
        into.commit().await?;
        from.rollback().await?;
        Ok(Loaded::Now)
    }
    .await;
    pool.close().await;
    server.close().await;
    loaded
}

/// What a database says about itself; none where there is nothing of ours.
pub(crate) async fn meta_at(server: &Server) -> Result<Option<Meta>> {
    let mut hand = server.read().await?;
    let meta = if hand.has_tables().await? { Some(known(hand.meta().await?)?) } else { None };
    hand.rollback().await?;
    Ok(meta)
}

/// A setting of the site that a database holds; none where it holds no site.
async fn held(url: &str, key: &str) -> Result<Option<Option<String>>> {
    let (server, _) = Server::connect(url).await?;
    let found = async {
        if meta_at(&server).await?.is_none_or(|meta| meta.founded.is_none()) {
            return Ok(None);
        }
        let mut hand = server.read().await?;
        let found = hand.setting(key).await?;
        hand.rollback().await?;
        Ok(Some(found))
    }
    .await;
    server.close().await;
    found
}

fn is_new(path: &Path) -> Result<()> {
    if path.exists() { Err(StoreError::Exists(path.to_owned())) } else { Ok(()) }
}

/// The copy must be on the disk before anybody is told that there is one.
async fn sync(path: &Path) -> Result<()> {
    let place = path.display().to_string();
    let cannot = |why: String| StoreError::CannotOpen { place: place.clone(), why };
    let (file, folder) = (path.to_owned(), path.parent().map(Path::to_owned));
    let synced = tokio::task::spawn_blocking(move || {
        std::fs::File::open(file)?.sync_all()?;
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or_else(|| PathBuf::from(".")))?.sync_all()
    });
    let synced = synced.await.map_err(|error| cannot(error.to_string()))?;
    synced.map_err(|error| cannot(error.to_string()))
}

/// Copies all rows between two stores of one schema, in place of those that a fresh one has.
async fn copy(from: &mut Hand, into: &mut Hand) -> Result<()> {
    // Of the two, the one in SQLite says what there is.
    let tables = match into.conn {
        Conn::Sqlite(_) => into.all_tables().await?,
        Conn::Postgres(_) => from.all_tables().await?,
    };
    // In the order in which they were made, so that what is referred to comes first.
    for table in tables.iter().rev() {
        let sql = format!("DELETE FROM {}", quoted(&table.name));
        into.run(sql, Vec::new(), &About::all(Kind::Setting)).await?;
    }
    for table in &tables {
        match from.conn {
            Conn::Sqlite(_) => copy_from_file(from, into, table).await?,
            Conn::Postgres(_) => copy_from_server(from, into, table).await?,
        }
    }
    Ok(())
}

async fn copy_from_server(from: &mut Hand, into: &mut Hand, table: &Table) -> Result<()> {
    let (columns, name) = (table.list(), quoted(&table.name));
    // A name of its own: what a statement answers with is remembered by the statement's text.
    let cursor = quoted(&format!("copied {}", table.name));
    from.script(format!("DECLARE {cursor} CURSOR FOR SELECT {columns} FROM {name}")).await?;
    let fetch = format!("FETCH {AT_ONCE} FROM {cursor}");
    loop {
        let rows = from.rows(fetch.clone(), vec![], Kind::Setting).await?;
        if rows.is_empty() {
            return from.script(format!("CLOSE {cursor}")).await;
        }
        let rows = rows.iter().map(|row| table.values(row, 0)).collect::<Result<Vec<_>>>()?;
        into.add(table, &rows).await?;
    }
}

async fn copy_from_file(from: &mut Hand, into: &mut Hand, table: &Table) -> Result<()> {
    let (columns, name) = (table.list(), quoted(&table.name));
    let mut after = i64::MIN;
    loop {
        let sql = format!(
            "SELECT rowid, {columns} FROM {name} WHERE rowid > $1 ORDER BY rowid LIMIT {AT_ONCE}"
        );
        let rows = from.rows(sql, vec![after.into()], Kind::Setting).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.cells(Kind::Setting).int()?;
        let rows = rows.iter().map(|row| table.values(row, 1)).collect::<Result<Vec<_>>>()?;
        into.add(table, &rows).await?;
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl Table {
    fn list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| quoted(name)).collect();
        names.join(", ")
    }

    /// A row's values, of the columns after the first few.
    fn values(&self, row: &Row, skip: usize) -> Result<Vec<Value>> {
        let mut cells = row.cells(Kind::Setting);
        for _ in 0..skip {
            cells.opt_int()?;
        }
        let value = |(_, number): &(String, bool)| {
            Ok(if *number { Value::Int(cells.opt_int()?) } else { Value::Text(cells.opt_text()?) })
        };
        self.columns.iter().map(value).collect()
    }
}

impl Hand {
    async fn has_tables(&mut self) -> Result<bool> {
        let tables = self.tables().await?;
        Ok([SCHEMAS, "site"].iter().all(|table| tables.iter().any(|name| name == table)))
    }

    /// All tables but that of the schemas, in the order in which they were made; of SQLite.
    async fn all_tables(&mut self) -> Result<Vec<Table>> {
        let sql = "SELECT t.name, c.name, c.type LIKE '%INT%' FROM sqlite_master t, \
                   pragma_table_info(t.name) c WHERE t.type = 'table' \
                   AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'schemas' ORDER BY t.rowid, c.cid";
        let rows = self.rows(sql.to_owned(), vec![], Kind::Setting).await?;
        let mut tables: Vec<Table> = Vec::new();
        for row in &rows {
            let mut cells = row.cells(Kind::Setting);
            let (name, column) = (cells.text()?, (cells.text()?, cells.int()? != 0));
            match tables.last_mut().filter(|table| table.name == name) {
                Some(table) => table.columns.push(column),
                None => tables.push(Table { name, columns: vec![column] }),
            }
        }
        Ok(tables)
    }

    async fn add(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<()> {
        let (name, columns) = (quoted(&table.name), table.list());
        let about = About { kind: Kind::Setting, which: format!("in table {name}") };
        if let Conn::Postgres(_) = self.conn {
            let (source, values) = arrays(rows);
            let sql = format!("INSERT INTO {name} ({columns}) {source}");
            return self.run(sql, values, &about).await.map(|_| ());
        }
        for piece in pieces(rows) {
            let places = self.places(piece.len(), table.columns.len());
            let sql = format!("INSERT INTO {name} ({columns}) VALUES {places}");
            self.run(sql, piece.concat(), &about).await?;
        }
        Ok(())
    }
}

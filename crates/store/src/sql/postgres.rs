//! PostgreSQL: a pool of connections to a server that is checked to be new and safe enough.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use super::conn::{Conn, Hand};
use super::fault::{About, fault};
use crate::{Kind, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// Transactions side by side, readers among them.
const CONNECTIONS: u32 = 8;
/// The oldest server that we test with.
const OLDEST: i32 = 150_000;
/// How statements are planned. All of ours find few rows by an index, however little the server
/// knows about its tables yet; so each is planned once, and rows are looked up one by one.
const PLANS: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];
/// What keeps two programs from making the tables at the same time: any number that others would
/// not choose, "MCHP".
const UPGRADE_LOCK: i64 = 0x4d43_4850;

/// An open database.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pool: PgPool,
}

fn failed(error: &sqlx::Error) -> StoreError {
    fault(error, &About::all(Kind::Setting))
}

impl Server {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let (server, place) = Self::connect(url).await?;
        if let Err(error) = server.prepare(&place).await {
            server.close().await;
            return Err(error);
        }
        Ok(server)
    }

    /// Knocks, and looks at nothing yet; says too how the place is called.
    pub(crate) async fn connect(url: &str) -> Result<(Self, String)> {
        let options = PgConnectOptions::from_str(url).map_err(|error| StoreError::CannotOpen {
            // The text may hold a password: it is not shown.
            place: "the PostgreSQL database".to_owned(),
            why: error.to_string(),
        })?;
        let options = options.application_name("mychips").statement_cache_capacity(500);
        let options = options.disable_statement_logging().options(PLANS);
        let name = options.get_database().unwrap_or(options.get_username()).to_owned();
        let place = format!("PostgreSQL database {name} at {}", options.get_host());
        let cannot = |error: sqlx::Error| match failed(&error) {
            StoreError::Database { why } => StoreError::CannotOpen { place: place.clone(), why },
            other => other,
        };
        // A pool would knock for half a minute at a door that nobody opens.
        let first = options.connect().await.map_err(cannot)?;
        first.close().await.map_err(cannot)?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        let pool = pool.connect_with(options).await.map_err(cannot)?;
        Ok((Self { pool }, place))
    }

    async fn show(&self, setting: &'static str) -> Result<String> {
        let shown = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
        shown.fetch_one(&self.pool).await.map_err(|error| failed(&error))
    }

    /// Sees that what is kept stays kept, then makes or upgrades the tables.
    async fn prepare(&self, place: &str) -> Result<()> {
        let version = self.show("server_version_num").await?;
        if version.parse::<i32>().is_ok_and(|version| version < OLDEST) {
            return Err(StoreError::OldServer { found: self.show("server_version").await? });
        }
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            // Of `synchronous_commit` there are several that wait for the disk; off does not.
            let found = self.show(setting).await?;
            if found == "off" {
                return Err(StoreError::WeakDurability { setting, found, needed: "on" });
            }
        }
        let mut hand = self.begin().await?;
        hand.script(format!("SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")).await?;
        if hand.upgrade(place).await? { hand.commit().await } else { hand.rollback().await }
    }

    /// A connection that was idle while the server went away is found out only now; another one is
    /// tried, since nothing was done yet.
    ///
    /// Begun in a task of its own: a transaction counts for the pool once the server's answer is here,
    /// and whoever stops waiting before that would leave it open on a connection that others get.
    async fn start(&self, words: &'static str) -> Result<Hand> {
        let mut left = CONNECTIONS;
        loop {
            let pool = self.pool.clone();
            let begun = tokio::spawn(async move { pool.begin_with(words).await });
            let begun = begun.await.map_err(|error| StoreError::Gone { why: error.to_string() })?;
            match begun.map(|tx| Hand::new(Conn::Postgres(tx))).map_err(|error| failed(&error)) {
                Err(StoreError::Gone { .. }) if left > 0 => left -= 1,
                other => return other,
            }
        }
    }

    pub(crate) async fn begin(&self) -> Result<Hand> {
        self.start("BEGIN ISOLATION LEVEL READ COMMITTED").await
    }

    /// The setting ends with the transaction, and the connection waits again. See [`crate::Marks`].
    pub(crate) async fn begin_unsynced(&self) -> Result<Hand> {
        self.start("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO off")
            .await
    }

    pub(crate) async fn read(&self) -> Result<Hand> {
        self.start("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

//! `Store`: opening, checking, copying and closing. `Tx` and `View` do the rest.

use std::path::Path;
use std::sync::Arc;

use crate::memory::Home;
use crate::rows::word;
use crate::sql::copy::{self, Loaded};
use crate::sql::postgres::Server;
use crate::sql::sqlite::File;
use crate::view::Hand;
use crate::{Marks, Meta, StoreError, Tx, View};

word! {
    /// Which implementation a store is.
    StoreKind {
        /// Nothing survives the process.
        Memory = "memory",
        /// A file of our own.
        Sqlite = "sqlite",
        /// A database of a server.
        Postgres = "postgres",
    }
}

/// A store. Copies are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Inner,
}

#[derive(Clone, Debug)]
enum Inner {
    Memory(Arc<Home>),
    Sqlite(File),
    Postgres(Server),
}

/// Where a store is that need not be opened to be copied.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// A SQLite file.
    Sqlite(&'a Path),
    /// A PostgreSQL database, by its address; the text may hold a password.
    Postgres(&'a str),
}

impl Place<'_> {
    /// Writes a copy of the last commit to a new file, as [`Store::backup_to`]; of a store of an older
    /// schema too, which stays as it is. Says what the store says about itself.
    ///
    /// # Errors
    /// As [`Store::backup_to`], and as opening the store.
    pub async fn copy_to(&self, path: &Path) -> Result<Meta, StoreError> {
        match self {
            Self::Sqlite(file) => copy::of_file(file, path).await,
            Self::Postgres(url) => {
                let (server, place) = Server::connect(url).await?;
                let copied = copy::of_server(&server, &place, path).await;
                server.close().await;
                copied
            }
        }
    }

    /// What the store says about itself, which stays as it is; none where there is none.
    ///
    /// # Errors
    /// As opening the store.
    pub async fn meta(&self) -> Result<Option<Meta>, StoreError> {
        match self {
            Self::Sqlite(file) if !file.exists() => Ok(None),
            Self::Sqlite(file) => copy::meta_of(file).await.map(Some),
            Self::Postgres(url) => {
                let (server, _) = Server::connect(url).await?;
                let meta = copy::meta_at(&server).await;
                server.close().await;
                meta
            }
        }
    }
}

impl Store {
    /// Puts a SQLite store of the newest schema into a PostgreSQL database that holds none, in one
    /// transaction. `name` is remembered there under the setting `key`, so that whoever is stopped
    /// before it could say so finds it again ([`Loaded::Before`]).
    ///
    /// # Errors
    /// As [`Store::postgres`], and as reading the file.
    pub async fn load(file: &Path, url: &str, key: &str, name: &str) -> Result<Loaded, StoreError> {
        copy::load(file, url, key, name).await
    }

    /// A new, empty store in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self { inner: Inner::Memory(Arc::new(Home::new())) }
    }

    /// A store of its own that begins as this one was at its last commit; none of a store that is not in
    /// memory. For simulations of disks that are copied, or lose what they had promised to keep.
    #[must_use]
    pub fn copy_in_memory(&self) -> Option<Self> {
        match &self.inner {
            Inner::Memory(home) => Some(Self { inner: Inner::Memory(Arc::new(home.copied())) }),
            Inner::Sqlite(_) | Inner::Postgres(_) => None,
        }
    }

    /// All rows of a store in memory as one text, every column of every table; none of a store that is not in memory.
    /// For simulations that look for what should not be there.
    #[must_use]
    pub fn rows_in_memory(&self) -> Option<String> {
        match &self.inner {
            Inner::Memory(home) => Some(home.rows()),
            Inner::Sqlite(_) | Inner::Postgres(_) => None,
        }
    }

    /// How many transactions were committed in this store in memory since it began or was copied; none where it is another
    /// one. Where the number is the same, so is every row.
    #[must_use]
    pub fn commits_in_memory(&self) -> Option<u64> {
        match &self.inner {
            Inner::Memory(home) => Some(home.commits()),
            Inner::Sqlite(_) | Inner::Postgres(_) => None,
        }
    }

    /// The store in a SQLite file, which is made where there is none, and brought to the newest
    /// schema. The folder must exist.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], [`StoreError::NotOurs`], [`StoreError::NewerSchema`],
    /// [`StoreError::WeakDurability`] where the disk cannot do what durability needs,
    /// [`StoreError::ReadOnly`], [`StoreError::DiskFull`], [`StoreError::Corrupt`]; and
    /// [`StoreError::Again`] while another program holds the file.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { inner: Inner::Sqlite(File::open(path).await?) })
    }

    /// The store in a PostgreSQL database (`postgres://user:password@host/database`), which must
    /// exist, and be empty or ours; tables are made in its first schema of the search path.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], [`StoreError::Gone`], [`StoreError::OldServer`],
    /// [`StoreError::NotOurs`], [`StoreError::NewerSchema`], [`StoreError::WeakDurability`].
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        Ok(Self { inner: Inner::Postgres(Server::open(url).await?) })
    }

    /// Which implementation this is.
    #[must_use]
    pub const fn kind(&self) -> StoreKind {
        match self.inner {
            Inner::Memory(_) => StoreKind::Memory,
            Inner::Sqlite(_) => StoreKind::Sqlite,
            Inner::Postgres(_) => StoreKind::Postgres,
        }
    }

    /// Begins a transaction that may change rows; waits for others where it must ([`Tx`]).
    ///
    /// # Errors
    /// [`StoreError::Again`] where others took too long; [`StoreError::Gone`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(match &self.inner {
            Inner::Memory(home) => Hand::Memory(Box::new(Arc::clone(home).begin().await)),
            Inner::Sqlite(file) => Hand::Sql(file.begin().await?),
            Inner::Postgres(server) => Hand::Sql(server.begin().await?),
        }))
    }

    /// Begins a transaction that marks letters and does nothing else; its commit does not wait for the disk. What may be
    /// lost by that, and why it harms nobody, is said at [`Marks`].
    ///
    /// # Errors
    /// As [`Store::begin`].
    pub async fn begin_unsynced(&self) -> Result<Marks, StoreError> {
        Ok(Marks::new(match &self.inner {
            Inner::Memory(home) => Hand::Memory(Box::new(Arc::clone(home).begin().await)),
            Inner::Sqlite(file) => Hand::Sql(file.begin_unsynced().await?),
            Inner::Postgres(server) => Hand::Sql(server.begin_unsynced().await?),
        }))
    }

    /// Looks at the store as it is now.
    ///
    /// # Errors
    /// [`StoreError::Again`] where too many look at once for too long; [`StoreError::Gone`].
    pub async fn read(&self) -> Result<View, StoreError> {
        Ok(View {
            hand: match &self.inner {
                Inner::Memory(home) => Hand::Memory(Box::new(home.read())),
                Inner::Sqlite(file) => Hand::Sql(file.read().await?),
                Inner::Postgres(server) => Hand::Sql(server.read().await?),
            },
        })
    }

    /// What the database's own check of its file finds, in its own words; nothing where it is
    /// sound. PostgreSQL checks pages as it reads them, and has nothing to say here.
    ///
    /// # Errors
    /// As reading.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        match &self.inner {
            Inner::Sqlite(file) => file.check().await,
            Inner::Memory(_) | Inner::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// Writes a copy of the last commit to a new file, while others read and write: a store that
    /// [`Store::sqlite`] opens, whichever database it is a copy of. It is on the disk when this
    /// returns.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::CannotOpen`], [`StoreError::DiskFull`];
    /// [`StoreError::Unsupported`] for a store in memory.
    pub async fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        let what = "a copy into a file";
        match &self.inner {
            Inner::Sqlite(file) => copy::of_file(file.path(), path).await.map(|_| ()),
            Inner::Postgres(server) => {
                copy::of_server(server, "the database", path).await.map(|_| ())
            }
            Inner::Memory(_) => {
                let instead = "a store in memory has nothing to keep";
                Err(StoreError::Unsupported { what, instead })
            }
        }
    }

    /// Ends all connections, after the transactions under way. Whoever comes later gets
    /// [`StoreError::Gone`]; a store in memory goes with its last copy.
    pub async fn close(&self) {
        match &self.inner {
            Inner::Memory(_) => {}
            Inner::Sqlite(file) => file.close().await,
            Inner::Postgres(server) => server.close().await,
        }
    }
}

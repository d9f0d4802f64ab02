//! How the databases' own codes map to `StoreError`.

use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};

use crate::{Kind, StoreError};

/// SQLite's `SQLITE_IOERR_SHMSIZE`.
const SHMSIZE: u32 = 4874;

/// What a statement was about, for its messages.
pub(super) struct About {
    pub(super) kind: Kind,
    pub(super) which: String,
}

impl About {
    pub(super) const fn all(kind: Kind) -> Self {
        Self { kind, which: String::new() }
    }
}

pub(super) fn fault(error: &Error, about: &About) -> StoreError {
    let why = error.to_string();
    match error {
        Error::Database(error) => said(error.as_ref(), about),
        Error::Io(_) | Error::Tls(_) | Error::PoolClosed | Error::WorkerCrashed => {
            StoreError::Gone { why }
        }
        Error::PoolTimedOut => {
            StoreError::Again { why: "no connection to the database became free".to_owned() }
        }
        // A server that goes away in the middle of a sentence.
        Error::Protocol(_) => StoreError::Gone { why },
        _ => StoreError::Database { why },
    }
}

fn said(error: &dyn DatabaseError, about: &About) -> StoreError {
    let why = error.message().to_owned();
    let (kind, which) = (about.kind, about.which.clone());
    match error.kind() {
        ErrorKind::UniqueViolation => return StoreError::Duplicate { kind, which },
        ErrorKind::ForeignKeyViolation => return StoreError::Missing { kind, which },
        _ => {}
    }
    let code = error.code().unwrap_or_default();
    // SQLite's codes are numbers, the kind in the lowest byte; PostgreSQL's have five characters.
    if let (true, Ok(code)) = (code.len() < 5, code.parse::<u32>()) {
        return match code & 0xff {
            // The index beside the file cannot grow: there is no room for it.
            _ if code == SHMSIZE => StoreError::DiskFull,
            10 => StoreError::Database { why: format!("{why}, SQLite's code {code}") },
            5 | 6 => StoreError::Again { why },
            8 => StoreError::ReadOnly { why },
            11 | 26 => StoreError::Corrupt { why },
            13 => StoreError::DiskFull,
            14 => StoreError::CannotOpen { place: "the database".to_owned(), why },
            _ => StoreError::Database { why },
        };
    }
    match code.as_ref() {
        "40001" | "40P01" | "55P03" => StoreError::Again { why },
        "53100" => StoreError::DiskFull,
        "25006" => StoreError::ReadOnly { why },
        "XX001" | "XX002" => StoreError::Corrupt { why },
        "57P01" | "57P02" | "57P03" | "53300" => StoreError::Gone { why },
        code if code.starts_with("08") => StoreError::Gone { why },
        _ => StoreError::Database { why },
    }
}

//! What a serving program leaves in the data directory for others: where it is (`serve.json`), and
//! the administrator's token (`admin.token`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use api::Token;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::{home, world};

/// Where the program that serves is; gone with it, but for one that was killed.
const SERVED: &str = "serve.json";
/// The administrator's token; whoever may read the data directory is one.
const TOKEN: &str = "admin.token";

/// A program that serves a data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Served {
    /// Its process.
    pub(crate) pid: u32,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// `serve.json` of this program, until it is dropped.
#[derive(Debug)]
pub(crate) struct Sign(PathBuf);

impl Served {
    /// Who serves a directory that somebody holds the lock of; none where that one does not serve,
    /// or not yet.
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        let served: Self = serde_json::from_slice(&fs::read(folder.join(SERVED)).ok()?).ok()?;
        // What one that was killed left is of another process than the lock.
        (home::holder(folder)? == served.pid.to_string()).then_some(served)
    }

    /// Says where this program serves.
    pub(crate) fn put(folder: &Path, address: SocketAddr) -> Result<Sign, Failure> {
        let path = folder.join(SERVED);
        let served = Self { pid: std::process::id(), address };
        let text = serde_json::to_string(&served).unwrap_or_default();
        write(&path, &format!("{text}\n"))?;
        Ok(Sign(path))
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        // What stays names a process that has no lock: nobody takes it for one that serves.
        let _ = fs::remove_file(&self.0);
    }
}

/// The administrator's token.
pub(crate) fn token(folder: &Path) -> Result<Token, Failure> {
    let path = folder.join(TOKEN);
    let text = fs::read_to_string(&path);
    let text = text.map_err(|error| Failure::io("cannot read", &path, &error))?;
    text.trim().parse().map_err(|error| {
        let path = path.display();
        let advice = "remove it, and mychips serve makes a new one";
        Failure::refused("token", format!("{path}: {error}; {advice}"))
    })
}

/// The same, made where there is none; only for who holds the lock.
pub(crate) fn token_or_new(folder: &Path) -> Result<Token, Failure> {
    let path = folder.join(TOKEN);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let bytes = world::random().map_err(|error| Failure::no_chance(&error))?;
            write(&path, &format!("{}\n", Token::from_bytes(bytes).text()))?;
        }
        _ => {}
    }
    token(folder)
}

/// Writes a whole file that only its owner reads, in place of what is there.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let part = path.with_extension("part");
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error| Failure::io("cannot write", path, &error))
}

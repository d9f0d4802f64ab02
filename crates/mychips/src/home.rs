//! The data directory: where it is, what lies in it, and the lock that keeps two programs apart.
//! Users' keys are never in it; they are in `keys.rs`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use protocol::{AgentId, SecretKey, Signer};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::world;

/// The agent's secret key; whoever has it is the site.
pub(crate) const AGENT_KEY: &str = "agent.jwk";
/// The key that is about to be the agent's, while it is being replaced.
const NEXT_KEY: &str = "agent-next.jwk";
/// The database.
pub(crate) const DATABASE: &str = "mychips.db";
/// Held by the one program that works here; its text is that program's process id.
pub(crate) const LOCK: &str = "lock";

/// A data directory that this program holds the lock of, until it is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    _lock: File,
}

/// The folder that is meant: the one given, or the usual one.
///
/// # Errors
/// A [`Failure`] where neither is known.
pub(crate) fn or_usual(given: Option<&Path>, name: &str, flag: &str) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let set = |variable| std::env::var_os(variable).filter(|value| !value.is_empty());
    // The XDG rule: a relative path there does not count.
    let xdg = set("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = xdg.or_else(|| set("HOME").map(|home| Path::new(&home).join(".local/share")));
    usual.map(|usual| usual.join(name)).ok_or_else(|| {
        Failure::refused(
            "no_home",
            format!("neither XDG_DATA_HOME nor HOME is set: give {flag} DIR"),
        )
    })
}

impl Home {
    /// Enters a directory where a site was set up.
    pub(crate) fn enter(folder: &Path) -> Result<Self, Failure> {
        no_file(folder)?;
        if !is_site(folder) {
            let keyless = folder.join(DATABASE).is_file();
            return Err(if keyless { no_key(folder) } else { no_site(folder) });
        }
        Self::lock(folder)
    }

    /// Enters a directory where a site was set up, maybe without the agent's key, which is lost.
    pub(crate) fn without_key(folder: &Path) -> Result<Self, Failure> {
        no_file(folder)?;
        let parts = [AGENT_KEY, DATABASE, crate::config::FILE];
        if !parts.iter().any(|part| folder.join(part).is_file()) {
            return Err(no_site(folder));
        }
        Self::lock(folder)
    }

    /// Makes the directory where there is none, and enters it.
    pub(crate) fn make(folder: &Path) -> Result<Self, Failure> {
        no_file(folder)?;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Failure::io("cannot make", folder, &error))?;
        Self::lock(folder)
    }

    /// Takes the lock of a folder that is there.
    pub(crate) fn lock(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(LOCK);
        let cannot = |error: &io::Error| Failure::io("cannot lock", &path, error);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = options.open(&path).map_err(|error| cannot(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is helps, but is not needed.
                let _ = lock.read_to_string(&mut holder);
                let holder = holder.trim();
                let holder = if holder.is_empty() { "unknown" } else { holder };
                return Err(Failure::in_use(format!(
                    "{} is in use by another mychips, process {holder}: wait until it ends, or end it",
                    folder.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(&error)),
        }
        let named = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(format!("{}\n", std::process::id()).as_bytes()));
        named.map_err(|error| cannot(&error))?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// Whose site this is.
    pub(crate) fn agent(&self) -> Result<AgentId, Failure> {
        agent_of(&self.folder)
    }

    /// The agent's key: what decides lifts at this site is signed with it.
    pub(crate) fn agent_key(&self) -> Result<SecretKey, Failure> {
        read_key(&self.folder.join(AGENT_KEY))
    }

    /// The key that is to be the agent's: made, or left by a replacement that was cut short.
    pub(crate) fn next_agent(&self) -> Result<AgentId, Failure> {
        let path = self.folder.join(NEXT_KEY);
        if !path.exists() {
            let bytes = world::random().map_err(|error| Failure::no_chance(&error))?;
            write_key(&path, &SecretKey::ed25519(&bytes))?;
        }
        id_of(&path)
    }

    /// The next key is the agent's from now on; the one before stays beside it.
    pub(crate) fn take_next_key(&self) -> Result<(), Failure> {
        let (next, key) = (self.folder.join(NEXT_KEY), self.folder.join(AGENT_KEY));
        let before =
            self.agent().map_or_else(|_| "unreadable".to_owned(), |agent| agent.to_string());
        let take = || {
            if key.exists() {
                fs::rename(&key, self.folder.join(format!("agent-before-{before}.jwk")))?;
            }
            fs::rename(&next, &key)?;
            File::open(&self.folder)?.sync_all()
        };
        take().map_err(|error| Failure::io("cannot write", &key, &error))
    }

    /// The agent's key, made where there is none.
    pub(crate) fn agent_or_new(&self) -> Result<AgentId, Failure> {
        let path = self.folder.join(AGENT_KEY);
        if !path.exists() {
            let bytes = world::random().map_err(|error| Failure::no_chance(&error))?;
            write_key(&path, &SecretKey::ed25519(&bytes))?;
        }
        self.agent()
    }
}

/// Whose site a folder with an agent's key is.
pub(crate) fn agent_of(folder: &Path) -> Result<AgentId, Failure> {
    id_of(&folder.join(AGENT_KEY))
}

fn id_of(path: &Path) -> Result<AgentId, Failure> {
    AgentId::of(&read_key(path)?.public_key()).map_err(|error| {
        Failure::refused("key", format!("{}: {error}; restore it", path.display()))
    })
}

/// Whether a site was set up in a folder.
pub(crate) fn is_site(folder: &Path) -> bool {
    folder.join(AGENT_KEY).is_file()
}

/// The refusal of a folder whose agent's key is gone.
fn no_key(folder: &Path) -> Failure {
    Failure::refused(
        "no_site",
        format!(
            "the site in {} has lost its agent's key: put a copy of {AGENT_KEY} there, or make another one with \
             mychips agent replace",
            folder.display()
        ),
    )
}

/// The refusal of a folder without a site.
pub(crate) fn no_site(folder: &Path) -> Failure {
    Failure::refused(
        "no_site",
        format!(
            "no site in {}: set one up with mychips init, or name another with --data",
            folder.display()
        ),
    )
}

/// A data directory is a folder.
pub(crate) fn no_file(folder: &Path) -> Result<(), Failure> {
    if folder.exists() && !folder.is_dir() {
        let what = "it is a file, and a site needs a folder: name another with --data";
        return Err(Failure::io("cannot use", folder, &what));
    }
    Ok(())
}

/// The file of the database in a data directory.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// Which process has the lock of a directory, or had it last, in its own words.
pub(crate) fn holder(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(LOCK)).ok()?;
    Some(text.trim().to_owned()).filter(|holder| !holder.is_empty())
}

/// The most bytes of a key's file that are read: many times what a key takes.
const MAX_KEY_BYTES: u64 = 16 * 1024;

/// Reads a secret key from its file.
pub(crate) fn read_key(path: &Path) -> Result<SecretKey, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(MAX_KEY_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| Failure::io("cannot read", path, &error))?;
    SecretKey::from_jwk(&bytes).map_err(|error| {
        Failure::refused("key", format!("{}: {error}; restore it from a copy", path.display()))
    })
}

/// Writes a secret key to a new file that only its owner reads; it is on the disk, and whole, when
/// this returns.
pub(crate) fn write_key(path: &Path, key: &SecretKey) -> Result<(), Failure> {
    write_new(path, &[key.to_jwk().as_bytes(), b"\n"])
}

/// Writes a new file that only its owner reads; it is on the disk, and whole, when this returns.
pub(crate) fn write_new(path: &Path, parts: &[&[u8]]) -> Result<(), Failure> {
    let cannot = |error: &io::Error| Failure::io("cannot write", path, error);
    // Each program has its own: none writes into what another one is about to put there.
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let write = || {
        // One that a program with the same number left may be a second name of what is in use.
        let _ = fs::remove_file(&part);
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&part)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        // Linked, not renamed: what is there already is never written over.
        fs::hard_link(&part, path)
    };
    let written = write();
    // Whatever became of it, nobody needs it any more.
    let _ = fs::remove_file(&part);
    // A name alone is in the folder that we are in, whose name is not said.
    let folder = path.parent().map(|folder| match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    });
    let synced =
        written.and_then(|()| folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all()));
    synced.map_err(|error| cannot(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_program_is_writing_is_left_alone_and_nothing_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("ann.part"), "half of a ").unwrap();
        write_new(&file("ann.jwk"), &[b"a ", b"key"]).unwrap();
        assert_eq!(fs::read(file("ann.jwk")).unwrap(), b"a key");
        // What is there is never written over.
        write_new(&file("ann.jwk"), &[b"another"]).unwrap_err();
        assert_eq!(fs::read(file("ann.jwk")).unwrap(), b"a key");
        assert_eq!(fs::read(file("ann.part")).unwrap(), b"half of a ");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

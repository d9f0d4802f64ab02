//! Keys of imported users: all made from one secret in a folder of their own beside the keys of people,
//! with a text that says what they are. `mychips import` makes them; whoever signs finds them.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use protocol::{Cuid, Hash, KeyError, SecretKey, Timestamp};
use site::Clock;

use crate::failure::Failure;
use crate::home;
use crate::world::{self, World};

/// The folder, in the key folder. No user's key is called so: those end in `.jwk`.
const FOLDER: &str = "imported";
const README: &str = "README.txt";
const SECRET: &str = "secret.jwk";
const SINCE: &str = "since.txt";
const USERS: &str = "users.txt";

/// What stands in the folder for whoever finds it.
const WHAT_IT_IS: &str = "\
Keys of imported users, for samples and trials.

mychips import made users of the names in a file. None of them ever held a key
of its own: all their keys follow from the one secret in secret.jwk, so whoever
has this folder can sign for all of them. users.txt lists them, since.txt says
since when. Lose the folder, and nobody can sign for them any more.
";

/// The most bytes of the list of users that are read: a million names of the longest kind.
const MAX_LIST_BYTES: u64 = 70_000_000;

/// The keys of all imported users of one key folder.
#[derive(Debug)]
pub(crate) struct Imported {
    folder: PathBuf,
    secret: SecretKey,
    since: Timestamp,
    users: BTreeSet<Cuid>,
}

impl Imported {
    /// Those of a key folder; none where nothing was imported with it.
    pub(crate) fn find(keys: &Path) -> Result<Option<Self>, Failure> {
        let folder = keys.join(FOLDER);
        let file = folder.join(SECRET);
        if !file.exists() {
            return Ok(None);
        }
        let secret = home::read_key(&file)?;
        let since = read(&folder.join(SINCE))?;
        let since = since.trim().parse().map_err(|error: protocol::TimestampError| {
            let file = folder.join(SINCE);
            Failure::refused("key", format!("{}: {error}; restore it from a copy", file.display()))
        })?;
        let listed = folder.join(USERS);
        let listed = if listed.exists() { read(&listed)? } else { String::new() };
        // A line that was cut short names nobody, or is written again.
        let users = listed.lines().filter_map(|line| line.parse().ok()).collect();
        Ok(Some(Self { folder, secret, since, users }))
    }

    /// Those of a key folder, made where there are none.
    pub(crate) fn find_or_make(keys: &Path) -> Result<Self, Failure> {
        if let Some(found) = Self::find(keys)? {
            return Ok(found);
        }
        let folder = keys.join(FOLDER);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Failure::io("cannot make", &folder, &error))?;
        write(&folder.join(README), WHAT_IT_IS)?;
        write(&folder.join(SINCE), &format!("{}\n", World.now()))?;
        // Last: where it is, the others are.
        let bytes = world::random().map_err(|error| Failure::no_chance(&error))?;
        home::write_key(&folder.join(SECRET), &SecretKey::ed25519(&bytes))?;
        Self::find(keys)?.ok_or_else(|| Failure::io("cannot read", &folder, &"nothing there"))
    }

    /// Since when these keys are in use.
    pub(crate) const fn since(&self) -> Timestamp {
        self.since
    }

    /// Whether a user's key is one of these.
    pub(crate) fn knows(&self, user: &Cuid) -> bool {
        self.users.contains(user)
    }

    /// The key that a user has, or will have once it is noted.
    pub(crate) fn key(&self, user: &Cuid) -> Result<SecretKey, Failure> {
        let secret = self.secret.to_jwk();
        for turn in 0_u8..=u8::MAX {
            let text = format!("imported user {user} {turn} ");
            let bytes = Hash::of(&[text.as_bytes(), secret.as_bytes()].concat());
            match SecretKey::p256(bytes.as_bytes()) {
                Err(KeyError::NotASecret) => {}
                made => return made.map_err(|e| Failure::refused("key", e.to_string())),
            }
        }
        Err(Failure::refused("key", format!("no key can be made for {user}")))
    }

    /// Notes users whose keys are in use from now on; durable when this returns.
    pub(crate) fn note<'a>(
        &mut self,
        users: impl Iterator<Item = &'a Cuid>,
    ) -> Result<(), Failure> {
        let new: Vec<Cuid> = users.filter(|user| !self.knows(user)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let path = self.folder.join(USERS);
        // A line cut short before must not run into the first of these.
        let text: String = new.iter().map(|user| format!("\n{user}")).collect();
        let append = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_data()
        };
        append().map_err(|error| Failure::io("cannot write", &path, &error))?;
        self.users.extend(new);
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_LIST_BYTES).read_to_string(&mut text));
    read.map_err(|error| Failure::io("cannot read", path, &error))?;
    Ok(text)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| Failure::io("cannot write", path, &error))
}

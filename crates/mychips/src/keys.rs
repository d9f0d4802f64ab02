//! The key folder: this command line as a user's device. One file for each user, `USER.jwk`; no
//! site ever reads or keeps it. Those of imported users follow from one secret: `imported.rs`.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use protocol::{Cuid, Hash, KeyError, PaymentId, PublicKey, SecretKey, Signer, TallyId};

use crate::failure::Failure;
use crate::imported::Imported;
use crate::{home, world};

/// The folder's name where the usual place is meant.
const USUAL: &str = "mychips-keys";

/// The folder in it with what is kept of tallies, a folder for each user. Keys are files.
const KEPT: &str = "kept";
/// How the names of files there end.
const KEPT_END: &str = ".jsonl";

/// How the file's name ends that has what was signed to pay.
const PAYMENT_END: &str = ".payment.json";

/// A folder with the signing keys of one or more users.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// The folder given or the usual one; it may not lie in a site's data directory, whoever copies
    /// or runs the site must not get its users' keys.
    pub(crate) fn at(given: Option<&Path>, data: &Path) -> Result<Self, Failure> {
        let folder = home::or_usual(given, USUAL, "--keys")?;
        let folder = std::path::absolute(&folder)
            .map_err(|error| Failure::io("cannot find", &folder, &error))?;
        let inside = |folder: &Path, data: &Path| {
            let real = |path: &Path| fs::canonicalize(path).ok();
            let parent = folder.ancestors().find_map(real);
            parent.zip(real(data)).is_some_and(|(folder, data)| folder.starts_with(data))
        };
        if folder.starts_with(data) || inside(&folder, data) {
            return Err(Failure::refused(
                "keys_in_data",
                format!(
                    "{} lies in the site's data directory; users' keys are kept apart: name another \
                     folder with --keys",
                    folder.display()
                ),
            ));
        }
        Ok(Self { folder })
    }

    /// The folder that a command means which has no flag for it.
    pub(crate) fn usual(data: &Path) -> Result<Self, Failure> {
        Self::at(std::env::var_os("MYCHIPS_KEYS").as_deref().map(Path::new), data)
    }

    /// Where a user's key is.
    pub(crate) fn file(&self, user: &Cuid) -> PathBuf {
        self.folder.join(format!("{user}.jwk"))
    }

    /// A user's key.
    pub(crate) fn of(&self, user: &Cuid) -> Result<SecretKey, Failure> {
        let file = self.file(user);
        if !file.exists() {
            if let Some(imported) = Imported::find(&self.folder)?.filter(|all| all.knows(user)) {
                return imported.key(user);
            }
            return Err(Failure::refused(
                "no_key",
                format!(
                    "no key of {user} in {}: make one with mychips key new {user}, or name another \
                     folder with --keys",
                    self.folder.display()
                ),
            ));
        }
        home::read_key(&file)
    }

    /// Whether a user's key is here: then this folder is one of the user's devices.
    pub(crate) fn has(&self, user: &Cuid) -> bool {
        let imported =
            || Imported::find(&self.folder).is_ok_and(|all| all.is_some_and(|all| all.knows(user)));
        self.file(user).is_file() || imported()
    }

    /// Where is kept what this device knows of a tally.
    pub(crate) fn kept_file(&self, user: &Cuid, tally: TallyId) -> PathBuf {
        self.kept_folder(user).join(format!("{tally}{KEPT_END}"))
    }

    /// Where is kept what this device signed last to pay under this name.
    pub(crate) fn payment_file(&self, user: &Cuid, name: PaymentId) -> PathBuf {
        self.kept_folder(user).join(format!("{name}{PAYMENT_END}"))
    }

    /// … and what it signed before that, of which nothing came: the record of this hash.
    pub(crate) fn earlier_payment_file(&self, user: &Cuid, name: PaymentId, hash: Hash) -> PathBuf {
        self.kept_folder(user).join(format!("{name}.{hash}{PAYMENT_END}"))
    }

    /// Makes the folder of what this device keeps for a user, where there is none.
    pub(crate) fn make_kept_folder(&self, user: &Cuid) -> Result<(), Failure> {
        let folder = self.kept_folder(user);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Failure::io("cannot make", &folder, &error))
    }

    /// The tallies of a user of which something is kept.
    pub(crate) fn kept(&self, user: &Cuid) -> Vec<TallyId> {
        let files = fs::read_dir(self.kept_folder(user)).into_iter().flatten().flatten();
        let names = files.filter_map(|file| file.file_name().into_string().ok());
        let mut tallies: Vec<TallyId> =
            names.filter_map(|name| name.strip_suffix(KEPT_END)?.parse().ok()).collect();
        tallies.sort_unstable();
        tallies
    }

    fn kept_folder(&self, user: &Cuid) -> PathBuf {
        self.folder.join(KEPT).join(user.as_str())
    }

    /// Where the key is that takes the place of a user's, until all its tallies have it. No user's
    /// name has a `~`.
    pub(crate) fn next_file(&self, user: &Cuid) -> PathBuf {
        self.folder.join(format!("{user}~next.jwk"))
    }

    /// The user's key that a tally takes chits with: also while its keys are being changed.
    pub(crate) fn for_tally(&self, user: &Cuid, taken: &PublicKey) -> Result<SecretKey, Failure> {
        self.that_is(user, taken)?.ok_or_else(|| {
            Failure::refused(
                "other_key",
                format!(
                    "{} is not the key that this tally takes chits of {user} with: import that one, \
                     or go on with mychips key revoke {user}; where it is lost, with mychips key lost \
                     --as {user}",
                    self.file(user).display()
                ),
            )
        })
    }

    /// Which of the user's keys this one is, where it is here: the one in use, or the next.
    pub(crate) fn that_is(
        &self,
        user: &Cuid,
        public: &PublicKey,
    ) -> Result<Option<SecretKey>, Failure> {
        let key = self.of(user)?;
        if key.public_key() == *public {
            return Ok(Some(key));
        }
        let next = self.next_file(user);
        if !next.exists() {
            return Ok(None);
        }
        let next = home::read_key(&next)?;
        Ok((next.public_key() == *public).then_some(next))
    }

    /// The key that takes the place of a user's: one that a revocation before has made, or a new one.
    pub(crate) fn next(&self, user: &Cuid) -> Result<SecretKey, Failure> {
        let file = self.next_file(user);
        if file.exists() {
            return home::read_key(&file);
        }
        let key = drawn()?;
        home::write_key(&file, &key)?;
        Ok(key)
    }

    /// Puts the next key in the place of the user's, which stays under another name; says which.
    pub(crate) fn advance(&self, user: &Cuid) -> Result<PathBuf, Failure> {
        let (file, next) = (self.file(user), self.next_file(user));
        let key = self.of(user)?.public_key();
        let mut number = 1;
        let old = loop {
            let old = self.folder.join(format!("{user}~old-{number}.jwk"));
            match fs::hard_link(&file, &old) {
                Ok(()) => break old,
                // A run before may have come as far as this.
                Err(_) if old.exists() && home::read_key(&old)?.public_key() == key => break old,
                Err(_) if old.exists() => number += 1,
                Err(error) => return Err(Failure::io("cannot write", &old, &error)),
            }
        };
        let moved =
            fs::rename(&next, &file).and_then(|()| fs::File::open(&self.folder)?.sync_all());
        moved.map_err(|error| Failure::io("cannot replace", &file, &error))?;
        Ok(old)
    }

    /// Takes in a user's key; says whether it was not there before.
    pub(crate) fn put(&self, user: &Cuid, key: &SecretKey) -> Result<bool, Failure> {
        self.make_folder()?;
        let file = self.file(user);
        if file.exists() {
            if home::read_key(&file)?.public_key() == key.public_key() {
                return Ok(false);
            }
            let text = format!("{} is another key of {user}; move it away first", file.display());
            return Err(Failure::refused("key_exists", text));
        }
        home::write_key(&file, key)?;
        Ok(true)
    }

    fn make_folder(&self) -> Result<(), Failure> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| Failure::io("cannot make", &self.folder, &error))
    }

    /// The keys of imported users, which lie in a folder of their own in this one.
    pub(crate) fn imported(&self) -> Result<Imported, Failure> {
        Imported::find_or_make(&self.folder)
    }

    /// Makes a user's key; one that is there already stays.
    pub(crate) fn make(&self, user: &Cuid) -> Result<SecretKey, Failure> {
        self.make_folder()?;
        let file = self.file(user);
        if file.exists() {
            return Err(Failure::refused(
                "key_exists",
                format!(
                    "{} is there already; whoever replaces a key can no longer sign for its \
                     tallies",
                    file.display()
                ),
            ));
        }
        let key = drawn()?;
        home::write_key(&file, &key)?;
        Ok(key)
    }
}

/// A new key.
fn drawn() -> Result<SecretKey, Failure> {
    loop {
        let bytes = world::random().map_err(|error| Failure::no_chance(&error))?;
        match SecretKey::p256(&bytes) {
            Ok(key) => return Ok(key),
            Err(KeyError::NotASecret) => {}
            Err(error) => return Err(Failure::refused("key", error.to_string())),
        }
    }
}

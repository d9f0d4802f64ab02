//! `mychips key export` and `key import`: a key carried to another device, locked with a passphrase.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use protocol::key::{MAX_SEALED_BYTES, MIN_PASSPHRASE, SealError, SealingChance};
use protocol::{Cuid, SecretKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::flags::{KeyFolder, Place};
use crate::keys::Keys;
use crate::{say, visit, world};

/// The most bytes of a file with a passphrase: a long sentence.
const MAX_PASSPHRASE_BYTES: u64 = 1_024;

/// Write a user's key, locked with a passphrase: for a copy in a safe place, or another device.
///
/// The passphrase is asked for at the terminal, twice, or read from a file. Whoever has the file and
/// the passphrase can sign for the user; nobody can open the file without it. The form is JWE
/// (PBES2-HS512+A256KW, A256GCM), which other programs open too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  user   whose key
  file   where it is; null without --out
  key    the locked key; null with --out

Exit codes:
  0  done    1  refused    2  wrong usage    3  reading or writing failed

Examples:
  mychips key export ann --out ann.key
  mychips key export ann --passphrase-file secret.txt > ann.key")]
pub(crate) struct Export {
    /// The user whose key it is
    user: Cuid,
    /// Write it to this new file, readable by you only, instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: Passphrase,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Bring a locked key into the key folder.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  user, file   whose key it is and where it is now
  new          whether it was not there before

Exit codes:
  0  done, or there already    1  refused: wrong passphrase, damaged file,
  another key of the user is there    2  wrong usage    3  reading or writing failed

Examples:
  mychips key import ann.key")]
pub(crate) struct Import {
    /// The locked key, '-' for standard input
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Where the passphrase comes from: never from the command line, which others can see.
#[derive(Debug, Args)]
struct Passphrase {
    /// Read the passphrase from the first line of this file instead of asking
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    /// The passphrase; asked for twice where it is new.
    fn get(&self, new: bool) -> Result<Zeroizing<String>, Failure> {
        if let Some(path) = &self.passphrase_file {
            let text = read(path, MAX_PASSPHRASE_BYTES)?;
            return Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()));
        }
        let ask = |prompt: &str| {
            let answer = rpassword::prompt_password(prompt).map_err(|error| {
                Failure::refused(
                    "no_passphrase",
                    format!("no passphrase: {error}; without a terminal give --passphrase-file"),
                )
            })?;
            Ok::<_, Failure>(Zeroizing::new(answer))
        };
        let passphrase = ask("Passphrase: ")?;
        if new && *ask("The same again: ")? != *passphrase {
            return Err(Failure::refused("passphrase", "the two passphrases differ"));
        }
        Ok(passphrase)
    }
}

#[derive(Serialize)]
struct Exported {
    user: Cuid,
    file: Option<String>,
    key: Option<String>,
}

#[derive(Serialize)]
struct Imported {
    user: Cuid,
    file: String,
    new: bool,
}

pub(crate) fn export(flags: &Export) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let key = keys.of(&flags.user)?;
    let passphrase = flags.passphrase.get(true)?;
    let no_chance = |error: getrandom::Error| Failure::no_chance(&error);
    let mut chance = SealingChance {
        salt: world::random_16().map_err(no_chance)?,
        content_key: world::random().map_err(no_chance)?,
        nonce: [0; 12],
    };
    chance.nonce.copy_from_slice(&world::random_16().map_err(no_chance)?[..12]);
    let sealed = key.seal(&flags.user, &passphrase, &chance).map_err(|error| match error {
        SealError::Short => Failure::refused(
            "passphrase",
            format!("the passphrase needs at least {MIN_PASSPHRASE} characters, better a sentence"),
        ),
        other => Failure::refused("key", other.to_string()),
    })?;
    let user = flags.user.clone();
    let Some(out) = &flags.out else {
        let exported = Exported { user, file: None, key: Some(sealed.clone()) };
        return say::either(flags.place.json, &exported, || sealed);
    };
    write_new(out, &sealed).map_err(|error| Failure::io("cannot write", out, &error))?;
    let file = out.display().to_string();
    let exported = Exported { user, file: Some(file), key: None };
    say::either(flags.place.json, &exported, || {
        format!("The key of {} is in {}, locked", flags.user, out.display())
    })
}

pub(crate) fn import(flags: &Import) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let name = flags.file.display();
    let sealed = read(&flags.file, u64::try_from(MAX_SEALED_BYTES).unwrap_or(u64::MAX))?;
    let passphrase = flags.passphrase.get(false)?;
    let opened = SecretKey::open(&sealed, &passphrase).map_err(|error| {
        let word = match error {
            SealError::Passphrase => "passphrase",
            SealError::Damaged => "damaged",
            _ => "key",
        };
        Failure::refused(word, format!("{name}: {error}"))
    })?;
    let (Some(user), key) = opened else {
        return Err(Failure::refused("key", format!("{name}: it does not say whose key it is")));
    };
    let new = keys.put(&user, &key)?;
    let imported = Imported { file: keys.file(&user).display().to_string(), user, new };
    say::either(flags.place.json, &imported, || {
        let Imported { user, file, .. } = &imported;
        if new {
            format!("The key of {user} is in {file}")
        } else {
            format!("The key of {user} was in {file} already")
        }
    })
}

/// A file's text, or standard input's, of at most so many bytes.
fn read(path: &Path, most: u64) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        io::stdin().lock().take(most + 1).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text))
    };
    let read = read.map_err(|error| Failure::io("cannot read", path, &error))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > most {
        let text = format!("{}: more than {most} bytes", path.display());
        return Err(Failure::refused("too_large", text));
    }
    Ok(text)
}

/// A new file that only its owner reads; on the disk when this returns.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

impl Export {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}

impl Import {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}

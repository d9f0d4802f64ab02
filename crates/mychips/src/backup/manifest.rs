//! `backup.json`: what a backup is of, and what belongs to it. It is exactly the text that this
//! program writes, sealed with a hash of itself: one bit changed anywhere is found.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use protocol::{AgentId, Hash, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::copy_file;
use crate::failure::Failure;

/// Its name in the backup.
pub(crate) const MANIFEST: &str = "backup.json";

/// The form of backups that this program writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// The most bytes of a manifest: three files need less than a thousand.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

/// SHA-256 in hexadecimal, as `sha256sum` prints it: a backup can be looked at without this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sha256(Hash);

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Its name in the folder.
    pub(crate) name: String,
    /// How long it is.
    pub(crate) bytes: u64,
    /// The hash of what is in it.
    pub(crate) sha256: Sha256,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Its form.
    pub(crate) format: u32,
    /// The program that wrote it.
    pub(crate) program: String,
    /// Whose site it is of.
    pub(crate) agent: AgentId,
    /// When it was begun.
    pub(crate) date: Timestamp,
    /// How often the site had been restored before.
    pub(crate) epoch: u64,
    /// The number of the schema of its database.
    pub(crate) schema: u64,
    /// Where the rows were: `sqlite` or `postgres`. In the backup they are in a file of SQLite.
    pub(crate) store: String,
    /// All files but this one.
    pub(crate) files: Vec<File>,
    /// The hash of this text without this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seal: Option<Sha256>,
}

/// What every form of a manifest says.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Manifest {
    fn text(&self) -> String {
        // It holds nothing that has no form as JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Its text, sealed.
    pub(crate) fn sealed(mut self) -> String {
        self.seal = None;
        self.seal = Some(Sha256::of(Hash::of(self.text().as_bytes())));
        self.text()
    }

    /// The manifest of a backup, where it is whole.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Err(Failure::refused(
                "no_backup",
                format!(
                    "{} is no backup: it has no {MANIFEST}, which is written last",
                    folder.display()
                ),
            ));
        }
        let mut text = String::new();
        let read = fs::File::open(&path)
            .and_then(|file| file.take(MAX_MANIFEST_BYTES).read_to_string(&mut text));
        if read.is_err() {
            return Err(damaged(&path, "it cannot be read as text"));
        }
        if let Ok(Form { format }) = serde_json::from_str(&text)
            && format > FORMAT
        {
            return Err(Failure::refused(
                "newer_backup",
                format!(
                    "{} has form {format}, and this program knows form {FORMAT}: use the newer \
                     program",
                    path.display()
                ),
            ));
        }
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|_| damaged(&path, "it is not what mychips backup writes"))?;
        if manifest.clone().sealed() != text {
            return Err(damaged(&path, "its seal does not fit"));
        }
        Ok(manifest)
    }

    /// Checks every file of a backup against what is said of it.
    pub(crate) fn check(&self, folder: &Path, watch: impl Fn(&str)) -> Result<(), Failure> {
        for file in &self.files {
            watch(&file.name);
            let path = folder.join(&file.name);
            if !path.is_file() {
                return Err(damaged(&path, "it is not there"));
            }
            file.is(&path, copy_file(&path, None)?)?;
        }
        Ok(())
    }

    /// A file of the backup; the seal says that a backup has it.
    pub(crate) fn file(&self, folder: &Path, name: &str) -> Result<&File, Failure> {
        let file = self.files.iter().find(|file| file.name == name);
        file.ok_or_else(|| damaged(&folder.join(name), "it does not belong to the backup"))
    }
}

impl File {
    /// Whether a file that was read is this one.
    pub(crate) fn is(&self, path: &Path, (bytes, sha256): (u64, Sha256)) -> Result<(), Failure> {
        if (bytes, sha256) == (self.bytes, self.sha256) {
            return Ok(());
        }
        let what = if bytes == self.bytes {
            "its content is not what was written".to_owned()
        } else {
            format!("it has {bytes} bytes, not {}", self.bytes)
        };
        Err(damaged(path, &what))
    }
}

fn damaged(path: &Path, what: &str) -> Failure {
    Failure::refused(
        "damaged_backup",
        format!("{}: {what}; nothing was restored: use another backup", path.display()),
    )
}

impl Sha256 {
    pub(crate) const fn of(hash: Hash) -> Self {
        Self(hash)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256 {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not 64 characters of hexadecimal";
        let mut bytes = [0; 32];
        if text.len() != 64 || text.bytes().any(|byte| !byte.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Self(Hash::from_bytes(bytes)))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let key = protocol::SecretKey::ed25519(&[1; 32]);
        Manifest {
            format: FORMAT,
            program: "mychips 0.1.0".to_owned(),
            agent: AgentId::of(&protocol::Signer::public_key(&key)).unwrap(),
            date: "2026-11-22T09:00:00.000Z".parse().unwrap(),
            epoch: 2,
            schema: 5,
            store: "sqlite".to_owned(),
            files: vec![File {
                name: "agent.jwk".to_owned(),
                bytes: 3,
                sha256: Sha256::of(Hash::of(b"abc")),
            }],
            seal: None,
        }
    }

    #[test]
    fn one_bit_anywhere_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(MANIFEST);
        let text = manifest().sealed();
        fs::write(&path, &text).unwrap();
        let read = Manifest::read(folder.path()).unwrap();
        assert_eq!(Manifest { seal: None, ..read }, manifest());
        assert!(text.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                fs::write(&path, &bytes).unwrap();
                assert!(Manifest::read(folder.path()).is_err(), "bit {bit} of byte {place}");
            }
        }
        for length in 0..text.len() {
            fs::write(&path, &text[..length]).unwrap();
            assert!(Manifest::read(folder.path()).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_newer_form_is_called_newer() {
        let folder = tempfile::tempdir().unwrap();
        let newer = r#"{"format": 2, "shards": []}"#;
        fs::write(folder.path().join(MANIFEST), newer).unwrap();
        let error = Manifest::read(folder.path()).unwrap_err();
        assert!(error.text().contains("form 2") && error.text().contains("newer program"));
    }
}

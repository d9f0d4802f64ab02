//! A folder in the making: filled aside as `NAME.part`, and there under its name only when all of it is
//! on the disk. What a run leaves that was stopped, the next run to the same place clears away.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use protocol::ids::Hashing;

use super::manifest::{MANIFEST, Sha256};
use crate::failure::Failure;
use crate::home::{Home, LOCK};

/// How many bytes of a file are copied at once.
const AT_ONCE: usize = 1 << 20;

/// A folder that is being filled.
#[derive(Debug)]
pub(crate) struct Making {
    part: PathBuf,
    to: PathBuf,
    /// Whoever makes the same folder waits, or is told.
    _lock: Home,
    done: bool,
}

impl Making {
    /// Begins a folder that is to be `to`, which must not be there, or be an empty folder.
    pub(crate) fn begin(to: &Path) -> Result<Self, Failure> {
        let name = to.file_name().ok_or_else(|| {
            Failure::misused(format!("{} is no name for a new folder", to.display()))
        })?;
        let mut part_name = name.to_owned();
        part_name.push(".part");
        let part = to.with_file_name(part_name);
        let made = fs::DirBuilder::new().mode(0o700).create(&part);
        let made_now = made.is_ok();
        match made {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => is_ours(&part)?,
            Err(error) => return Err(Failure::io("cannot make", &part, &error)),
        }
        let lock = Home::lock(&part).inspect_err(|failure| {
            // Whoever made it anew, and nobody else has it: nothing is left in the way.
            if made_now && !failure.is_in_use() {
                let _ = fs::remove_dir_all(&part);
            }
        })?;
        for file in names(&part)? {
            if file.file_name().is_none_or(|name| name != LOCK) {
                let removed = fs::remove_file(&file);
                removed.map_err(|error| Failure::io("cannot remove", &file, &error))?;
            }
        }
        Ok(Self { part, to: to.to_owned(), _lock: lock, done: false })
    }

    /// Where it is filled.
    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// Puts it in its place; it is on the disk, and whole, when this returns. A data directory keeps
    /// its lock file, which is another program's from then on.
    pub(crate) fn finish(mut self, keep_lock: bool) -> Result<(), Failure> {
        let cannot = |error: &io::Error| Failure::io("cannot write", &self.to, error);
        let finish = || {
            if !keep_lock {
                fs::remove_file(self.part.join(LOCK))?;
            }
            File::open(&self.part)?.sync_all()?;
            fs::rename(&self.part, &self.to)?;
            let above = self.to.parent().filter(|above| !above.as_os_str().is_empty());
            File::open(above.unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        finish().map_err(|error| cannot(&error))?;
        self.done = true;
        Ok(())
    }
}

/// A folder that an earlier run left: it has a lock, or nothing at all, or is a whole backup that was not put in its place; and
/// no folders in it.
fn is_ours(part: &Path) -> Result<(), Failure> {
    let files = names(part)?;
    let has = |name: &str| part.join(name).is_file();
    let ours = files.is_empty() || has(LOCK) || has(MANIFEST);
    if ours && files.iter().all(|file| file.is_file()) {
        return Ok(());
    }
    Err(Failure::io("cannot use", part, &"it is there already, and not of mychips: move it away"))
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let names: io::Result<Vec<PathBuf>> = read();
    names.map_err(|error| Failure::io("cannot read", folder, &error))
}

impl Drop for Making {
    fn drop(&mut self) {
        if !self.done {
            // What cannot be removed the next run clears away.
            let _ = fs::remove_dir_all(&self.part);
        }
    }
}

/// Copies a file into a new one that only its owner reads, and onto the disk; says how long it is, and
/// the hash of what was copied. Where there is nowhere to copy it to, it is only looked at.
pub(crate) fn copy_file(from: &Path, to: Option<&Path>) -> Result<(u64, Sha256), Failure> {
    let cannot_read = |error: &io::Error| Failure::io("cannot read", from, error);
    let mut file = File::open(from).map_err(|error| cannot_read(&error))?;
    let (mut hashing, mut bytes) = (Hashing::begin(), 0);
    let mut piece = vec![0; AT_ONCE];
    let mut target = to.map(|to| new_file(to).map(|file| (to, file))).transpose()?;
    loop {
        let many = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(many) => many,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(cannot_read(&error)),
        };
        let piece = &piece[..many];
        hashing.add(piece);
        bytes += u64::try_from(many).unwrap_or(u64::MAX);
        if let Some((to, file)) = &mut target {
            let written = file.write_all(piece);
            written.map_err(|error| Failure::io("cannot write", to, &error))?;
        }
    }
    if let Some((to, file)) = target {
        file.sync_all().map_err(|error| Failure::io("cannot write", to, &error))?;
    }
    Ok((bytes, Sha256::of(hashing.end())))
}

fn new_file(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.map_err(|error| Failure::io("cannot write", path, &error))
}

/// Keeps a file from the eyes of others.
pub(crate) fn only_for_owner(path: &Path) -> Result<(), Failure> {
    let kept = fs::set_permissions(path, Permissions::from_mode(0o600));
    kept.map_err(|error| Failure::io("cannot change", path, &error))
}

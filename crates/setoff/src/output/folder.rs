//! The files of a result, written aside and moved into place whole: aside is beside a folder
//! that is to come, and inside one that is there, which stays the same folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use thiserror::Error;

use super::{csv, html};
use crate::Outcome;

/// The names of the files that a result may consist of.
pub const FILES: [&str; 6] =
    ["setoff.csv", "residual.csv", "positions.csv", "circles.csv", "refused.csv", "report.html"];

/// The names of a result's files: all of [`FILES`], without `circles.csv` where the explanation is
/// left out. Where the first one is, all are, and of one run.
pub fn files(outcome: &Outcome) -> Vec<&'static str> {
    let explained = outcome.circles.is_some();
    FILES.into_iter().filter(|name| explained || *name != "circles.csv").collect()
}

/// Why the files cannot be written.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is something already.
    #[error(
        "{} is not empty; name another folder, or replace the files of an earlier run in it with \
         --force",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// There is a file of that name.
    #[error("{} is a file; name a folder", .0.display())]
    NotAFolder(PathBuf),
    /// What the file system says.
    #[error("cannot write {}: {error}", .path.display())]
    Io {
        /// What was being written.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// The unfinished folders of this process, for [`discard_partial`]; none once it was called.
static PARTIAL: Mutex<Option<BTreeSet<PathBuf>>> = Mutex::new(Some(BTreeSet::new()));

/// Removes what a run has written so far, for a program that is told to stop. Afterwards nothing
/// more is begun or moved into place.
pub fn discard_partial() {
    for path in lock().take().unwrap_or_default() {
        // The writer may be creating a file at this moment: the second try gets it.
        if fs::remove_dir_all(&path).is_err() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// A folder that may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    force: bool,
}

impl Folder {
    /// Accepts a folder that does not exist yet or is empty; with `force` any folder: then our
    /// files in it are replaced and everything else is left alone.
    ///
    /// # Errors
    /// [`FolderError`] where it is no folder, not empty, or cannot be looked at.
    pub fn new(path: &Path, force: bool) -> Result<Self, FolderError> {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
                return Ok(Self { path: path.to_owned(), force });
            }
            Err(error) => return Err(FolderError::Io { path: path.to_owned(), error }),
        };
        let path = path.to_owned();
        if !real.is_dir() {
            return Err(FolderError::NotAFolder(path));
        }
        match is_empty(&real) {
            // Links are followed now, because a folder cannot be moved onto a link.
            Ok(empty) if empty || force => {
                no_folder_in_the_way(&real)?;
                Ok(Self { path: real, force })
            }
            Ok(_) => Err(FolderError::NotEmpty(path)),
            Err(error) => Err(FolderError::Io { path, error }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the files aside and moves them into place when all are complete.
    ///
    /// `title` names the table in the report.
    ///
    /// # Errors
    /// [`FolderError::Io`], and [`FolderError::NotEmpty`] where somebody else has filled the folder
    /// since it was accepted; nothing half-written is then left.
    pub fn write(&self, outcome: &Outcome, title: &str) -> Result<(), FolderError> {
        let target = std::path::absolute(&self.path).map_err(at(&self.path))?;
        // A folder that is there may be somebody's working directory, or on a disk of its own.
        let aside = if target.is_dir() { &target } else { target.parent().unwrap_or(&target) };
        fs::create_dir_all(aside).map_err(at(aside))?;
        let partial = Partial::new(aside).map_err(at(aside))?;
        let names = files(outcome);
        for name in &names {
            let file = partial.path.join(name);
            write_file(&file, name, outcome, title).map_err(at(&file))?;
        }
        partial.move_to(&target, &names, self.force)
    }
}

/// What the file system says about `path`.
fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |error| FolderError::Io { path, error }
}

fn write_file(path: &Path, name: &str, outcome: &Outcome, title: &str) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, File::create_new(path)?);
    match name {
        "setoff.csv" => csv::setoff(outcome, &mut out)?,
        "residual.csv" => csv::residual(outcome, &mut out)?,
        "positions.csv" => csv::positions(outcome, &mut out)?,
        "circles.csv" => {
            csv::circles(outcome, outcome.circles.as_deref().unwrap_or_default(), &mut out)?;
        }
        "refused.csv" => csv::refused(outcome, &mut out)?,
        _ => out.write_all(html::report(outcome, title).as_bytes())?,
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Whether nothing is in a folder but what runs at this moment, or ones that were killed, put aside.
fn is_empty(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(PARTIAL_START) && name.ends_with(PARTIAL_END)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses a folder in which one of our files cannot be put.
fn no_folder_in_the_way(target: &Path) -> Result<(), FolderError> {
    match FILES.map(|name| target.join(name)).into_iter().find(|file| file.is_dir()) {
        Some(file) => Err(at(&file)(io::ErrorKind::IsADirectory.into())),
        None => Ok(()),
    }
}

/// How the name of a [`Partial`] begins and ends.
const PARTIAL_START: &str = ".mychips-";
const PARTIAL_END: &str = ".partial";

/// A folder of files on their way; removed unless moved into place.
struct Partial {
    path: PathBuf,
}

impl Partial {
    /// Makes a folder in `aside`, named after this process.
    fn new(aside: &Path) -> io::Result<Self> {
        let mut partial = lock();
        let partial = partial.as_mut().ok_or(io::ErrorKind::Interrupted)?;
        let process = std::process::id();
        for attempt in 0u8..=u8::MAX {
            let path = aside.join(format!("{PARTIAL_START}{process}-{attempt}{PARTIAL_END}"));
            match fs::create_dir(&path) {
                Ok(()) => {
                    partial.insert(path.clone());
                    return Ok(Self { path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Becomes the folder where there is none yet; else its files go into it one by one.
    fn move_to(self, target: &Path, names: &[&str], force: bool) -> Result<(), FolderError> {
        let mut partial = lock();
        let Some(partial) = partial.as_mut() else {
            return Err(at(target)(io::ErrorKind::Interrupted.into()));
        };
        if !target.is_dir() {
            match fs::rename(&self.path, target) {
                // Another run was quicker.
                Err(_) if target.is_dir() => {}
                moved => {
                    moved.map_err(at(target))?;
                    partial.remove(&self.path);
                    return Ok(());
                }
            }
        }
        if !force && !is_empty(target).map_err(at(target))? {
            return Err(FolderError::NotEmpty(target.to_owned()));
        }
        no_folder_in_the_way(target)?;
        // Whoever ends us in between leaves no mixture of two runs, and what lacks its first file is
        // seen to be unfinished.
        for name in FILES {
            let file = target.join(name);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(at(&file)(error));
                }
                _ => {}
            }
        }
        for name in names.iter().rev() {
            fs::rename(self.path.join(name), target.join(name)).map_err(at(&target.join(name)))?;
        }
        fs::remove_dir(&self.path).map_err(at(&self.path))?;
        partial.remove(&self.path);
        Ok(())
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<BTreeSet<PathBuf>>> {
    PARTIAL.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Drop for Partial {
    fn drop(&mut self) {
        let mut partial = lock();
        if partial.as_mut().is_some_and(|partial| partial.remove(&self.path)) {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_in_the_middle_is_no_mixture_of_two_runs() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path();
        for name in FILES {
            fs::write(target.join(name), "old").unwrap();
        }
        let partial = Partial::new(target).unwrap();
        // One file is missing: moving ends there, as it would where the program is killed.
        for name in FILES.iter().filter(|name| **name != "positions.csv") {
            fs::write(partial.path.join(name), "new").unwrap();
        }
        assert!(partial.move_to(target, &FILES, true).is_err());
        assert!(!target.join("setoff.csv").exists(), "it is not finished");
        let left = FILES.map(|name| fs::read_to_string(target.join(name)));
        assert!(left.iter().flatten().all(|text| text == "new"), "{left:?}");
        assert!(left.iter().flatten().count() > 0);
    }
}

//! What the device keeps of one tally, in a file of its own: what both signed, every chit that it saw
//! on the chain, with what proves those of lifts between sites, what its user signed, and the agent's last word for the chain. Lines are added, never
//! changed; one that was cut short is passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use protocol::chit::Chit;
use protocol::export::LiftProof;
use protocol::ledger::Ack;
use protocol::negotiation::Version;
use protocol::record::Record;
use protocol::{ChitId, Hash, LiftId, Moved, Tally};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The most bytes kept of one tally: some 150,000 chits.
pub(crate) const MAX_KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// The folders in which names are made with the first file: the user's, `kept`, and the key folder.
const FOLDERS: usize = 3;

/// A line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    /// What both signed; the highest revision governs, whichever was written last.
    Tally(Box<Tally>),
    /// A chit that was on the site's chain.
    Chit(Box<Chit>),
    /// What the user signed, before the site was asked to take it.
    Signed(Box<Chit>),
    /// An offer that the user signed, before the site was asked to take it; the highest counts.
    Offered(Box<Tally>),
    /// What proves the chit of a lift between sites that was on the site's chain.
    Lift(Box<LiftProof>),
    /// What a user said about its agent.
    Moved(Box<Moved>),
    /// The agent's signed word for a chain whose chits all are here.
    Head(Box<Ack>),
}

/// What is kept of a tally.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    bytes: u64,
    /// Whether the last line was cut short.
    cut: bool,
    known: BTreeSet<Hash>,
    /// Held until this is dropped; none where it is only read or added to.
    _lock: Option<File>,
    pub(super) tally: Option<Tally>,
    /// Which version that is.
    pub(super) version: Option<Version>,
    /// In the order in which they were seen.
    pub(super) chits: Vec<(Hash, Chit)>,
    /// What proves chits of lifts between sites.
    pub(super) lifts: BTreeMap<LiftId, LiftProof>,
    pub(super) signed: BTreeMap<ChitId, Chit>,
    /// The highest offer that the user signed.
    pub(super) offer: Option<Tally>,
    /// What the users said about their agents, in the order in which it was seen.
    pub(super) moved: Vec<Moved>,
    pub(super) head: Option<Ack>,
    /// How many of the chits were there when that word was kept.
    pub(super) vouched: usize,
}

impl Kept {
    /// The same as [`Self::read`], for whoever compares: nobody else does meanwhile. Two at once could
    /// keep a word for a chain below a chit that is not on it.
    pub(super) fn locked(path: PathBuf) -> Result<Self, Failure> {
        let lock = || {
            make_folder(&path)?;
            let file = to_append().open(&path)?;
            file.lock()?;
            Ok::<_, io::Error>(file)
        };
        let lock = lock().map_err(|error| Failure::io("cannot lock", &path, &error))?;
        Ok(Self { _lock: Some(lock), ..Self::read(path)? })
    }

    /// What the file of a tally holds; nothing where there is none.
    pub(super) fn read(path: PathBuf) -> Result<Self, Failure> {
        let mut kept = Self {
            path,
            bytes: 0,
            cut: false,
            known: BTreeSet::new(),
            _lock: None,
            tally: None,
            version: None,
            chits: Vec::new(),
            lifts: BTreeMap::new(),
            signed: BTreeMap::new(),
            offer: None,
            moved: Vec::new(),
            head: None,
            vouched: 0,
        };
        let bytes = match fs::read(&kept.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(kept),
            Err(error) => return Err(Failure::io("cannot read", &kept.path, &error)),
        };
        kept.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        kept.cut = bytes.last().is_some_and(|last| *last != b'\n');
        for line in bytes.split(|byte| *byte == b'\n') {
            // Others were cut short, or are empty ones between.
            if let Ok(line) = serde_json::from_slice(line) {
                kept.take(line);
            }
        }
        Ok(kept)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Tally(tally) => {
                let version = Version::of(&tally).ok();
                if version >= self.version {
                    (self.tally, self.version) = (Some(*tally), version);
                }
            }
            Line::Chit(chit) => {
                if let Ok(hash) = chit.hash()
                    && self.known.insert(hash)
                {
                    self.chits.push((hash, *chit));
                }
            }
            Line::Signed(chit) => {
                self.signed.insert(chit.uuid, *chit);
            }
            Line::Offered(offer) => {
                let revision = |offer: &Tally| offer.members().revision;
                if self.offer.as_ref().is_none_or(|kept| revision(kept) <= revision(&offer)) {
                    self.offer = Some(*offer);
                }
            }
            Line::Lift(proof) => {
                if let Ok(lift) = proof.record.id() {
                    self.lifts.insert(lift, *proof);
                }
            }
            Line::Moved(moved) => {
                if !self.moved.contains(&moved) {
                    self.moved.push(*moved);
                }
            }
            Line::Head(word) => {
                self.head = Some(*word);
                self.vouched = self.chits.len();
            }
        }
    }

    /// Whether a chit is kept that was on the chain.
    pub(super) fn has(&self, chit: &Hash) -> bool {
        self.known.contains(chit)
    }

    /// Adds lines; they are on the disk when this returns.
    pub(super) fn add(&mut self, lines: &[Line]) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        // What was cut must not run into the first of these.
        let mut text = if self.cut { "\n".to_owned() } else { String::new() };
        for line in lines {
            text += &serde_json::to_string(line)
                .map_err(|error| Failure::io("cannot write", &self.path, &error))?;
            text.push('\n');
        }
        let more = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if self.bytes.saturating_add(more) > MAX_KEPT_BYTES {
            return Err(Failure::refused(
                "kept_full",
                format!(
                    "{} is full: nothing more of this tally is kept; move the file to a safe place, \
                     and a new one is begun",
                    self.path.display()
                ),
            ));
        }
        let written = append(&self.path, text.as_bytes(), self.bytes == 0);
        written.map_err(|error| Failure::io("cannot write", &self.path, &error))?;
        (self.bytes, self.cut) = (self.bytes + more, false);
        lines.iter().cloned().for_each(|line| self.take(line));
        Ok(())
    }
}

fn append(path: &Path, bytes: &[u8], new: bool) -> io::Result<()> {
    make_folder(path)?;
    let mut file = to_append().open(path)?;
    // In one piece: two programs at once cut nothing of each other's.
    file.write_all(bytes)?;
    file.sync_data()?;
    if new {
        // Its name is on the disk too, and the names of the folders that were made for it.
        for folder in path.ancestors().skip(1).take(FOLDERS) {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn to_append() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use protocol::chit::{Entry, Written};
    use protocol::{SecretKey, Side, TallyId, Units};

    use super::*;

    fn chit(number: u8) -> Chit {
        let units = Units::new(5).unwrap().try_into().unwrap();
        let chit = Chit {
            uuid: ChitId::random([number; 16]),
            tally: TallyId::random([1; 16]),
            by: Side::Foil,
            date: "2026-11-22T10:00:00.000Z".parse().unwrap(),
            entry: Entry::Tran { units, written: Written::default() },
        };
        chit.signed(&SecretKey::ed25519(&[1; 32])).unwrap()
    }

    fn line(number: u8) -> Line {
        Line::Chit(Box::new(chit(number)))
    }

    fn chits(kept: &Kept) -> Vec<Chit> {
        kept.chits.iter().map(|(_, chit)| chit.clone()).collect()
    }

    #[test]
    fn wherever_it_is_cut_all_whole_lines_are_kept_and_more_can_be_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept/ann/tally.jsonl");
        let read = || Kept::read(path.clone()).unwrap();
        let mut kept = read();
        assert!(chits(&kept).is_empty() && !kept.cut);
        kept.add(&[line(1), Line::Signed(Box::new(chit(9)))]).unwrap();
        kept.add(&[line(2), line(1)]).unwrap();
        assert_eq!(chits(&read()), [chit(1), chit(2)]);
        assert_eq!(read().signed[&chit(9).uuid], chit(9));
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let before = chits(&read());
            read().add(&[line(7)]).unwrap();
            let after = chits(&read());
            assert_eq!(after.last(), Some(&chit(7)), "cut at {length}");
            assert!(after.len() > before.len() && after.starts_with(&before));
        }
    }

    /// A chit that another command keeps between a look at the chain and the word for it would count as
    /// one that the word is for.
    #[test]
    fn one_compares_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept/ann/tally.jsonl");
        let other = || File::open(&path).unwrap();
        let mut first = Kept::locked(path.clone()).unwrap();
        other().try_lock().unwrap_err();
        first.add(&[line(1)]).unwrap();
        // What is signed meanwhile waits for nobody.
        Kept::read(path.clone()).unwrap().add(&[Line::Signed(Box::new(chit(9)))]).unwrap();
        drop(first);
        other().try_lock().unwrap();
        let second = Kept::locked(path.clone()).unwrap();
        assert_eq!((chits(&second), second.signed.len()), (vec![chit(1)], 1));
    }

    #[test]
    fn it_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tally.jsonl");
        let file = File::create(&path).unwrap();
        file.set_len(MAX_KEPT_BYTES - 10).unwrap();
        let mut kept =
            Kept { bytes: MAX_KEPT_BYTES - 10, ..Kept::read(folder.path().join("no")).unwrap() };
        kept.path = path.clone();
        let full = kept.add(&[line(1)]).unwrap_err();
        assert!(full.text().contains("is full"), "{}", full.text());
        assert_eq!(fs::metadata(path).unwrap().len(), MAX_KEPT_BYTES - 10);
    }
}

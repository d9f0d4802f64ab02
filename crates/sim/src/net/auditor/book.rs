//! The auditor's book: what people signed and what they were told is done, written down as it happened. It
//! is kept apart from the sites, and never asks them.

use std::collections::{BTreeMap, BTreeSet};

use protocol::chit::{Chit, Entry, Set};
use protocol::{Hash, Record as _, Side, Tally, TallyId};

use crate::net::broken::{Broken, Sim};

/// A chit that somebody signed.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Who signed it.
    pub(crate) who: usize,
    /// The record with its signature.
    pub(crate) text: String,
    pub(crate) tally: TallyId,
    pub(crate) by: Side,
    /// What it gives, in milli-CHIPs; 0 for settings.
    pub(crate) milli: i64,
    pub(crate) set: Option<Set>,
}

/// Something that somebody was told is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) chit: Hash,
    /// In which epoch of its site.
    pub(crate) epoch: u64,
}

/// What was signed and told.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) chits: BTreeMap<Hash, Written>,
    /// Who signed tallies of this hash.
    tallies: BTreeMap<Hash, BTreeSet<usize>>,
    /// Who is on which side of a tally.
    pub(crate) sides: BTreeMap<(TallyId, Side), usize>,
    pub(crate) told: BTreeMap<(usize, TallyId), Vec<Told>>,
    /// Tallies that somebody was told it has signed with its partner.
    pub(crate) agreed: BTreeMap<(usize, TallyId), u32>,
}

impl Book {
    /// Somebody signs a chit.
    pub(crate) fn signs(&mut self, who: usize, chit: &Chit) -> Sim<Hash> {
        let broken = |error: protocol::JsonError| Broken::harness(&error.to_string());
        let hash = chit.hash().map_err(broken)?;
        let text = chit.to_text().map_err(broken)?.to_string();
        let (milli, set) = match &chit.entry {
            Entry::Tran { units, .. } => (units.get().milli(), None),
            Entry::Set { set, .. } => (0, Some(*set)),
            _ => (0, None),
        };
        let (tally, by) = (chit.tally, chit.by);
        self.chits.insert(hash, Written { who, text, tally, by, milli, set });
        Ok(hash)
    }

    /// Somebody signs a tally.
    pub(crate) fn agrees(&mut self, who: usize, tally: &Tally) -> Sim<()> {
        let hash = tally.hash().map_err(|error| Broken::harness(&error.to_string()))?;
        self.tallies.entry(hash).or_default().insert(who);
        Ok(())
    }

    /// Whether somebody has signed the tally of this hash.
    pub(crate) fn has_agreed(&self, who: usize, tally: &Hash) -> bool {
        self.tallies.get(tally).is_some_and(|signers| signers.contains(&who))
    }

    /// Somebody was told that its chit is taken.
    pub(crate) fn is_told(&mut self, who: usize, tally: TallyId, chit: Hash, epoch: u64) {
        self.told.entry((who, tally)).or_default().push(Told { chit, epoch });
    }

    /// Somebody was told that a revision is signed by both.
    pub(crate) fn is_told_agreed(&mut self, who: usize, tally: TallyId, revision: u32) {
        let highest = self.agreed.entry((who, tally)).or_default();
        *highest = revision.max(*highest);
    }
}

//! A half's history: fetched from the store as far as a step needs it, and what was added to it
//! since and is not written yet.

use std::collections::BTreeMap;

use protocol::chit::Chit;
use protocol::ledger::{Change, Head, Link, Links, Missing};
use protocol::record::Record;
use protocol::{ChitId, Hash};
use store::{HalfId, LinkRow, View};

use crate::error::SiteError;

/// How many links are fetched at once: a step seldom needs more than two messages hold.
const AT_ONCE: u32 = 64;

/// How many links of a half are remembered from one transaction to the next: as many as one message
/// holds, since the next one may say them again.
const REMEMBERED: usize = protocol::ledger::MAX_CHITS_IN_UPD;

/// What of a half's history is at hand.
#[derive(Default)]
pub(crate) struct History {
    links: BTreeMap<u64, Link>,
    places: BTreeMap<Hash, Option<u64>>,
    names: BTreeMap<ChitId, Vec<Hash>>,
    /// The end of the chain that is not written yet.
    new: Option<Change>,
}

impl History {
    /// A history of which these links are at hand.
    pub(crate) fn of(links: Vec<Link>) -> Self {
        let links = links.into_iter().map(|link| (link.head.index, link)).collect();
        Self { links, ..Self::default() }
    }

    /// Fetches what was missing.
    pub(crate) async fn fetch(
        &mut self,
        view: &mut View,
        half: HalfId,
        missing: Missing,
    ) -> Result<(), SiteError> {
        match missing {
            Missing::Links { first, last } => {
                let mut next = first;
                while next <= last {
                    let rows = view.links(half, next, AT_ONCE).await?;
                    // What a step adds at the end is asked for too, and is not here yet.
                    let Some(newest) = rows.last() else { break };
                    next = newest.index + 1;
                    for row in &rows {
                        self.links.insert(row.index, link(row)?);
                    }
                }
                if self.link(first).is_err() {
                    return Err(SiteError::History { index: first });
                }
            }
            Missing::Place(hash) => {
                let rows = view.links_by_chit(&[(half, hash)]).await?;
                self.places.insert(hash, rows.first().map(|row| row.index));
            }
            Missing::Named(name) => {
                let rows = view.links_by_uuid(&[(half, name)]).await?;
                self.names.insert(name, rows.iter().map(|row| row.chit).collect());
            }
        }
        Ok(())
    }

    /// Takes in what the store says of a chit: `rows` are all links of its name in this half.
    pub(crate) fn learn(&mut self, name: ChitId, chit: Hash, rows: &[&LinkRow]) {
        self.names.insert(name, rows.iter().map(|row| row.chit).collect());
        let place = rows.iter().find(|row| row.chit == chit);
        self.places.insert(chit, place.map(|row| row.index));
    }

    /// The chain gets another end.
    pub(crate) fn change(&mut self, change: Change) {
        match &mut self.new {
            Some(new) if change.keep >= new.keep => {
                let stay = usize::try_from(change.keep - new.keep).unwrap_or(usize::MAX);
                new.then.truncate(stay);
                new.then.extend(change.then);
            }
            new => *new = Some(change),
        }
    }

    /// The end that is not written yet.
    pub(crate) const fn new_end(&self) -> Option<&Change> {
        self.new.as_ref()
    }

    /// The last links, once all are written, of those after an index.
    pub(crate) fn after(mut self, index: u64) -> Vec<Link> {
        if let Some(new) = self.new {
            self.links.retain(|place, _| *place <= new.keep);
            self.links.extend(new.then.into_iter().map(|link| (link.head.index, link)));
        }
        let later = self.links.split_off(&index.saturating_add(1));
        later.into_values().take(REMEMBERED).collect()
    }
}

/// A link as it was kept.
pub(crate) fn link(row: &LinkRow) -> Result<Link, SiteError> {
    let chit = Chit::read(row.text.as_bytes())?;
    let head = Head { index: row.index, hash: row.link };
    Ok(Link { head, chit_hash: row.chit, chit })
}

/// What is new stands for itself; in what is written, nothing after it counts.
impl Links for History {
    fn link(&self, index: u64) -> Result<Link, Missing> {
        let found = match &self.new {
            Some(new) if index > new.keep => {
                let place = usize::try_from(index - new.keep - 1).unwrap_or(usize::MAX);
                new.then.get(place)
            }
            _ => self.links.get(&index),
        };
        found.cloned().ok_or(Missing::Links { first: index, last: index })
    }

    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing> {
        let new = self.new.iter().flat_map(|new| &new.then);
        match new.into_iter().find(|link| link.chit_hash == *chit) {
            Some(link) => Ok(Some(link.head.index)),
            // A chit is never taken off a chain: where it is not among what is new, it stands where
            // it stood.
            None => self.places.get(chit).copied().ok_or(Missing::Place(*chit)),
        }
    }

    fn named(&self, uuid: &ChitId) -> Result<Vec<Hash>, Missing> {
        let mut named = self.names.get(uuid).cloned().ok_or(Missing::Named(*uuid))?;
        let new = self.new.iter().flat_map(|new| &new.then);
        for link in new.filter(|link| link.chit.uuid == *uuid) {
            if !named.contains(&link.chit_hash) {
                named.push(link.chit_hash);
            }
        }
        Ok(named)
    }
}

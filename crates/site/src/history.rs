//! A half's history, fetched from the store as far as a step needs it.

use std::collections::BTreeMap;

use protocol::chit::Chit;
use protocol::ledger::{Head, Link, Links, Missing};
use protocol::record::Record;
use protocol::{ChitId, Hash};
use store::{HalfId, LinkRow, View};

use crate::error::SiteError;

/// How many links are fetched at once: a step seldom needs more than two messages hold.
const AT_ONCE: u32 = 64;

/// What of a half's history is at hand.
#[derive(Default)]
pub(crate) struct History {
    links: BTreeMap<u64, Link>,
    places: BTreeMap<Hash, Option<u64>>,
    names: BTreeMap<ChitId, Option<Hash>>,
}

impl History {
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
                if !self.links.contains_key(&first) {
                    return Err(SiteError::History { index: first });
                }
            }
            Missing::Place(hash) => {
                let rows = view.links_by_chit(&[(half, hash)]).await?;
                self.places.insert(hash, rows.first().map(|row| row.index));
            }
            Missing::Named(name) => {
                let rows = view.links_by_uuid(&[(half, name)]).await?;
                self.names.insert(name, rows.first().map(|row| row.chit));
            }
        }
        Ok(())
    }
}

/// A link as it was kept.
pub(crate) fn link(row: &LinkRow) -> Result<Link, SiteError> {
    let chit = Chit::read(row.text.as_bytes())?;
    let head = Head { index: row.index, hash: row.link };
    Ok(Link { head, chit_hash: row.chit, chit })
}

impl Links for History {
    fn link(&self, index: u64) -> Result<Link, Missing> {
        let missing = Missing::Links { first: index, last: index };
        self.links.get(&index).cloned().ok_or(missing)
    }

    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing> {
        self.places.get(chit).copied().ok_or(Missing::Place(*chit))
    }

    fn named(&self, uuid: &ChitId) -> Result<Option<Hash>, Missing> {
        self.names.get(uuid).copied().ok_or(Missing::Named(*uuid))
    }
}

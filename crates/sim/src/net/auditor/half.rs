//! What must hold of one half at any moment.

use std::collections::BTreeSet;

use protocol::chit::Set;
use protocol::{ChitId, Hash, Side, TallyId};
use site::{Governing, Summary};
use store::LinkRow;

use super::book::Book;
use crate::net::broken::{Broken, Invariant, Sim};

/// A half as it was seen last.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    pub(crate) version: u64,
    pub(crate) epoch: u64,
    pub(crate) who: usize,
    pub(crate) tally: TallyId,
    pub(crate) side: Side,
    pub(crate) status: String,
    /// Hashes of the chits, in order.
    pub(crate) chits: Vec<Hash>,
    pub(crate) agreed: u64,
    pub(crate) balance: i128,
    pub(crate) signed: Option<(u32, Hash)>,
    /// It went back, and has not settled with its partner since.
    pub(crate) went_back: bool,
    pub(crate) waiting: bool,
}

/// A half as it is read.
pub(super) struct Reading<'a> {
    pub(super) who: usize,
    pub(super) name: String,
    pub(super) shown: &'a Summary,
    pub(super) signed: Option<(u32, Hash)>,
    pub(super) links: &'a [LinkRow],
    pub(super) governing: Option<Governing>,
}

impl Reading<'_> {
    fn broken(&self, invariant: Invariant, what: &str) -> Broken {
        Broken::new(invariant, format!("{}: {what}", self.name))
    }

    /// All that can be said of the half by itself.
    pub(super) fn check(&self, book: &Book) -> Sim<()> {
        self.signatures(book)?;
        self.chain()?;
        self.once()?;
        self.balance(book)?;
        self.settings(book)?;
        self.agreement(book)
    }

    fn signatures(&self, book: &Book) -> Sim<()> {
        for row in self.links {
            let fault = |what: &str| {
                let what = format!("link {}, {}: {what}", row.index, row.text);
                Err(self.broken(Invariant::OwnSignature, &what))
            };
            let Some(written) = book.chits.get(&row.chit) else {
                return fault("nobody signed this chit");
            };
            if written.text != row.text {
                return fault("what was signed is another text");
            }
            if written.tally != self.shown.tally
                || book.sides.get(&(written.tally, written.by)) != Some(&written.who)
            {
                return fault("it was signed by somebody else, or for another tally");
            }
        }
        Ok(())
    }

    fn chain(&self) -> Sim<()> {
        let Some(head) = self.shown.head else {
            return if self.links.is_empty() {
                Ok(())
            } else {
                Err(self.broken(Invariant::Chain, "chits before anybody signed"))
            };
        };
        let Some((_, genesis)) = self.signed else {
            return Err(self.broken(Invariant::Agreement, "open, and nothing is signed"));
        };
        let (mut index, mut prior) = (0, genesis);
        for row in self.links {
            index += 1;
            let text = format!(
                r#"{{"chit":"{}","index":{index},"kind":"link","prior":"{prior}","tally":"{}","v":1}}"#,
                row.chit, self.shown.tally
            );
            prior = Hash::of(text.as_bytes());
            if (row.index, row.link) != (index, prior) {
                let what = format!("link {index} is not what it has to be");
                return Err(self.broken(Invariant::Chain, &what));
            }
        }
        if (head.index, head.hash) == (index, prior) {
            Ok(())
        } else {
            Err(self.broken(Invariant::Chain, "the head is not the last link"))
        }
    }

    fn once(&self) -> Sim<()> {
        let mut chits: BTreeSet<Hash> = BTreeSet::new();
        let mut names: BTreeSet<ChitId> = BTreeSet::new();
        for row in self.links {
            if !chits.insert(row.chit) || !names.insert(row.uuid) {
                let what = format!("chit {} stands twice", row.uuid);
                return Err(self.broken(Invariant::Once, &what));
            }
        }
        Ok(())
    }

    fn balance(&self, book: &Book) -> Sim<()> {
        let effect = |row: &LinkRow| {
            let written = book.chits.get(&row.chit);
            let given = written.map_or(0, |written| i128::from(written.milli));
            if row.by == self.shown.side { -given } else { given }
        };
        let (sum, shown) = (self.links.iter().map(effect).sum::<i128>(), self.shown.balance_milli);
        if sum == shown {
            return Ok(());
        }
        let what = format!("its chain sums to {sum}, and it shows {shown}");
        Err(self.broken(Invariant::Balance, &what))
    }

    /// The highest counter is in force, wherever it stands.
    fn settings(&self, book: &Book) -> Sim<()> {
        let Some(governing) = self.governing else { return Ok(()) };
        let sets = |by: Side| {
            let written = self.links.iter().filter_map(|row| book.chits.get(&row.chit));
            written.filter(move |written| written.by == by).filter_map(|written| written.set)
        };
        let highest = |by| sets(by).max_by_key(|set: &Set| set.counter);
        let (ours, theirs) = (highest(self.shown.side), highest(self.shown.side.other()));
        let shown = governing.set;
        if shown != ours {
            let what = format!("its own settings in force are {shown:?}, not {ours:?}");
            return Err(self.broken(Invariant::Settings, &what));
        }
        if let Some(theirs) = theirs.filter(|set| governing.partner.settings != set.settings) {
            // A side that asked to close lets only debts shrink.
            let closing = theirs.close || ours.is_some_and(|set| set.close);
            if !closing {
                let what = format!("its partner's settings in force are not {theirs:?}");
                return Err(self.broken(Invariant::Settings, &what));
            }
        }
        Ok(())
    }

    /// Whatever is open was signed by both, by their own hands.
    fn agreement(&self, book: &Book) -> Sim<()> {
        let Some((revision, hash)) = self.signed else { return Ok(()) };
        for side in Side::BOTH {
            let signer = book.sides.get(&(self.shown.tally, side));
            if !signer.is_some_and(|signer| book.has_agreed(*signer, &hash)) {
                let what = format!("the {} never signed revision {revision}", side.word());
                return Err(self.broken(Invariant::Agreement, &what));
            }
        }
        Ok(())
    }
}

/// Whether chits, a promise and its answer can stand on a half in this status.
pub(super) fn is_open(status: &str) -> bool {
    matches!(status, "open" | "offer.open" | "C.open" | "close")
}

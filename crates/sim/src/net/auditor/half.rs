//! What must hold of one half at any moment.

use std::collections::{BTreeMap, BTreeSet};

use protocol::chit::{Chit, Entry, Set};
use protocol::lift::Leg;
use protocol::{ChitId, Hash, LiftId, Record as _, Side, Sides, TallyId};
use site::{Governing, Summary};
use store::LinkRow;

use super::book::Book;
use super::lifts::Lifts;
use super::table::Laid;
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;

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
    /// What lifts add to its balance, in milli-CHIPs.
    pub(crate) lifts: BTreeMap<LiftId, i64>,
    pub(crate) agreed: u64,
    pub(crate) balance: i128,
    pub(crate) signed: Option<(u32, Hash)>,
    /// What each side grants the other, in milli-CHIPs.
    pub(crate) limits: Sides<i64>,
    /// It went back, and has not settled with its partner since.
    pub(crate) went_back: bool,
    pub(crate) waiting: bool,
    /// What lies on the table.
    pub(crate) laid: BTreeSet<Laid>,
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
    pub(super) fn check(
        &self,
        book: &Book,
        lifts: &Lifts,
        people: (&[Person], &BTreeSet<usize>),
    ) -> Sim<()> {
        self.signatures(book, lifts, people)?;
        self.chain()?;
        self.once()?;
        self.balance(book)?;
        self.settings(book)?;
        self.agreement(book)
    }

    fn signatures(
        &self,
        book: &Book,
        lifts: &Lifts,
        people: (&[Person], &BTreeSet<usize>),
    ) -> Sim<()> {
        for row in self.links {
            if let Some((leg, lift)) = leg(row) {
                self.proof(row, &leg, &lift, book, lifts, people)?;
                continue;
            }
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

    /// A lift's chit is good by what was decided, on a leg that both users' sites have promised.
    fn proof(
        &self,
        row: &LinkRow,
        leg: &Leg,
        lift: &LiftId,
        book: &Book,
        lifts: &Lifts,
        (people, liars): (&[Person], &BTreeSet<usize>),
    ) -> Sim<()> {
        let fault = |what: &str| {
            let what = format!("link {}, {}: {what}", row.index, row.text);
            Err(self.broken(Invariant::Proof, &what))
        };
        let names = Chit::read(row.text.as_bytes()).and_then(|chit| chit.hash());
        if leg.tally != self.shown.tally || names != Ok(row.chit) {
            return fault("this chit is another one");
        }
        if !lifts.is_valid(lift) {
            return fault("its lift is not valid");
        }
        for side in Side::BOTH {
            let home = book.sides.get(&(leg.tally, side)).and_then(|who| people.get(*who));
            // What a liar has promised it may have told nobody. Who was left out of a lift that liars laid out, with a key of
            // their own in its place, is given what the giver's site has promised, for nothing.
            let is_given = side != leg.by && !liars.is_empty() && lifts.has_stranger(lift);
            if is_given || home.is_some_and(|person| liars.contains(&person.home)) {
                continue;
            }
            if !home.is_some_and(|person| lifts.has_promised(lift, person.home, leg)) {
                return fault(&format!("the {}'s site has not promised it", side.word()));
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
            let written = book.chits.get(&row.chit).map(|written| written.milli);
            let lifted = || leg(row).map(|(leg, _)| leg.units.get().milli());
            let given = i128::from(written.or_else(lifted).unwrap_or(0));
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

/// The leg that a link is of, where it is a lift's.
fn leg(row: &LinkRow) -> Option<(Leg, LiftId)> {
    if row.kind != "lift" {
        return None;
    }
    let chit = Chit::read(row.text.as_bytes()).ok()?;
    let Entry::Lift { units, lift } = chit.entry else { return None };
    Some((Leg { tally: chit.tally, by: chit.by, units }, lift))
}

/// What the lifts on a chain add to the balance of the half on this side.
pub(super) fn lifts(links: &[LinkRow], side: Side) -> BTreeMap<LiftId, i64> {
    let effect = |(leg, lift): (Leg, LiftId)| {
        let units = leg.units.get().milli();
        (lift, if leg.by == side { -units } else { units })
    };
    links.iter().filter_map(leg).map(effect).collect()
}

/// Whether chits, a promise and its answer can stand on a half in this status.
pub(super) fn is_open(status: &str) -> bool {
    matches!(status, "open" | "offer.open" | "C.open" | "close")
}

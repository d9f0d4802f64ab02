//! The command line as a user's device: it checks what the site shows of the user's tallies, keeps every
//! chit and the agent's last word for the chain (`kept.rs`), and brings back what the site has lost.
//!
//! It is one for users whose key is in the key folder. Whatever goes wrong in here is said and keeps no
//! command from being done.

mod kept;

use std::collections::BTreeSet;

use protocol::chit::{Chit, Entry};
use protocol::ledger::{Head, Ledger, Link};
use protocol::record::Record;
use protocol::{ChitId, Cuid, Hash, Signed, Tally, TallyId, Verified};
use site::{Answer, Command, Summary, Wish};

use crate::failure::{self, Failure};
use crate::keys::Keys;
use crate::visit::Visit;
use kept::{Kept, Line};

pub(crate) use kept::MAX_KEPT_BYTES;

/// How many chits are brought back in one request: with the longest words they are a request that a
/// site takes.
const AT_ONCE: usize = 16;

/// What was brought back to a tally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Whether the site had no half of it.
    pub(crate) reopened: bool,
    /// Chits that its half did not have.
    pub(crate) new: Vec<ChitId>,
    /// Chits of lifts that it does not have and that nobody can bring back.
    pub(crate) lifts: usize,
}

/// The device of a user at a site.
pub(crate) struct Device<'a> {
    visit: &'a Visit,
    keys: Keys,
    user: &'a Cuid,
}

impl<'a> Device<'a> {
    /// The user's device, where its key is in the key folder.
    pub(crate) fn of(visit: &'a Visit, user: &'a Cuid) -> Option<Self> {
        let keys = visit.keys().ok().filter(|keys| keys.has(user))?;
        Some(Self { visit, keys, user })
    }

    /// Looks at a tally that the site shows, keeps what is new, and brings back what it lost: the
    /// tally as it is then.
    pub(crate) fn looks(&self, shown: Summary) -> Summary {
        match self.compare(&shown) {
            Ok(None) => shown,
            Ok(Some((now, brought))) => {
                self.tell(&now, &brought);
                now
            }
            Err(failure) => {
                could_not(&failure);
                shown
            }
        }
    }

    /// Brings back tallies that are kept and that the site, whose these are, has not.
    pub(crate) fn looks_for_lost(&self, shown: &mut Vec<Summary>) {
        let known: BTreeSet<TallyId> = shown.iter().map(|one| one.tally).collect();
        for tally in self.keys.kept(self.user) {
            if known.contains(&tally) {
                continue;
            }
            match self.reopen(tally) {
                Ok(Some((now, brought))) => {
                    self.tell(&now, &brought);
                    shown.push(now);
                }
                Ok(None) => {}
                Err(failure) => failure::remark(&format!(
                    "tally {tally} could not be brought back: {}",
                    failure.text()
                )),
            }
        }
    }

    /// Keeps what the user has signed, before the site is asked to take it.
    pub(crate) fn signs(&self, chit: &Chit) {
        let keep = || {
            let mut kept = self.kept(chit.tally)?;
            if kept.signed.get(&chit.uuid) == Some(chit) {
                return Ok(());
            }
            kept.add(&[Line::Signed(Box::new(chit.clone()))])
        };
        if let Err(failure) = keep() {
            could_not(&failure);
        }
    }

    /// What the user signed under the name of this chit, where that says the same but when: asked again
    /// it is the same chit, so that nothing is paid twice whatever the site forgot.
    pub(crate) fn signed_before(&self, chit: &Chit) -> Option<Chit> {
        let undated = |chit: &Chit| {
            let mut chit = Chit { date: protocol::Timestamp::MIN, ..chit.clone() };
            if let Entry::Tran { written, .. } = &mut chit.entry {
                written.sign = None;
            }
            chit
        };
        let kept = self.kept(chit.tally).ok()?;
        kept.signed.get(&chit.uuid).filter(|before| undated(before) == undated(chit)).cloned()
    }

    fn kept(&self, tally: TallyId) -> Result<Kept, Failure> {
        Kept::read(self.keys.kept_file(self.user, tally))
    }

    fn tell(&self, now: &Summary, brought: &Brought) {
        if *brought == Brought::default() {
            return;
        }
        let partner = crate::commands::tally::partner_name(now);
        let when = self.visit.health().ok().and_then(|health| health.went_back_to);
        let when = when.map_or_else(
            || "the site had lost something".to_owned(),
            |date| format!("the site went back to {date}"),
        );
        let mut what = Vec::new();
        if brought.reopened {
            what.push(format!("the tally with {partner} was brought back"));
        }
        if !brought.new.is_empty() {
            let chits = crate::say::counted(brought.new.len() as u64, "chit", "chits");
            let were = if brought.new.len() == 1 { "was" } else { "were" };
            what.push(format!("{chits} of the tally with {partner} {were} brought back"));
        }
        if brought.lifts > 0 {
            let lifts = crate::say::counted(brought.lifts as u64, "lift", "lifts");
            let are = if brought.lifts == 1 { "is" } else { "are" };
            what.push(format!("{lifts} on the tally with {partner} {are} undone"));
        }
        failure::remark(&format!("{when}; {}", what.join("; ")));
    }

    /// The tally as it is once the device has kept up; none where there was nothing to do.
    fn compare(&self, shown: &Summary) -> Result<Option<(Summary, Brought)>, Failure> {
        let (Some(signed), Some(head)) = (&shown.signed, shown.head) else { return Ok(None) };
        let mut kept = self.kept(shown.tally)?;
        if kept.tally.as_ref() != Some(signed) {
            kept.add(&[Line::Tally(Box::new(signed.clone()))])?;
        }
        let seen = kept.head.as_ref().map(|word| word.head);
        if seen == Some(head) && shown.waiting.is_over() {
            return Ok(None);
        }
        let (new, missing) = self.differences(shown, signed, &kept, head)?;
        kept.add(&new)?;
        let lost: Vec<Chit> = missing.iter().filter(|chit| is_written(chit)).cloned().collect();
        let lifts = missing.len() - lost.len();
        let waits = shown.waiting;
        if waits.partner.is_some() || (lost.is_empty() && !waits.device) {
            if missing.is_empty() {
                self.keep_word(&mut kept, shown.tally, head)?;
            }
            return Ok(None);
        }
        match recover(self.visit, self.user, shown.tally, &lost) {
            Ok(()) => {}
            // It may look, and act again when it may.
            Err(failure) if failure.is("suspended") => return Ok(None),
            Err(failure) => return Err(failure),
        }
        let now = self.visit.tally(self.user, shown.tally)?;
        if let Some(head) = now.head {
            let (new, missing) = self.differences(&now, signed, &kept, head)?;
            kept.add(&new)?;
            if missing.iter().all(|chit| !is_written(chit)) {
                self.keep_word(&mut kept, shown.tally, head)?;
            }
        }
        // A lift that is gone is told of once: when the device says that it has no more.
        let lifts = if waits.device { lifts } else { 0 };
        let new = lost.iter().map(|chit| chit.uuid).collect();
        Ok(Some((now, Brought { reopened: false, new, lifts })))
    }

    /// What the site has and is not kept, and what is kept and the site has not. Everything new is
    /// checked: its signatures, and that it is the chain that the site says it is.
    fn differences(
        &self,
        shown: &Summary,
        signed: &Tally,
        kept: &Kept,
        head: Head,
    ) -> Result<(Vec<Line>, Vec<Chit>), Failure> {
        let tally = Verified::check(signed.clone(), &()).map_err(|error| not_proved(&error))?;
        let ledger = Ledger::open(&tally, shown.side)?;
        // What was seen last, and still stands, need not be read again.
        let seen = kept.head.as_ref().map(|word| word.head).filter(|seen| seen.index <= head.index);
        let from = seen.filter(|seen| seen.index > 0);
        let mut links = self.visit.links_after(
            self.user,
            shown.tally,
            from.map_or(0, |seen| seen.index - 1),
        )?;
        let stands = from.is_none_or(|seen| links.first().is_some_and(|link| link.head == seen));
        let mut begin = ledger.head();
        if let Some(seen) = from {
            if stands {
                links.remove(0);
                begin = seen;
            } else {
                links = self.visit.links_after(self.user, shown.tally, 0)?;
            }
        }
        let new: Vec<Link> =
            links.iter().filter(|link| !kept.has(&link.chit_hash)).cloned().collect();
        check(&ledger, kept, begin, &links, head)?;
        let here: BTreeSet<Hash> = links.iter().map(|link| link.chit_hash).collect();
        // Those before a word that still stands are there.
        let before = if begin == ledger.head() { 0 } else { kept.vouched };
        let missing = kept.chits.iter().skip(before).filter(|(hash, _)| !here.contains(hash));
        let missing = missing.map(|(_, chit)| chit.clone()).collect();
        let new = new.into_iter().map(|link| Line::Chit(Box::new(link.chit))).collect();
        Ok((new, missing))
    }

    /// Keeps the agent's word for a chain whose chits all are kept.
    fn keep_word(&self, kept: &mut Kept, tally: TallyId, head: Head) -> Result<(), Failure> {
        if kept.head.as_ref().is_some_and(|word| word.head == head) {
            return Ok(());
        }
        let word = self.visit.vouched(self.user, tally)?;
        word.check_signatures(&self.visit.agent()).map_err(|error| not_proved(&error))?;
        // Where more came meanwhile, the next look keeps it.
        if word.tally == tally && word.head == head {
            kept.add(&[Line::Head(Box::new(word))])?;
        }
        Ok(())
    }

    fn reopen(&self, tally: TallyId) -> Result<Option<(Summary, Brought)>, Failure> {
        let kept = self.kept(tally)?;
        let Some(signed) = &kept.tally else { return Ok(None) };
        let at_this_site = protocol::Side::BOTH.iter().any(|side| {
            let chad = &signed.party(*side).cert.chad;
            chad.agent == self.visit.agent() && chad.cuid == *self.user
        });
        if !at_this_site {
            return Ok(None);
        }
        let chits = kept.chits.iter().map(|(_, chit)| chit.clone()).collect();
        bring_back(self.visit, self.user, signed, chits).map(Some)
    }
}

/// Brings a tally back that both signed, and chits of it; says what of them the site did not have.
pub(crate) fn bring_back(
    visit: &Visit,
    user: &Cuid,
    signed: &Tally,
    chits: Vec<Chit>,
) -> Result<(Summary, Brought), Failure> {
    let tally = signed.members().uuid;
    let mut brought = Brought::default();
    let known = visit.tallies(user)?.into_iter().find(|one| one.tally == tally);
    match known.map(|known| known.head) {
        None => {
            visit.ask(user, Command::Reopen { tally: Box::new(signed.clone()) })?;
            brought.reopened = true;
        }
        Some(None) => {
            let wish = Wish::Offer(Box::new(signed.clone()));
            visit.ask(user, Command::Tally { tally, wish })?;
        }
        Some(Some(_)) => {}
    }
    let before = visit.history(user, tally)?;
    let here: BTreeSet<Hash> = before.iter().map(|entry| entry.link.chit_hash).collect();
    let mut lost = Vec::new();
    for chit in chits {
        if here.contains(&chit.hash()?) {
            continue;
        }
        if is_written(&chit) {
            brought.new.push(chit.uuid);
            lost.push(chit);
        } else {
            brought.lifts += 1;
        }
    }
    recover(visit, user, tally, &lost)?;
    Ok((visit.tally(user, tally)?, brought))
}

/// Hands chits in that the site has lost; with none, says that the device has no more.
fn recover(visit: &Visit, user: &Cuid, tally: TallyId, chits: &[Chit]) -> Result<(), Failure> {
    let mut pieces: Vec<&[Chit]> = chits.chunks(AT_ONCE).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    for piece in pieces {
        let wish = Wish::Recover(piece.to_vec());
        let Answer::Tally { .. } = visit.ask(user, Command::Tally { tally, wish })? else {
            return Err(Failure::refused("other_answer", "the site answered another question"));
        };
    }
    Ok(())
}

fn could_not(failure: &Failure) {
    failure::remark(&format!("this device could not keep up: {}", failure.text()));
}

const fn is_written(chit: &Chit) -> bool {
    !matches!(chit.entry, Entry::Lift { .. })
}

/// Whether these links are a chain from one head to another, each chit signed by its user. Those of
/// lifts have their proof at the site.
fn check(
    ledger: &Ledger,
    kept: &Kept,
    begin: Head,
    links: &[Link],
    end: Head,
) -> Result<(), Failure> {
    let mut head = begin;
    for link in links {
        head = head.then(ledger.tally(), link.chit.hash()?);
        if head != link.head {
            return Err(no_chain(head.index));
        }
    }
    if head != end && head.index >= end.index {
        return Err(no_chain(end.index));
    }
    // What was seen before and brought keys says which there are.
    let brings = |chit: &&Chit| matches!(chit.entry, Entry::Key { .. } | Entry::Lost { .. });
    let keys = kept.chits.iter().map(|(_, chit)| chit).filter(brings).cloned();
    let new = links.iter().filter(|link| !kept.has(&link.chit_hash)).map(|link| link.chit.clone());
    let signed = keys.chain(new).filter(is_written).collect();
    ledger.prove_in_order(signed).map(|_| ()).map_err(|error| not_proved(&error))
}

fn no_chain(index: u64) -> Failure {
    Failure::refused("other_chain", format!("the site's chain is not one at link {index}"))
}

fn not_proved(error: &impl std::fmt::Display) -> Failure {
    Failure::refused("not_proved", format!("the site shows what nobody signed: {error}"))
}

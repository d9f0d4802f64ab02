//! The command line as a user's device: it checks what the site shows of the user's tallies, keeps every
//! chit and the agent's last word for the chain (`kept.rs`), and brings back what the site has lost
//! (`brings.rs`).
//!
//! It is one for users whose key is in the key folder. Whatever goes wrong in here is said and keeps no
//! command from being done.

mod brings;
mod kept;
mod payments;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use protocol::chit::{Chit, Entry};
use protocol::export::LiftProof;
use protocol::ledger::{Head, Ledger, Link};
use protocol::record::Record;
use protocol::{Cuid, Hash, LiftId, Moved, Signed, Tally, TallyId, Verified};
use site::{Command, Summary, Wish};

use crate::failure::{self, Failure};
use crate::keys::Keys;
use crate::visit::Visit;
use brings::{
    Brought, bring_revision, bring_words, is_written, may_only_look, prove, recover, version,
};
use kept::{Kept, Line};

pub(crate) use brings::bring_back;
pub(crate) use kept::MAX_KEPT_BYTES;
pub(crate) use payments::{keep_signed, signed_before};

/// How often a chain is read whose order changes meanwhile.
const READS: usize = 8;

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
                Err(failure) if may_only_look(&failure) => {}
                Err(failure) => failure::remark(&format!(
                    "tally {tally} could not be brought back: {}",
                    failure.text()
                )),
            }
        }
    }

    /// What is kept of what the users of a tally said about their agents.
    pub(crate) fn words(&self, tally: TallyId) -> Vec<Moved> {
        self.kept(tally).map(|kept| kept.moved).unwrap_or_default()
    }

    /// Keeps an offer that the user has signed, before the site is asked to take it.
    pub(crate) fn offers(&self, offer: &Tally) {
        let keep = || {
            let mut kept = self.kept(offer.members().uuid)?;
            kept.add(&[Line::Offered(Box::new(offer.clone()))])
        };
        if let Err(failure) = keep() {
            could_not(&failure);
        }
    }

    /// The tally as it is once the site knows the highest offer that the user signed: a site that went back may have
    /// forgotten it while the partner can still accept it, and nothing may be signed in its place. One that is over,
    /// the site refuses.
    pub(crate) fn brings_offer(&self, shown: Summary) -> Summary {
        let place = |tally: &Tally, by| (tally.members().revision, by);
        let Some(offer) = self.kept(shown.tally).ok().and_then(|kept| kept.offer) else {
            return shown;
        };
        let ours = place(&offer, shown.side);
        let table = shown.offer.as_ref().map(|(tally, by)| place(tally, *by));
        let signed =
            shown.signed.as_ref().map(|tally| (tally.members().revision, protocol::Side::Foil));
        if table.max(signed).is_some_and(|known| known >= ours) {
            return shown;
        }
        let (tally, wish) = (shown.tally, Wish::Offer(Box::new(offer)));
        let brought = self.visit.ask(self.user, Command::Tally { tally, wish });
        match brought.and_then(|_| self.visit.tally(self.user, tally)) {
            Ok(now) => {
                failure::remark(&format!(
                    "an offer that this device signed was unknown to the site: revision {} is on the table again",
                    ours.0
                ));
                now
            }
            Err(failure) if failure.is_refused() => shown,
            Err(failure) => {
                could_not(&failure);
                shown
            }
        }
    }

    /// Whether the user may sign this wording: not where both have signed another of this revision or a later
    /// one, which the site has lost and could not be given back.
    pub(crate) fn may_agree(&self, tally: &Tally) -> Result<(), Failure> {
        let members = tally.members();
        let kept = self.kept(members.uuid)?;
        match kept.version {
            Some(signed) if signed.revision >= members.revision => Err(Failure::refused(
                "signed_before",
                format!(
                    "this device keeps revision {} of the tally, which both signed, and the site has lost \
                     it: nothing is signed in its place. Ask the site's administrator to look at its log, \
                     then try again",
                    signed.revision
                ),
            )),
            _ => Ok(()),
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
        let partner = crate::say::partner_name(now);
        let when = self.visit.health().ok().and_then(|health| health.went_back_to);
        let when = when.map_or_else(
            || "the site had lost something".to_owned(),
            |date| format!("the site went back to {date}"),
        );
        let what = brought.told(&partner);
        failure::remark(&format!("{when}; {}", what.join("; ")));
    }

    /// The tally as it is once the device has kept up; none where there was nothing to do.
    fn compare(&self, shown: &Summary) -> Result<Option<(Summary, Brought)>, Failure> {
        let (Some(version), Some(head)) = (version(shown)?, shown.head) else {
            // It may have been open before the site went back.
            return self.reopen(shown.tally);
        };
        let mut kept = Kept::locked(self.keys.kept_file(self.user, shown.tally))?;
        self.keep_words(&mut kept, shown)?;
        let seen = kept.head.as_ref().map(|word| word.head);
        if seen == Some(head) && kept.version == Some(version) && shown.waiting.is_over() {
            return Ok(None);
        }
        // Another command may have kept more than what was shown to this one.
        let now = self.visit.tally(self.user, shown.tally)?;
        let (now, revision) = match &kept.tally {
            Some(signed) => match bring_revision(self.visit, self.user, now, signed) {
                Err(failure) if may_only_look(&failure) => return Ok(None),
                brought => brought?,
            },
            None => (now, None),
        };
        let (now, brought) = self.keep_up(&mut kept, now)?;
        Ok(Some((now, Brought { revision, ..brought })))
    }

    /// Keeps what the users said about their agents, signed with a key that is known here, and brings back what the
    /// site has lost of it.
    fn keep_words(&self, kept: &mut Kept, shown: &Summary) -> Result<(), Failure> {
        let new: Vec<Line> = shown
            .moved
            .iter()
            .filter(|moved| !kept.moved.contains(moved) && is_signed(moved, shown, kept))
            .map(|moved| Line::Moved(Box::new(*moved)))
            .collect();
        kept.add(&new)?;
        let lost = |moved: &&Moved| {
            let overtaken = shown.moved.iter().any(|here| {
                here.by == moved.by && here.key == moved.key && here.counter >= moved.counter
            });
            // Of its own user's the site takes what names an agent of its own.
            !overtaken && (moved.by != shown.side || self.visit.is_ours(&moved.agent))
        };
        let lost: Vec<Moved> = kept.moved.iter().filter(lost).copied().collect();
        bring_words(self.visit, self.user, &lost)
    }

    /// Keeps what is new on the chain that the site shows, and brings back what is not on it: the tally
    /// as it is then.
    fn keep_up(&self, kept: &mut Kept, shown: Summary) -> Result<(Summary, Brought), Failure> {
        let (Some(signed), Some(head)) = (shown.signed.clone(), shown.head) else {
            return Ok((shown, Brought::default()));
        };
        let tally = Verified::check(signed, &()).map_err(|error| not_proved(&error))?;
        let (new, missing) = self.differences(&shown, &tally, kept, head)?;
        if kept.tally.as_ref() != Some(&*tally) {
            kept.add(&[Line::Tally(Box::new((*tally).clone()))])?;
        }
        kept.add(&self.with_proofs(shown.tally, new)?)?;
        let lost: Vec<Chit> = missing.iter().filter(|chit| is_written(chit)).cloned().collect();
        let lost_lifts: Vec<LiftId> = missing.iter().filter_map(lift_of).collect();
        let proofs: Vec<LiftProof> =
            lost_lifts.iter().filter_map(|lift| kept.lifts.get(lift).cloned()).collect();
        let proved = match prove(self.visit, self.user, shown.tally, &lost_lifts, &proofs) {
            Err(failure) if may_only_look(&failure) => return Ok((shown, Brought::default())),
            proved => proved?,
        };
        let waits = shown.waiting;
        if waits.partner.is_some() || (lost.is_empty() && !waits.device) {
            if missing.is_empty() {
                self.keep_word(kept, shown.tally, head)?;
            }
            return Ok((shown, Brought { proved, ..Brought::default() }));
        }
        match recover(self.visit, self.user, shown.tally, &lost) {
            Err(failure) if may_only_look(&failure) => return Ok((shown, Brought::default())),
            recovered => recovered?,
        }
        let now = self.visit.tally(self.user, shown.tally)?;
        if let Some(head) = now.head {
            let (new, missing) = self.differences(&now, &tally, kept, head)?;
            kept.add(&self.with_proofs(shown.tally, new)?)?;
            if missing.iter().all(|chit| !is_written(chit)) {
                self.keep_word(kept, shown.tally, head)?;
            }
        }
        // A lift that is gone is told of once: when the device says that it has no more.
        let lifts = if waits.device { lost_lifts.len() - proved } else { 0 };
        let new = lost.iter().map(|chit| chit.uuid).collect();
        Ok((now, Brought { new, proved, lifts, ..Brought::default() }))
    }

    /// What is kept of new chits: those of lifts between sites with their proof, which comes first, as a chit that is kept
    /// is not asked for again.
    fn with_proofs(&self, tally: TallyId, new: Vec<Line>) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::with_capacity(new.len());
        for line in new {
            if let Line::Chit(chit) = &line
                && let Some(lift) = lift_of(chit)
            {
                let proof = self.visit.proof(self.user, tally, lift)?;
                // Where one site made it alone, its word is worth nothing once that has lost it.
                if proof.giver.is_some() {
                    lines.push(Line::Lift(Box::new(proof)));
                }
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// What the site has and is not kept, and what is kept and the site has not. Everything new is
    /// checked: its signatures, and that it is the chain that the site says it is, up to the head that
    /// it showed; what came since is for the next look.
    ///
    /// The order of the last chits may change while it is read page by page, where the partner's site says
    /// another: then it is read anew.
    fn differences(
        &self,
        shown: &Summary,
        tally: &Verified<Tally>,
        kept: &Kept,
        mut head: Head,
    ) -> Result<(Vec<Line>, Vec<Chit>), Failure> {
        for _ in 1..READS {
            match self.differences_up_to(shown, tally, kept, head) {
                Err(failure) if failure.is_other_chain() => {
                    let now = self.visit.tally(self.user, shown.tally)?.head;
                    match now.filter(|now| *now != head) {
                        Some(now) => head = now,
                        None => return Err(failure),
                    }
                }
                found => return found,
            }
        }
        self.differences_up_to(shown, tally, kept, head)
    }

    fn differences_up_to(
        &self,
        shown: &Summary,
        tally: &Verified<Tally>,
        kept: &Kept,
        head: Head,
    ) -> Result<(Vec<Line>, Vec<Chit>), Failure> {
        let ledger = Ledger::open(tally, shown.side)?;
        let links = |after| self.visit.links(self.user, shown.tally, after, head.index);
        // What was seen last, and still stands, need not be read again.
        let seen = kept.head.as_ref().map(|word| word.head).filter(|seen| seen.index <= head.index);
        let from = seen.filter(|seen| seen.index > 0);
        let mut found = links(from.map_or(0, |seen| seen.index - 1))?;
        let stands = from.is_none_or(|seen| found.first().is_some_and(|link| link.head == seen));
        let mut begin = ledger.head();
        if let Some(seen) = from {
            if stands {
                found.remove(0);
                begin = seen;
            } else {
                found = links(0)?;
            }
        }
        check(&ledger, kept, begin, &found, head)?;
        let here: BTreeSet<Hash> = found.iter().map(|link| link.chit_hash).collect();
        // Those before a word that still stands are there.
        let before = if begin == ledger.head() { 0 } else { kept.vouched };
        let missing = kept.chits.iter().skip(before).filter(|(hash, _)| !here.contains(hash));
        let missing = missing.map(|(_, chit)| chit.clone()).collect();
        let new = found.into_iter().filter(|link| !kept.has(&link.chit_hash));
        let new = new.map(|link| Line::Chit(Box::new(link.chit))).collect();
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
            self.visit.is_ours(&chad.agent) && chad.cuid == *self.user
        });
        if !at_this_site {
            return Ok(None);
        }
        let chits = kept.chits.iter().map(|(_, chit)| chit.clone()).collect();
        let lifts: Vec<LiftProof> = kept.lifts.values().cloned().collect();
        bring_back(self.visit, self.user, signed, (chits, &lifts), &kept.moved).map(Some)
    }
}

/// Whether a user's word about its agent is signed with a key that its side has on the tally, as far as is known here.
fn is_signed(moved: &Moved, shown: &Summary, kept: &Kept) -> bool {
    let chits = kept.chits.iter().map(|(_, chit)| chit).filter(|chit| chit.by == moved.by);
    let mut later = chits.filter_map(|chit| match &chit.entry {
        Entry::Key { rekey, .. } => Some(rekey.public),
        Entry::Lost { lost, .. } => Some(lost.public),
        _ => None,
    });
    let key = match moved.key {
        Some(name) => later.find(|key| key.name() == name),
        None => shown.signed.as_ref().map(|signed| signed.party(moved.by).cert.public),
    };
    moved.tally == shown.tally && key.is_some_and(|key| Verified::check(*moved, &key).is_ok())
}

fn could_not(failure: &Failure) {
    failure::remark(&format!("this device could not keep up: {}", failure.text()));
}

/// The lift that a chit is of.
const fn lift_of(chit: &Chit) -> Option<LiftId> {
    match chit.entry {
        Entry::Lift { lift, .. } => Some(lift),
        _ => None,
    }
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
    if head != end {
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

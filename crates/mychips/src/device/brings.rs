//! What is brought back to a site that has lost it: a tally, a revision of it, chits.

use std::collections::BTreeSet;

use protocol::chit::{Chit, Entry};
use protocol::export::LiftProof;
use protocol::negotiation::Version;
use protocol::record::Record;
use protocol::{ChitId, Cuid, Hash, JsonError, LiftId, Moved, Tally, TallyId};
use site::{Answer, Command, Summary, Wish};

use crate::failure::Failure;
use crate::say;
use crate::visit::Visit;

/// How many chits are brought back in one request: with the longest words they are a request that a
/// site takes.
const AT_ONCE: usize = 16;

/// What was brought back to a tally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Whether the site had no half of it.
    pub(crate) reopened: bool,
    /// The revision that both signed, where the site had an older one or none.
    pub(crate) revision: Option<u32>,
    /// Chits that its half did not have.
    pub(crate) new: Vec<ChitId>,
    /// How many lifts its half did not have and were proved to it: their chits follow.
    pub(crate) proved: usize,
    /// Chits of lifts that it does not have and that nobody can bring back.
    pub(crate) lifts: usize,
}

impl Brought {
    /// What it is, for people; nothing where it is nothing.
    pub(super) fn told(&self, partner: &str) -> Vec<String> {
        let mut what = Vec::new();
        if self.reopened {
            what.push(format!("the tally with {partner} was brought back"));
        }
        if let Some(revision) = self.revision {
            what.push(format!("revision {revision} of the tally with {partner} was brought back"));
        }
        if !self.new.is_empty() {
            let chits = say::counted(self.new.len() as u64, "chit", "chits");
            let were = if self.new.len() == 1 { "was" } else { "were" };
            what.push(format!("{chits} of the tally with {partner} {were} brought back"));
        }
        if self.proved > 0 {
            let lifts = say::counted(self.proved as u64, "lift", "lifts");
            let were = if self.proved == 1 { "was" } else { "were" };
            what.push(format!("{lifts} on the tally with {partner} {were} brought back"));
        }
        if self.lifts > 0 {
            let lifts = say::counted(self.lifts as u64, "lift", "lifts");
            let are = if self.lifts == 1 { "is" } else { "are" };
            what.push(format!("{lifts} on the tally with {partner} {are} undone"));
        }
        what
    }
}

/// Brings a tally back that both signed, and chits of it; says what of them the site did not have.
pub(crate) fn bring_back(
    visit: &Visit,
    user: &Cuid,
    signed: &Tally,
    (chits, lifts): (Vec<Chit>, &[LiftProof]),
    moved: &[Moved],
) -> Result<(Summary, Brought), Failure> {
    let tally = signed.members().uuid;
    let mut brought = Brought::default();
    match visit.tallies(user)?.into_iter().find(|one| one.tally == tally) {
        None => {
            visit.ask(user, Command::Reopen { tally: Box::new(signed.clone()) })?;
            brought.reopened = true;
        }
        Some(known) => brought.revision = bring_revision(visit, user, known, signed)?.1,
    }
    bring_words(visit, user, moved)?;
    let before = visit.history(user, tally)?;
    let here: BTreeSet<Hash> = before.iter().map(|entry| entry.link.chit_hash).collect();
    let (mut lost, mut lost_lifts) = (Vec::new(), Vec::new());
    for chit in chits {
        if here.contains(&chit.hash()?) {
            continue;
        }
        match chit.entry {
            Entry::Lift { lift, .. } => lost_lifts.push(lift),
            _ => {
                brought.new.push(chit.uuid);
                lost.push(chit);
            }
        }
    }
    brought.proved = prove(visit, user, tally, &lost_lifts, lifts)?;
    brought.lifts = lost_lifts.len() - brought.proved;
    recover(visit, user, tally, &lost)?;
    Ok((visit.tally(user, tally)?, brought))
}

/// Brings a revision back that both signed, where the site shows an older one or none: the tally as it
/// is then, and which revision it was.
pub(super) fn bring_revision(
    visit: &Visit,
    user: &Cuid,
    shown: Summary,
    signed: &Tally,
) -> Result<(Summary, Option<u32>), Failure> {
    let ours = Version::of(signed)?;
    let is_older = |shown: &Summary| Ok::<_, JsonError>(version(shown)?.is_none_or(|v| v < ours));
    if !is_older(&shown)? {
        return Ok((shown, None));
    }
    let (tally, revision) = (shown.tally, ours.revision.get());
    let wish = Wish::Offer(Box::new(signed.clone()));
    visit.ask(user, Command::Tally { tally, wish })?;
    let now = visit.tally(user, tally)?;
    if is_older(&now)? {
        let text = format!("the site does not show revision {revision}, which both signed");
        return Err(Failure::refused("not_proved", text));
    }
    Ok((now, Some(revision)))
}

/// Brings back what users said about their agents, as far as the site takes it: it may know better by now, or lack
/// the key, which then comes with the chits.
pub(super) fn bring_words(visit: &Visit, user: &Cuid, words: &[Moved]) -> Result<(), Failure> {
    for moved in words {
        let (tally, wish) = (moved.tally, Wish::Move(Box::new(*moved)));
        match visit.ask(user, Command::Tally { tally, wish }) {
            Err(failure) if failure.is_refused() => {}
            asked => drop(asked?),
        }
    }
    Ok(())
}

/// Which version the site shows as signed by both.
pub(super) fn version(shown: &Summary) -> Result<Option<Version>, JsonError> {
    shown.signed.as_ref().map(Version::of).transpose()
}

/// Hands chits in that the site has lost, and says that the device has no more: that is the empty
/// piece at the end.
pub(super) fn recover(
    visit: &Visit,
    user: &Cuid,
    tally: TallyId,
    chits: &[Chit],
) -> Result<(), Failure> {
    for piece in chits.chunks(AT_ONCE).chain([&[][..]]) {
        let wish = Wish::Recover(piece.to_vec());
        let Answer::Tally { .. } = visit.ask(user, Command::Tally { tally, wish })? else {
            return Err(Failure::refused("other_answer", "the site answered another question"));
        };
    }
    Ok(())
}

/// Hands in what proves these lifts to the site that has lost them; says of how many it took it. The others are undone: they
/// were this site's alone, or it knows of no other site in them.
pub(super) fn prove(
    visit: &Visit,
    user: &Cuid,
    tally: TallyId,
    lost: &[LiftId],
    proofs: &[LiftProof],
) -> Result<usize, Failure> {
    let mut taken = 0;
    for proof in proofs {
        if !lost.contains(&proof.record.id()?) {
            continue;
        }
        let wish = Wish::Prove(Box::new(proof.clone()));
        match visit.ask(user, Command::Tally { tally, wish }) {
            Err(failure) if failure.is_refused() && !may_only_look(&failure) => {}
            asked => {
                asked?;
                taken += 1;
            }
        }
    }
    if taken > 0 {
        // Of some the giver is asked first whether it gave.
        let asked = visit.tally(user, tally)?.claimed.into_iter();
        taken -= asked.filter(|one| lost.contains(&one.lift)).count().min(taken);
    }
    Ok(taken)
}

/// Whether somebody wrote it: lifts come with their proof, from the site.
pub(super) const fn is_written(chit: &Chit) -> bool {
    !matches!(chit.entry, Entry::Lift { .. })
}

/// Whether the user may only look: with a key from before, or while it is suspended. It brings back
/// when it may again.
pub(super) fn may_only_look(failure: &Failure) -> bool {
    failure.is("suspended") || failure.is("not_allowed")
}

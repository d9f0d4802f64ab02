//! What both users of a tally sign to be free, though no referee decides (protocol §7, "Resolve"): the room, not the
//! outcome. A part stays as it is; what is decided later is done all the same.

use std::sync::Arc;

use protocol::ledger::Input as LedgerInput;
use protocol::lift::Outcome;
use protocol::note::Body;
use protocol::{Freed, LiftId};
use store::LiftPart;

use super::part::Part;
use crate::batch::{Held, Work};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept;
use crate::planted::Planted;
use crate::post::Input;

impl Site {
    /// The holder signs that what a lift has set aside on its tally may be used again: once the time has passed in which
    /// its referees decide. Its partner's half is told.
    pub(crate) async fn frees(
        &self,
        work: &mut Work,
        held: &mut Held,
        freed: Freed,
    ) -> Result<(), SiteError> {
        let lift = freed.lift;
        let rows = work.view().parts_in(&lift).await?;
        for part in self.parts_over(&rows, held)? {
            if part.outcome().is_some() {
                return Err(SiteError::LiftDecided { lift });
            }
            let deadline = part.participant.part().lift().deadline;
            if self.clock.now() <= deadline {
                return Err(SiteError::FreeTooEarly { lift, deadline });
            }
            is_after_deadline(&part, &freed)?;
        }
        let proved = held.state.open()?.prove_freed(freed)?;
        self.take(work, held, Input::Ledger(LedgerInput::Free(proved))).await?;
        if self.has(Planted::FreedByOne) {
            self.take(work, held, Input::Ledger(LedgerInput::Release(lift))).await?;
        }
        let state = Arc::clone(&held.state);
        self.post_all(work, held, &state, vec![Body::Freed(Box::new(freed))]).await?;
        self.note_freed(work, held, lift).await
    }

    /// Either user's word comes from the partner's site: maybe before the holder's own, maybe before this half knows of the
    /// lift. Of what is decided or free here already it says nothing more.
    pub(crate) async fn hear_freed(
        &self,
        work: &mut Work,
        held: &mut Held,
        freed: Freed,
    ) -> Result<(), SiteError> {
        let (lift, tally) = (freed.lift, held.half.tally);
        let rows = work.view().parts_in(&lift).await?;
        let parts = self.parts_over(&rows, held)?;
        let ledger = held.state.open()?;
        let is_done = |part: &Part| {
            part.outcome().is_some()
                || (part.more.is_freed(&tally) && ledger.aside_for(&lift).is_none())
        };
        if parts.iter().any(is_done) {
            return Ok(());
        }
        for part in &parts {
            is_after_deadline(part, &freed)?;
        }
        let proved = match ledger.prove_freed(freed) {
            Err(_) if ledger.may_know_later(&freed) => {
                return Err(SiteError::FreedNotProved { lift });
            }
            proved => proved?,
        };
        self.take(work, held, Input::Ledger(LedgerInput::HearFreed(proved))).await?;
        self.note_freed(work, held, lift).await
    }

    /// What users said of a tally is said again to a partner's half that may have lost it.
    pub(crate) async fn tell_of_freed_again(
        &self,
        work: &mut Work,
        held: &Held,
    ) -> Result<(), SiteError> {
        let Some(ledger) = &held.state.ledger else { return Ok(()) };
        let words = ledger.freed().flat_map(|(_, words)| words.stock.iter().chain(&words.foil));
        let said: Vec<Body> = words.map(|word| Body::Freed(Box::new(*word))).collect();
        if said.is_empty() {
            return Ok(());
        }
        let state = Arc::clone(&held.state);
        self.post_all(work, held, &state, said).await
    }

    /// A lift in which this site takes no part is decided to be void: what users said of it here says nothing any more.
    pub(super) async fn forget_freed(
        &self,
        work: &mut Work,
        held: &mut Held,
        lift: &LiftId,
        outcome: Option<Outcome>,
    ) -> Result<(), SiteError> {
        let ledger = held.state.ledger.as_ref();
        let knows = ledger.is_some_and(|ledger| ledger.freed_for(lift).is_some());
        if knows && outcome == Some(Outcome::Void) {
            self.take(work, held, Input::Ledger(LedgerInput::Release(*lift))).await?;
        }
        Ok(())
    }

    /// This site's parts in a lift remember what users said, as long as they are kept; what is free counts no more as open
    /// with neighbours and under referees.
    async fn note_freed(
        &self,
        work: &mut Work,
        held: &Held,
        lift: LiftId,
    ) -> Result<(), SiteError> {
        let tally = held.half.tally;
        let Some(said) = held.state.open()?.freed_for(&lift).copied() else { return Ok(()) };
        let rows = work.tx().lock_parts(&lift).await?;
        for part in self.parts_over(&rows, held)? {
            let mut after = part.clone();
            after.more.freed.insert(tally, said);
            if after == part {
                continue;
            }
            if part.participant.is_locked() {
                self.known.under_way.is_freed(&part, &after);
            }
            self.keep_part(work, &after).await?;
        }
        Ok(())
    }

    /// Those of this site's parts that have a leg on this half.
    fn parts_over(&self, rows: &[LiftPart], held: &Held) -> Result<Vec<Part>, SiteError> {
        let parts = rows.iter().map(|row| self.known.part(row)).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.into_iter().filter(|part| self.is_over(part, held)).collect())
    }

    /// Whether a part has a leg on this half, and not on another of the tally's name.
    pub(super) fn is_over(&self, part: &Part, held: &Held) -> bool {
        let tally = held.half.tally;
        // Once it is judged it is known whose halves are meant, whatever else has the tally's name.
        if let Some(halves) = part.more.halves.get(&tally) {
            return halves.contains(&(held.half.holder.clone(), held.half.side));
        }
        let Some(partner) = held.state.partner() else { return false };
        let is_with = match part.agent(&tally) {
            Some(agent) => partner.agent == agent,
            None => self.is_ours(&partner.agent),
        };
        is_with && part.tallies().contains(&tally)
    }
}

/// A word that is older than the end of the time in which the lift may be promised and decided was not said about what is
/// locked now: whoever has one from before a promise cannot free that with it.
fn is_after_deadline(part: &Part, freed: &Freed) -> Result<(), SiteError> {
    let (lift, deadline) = (part.lift(), part.participant.part().lift().deadline);
    if freed.date > deadline { Ok(()) } else { Err(SiteError::FreeTooEarly { lift, deadline }) }
}

//! A payment that is asked for once more after this site was restored: it may have been made by a lift that is lost here.

use protocol::lift::{Authorisation, Leg};
use protocol::participant::Crossing;
use protocol::{Cuid, Hash, LiftId};
use store::{Half, HalfFilter, Restored, View};

use super::LONGEST_MS;
use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;
use crate::epoch::restored_at;
use crate::error::SiteError;
use crate::moved::paid_as_another;

/// After how long a partner's site that has not answered since a restore counts as gone, in milliseconds: a week.
pub(super) const GONE_MS: i64 = 7 * 24 * 3_600_000;

/// How far a clock may be wrong, in milliseconds: that of the device that signed may be ahead of this site's, and the lift is found
/// where it has come back; this site's may have been ahead when it was restored, and what it lost is waited for. So long after a
/// restore whatever is signed takes a look at all lifts that this site knows.
const MOST_AHEAD_MS: i64 = 24 * 3_600_000;

/// How many rows are read at once.
const AT_ONCE: u32 = 64;

impl Site {
    /// The lift by which a payment was made before this site was restored: under the very same record, whose hash the lift has. A
    /// payee's site that lies would take it a second time, and show what hides that it was made.
    ///
    /// # Errors
    /// [`SiteError::PaymentToCompare`] while it may yet come back that it was made: until a lift of before is over, and the
    /// partners' halves of all tallies here have answered, as has the payer's device. Those that do not answer in a week are gone.
    pub(super) async fn find_lost_payment(
        &self,
        payer: &Cuid,
        authorisation: &Authorisation,
        hash: Hash,
    ) -> Result<Option<Part>, SiteError> {
        let by = &authorisation.payer;
        let is_ours = by.agent == self.agent || self.former_agents().contains(&by.agent);
        let mut view = self.store.read().await?;
        let restored = restored_at(&mut view).await?.max(paid_as_another(&mut view).await?);
        let Some(restored) = restored.filter(|_| is_ours && by.cuid == *payer) else {
            return Ok(None);
        };
        // The clock may have been ahead then, and put right since.
        let since_ms = self.clock.now().ms().saturating_sub(restored.ms());
        let is_lately = (-MOST_AHEAD_MS..GONE_MS).contains(&since_ms);
        let ahead_ms = authorisation.date.ms().saturating_sub(restored.ms());
        let is_before = ahead_ms <= 0;
        if ahead_ms > MOST_AHEAD_MS || !(is_lately || is_before) {
            return Ok(None);
        }
        // Whatever clocks said when it was signed, it was made where a lift by this very record has come back.
        match self.lift_for(&mut view, payer, hash).await? {
            Lost::Begins(lift) => {
                drop(view);
                return self.is_lift_for(lift, authorisation).await.map(Some);
            }
            Lost::GoesOut if is_lately => {
                return Err(SiteError::PaymentToCompare(authorisation.uuid));
            }
            Lost::GoesOut | Lost::Nothing => {}
        }
        let may_come = is_before
            && ((0..LONGEST_MS).contains(&since_ms)
                || (is_lately && waits_somewhere(&mut view, payer).await?));
        if may_come { Err(SiteError::PaymentToCompare(authorisation.uuid)) } else { Ok(None) }
    }

    /// The lift that an authorisation of this hash allowed, among those of which this site knows no payment's name.
    async fn lift_for(&self, view: &mut View, payer: &Cuid, hash: Hash) -> Result<Lost, SiteError> {
        let (mut after, mut found) = (None, Lost::Nothing);
        loop {
            let page = view.all_parts(after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some((last.lift, last.key));
            for row in page.iter().filter(|row| row.payment.is_none()) {
                // What cannot be read pays nothing; doctor says so.
                let Ok(part) = self.known.part(row) else { continue };
                if part.payment() != Some(hash) {
                    continue;
                }
                if begins_at(view, &part, payer).await? {
                    return Ok(Lost::Begins(row.lift));
                }
                if goes_out(&part) {
                    found = Lost::GoesOut;
                }
            }
        }
    }

    /// From now on the lift is known by its payment's name, where it begins at the payer.
    async fn is_lift_for(
        &self,
        lift: LiftId,
        authorisation: &Authorisation,
    ) -> Result<Part, SiteError> {
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        let mut first = None;
        for row in batch.work.tx().lock_parts(&lift).await? {
            let mut part = self.known.part(&row)?;
            if !begins_at(batch.work.view(), &part, &authorisation.payer.cuid).await? {
                continue;
            }
            part.more.authorisation = Some(Box::new(authorisation.clone()));
            part.more.proposed = true;
            self.keep_part(&mut batch.work, &part).await?;
            first = first.or(Some(part));
        }
        batch.work.due.push(lift);
        batch.commit(&[]).await?;
        first.ok_or(SiteError::PaymentToCompare(authorisation.uuid))
    }
}

/// What this site knows of the lift by which a payment was made that it has lost.
enum Lost {
    /// Nothing.
    Nothing,
    /// It gives by that lift to another site, and who gave it that is not known: the payer may be who.
    GoesOut,
    /// The payer gives by it.
    Begins(LiftId),
}

/// Whether a user gives by the first leg of a part, or by one to somebody else here that a device brought back.
async fn begins_at(view: &mut View, part: &Part, user: &Cuid) -> Result<bool, SiteError> {
    let gives = |leg: &Leg| {
        let halves = part.more.halves.get(&leg.tally);
        halves.is_some_and(|all| all.iter().any(|(who, side)| (who, *side) == (user, leg.by)))
    };
    if part.more.path.first().is_some_and(gives) {
        return Ok(true);
    }
    for (leg, ..) in part.more.brought.values() {
        let half = view.half_of(user, &leg.tally).await?;
        if half.is_some_and(|half| half.side == leg.by) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a part that this site has lost gives to another one, as far as is known. By what only brings something in nobody here
/// has paid, whatever its neighbour calls it.
fn goes_out(part: &Part) -> bool {
    !part.is_remembered() && !part.participant.part().crossings().any(Crossing::takes)
}

/// Whether a partner's half has not answered what was lost of a tally here, or a device of this user's.
async fn waits_somewhere(view: &mut View, user: &Cuid) -> Result<bool, SiteError> {
    let mut after = None;
    loop {
        let page = view.halves(&HalfFilter::default(), after, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(false) };
        after = Some(last.id);
        let waits = |half: &Half| {
            let Restored { asks, unheard } = half.row.restored;
            asks.is_some() || (unheard && half.holder == *user)
        };
        if page.iter().any(waits) {
            return Ok(true);
        }
    }
}

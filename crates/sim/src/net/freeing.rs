//! People free what lifts keep set aside on their tallies: now and then while a decision may still come, and once faults have
//! stopped all that nobody will decide.

use protocol::{Freed, LiftId};
use site::{Promised, Site, Summary, Whose, Wish};

use super::auditor::Lock;
use super::broken::{Broken, Sim};
use super::life::Net;
use super::world::moment;

/// How often somebody who looks at a tally on which something is set aside frees it, in hundreds.
const FREES: u64 = 20;

/// How long after a deadline everybody's clock says that it has passed, in milliseconds.
const SURELY_OVER_MS: i64 = 10_000;

impl Net {
    /// Somebody does not want to wait for a decision, whatever becomes of it; whether it said so.
    pub(super) async fn is_tired_of(&mut self, who: usize, shown: &Summary) -> Sim<bool> {
        if shown.promised.is_empty() || !self.dice.percent(FREES) {
            return Ok(false);
        }
        let lifts: Vec<LiftId> = shown.promised.iter().map(|promised| promised.lift).collect();
        let Some(lift) = self.dice.pick(&lifts).copied() else { return Ok(false) };
        self.frees(who, shown, lift).await?;
        Ok(true)
    }

    /// Somebody frees what nobody will decide.
    pub(super) async fn frees_what_nobody_decides(&mut self, who: usize, site: &Site) -> Sim<()> {
        for shown in self.shown(who, site).await? {
            let said = |promised: &&Promised| !promised.freed_by.contains(&Whose::Holder);
            let lifts: Vec<LiftId> =
                shown.promised.iter().filter(said).map(|promised| promised.lift).collect();
            for lift in lifts {
                if !self.auditor.lifts.can_be_decided(&lift, &self.places, self.now()) {
                    self.frees(who, &shown, lift).await?;
                }
            }
        }
        Ok(())
    }

    async fn frees(&mut self, who: usize, shown: &Summary, lift: LiftId) -> Sim<()> {
        let key = shown.key.and_then(|key| key.name);
        let (tally, by, date) = (shown.tally, shown.side, moment(self.now()));
        let freed = Freed { tally, lift, by, date, key, sign: None };
        let freed = freed.signed(&self.people[who].key);
        let freed = freed.map_err(|error| Broken::harness(&error.to_string()))?;
        self.auditor.frees(who, freed);
        let words = format!("frees what {} set aside", self.trace.lift(lift));
        self.wish(who, tally, Wish::Free(Box::new(freed)), &words).await
    }

    /// What nobody will decide, and both users could free.
    pub(super) fn locked(&self) -> Option<Lock> {
        self.auditor.locked(&self.people, &self.places, self.now())
    }

    /// Whether a lock's time is over, so that its users can free it.
    pub(super) fn can_be_freed(&self, lock: &Lock) -> bool {
        self.now() > lock.deadline.ms() + SURELY_OVER_MS
    }

    /// Nothing happens any more until the time of something is over that nobody will decide: some lifts were dated by clocks
    /// that were hours ahead.
    pub(super) fn waits_for(&mut self, lock: &Lock) {
        let name = self.trace.lift(lock.lift);
        self.say("all", &format!("wait for the end of {name}'s time"));
        self.time.set((lock.deadline.ms() + SURELY_OVER_MS).max(self.now()) + 1);
    }
}

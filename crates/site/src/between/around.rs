//! Clearing across sites: where users here are owed by somebody at another site and owe somebody at a third, ways round
//! are looked for, and lifted. Politely: for a few users at a time, and who was looked for in vain rests longer each time,
//! unless a new debt wakes it (`clearing::Tries`).

use std::sync::Mutex;

use clearing::{LEAST_PART_MILLI, TRIED_AT_ONCE, Tries};
use futures::future::join_all;
use protocol::chit::Positive;
use protocol::{Cuid, LiftId, Units};

use super::lock;
use super::propose::Wanted;
use crate::door::Site;
use crate::error::SiteError;
use crate::seek::Planned;

/// For whom ways round were looked for lately.
pub(crate) struct Tried(Mutex<Tries<Cuid>>);

impl Default for Tried {
    fn default() -> Self {
        Self(Mutex::new(Tries::new(Units::new(LEAST_PART_MILLI).unwrap_or(Units::ZERO))))
    }
}

/// What came of looking for somebody.
enum Found {
    /// There is no way round for so much now.
    Nothing,
    /// There are ways, and others were at them.
    InTheWay,
    /// What was owed became less.
    Lifted(Vec<LiftId>),
}

impl Site {
    /// Looks for ways round by which debts to users here, of users of other sites, can be cleared, and lifts them. Says
    /// which lifts were made. For a program that serves the site, every so often; it takes as long as partners' sites take
    /// to answer.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn clear_around(&self) -> Result<Vec<LiftId>, SiteError> {
        self.map_tallies().await?;
        let owed = self.known.map.owed_abroad();
        let next = lock(&self.known.tried.0).next(owed, self.clock.now().ms(), TRIED_AT_ONCE);
        let tries = next.into_iter().map(|(user, units)| self.clear_for(user, units));
        let mut made = Vec::new();
        for lifts in join_all(tries).await {
            made.extend(lifts?);
        }
        Ok(made)
    }

    /// Clears what a user here is owed, about so much, and remembers what came of it.
    async fn clear_for(&self, user: Cuid, units: Units) -> Result<Vec<LiftId>, SiteError> {
        let Ok(amount) = Positive::try_from(units) else { return Ok(Vec::new()) };
        let found = self.clear_ways(&user, amount).await?;
        let now_ms = self.clock.now().ms();
        let mut tried = lock(&self.known.tried.0);
        match found {
            Found::Lifted(lifts) => {
                // There may be more that way.
                tried.found(&user);
                return Ok(lifts);
            }
            Found::InTheWay => tried.was_in_the_way(&user, units, now_ms, |ms| self.spread(ms)),
            Found::Nothing => {
                tried.led_nowhere(&user, units, now_ms, |ms| self.spread(ms));
            }
        }
        Ok(Vec::new())
    }

    /// Lifts each way round that is found, one after the other: what the first took, the next do not find.
    async fn clear_ways(&self, user: &Cuid, units: Positive) -> Result<Found, SiteError> {
        let plans = match self.find_round(user, units).await {
            Ok(plans) => plans,
            Err(error @ SiteError::Store(_)) => return Err(error),
            // Whatever stands in the way: it rests.
            Err(_) => return Ok(Found::Nothing),
        };
        let mut lifts = Vec::new();
        for planned in plans {
            lifts.extend(self.clear_one(planned, units).await?);
        }
        Ok(if lifts.is_empty() { Found::InTheWay } else { Found::Lifted(lifts) })
    }

    /// One way round; none where it was refused, or is not decided in time.
    async fn clear_one(
        &self,
        planned: Planned,
        units: Positive,
    ) -> Result<Option<LiftId>, SiteError> {
        let amount = planned.curve.top().arrives.min(units);
        let Ok(part) = self.propose(vec![planned], &Wanted::Clearing(amount)).await? else {
            return Ok(None);
        };
        match self.decision_on(&part).await {
            Ok(Ok(_)) => Ok(Some(part.lift())),
            Ok(Err(_)) | Err(SiteError::Undecided { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

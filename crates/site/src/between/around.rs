//! Clearing across sites: where users here are owed by somebody at another site and owe somebody at a third, a way round
//! is looked for, and lifted. Politely: a few tallies at a time, and what led nowhere rests longer each time.

use std::collections::BTreeMap;
use std::sync::Mutex;

use protocol::chit::Positive;
use protocol::{Cuid, LiftId, TallyId, Timestamp, Units};

use super::lock;
use super::propose::Wanted;
use crate::door::Site;
use crate::error::SiteError;

/// How many tallies are tried in one go at most.
const TRIED_AT_ONCE: usize = 8;

/// How long a tally rests at first after nothing was found, in milliseconds; then twice as long each time.
const FIRST_REST_MS: i64 = 30_000;

/// The longest rest, in milliseconds.
const LONGEST_REST_MS: i64 = 6 * 3_600_000;

/// How many tallies are remembered as resting: some 60 bytes each.
const MOST_RESTING: usize = 1 << 16;

/// A tally at the border over which a debt to a user here could go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    /// The tally.
    pub(crate) tally: TallyId,
    /// Whose.
    pub(crate) user: Cuid,
    /// How much is owed.
    pub(crate) units: Units,
}

/// Tallies that rest, as nothing came of them: until when, and for how long.
#[derive(Default)]
pub(crate) struct Resting(Mutex<BTreeMap<TallyId, (Timestamp, i64)>>);

impl Resting {
    fn rests(&self, tally: &TallyId, now: Timestamp) -> bool {
        lock(&self.0).get(tally).is_some_and(|(until, rest_ms)| {
            // A clock that was set back wakes it.
            now < *until && until.ms().saturating_sub(now.ms()) <= 2 * *rest_ms
        })
    }

    /// Rests twice as long as before; `spread` draws how long exactly, so that two sites that were in each other's way are
    /// not again.
    fn puts_to_rest(&self, tally: TallyId, now: Timestamp, spread: impl Fn(i64) -> i64) {
        let mut all = lock(&self.0);
        if all.len() >= MOST_RESTING {
            all.pop_first();
        }
        let before = all.get(&tally).map_or(0, |(_, rest_ms)| *rest_ms);
        let rest_ms = (2 * before).clamp(FIRST_REST_MS, LONGEST_REST_MS);
        let until = now.plus_ms(spread(rest_ms)).unwrap_or(Timestamp::MAX);
        all.insert(tally, (until, rest_ms));
    }

    fn wakes(&self, tally: &TallyId) {
        lock(&self.0).remove(tally);
    }
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
        let now = self.clock.now();
        let resting = &self.known.resting;
        let owed = self.known.map.owed_abroad().into_iter();
        let tried = owed.filter(|owed| !resting.rests(&owed.tally, now)).take(TRIED_AT_ONCE);
        let mut made = Vec::new();
        for Owed { tally, user, units } in tried.collect::<Vec<_>>() {
            let Ok(units) = Positive::try_from(units) else { continue };
            match self.clear_one(&user, units).await? {
                // There may be more that way.
                Some(lift) => {
                    resting.wakes(&tally);
                    made.push(lift);
                }
                None => resting.puts_to_rest(tally, self.clock.now(), |ms| self.spread(ms)),
            }
        }
        Ok(made)
    }

    /// One way round for about so much that a user here is owed; none where there is none now.
    async fn clear_one(&self, user: &Cuid, units: Positive) -> Result<Option<LiftId>, SiteError> {
        let plans = match self.find_round(user, units).await {
            Ok(plans) => plans,
            Err(error @ SiteError::Store(_)) => return Err(error),
            // Whatever stands in the way: it rests.
            Err(_) => return Ok(None),
        };
        for planned in plans {
            let amount = planned.curve.top().arrives.min(units);
            let part = match self.propose(vec![planned], &Wanted::Clearing(amount)).await? {
                Ok(part) => part,
                Err(_) => continue,
            };
            match self.decision_on(&part).await {
                Ok(Ok(_)) => return Ok(Some(part.lift())),
                Ok(Err(_)) | Err(SiteError::Undecided(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

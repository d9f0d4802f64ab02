//! What a site does by itself as time passes: delivers, reminds, clears, decides as a referee. Whoever serves calls
//! [`Site::tend`] every so often; nothing runs of its own accord.

use protocol::Timestamp;

use super::Cleared;
use crate::answered;
use crate::command::{Answer, Caller, Command, CommandId};
use crate::door::{Site, own_name};
use crate::error::SiteError;
use crate::post::Posted;

/// When a site does what by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// After how many milliseconds it clears again, where something changed; none: never.
    pub clear_every_ms: Option<i64>,
    /// After how many milliseconds halves say again what their partners have not confirmed.
    pub remind_every_ms: i64,
}

/// How often a plan is made at most where halves say something else than what is remembered.
const MOST_PLANS: usize = 3;

/// What it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// The letters, all rounds together.
    pub posted: Posted,
    /// How many halves had something to say again.
    pub reminded: usize,
    /// The clearing, where it was time for one and there was something to clear.
    pub cleared: Option<Cleared>,
}

/// When it was last done. Kept nowhere: after a restart all is due.
#[derive(Default)]
pub(crate) struct Tending {
    cleared: Option<Timestamp>,
    /// The last event when it cleared, and all up to it was heard of: a later one means that something
    /// changed.
    seen: Option<u64>,
    reminded: Option<Timestamp>,
}

/// Whether it is time for what is done every so often.
fn is_due(last: Option<Timestamp>, every_ms: i64, now: Timestamp) -> bool {
    // A clock that was set back does not stop it.
    last.is_none_or(|last| now < last || now.ms().saturating_sub(last.ms()) >= every_ms)
}

impl Site {
    /// Does what is due at `now`.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; what was done before stays done.
    pub async fn tend(&self, now: Timestamp, schedule: &Schedule) -> Result<Tended, SiteError> {
        let mut tending = self.tending.lock().await;
        self.tend_referee(now).await?;
        let mut tended = Tended::default();
        self.tend_searches(now).await?;
        if is_due(tending.reminded, schedule.remind_every_ms, now) {
            tended.reminded = self.remind().await?;
            tending.reminded = Some(now);
        }
        self.deliver_all(&mut tended.posted).await?;
        if let Some(every_ms) = schedule.clear_every_ms
            && is_due(tending.cleared, every_ms, now)
        {
            // Also where it fails: then not at once again.
            tending.cleared = Some(now);
            let last = self.store.read().await?.last_event().await?;
            if tending.seen != Some(last) {
                let (cleared, heard) = self.clear_by_itself(last).await?;
                tended.cleared = cleared;
                self.deliver_all(&mut tended.posted).await?;
                // What the clearing told counts as a change: one more look finds nothing, and is the last.
                // What another program did may be heard of later.
                tending.seen = heard.then_some(last);
            }
        }
        Ok(tended)
    }

    /// Clears what the remembered tallies say can be cleared. Where not all of them are remembered, all
    /// halves are read. Says as well whether what happened up to the event `last` was heard of.
    async fn clear_by_itself(&self, last: u64) -> Result<(Option<Cleared>, bool), SiteError> {
        self.map_tallies().await?;
        self.map_again().await?;
        let heard = self.map_heard(last).await;
        for _ in 0..MOST_PLANS {
            let name = protocol::Hash::from_bytes(self.chance.bytes());
            let name = CommandId::new(&format!("tend-{name}")).ok_or(SiteError::OtherCommand)?;
            let plan = self.known.map.clearing().await?;
            let remembered = plan.is_some();
            let answer = match plan {
                None => self.command(&Caller::Administrator, &name, Command::Clear).await?,
                Some(plan) if plan.moves.is_empty() => break,
                Some(plan) => {
                    let id = own_name(&Caller::Administrator, &name);
                    self.lift_by(&id, answered::digest(&Command::Clear)?, plan).await?
                }
            };
            match answer {
                Answer::Cleared(cleared) if cleared.lift.is_some() => {
                    return Ok((Some(cleared), heard));
                }
                // What was remembered was wrong; now it is put right.
                _ if remembered => {}
                _ => break,
            }
        }
        Ok((None, heard))
    }

    /// Delivers until nothing is left to deliver.
    async fn deliver_all(&self, all: &mut Posted) -> Result<(), SiteError> {
        loop {
            let posted = self.post().await?;
            all.delivered += posted.delivered;
            all.refused += posted.refused;
            if posted.delivered + posted.refused == 0 {
                return Ok(());
            }
        }
    }
}

//! What this referee does as time passes: times of agreements that are over, and telling the others again.

use protocol::referee::Input;
use protocol::{LiftId, Timestamp};

use super::Brought;
use super::bench::Due;
use super::case::Docket;
use super::judge::GIVES_UP_AFTER_MS;
use crate::door::Site;
use crate::error::SiteError;

/// Of how many lifts of either kind something is done at once.
const AT_ONCE: usize = 64;

/// How many cases are read from the store at once.
const PAGE: u32 = 64;

impl Site {
    /// Does what is due at `now` about lifts that this site decides as a referee; says of how many it did something.
    /// Cheap where nothing is due: to be called several times a second. A site without its agent's key decides nothing.
    ///
    /// # Errors
    /// [`SiteError::Store`]; what was not done is done later.
    pub async fn tend_referee(&self, now: Timestamp) -> Result<usize, SiteError> {
        if self.signer.is_none() {
            return Ok(0);
        }
        if self.known.bench.is_to_look(now) {
            self.look_for_cases(now).await?;
        }
        let due = self.known.bench.due(now, AT_ONCE);
        for (lift, what) in &due {
            match self.tend_case(*lift, *what).await {
                Err(error @ SiteError::Store(_)) => return Err(error),
                Err(error) => {
                    self.known.bench.drop_case(lift);
                    tracing::warn!(%lift, error = error.word(), "cannot judge a lift: {error}");
                }
                Ok(()) => {}
            }
        }
        if !due.is_empty() {
            self.known.bench.give_up(now);
        }
        Ok(due.len())
    }

    async fn tend_case(&self, lift: LiftId, what: Due) -> Result<(), SiteError> {
        match what {
            Due::Timeout(timeout) => {
                let brought = Brought { id: lift, lift: None, from: self.agent };
                self.decide_case(&brought, Input::Timeout(timeout)).await?;
            }
            Due::Tell => {
                let mut view = self.store.read().await?;
                let Some(row) = view.case(&lift).await? else { return Ok(()) };
                let state = self.kept_case(&mut view, &row).await?;
                drop(view);
                // Another program may have decided it.
                self.known.bench.note(&state.referee, row.known, false, self.clock.now());
                self.tell_referees(&state.referee)?;
            }
        }
        Ok(())
    }

    /// Cases that are open and not waited for here: from before a restart, or another program's.
    async fn look_for_cases(&self, now: Timestamp) -> Result<(), SiteError> {
        let oldest = now.plus_ms(-GIVES_UP_AFTER_MS).unwrap_or(now);
        let mut view = self.store.read().await?;
        let mut after = None;
        loop {
            let page = view.open_cases(oldest, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.deadline, last.lift));
            for row in page.iter().filter(|row| !self.known.bench.has(&row.lift)) {
                match Docket::read(row) {
                    Ok(state) => self.known.bench.note(&state.referee, row.known, false, now),
                    Err(error) => tracing::warn!(lift = %row.lift, "cannot judge a lift: {error}"),
                }
            }
        }
    }
}

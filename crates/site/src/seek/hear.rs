//! What other sites say of ways, and what ends as time passes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use clearing::Input;
use protocol::errand::Errand;
use protocol::{AgentId, Timestamp};

use super::turn::Told;
use super::waits::Waits;
use crate::door::Site;
use crate::error::SiteError;

impl Site {
    /// Hears a query, an answer or an advert of an agent; what it causes is said as errands. What comes from an agent with
    /// none of whose users there is a tally here that may lift is counted, and nothing is said to it.
    ///
    /// # Errors
    /// [`SiteError::Busy`] where too many wait; [`SiteError`] where the store could not. Nothing has changed then.
    pub async fn hear_search(&self, from: AgentId, errand: Errand) -> Result<(), SiteError> {
        let input = match errand {
            Errand::Query(query) => Input::Asked { from, query: *query },
            Errand::Answer(answer) => Input::Answered { from, answer: *answer },
            Errand::Advert(advert) => Input::Advertised { from, advert: *advert },
            _ => return Ok(()),
        };
        let waits = Waits::begin(&self.known.seeking, Some(from))?;
        self.map_tallies().await?;
        if !self.known.map.has_gates() {
            self.known.seeking.strangers.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        // An answer is weighed by the referees of its question.
        let referees = match &input {
            Input::Answered { .. } => None,
            _ => Some(self.referees_now(&mut self.store.read().await?).await?.to_vec()),
        };
        let told = Told::Heard { from, input: Box::new(input) };
        self.tell_seeker(waits, told, referees).await
    }

    /// Ends what has waited long enough at `now`: searches, and questions to others. Where nothing waits, or somebody is
    /// at work on it, it costs nothing: several times a second is not too often, and less than once a second makes
    /// searches slow.
    ///
    /// # Errors
    /// [`SiteError`] where the graph and its copy do not fit; what was remembered is lost then.
    pub async fn tend_searches(&self, now: Timestamp) -> Result<(), SiteError> {
        let seeking = &self.known.seeking;
        if seeking.idle.load(Ordering::Acquire) {
            return Ok(());
        }
        match Arc::clone(&seeking.turn).try_acquire_owned() {
            Ok(turn) => self.step_seeker(turn, Told::Tick, None, now).await,
            // Whoever has the turn tells the machine the time as well.
            Err(_) => Ok(()),
        }
    }
}

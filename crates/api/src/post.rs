//! The post of a serving site: what commands cause is delivered, one round at a time, whoever asks
//! for it: the loop of the server or an administrator who waits for it.

use serde::{Deserialize, Serialize};
use site::{Site, SiteError};
use tokio::sync::{Mutex, Notify};

use crate::limits::POST_ROUNDS;
use crate::metrics::Metrics;

/// The post of a site.
pub struct Post {
    site: Site,
    metrics: Metrics,
    one_round: Mutex<()>,
    due: Notify,
    abroad: Notify,
}

/// What the post did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// Notes taken by halves here.
    pub delivered: usize,
    /// Notes that a half here refused.
    pub refused: usize,
    /// Letters for other sites that wait.
    pub waiting: u64,
}

impl Post {
    /// The post of this site.
    #[must_use]
    pub fn new(site: Site, metrics: Metrics) -> Self {
        Self { site, metrics, one_round: Mutex::new(()), due: Notify::new(), abroad: Notify::new() }
    }

    /// Something may be due.
    pub fn wake(&self) {
        self.due.notify_one();
        self.abroad.notify_one();
    }

    /// Waits until something may be due to other sites.
    pub async fn due_abroad(&self) {
        self.abroad.notified().await;
    }

    /// Waits until something may be due.
    pub async fn due(&self) {
        self.due.notified().await;
    }

    /// Delivers what is due, and what follows from it, until nothing is left or
    /// [`POST_ROUNDS`] rounds are done; then the rest is due.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; what was delivered before stays so.
    pub async fn deliver(&self) -> Result<Delivered, SiteError> {
        let _one = self.one_round.lock().await;
        let mut all = Delivered::default();
        for _ in 0..POST_ROUNDS {
            let posted = self.site.post().await.inspect_err(|_| self.metrics.post_failed())?;
            self.metrics.posted(posted);
            all.delivered += posted.delivered;
            all.refused += posted.refused;
            if posted.delivered + posted.refused == 0 {
                all.waiting = self.site.letters_abroad().await?;
                self.metrics.waiting_abroad(all.waiting);
                return Ok(all);
            }
        }
        self.wake();
        Ok(all)
    }
}

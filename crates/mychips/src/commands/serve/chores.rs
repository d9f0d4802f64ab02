//! What a serving site does by itself: the post, reminders, lifts.

use std::sync::Arc;
use std::time::Duration;

use api::Post;
use site::{Clock, Schedule, Site, SiteError};
use tokio::sync::watch;
use tokio::time::sleep;

use super::signals::told;
use crate::config::Config;
use crate::world::World;

/// How often halves say again what their partners did not confirm. At one site nothing gets lost but
/// by a crash between a commit and the post, so this is for what is odd.
const REMIND_EVERY: Duration = Duration::from_mins(1);

/// How long to wait after the store could not do something.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// How often it is looked whether a time has passed for which lifts wait.
const LIFT_EVERY: Duration = Duration::from_millis(200);

/// When the site does what by itself.
pub(super) fn schedule(config: &Config) -> Schedule {
    let remind_every_ms = i64::try_from(REMIND_EVERY.as_millis()).unwrap_or(i64::MAX);
    Schedule { clear_every_ms: config.clearing_every.map(|every| every.ms), remind_every_ms }
}

/// Does what is due until told to end.
pub(super) async fn run(
    site: Site,
    post: Arc<Post>,
    schedule: Schedule,
    ended: watch::Receiver<bool>,
) {
    let often = schedule.clear_every_ms.and_then(|ms| u64::try_from(ms).ok());
    let often = often.map_or(REMIND_EVERY, |ms| REMIND_EVERY.min(Duration::from_millis(ms)));
    loop {
        let wait = match round(&site, &post, &schedule).await {
            Ok(()) => often,
            Err(error) => {
                tracing::warn!(error = error.word(), "cannot look after the site: {error}");
                AFTER_A_FAULT
            }
        };
        tokio::select! {
            () = told(ended.clone()) => return,
            () = post.due() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Looks after lifts with other sites: those that users here take part in, and those that this site decides as a referee;
/// until told to end.
pub(super) async fn lifts(site: Site, post: Arc<Post>, ended: watch::Receiver<bool>) {
    loop {
        let wait = match lift_round(&site, &post).await {
            Ok(()) => LIFT_EVERY,
            Err(error) => {
                tracing::warn!(error = error.word(), "cannot look after lifts: {error}");
                AFTER_A_FAULT
            }
        };
        tokio::select! {
            () = told(ended.clone()) => return,
            () = site.lifts_due() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Clears debts around circles through other sites, every so often, until told to end.
pub(super) async fn around(site: Site, every_ms: Option<i64>, ended: watch::Receiver<bool>) {
    let Some(every_ms) = every_ms.and_then(|ms| u64::try_from(ms).ok()) else {
        return told(ended).await;
    };
    loop {
        tokio::select! {
            () = told(ended.clone()) => return,
            () = sleep(Duration::from_millis(every_ms)) => {}
        }
        let cleared = tokio::select! {
            () = told(ended.clone()) => return,
            cleared = site.clear_around() => cleared,
        };
        match cleared {
            Ok(lifts) if lifts.is_empty() => {}
            Ok(lifts) => tracing::info!(lifts = lifts.len(), "cleared around other sites"),
            Err(error) => {
                tracing::warn!(error = error.word(), "cannot clear around other sites: {error}");
            }
        }
    }
}

async fn lift_round(site: &Site, post: &Post) -> Result<(), SiteError> {
    let now = World.now();
    site.tend_searches(now).await?;
    if site.tend_lifts(now).await? > 0 {
        // What neighbours are told waits as letters.
        post.wake();
    }
    site.tend_referee(now).await?;
    Ok(())
}

async fn round(site: &Site, post: &Post, schedule: &Schedule) -> Result<(), SiteError> {
    post.deliver().await?;
    let tended = site.tend(World.now(), schedule).await?;
    if tended.reminded > 0 {
        tracing::debug!(halves = tended.reminded, "reminded");
    }
    if let Some(cleared) = tended.cleared {
        let (milli, tallies) = (cleared.cleared.to_string(), cleared.tallies);
        tracing::info!(milli_chips = milli, tallies, users = cleared.users, "cleared");
    }
    Ok(())
}

//! What a serving site does by itself: the post, reminders, lifts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Post;
use site::{Site, SiteError};
use tokio::sync::watch;
use tokio::time::sleep;

use super::signals::told;

/// How often halves say again what their partners did not confirm. At one site nothing gets lost but
/// by a crash between a commit and the post, so this is for what is odd.
const REMIND_EVERY: Duration = Duration::from_mins(1);

/// How long to wait after the store could not do something.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// Does what is due until told to end.
pub(super) async fn run(site: Site, post: Arc<Post>, ended: watch::Receiver<bool>) {
    let mut reminded: Option<Instant> = None;
    loop {
        let wait = match round(&site, &post, &mut reminded).await {
            Ok(()) => REMIND_EVERY,
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

async fn round(site: &Site, post: &Post, reminded: &mut Option<Instant>) -> Result<(), SiteError> {
    post.deliver().await?;
    if reminded.is_none_or(|at| at.elapsed() >= REMIND_EVERY) {
        let spoke = site.remind().await?;
        if spoke > 0 {
            tracing::debug!(halves = spoke, "reminded");
            post.deliver().await?;
        }
        *reminded = Some(Instant::now());
    }
    // Here lifts are looked for by themselves, once the site has a way to.
    Ok(())
}

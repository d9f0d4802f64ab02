//! Rounds: what is due is sent, again and again, several rounds at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use protocol::mail::MOST_NOTES;
use site::{Carried, Site, SiteError};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use wire::Wire;

use crate::carrier::Carrier;
use crate::near::Near;

/// How many rounds of letters are on their way at once: one that waits for an agent that is slow keeps no
/// other back.
const ROUNDS: usize = 32;

/// How often is looked for letters that are due though nobody said so: those to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sends a site's letters over a wire, to places that may be asked, until it has `ended`; `due` waits until
/// something may be due. Then the wire is shut down, and what was on its way is noted.
pub async fn deliver<D: Future<Output = ()>>(
    wire: &Wire,
    near: Near,
    site: &Site,
    due: impl Fn() -> D,
    ended: impl Future<Output = ()>,
) {
    let carrier = Arc::new(Carrier::new(wire.clone(), near));
    let mut rounds = JoinSet::new();
    tokio::pin!(ended);
    let mut go = true;
    loop {
        let full = rounds.len() >= ROUNDS;
        if go && !full {
            let (site, carrier) = (site.clone(), Arc::clone(&carrier));
            rounds.spawn(async move { site.deliver(&carrier).await });
        }
        // Whatever comes first, also while other rounds are on their way: what follows from one of them must not
        // wait because another found nothing.
        go = tokio::select! {
            () = &mut ended => break,
            Some(round) = rounds.join_next() => did_something(round) || (go && full),
            () = due() => true,
            () = sleep(LOOK_EVERY) => true,
        };
    }
    wire.shutdown().await;
    // What was on its way is known to have arrived or not; the rest is sent again by whoever comes next.
    while rounds.join_next().await.is_some() {}
}

fn did_something(round: Result<Result<Carried, SiteError>, JoinError>) -> bool {
    match round {
        // A round that was full may have left out others, whose agents answer.
        Ok(Ok(carried)) => carried.sent + carried.refused > 0 || carried.later >= MOST_NOTES,
        Ok(Err(error)) => {
            tracing::warn!(error = error.word(), "cannot send letters: {error}");
            false
        }
        Err(_) => false,
    }
}

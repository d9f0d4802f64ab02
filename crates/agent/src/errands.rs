//! Errands as they go over a wire: each is sent once, many at the same time, and the answer to it is heard.

use std::sync::Arc;
use std::time::Duration;

use protocol::errand::Errand;
use site::{Outgoing, Site};
use tokio::sync::Semaphore;
use wire::{Kind, Wire};

use crate::near::Near;

/// How many errands are on their way at once; the others wait until one is back.
const AT_ONCE: usize = 256;

/// For how long one is tried: whoever needs the answer asks again.
const WITHIN: Duration = Duration::from_secs(5);

/// How long is waited where the store could not say what is to be sent.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends a site's errands over a wire, to places that may be asked, for as long as it is polled. What is on its way when
/// it is dropped is lost.
pub(crate) async fn run(wire: &Wire, near: Near, site: &Site) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        site.errands_due().await;
        let errands = match site.take_errands().await {
            Ok(errands) => errands,
            Err(error) => {
                tracing::warn!(error = error.word(), "cannot send errands: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        for outgoing in errands {
            // Nobody closes it.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let (wire, site) = (wire.clone(), site.clone());
            tokio::spawn(async move {
                send(&wire, near, &site, outgoing).await;
                drop(permit);
            });
        }
    }
}

async fn send(wire: &Wire, near: Near, site: &Site, Outgoing { to, at, errand }: Outgoing) {
    let at: Vec<_> = at.into_iter().filter(|at| near.may_be_asked(at)).collect();
    let Ok(text) = errand.to_text() else { return };
    let kind = Kind::of_errand(errand.about());
    match wire.send(to, &at, kind, text.as_bytes(), WITHIN).await {
        Ok(answer) if answer.is_empty() => {}
        Ok(answer) => match Errand::read(&answer) {
            Ok(answer) => _ = site.hear_errand(to, answer).await,
            Err(fault) => tracing::debug!(%to, %fault, "an answer that is no errand"),
        },
        Err(why) => tracing::debug!(%to, errand = errand.word(), %why, "an errand was lost"),
    }
}

//! Errands as they go over a wire: each is sent once, many at the same time, and the answer to it is heard.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use protocol::errand::Errand;
use site::{Outgoing, Site};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use wire::{Kind, NotSent, Wire};

use crate::near::Near;

/// How many errands are on their way at once; the others wait until one is back.
const AT_ONCE: usize = 256;

/// For how long one is tried: whoever needs the answer asks again.
const WITHIN: Duration = Duration::from_secs(5);

/// How many may wait because their agent takes no more at the moment; beyond, they are lost. They keep no others waiting.
const MOST_PUT_OFF: usize = 1_024;

/// How long is waited at least before one is sent again: whoever says "at once" each time must not have it sent without a pause.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// How long is waited where the store could not say what is to be sent.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends a site's errands over a wire, to places that may be asked, for as long as it is polled. What is on its way when
/// it is dropped is lost.
pub(crate) async fn run(wire: &Wire, near: Near, site: &Site) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let put_off = Arc::new(Semaphore::new(MOST_PUT_OFF));
    loop {
        site.errands_due().await;
        let errands = match site.take_errands().await {
            Ok(errands) => errands,
            Err(error) => {
                tracing::warn!(error = error.word(), "cannot send errands: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        for outgoing in errands {
            // Nobody closes it.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let place = Place { room: Arc::clone(&room), put_off: Arc::clone(&put_off), permit };
            let (wire, site) = (wire.clone(), site.clone());
            tokio::spawn(async move { send(&wire, near, &site, outgoing, place).await });
        }
    }
}

/// The place of an errand among those that are on their way.
struct Place {
    room: Arc<Semaphore>,
    put_off: Arc<Semaphore>,
    permit: OwnedSemaphorePermit,
}

impl Place {
    /// Leaves it for so long, so that others are sent meanwhile; none where too many wait.
    async fn back_after(self, wait: Duration) -> Option<Self> {
        let Self { room, put_off, permit } = self;
        drop(permit);
        let waiting = Arc::clone(&put_off).try_acquire_owned().ok()?;
        sleep(wait).await;
        drop(waiting);
        let permit = Arc::clone(&room).acquire_owned().await.ok()?;
        Some(Self { room, put_off, permit })
    }
}

/// Tries until an errand is answered; again only where its agent takes no more at the moment and says when it will.
async fn tried<F: Future<Output = Result<Vec<u8>, NotSent>>>(
    once: impl Fn(Duration) -> F,
    mut place: Place,
) -> Result<(Vec<u8>, Place), NotSent> {
    let until = Instant::now() + WITHIN;
    loop {
        let why = match once(until.saturating_duration_since(Instant::now())).await {
            Ok(answer) => return Ok((answer, place)),
            Err(why) => why,
        };
        let NotSent::Later { after_ms, .. } = why else { return Err(why) };
        let wait = Duration::from_millis(after_ms).max(LEAST_WAIT);
        if Instant::now() + wait >= until {
            return Err(why);
        }
        place = place.back_after(wait).await.ok_or(why)?;
    }
}

async fn send(
    wire: &Wire,
    near: Near,
    site: &Site,
    Outgoing { to, at, errand }: Outgoing,
    place: Place,
) {
    let at: Vec<_> = at.into_iter().filter(|at| near.may_be_asked(at)).collect();
    let Ok(text) = errand.to_text() else { return };
    let kind = Kind::of_errand(errand.about());
    let once = |within| wire.send(to, &at, kind, text.as_bytes(), within);
    let tried = tried(once, place).await;
    site.errand_went(to, tried.is_ok());
    match tried {
        Ok((answer, _)) if answer.is_empty() => {}
        Ok((answer, _place)) => match Errand::read(&answer) {
            Ok(answer) => _ = site.hear_errand(to, answer).await,
            Err(fault) => tracing::debug!(%to, %fault, "an answer that is no errand"),
        },
        Err(why) => tracing::debug!(%to, errand = errand.word(), %why, "an errand was lost"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use protocol::{AgentId, SecretKey, Signer as _};

    use super::*;

    fn place(put_off: usize) -> Place {
        let room = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&room).try_acquire_owned().unwrap();
        Place { room, put_off: Arc::new(Semaphore::new(put_off)), permit }
    }

    /// An agent that says each of these in turn, and is then pleased.
    async fn asked(answers: Vec<NotSent>, put_off: usize) -> (Result<Vec<u8>, NotSent>, usize) {
        let (left, times) = (Mutex::new(answers.into_iter()), Mutex::new(0));
        let once = |_| {
            *times.lock().unwrap() += 1;
            let said = left.lock().unwrap().next().map_or_else(|| Ok(b"yes".to_vec()), Err);
            async move { said }
        };
        let said = tried(once, place(put_off)).await.map(|(answer, _)| answer);
        let times = *times.lock().unwrap();
        (said, times)
    }

    fn agent() -> AgentId {
        AgentId::of(&SecretKey::ed25519(&[1; 32]).public_key()).unwrap()
    }

    fn later(after_ms: u64) -> NotSent {
        NotSent::Later { agent: agent(), after_ms, reason: "enough".to_owned() }
    }

    #[tokio::test]
    async fn who_is_told_to_come_later_comes_later() {
        assert_eq!(asked(vec![later(1), later(1)], 1).await, (Ok(b"yes".to_vec()), 3));
    }

    #[tokio::test]
    async fn an_errand_is_lost_where_later_is_too_late_or_too_many_wait_or_it_does_not_arrive() {
        assert_eq!(asked(vec![later(60_000)], 1).await, (Err(later(60_000)), 1));
        assert_eq!(asked(vec![later(1)], 0).await, (Err(later(1)), 1));
        let gone = NotSent::Broken { agent: agent() };
        assert_eq!(asked(vec![gone.clone()], 1).await, (Err(gone), 1));
    }

    #[tokio::test]
    async fn others_are_sent_while_one_waits() {
        let place = place(1);
        let room = Arc::clone(&place.room);
        assert!(room.try_acquire().is_err(), "it is on its way");
        let waits = tokio::spawn(place.back_after(Duration::from_millis(1)));
        let other = room.acquire().await.unwrap();
        drop(other);
        assert!(waits.await.unwrap().is_some());
    }
}

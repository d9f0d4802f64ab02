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
use crate::errands;
use crate::near::Near;

/// How many rounds of letters are on their way at once: one that waits for an agent that is slow keeps no
/// other back.
const ROUNDS: usize = 32;

/// How often is looked for letters that are due though nobody said so: those to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sends a site's letters and errands over a wire, to places that may be asked, until it has `ended`; `due` waits until
/// something may be due. Then the wire is shut down, and what was on its way is noted.
pub async fn deliver<D: Future<Output = ()>>(
    wire: &Wire,
    near: Near,
    site: &Site,
    due: impl Fn() -> D,
    ended: impl Future<Output = ()>,
) {
    let carrier = Arc::new(Carrier::new(wire.clone(), near));
    let begin = || {
        let (site, carrier) = (site.clone(), Arc::clone(&carrier));
        async move { site.deliver(&carrier).await }
    };
    let mut rounds = tokio::select! {
        rounds = go_round(begin, due, || sleep(LOOK_EVERY), ended) => rounds,
        () = errands::run(wire, near, site) => JoinSet::new(),
    };
    wire.shutdown().await;
    // What was on its way is known to have arrived or not; the rest is sent again by whoever comes next.
    while rounds.join_next().await.is_some() {}
}

type Round = Result<Carried, SiteError>;

/// Begins rounds until it has `ended`, whenever something is `due` or it is time to `look`: those that are on
/// their way then.
async fn go_round<R, D, L>(
    begin: impl Fn() -> R,
    due: impl Fn() -> D,
    look: impl Fn() -> L,
    ended: impl Future<Output = ()>,
) -> JoinSet<Round>
where
    R: Future<Output = Round> + Send + 'static,
    D: Future<Output = ()>,
    L: Future<Output = ()>,
{
    let mut rounds = JoinSet::new();
    tokio::pin!(ended);
    let mut go = true;
    loop {
        let full = rounds.len() >= ROUNDS;
        if go && !full {
            rounds.spawn(begin());
        }
        // Whatever comes first, also while other rounds are on their way: what follows from one of them must not
        // wait because another found nothing.
        go = tokio::select! {
            () = &mut ended => return rounds,
            Some(round) = rounds.join_next() => did_something(round) || (go && full),
            () = due() => true,
            () = look() => true,
        };
    }
}

fn did_something(round: Result<Round, JoinError>) -> bool {
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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Mutex;

    use tokio::sync::{Notify, oneshot};
    use tokio::task::yield_now;

    use super::*;

    const NOTHING: Carried = Carried { sent: 0, refused: 0, later: 0 };
    const SENT: Carried = Carried { sent: 1, ..NOTHING };

    /// Rounds that end when the test says so; it is never time to look.
    #[derive(Clone, Default)]
    struct Rounds {
        begun: Arc<Mutex<Vec<Option<oneshot::Sender<Carried>>>>>,
        due: Arc<Notify>,
    }

    impl Rounds {
        fn started() -> Self {
            let rounds = Self::default();
            let all = rounds.clone();
            let begin = move || {
                let (end, ended) = oneshot::channel();
                all.begun.lock().unwrap().push(Some(end));
                async move { Ok(ended.await.unwrap()) }
            };
            let due = Arc::clone(&rounds.due);
            tokio::spawn(
                async move { go_round(begin, || due.notified(), pending, pending()).await },
            );
            rounds
        }

        /// How many have begun, once everybody has done what can be done.
        async fn begun(&self) -> usize {
            for _ in 0..200 {
                yield_now().await;
            }
            self.begun.lock().unwrap().len()
        }

        async fn wakes(&self) -> usize {
            self.due.notify_one();
            self.begun().await
        }

        async fn ends(&self, round: usize, carried: Carried) -> usize {
            let end = self.begun.lock().unwrap()[round].take().unwrap();
            end.send(carried).unwrap();
            self.begun().await
        }
    }

    #[tokio::test]
    async fn what_follows_from_a_round_does_not_wait_because_another_found_nothing() {
        let rounds = Rounds::started();
        assert_eq!(rounds.begun().await, 1, "what waited from before");
        assert_eq!(rounds.wakes().await, 2, "beside one that is on its way");
        assert_eq!(rounds.ends(0, NOTHING).await, 2);
        assert_eq!(rounds.ends(1, SENT).await, 3, "it may have brought something to say");
        assert_eq!(rounds.ends(2, NOTHING).await, 3, "nobody goes round for nothing");
        assert_eq!(rounds.wakes().await, 4);
    }

    #[tokio::test]
    async fn who_was_woken_while_all_were_on_their_way_goes_when_one_is_back() {
        let rounds = Rounds::started();
        rounds.begun().await;
        for round in 1..ROUNDS {
            assert_eq!(rounds.wakes().await, round + 1);
        }
        assert_eq!(rounds.wakes().await, ROUNDS, "there are never more");
        assert_eq!(rounds.ends(7, NOTHING).await, ROUNDS + 1);
        assert_eq!(rounds.ends(8, NOTHING).await, ROUNDS + 1, "it was woken once");
        let left_out = Carried { later: MOST_NOTES, ..NOTHING };
        assert_eq!(
            rounds.ends(9, left_out).await,
            ROUNDS + 2,
            "a full one may have left out others"
        );
    }
}

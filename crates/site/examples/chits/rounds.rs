//! What is measured: payments written, at both halves; doctor; pages.

use std::time::{Duration, Instant};

use protocol::Verified;
use site::Caller;

use crate::world::{Town, cuid, signed_alone, tally_id};

/// Payments by so many callers, each of whom waits for an answer before it asks again.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) tallies: u32,
    pub(crate) callers: u32,
    pub(crate) chits: u32,
    /// Names the payments of this round apart from those of others.
    pub(crate) first: u32,
}

/// What came of a round.
pub(crate) struct Came {
    pub(crate) seconds: f64,
    /// How long callers waited for an answer.
    pub(crate) waited: Vec<Duration>,
}

impl Came {
    /// So many callers in a hundred waited no longer, in milliseconds.
    pub(crate) fn waited_ms(&self, percent: usize) -> f64 {
        let place = (self.waited.len() * percent / 100).min(self.waited.len() - 1);
        self.waited[place].as_secs_f64() * 1_000.0
    }
}

/// Writes a round's payments, which are signed before the clock starts. Whoever has an answer has its
/// payment at both halves.
pub(crate) async fn pay(town: &Town, round: &Round) -> Came {
    let signed = (0..round.callers).map(|caller| {
        let (town, Round { tallies, callers, chits, first }) = (town.clone(), *round);
        tokio::task::spawn_blocking(move || {
            let own = (0..chits).filter(|chit| chit % callers == caller);
            let own = own.map(|chit| (1 + chit % tallies, first + chit / tallies));
            own.map(|(number, chit)| (number, town.payment(number, chit))).collect::<Vec<_>>()
        })
    });
    let mut work = Vec::new();
    for signed in signed.collect::<Vec<_>>() {
        work.push(signed.await.unwrap());
    }
    let began = Instant::now();
    let callers: Vec<_> = work
        .into_iter()
        .map(|work| {
            let town = town.clone();
            tokio::spawn(async move {
                let mut waited = Vec::with_capacity(work.len());
                for (number, chit) in work {
                    let asked = Instant::now();
                    town.pay(number, chit).await;
                    waited.push(asked.elapsed());
                }
                waited
            })
        })
        .collect();
    let mut waited = Vec::new();
    for caller in callers {
        waited.append(&mut caller.await.unwrap());
    }
    let seconds = began.elapsed().as_secs_f64();
    waited.sort_unstable();
    Came { seconds, waited }
}

/// How many payments' signatures one core checks in a second.
pub(crate) fn verify_alone() -> f64 {
    let (keys, chits) = signed_alone(500);
    let began = Instant::now();
    for chit in chits {
        Verified::check(chit, &keys).unwrap();
    }
    500.0 / began.elapsed().as_secs_f64()
}

/// Checks everything: seconds, chits looked at.
pub(crate) async fn doctor(town: &Town) -> (f64, u64) {
    let began = Instant::now();
    let found = town.site.doctor(&mut |_| {}).await.unwrap();
    assert!(found.ok, "{found:?}");
    (began.elapsed().as_secs_f64(), found.chits)
}

/// How long a question takes: the middle one of nine times, in milliseconds.
async fn middle<F: Future<Output = usize>>(ask: impl Fn() -> F) -> (f64, usize) {
    let mut times = Vec::new();
    let mut rows = 0;
    for _ in 0..9 {
        let began = Instant::now();
        rows = ask().await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    (times[4].as_secs_f64() * 1_000.0, rows)
}

/// What people ask for: name, milliseconds, rows.
pub(crate) async fn reads(town: &Town) -> Vec<(&'static str, f64, usize)> {
    let (site, shop, user) = (&town.site, Caller::User(cuid(0)), Caller::User(cuid(1)));
    let mut all = Vec::new();
    let mut say = |what, (ms, rows)| all.push((what, ms, rows));
    say(
        "a user's tallies",
        middle(async || site.tallies(&user, None, 500).await.unwrap().len()).await,
    );
    say(
        "a page of the shop's tallies",
        middle(async || site.tallies(&shop, None, 100).await.unwrap().len()).await,
    );
    say(
        "a user's statement, all of it",
        middle(async || {
            let (mut before, mut rows) = (None, 0);
            loop {
                let page = site.history(&cuid(1), tally_id(1), before, 500).await.unwrap();
                rows += page.len();
                before = page.last().map(|entry| entry.link.head.index);
                if page.len() < 500 {
                    return rows;
                }
            }
        })
        .await,
    );
    say(
        "a page of history",
        middle(async || site.history(&cuid(0), tally_id(1), None, 100).await.unwrap().len()).await,
    );
    say(
        "what the whole site owes",
        middle(async || {
            usize::try_from(site.totals(&Caller::Administrator).await.unwrap().links).unwrap()
        })
        .await,
    );
    all
}

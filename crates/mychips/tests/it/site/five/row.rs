//! The five sites, each a process of its own, and the tallies between them, made as users make them.

use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use protocol::{AgentId, ChipAddress};
use serde_json::Value;
use store::Store;

use crate::run::Run;
use crate::site::pair::LONG;
use crate::site::serving::Serving;
use crate::site::town::Town;

/// Who lives where, in the order in which they are partners.
pub(super) const USERS: [&str; 4] = ["ann", "bob", "cat", "dan"];
/// The site where nobody lives, which decides.
pub(super) const REFEREE: usize = 4;
/// Four that decide together: three of those where somebody lives, and that one.
pub(super) const TOGETHER: [usize; 4] = [1, 2, 3, REFEREE];
/// What each may owe each partner, in milli-CHIPs.
pub(super) const LIMIT: i64 = 100_000;

pub(super) struct Row {
    pub(super) towns: Vec<Town>,
    pub(super) agents: Vec<AgentId>,
    pub(super) places: Vec<String>,
    serving: Mutex<Vec<Option<Serving>>>,
}

impl Row {
    /// All five served, no tally yet; all that have users accept these as referees.
    fn decided_by(referees: &[usize]) -> Self {
        let towns: Vec<Town> = (0..5).map(|_| Town::bare()).collect();
        for (town, user) in towns.iter().zip(USERS) {
            town.does("init");
            town.does(&format!("key new {user}"));
            town.room_run(&["user", "add", user, "--name", user]);
        }
        towns[REFEREE].does("init");
        let serving: Vec<Serving> = towns.iter().map(Town::serve).collect();
        let agents: Vec<AgentId> = serving.iter().map(|serving| serving.agent).collect();
        let places: Vec<String> = serving.iter().map(|serving| serving.place.clone()).collect();
        for town in &towns[..REFEREE] {
            for referee in referees {
                town.does(&format!("referee accept {}@{}", agents[*referee], places[*referee]));
            }
        }
        let serving = Mutex::new(serving.into_iter().map(Some).collect());
        Self { towns, agents, places, serving }
    }

    /// With a tally between each two that are next to each other; the fifth decides.
    pub(super) fn open() -> Self {
        Self::open_decided_by(&[REFEREE])
    }

    /// The same, with these referees.
    pub(super) fn open_decided_by(referees: &[usize]) -> Self {
        let row = Self::decided_by(referees);
        for next in 0..USERS.len() - 1 {
            row.open_tally([next, next + 1]);
        }
        row
    }

    /// One invites, the other answers, offers, and is accepted.
    pub(super) fn open_tally(&self, users: [usize; 2]) {
        let [one, other] = users.map(|user| USERS[user]);
        let [ones, others] = users.map(|user| &self.towns[user]);
        let limits = format!("--limit {0} --their-limit {0}", LIMIT / 1_000);
        let file = ones.room.path().join(format!("for-{other}.json"));
        let file = file.to_str().unwrap();
        tell(ones, &format!("tally invite --as {one} {limits} --out {file}"));
        tell(others, &format!("tally answer {file} --as {other}"));
        self.wait("who answered", || half(ones, one, other)["status"] == "P.draft");
        tell(others, &format!("tally offer {one} --as {other}"));
        self.wait("the offer", || half(ones, one, other)["status"] == "P.offer");
        tell(ones, &format!("tally accept {other} --as {one}"));
        self.wait("it is open", || half(others, other, one)["status"] == "open");
    }

    /// The address of a user, with its place.
    pub(super) fn address(&self, user: usize) -> ChipAddress {
        self.link(user).parse().unwrap()
    }

    pub(super) fn link(&self, user: usize) -> String {
        format!("chip://{}:{}@{}", USERS[user], self.agents[user], self.places[user])
    }

    /// Where a site answers its users now; none while nobody serves it.
    pub(super) fn door(&self, site: usize) -> Option<std::net::SocketAddr> {
        self.serving.lock().unwrap()[site].as_ref().map(|serving| serving.address)
    }

    /// A site dies and is served again at the same place.
    pub(super) fn kill(&self, site: usize) {
        self.stop(site);
        self.start(site);
    }

    /// A site dies.
    pub(super) fn stop(&self, site: usize) {
        let old = self.serving.lock().unwrap()[site].take().unwrap();
        is_clean(&old.log());
        old.kill();
    }

    /// It is served again at the same place.
    pub(super) fn start(&self, site: usize) {
        let again = self.towns[site].serve_at(&self.places[site]);
        self.serving.lock().unwrap()[site] = Some(again);
    }

    pub(super) fn wait(&self, what: &str, so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !so() {
            if begun.elapsed() > LONG {
                let words = self.towns.iter().map(Town::last_words).collect::<Vec<_>>();
                panic!("never: {what}\n{}", words.join("\n\n"));
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// What each owes the one before it, in milli-CHIPs, as both halves say; none while they do not, or a chit is not
    /// agreed on by both.
    pub(super) fn owed(&self) -> Option<Vec<i64>> {
        (0..USERS.len() - 1)
            .map(|next| {
                let (one, other) = (USERS[next], USERS[next + 1]);
                let ones = half(&self.towns[next], one, other);
                let others = half(&self.towns[next + 1], other, one);
                let same = ["chits", "agreed"].iter().all(|name| ones[name] == others[name])
                    && ones["chits"] == ones["agreed"];
                let (owed, owes) = (ones["balance"].as_i64()?, others["balance"].as_i64()?);
                (same && owed == -owes).then_some(owed)
            })
            .collect()
    }

    /// Waits until nothing is under way, on all tallies this is owed; and doctor finds nothing anywhere.
    pub(super) fn settles(&self, owed: &[i64]) {
        self.wait("both ends of every tally say the same", || self.owed().as_deref() == Some(owed));
        self.wait("nothing waits", || {
            let quiet = |town: &Town| {
                let status = town.json("status");
                // A restored half has its answer at once, before anybody reminds.
                status["waiting"] == 0 && status["asking"] == 0
            };
            self.towns.iter().all(quiet)
        });
        self.wait("nothing is locked", || self.open_parts().iter().all(|open| *open == 0));
        for town in &self.towns {
            let found = town.json("doctor");
            assert_eq!(found["ok"], true, "{found}");
        }
    }

    /// How many parts in lifts are open at each site, from its database.
    fn open_parts(&self) -> Vec<usize> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = |town: &Town| {
            runtime.block_on(async {
                let store = Store::sqlite(&town.site().join("mychips.db")).await.unwrap();
                let open = store.read().await.unwrap().open_parts(None, 64).await.unwrap().len();
                store.close().await;
                open
            })
        };
        self.towns.iter().map(open).collect()
    }

    /// Ends all; their logs hold no fault.
    pub(super) fn end(self) {
        for serving in self.serving.into_inner().unwrap().into_iter().flatten() {
            is_clean(&serving.end());
        }
        for town in &self.towns {
            let found = town.json("doctor");
            assert_eq!(found["ok"], true, "{found}");
        }
    }
}

fn is_clean(log: &str) {
    let fault = |line: &&str| line.contains("panicked") || line.contains("\"level\":\"ERROR\"");
    let faults: Vec<&str> = log.lines().filter(fault).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A command that must go well; what comes in at the same time, a device may not have kept up with. What a payment costs is
/// said beside.
pub(super) fn tell(town: &Town, words: &str) -> Run {
    let run = town.run(words);
    let known = |line: &str| {
        line.contains("this device could not keep up") || line.starts_with("mychips: to pay ")
    };
    assert!(run.code == 0 && run.err.lines().all(known), "mychips {words}\n{}{}", run.out, run.err);
    run
}

/// A user's half of its tally with a partner; null where there is none.
pub(super) fn half(town: &Town, user: &str, partner: &str) -> Value {
    let run = town.run(&format!("tally show {partner} --as {user} --json"));
    serde_json::from_str(&run.out).unwrap_or_default()
}

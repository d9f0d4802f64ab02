//! Ann's site and Bob's, each with a folder and, once it is served, a process of its own.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::town::Town;

/// Longer than anything takes on a slow machine and a bad line.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Ann's site and Bob's, which have never met.
pub(crate) struct Two {
    pub(crate) anns: Town,
    pub(crate) bobs: Town,
}

impl Two {
    pub(crate) fn new() -> Self {
        Self::at(Town::bare(), Town::bare())
    }

    /// The same, where nobody lives yet.
    pub(crate) fn at(anns: Town, bobs: Town) -> Self {
        for (town, user, name) in [(&anns, "ann", "Ann Baker"), (&bobs, "bob", "Bob Smith")] {
            town.does("init");
            town.does(&format!("key new {user}"));
            town.room_run(&["user", "add", user, "--name", name]);
        }
        Self { anns, bobs }
    }

    /// One invitation, from file to file; both serve.
    pub(crate) fn open_tally(&self) {
        self.anns.does("tally invite --as ann --limit 100 --their-limit 20 --out for-bob.json");
        let file = self.anns.room.path().join("for-bob.json");
        self.bobs.does(&format!("tally answer {} --as bob", file.display()));
        self.wait("Ann sees who answered", || self.anns.status("ann") == "P.draft");
        self.bobs.does("tally offer ann --as bob");
        self.wait("Ann sees the offer", || self.anns.status("ann") == "P.offer");
        self.anns.does("tally accept bob --as ann");
        self.wait("Bob sees it open", || self.bobs.status("bob") == "open");
    }

    pub(crate) fn wait(&self, what: &str, so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !so() {
            if begun.elapsed() > LONG {
                let towns = [&self.anns, &self.bobs];
                let tallies = towns.map(|town| town.tallies());
                let [anns, bobs] = towns.map(Town::last_words);
                panic!("never: {what}: {tallies:?}\nAnn's site: {anns}\nBob's site: {bobs}");
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// Both pay so often, the one more than the other: what Bob owes then.
    pub(crate) fn pay(&self, times: u16) -> i64 {
        for _ in 0..times {
            self.pays(&self.bobs, "pay ann 0.5 --as bob");
            self.pays(&self.anns, "pay bob 0.2 --as ann");
        }
        i64::from(times) * 300
    }

    /// One pays while what the other one paid may come in: then its device may say that it could not keep up.
    pub(crate) fn pays(&self, town: &Town, words: &str) {
        let run = town.run(words);
        let known = run.err.is_empty() || run.err.contains("this device could not keep up");
        assert!(run.code == 0 && known, "mychips {words}\n{}{}", run.out, run.err);
    }

    /// Both halves agree on what Bob owes, and nothing waits to be said.
    pub(crate) fn agree_on(&self, milli: i64) {
        self.wait("both say the same", || {
            let [ann, bob] = [(&self.anns, "ann"), (&self.bobs, "bob")].map(|(town, user)| {
                let entries = town.json(&format!("statement {} --as {user}", other(user)));
                let entries = entries["entries"].as_array().unwrap().clone();
                let agreed = entries.iter().all(|entry| entry["agreed"] == true);
                (agreed, town.tally(user)["balance"].as_i64().unwrap())
            });
            (ann, bob) == ((true, milli), (true, -milli))
        });
        self.wait("nothing waits", || {
            [&self.anns, &self.bobs].iter().all(|town| town.json("status")["waiting"] == 0)
        });
        for town in [&self.anns, &self.bobs] {
            let found = town.json("doctor");
            assert_eq!(found["ok"], true, "{found}");
        }
    }
}

fn other(user: &str) -> &'static str {
    if user == "ann" { "bob" } else { "ann" }
}

impl Town {
    /// The end of the log of whoever serves it.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.room.path().join("serve.log")).unwrap_or_default();
        let mine = log.lines().filter(|line| !line.contains("\"message\":\"request\""));
        let lines: Vec<&str> = mine.collect();
        let panics = lines.iter().position(|line| line.contains("panicked"));
        let first = panics.unwrap_or(lines.len().saturating_sub(40));
        lines[first..].iter().take(40).copied().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn tallies(&self) -> Value {
        let user = if self.keys().join("ann.jwk").exists() { "ann" } else { "bob" };
        self.json(&format!("tally list --as {user}"))["tallies"].clone()
    }

    pub(crate) fn tally(&self, _user: &str) -> Value {
        self.tallies()[0].clone()
    }

    pub(crate) fn status(&self, user: &str) -> String {
        self.tally(user)["status"].as_str().unwrap_or_default().to_owned()
    }
}

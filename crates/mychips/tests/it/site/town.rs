//! A site in a folder of its own, its users' keys in another, and what is seen of a run.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::{Room, Run};

pub(crate) struct Town {
    pub(crate) room: Room,
    /// Where its rows are, if not in its folder.
    pub(crate) store: Option<String>,
    /// Everything that was asked and answered, ids and dates hidden.
    pub(crate) told: String,
    /// What its configuration says in variables.
    pub(crate) says: Vec<(&'static str, String)>,
    /// The program that runs its commands, where they run elsewhere than here.
    pub(crate) door: Vec<String>,
}

impl Town {
    /// Nothing yet.
    pub(crate) fn bare() -> Self {
        Self {
            room: Room::new(),
            store: None,
            told: String::new(),
            says: Vec::new(),
            door: Vec::new(),
        }
    }

    /// A site where Ann and Bob live.
    pub(crate) fn new() -> Self {
        let town = Self::bare();
        town.does("init");
        town.with_ann_and_bob()
    }

    /// Ann and Bob move in.
    pub(crate) fn with_ann_and_bob(self) -> Self {
        for (user, name) in [("ann", "Ann Baker"), ("bob", "Bob Smith")] {
            self.does(&format!("key new {user}"));
            self.room_run(&["user", "add", user, "--name", name]);
        }
        self
    }

    /// Ann invited Bob, Bob offered, Ann accepted: Bob may owe 100, Ann may owe 20.
    pub(crate) fn with_tally() -> Self {
        Self::new().with_open_tally()
    }

    /// The same, with its rows in a PostgreSQL database.
    pub(crate) fn with_tally_in(database: &str) -> Self {
        let town = Self { store: Some(database.to_owned()), ..Self::bare() };
        town.does("init");
        town.with_ann_and_bob().with_open_tally()
    }

    /// The same, where both live already.
    pub(crate) fn with_open_tally(self) -> Self {
        self.does("tally invite --as ann --limit 100 --their-limit 20 --out for-bob.json");
        self.does("tally answer for-bob.json --as bob");
        self.does("tally offer ann --as bob");
        self.does("tally accept bob --as ann");
        self
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.room.path().join("site")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.room.path().join("keys")
    }

    /// The command, ready to be run with this site and these keys.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.room.command(arguments);
        command.env("MYCHIPS_DATA", self.site()).env("MYCHIPS_KEYS", self.keys());
        if let Some(store) = &self.store {
            command.env("MYCHIPS_STORE", store);
        }
        command.envs(self.says.iter().map(|(name, value)| (name, value)));
        self.through_the_door(command)
    }

    fn through_the_door(&self, inner: Command) -> Command {
        let Some((program, arguments)) = self.door.split_first() else { return inner };
        let mut outer = Command::new(program);
        outer.args(arguments).arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        outer.current_dir(self.room.path()).stdin(Stdio::null());
        outer
    }

    pub(crate) fn room_run(&self, arguments: &[&str]) -> Run {
        Run::from(&mut self.command(arguments))
    }

    /// Runs words parted by spaces.
    pub(crate) fn run(&self, words: &str) -> Run {
        self.room_run(&words.split(' ').collect::<Vec<_>>())
    }

    /// Runs, and it must go well.
    pub(crate) fn does(&self, words: &str) -> Run {
        let run = self.run(words);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "mychips {words}\n{}", run.out);
        run
    }

    /// The JSON of a run that must go well.
    pub(crate) fn json(&self, words: &str) -> Value {
        self.run(&format!("{words} --json")).json()
    }

    /// Runs, and keeps what was asked and answered.
    pub(crate) fn tells(&mut self, arguments: &[&str]) {
        let run = self.room_run(arguments);
        let shown = arguments.iter().map(|argument| {
            if argument.contains(' ') { format!("'{argument}'") } else { (*argument).to_owned() }
        });
        let shown = shown.collect::<Vec<_>>().join(" ");
        let code = if run.code == 0 { String::new() } else { format!("[exit {}]\n", run.code) };
        let told = format!("$ mychips {shown}\n{}{}{code}\n", run.out, run.err);
        self.told.push_str(&self.hidden(&told));
    }

    /// The same, words parted by spaces.
    pub(crate) fn asks(&mut self, words: &str) {
        self.tells(&words.split(' ').collect::<Vec<_>>());
    }

    /// The balance of a user's tally with another, in milli-CHIPs.
    pub(crate) fn balance(&self, user: &str, partner: &str) -> i64 {
        self.json(&format!("tally show {partner} --as {user}"))["balance"].as_i64().unwrap()
    }

    /// Doctor must find nothing.
    pub(crate) fn is_well(&self) {
        let found = self.json("doctor");
        assert_eq!((&found["ok"], &found["zero_sum"]), (&true.into(), &"0".into()), "{found}");
    }

    /// Without what differs from run to run.
    pub(crate) fn hidden(&self, text: &str) -> String {
        let real = fs::canonicalize(self.room.path()).unwrap();
        let text = text.replace(real.to_str().unwrap(), "/town");
        hide(&text.replace(self.room.path().to_str().unwrap(), "/town"))
    }
}

/// What a run of letters and digits is hidden as, where it differs from run to run.
fn hide(text: &str) -> String {
    let part_of_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(part_of_id) {
        shown.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !part_of_id(c)).unwrap_or(rest.len());
        // A date goes on over its colons and the point.
        let is_date = end >= 10 && fits(&rest[..10], "0000-00-00");
        let (word, after) = match rest.get(..24) {
            Some(date) if is_date && date.ends_with('Z') => rest.split_at(date.len()),
            _ => match rest.get(..16) {
                Some(minute) if is_date && fits(minute, "0000-00-00 00:00") => rest.split_at(16),
                _ => rest.split_at(end),
            },
        };
        let hex = |word: &str| word.bytes().all(|b| b.is_ascii_hexdigit());
        shown.push_str(match word.len() {
            24 if is_date => "[date]",
            16 if is_date => "[day and minute]",
            10 if is_date => "[the day]",
            36 if word.split('-').map(str::len).eq([8, 4, 4, 4, 12]) => "[uuid]",
            52 if word.starts_with("12D3KooW") => "[agent]",
            86 => "[signature]",
            43 => "[hash]",
            8 if hex(word) => "[short] ",
            _ => word,
        });
        rest = after;
    }
    shown + rest
}

fn fits(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(found, shape)| match shape {
            b'0' => found.is_ascii_digit(),
            other => found == other,
        })
}

#[test]
fn hiding_leaves_plain_words_alone() {
    let text = "tally 0d9f3a51-1c53-4be3-9d3c-1f2f6b8a9a00 of 2026-11-22 09:30, 12.500 ann\n";
    assert_eq!(hide(text), "tally [uuid] of [day and minute], 12.500 ann\n");
    assert_eq!(hide("\"2026-11-22T09:30:00.000Z\""), "\"[date]\"");
}

//! Runs the real binary in an empty folder of its own, without a terminal.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A table in which every pair of words in the tests is at home: three firms in a circle.
pub(crate) const CIRCLE: &str = "debtor,creditor,amount\nAnn,Bob,5\nBob,Cid,3\nCid,Ann,4\n";

/// An empty folder to run in, with what the tests put there.
pub(crate) struct Room {
    pub(crate) folder: TempDir,
}

/// What a run gave back.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A room with one file, `table.csv`.
    pub(crate) fn with(table: impl AsRef<[u8]>) -> Self {
        let room = Self::new();
        room.put("table.csv", table);
        room
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    /// The names in a folder, sorted, hidden ones included.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path().join(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command, ready to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mychips"));
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        command.env_remove("NO_COLOR").env("COLUMNS", "80");
        if ["serve", "town"].iter().any(|serves| arguments.contains(serves)) {
            // Tests run side by side.
            command.env("MYCHIPS_PEERS_LISTEN", "127.0.0.1:0");
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs with `input` on standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Run::of(child.wait_with_output().unwrap())
    }
}

impl From<&mut Command> for Run {
    fn from(command: &mut Command) -> Self {
        Self::of(command.output().unwrap())
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything that can be seen of the run, times hidden.
    pub(crate) fn seen(&self) -> String {
        let out = without_times(&self.out);
        format!("exit code {}\n--- out\n{out}--- err\n{}", self.code, self.err)
    }

    /// The JSON object on standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        serde_json::from_str(&self.out).unwrap()
    }

    /// The JSON object on standard error.
    pub(crate) fn json_error(&self) -> serde_json::Value {
        assert_eq!(self.out, "");
        let value: serde_json::Value = serde_json::from_str(&self.err).unwrap();
        let members: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["error", "line", "reason"]);
        value
    }
}

/// Hides what differs from run to run: `2.1 ms` and `"seconds":0.002`.
fn without_times(text: &str) -> String {
    let mut shown = String::new();
    for line in text.split_inclusive('\n') {
        if line.contains(" of it for the search") {
            shown.push_str("  [time] in all, [time] of it for the search\n");
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find("seconds\":") {
            let (head, number) = rest.split_at(at + "seconds\":".len());
            let end = number.find([',', '}']).unwrap_or(number.len());
            shown.push_str(head);
            shown.push_str("[time]");
            rest = &number[end..];
        }
        shown.push_str(rest);
    }
    shown
}

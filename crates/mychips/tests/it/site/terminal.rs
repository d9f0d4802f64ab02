//! A payer at a terminal, a pseudo one that `script` makes: what a payment costs is shown, and it is asked for, before
//! anything is signed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use super::payments::chain;
use super::town::Town;
use crate::run::Run;

impl Town {
    /// Runs words at a terminal so wide, at which this is typed; all that it shows is the output.
    pub(crate) fn at_a_terminal(&self, words: &str, typed: &str, columns: u16) -> Run {
        let arguments: Vec<&str> = words.split(' ').collect();
        let inner = self.command(&arguments);
        let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
        let words: Vec<String> =
            std::iter::once(inner.get_program()).chain(inner.get_args()).map(quoted).collect();
        let line = format!("stty cols {columns} rows 24; exec {}", words.join(" "));
        let mut outer = Command::new("script");
        outer.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        outer.current_dir(self.room.path()).env_remove("COLUMNS").env("TERM", "xterm");
        for (name, value) in inner.get_envs().filter(|(name, _)| *name != "COLUMNS") {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        outer.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = outer.spawn().expect("script, of util-linux, makes the terminal");
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let shown = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace('\r', "");
        Run {
            code: shown.status.code().unwrap_or(-1),
            out: text(shown.stdout),
            err: text(shown.stderr),
        }
    }
}

/// What is shown in order, each after the other.
pub(crate) fn shows(shown: &str, all: &[&str]) {
    let mut rest = shown;
    for one in all {
        let Some((_, after)) = rest.split_once(one) else {
            panic!("{one:?} is not shown, or not there:\n{shown}");
        };
        rest = after;
    }
}

#[test]
fn on_a_tally_of_ones_own_only_a_yes_pays() {
    let town = Town::with_tally();
    let question = [
        "To pay 12.500 to Ann Baker (ann) costs nothing: it goes on your own tally.",
        "Pay? [y/N]",
    ];
    for no in ["n\n", "\n", ""] {
        let run = town.at_a_terminal("pay ann 12.5 --as bob", no, 80);
        shows(&run.out, &question);
        shows(&run.out, &["mychips: you did not say yes: nothing was signed, nor paid"]);
        assert_eq!((run.code, town.balance("bob", "ann")), (1, 0), "{}", run.out);
    }
    let run = town.at_a_terminal("pay ann 12.5 --as bob --once pears", "y\n", 80);
    shows(&run.out, &question);
    shows(&run.out, &["Pay? [y/N]", "Paid 12.500 to Ann Baker (ann)"]);
    assert_eq!((run.code, town.balance("bob", "ann")), (0, -12_500), "{}", run.out);
    // What is paid under its name is not asked for again.
    let again = town.at_a_terminal("pay ann 12.5 --as bob --once pears", "", 80);
    assert!(again.code == 0 && !again.out.contains("Pay?"), "{}", again.out);
    let sure = town.at_a_terminal("pay ann 1 --as bob --yes", "", 80);
    assert!(sure.code == 0 && !sure.out.contains("Pay?"), "{}", sure.out);
    let refused = town.at_a_terminal("pay ann 1 --as bob --json", "no\n", 80);
    shows(&refused.out, &["Pay? [y/N]", "{\"error\":", "declined", "nothing was signed"]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    let program = town.at_a_terminal("pay ann 1 --as bob --json --yes", "", 80);
    assert!(program.code == 0 && program.out.trim_start().starts_with('{'), "{}", program.out);
    assert_eq!(town.balance("bob", "ann"), -14_500);
    town.is_well();
}

#[test]
fn over_tallies_of_others_the_cost_is_shown_before_it_is_signed() {
    let town = chain();
    let pays = "pay clover 40 --as bramble --once cream";
    for columns in [40, 200] {
        let run = town.at_a_terminal(pays, "n\n", columns);
        shows(
            &run.out,
            &[
                "To pay 40.000 to clover you would give 40.405.\n\n",
                "cost       0.405\n",
                "leaves by  your tally with Anvil Lane Smithy (anvil)\n",
                "tallies    3\n",
                "you sign   to give 40.405 at most\n\nPay? [y/N]",
                "mychips: you did not say yes: nothing was signed, nor paid\n",
            ],
        );
        assert_eq!(run.code, 1, "{}", run.out);
    }
    let signed = || {
        let mut kept: Vec<_> = std::fs::read_dir(town.keys().join("kept").join("bramble"))
            .into_iter()
            .flatten()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("payment"))
            .collect();
        kept.sort();
        kept
    };
    assert_eq!(signed(), [""; 0], "nothing was signed");
    assert_eq!(town.json("lift list --as bramble")["lifts"], json!([]));
    let run = town.at_a_terminal(&format!("{pays} --most 41"), "yes\n", 80);
    shows(&run.out, &["you sign   to give 41.000 at most\n\nPay? [y/N]", "Paid 40.000 to clover"]);
    assert_eq!((run.code, town.balance("bramble", "anvil")), (0, -40_405), "{}", run.out);
    assert_eq!(signed().len(), 1);
    // Where nobody can be asked, what is signed is said before.
    let piped = town.run("pay clover 1 --as bramble");
    let told = "mychips: to pay 1.000 to clover you would give 1.011, and sign at most 1.011; it costs \
                0.011; tallies: 3\n";
    assert_eq!((piped.code, piped.err.as_str()), (0, told), "{}", piped.out);
    town.is_well();
}

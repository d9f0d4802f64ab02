//! The manual, as it is printed.

use super::town::Town;

#[test]
fn every_command_explains_itself() {
    let mut town = Town::bare();
    for command in [
        "init",
        "serve",
        "pay",
        "refuse",
        "statement",
        "status",
        "doctor",
        "backup",
        "restore",
        "verify",
        "limits",
    ] {
        town.asks(&format!("{command} --help"));
    }
    for (command, below) in [
        ("invoice", &["list", "show", "amend", "withdraw"][..]),
        ("key", &["new", "revoke", "lost", "consent", "object", "list", "export", "import"]),
        ("user", &["add", "list", "show", "readmit", "suspend", "resume"]),
        ("import", &["csv", "ripple-lines", "tally"]),
        ("export", &["csv", "tally", "user"]),
        ("contract", &["list", "show", "hash", "add"]),
        ("config", &["show"]),
        ("lift", &["clear", "list", "open", "show", "free", "give"]),
        (
            "tally",
            &[
                "invite", "answer", "offer", "counter", "accept", "refuse", "withdraw", "list",
                "show", "set", "close",
            ],
        ),
    ] {
        town.asks(&format!("{command} --help"));
        for below in below {
            town.asks(&format!("{command} {below} --help"));
        }
    }
    assert!(
        town.told.lines().all(|line| line.chars().count() <= 80),
        "a line breaks in 80 columns"
    );
    insta::assert_snapshot!("site_help", town.told);
}

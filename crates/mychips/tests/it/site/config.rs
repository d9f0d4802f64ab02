//! What the site is told to do: by the file, by variables, by flags; and what is refused there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::town::Town;
use crate::run::Run;

fn write(town: &Town, text: &str) {
    let file = town.site().join("mychips.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn every_value_says_where_it_comes_from() {
    let mut town = Town::bare();
    town.asks("config show");
    town.asks("init");
    town.asks("config show --http-port 0 --clearing-every 15m --json");
    write(&town, "store = \"sqlite\"\n[http]\nport = 8000\n[log]\nlevel = \"warn\"\n");
    town.asks("config show");
    town.asks("status");
    let mut command = town.command(&["config", "show", "--log-level", "trace"]);
    let run = Run::from(command.env("MYCHIPS_HTTP_PORT", "8100"));
    assert_eq!(run.code, 0, "{}", run.err);
    let told = town.hidden(&run.out);
    town.told.push_str(&told);
    insta::assert_snapshot!("site_config", town.told);
}

#[test]
fn what_nobody_knows_is_refused_by_name() {
    let mut town = Town::new();
    for text in [
        "stroe = \"sqlite\"\n",
        "store = \"sqlite\"\n\n[http]\nprt = 8000\n",
        "colour = \"red\"\n",
        "http = 8420\n",
        "http.port = 80000\n",
        "http.port = \"\"\n",
        "http.port = [1]\n",
        "http.address = \"localhost\"\n",
        "log.level = \"loud\"\n",
        "clearing.every = \"often\"\n",
        "store = \"mysql://ann:s3cret@host/db\"\n",
        "store = \"sqlite\"\nstore = \"sqlite\"\n",
        "store = \n",
    ] {
        write(&town, text);
        town.told.push_str(&format!("{text}\n"));
        town.asks("status");
    }
    write(&town, &"#".repeat(70_000));
    town.asks("status");
    write(&town, "http.prot = 1\n");
    let error = town.run("status --json").json_error();
    assert_eq!((&error["error"], &error["line"]), (&"config".into(), &1.into()));
    write(&town, "");
    town.asks("config show --http-port many");
    town.asks("init --store mysql://ann:s3cret@host/db");
    for (name, value) in [("MYCHIPS_STROE", "x"), ("MYCHIPS_COLOUR", "x"), ("MYCHIPS_STORE", "x")] {
        let mut command = town.command(&["status"]);
        let run = Run::from(command.env(name, value));
        let told = format!("$ {name}={value} mychips status\n{}[exit {}]\n\n", run.err, run.code);
        town.told.push_str(&town.hidden(&told));
    }
    let said = town.told.replace("store = \"mysql://ann:s3cret@host/db\"", "");
    let said = said.replace("$ mychips init --store mysql://ann:s3cret@host/db", "");
    assert!(!said.contains("s3cret"), "{said}");
    insta::assert_snapshot!("site_config_refused", town.told);
    town.does("status");
}

#[test]
fn a_password_is_for_its_owner_alone() {
    let town = Town::new();
    write(&town, "store = \"postgres://ann:s3cret@127.0.0.1:1/db?password=s3cret\"\n");
    let shown = &town.json("config show")["values"][0]["value"];
    assert_eq!(shown, "postgres://ann:***@127.0.0.1:1/db?password=***");
    for words in [
        "config show",
        "config show --json",
        "status",
        "init",
        "doctor --json",
        "init --store sqlite",
    ] {
        let run = town.run(words);
        assert!(!format!("{}{}", run.out, run.err).contains("s3cret"), "{}{}", run.out, run.err);
    }
    let file = town.site().join("mychips.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = town.run("status --json").json_error();
    assert!(error["reason"].as_str().unwrap().contains("chmod 600"), "{error}");
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn a_lost_database_is_not_made_anew_without_a_word() {
    let town = Town::with_tally();
    for name in town.room.names("site") {
        if name.starts_with("mychips.db") {
            fs::remove_file(town.site().join(name)).unwrap();
        }
    }
    let error = town.run("status --json");
    assert_eq!((error.code, &error.json_error()["error"]), (1, &"no_site".into()));
    assert!(error.err.contains("mychips.db") && error.err.contains("restore"), "{}", error.err);
    assert!(!town.site().join("mychips.db").exists());
}

#[test]
fn init_writes_what_was_chosen_and_nothing_over() {
    let town = Town::bare();
    fs::create_dir(town.site()).unwrap();
    write(&town, "log.level = \"warn\"\n");
    town.does("init --store sqlite");
    let text = fs::read_to_string(town.site().join("mychips.toml")).unwrap();
    assert_eq!(text, "log.level = \"warn\"\n");
    let other = Town::bare();
    fs::create_dir(other.site()).unwrap();
    write(&other, "store = \"postgres://127.0.0.1:1/db\"\n");
    let error = other.run("init --store sqlite --json").json_error();
    assert_eq!(error["error"], "config", "{error}");
}

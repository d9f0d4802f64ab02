//! From an empty folder to a closed tally, as two users tell it.

use std::os::unix::fs::PermissionsExt;

use super::town::Town;

#[test]
fn from_init_to_close() {
    let mut town = Town::bare();
    town.asks("init");
    to_close(&mut town);
}

#[test]
fn from_init_to_close_while_it_is_served() {
    let mut town = Town::bare();
    town.asks("init");
    let serving = town.serve();
    to_close(&mut town);
    serving.end();
    town.is_well();
}

fn to_close(town: &mut Town) {
    town.asks("key new ann");
    town.asks("key new bob");
    town.tells(&["user", "add", "ann", "--name", "Ann Baker"]);
    town.tells(&["user", "add", "bob", "--name", "Bob Smith", "--organisation"]);
    town.asks("user list");
    let memo = "one CHIP is one crown";
    town.tells(&[
        "tally", "invite", "--as", "ann", "--limit", "100", "--memo", memo, "--out", "i.json",
    ]);
    town.asks("tally answer i.json --as bob");
    town.asks("tally offer ann --as bob --their-limit 80");
    town.asks("tally show bob --as ann");
    town.asks("tally counter bob --as ann --limit 60 --their-limit 20");
    town.asks("tally accept ann --as bob");
    town.asks("tally list --as bob");
    town.tells(&["pay", "ann", "12.5", "--as", "bob", "--memo", "four loaves", "--ref", "B-17"]);
    town.tells(&["pay", "Bob Smith", "2.001", "--as", "ann"]);
    town.asks("tally set bob --as ann --target 5 --bound 50 --reward 0.5% --clutch=-0.2%");
    town.asks("tally show bob --as ann");
    town.asks("statement bob --as ann");
    town.asks("statement ann --as bob --csv");
    town.asks("status");
    town.asks("tally close ann --as bob");
    town.asks("pay ann 1 --as bob");
    town.asks("pay bob 10.499 --as ann --over-limit");
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (0, 0));
    town.asks("tally list --as ann");
    town.asks("pay bob 1 --as ann");
    town.asks("doctor");
    insta::assert_snapshot!("site_story", town.told);
    town.is_well();
}

#[test]
fn what_is_paid_stands_at_both_halves() {
    let town = Town::with_tally();
    let paid = town.json("pay ann 12.5 --as bob");
    assert_eq!((&paid["amount"], &paid["balance"]), (&12_500.into(), &(-12_500).into()));
    town.does("pay bob 0.001 --as ann");
    town.does("pay ann 30 --as bob");
    assert_eq!(town.balance("ann", "bob"), 42_499);
    assert_eq!(town.balance("bob", "ann"), -42_499);
    let status = town.json("status");
    assert_eq!((&status["owed"], &status["zero_sum"]), (&"42499".into(), &"0".into()));
    assert_eq!(status["halves"], serde_json::json!({ "open": 2 }));
    let [ann, bob] = ["statement bob --as ann", "statement ann --as bob"].map(|s| town.json(s));
    let chits = |sheet: &serde_json::Value| -> Vec<String> {
        let entries = sheet["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["chit"].to_string()).collect()
    };
    assert_eq!(chits(&ann), chits(&bob));
    assert_eq!(chits(&ann).len(), 3);
    assert_eq!(paid["chit"].to_string(), chits(&ann)[0]);
    assert!(ann["entries"].as_array().unwrap().iter().all(|entry| entry["agreed"] == true));
    town.is_well();
}

#[test]
fn a_payment_given_again_is_paid_once() {
    let town = Town::with_tally();
    let [first, again] = [(); 2].map(|()| town.json("pay ann 7 --as bob --once friday"));
    assert_eq!(first, again);
    assert_eq!(town.balance("ann", "bob"), 7_000);
    // Other words are another payment, and so are the same words without a name.
    town.does("pay ann 8 --as bob --once friday");
    town.does("pay ann 8 --as bob --once monday");
    town.does("pay ann 8 --as bob");
    assert_eq!(town.balance("ann", "bob"), 31_000);
    town.is_well();
}

#[test]
fn a_tally_is_found_by_partner_and_by_the_beginning_of_its_uuid() {
    let town = Town::with_tally();
    let list = town.json("tally list --as ann");
    let uuid = list["tallies"][0]["tally"].as_str().unwrap().to_owned();
    for named in ["bob", &uuid, &uuid[..8], &uuid[..4]] {
        let shown = town.json(&format!("tally show {named} --as ann"));
        assert_eq!(shown["tally"], uuid.as_str(), "{named}");
    }
    assert_eq!(town.run(&format!("tally show {} --as ann", &uuid[..3])).code, 1);
}

#[test]
fn an_offer_is_refused_and_another_asked_back() {
    let mut town = Town::new();
    town.does("tally invite --as ann --limit 10 --side foil --out i.json");
    town.does("tally answer i.json --as bob");
    town.does("tally offer bob --as ann");
    town.tells(&["tally", "refuse", "ann", "--as", "bob", "--reason", "too little"]);
    town.asks("tally offer ann --as bob --their-limit 50 --expires 1d");
    town.asks("tally withdraw ann --as bob");
    town.asks("tally list --as ann");
    insta::assert_snapshot!("site_refused_and_withdrawn", town.told);
    town.is_well();
}

#[test]
fn an_invitation_may_come_by_a_pipe() {
    let town = Town::new();
    let invitation = town.does("tally invite --as ann --limit 10").out;
    let mut command = town.command(&["tally", "answer", "-", "--as", "bob", "--json"]);
    town.room.put("i.json", &invitation);
    command.stdin(std::fs::File::open(town.room.path().join("i.json")).unwrap());
    let answered = crate::run::Run::from(&mut command).json();
    assert_eq!((&answered["status"], &answered["may_owe"]), (&"P.draft".into(), &10_000.into()));
    let asked = town.json("tally invite --as ann --limit 0");
    assert!(asked["invitation"]["token"].is_string(), "{asked}");
}

#[test]
fn terms_of_an_open_tally_change_only_when_both_sign() {
    let town = Town::with_tally();
    town.does("tally offer bob --as ann --limit 500");
    let limit = || town.json("tally show ann --as bob")["may_owe"].clone();
    assert_eq!(limit(), 100_000);
    assert_eq!(town.run("pay ann 200 --as bob").code, 1);
    town.does("tally accept ann --as bob");
    assert_eq!(limit(), 500_000);
    town.does("pay ann 200 --as bob");
    assert_eq!(town.balance("ann", "bob"), 200_000);
    town.is_well();
}

#[test]
fn a_suspended_user_starts_nothing() {
    let town = Town::with_tally();
    assert_eq!(town.json("user suspend bob")["status"], "suspended");
    let error = town.run("pay ann 1 --as bob --json").json_error();
    assert_eq!(error["error"], "suspended");
    town.does("pay bob 1 --as ann");
    assert_eq!(town.json("user resume bob")["status"], "active");
    town.does("pay ann 1 --as bob");
    assert_eq!(town.balance("ann", "bob"), 0);
    town.is_well();
}

#[test]
fn closing_may_be_taken_back_until_it_is_done() {
    let town = Town::with_tally();
    town.does("pay ann 5 --as bob");
    town.does("tally close bob --as ann");
    town.does("tally set bob --as ann --target 3");
    assert_eq!(town.json("tally show bob --as ann")["status"], "C.open");
    town.does("tally close bob --as ann --undo");
    assert_eq!(town.json("tally show ann --as bob")["status"], "open");
    assert_eq!(town.json("tally show bob --as ann")["settings"]["target"], 3_000);
    town.does("pay ann 5 --as bob");
    town.is_well();
}

#[test]
fn keys_are_private_and_apart_from_the_site() {
    let town = Town::with_tally();
    let mode = |path: std::path::PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(town.keys().join("ann.jwk")), 0o600);
    assert_eq!(mode(town.site().join("agent.jwk")), 0o600);
    assert_eq!(mode(town.site()), 0o700);
    assert_eq!(mode(town.room.path().join("for-bob.json")), 0o600);
    assert_eq!(town.room.names("keys"), ["ann.jwk", "bob.jwk", "kept"]);
    // The secret of no user is anywhere in the site's own files.
    let jwk = std::fs::read_to_string(town.keys().join("ann.jwk")).unwrap();
    let jwk: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let secret = jwk["d"].as_str().unwrap().as_bytes().to_vec();
    for name in town.room.names("site") {
        let bytes = std::fs::read(town.site().join(&name)).unwrap();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret), "in {name}");
    }
}

#[test]
fn contracts_are_read_hashed_and_added() {
    let mut town = Town::new();
    town.asks("contract list");
    let list = town.json("contract list");
    let rid = list["contracts"][0]["rid"].as_str().unwrap().to_owned();
    let text = town.does(&format!("contract show {}", &rid[..6])).out;
    assert!(text.contains("What binds us") || text.contains("Qué nos obliga"), "{text}");
    let record = town.json(&format!("contract show {rid}")).to_string();
    town.room.put("again.json", &record);
    assert_eq!(town.does("contract hash again.json").out.trim(), rid);
    town.room.put("other.json", record.replace("\"version\":1", "\"version\":2"));
    town.asks("contract hash other.json");
    let own = r#"{"kind":"contract","v":1,"host":"quernby.example","name":"own","version":1,
        "language":"en","top":true,"title":"Our own","sections":[{"title":"One","text":"Fair."}]}"#;
    town.room.put("own.json", own);
    town.asks("contract add own.json");
    town.asks("contract add own.json");
    town.asks("contract show nowhere");
    insta::assert_snapshot!("site_contracts", town.told);
    let rid = town.json("contract hash own.json")["rid"].as_str().unwrap().to_owned();
    town.does(&format!("tally invite --as ann --limit 1 --contract {rid} --out i.json"));
    town.does("tally answer i.json --as bob");
    assert_eq!(town.json("tally show ann --as bob")["contract"], rid.as_str());
}

#[test]
fn a_journal_is_read_by_programs_of_accounting() {
    let town = Town::with_tally();
    town.does("pay ann 12.5 --as bob --ref A-17");
    town.room_run(&["pay", "bob", "20", "--as", "ann", "--memo", "; evil\n2026-01-01 x"]);
    town.does("tally set bob --as ann --target 3");
    let journal = town.does("statement bob --as ann --format hledger").out;
    let postings: Vec<&str> =
        journal.lines().filter(|line| line.starts_with("    assets:mychips:bob:")).collect();
    assert_eq!(postings.len(), 2, "{journal}");
    assert!(postings[0].ends_with("  12.500 CHIP = 12.500 CHIP"), "{journal}");
    assert!(postings[1].ends_with("  -20.000 CHIP = -7.500 CHIP"), "{journal}");
    let heads = journal.lines().filter(|line| line.starts_with("20")).count();
    assert_eq!(heads, 2, "{journal}");
    assert!(town.does("statement bob --as ann --format csv").out.starts_with("index,"));
}

#[test]
fn long_names_and_large_amounts_keep_their_columns() {
    let mut town = Town::new();
    town.does("key new c");
    let name = "The Worshipful Company of Millers, Maltsters and Bakers of Upper Quernby 磨坊";
    town.room_run(&["user", "add", "c", "--name", name, "--organisation"]);
    for limit in ["9007199254740.991", "0"] {
        town.does(&format!("tally invite --as ann --limit {limit} --out {limit}.json"));
    }
    town.does("tally answer 9007199254740.991.json --as c");
    town.does("tally offer ann --as c");
    town.does("tally accept c --as ann");
    town.does("pay ann 1234567890.123 --as c");
    town.asks("user list");
    town.asks("tally list --as ann");
    town.asks("statement ann --as c");
    insta::assert_snapshot!("site_columns", town.told);
}

#[test]
fn json_members_keep_their_names() {
    let mut town = Town::with_tally();
    town.does("pay ann 12.5 --as bob");
    for words in [
        "user list",
        "tally list --as ann",
        "tally show ann --as bob",
        "statement ann --as bob",
        "contract list",
        "status",
        "doctor",
    ] {
        town.asks(&format!("{words} --json"));
    }
    insta::assert_snapshot!("site_json", town.told);
}

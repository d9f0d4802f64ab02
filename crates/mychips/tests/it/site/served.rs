//! A site that is served: every command works as before, and its end loses nothing. `KILLS=200` kills it more often, `SEED=7`
//! at other moments.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use protocol::{ChitId, Hash};
use serde_json::Value;
use store::testing::Cluster;

use super::serving::{Payer, Serving};
use super::town::Town;

/// How many callers pay at once.
const CALLERS: u8 = 3;

/// How often a serving site is killed: the variable `KILLS` says otherwise.
const KILLS: u8 = 5;

#[test]
fn commands_work_as_before_while_a_site_is_served() {
    let town = Town::with_tally();
    let serving = town.serve();
    town.does("pay ann 12.5 --as bob");
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (12_500, -12_500));
    let first = town.json("pay ann 7 --as bob --once friday");
    assert_eq!(first, town.json("pay ann 7 --as bob --once friday"));
    assert_eq!(town.json("status")["owed"], "19500");
    let error = town.run("pay ann 900 --as bob --json").json_error();
    assert_eq!(error["error"], "over_limit");
    assert!(error["reason"].as_str().unwrap().starts_with("this would make you owe 919.500"));
    town.does("key new carl");
    town.does("user add carl --name Carl");
    assert_eq!(town.json("user list")["users"].as_array().unwrap().len(), 3);
    assert_eq!(town.run("user show dora --json").json_error()["error"], "no_user");
    town.does("user suspend bob");
    assert_eq!(town.run("pay ann 1 --as bob --json").json_error()["error"], "suspended");
    town.does("user resume bob");
    town.does("tally set bob --as ann --target 3");
    town.does("tally offer bob --as ann --limit 500");
    town.does("tally withdraw bob --as ann");
    town.does("tally offer bob --as ann --limit 500");
    town.tally_refused();
    assert_eq!(town.json("contract list")["contracts"].as_array().unwrap().len(), 2);
    let entries = town.json("statement ann --as bob")["entries"].clone();
    assert!(entries.as_array().unwrap().iter().all(|entry| entry["agreed"] == true), "{entries}");
    town.is_well();
    serving.end();
    // And after it, without it.
    assert_eq!(town.json("statement ann --as bob")["entries"], entries);
    town.is_well();
}

impl Town {
    fn tally_refused(&self) {
        let refused = self.json("tally refuse ann --as bob --reason late");
        assert_eq!(refused["status"], "open");
    }
}

#[test]
fn a_second_one_is_refused_and_told_of_the_first() {
    let town = Town::new();
    let serving = town.serve();
    let second = town.run("serve --port 0 --json");
    let error = second.json_error();
    assert_eq!((second.code, &error["error"]), (3, &"in_use".into()));
    let reason = error["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("http://{}", serving.address)), "{reason}");
    assert!(town.site().join("serve.json").exists());
    let port = serving.address.port();
    let other = Town::new();
    let taken = other.run(&format!("serve --port {port} --json"));
    assert_eq!((taken.code, &taken.json_error()["error"]), (3, &"io".into()));
    let log = serving.end();
    assert!(log.contains("\"ended\""), "{log}");
    assert!(!town.site().join("serve.json").exists());
    assert_eq!(town.run("init").code, 1);
}

#[test]
fn what_a_killed_one_leaves_is_in_nobodys_way() {
    let town = Town::with_tally();
    town.serve().kill();
    assert!(town.site().join("serve.json").exists());
    town.does("pay ann 1 --as bob");
    let serving = town.serve();
    town.does("pay ann 1 --as bob");
    serving.end();
    assert_eq!(town.balance("ann", "bob"), 2_000);
}

#[test]
fn a_second_signal_does_not_wait() {
    let town = Town::new();
    let mut serving = town.serve();
    let mut line = TcpStream::connect(serving.address).unwrap();
    let head = "POST /v1/query HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\
                expect: 100-continue\r\n\r\n";
    line.write_all(head.as_bytes()).unwrap();
    let mut heard = [0; 12];
    line.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"HTTP/1.1 100", "the request is under way");
    serving.signal("TERM");
    serving.signal("INT");
    let code = serving.code();
    assert!(matches!(code, 130 | 143), "{code}");
    town.is_well();
}

#[test]
fn the_log_tells_no_secrets() {
    let town = Town::with_tally();
    let serving = town.serve();
    let memo = "three-crates-of-secret-pears";
    town.does(&format!("pay ann 1 --as bob --memo {memo} --ref {memo}-17"));
    town.run(&format!("pay ann 900 --as bob --memo {memo}"));
    town.run(&format!("pay {memo} 1 --as bob"));
    town.does("tally invite --as ann --limit 1 --memo another-secret --out i.json");
    for ask in [
        format!("GET /{memo}?{memo} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {memo}\r\n"),
        format!("POST /v1/command HTTP/1.1\r\nhost: {memo}\r\ncontent-length: 30\r\n"),
    ] {
        let mut line = TcpStream::connect(serving.address).unwrap();
        let ask = format!("{ask}connection: close\r\n\r\n{{\"{memo}\"");
        line.write_all(ask.as_bytes()).unwrap();
        line.shutdown(std::net::Shutdown::Write).unwrap();
        let mut heard = String::new();
        let _ = line.read_to_string(&mut heard);
    }
    let token = std::fs::read_to_string(town.site().join("admin.token")).unwrap();
    let log = serving.end();
    let invitation: Value =
        serde_json::from_slice(&std::fs::read(town.room.path().join("i.json")).unwrap()).unwrap();
    let jwk = |path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let [bob, agent] = [town.keys().join("bob.jwk"), town.site().join("agent.jwk")].map(jwk);
    for secret in [
        memo,
        "another-secret",
        token.trim(),
        invitation["token"].as_str().unwrap(),
        bob["d"].as_str().unwrap(),
        agent["d"].as_str().unwrap(),
        "Ann Baker",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert!(lines.iter().any(|line| line["path"] == "/v1/command" && line["status"] == 200));
    assert!(lines.iter().any(|line| line["error"] == "over_limit"));
}

#[test]
fn the_token_is_private_and_made_anew_where_it_is_gone() {
    let town = Town::new();
    let file = town.site().join("admin.token");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let serving = town.serve();
    let after = std::fs::read_to_string(&file).unwrap();
    assert_ne!(before, after);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    town.does("status");
    std::fs::write(&file, "no token").unwrap();
    assert_eq!(town.run("status --json").json_error()["error"], "token");
    std::fs::write(&file, before).unwrap();
    assert_eq!(town.run("status --json").json_error()["error"], "token");
    serving.end();
}

#[test]
fn killed_under_load_it_keeps_what_it_told_sqlite() {
    let seed = seed();
    println!("SEED={seed}");
    killed_under_load(&Town::with_tally(), seed);
}

#[test]
fn killed_under_load_it_keeps_what_it_told_postgres() {
    let database = database(Cluster::shared().unwrap());
    let seed = seed();
    println!("SEED={seed}");
    killed_under_load(&Town::with_tally_in(&database), seed);
}

fn database(cluster: &Cluster) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(cluster.database()).unwrap()
}

/// What says when a site is killed: `SEED=7` repeats that.
fn seed() -> u32 {
    std::env::var("SEED").map_or_else(|_| std::process::id(), |seed| seed.parse().unwrap())
}

/// Callers pay until the site is killed; whatever was asked is asked again under its name.
fn killed_under_load(town: &Town, seed: u32) {
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let tally = town.json("tally show ann --as bob");
    let mut asked: BTreeSet<ChitId> = BTreeSet::new();
    let mut open: Vec<ChitId> = Vec::new();
    for round in 0..=kills {
        let serving = town.serve();
        let payer = Payer::bob(town, &serving, &tally);
        for name in open.drain(..) {
            assert!(payer.pays(name));
        }
        if round == kills {
            town.is_well();
            let log = serving.end();
            let errors: Vec<&str> =
                log.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
            assert!(errors.is_empty(), "{errors:#?}");
            break;
        }
        let (after, looks) = (chance(seed, round, 0) % 60, chance(seed, round, 1) % 2_000);
        let (paid, names) = pay_until_killed(town, serving, &tally, round, after, looks);
        assert!(paid <= names.len(), "round {round}: {paid} told of {}", names.len());
        asked.extend(&names);
        open = names;
    }
    let sheets = ["statement bob --as ann", "statement ann --as bob"].map(|s| town.json(s));
    for sheet in sheets {
        let kept = sheet["entries"].as_array().unwrap();
        let names: Vec<ChitId> =
            kept.iter().map(|entry| entry["chit"].as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(names.len(), asked.len(), "nothing doubled, nothing lost");
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), asked);
    }
    let sum = i64::try_from(asked.len()).unwrap();
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (sum, -sum));
    town.is_well();
}

/// How many were told, and the names of all that were asked; what was told is kept already.
fn pay_until_killed(
    town: &Town,
    serving: Serving,
    tally: &Value,
    round: u8,
    after: u64,
    looks: u64,
) -> (usize, Vec<ChitId>) {
    let (told, hear) = mpsc::channel();
    let mut names = Vec::new();
    let mut paid = BTreeSet::new();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (told, payer) = (told.clone(), Payer::bob(town, &serving, tally));
                scope.spawn(move || {
                    let mut names = Vec::new();
                    for number in 0_u16..=u16::MAX {
                        let [high, low] = number.to_be_bytes();
                        let mut bytes = [9; 16];
                        bytes[..4].copy_from_slice(&[round, caller, high, low]);
                        let name = ChitId::derived(bytes);
                        names.push(name);
                        if !payer.pays(name) || told.send(name).is_err() {
                            break;
                        }
                    }
                    names
                })
            })
            .collect();
        drop(told);
        for _ in 0..after {
            paid.insert(hear.recv().unwrap());
        }
        for _ in 0..looks {
            std::thread::yield_now();
        }
        serving.kill();
        for caller in callers {
            names.extend(caller.join().unwrap());
        }
        paid.extend(hear.iter());
    });
    let sheet = town.json("statement ann --as bob");
    let kept: BTreeSet<ChitId> = sheet["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["chit"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(paid.is_subset(&kept), "{} of {} told are kept", kept.len(), paid.len());
    (paid.len(), names)
}

/// What a seed draws for a round.
fn chance(seed: u32, round: u8, which: u8) -> u64 {
    let hash = Hash::of(format!("{seed} {round} {which}").as_bytes());
    u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap())
}

#[test]
fn a_database_that_goes_and_comes_back_costs_nothing() {
    let cluster = Cluster::start().unwrap();
    let town = Town::with_tally_in(&database(&cluster));
    let serving = town.serve();
    town.does("pay ann 1 --as bob --once first");
    cluster.down().unwrap();
    let away = town.run("pay ann 2 --as bob --once second --json");
    assert_eq!((away.code, &away.json_error()["error"]), (3, &"store".into()));
    cluster.up("").unwrap();
    // Connections that broke are found out one by one.
    let back = (0..50).any(|_| town.run("pay ann 2 --as bob --once second --json").code == 0);
    assert!(back, "{}", serving.log());
    town.does("pay ann 2 --as bob --once second");
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (3_000, -3_000));
    town.is_well();
    serving.end();
    town.is_well();
}

//! Proofs that agents lie about lifts, as an administrator meets them: another agent tells of one over the network, the site
//! keeps it, and whoever has the record checks it without any site.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use protocol::address::Endpoint;
use protocol::agreement::{Ballot, Round, Statement, Vote};
use protocol::bounded::List;
use protocol::lift::{Certificate, Conditional, Evidence, Leg, Mode, Outcome, Promise, Reason};
use protocol::lift::{Refused, Tree};
use protocol::proof::{Contradiction, Proof, Twice};
use protocol::referee::{Lie, Ruling, Stated};
use protocol::{
    AgentId, Hash, Lift, Record as _, SecretKey, Side, Signer as _, TallyId, Timestamp, Units,
};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use wire::{Inbox, Kind, Limits, Wire};

use super::serving::Serving;
use super::town::Town;
use crate::run::Room;

/// The key of the referee, which lies.
fn referee() -> SecretKey {
    SecretKey::ed25519(&[61; 32])
}

fn agent(key: &SecretKey) -> AgentId {
    AgentId::of(&key.public_key()).unwrap()
}

/// The key of the one that takes part.
fn participant() -> SecretKey {
    SecretKey::ed25519(&[62; 32])
}

/// A lift that this referee alone decides.
fn lift() -> Lift {
    let date: Timestamp = "2026-11-28T08:00:00.000Z".parse().unwrap();
    let leaves = vec![Hash::of(b"a leg")];
    Lift {
        nonce: Hash::of(b"a nonce"),
        mode: Mode::Clearing,
        date,
        deadline: date.plus_ms(30_000).unwrap(),
        legs: Tree::new(leaves).unwrap().root(),
        participants: List::new(vec![participant().public_key()]).unwrap(),
        referees: List::new(vec![agent(&referee())]).unwrap(),
        quorum: 1,
        payment: None,
    }
}

fn promise(judged: &[u8]) -> Promise {
    let (lift, by) = (lift().id().unwrap(), participant().public_key());
    let promise = Promise { lift, by, judged: Hash::of(judged), sign: None };
    promise.signed(&participant()).unwrap()
}

/// It decides both ways.
fn contradiction() -> Proof {
    let (lift, id) = (lift(), lift().id().unwrap());
    let by = participant().public_key();
    let refused = Refused { lift: id, by, reason: Reason::Busy, sign: None };
    let refused = Evidence::Refused(refused.signed(&participant()).unwrap());
    let promised = Evidence::Promises(List::new(vec![promise(b"judged")]).unwrap());
    let [commit, void] = [promised, refused]
        .map(|evidence| Certificate::by_sole_referee(id, evidence, &referee()).unwrap());
    Proof::Contradiction(Box::new(Contradiction { lift, commit, void }))
}

/// It votes both ways in one round.
fn lie() -> Proof {
    let lift = lift().id().unwrap();
    let stated = |outcome| {
        let vote = Vote { ballot: Ballot::Prevote, round: Round::FIRST, outcome: Some(outcome) };
        let statement = Statement::Vote(vote);
        Stated { statement, sign: Ruling { lift, statement }.sign_with(&referee()).unwrap() }
    };
    let [first, second] = [Outcome::Commit, Outcome::Void].map(stated);
    Proof::Lie(Box::new(Lie { lift, referee: agent(&referee()), first, second }))
}

/// A partner's site promises twice.
fn twice() -> Twice {
    let (lift, key) = (lift().id().unwrap(), participant().public_key());
    let units = Units::new(1_000).unwrap().try_into().unwrap();
    let leg = Leg { tally: TallyId::random([6; 16]), by: Side::Foil, units };
    let users = Hash::of(b"two users");
    let said = Conditional { lift, leg, users, side: Side::Foil, key, anew: false, sign: None };
    let said = said.signed(&referee()).unwrap();
    let [one, other] = [promise(b"one"), promise(b"other")];
    Twice::of(&agent(&referee()), &said, [&one, &other]).unwrap()
}

/// Listens to nobody.
struct Nobody;

impl Inbox for Nobody {
    async fn knows(&self, _: AgentId) -> Result<bool, wire::Refused> {
        Ok(false)
    }

    async fn receive(&self, _: AgentId, _: Kind, _: Vec<u8>) -> Result<Vec<u8>, wire::Refused> {
        Err(wire::Refused::No("nobody is here".to_owned()))
    }
}

/// Another agent tells a site that is served of each of these, over the network; gives its name, and whether all were heard.
fn is_told(site: &Serving, proofs: &[&Proof]) -> (AgentId, bool) {
    let key = SecretKey::ed25519(&[63; 32]);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let wire = Wire::start(&key, &[], Limits::default(), Arc::new(Nobody));
    let wire = runtime.block_on(wire).unwrap();
    let at: Endpoint = site.place.parse().unwrap();
    let mut heard = true;
    for proof in proofs {
        let (text, within) = (proof.to_text().unwrap().to_string(), Duration::from_secs(60));
        let places = std::slice::from_ref(&at);
        let said = wire.send(site.agent, places, Kind::Decision, text.as_bytes(), within);
        heard &= runtime.block_on(said).is_ok();
    }
    (agent(&key), heard)
}

/// The file is checked on another machine, where there is no site; with these words after it.
fn verified(town: &Town, name: &str, more: &[&str]) -> crate::run::Run {
    let elsewhere = Room::new();
    elsewhere.put(name, fs::read(town.room.path().join(name)).unwrap());
    elsewhere.run(&[&["verify", name], more].concat())
}

fn is_refused(town: &Town, name: &str) {
    let run = verified(town, name, &["--json"]);
    assert_eq!((run.code, &run.json_error()["error"]), (1, &"not_proved".into()), "{}", run.err);
}

#[test]
fn a_lie_that_another_agent_tells_of_is_shown_and_verified_without_a_site() {
    let mut town = Town::new();
    let liar = agent(&referee()).to_string();
    town.asks("referee lies");
    assert_eq!(town.json("referee lies"), json!({ "lies": [] }));
    town.does(&format!("referee accept {liar} --most 10"));
    let (lie, both) = (lie(), contradiction());
    let serving = town.serve();
    let (teller, heard) = is_told(&serving, &[&lie, &both, &lie]);
    assert!(heard);
    serving.end();

    let told = town.json("referee lies");
    let told = told["lies"].as_array().unwrap();
    assert_eq!(told.len(), 2, "each once: {told:?}");
    for (shown, proof) in told.iter().zip([&lie, &both]) {
        assert_eq!(shown["id"], json!(proof.hash().unwrap()));
        assert_eq!(shown["kind"], proof.word());
        assert_eq!(shown["lift"], json!(lift().id().unwrap()));
        assert_eq!(shown["accused"], json!([liar]));
        assert_eq!(shown["heard_from"], json!(teller));
        assert!(shown["at"].as_str().unwrap().parse::<Timestamp>().is_ok());
    }
    assert_eq!(town.json("referee list")["referees"][0]["lies"], 2);
    town.asks("referee lies");
    town.asks("referee list");
    for (shown, name) in told.iter().zip(["lie.json", "both.json"]) {
        let id = shown["id"].as_str().unwrap();
        let printed = town.does(&format!("referee proof {id}")).out;
        let file = town.room.path().join(name);
        let out = format!("referee proof {id} --out {}", file.display());
        town.asks(&out);
        assert_eq!(fs::read_to_string(&file).unwrap(), printed);
        // It does not write over anything.
        town.asks(&out);
        let page = verified(&town, name, &[]);
        assert_eq!((page.code, page.err.as_str()), (0, ""));
        town.told += &town.hidden(&format!("$ mychips verify {name}\n{}\n", page.out));
        let proved = verified(&town, name, &["--json"]).json();
        assert_eq!((&proved["kind"], &proved["proved"]), (&shown["kind"], &"all".into()));
        assert_eq!((&proved["lift"], &proved["liars"]), (&shown["lift"], &json!([liar])));
        assert_eq!(proved["accused"], json!([liar]));
    }
    let none = Hash::of(b"no proof");
    let run = town.run(&format!("referee proof {none} --json"));
    assert_eq!((run.code, &run.json_error()["error"]), (1, &"no_proof".into()), "{}", run.err);
    insta::assert_snapshot!("site_lies", town.told);
}

#[test]
fn a_proof_that_was_changed_proves_nothing() {
    let town = Town::bare();
    let other = agent(&SecretKey::ed25519(&[64; 32])).to_string();
    let twice = Proof::Twice(Box::new(twice()));
    let changes: [(&Proof, &str, Value); 8] = [
        (&lie(), "/referee", json!(other)),
        (&lie(), "/lift", json!(Hash::of(b"another lift"))),
        (&lie(), "/second/statement/vote/outcome", json!("commit")),
        (&contradiction(), "/lift/nonce", json!(Hash::of(b"another"))),
        (&contradiction(), "/void/refused/reason", json!("room")),
        (&twice, "/agent", json!(other)),
        (&twice, "/conditional/leg/units", json!(2_000)),
        (&twice, "/first/judged", json!(Hash::of(b"nothing"))),
    ];
    for (proof, pointer, to) in changes {
        let text = proof.to_text().unwrap().to_string();
        town.room.put("lie.json", &text);
        let proved = verified(&town, "lie.json", &["--json"]).json();
        assert_eq!(proved["liars"], json!([agent(&referee())]), "{}", proof.word());
        let mut value: Value = serde_json::from_str(&text).unwrap();
        *value.pointer_mut(pointer).unwrap() = to;
        town.room.put("lie.json", value.to_string());
        is_refused(&town, "lie.json");
    }
}

/// What a site promised twice is kept at the site that it promised it to; its administrator shows whom it likes.
#[test]
fn a_site_that_promised_twice_is_named_wherever_it_is_shown() {
    let mut town = Town::new();
    let proof = Proof::Twice(Box::new(twice()));
    town.room.put("twice.json", proof.to_text().unwrap().to_string());
    let page = verified(&town, "twice.json", &[]);
    assert_eq!((page.code, page.err.as_str()), (0, ""));
    town.told += &town.hidden(&page.out);
    // No agent tells another: it says what moves over a tally.
    town.does(&format!("referee accept {} --most 10", agent(&referee())));
    let serving = town.serve();
    let (_, heard) = is_told(&serving, &[&proof]);
    assert!(!heard, "it is no errand");
    serving.end();
    assert_eq!(town.json("referee lies"), json!({ "lies": [] }));
    insta::assert_snapshot!("site_promised_twice", town.told);
}

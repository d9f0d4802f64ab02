//! The test vectors in `vectors/`: ours are what the code makes today; what WebCrypto made verifies
//! here, and what we made verifies there.

use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::json::parse;
use protocol::ledger::{Input, Ledger, Link};
use protocol::{
    CanonicalText, Chit, Contract, PublicKey, Record as _, SecretKey, Side, Signature, Signer as _,
    Tally, Verified,
};
use serde_json::Value;

#[path = "../../examples/vectors/made.rs"]
mod made;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

fn load(name: &str) -> Value {
    let path = folder().join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn committed_vectors_are_what_the_code_makes() {
    for (name, text) in made::files().unwrap() {
        let committed = std::fs::read_to_string(folder().join(name)).unwrap();
        assert!(
            committed == text,
            "vectors/{name} is not what the code makes today: if the change of bytes is meant, run vectors/regenerate"
        );
    }
}

#[test]
fn what_webcrypto_signs_verifies_here() {
    let made = load("webcrypto.json");
    let mut seen = std::collections::BTreeSet::new();
    for key in made["keys"].as_array().unwrap() {
        let public = PublicKey::from_jwk(key["public"].to_string().as_bytes()).unwrap();
        let secret = SecretKey::from_jwk(key["secret"].to_string().as_bytes()).unwrap();
        assert_eq!(secret.public_key(), public);
        for signed in made["signatures"].as_array().unwrap() {
            if signed["key"] != key["name"] {
                continue;
            }
            seen.insert((public.algorithm(), signed["case"].to_string()));
            let text = signed["text"].as_str().unwrap();
            // The text that WebCrypto's side made is canonical in our eyes too.
            let own = CanonicalText::of(&parse(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(own.as_str(), text);
            assert_eq!(own.hash().to_string(), signed["hash"].as_str().unwrap());
            let signature: Signature = signed["signature"].as_str().unwrap().parse().unwrap();
            assert!(public.verifies(text.as_bytes(), &signature), "{signed}");
            assert!(!public.verifies(format!("{text} ").as_bytes(), &signature), "{signed}");
        }
    }
    let cases = load("canonical.json")["taken"].as_array().unwrap().len();
    assert_eq!(seen.len(), 2 * cases, "each case is signed by each kind of key");
}

#[test]
fn records_by_webcrypto_are_good_here() {
    let made = load("webcrypto.json");
    let record = |name: &str| {
        let all = made["records"].as_array().unwrap();
        let found = all.iter().find(|entry| entry["name"] == name).unwrap();
        let text = found["record"].as_str().unwrap().to_owned();
        (text, found["hash"].as_str().unwrap().to_owned())
    };
    let (text, hash) = record("tally");
    let tally = Tally::read(text.as_bytes()).unwrap();
    assert_eq!(tally.to_text().unwrap().as_str(), text);
    assert_eq!(tally.hash().unwrap().to_string(), hash);
    let tally = Verified::check(tally, &()).unwrap();

    for name in ["payment", "settings"] {
        let (text, hash) = record(name);
        let chit = Chit::read(text.as_bytes()).unwrap();
        assert_eq!(chit.to_text().unwrap().as_str(), text);
        assert_eq!(chit.hash().unwrap().to_string(), hash);
        Verified::check(chit.clone(), &tally.keys()).unwrap();
        let later = Chit { date: chit.date.plus_ms(1).unwrap(), ..chit };
        assert!(Verified::check(later, &tally.keys()).is_err());
    }
}

#[test]
fn the_chain_by_webcrypto_has_the_same_verdict_here() {
    let made = load("webcrypto.json");
    let text = made["records"].as_array().unwrap().iter().find(|it| it["name"] == "tally");
    let tally = Tally::read(text.unwrap()["record"].as_str().unwrap().as_bytes()).unwrap();
    let tally = Verified::check(tally, &()).unwrap();
    let chain = &made["chain"];
    let mut types = std::collections::BTreeSet::new();
    let mut ledger = Ledger::open(&tally, Side::Foil).unwrap();
    let mut links: Vec<Link> = Vec::new();
    for link in chain["links"].as_array().unwrap() {
        let chit = Chit::read(link["record"].as_str().unwrap().as_bytes()).unwrap();
        types.insert(chit.entry.word());
        let good = ledger.prove(chit.clone()).unwrap();
        assert_eq!(good.hash().to_string(), link["hash"].as_str().unwrap());
        let later = Chit { date: chit.date.plus_ms(1).unwrap(), ..chit };
        assert!(ledger.prove(later).is_err());
        let step = ledger.step(Input::Recover(vec![good]), &links).unwrap();
        let change = step.change.unwrap();
        links.truncate(usize::try_from(change.keep).unwrap());
        links.extend(change.then);
        ledger = step.ledger;
    }
    assert_eq!(types.len(), 6, "{types:?}");
    for (link, told) in links.iter().zip(chain["links"].as_array().unwrap()) {
        assert_eq!(serde_json::to_value(link.head).unwrap(), told["head"]);
        assert_eq!(ledger.counts(link), told["counts"].as_bool().unwrap(), "{told}");
    }
    assert_eq!(ledger.balance_milli(), i128::from(chain["balance_of_foil"].as_i64().unwrap()));
    for side in Side::BOTH {
        let key = serde_json::to_value(ledger.key(side)).unwrap();
        assert_eq!(key, chain["keys"][side.word()]);
    }
}

#[test]
fn contracts_in_the_vectors_are_known_by_their_rid() {
    let records = load("records.json");
    let all = records["records"].as_array().unwrap();
    let entry = all.iter().find(|entry| entry["name"] == "contract").unwrap();
    let contract = Contract::read(entry["record"].as_str().unwrap().as_bytes()).unwrap();
    let contract = Verified::check(contract, &()).unwrap();
    assert_eq!(contract.rid.unwrap().to_string(), entry["hash"].as_str().unwrap());
}

#[test]
fn what_we_make_verifies_on_webcrypto() {
    let node = Command::new("node").arg(folder().join("webcrypto.mjs")).arg("verify").output();
    let output = node.unwrap_or_else(|error| {
        panic!(
            "Node 18 or later is needed to check the test vectors (Debian package nodejs): {error}"
        )
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "node vectors/webcrypto.mjs verify:\n{said}");
}

//! Writes a small seed corpus for the fuzz targets, taken from the test vectors:
//! `cargo run -p protocol --example seeds -- VECTORS DIR`; `fuzz/run` calls this.

mod lifts;
mod made;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, fs, io};

use protocol::export::{LiftProof, TallyExport, UserExport};
use protocol::invoice::{Invoice, Invoices};
use protocol::ledger::{Ack, Ledger};
use protocol::lift::Committed;
use protocol::negotiation::Negotiation;
use protocol::note::Note;
use protocol::request::Request;
use protocol::{
    AgentId, ChipAddress, Cuid, Freed, Hash, Moved, Rate, Record, Side, Signature, Tally, TallyId,
    Timestamp, Units, Verified,
};
use serde_json::{Value, json};

/// Texts of kinds that the vectors hold few of.
const TEXTS: &[&str] = &[
    "12.500",
    "-0.001",
    "9007199254740.991",
    "2.5 %",
    "-25000ppm",
    "2.5%\n100.001",
    "2026-11-22T09:30:00.000Z",
    "0000-01-01T00:00:00.000Z",
    "suzie",
    "01234567-89ab-4cde-8f01-23456789abcd",
    "suzie:12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2",
    "chip://a:12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2@chip.example:8421",
    "chip://a:12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2@[::1]:8421?transport=quic",
    "/dns/chip.example/tcp/8421/p2p/12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2/chip/a",
    "/ip4/192.0.2.1/udp/1/quic-v1/p2p/12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2/chip/a",
    "chip://a:12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2@h:1?transport=quic&relay=12D3KooWAkxfiRRoWKHnSRbU55hjegPU47ix4JFN4VVKW5tvs5vQ",
];

/// Tables of debts; no vector holds any.
const TABLES: &[&str] = &[
    "debtor,creditor,amount\nsuzie,bob,12.5\nbob,carol,0.0001\ncarol,suzie,9007199254740.991\n",
    "\u{feff}\"Suzie \"\"Käse\"\"\";bob;1\r\nbob;\"Suzie \"\"Käse\"\"\";2.5;more\r\n",
    "a  b   1\nb c 1\n\nc a 1\na a 1\na b -1\na b x\n",
    "a\tb\t1\ra\tb\t2\r",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = env::args_os().skip(1).map(PathBuf::from);
    let (Some(vectors), Some(folder)) = (paths.next(), paths.next()) else {
        return Err("usage: seeds VECTORS DIR".into());
    };
    for entry in fs::read_dir(&vectors)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            sow_all(&folder, &serde_json::from_slice(&fs::read(path)?)?)?;
        }
    }
    for text in TEXTS {
        sow_text(&folder, text)?;
    }
    let texts = [
        ("table", TABLES),
        ("frame", made::FRAMES),
        ("live_agent", made::STEPS),
        ("place", made::PLACES),
        ("pay_link", made::PAY_LINKS),
        ("reply", made::REPLIES),
        ("sealed", made::SEALED),
        ("trust", made::TRUST),
        ("words", made::WORDS),
    ];
    for (target, texts) in texts {
        texts.iter().try_for_each(|text| sow(&folder, target, text))?;
    }
    let records: Value = serde_json::from_slice(&fs::read(vectors.join("records.json"))?)?;
    let record = |name: &str| {
        let mut all = records["records"].as_array()?.iter();
        let found = all.find(|entry| entry["name"] == name)?;
        serde_json::from_str(found["record"].as_str()?).ok()
    };
    let tally: Value = record("tally").ok_or("records.json lacks a tally")?;
    kept(&folder, &Tally::read(tally.to_string().as_bytes())?)?;
    let lift: Value = serde_json::from_slice(&fs::read(vectors.join("lift.json"))?)?;
    proof(&folder, &lift)?;
    let decided: Value = serde_json::from_slice(&fs::read(vectors.join("decided.json"))?)?;
    for (target, seed) in lifts::seeds(&decided)? {
        sow(&folder, target, &seed)?;
    }
    for (target, seeds) in made::seeds(&record).ok_or("records.json lacks a record")? {
        for seed in seeds {
            let seed = seed.to_string();
            // A seed that its reader refuses grows into little.
            let bytes = seed.as_bytes();
            match target {
                "note" => Note::read(bytes).map(|_| ())?,
                "moved" => Moved::read(bytes).map(|_| ())?,
                "freed" => Freed::read(bytes).map(|_| ())?,
                "request" => Request::read(bytes).map(|_| ())?,
                "invoice" => Invoice::read(bytes).map(|_| ())?,
                "ack" => Ack::read(bytes).map(|_| ())?,
                "kept" => serde_json::from_slice::<Invoices>(bytes).map(|_| ())?,
                "export" => exported(bytes)?,
                _ => {}
            }
            sow(&folder, target, &seed)?;
        }
    }
    Ok(())
}

/// Sows what a store keeps of a half of a tally that both signed.
fn kept(folder: &Path, tally: &Tally) -> Result<(), Box<dyn std::error::Error>> {
    let tally = Verified::check(tally.clone(), &())?;
    for side in Side::BOTH {
        sow(folder, "kept", &serde_json::to_string(&Ledger::open(&tally, side)?)?)?;
        let asked = Ledger::open(&tally, side)?.went_back(Some(tally.hash()?));
        sow(folder, "kept", &serde_json::to_string(&asked)?)?;
        sow(folder, "kept", &serde_json::to_string(&Negotiation::restored(&tally, side)?)?)?;
    }
    Ok(())
}

/// Sows what proves the first leg of the lift in the vectors.
fn proof(folder: &Path, vector: &Value) -> Result<(), Box<dyn std::error::Error>> {
    let record = |entry: &Value| serde_json::from_str::<Value>(entry["record"].as_str()?).ok();
    let leg = &vector["legs"][0];
    let proof = json!({
        "record": record(&vector["lift"]), "certificate": record(&vector["certificate"]),
        "leg": record(&leg["leg"]), "way": leg["way"],
    });
    let read: LiftProof = serde_json::from_value(proof.clone())?;
    Committed::check(read.record, &read.certificate)?.chit(&read.leg, &read.way)?;
    Ok(sow(folder, "export", &proof.to_string())?)
}

/// An export is read; of a tally without chits all is proved.
fn exported(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    if let Ok(user) = UserExport::read(bytes) {
        user.check()?;
        return Ok(());
    }
    let tally = TallyExport::read(bytes)?;
    if tally.links.is_empty() {
        tally.check()?;
    }
    Ok(())
}

/// Sows every part of `value` into the folders of the targets that read such a thing.
fn sow_all(folder: &Path, value: &Value) -> io::Result<()> {
    match value {
        Value::Object(members) => {
            if members.contains_key("kty") {
                sow(folder, "key", &value.to_string())?;
                sow(folder, "sealed", &value.to_string())?;
            }
            // A record is a seed of the target named after its kind.
            match members.get("kind").and_then(Value::as_str) {
                Some(kind) if kind.bytes().all(|b| b.is_ascii_lowercase()) => {
                    sow(folder, kind, &value.to_string())?;
                }
                _ => {}
            }
            if let Some(settings) = members.get("settings") {
                sow(folder, "settings", &settings.to_string())?;
            }
            members.values().try_for_each(|member| sow_all(folder, member))
        }
        Value::Array(items) => items.iter().try_for_each(|item| sow_all(folder, item)),
        Value::String(text) => sow_text(folder, text),
        _ => Ok(()),
    }
}

fn sow_text(folder: &Path, text: &str) -> io::Result<()> {
    fn reads<T: FromStr>(text: &str) -> bool {
        text.parse::<T>().is_ok()
    }
    if text.starts_with(['{', '[']) {
        sow(folder, "json", text)?;
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            sow_all(folder, &value)?;
        }
    }
    if reads::<ChipAddress>(text) {
        sow(folder, "address", text)?;
    }
    if reads::<Timestamp>(text) {
        sow(folder, "date", text)?;
    }
    if reads::<Units>(text) || reads::<Rate>(text) || text.contains("%\n") {
        sow(folder, "units", text)?;
    }
    let id = reads::<AgentId>(text) || reads::<Hash>(text) || reads::<TallyId>(text);
    if id || reads::<Signature>(text) || reads::<Cuid>(text) {
        sow(folder, "ids", text)?;
    }
    Ok(())
}

fn sow(folder: &Path, target: &str, text: &str) -> io::Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(Hash::of(text.as_bytes()).to_string()), text)
}

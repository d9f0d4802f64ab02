//! Records for the vectors: two neighbours, the contract they agree to, their tally, its chits.

use protocol::{AgentId, Cert, Chit, Contract, Json, Record, SecretKey, Side, Signer, Tally};
use serde_json::{Value, json};

use super::Result;

const TALLY: &str = "6b0f5c1e-7d52-4c0b-9a53-0c8d5a3f2e11";

fn read<T: Record>(draft: &Value) -> Result<T> {
    Ok(T::from_json(&Json::of(draft)?)?)
}

/// Name, record as kept and sent, its canonical form and hash.
fn entry<T: Record>(name: &str, record: &T) -> Result<Value> {
    let (text, canonical) = (record.to_text()?, record.canonical()?);
    let hash = canonical.hash();
    Ok(
        json!({"name": name, "record": text.as_str(), "canonical": canonical.as_str(), "hash": hash}),
    )
}

/// The tally of the records, signed by both.
pub(crate) fn tally(suzie: &SecretKey, carol: &SecretKey, agent: &SecretKey) -> Result<Tally> {
    let records = records(suzie, carol, agent)?;
    let all = records["records"].as_array().ok_or("no records")?;
    let found = all.iter().find(|entry| entry["name"] == "tally").ok_or("no tally")?;
    let text = found["record"].as_str().ok_or("no text")?;
    Ok(Tally::read(text.as_bytes())?)
}

/// Suzie holds the stock and signs ES256, Carol the foil and EdDSA.
pub(crate) fn records(suzie: &SecretKey, carol: &SecretKey, agent: &SecretKey) -> Result<Value> {
    let agent = AgentId::of(&agent.public_key())?;
    let cert_suzie: Cert = read(&json!({
        "kind": "cert", "v": 1,
        "chad": format!("chip://suzie:{agent}@chip.example:8421"),
        "type": "organisation",
        "name": ["Suzie's Käse & Œufs 🧀", "Suzie"],
        "connect": [{"media": "email", "address": "suzie@chip.example"}],
        "place": [{"type": "work", "city": "Quernby", "country": "GB"}],
        "identity": {"birth": {"date": "2011-03-01"}},
        "public": suzie.public_key(),
        "date": "2026-11-01T08:00:00.000Z",
    }))?;
    let cert_suzie = cert_suzie.signed(suzie)?;
    let cert_carol: Cert = read(&json!({
        "kind": "cert", "v": 1,
        "chad": format!("carol:{agent}"),
        "type": "person",
        "name": ["Carol"],
        "public": carol.public_key(),
        "date": "2026-11-02T18:30:00.000Z",
    }))?;
    let cert_carol = cert_carol.signed(carol)?;

    let contract: Contract = read(&json!({
        "kind": "contract", "v": 1,
        "host": "chip.example", "name": "neighbours", "version": 1, "language": "en", "top": true,
        "published": "2026-10-01T00:00:00.000Z",
        "title": "Among neighbours",
        "text": "We owe each other what we sign.\nNothing else.",
        "sections": [
            {"title": "Limits", "tag": "limits", "text": "Nobody owes more than the other granted."},
            {"title": "Ending", "text": "Either may close; see [#limits]."},
        ],
    }))?;
    let contract = contract.seal()?;

    let tally: Tally = read(&json!({
        "kind": "tally", "v": 1,
        "uuid": TALLY, "revision": 2,
        "date": "2026-11-22T09:30:00.000Z", "expires": "2026-12-22T00:00:00.000Z",
        "memo": "Eggs till the spring",
        "stock": {"cert": cert_suzie, "terms": {"limit": 100_000, "due_days": 30}},
        "foil": {"cert": cert_carol, "terms": {"limit": 20_000}},
        "agree": {"host": "chip.example", "name": "neighbours", "rid": contract.rid},
    }))?;
    let tally = tally.signed(Side::Stock, suzie)?.signed(Side::Foil, carol)?;

    let chit = |uuid: &str, by: &str, rest: Value| {
        let mut draft = json!({
            "kind": "chit", "v": 1,
            "uuid": uuid, "tally": TALLY, "by": by, "date": "2026-11-22T10:00:00.000Z",
        });
        if let (Value::Object(draft), Value::Object(rest)) = (&mut draft, rest) {
            draft.extend(rest);
        }
        read::<Chit>(&draft)
    };
    let tran = chit(
        "0d9ec5a4-51c9-4b0e-8f8e-2f1f7b6a9c01",
        "foil",
        json!({"type": "tran", "units": 12_500, "ref": "2026-117", "memo": "Two dozen eggs \"à la\" Suzie\nThank you"}),
    )?;
    let set = chit(
        "0d9ec5a4-51c9-4b0e-8f8e-2f1f7b6a9c02",
        "stock",
        json!({
            "type": "set", "counter": 1,
            "settings": {"target": 30_000, "bound": 80_000, "reward": -1_000, "clutch": 2_500},
        }),
    )?;
    let lift = chit(
        "0d9ec5a4-51c9-8b0e-8f8e-2f1f7b6a9c03",
        "stock",
        json!({"type": "lift", "units": 1, "lift": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}),
    )?;

    Ok(json!({"records": [
        entry("cert of suzie", &cert_suzie)?,
        entry("cert of carol", &cert_carol)?,
        entry("contract", &*contract)?,
        entry("tally", &tally)?,
        entry("payment", &tran.signed(carol)?)?,
        entry("settings", &set.signed(suzie)?)?,
        entry("leg of a lift", &lift)?,
    ]}))
}

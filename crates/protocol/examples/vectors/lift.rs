//! A lift for the vectors: three legs, the way of each to the root, the record, its certificate, and
//! the chits that follow; and a payer's authorisation.

use protocol::lift::{Authorisation, Certificate, Evidence, Leg, Legs};
use protocol::{AgentId, Json, Lift, Record, SecretKey, Signer as _};
use serde_json::{Value, json};

use super::Result;

fn read<T: Record>(draft: &Value) -> Result<T> {
    Ok(T::from_json(&Json::of(draft)?)?)
}

pub(super) fn entry<T: Record>(record: &T) -> Result<Value> {
    let (text, canonical) = (record.to_text()?, record.canonical()?);
    let hash = canonical.hash();
    Ok(json!({"record": text.as_str(), "canonical": canonical.as_str(), "hash": hash}))
}

/// Carol's key signs the payment, the agent's the decision.
pub(crate) fn lift(carol: &SecretKey, agent: &SecretKey) -> Result<Value> {
    let referee = AgentId::of(&agent.public_key())?;
    let drafts = [
        ("6b0f5c1e-7d52-4c0b-9a53-0c8d5a3f2e11", "stock", 12_500),
        ("0a4c11d2-93f6-4f57-8f0e-5a7fbc0d6e22", "foil", 12_500),
        ("e2d9a5b7-1c38-4b6a-b7f4-64c2f8a91d33", "foil", 1),
    ];
    let legs = drafts.iter().map(|(tally, by, units)| {
        read(&json!({"kind": "leg", "v": 1, "tally": tally, "by": by, "units": units}))
    });
    let legs = Legs::new(legs.collect::<Result<Vec<Leg>>>()?, None)?;
    let authorisation: Authorisation = read(&json!({
        "kind": "authorisation", "v": 1,
        "uuid": "7f1c0a52-3f3b-4c43-9d0e-3b1f5a6c7d01",
        "payer": format!("carol:{referee}"), "payee": format!("suzie:{referee}"),
        "units": 12_500, "most": 12_501,
        "date": "2026-11-22T11:59:00.000Z", "expires": "2026-11-22T12:59:00.000Z",
        "memo": "Cheese for the feast",
    }))?;
    let authorisation = authorisation.signed(carol)?;
    let lift: Lift = read(&json!({
        "kind": "lift", "v": 1,
        "nonce": protocol::Hash::of(b"nonce"),
        "mode": "payment",
        "date": "2026-11-22T12:00:00.000Z", "deadline": "2026-11-22T12:00:30.000Z",
        "legs": legs.root(),
        "referees": [referee], "quorum": 1,
        "payment": authorisation.hash()?,
    }))?;
    let id = lift.id()?;
    let certificate = Certificate::by_sole_referee(id, Evidence::of_one_site(), agent)?;
    certificate.check(&lift)?;
    let shown = legs.with_ways().map(|(leg, way)| {
        Ok(json!({"leg": entry(leg)?, "way": way, "chit": entry(&leg.chit(id, lift.date))?}))
    });
    Ok(json!({
        "legs": shown.collect::<Result<Vec<_>>>()?,
        "root": legs.root(),
        "authorisation": entry(&authorisation)?,
        "lift": entry(&lift)?,
        "certificate": entry(&certificate)?,
    }))
}

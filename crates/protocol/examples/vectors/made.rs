//! The test vectors that our own code makes; always the same, since signing is deterministic.
//! The suite compares them with the files in `vectors/`.

use protocol::json::parse;
use protocol::{AgentId, CanonicalText, SecretKey, Signer as _};
use serde_json::{Value, json};

#[path = "decided.rs"]
mod decided;
#[path = "lift.rs"]
mod lift;
#[path = "records.rs"]
mod records;
#[path = "rekey.rs"]
mod rekey;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Names and contents of the files, in the order in which they should be read.
pub(crate) fn files() -> Result<Vec<(&'static str, String)>> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map(|text| text + "\n");
    let [(_, suzie), _, (_, carol), (_, agent)] = secrets()?;
    Ok(vec![
        ("canonical.json", pretty(&canonical()?)?),
        ("keys.json", pretty(&keys()?)?),
        ("signatures.json", pretty(&signatures()?)?),
        ("records.json", pretty(&records::records(&suzie, &carol, &agent)?)?),
        ("lift.json", pretty(&lift::lift(&carol, &agent)?)?),
        ("decided.json", pretty(&decided::decided()?)?),
        ("rekey.json", {
            let tally = records::tally(&suzie, &carol, &agent)?;
            pretty(&rekey::rekey(tally, &suzie, &carol, &agent)?)?
        }),
    ])
}

/// Name and JSON text; member `sign` and null members are outside the canonical form.
const TAKEN: &[(&str, &str)] = &[
    ("empty", "{}"),
    ("white space", " {\r\n\t\"a\" : [ 1 , 2 ] } "),
    ("names in ASCII order", r#"{"b":1,"a":2,"B":3,"_":4,"10":5,"9":6,"":7}"#),
    (
        "names by UTF-16 unit, not by code point",
        r#"{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3,"\u00f6":4,"\r":5}"#,
    ),
    ("names that JavaScript treats specially", r#"{"__proto__":1,"constructor":2,"toString":3}"#),
    (
        "shortest escapes",
        r#"{"text":"\u0008\u0009\u000a\u000c\u000d\u0001\u001f\u0022\u005c\u002f\u0041"}"#,
    ),
    (
        "characters that need no escape",
        r#"{"text":"\u007f\u0080\u2028\u2029\ufeff\uffff\u20ac\ud83d\ude00"}"#,
    ),
    ("no normalisation", r#"{"composed":"\u00e9","decomposed":"e\u0301"}"#),
    (
        "numbers at the ends of the range",
        r#"{"most":9007199254740991,"least":-9007199254740991,"none":0}"#,
    ),
    ("null members at any depth", r#"{"a":null,"b":{"c":null,"d":[null,{"e":null}]}}"#),
    ("the signature at the top only", r#"{"sign":"x","part":{"sign":"y"},"kind":"example","v":1}"#),
    ("nested", r#"{"z":{"y":{"x":[[],{},[{"b":true,"a":false}]]}},"kind":"example","v":1}"#),
];

/// Name and JSON text of what must not be read, though some readers would.
const REFUSED: &[(&str, &str)] = &[
    ("beyond the exact range", r#"{"units":9007199254740992}"#),
    ("beyond the exact range, negative", r#"{"units":-9007199254740992}"#),
    ("fraction", r#"{"units":1.0}"#),
    ("exponent", r#"{"units":1e3}"#),
    ("negative zero", r#"{"units":-0}"#),
    ("name given twice", r#"{"units":1,"units":2}"#),
    ("name given twice, escaped", r#"{"units":1,"\u0075nits":2}"#),
    ("half a surrogate pair", r#"{"memo":"\ud83d"}"#),
    ("halves in the wrong order", r#"{"memo":"\ude00\ud83d"}"#),
    ("U+0000", r#"{"memo":"\u0000"}"#),
    ("something behind", "{} {}"),
];

fn canonical() -> Result<Value> {
    let taken = TAKEN.iter().map(|(name, text)| {
        let canonical = CanonicalText::of(&parse(text.as_bytes())?.without(&["sign"]))?;
        let hash = canonical.hash();
        Ok(json!({"name": name, "json": text, "canonical": canonical.as_str(), "hash": hash}))
    });
    let refused = REFUSED.iter().map(|(name, text)| match parse(text.as_bytes()) {
        Err(reason) => Ok(json!({"name": name, "json": text, "reason": reason.to_string()})),
        Ok(_) => Err(format!("{name}: not refused").into()),
    });
    Ok(json!({
        "taken": taken.collect::<Result<Vec<_>>>()?,
        "refused": refused.collect::<Result<Vec<_>>>()?,
    }))
}

/// The keys of the vectors: everybody knows their secrets.
fn secrets() -> Result<[(&'static str, SecretKey); 4]> {
    let bytes = |name: &str| *protocol::Hash::of(name.as_bytes()).as_bytes();
    Ok([
        ("suzie", SecretKey::p256(&bytes("suzie"))?),
        ("bob", SecretKey::p256(&bytes("bob"))?),
        ("carol", SecretKey::ed25519(&bytes("carol"))),
        ("agent", SecretKey::ed25519(&bytes("agent"))),
    ])
}

fn keys() -> Result<Value> {
    let keys = secrets()?.into_iter().map(|(name, secret)| {
        let public = secret.public_key();
        Ok(json!({
            "name": name,
            "algorithm": public.algorithm(),
            "secret": serde_json::from_str::<Value>(&secret.to_jwk())?,
            "public": public,
            "agent": AgentId::of(&public).ok(),
        }))
    });
    Ok(json!({
        "warning": "The secrets are the SHA-256 of the names. Never use these keys.",
        "keys": keys.collect::<Result<Vec<_>>>()?,
    }))
}

fn signatures() -> Result<Value> {
    let mut signatures = Vec::new();
    for (name, secret) in secrets()? {
        for (case, text) in TAKEN {
            let text = CanonicalText::of(&parse(text.as_bytes())?.without(&["sign"]))?;
            let signature = secret.sign(text.as_bytes())?;
            signatures.push(json!({"key": name, "case": case, "signature": signature}));
        }
    }
    Ok(json!({"signatures": signatures}))
}

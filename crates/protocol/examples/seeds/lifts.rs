//! Seeds of what sites and referees say of lifts between sites, and of what they ask each other before one: made of
//! the records of `decided.json`.

use std::error::Error;

use protocol::errand::{Ask, Compose, Composed, Errand, Expect, Expected, Meet};
use protocol::lift::{Conditional, Late, Lift, Promise, Refused};
use protocol::participant::Word;
use protocol::proof::{Contradiction, Twice};
use protocol::query::{Advert, Answer, Query};
use protocol::referee::{Lie, Ruling, Telling};
use protocol::{Hash, PayNumber, Record};
use serde_json::{Value, json};

/// A record of one of these kinds, read as such: a seed that its reader refuses grows into little.
fn seed<T: Record>(value: &Value) -> Result<String, Box<dyn Error>> {
    Ok(T::read(value.to_string().as_bytes())?.to_text()?.to_string())
}

/// Targets with their seeds.
pub(crate) fn seeds(decided: &Value) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let mut all = words(decided)?;
    all.extend(referees(decided)?);
    all.extend(searches(decided)?);
    all.extend(errands(decided)?);
    let sent = [
        "query",
        "answer",
        "advert",
        "telling",
        "ask",
        "compose",
        "composed",
        "meet",
        "expect",
        "expected",
        "lie",
        "contradiction",
    ];
    let sent = |target: &str| sent.contains(&target);
    let again: Vec<_> = all.iter().filter(|(target, _)| sent(target)).cloned().collect();
    all.extend(again.into_iter().map(|(_, seed)| ("errand", seed)));
    Ok(all)
}

/// The record of an entry of the vectors.
fn record(entry: &Value) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(entry["record"].as_str().ok_or("decided.json has another form")?)?)
}

fn list(entries: &Value) -> Result<Vec<Value>, Box<dyn Error>> {
    entries.as_array().ok_or("decided.json lacks a list")?.iter().map(record).collect()
}

fn words(decided: &Value) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let (lift, conditionals) = (record(&decided["lift"])?, list(&decided["conditionals"])?);
    seed::<Lift>(&lift)?;
    let conditional = conditionals.first().ok_or("decided.json lacks a conditional")?;
    seed::<Conditional>(conditional)?;
    let branches = [Hash::of(b"one leg"), Hash::of(b"another")];
    let word = |more: Value| {
        let mut word = json!({ "kind": "word", "v": 1, "lift": lift, "conditional": conditional });
        let members = more.as_object().into_iter().flatten();
        members.for_each(|(name, value)| word[name] = value.clone());
        Ok(("word", seed::<Word>(&word)?))
    };
    [
        json!({}),
        json!({ "branches": branches }),
        json!({ "branches": branches, "promises": list(&decided["promises"])? }),
        json!({ "refused": record(&decided["refused"])? }),
        json!({ "certificate": record(&decided["valid"])? }),
        json!({ "certificate": record(&decided["void"])? }),
        json!({ "certificate": record(&decided["too_late"])? }),
    ]
    .into_iter()
    .map(word)
    .collect()
}

fn referees(decided: &Value) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let (lift, promises) = (record(&decided["lift"])?, list(&decided["promises"])?);
    let sign = &promises.first().ok_or("decided.json lacks a promise")?["sign"];
    seed::<Promise>(&promises[0])?;
    let (refused, late) = (record(&decided["refused"])?, list(&decided["late"])?);
    seed::<Refused>(&refused)?;
    late.iter().try_for_each(|late| seed::<Late>(late).map(|_| ()))?;
    let named = record(&decided["refused"])?["lift"].clone();
    let referee = late.first().ok_or("decided.json lacks a late word")?["referee"].clone();
    let vote =
        |ballot: &str, outcome: Value| json!({ "ballot": ballot, "round": 1, "outcome": outcome });
    let quorum = json!({ "round": 0, "outcome": "commit", "votes": { "0": sign, "2": sign } });
    let proposal = |backing: &Value| json!({ "round": 1, "outcome": "commit", "backing": backing, "sign": sign });
    let statements = [
        json!({ "vote": vote("prevote", json!("commit")) }),
        json!({ "vote": vote("precommit", Value::Null) }),
        json!({ "proposal": { "round": 1, "outcome": "void", "backed": 0 } }),
    ];
    let messages = [
        json!({ "round": 3 }),
        json!({ "proposal": proposal(&Value::Null) }),
        json!({ "proposal": proposal(&quorum) }),
        json!({ "vote": { "vote": vote("prevote", json!("void")), "sign": sign } }),
        json!({ "prevotes": quorum }),
        json!({ "decided": quorum }),
    ];
    let mut all = Vec::new();
    for statement in statements {
        let ruling = json!({ "kind": "ruling", "v": 1, "lift": named, "statement": statement });
        all.push(("ruling", seed::<Ruling>(&ruling)?));
    }
    let lie = json!({ "kind": "lie", "v": 1, "lift": named, "referee": referee,
        "first": { "statement": { "vote": vote("prevote", json!("commit")) }, "sign": sign },
        "second": { "statement": { "vote": vote("prevote", Value::Null) }, "sign": sign } });
    all.push(("lie", seed::<Lie>(&lie)?));
    let (valid, void) = (record(&decided["valid"])?, record(&decided["void"])?);
    let both =
        json!({ "kind": "contradiction", "v": 1, "lift": lift, "commit": valid, "void": void });
    all.push(("contradiction", seed::<Contradiction>(&both)?));
    let said = list(&decided["conditionals"])?;
    let said = said.first().ok_or("decided.json lacks a conditional")?;
    let [first, second, ..] = promises.as_slice() else {
        return Err("decided.json lacks two promises".into());
    };
    let twice = json!({
        "kind": "twice", "v": 1, "agent": referee, "conditional": said, "first": first, "second": second,
    });
    all.push(("twice", seed::<Twice>(&twice)?));
    let told = messages.iter().map(|message| json!({ "messages": [message] }));
    let proofs = [
        json!({ "messages": messages, "promises": promises }),
        json!({ "refused": refused }),
        json!({ "late": late }),
    ];
    for more in told.chain(proofs) {
        let mut telling = json!({ "kind": "telling", "v": 1, "lift": lift });
        let members = more.as_object().into_iter().flatten();
        members.for_each(|(name, value)| telling[name] = value.clone());
        all.push(("telling", seed::<Telling>(&telling)?));
    }
    Ok(all)
}

fn searches(decided: &Value) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let (session, nonce) = (Hash::of(b"session"), Hash::of(b"nonce"));
    let marks = [Hash::of(b"one site"), Hash::of(b"another")];
    let referees = record(&decided["lift"])?["referees"].clone();
    let query = |sought: Value, trail: &[Hash]| {
        json!({
            "kind": "query", "v": 1, "session": session, "nonce": nonce, "sought": sought,
            "amount": 12_500, "most": 13_000, "depth": 4, "budget": 64, "referees": referees,
            "trail": trail,
        })
    };
    let payee = json!({ "payee": { "site": Hash::of(b"site"), "user": Hash::of(b"user") } });
    let mut turned = query(payee.clone(), &marks);
    turned["turn"] = json!(3);
    let point = |arrives: i64| json!({ "arrives": arrives, "enters": arrives + arrives / 50 });
    let plan = |points: &[i64]| {
        let curve: Vec<Value> = points.iter().map(|arrives| point(*arrives)).collect();
        json!({ "token": Hash::of(b"token"), "curve": curve, "sites": 3, "referees": referees })
    };
    let answer = |said: Value| json!({ "kind": "answer", "v": 1, "session": session, "nonce": nonce, "used": 3, "said": said });
    let plans = json!({ "plans": [plan(&[3_125, 6_250, 9_375, 12_500]), plan(&[100])] });
    let advert = json!({
        "kind": "advert", "v": 1, "session": session, "nonce": nonce, "turn": 1, "amount": 12_500,
        "plan": plan(&[12_500]), "depth": 3, "budget": 16, "trail": marks,
    });
    let mut all = vec![("advert", seed::<Advert>(&advert)?)];
    for query in [query(payee, &marks), query(json!("circle"), &marks[..1]), turned] {
        all.push(("query", seed::<Query>(&query)?));
    }
    all.push(("answer", seed::<Answer>(&answer(plans))?));
    for why in ["nothing", "loop", "replay", "referees", "costly", "busy", "deep"] {
        all.push(("answer", seed::<Answer>(&answer(json!({ "refused": why })))?));
    }
    Ok(all)
}

/// What sites and referees send each other as errands: those records again, and those that are only sent so.
fn errands(decided: &Value) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let (lift, promises) = (record(&decided["lift"])?, list(&decided["promises"])?);
    let (token, nonce) = (Hash::of(b"token"), Hash::of(b"nonce"));
    let keys: Vec<&Value> = promises.iter().map(|promise| &promise["by"]).collect();
    let composed = |drawn: Value| json!({ "kind": "composed", "v": 1, "token": token, "nonce": nonce, "drawn": drawn });
    let laid = json!({ "enters": 12_750, "participants": keys, "branches": [Hash::of(b"a leg")] });
    let asks = [
        json!({ "kind": "ask", "v": 1, "lift": lift }),
        json!({ "kind": "ask", "v": 1, "lift": lift, "promises": promises }),
        json!({ "kind": "ask", "v": 1, "lift": lift, "refused": record(&decided["refused"])? }),
    ];
    let compose = json!({
        "kind": "compose", "v": 1, "token": token, "nonce": nonce, "amount": 12_500,
        "most": 13_000,
    });
    let meet = json!({
        "kind": "meet", "v": 1, "payee": "hearth", "units": 12_500, "attempt": 7,
        "expires": "2026-11-26T12:00:00.000Z", "number": PayNumber::of(&Hash::of(b"number")),
    });
    let expect = json!({ "kind": "expect", "v": 1, "nonce": nonce, "payment": token });
    let expected = json!({
        "kind": "expected", "v": 1, "nonce": nonce, "payment": token, "keys": keys,
        "sign": promises[0]["sign"],
    });
    let mut all = vec![
        ("compose", seed::<Compose>(&compose)?),
        ("meet", seed::<Meet>(&meet)?),
        ("expect", seed::<Expect>(&expect)?),
        ("expected", seed::<Expected>(&expected)?),
    ];
    for ask in &asks {
        all.push(("ask", seed::<Ask>(ask)?));
    }
    for drawn in [json!({ "laid": laid }), json!({ "refused": "room" })] {
        all.push(("composed", seed::<Composed>(&composed(drawn))?));
    }
    let shown = record(&decided["valid"])?.to_string();
    all.push(("errand", Errand::read(shown.as_bytes())?.to_text()?.to_string()));
    Ok(all)
}

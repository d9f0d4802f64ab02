//! Payments to somebody with whom one has no tally, as they are seen at a command line: the people of the
//! sample town.

use serde_json::Value;

use super::town::Town;

/// The orchard may owe the smithy, that the mill, the mill the dairy; the mill charges 1 % for taking in.
pub(super) fn chain() -> Town {
    let town = Town::bare();
    town.does("init");
    for (user, name) in [
        ("bramble", "Bramble Orchard"),
        ("anvil", "Anvil Lane Smithy"),
        ("weir-mill", "Weir Mill"),
        ("clover", "Clover Dairy"),
        ("causeway", "Causeway Haulage"),
    ] {
        town.does(&format!("key new {user}"));
        town.room_run(&["user", "add", user, "--name", name, "--organisation"]);
    }
    for (stock, foil, limit) in
        [("anvil", "bramble", 100), ("weir-mill", "anvil", 80), ("clover", "weir-mill", 60)]
    {
        open(&town, stock, foil, limit);
    }
    town.does("tally set anvil --as weir-mill --bound 80 --reward 1%");
    town
}

fn open(town: &Town, stock: &str, foil: &str, limit: u32) {
    town.does(&format!("tally invite --as {stock} --limit {limit} --out {stock}-{foil}.json"));
    town.does(&format!("tally answer {stock}-{foil}.json --as {foil}"));
    town.does(&format!("tally offer {stock} --as {foil}"));
    town.does(&format!("tally accept {foil} --as {stock}"));
}

fn pays_a_stranger(town: &mut Town) {
    town.asks("pay clover 40 --as bramble --quote");
    town.tells(&[
        "pay",
        "clover",
        "40",
        "--as",
        "bramble",
        "--memo",
        "a churn of cream",
        "--ref",
        "C-7",
    ]);
    town.asks("pay clover 20.001 --as bramble");
    town.asks("pay clover 20.001 --as bramble --quote");
    town.asks("pay clover 10 --as bramble --most 10.1");
    town.asks("pay clover 10 --as bramble --most 11");
    town.asks("pay weir-mill 5 --as bramble --quote");
    town.asks("pay anvil 5 --as bramble --quote");
    town.asks("pay anvil 90 --as bramble --quote");
    town.asks("pay causeway 5 --as bramble");
    town.asks("pay nobody 5 --as bramble");
    for user in ["bramble", "weir-mill", "anvil", "clover", "causeway"] {
        town.asks(&format!("lift list --as {user}"));
    }
    town.asks("statement anvil --as bramble");
    town.asks("statement anvil --as weir-mill");
    town.asks("statement clover --as weir-mill");
    town.asks("statement weir-mill --as clover");
    town.asks("statement weir-mill --as clover --format hledger");
    town.asks("doctor");
}

/// The lifts' names are new each time, also where they are shown in part.
fn told(town: &Town) -> String {
    let mut told = town.told.clone();
    let lifts = town.json("lift list")["lifts"].clone();
    for (number, lift) in lifts.as_array().unwrap().iter().rev().enumerate() {
        let id = lift["lift"].as_str().unwrap();
        told = told.replace(&id[..8], &format!("[lift {number}]"));
    }
    told
}

#[test]
fn a_stranger_is_paid_over_tallies_of_others() {
    let mut town = chain();
    pays_a_stranger(&mut town);
    assert_eq!(town.balance("clover", "weir-mill"), 50_000);
    assert_eq!(town.balance("bramble", "anvil"), -50_507);
    insta::assert_snapshot!("site_payments", told(&town));
    let whole = |user: &str| {
        let lifts = town.json("lift list --as bramble");
        let id = lifts["lifts"][1]["lift"].as_str().unwrap().to_owned();
        town.does(&format!("lift show {id} --as {user}")).out.replace(&id, "[the lift]")
    };
    let shown: Vec<String> = ["bramble", "weir-mill", "clover"].map(whole).to_vec();
    insta::assert_snapshot!("site_payment_shown", town.hidden(&shown.join("\n")));
    town.is_well();
}

#[test]
fn and_the_same_while_it_is_served() {
    let mut town = chain();
    let serving = town.serve();
    pays_a_stranger(&mut town);
    insta::assert_snapshot!("site_payments", told(&town));
    serving.end();
    town.is_well();
}

#[test]
fn scripts_get_every_figure() {
    let town = chain();
    let quote = town.json("pay clover 40 --as bramble --quote");
    let figures = |value: &Value, names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| value[*name].clone()).collect()
    };
    let names = ["by", "amount", "given", "cost", "tallies", "possible", "why_not", "proved"];
    let expected: [Value; 8] = [
        "lift".into(),
        40_000.into(),
        40_405.into(),
        405.into(),
        3.into(),
        60_000.into(),
        Value::Null,
        true.into(),
    ];
    assert_eq!(figures(&quote, &names), expected);
    assert_eq!(quote["shares"][0], serde_json::json!({ "user": "anvil", "units": 0 }));
    assert_eq!(quote["shares"][1], serde_json::json!({ "user": null, "units": 405 }));
    let none = town.json("pay causeway 1 --as bramble --quote");
    let expected: [Value; 3] = [Value::Null, "not_connected".into(), 0.into()];
    assert_eq!(figures(&none, &["given", "why_not", "possible"]), expected);

    let paid = town.json("pay clover 40 --as bramble --once cream");
    assert_eq!(figures(&paid, &["amount", "given", "cost", "most"]), [40_000, 40_405, 405, 40_405]);
    let lift = paid["lift"].as_str().unwrap();
    let list = town.json("lift list --as bramble");
    assert_eq!(list["lifts"][0]["part"]["paid"]["payment"], paid["payment"]);
    assert_eq!(
        (&list["lifts"][0]["tallies"], &list["lifts"][0]["moved"]),
        (&1.into(), &40_405.into())
    );
    let whole = town.json(&format!("lift show {lift}"));
    assert_eq!(whole["record"]["mode"], "payment");
    assert_eq!(whole["authorisation"]["uuid"], paid["payment"]);
    assert_eq!(whole["legs"].as_array().unwrap().len(), 6);
    let between = town.json(&format!("lift show {lift} --as weir-mill"));
    assert_eq!(between["part"], serde_json::json!({ "passed_on": { "earned": 405 } }));
    assert_eq!(between.get("authorisation"), None);
    // By what it was allowed: each sees what was signed on its own tallies, the payer also what it signed for it.
    let legs = |user: &str| {
        let found = town.json(&format!("lift show {lift} --as {user}"));
        let found = found["legs"].as_array().unwrap().clone();
        found.into_iter().map(|leg| (leg["partner"].clone(), leg["allowed_by"].clone()))
    };
    let mut taken = legs("weir-mill").filter(|(with, _)| with.as_str().unwrap().contains("anvil"));
    let (_, by) = taken.next().unwrap();
    assert_eq!((&by["holder"]["counter"], &by["partner"]["counter"]), (&1.into(), &0.into()));
    assert!(by["holder"]["chit"].is_string() && by["holder"]["date"].is_string(), "{by}");
    assert_eq!(by["authorisation"], Value::Null);
    let (_, by) = legs("bramble").next().unwrap();
    assert_eq!(by["authorisation"]["payment"], paid["payment"]);
    assert_eq!(by["authorisation"]["hash"], whole["record"]["payment"]);
    assert_eq!(by["authorisation"]["date"], whole["authorisation"]["date"]);
    let (_, by) = legs("clover").next().unwrap();
    assert_eq!(by["authorisation"], Value::Null, "its payer's word");
    let sheet = town.json("statement weir-mill --as clover");
    assert_eq!(
        sheet["entries"][0]["part"]["received"]["payer"].as_str().unwrap().split(':').next(),
        Some("bramble")
    );
    assert!(sheet["entries"][0]["part"]["received"]["given"].is_null());
    town.is_well();
}

#[test]
fn a_payment_given_again_is_made_once_whatever_happened_meanwhile() {
    let town = chain();
    let once = "pay clover 10 --as bramble --once cream";
    let first = town.json(once);
    let again = town.json(once);
    for name in ["payment", "lift", "given", "amount"] {
        assert_eq!(first[name], again[name], "{name}");
    }
    // Now they have a tally of their own.
    open(&town, "clover", "bramble", 50);
    assert_eq!(town.json(once)["payment"], first["payment"]);
    assert_eq!(town.balance("clover", "weir-mill"), 10_000);
    assert_eq!(town.balance("clover", "bramble"), 0);
    // What is paid on it under a name stays paid, though the tally is closed.
    let direct = "pay clover 3 --as bramble --once butter";
    let paid = town.json(direct);
    assert!(paid["chit"].is_string(), "{paid}");
    town.does("tally close clover --as bramble");
    town.does("pay bramble 3 --as clover");
    assert_eq!(town.json(direct)["chit"], paid["chit"]);
    // Whoever names the tally means that one.
    let list = town.json("tally list --as bramble");
    let tallies = list["tallies"].as_array().unwrap();
    let closed = tallies.iter().find(|tally| tally["status"] == "close").unwrap();
    let closed = closed["tally"].as_str().unwrap();
    let refused = town.run(&format!("pay {closed} 3 --as bramble --json"));
    assert_eq!(refused.json_error()["error"], "closing");
    // Without a name it is another payment, and goes by a lift again.
    assert!(town.json("pay clover 3 --as bramble")["lift"].is_string());
    assert_eq!(town.balance("clover", "weir-mill"), 13_000);
    town.is_well();
}

#[test]
fn a_user_who_changed_its_key_pays_with_the_new_one() {
    let town = chain();
    town.json("pay clover 1 --as bramble");
    town.does("key revoke bramble");
    town.json("pay clover 2 --as bramble");
    assert_eq!(town.balance("clover", "weir-mill"), 3_000);
    town.is_well();
}

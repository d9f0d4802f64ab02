//! Lifts at a site, as they are seen at a command line.

use serde_json::json;

use super::town::Town;

/// Ann, Bob and Cleo: each may owe the next 100.
fn triangle() -> Town {
    let town = Town::with_tally();
    town.does("key new cleo");
    town.room_run(&["user", "add", "cleo", "--name", "Cleo of the Hills"]);
    for (stock, foil) in [("bob", "cleo"), ("cleo", "ann")] {
        town.does(&format!("tally invite --as {stock} --limit 100 --out i-{foil}.json"));
        town.does(&format!("tally answer i-{foil}.json --as {foil}"));
        town.does(&format!("tally offer {stock} --as {foil}"));
        town.does(&format!("tally accept {foil} --as {stock}"));
    }
    town
}

#[test]
fn debts_in_a_circle_vanish_and_the_rest_stays() {
    let mut town = triangle();
    town.asks("lift clear");
    town.asks("lift list");
    town.does("pay ann 30 --as bob");
    town.does("pay bob 12.345 --as cleo");
    town.asks("lift clear");
    town.does("pay cleo 50 --as ann");
    town.does("tally set ann --as bob --bound 60");
    town.does("tally set ann --as bob --bound 70");
    let before = town.json("status");
    town.asks("lift clear");
    assert_eq!(town.balance("bob", "ann"), -17_655);
    assert_eq!(town.balance("cleo", "bob"), 0);
    assert_eq!(town.balance("ann", "cleo"), -37_655);
    town.asks("lift list");
    town.asks("lift list --as bob");
    let lift = town.json("lift list")["lifts"][0].clone();
    let id = lift["lift"].as_str().unwrap().to_owned();
    assert_eq!((&lift["moved"], &lift["tallies"]), (&37_035.into(), &3.into()));
    town.asks(&format!("lift show {id}"));
    town.asks(&format!("lift show {id} --as bob"));
    town.asks("statement ann --as bob");
    let status = town.json("status");
    assert_eq!(status["waiting"], 0, "both halves know all of it at once");
    assert_eq!(status["zero_sum"], "0");
    assert_eq!(before["owed"], "92345");
    assert_eq!(status["owed"], "55310");
    town.asks("lift clear");
    town.is_well();
    // A lift's name is new each time, also where it is shown in part.
    let told = town.told.replace(&id[..27], "[the lift]").replace(&id[..8], "[lift]  ");
    insta::assert_snapshot!("site_lifts", told);
}

#[test]
fn scripts_get_every_figure() {
    let town = triangle();
    let nothing = town.json("lift clear");
    assert_eq!((&nothing["lift"], &nothing["cleared"]), (&serde_json::Value::Null, &0.into()));
    for (payer, payee) in [("bob", "ann"), ("cleo", "bob"), ("ann", "cleo")] {
        town.does(&format!("pay {payee} 10 --as {payer}"));
    }
    let done = town.json("lift clear");
    assert_eq!((&done["cleared"], &done["total_debt"]), (&30_000.into(), &30_000.into()));
    assert_eq!(
        (&done["share"], &done["tallies"], &done["users"]),
        (&1.0.into(), &3.into(), &3.into())
    );
    assert!(done["seconds"].as_f64().unwrap() > 0.0);
    let id = done["lift"].as_str().unwrap();
    let whole = town.json(&format!("lift show {}", &id[..9]));
    assert_eq!(whole["record"]["mode"], "clearing");
    assert_eq!(whole["certificate"]["outcome"], "commit");
    assert_eq!(whole["certificate"]["lift"], id);
    assert_eq!(whole["legs"].as_array().unwrap().len(), 6);
    let own = town.json(&format!("lift show {id} --as ann"));
    let legs = own["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 2);
    for leg in legs {
        let tally = json!({ "counter": 0, "chit": null, "date": null });
        let by = json!({ "authorisation": null, "holder": tally, "partner": tally });
        assert_eq!(leg["allowed_by"], by);
    }
    for (payer, payee) in [("bob", "ann"), ("cleo", "bob"), ("ann", "cleo")] {
        town.does(&format!("pay {payee} 2 --as {payer}"));
    }
    town.json("lift clear");
    let several = town.room_run(&["lift", "show", "", "--json"]);
    assert_eq!((several.code, &several.json_error()["error"]), (1, &"several_lifts".into()));
    town.is_well();
}

#[test]
fn a_user_sees_only_the_lifts_that_touched_it() {
    let mut town = triangle();
    town.does("key new dora");
    town.room_run(&["user", "add", "dora", "--name", "Dora"]);
    for (payer, payee) in [("bob", "ann"), ("cleo", "bob"), ("ann", "cleo")] {
        town.does(&format!("pay {payee} 10 --as {payer}"));
    }
    let id = town.json("lift clear")["lift"].as_str().unwrap().to_owned();
    town.asks("lift list --as dora");
    town.asks(&format!("lift show {id} --as dora"));
    town.asks("lift show nothing-like-it");
    insta::assert_snapshot!("site_lifts_of_others", town.told);
}

/// The tallies of a site go on when its agent is another one; lifts take those for which both users have signed.
#[test]
fn a_site_with_another_agent_lifts_again_once_its_users_have_signed() {
    let town = triangle();
    town.does("pay ann 30 --as bob");
    town.does("pay bob 12 --as cleo");
    town.does("pay cleo 50 --as ann");
    town.does("export tally bob --as ann before.json");
    town.does("agent replace");
    town.does("pay ann 1 --as bob");
    assert_eq!(town.balance("bob", "ann"), -31_000, "both halves at once");
    assert_eq!(town.json("lift clear")["cleared"], 0);
    for user in ["ann", "bob", "cleo"] {
        let signed = town.json(&format!("key agent --as {user}"));
        assert_eq!(signed["tallies"].as_array().unwrap().len(), 2, "{signed}");
        assert!(signed["tallies"].as_array().unwrap().iter().all(|one| one["state"] == "signed"));
    }
    assert_eq!(town.json("lift clear")["cleared"], 36_000);
    town.does("pay ann 2 --as bob --memo again");
    // Once more, and before anybody has signed: what was said for the agent before holds nobody up.
    town.does("agent replace");
    town.does("pay ann 3 --as bob");
    assert_eq!(town.balance("bob", "ann"), -town.balance("ann", "bob"));
    town.does("tally offer bob --as ann --limit 400");
    assert_eq!(town.json("tally show ann --as bob")["offer"]["by"], "partner");
    for user in ["ann", "bob", "cleo"] {
        town.does(&format!("key agent --as {user}"));
    }
    town.is_well();
    // What is taken along proves itself, with the lift that the new agent decided.
    town.does("export tally bob --as ann after.json");
    town.does("verify after.json");
    town.does("verify before.json");
    town.does("export user --as ann ann.json");
    assert_eq!(town.json("verify ann.json")["proved"], "all");
}

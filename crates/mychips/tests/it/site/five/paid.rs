//! A payment to a stranger at another site, with what everybody sees of it.

use serde_json::{Value, json};

use super::disk::each_keeps_what_is_its_own;
use super::row::{LIMIT, Row, USERS, tell};

#[test]
fn a_stranger_three_sites_away_is_paid_at_once_and_everybody_sees_its_own_part() {
    let row = Row::open();
    let [ann, bob, cat, dan, referee] = &row.towns[..] else { panic!("five") };
    let dans = row.link(3);
    let quote = ann.json(&format!("pay {dans} 5 --as ann --quote"));
    let costs = ["given", "cost", "why_not"].map(|name| quote[name].clone());
    assert_eq!(costs, [json!(5_000), json!(0), Value::Null], "{quote}");
    let pays = format!("pay {dans} 5 --as ann --memo map --ref 17 --once map");
    let paid = ann.json(&pays);
    assert_eq!((&paid["amount"], &paid["given"]), (&json!(5_000), &json!(5_000)), "{paid}");
    // A name counts once, whenever it is asked, and in words too.
    assert_eq!(ann.json(&pays)["lift"], paid["lift"]);
    let again = tell(ann, &pays).out;
    assert!(again.starts_with("Paid 5.000 to dan: you gave 5.000, it cost nothing\n"), "{again}");
    row.settles(&[-5_000; 3]);

    let id = paid["lift"].as_str().unwrap();
    let lists = [ann, bob, cat, dan].map(|town| {
        let user = USERS[row.towns.iter().position(|one| std::ptr::eq(one, town)).unwrap()];
        let list = town.json(&format!("lift list --as {user}"));
        assert_eq!(list["lifts"].as_array().unwrap().len(), 1, "{list}");
        assert_eq!(
            (&list["lifts"][0]["lift"], &list["lifts"][0]["status"]),
            (&json!(id), &json!("commit"))
        );
        (list["lifts"][0]["part"].clone(), tell(town, &format!("lift list --as {user}")).out)
    });
    let [anns, bobs, cats, dans] = &lists;
    let whole = &anns.0["paid"];
    assert_eq!((&whole["payment"], &whole["given"]), (&paid["payment"], &json!(5_000)), "{whole}");
    for between in [bobs, cats] {
        assert_eq!(between.0, json!({ "passed_on": { "earned": 0 } }));
        assert!(between.1.contains("passed on"), "{}", between.1);
    }
    let received = &dans.0["received"];
    assert_eq!((&received["given"], &received["most"]), (&Value::Null, &Value::Null));
    assert_eq!((&received["memo"], &received["ref"]), (&json!("map"), &json!("17")));
    assert!(anns.1.contains("to dan") && dans.1.contains("from ann"), "{}{}", anns.1, dans.1);
    pages(&row, id);
    // An administrator sees the same of its own site, and no more.
    let at = |town: &crate::site::town::Town| town.json("lift list")["lifts"][0]["part"].clone();
    assert_eq!(at(bob), bobs.0);
    let both = bob.json("lift list")["lifts"][0].clone();
    assert_eq!((&both["tallies"], &both["moved"]), (&json!(2), &json!(5_000)), "{both}");
    assert_eq!(
        (&at(ann)["paid"]["given"], &at(dan)["received"]["given"]),
        (&json!(5_000), &Value::Null)
    );
    assert_eq!(referee.json("lift list")["lifts"], json!([]), "a referee moves nothing");
    // No room is taken but by what is owed.
    let most = LIMIT - 5_000;
    let quote = ann.json(&format!("pay {} 95 --as ann --quote", row.link(3)));
    assert_eq!((&quote["possible"], &quote["given"]), (&json!(most), &json!(most)), "{quote}");
    each_keeps_what_is_its_own(&row, paid["payment"].as_str().unwrap());
    row.end();
}

/// What is printed of it, for people.
fn pages(row: &Row, id: &str) {
    let [ann, bob, _, dan, _] = &row.towns[..] else { panic!("five") };
    let says = |town: &crate::site::town::Town, words: &str, all: &[&str], none: &[&str]| {
        let page = tell(town, words).out;
        for word in all {
            assert!(page.contains(word), "{word:?} in {words}:\n{page}");
        }
        for word in none {
            assert!(!page.contains(word), "no {word:?} in {words}:\n{page}");
        }
    };
    let referee = row.agents[4].to_string();
    let signed = "By       the payer's signature";
    let settings = "By       the settings signed on these tallies";
    let short = &id[..10];
    says(
        ann,
        &format!("lift show {short} --as ann"),
        &["To", "dan", "Given", "Allowed", "map", signed, &referee],
        &[],
    );
    says(
        dan,
        &format!("lift show {short} --as dan"),
        &["From", "ann", "map", settings, &referee],
        &["Given", "Allowed"],
    );
    // Nobody signed any settings but with the tallies.
    let of_tally = ["Holder's settings", "the signed tally"];
    for (town, user) in [(ann, "ann"), (bob, "bob"), (dan, "dan")] {
        says(town, &format!("lift show {short} --as {user}"), &of_tally, &["not known", "no. "]);
    }
    let hidden = ["dan", "map", "Given", "Allowed"];
    says(
        bob,
        &format!("lift show {short} --as bob"),
        &["Earned", "ann", "cat", settings, &referee],
        &hidden,
    );
    says(ann, &format!("lift show {short}"), &["-5.000", "Moved    5.000"], &["+5.000"]);
    says(bob, &format!("lift show {short}"), &["-5.000", "+5.000", "Tallies  2"], &hidden);
    says(ann, "statement bob --as ann", &["to dan, who got 5.000: 17 · map"], &["*"]);
    says(bob, "statement ann --as bob", &["passed on"], &["dan", "map"]);
    says(dan, "statement cat --as dan", &["from ann: 17 · map"], &["*"]);
}

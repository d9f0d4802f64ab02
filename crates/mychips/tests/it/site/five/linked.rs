//! A payment that its payee asked for by a link.

use serde_json::{Value, json};

use super::row::{LIMIT, REFEREE, Row, tell};
use crate::site::town::Town;

#[test]
fn a_link_is_paid_once_by_a_stranger_and_says_what_is_wrong_with_it() {
    let row = Row::open();
    let (ann, dan) = (&row.towns[0], &row.towns[3]);
    let made = dan.json("invoice link 4 --as dan --ref 31");
    assert_eq!((&made["amount"], &made["ref"]), (&json!(4_000), &json!("31")), "{made}");
    let link = made["link"].as_str().unwrap();
    let pays = format!("pay {link} --as ann");
    let quote = ann.json(&format!("{pays} --quote"));
    assert_eq!((&quote["given"], &quote["parts"]), (&json!(4_000), &json!(1)), "{quote}");
    let paid = tell(ann, &pays).out;
    assert!(paid.starts_with("Paid 4.000 to dan: you gave 4.000"), "{paid}");
    // It says all of it, so whoever gives it again has paid.
    assert_eq!(ann.json(&pays)["lift"], ann.json("lift list --as ann")["lifts"][0]["lift"]);
    // In other words it is the same payment, too.
    assert_eq!(ann.json(&format!("{pays} --memo pears"))["lift"], ann.json(&pays)["lift"]);
    row.settles(&[-4_000; 3]);
    let got = &dan.json("lift list --as dan")["lifts"][0]["part"]["received"];
    assert_eq!(got["ref"], json!("31"), "{got}");

    let refused = |words: &str, code: i32| -> Value {
        let run = ann.run(&format!("{words} --json"));
        assert_eq!(run.code, code, "{words}: {}{}", run.out, run.err);
        serde_json::from_str(run.err.lines().last().unwrap_or_default()).unwrap_or_default()
    };
    let other = ann.run(&format!("pay {link} 5 --as ann"));
    assert!(other.code == 2 && other.err.contains("asks for 4.000"), "{}", other.err);
    let cut = &link[..link.len() - 30];
    assert_eq!(refused(&format!("pay {cut} --as ann"), 1)["error"], "no_link");
    let expires = made["expires"].as_str().unwrap();
    let until = expires.parse::<protocol::Timestamp>().unwrap().ms();
    let late = link.replace(&until.to_string(), "1764000000000");
    assert_eq!(refused(&format!("pay {late} --as ann"), 1)["error"], "expired");

    let most = ann.json(&format!("pay {} --as ann --quote", row.link(3)));
    assert_eq!((&most["possible"], &most["parts"]), (&json!(LIMIT - 4_000), &json!(1)), "{most}");
    let most = tell(ann, &format!("pay {} --as ann --quote", row.link(3))).out;
    assert!(most.starts_with("Up to 96.000 can be paid to dan now. You would give 96"), "{most}");
    let partner = tell(ann, "pay bob --as ann --quote").out;
    assert!(partner.starts_with("Up to 96.000 can be paid to bob (bob) now"), "{partner}");
    let open = tell(ann, "lift open --as ann").out;
    assert_eq!(open, "No lift between sites is open: nothing is locked\n");
    row.end();
}

/// Nobody decides: what is locked, for how much and since when is seen by the payer and by whoever stands between.
#[test]
fn a_payment_that_nobody_decides_is_seen_with_what_it_locks() {
    let row = Row::open();
    let (ann, bob) = (&row.towns[0], &row.towns[1]);
    row.stop(REFEREE);
    let pays = format!("pay {} 5 --as ann --once slow --json", row.link(3));
    let done = std::thread::scope(|scope| {
        let waits = scope.spawn(|| ann.run(&pays));
        let open = |town: &Town, user: &str| {
            town.json(&format!("lift open --as {user}"))["open"][0].clone()
        };
        row.wait("it is locked", || open(ann, "ann")["phase"] == "promised");
        let anns = open(ann, "ann");
        assert_eq!((&anns["units"], &anns["mode"]), (&json!(5_000), &json!("payment")), "{anns}");
        assert_eq!(anns["legs"][0]["effect"], json!(-5_000), "{anns}");
        row.wait("between it is too", || open(bob, "bob")["phase"] == "promised");
        let bobs = open(bob, "bob");
        assert_eq!(bobs["payee"], Value::Null, "those between see not who is paid: {bobs}");
        assert_eq!(bobs["legs"].as_array().map(Vec::len), Some(2), "{bobs}");
        let page = tell(ann, "lift open").out;
        assert!(page.contains("5.000 to dan") && page.contains("promised"), "{page}");
        cannot_be_freed_yet(ann, anns["lift"].as_str().unwrap());
        row.start(REFEREE);
        waits.join().unwrap()
    });
    let again = ann.run(&pays);
    assert_eq!(done.code, again.code, "{}{}\n{}{}", done.out, done.err, again.out, again.err);
    row.settles(&[if again.code == 0 { -5_000 } else { 0 }; 3]);
    row.end();
}

/// What is locked is shown with the tally; it is freed by nobody who does not know the risk, and by nobody before the deadline.
fn cannot_be_freed_yet(ann: &Town, lift: &str) {
    let page = tell(ann, "tally show bob --as ann").out;
    let short = &lift[..8];
    assert!(page.contains(&format!("-5.000, until lift {short} is decided")), "{page}");
    let shown = &ann.json("tally show bob --as ann")["promised"];
    assert_eq!(*shown, json!([{ "lift": lift, "effect": -5_000 }]));
    let quote = ann.json("pay bob 1 --as ann --quote");
    assert_eq!(quote["possible"], LIMIT - 5_000, "{quote}");
    let refused = |words: &str| {
        let run = ann.run(&format!("lift free {words} --as ann --json"));
        let told = run.err.lines().last().unwrap_or_default();
        let told: Value = serde_json::from_str(told).unwrap_or_default();
        assert_eq!(run.code, 1, "{words}: {}{}", run.out, run.err);
        told["error"].as_str().map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(refused(short), "not_sure");
    assert_eq!(refused(&format!("{lift} --sure")), "too_early");
    assert_eq!(refused("nowhere --sure"), "no_lift");
    // As from a script whose variable is empty: that is not the only lift there is.
    let none = ann.room_run(&["lift", "free", "", "--sure", "--as", "ann", "--json"]);
    assert!(none.code == 1 && none.err.contains("\"no_lift\""), "{}{}", none.out, none.err);
}

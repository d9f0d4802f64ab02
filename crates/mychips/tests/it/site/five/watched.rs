//! What a payer sees of a payment to another site while it is under way, and when nothing comes of it.

use std::time::Duration;

use serde_json::{Value, json};
use store::{Audience, Store};

use super::row::{REFEREE, Row, tell};
use crate::site::terminal::shows;
use crate::site::town::Town;

/// Its referee is away: the payer sees at the terminal where it is and whom it waits for, and so does `lift open`.
#[test]
fn a_payer_sees_at_a_terminal_where_its_payment_is_and_whom_it_waits_for() {
    let row = Row::open();
    let (ann, bob) = (&row.towns[0], &row.towns[1]);
    let referee = row.agents[REFEREE].to_string();
    row.stop(REFEREE);
    let pays = format!("pay {} 5 --as ann --yes --once slow", row.link(3));
    let done = std::thread::scope(|scope| {
        let waits = scope.spawn(|| ann.at_a_terminal(&pays, "", 100));
        let making = || ann.json("lift open --as ann")["making"][0].clone();
        row.wait("its referee is not reached", || making()["unreached"] == json!([referee]));
        let seen = making();
        let where_it_is = ["phase", "tallies", "parts"].map(|name| seen[name].clone());
        assert_eq!(where_it_is, [json!("promised"), json!(3), json!(1)], "{seen}");
        assert_eq!(seen["attempt"], json!({ "number": 1 }), "{seen}");
        assert_eq!(seen["unanswered"], json!([referee]), "{seen}");
        let page = tell(ann, "lift open --as ann").out;
        let gone = format!("its referee {referee} has not answered, and cannot be reached");
        shows(&page, &["5.000 to dan", "promised", &gone]);
        assert_eq!(bob.json("lift open --as bob")["making"], json!([]), "no business of Bob's");
        // The line is drawn anew each quarter of a second.
        std::thread::sleep(Duration::from_secs(1));
        row.start(REFEREE);
        waits.join().unwrap()
    });
    let begin: String = referee.chars().take(14).collect();
    let waits = format!("promised, waiting for the referee {begin}…");
    shows(&done.out, &[&waits, "which cannot be reached"]);
    let again = ann.run(&pays);
    assert_eq!(done.code, again.code, "{}\n{}{}", done.out, again.out, again.err);
    row.settles(&[if again.code == 0 { -5_000 } else { 0 }; 3]);
    row.end();
}

/// Dan's site trusts the referee with less than that: it refuses when all before it have promised.
#[test]
fn a_payer_is_told_why_nothing_came_of_its_payment() {
    let row = Row::open();
    let (ann, dan) = (&row.towns[0], &row.towns[3]);
    let (agent, place) = (&row.agents[REFEREE], &row.places[REFEREE]);
    tell(dan, &format!("referee accept {agent}@{place} --most 3"));
    let pays = format!("pay {} 5 --as ann", row.link(3));
    let refused = ann.run(&pays);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{}", refused.err);
    let why = "a site on the way does not accept its referees, or not for so much";
    let begins =
        "mychips: to pay 5.000 to dan you would give 5.000, and sign at most 5.000; it costs 0.000";
    shows(&refused.err, &[begins, &format!("mychips: the payment was not made: {why}\n")]);
    // At a terminal each attempt that came to nothing stays to be read.
    let watched = ann.at_a_terminal(&pays, "y\n", 100);
    let [first, second] = [1, 2].map(|number| format!("Attempt {number} came to nothing: {why}"));
    shows(&watched.out, &["Pay? [y/N]", &first, "attempt 2: ", &second, "was not made"]);
    assert_eq!(watched.code, 1, "{}", watched.out);
    row.settles(&[0; 3]);
    let told = told(ann, "ann", "lift_void");
    let of_it = |told: &Value| {
        assert_eq!(
            (&told["amount"], &told["reason"]),
            (&json!(5_000), &json!("referees")),
            "{told}"
        );
        assert!(told["payee"].as_str().is_some_and(|payee| payee.contains("dan")), "{told}");
        told["attempt"].as_u64()
    };
    let attempts: Vec<_> = told.iter().map(of_it).collect();
    assert_eq!(attempts, [1, 2, 3, 1, 2, 3].map(Some), "each attempt is told once");
    row.end();
}

/// What a user was told of this kind, from its site's database.
fn told(town: &Town, user: &str, kind: &str) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let user = user.parse().unwrap();
    let events = runtime.block_on(async {
        let store = Store::sqlite(&town.site().join("mychips.db")).await.unwrap();
        let mut view = store.read().await.unwrap();
        let events = view.events(Audience::User(&user), 0, 10_000).await.unwrap();
        drop(view);
        store.close().await;
        events
    });
    let of_it = events.into_iter().filter(|event| event.event.kind == kind);
    of_it.map(|event| serde_json::from_str(&event.event.text).unwrap()).collect()
}

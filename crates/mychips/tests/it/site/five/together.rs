//! Four sites decide together: a payment waits for none of them that is dead, and for the second one that is.

use serde_json::json;

use super::row::{REFEREE, Row, TOGETHER, tell};

#[test]
fn where_four_decide_a_payment_waits_for_no_single_one_that_is_dead() {
    let row = Row::open_decided_by(&TOGETHER);
    let (ann, cat) = (&row.towns[0], row.link(2));
    row.stop(REFEREE);
    let paid = ann.json(&format!("pay {cat} 5 --as ann"));
    let found = ann.json(&format!("lift show {} --as ann", paid["lift"].as_str().unwrap()));
    let named = found["record"]["referees"].as_array().unwrap();
    assert!(named.contains(&json!(row.agents[REFEREE])), "the dead one is among them: {found}");
    assert_eq!((named.len(), &found["record"]["quorum"]), (TOGETHER.len(), &json!(3)), "{found}");
    let signed: Vec<_> = found["certificate"]["sign"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sign| sign["referee"].clone())
        .collect();
    assert!(signed.len() >= 3 && !signed.contains(&json!(row.agents[REFEREE])), "{signed:?}");

    // Of four, three have to agree: without a second one nothing is decided, and nothing is lost.
    row.stop(TOGETHER[2]);
    let pays = format!("pay {cat} 3 --as ann --once second --json");
    let waited = ann.run(&pays);
    assert_ne!(waited.code, 0, "{}{}", waited.out, waited.err);
    row.start(REFEREE);
    row.start(TOGETHER[2]);
    row.wait("it is decided", || ann.json("lift open --as ann")["open"] == json!([]));
    let made = ann.run(&pays).code == 0;
    let owed = if made { -8_000 } else { -5_000 };
    row.settles(&[owed, owed, 0]);
    let page = tell(ann, "lift list --as ann").out;
    assert!(page.contains("5.000") && page.contains("3.000") == made, "{page}");
    row.end();
}

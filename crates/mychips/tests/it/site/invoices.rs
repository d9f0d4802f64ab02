//! Invoices at the command line: asked, changed, paid, refused, taken back.

use super::town::Town;

/// The uuid of the one invoice of a user that is for this.
fn named(town: &Town, user: &str, words: &str) -> String {
    let list = town.json(&format!("invoice list --as {user}"));
    let all = list["invoices"].as_array().unwrap();
    let found = all.iter().find(|invoice| invoice["ref"] == words).unwrap();
    found["invoice"].as_str().unwrap().to_owned()
}

#[test]
fn asked_changed_paid_refused_and_taken_back() {
    let mut town = Town::with_tally();
    town.asks("invoice list --as ann");
    let memo = "two crates of pears";
    town.tells(&["invoice", "bob", "12.5", "--as", "ann", "--memo", memo, "--ref", "P-17"]);
    town.asks("invoice bob 3 --as ann --ref P-18 --expires 7d");
    town.asks("invoice bob 99.999 --as ann --ref P-19 --expires 45m");
    town.asks("invoice ann 0.5 --as bob --ref B-1 --expires 366d");
    let [pears, second, third, own] =
        [("ann", "P-17"), ("ann", "P-18"), ("ann", "P-19"), ("bob", "B-1")]
            .map(|(user, words)| named(&town, user, words));
    town.asks("invoice list --as bob");
    town.asks(&format!("invoice show {} --as bob", &pears[..8]));
    let memo = "one crate was bad";
    town.tells(&[
        "invoice",
        "amend",
        &pears[..8],
        "--as",
        "ann",
        "--amount",
        "6.25",
        "--memo",
        memo,
    ]);
    town.asks(&format!("pay --invoice {} --as bob", &pears[..8]));
    town.asks(&format!("invoice amend {} --as ann --amount 7", &pears[..8]));
    town.tells(&["refuse", &second[..8], "--as", "bob", "--reason", "I had none of that"]);
    town.asks(&format!("pay --invoice {} --as bob", &second[..8]));
    town.asks(&format!("invoice show {} --as ann", &second[..8]));
    town.asks(&format!("invoice withdraw {} --as ann", &third[..8]));
    town.asks(&format!("pay --invoice {} --as bob", &third[..8]));
    town.asks(&format!("pay --invoice {} --as bob", &own[..8]));
    town.asks("invoice list --as ann");
    town.asks("invoice list --as bob");
    town.asks("statement ann --as bob");
    insta::assert_snapshot!("site_invoices", town.told);
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (6_250, -6_250));
    town.is_well();
}

#[test]
fn an_invoice_is_paid_once_and_asked_once() {
    let town = Town::with_tally();
    let ask = "invoice bob 5 --as ann --ref P-1 --once monday";
    let [first, again] = [(); 2].map(|()| town.json(ask));
    assert_eq!(first, again);
    let uuid = first["invoice"].as_str().unwrap();
    assert_eq!(town.json("invoice list --as bob")["invoices"].as_array().unwrap().len(), 1);
    let [first, again] = [(); 2].map(|()| town.json(&format!("pay --invoice {uuid} --as bob")));
    assert_eq!(first, again);
    assert_eq!((&first["chit"], &first["amount"]), (&uuid.into(), &5_000.into()));
    assert_eq!(town.balance("bob", "ann"), -5_000);
    let shown = town.json(&format!("invoice show {uuid} --as ann"));
    assert_eq!((&shown["status"], &shown["payer"]), (&"paid".into(), &"bob".into()));
    assert_eq!(town.json("tally show ann --as bob")["chits"], 1);
    town.is_well();
}

#[test]
fn every_refusal_about_invoices_says_what_to_do() {
    let mut town = Town::with_tally();
    town.does("invoice bob 5 --as ann --ref P-1");
    let uuid = named(&town, "ann", "P-1");
    for words in [
        "invoice",
        "invoice bob",
        "invoice bob 5",
        "invoice bob 0 --as ann",
        "invoice carl 5 --as ann",
        "invoice bob 5 --as carl",
        "invoice bob 5 --as ann --expires 367d",
        "invoice show 3f2 --as ann",
        "invoice show nowhere --as ann",
        "invoice list --as carl",
        "pay --as bob",
        "pay --invoice nowhere --as bob",
        "pay ann 5 --invoice nowhere --as bob",
        "refuse nowhere --as bob",
    ] {
        town.asks(words);
    }
    for words in [
        "pay --invoice ID --as ann",
        "refuse ID --as ann",
        "invoice amend ID --as ann",
        "invoice amend ID --as ann --amount 0",
        "invoice amend ID --as ann --expires 1d",
        "invoice amend ID --as bob --amount 4",
        "invoice withdraw ID --as bob",
    ] {
        town.asks(&words.replace("ID", &uuid));
    }
    town.does(&format!("invoice amend {uuid} --as ann --amount 105"));
    town.asks(&format!("pay --invoice {uuid} --as bob"));
    town.does(&format!("invoice withdraw {uuid} --as ann"));
    town.asks(&format!("invoice withdraw {uuid} --as ann"));
    town.asks(&format!("refuse {uuid} --as bob"));
    town.asks(&format!("pay --invoice {uuid} --as bob --json"));
    insta::assert_snapshot!("site_invoice_refusals", town.told);
    assert_eq!(town.balance("ann", "bob"), 0);
    town.is_well();
}

#[test]
fn json_members_of_invoices_keep_their_names() {
    let mut town = Town::with_tally();
    town.asks("invoice bob 5 --as ann --ref P-1 --memo pears --json");
    let uuid = named(&town, "ann", "P-1");
    town.asks("invoice list --as bob --json");
    town.asks(&format!("invoice amend {uuid} --as ann --amount 4 --json"));
    town.asks(&format!("refuse {uuid} --as bob --reason no --json"));
    town.asks(&format!("invoice show {uuid} --as ann --json"));
    town.asks(&format!("invoice withdraw {uuid} --as ann --json"));
    insta::assert_snapshot!("site_invoice_json", town.told);
}

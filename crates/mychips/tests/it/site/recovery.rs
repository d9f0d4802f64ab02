//! What one of two sites loses comes back: from a backup, from its user's device, from the other site; and sites
//! that moved find each other again.

use std::fs;

use super::pair::Two;
use super::serving::Serving;
use super::town::Town;

/// The machine fails; what was there is lost.
fn lose(town: &Town, serving: Serving) {
    serving.kill();
    fs::remove_dir_all(town.site()).unwrap();
}

/// Nothing but the key is left to Ann's device.
fn forget(town: &Town) {
    fs::remove_dir_all(town.keys().join("kept")).unwrap();
}

fn trade(two: &Two) {
    two.bobs.does("pay ann 5 --as bob");
    two.anns.does("pay bob 1 --as ann");
}

#[test]
fn a_site_from_an_old_backup_hears_from_the_other_what_it_lost() {
    let two = Two::new();
    let (anns, _bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    trade(&two);
    two.agree_on(4_000);
    two.anns.does("backup monday");
    trade(&two);
    two.bobs.does("tally set ann --as bob --target 3");
    two.agree_on(8_000);
    let place = anns.place.clone();
    lose(&two.anns, anns);
    forget(&two.anns);
    two.anns.does("restore monday");
    let before = two.anns.json("tally show bob --as ann");
    assert_eq!(before["balance"], 4_000);
    let refused = two.anns.run("pay bob 1 --as ann --json");
    assert_eq!((refused.code, &refused.json_error()["error"]), (1, &"to_compare".into()));
    let _anns = two.anns.serve_at(&place);
    two.agree_on(8_000);
    assert_eq!(two.anns.json("status")["asking"], 0);
    trade(&two);
    two.agree_on(12_000);
}

#[test]
fn a_site_whose_database_is_lost_comes_back_from_its_users_device_and_the_other_site() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    // Ann's device looks, and keeps what both signed.
    two.anns.does("tally list --as ann");
    trade(&two);
    two.agree_on(4_000);
    anns.kill();
    for name in two.anns.room.names("site") {
        if name.starts_with("mychips.db") {
            fs::remove_file(two.anns.site().join(name)).unwrap();
        }
    }
    let lost = two.anns.run("status");
    assert!(lost.err.contains("give mychips init again"), "{}", lost.err);
    two.anns.does("init");
    two.anns.room_run(&["user", "add", "ann", "--name", "Ann Baker"]);
    // It has moved too, and knows nobody.
    let anns = two.anns.serve();
    let brought = two.anns.run("tally list --as ann");
    assert!(brought.code == 0 && brought.err.contains("brought back"), "{}", brought.err);
    let peers = two.anns.json("peers list");
    let [peer] = peers["peers"].as_array().unwrap().as_slice() else { panic!("{peers}") };
    assert_eq!((&peer["agent"], &peer["endpoint"]), (&bobs.agent.to_string().into(), &().into()));
    assert!(peer["letters"].as_u64().unwrap() > 0, "{peer}");
    two.anns.does(&format!("peers at {} {}", bobs.agent, bobs.place));
    two.agree_on(4_000);
    // Bob's site has heard where Ann's is now.
    let peers = two.bobs.json("peers list");
    assert_eq!(peers["peers"][0]["endpoint"], anns.place.as_str());
    trade(&two);
    two.agree_on(8_000);
}

#[test]
fn sites_that_both_moved_find_each_other_once_one_is_told() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    anns.end();
    bobs.end();
    two.bobs.does("pay ann 5 --as bob");
    two.anns.does("pay bob 1 --as ann");
    let (anns, _bobs) = (two.anns.serve(), two.bobs.serve());
    let told = two.bobs.does(&format!("peers at {} {}", anns.agent, anns.place));
    assert!(told.out.contains(&anns.place), "{}", told.out);
    two.agree_on(4_000);
    let refused = two.bobs.run("peers at 12D3KooWnobody 127.0.0.1:1");
    assert_eq!(refused.code, 2);
    // One letter wrong: nobody becomes known by mistake.
    let stranger = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X";
    let refused = two.bobs.run(&format!("peers at {stranger} 127.0.0.1:1"));
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("nobody here has dealings with") && refused.err.contains("--new"));
    assert_eq!(two.bobs.json("peers list")["peers"].as_array().unwrap().len(), 1);
    two.bobs.does(&format!("peers at {stranger} 127.0.0.1:1 --new"));
    assert_eq!(two.bobs.json("peers list")["peers"].as_array().unwrap().len(), 2);
    let own = two.bobs.json("status")["agent"].as_str().unwrap().to_owned();
    let refused = two.bobs.run(&format!("peers at {own} 127.0.0.1:1 --json"));
    assert_eq!((refused.code, &refused.json_error()["error"]), (1, &"not_allowed".into()));
}

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

/// Ann's site stops, and is another agent from then on; says which it was and is.
fn replace(two: &Two, serving: Serving) -> (String, String) {
    serving.end();
    let told = two.anns.json("agent replace");
    let one = |name: &str| told[name].as_str().unwrap().to_owned();
    (one("before"), one("agent"))
}

#[test]
fn a_site_whose_agent_key_is_changed_goes_on_once_its_users_have_signed() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    trade(&two);
    two.agree_on(4_000);
    two.bobs.does("backup before");
    let (before, agent) = replace(&two, anns);
    two.bobs.does("pay ann 5 --as bob");
    let anns = two.anns.serve();
    let status = two.anns.json("status");
    assert_eq!((&status["agent"], &status["former"]), (&agent.clone().into(), &[before].into()));
    // What Ann says meanwhile waits for her to sign, and her key is not changed before.
    two.anns.does("pay bob 1 --as ann");
    let refused = two.anns.run("key revoke ann --json");
    assert!(refused.code == 1 && refused.err.contains("mychips key agent"), "{}", refused.err);
    let bobs_agent = two.bobs.json("status")["agent"].as_str().unwrap().to_owned();
    let shown = two.anns.does("tally show bob --as ann").out;
    assert!(shown.contains("mychips key agent --as ann"), "{shown}");
    let signed = two.anns.json("key agent --as ann");
    assert_eq!((&signed["agent"], &signed["cert"]), (&agent.clone().into(), &true.into()));
    assert_eq!(signed["tallies"][0]["state"], "signed");
    two.agree_on(8_000);
    let shown = two.bobs.does("tally show ann --as bob").out;
    assert!(shown.contains(&agent), "{shown}");
    let again = two.anns.json("key agent --as ann");
    assert_eq!((&again["cert"], &again["tallies"][0]["state"]), (&false.into(), &"done".into()));
    let signed = two.anns.json("key agent --as ann --again");
    assert_eq!(signed["tallies"][0]["state"], "signed", "also where nothing has changed");
    // Nobody says of a site with which there are dealings that this one was it.
    drop(anns);
    let living = two.anns.run(&format!("agent was {bobs_agent} --json"));
    assert_eq!((living.code, &living.json_error()["error"]), (1, &"living_agent".into()));
    let anns = two.anns.serve();
    trade(&two);
    two.agree_on(12_000);
    // A site from before hears from its user's device whom to ask, and is told where.
    lose(&two.bobs, bobs);
    two.bobs.does("restore before");
    let _bobs = two.bobs.serve();
    two.bobs.run("tally list --as bob");
    two.bobs.does(&format!("peers at {agent} {}", anns.place));
    two.agree_on(12_000);
}

#[test]
fn whoever_has_the_agent_key_from_before_is_heard_no_more() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    trade(&two);
    two.agree_on(4_000);
    let place = bobs.place.clone();
    bobs.end();
    // It is still to be said when the site is copied, key and all.
    two.anns.does("pay bob 1 --as ann");
    anns.end();
    let stolen = two.anns.room.path().join("stolen");
    copy(&two.anns.site(), &stolen);
    two.anns.does("agent replace");
    let (_anns, bobs) = (two.anns.serve(), two.bobs.serve_at(&place));
    two.anns.does("key agent --as ann");
    two.agree_on(3_000);
    let thief = two.anns.serve_copy(&stolen);
    two.wait("the other site has refused", || bobs.log().contains("not_partner"));
    drop(thief);
    trade(&two);
    two.agree_on(7_000);
}

#[test]
fn a_lost_agent_key_is_replaced_and_without_any_backup_so_is_the_site() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    two.anns.does("tally list --as ann");
    trade(&two);
    two.agree_on(4_000);
    anns.end();
    fs::remove_file(two.anns.site().join("agent.jwk")).unwrap();
    let status = two.anns.run("status");
    assert!(status.code == 1 && status.err.contains("mychips agent replace"), "{}", status.err);
    let first = two.anns.json("agent replace");
    let anns = two.anns.serve();
    two.anns.does("key agent --as ann");
    two.agree_on(4_000);
    // Now everything is gone but the keys of its users, and what their devices keep.
    lose(&two.anns, anns);
    two.anns.does("init");
    for agent in ["before", "agent"] {
        two.anns.does(&format!("agent was {}", first[agent].as_str().unwrap()));
    }
    two.anns.room_run(&["user", "add", "ann", "--name", "Ann Baker"]);
    let _anns = two.anns.serve();
    let brought = two.anns.run("tally list --as ann");
    assert!(brought.code == 0 && brought.err.contains("brought back"), "{}", brought.err);
    two.anns.does("key agent --as ann");
    two.anns.does(&format!("peers at {} {}", bobs.agent, bobs.place));
    two.agree_on(4_000);
    trade(&two);
    two.agree_on(8_000);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_stolen_user_key_is_changed_at_both_sites_and_signs_nothing_more() {
    let two = Two::new();
    let (_anns, _bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    trade(&two);
    two.agree_on(4_000);
    let stolen = fs::read(two.anns.keys().join("ann.jwk")).unwrap();
    two.anns.does("key revoke ann");
    two.agree_on(4_000);
    two.anns.does("pay bob 1 --as ann");
    two.agree_on(3_000);
    // The thief comes with the old key, from a folder of its own.
    let thief = two.anns.room.path().join("thief");
    fs::create_dir(&thief).unwrap();
    fs::write(thief.join("ann.jwk"), stolen).unwrap();
    let run = two.anns.run(&format!("pay bob 2 --as ann --keys {} --json", thief.display()));
    assert_eq!(run.code, 1, "{}", run.out);
    two.bobs.does("pay ann 5 --as bob");
    two.agree_on(8_000);
}

#[test]
fn a_lost_user_key_is_replaced_across_two_sites_with_the_partners_consent() {
    let two = Two::new();
    let (anns, _bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    trade(&two);
    two.agree_on(4_000);
    two.anns.loses_the_key_of("ann");
    assert_eq!(two.anns.error("key lost --as ann"), "not_readmitted");
    two.anns.does("user readmit ann");
    two.anns.does("key lost --as ann --wait 30");
    let asked = |town: &Town, who: &str| {
        town.json(&format!("key list --as {who}"))["tallies"][0]["asked"].clone()
    };
    two.wait("Bob is asked", || {
        asked(&two.bobs, "bob").as_array().is_some_and(|all| all.len() == 1)
    });
    two.bobs.does("key consent ann --as bob");
    two.wait("Ann has his consent", || !asked(&two.anns, "ann")[0]["consented"].is_null());
    let waits = two.anns.json("key lost --as ann");
    assert_eq!(waits["tallies"][0]["state"], "consented", "nobody has it before its time");
    anns.end();
    two.anns.half_a_year_passes();
    let _anns = two.anns.serve();
    let done = two.anns.json("key lost --as ann");
    assert!(done["finished"] == true, "{done}");
    two.agree_on(4_000);
    two.anns.does("pay bob 1 --as ann");
    two.bobs.does("pay ann 5 --as bob");
    two.agree_on(8_000);
}

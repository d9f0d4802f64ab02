//! The key folder as a user's device: what it keeps, and what it brings back to a site that went back.

use std::fs;
use std::path::PathBuf;

use protocol::{ChitId, Timestamp};

use super::backup::{lose, wait};
use super::serving::Payer;
use super::town::Town;
use crate::run::Run;

/// The only file that a user's device keeps.
fn kept(town: &Town, user: &str) -> PathBuf {
    let folder = town.keys().join("kept").join(user);
    let mut files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let file = files.next().unwrap();
    assert!(files.next().is_none());
    file
}

/// What a command brings back, by what it says; its answer.
fn brings(town: &Town, words: &str, says: &str) -> String {
    let run = town.run(words);
    assert_eq!(run.code, 0, "{words}: {}", run.err);
    assert!(run.err.contains(says), "{words}: {}", run.err);
    run.out
}

fn chits(town: &Town, user: &str, partner: &str) -> Vec<String> {
    let sheet = town.json(&format!("statement {partner} --as {user}"));
    let entries = sheet["entries"].as_array().unwrap().clone();
    entries.iter().map(|entry| entry["chit"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn payments_after_the_backup_come_back_from_either_users_device() {
    for (first, second) in [("ann", "bob"), ("bob", "ann")] {
        let town = Town::with_tally();
        town.does("pay ann 12 --as bob --memo before");
        town.does("backup monday");
        town.does("pay ann 5 --as bob --memo after");
        town.does("pay bob 2 --as ann --memo after");
        town.does("tally set ann --as bob --target 3");
        let before = [chits(&town, "ann", "bob"), chits(&town, "bob", "ann")];
        lose(&town);
        town.does("restore monday");
        assert_eq!(town.json("status")["unheard"], 2);
        brings(&town, &format!("tally list --as {first}"), "3 chits of the tally with");
        // The other one has nothing that is not there by now: nothing is said, nothing doubled.
        town.does(&format!("tally list --as {second}"));
        assert_eq!(town.json("status")["unheard"], 0);
        assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (15_000, -15_000));
        let mut after = [chits(&town, "ann", "bob"), chits(&town, "bob", "ann")];
        let mut before = before;
        before.iter_mut().chain(&mut after).for_each(|chits| chits.sort());
        assert_eq!(after, before, "nothing lost, nothing doubled");
        assert!(town.json("tally show bob --as ann")["waits_for"].is_null());
        town.is_well();
    }
}

/// Signed before and after: a tally that the backup does not know comes back with its chits.
#[test]
fn a_tally_and_a_user_after_the_backup_come_back() {
    let town = Town::new();
    town.does("backup monday");
    let town = town.with_open_tally();
    town.does("pay ann 5 --as bob");
    town.does("key new eve");
    town.room_run(&["user", "add", "eve", "--name", "Eve Cook"]);
    town.does("tally invite --as eve --limit 9 --out for-ann.json");
    town.does("tally answer for-ann.json --as ann");
    town.does("tally offer eve --as ann");
    town.does("tally accept ann --as eve");
    town.does("pay eve 3 --as ann");
    lose(&town);
    town.does("restore monday");
    // The partner of one of them is not back yet: an administrator takes her in again.
    town.room_run(&["user", "add", "eve", "--name", "Eve Cook"]);
    let said = "the tally with Eve Cook (eve) was brought back; 1 chit";
    brings(&town, "tally list --as ann", said);
    // Bob paid, and Ann's device has not looked since.
    brings(&town, "tally list --as bob", "1 chit of the tally with Ann Baker (ann)");
    for (user, partner, milli) in [
        ("ann", "bob", 5_000),
        ("bob", "ann", -5_000),
        ("ann", "eve", -3_000),
        ("eve", "ann", 3_000),
    ] {
        assert_eq!(town.balance(user, partner), milli, "{user} {partner}");
    }
    assert_eq!(town.json("status")["unheard"], 0);
    town.is_well();
}

/// The device holds the only copy of what both signed last; the site's older one takes nothing from it.
#[test]
fn a_higher_revision_after_the_backup_comes_back_from_either_users_device() {
    for (first, second) in [("ann", "bob"), ("bob", "ann")] {
        let town = Town::with_tally();
        town.does("pay ann 12 --as bob");
        town.does("backup monday");
        town.does("tally offer bob --as ann --limit 50");
        town.does("tally accept ann --as bob");
        town.does("pay ann 5 --as bob");
        town.does("tally list --as ann");
        lose(&town);
        town.does("restore monday");
        let said = "revision 2 of the tally with";
        let list = format!("tally list --as {first}");
        assert!(brings(&town, &list, said).contains("17.000"));
        town.does(&format!("tally list --as {second}"));
        for user in [first, second] {
            let partner = if user == "ann" { "bob" } else { "ann" };
            let shown = town.json(&format!("tally show {partner} --as {user}"));
            let limit = if user == "ann" { "may_be_owed" } else { "may_owe" };
            assert_eq!((&shown[limit], &shown["chits"]), (&50_000.into(), &2.into()), "{shown}");
        }
        // A change of key names a head of the chain of revision 2.
        let revoked = town.json(&format!("key revoke {first}"));
        assert_eq!(revoked["tallies"][0]["state"], "done");
        town.does("pay ann 1 --as bob");
        assert_eq!(town.balance("ann", "bob"), 18_000);
        town.is_well();
    }
}

/// A file of before, in which the older revision was written below the higher one.
#[test]
fn the_higher_revision_governs_wherever_it_was_kept() {
    let town = Town::with_tally();
    town.does("tally list --as ann");
    let file = kept(&town, "ann");
    let first = fs::read_to_string(&file).unwrap();
    let first = first.lines().find(|line| line.starts_with("{\"tally\"")).unwrap().to_owned();
    town.does("backup monday");
    town.does("tally offer bob --as ann --limit 50");
    town.does("tally accept ann --as bob");
    town.does("tally list --as ann");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}{first}\n")).unwrap();
    fs::remove_dir_all(town.keys().join("kept/bob")).unwrap();
    lose(&town);
    town.does("restore monday");
    brings(&town, "tally list --as ann", "revision 2 of the tally with");
    assert_eq!(town.json("tally show ann --as bob")["may_owe"], 50_000);
    town.is_well();
}

#[test]
fn a_tally_that_was_a_draft_in_the_backup_comes_back_signed() {
    let town = Town::new();
    town.does("tally invite --as ann --limit 100 --their-limit 20 --out for-bob.json");
    town.does("tally answer for-bob.json --as bob");
    town.does("backup monday");
    town.does("tally offer ann --as bob");
    town.does("tally accept bob --as ann");
    town.does("pay ann 5 --as bob");
    town.does("tally list --as ann");
    lose(&town);
    town.does("restore monday");
    brings(&town, "tally list --as ann", "revision 1 of the tally with Bob Smith (bob)");
    town.does("tally list --as bob");
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (5_000, -5_000));
    assert_eq!(town.json("status")["unheard"], 0);
    town.is_well();
}

/// What would be void after it is brought back before it.
#[test]
fn a_key_that_is_given_up_after_a_restore_takes_no_payment_with_it() {
    for (how, state) in [("key revoke ann", "done"), ("key revoke ann --end", "ended")] {
        let town = Town::with_tally();
        town.does("backup monday");
        town.does("pay bob 2 --as ann");
        town.does("pay ann 5 --as bob");
        town.does("tally list --as ann");
        lose(&town);
        town.does("restore monday");
        let out = brings(&town, &format!("{how} --json"), "2 chits of the tally with Bob Smith");
        let given_up: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (&given_up["finished"], &given_up["tallies"][0]["state"]),
            (&true.into(), &state.into())
        );
        town.does("tally list --as bob");
        assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (3_000, -3_000));
        town.is_well();
    }
}

/// With a key from before one may look, and stop things; that one may not bring back is no news.
#[test]
fn a_device_that_may_only_look_is_silent() {
    let town = Town::with_tally();
    town.does("backup monday");
    town.does("pay bob 2 --as ann");
    fs::rename(town.keys(), town.room.path().join("phone")).unwrap();
    lose(&town);
    town.does("restore monday");
    town.does("key new ann");
    town.does("user readmit ann");
    let serving = town.serve();
    let phone = town.room.path().join("phone");
    let mut look = town.command(&["tally", "list", "--as", "ann"]);
    let run = Run::from(look.env("MYCHIPS_KEYS", phone));
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.contains("Bob Smith"));
    serving.end();
}

/// Whoever dates a chit at the end of time hides it from nobody.
#[test]
fn a_chit_of_the_last_moment_is_kept_like_others() {
    let town = Town::with_tally();
    let serving = town.serve();
    let bob = Payer::bob(&town, &serving, &town.json("tally show ann --as bob"));
    bob.pay_dated(ChitId::random([7; 16]), Timestamp::MAX).unwrap();
    serving.end();
    town.does("pay bob 1 --as ann");
    town.does("tally list --as ann");
    town.does("pay bob 1 --as ann");
    town.does("export tally bob --as ann with-bob.json");
    town.does("verify with-bob.json");
    town.does("backup monday");
    town.does("pay bob 3 --as ann");
    lose(&town);
    town.does("restore monday");
    brings(&town, "tally list --as ann", "1 chit of the tally with");
    assert_eq!(town.balance("ann", "bob"), -4_999);
    town.is_well();
}

/// A chain ends where its site says that it does.
#[test]
fn a_site_that_leaves_the_last_chit_out_is_found_out() {
    let town = Town::with_tally();
    town.does("pay ann 5 --as bob");
    town.does("pay ann 6 --as bob");
    fs::remove_dir_all(town.keys().join("kept/ann")).unwrap();
    let leave_out = "DELETE FROM links WHERE idx = 2";
    wait(store::testing::run_in(&town.site().join("mychips.db"), leave_out));
    let seen = town.run("tally list --as ann");
    assert!(seen.err.contains("not one at link 2"), "{}", seen.err);
}

/// More may come between two questions: it is for the next look.
#[test]
fn a_chain_that_grew_since_it_was_asked_for_is_no_other_one() {
    let town = Town::with_tally();
    town.does("pay ann 5 --as bob");
    let file = town.site().join("mychips.db");
    let change = |sql: &str| wait(store::testing::run_in(&file, sql));
    change("CREATE TABLE seen AS SELECT * FROM halves");
    town.does("pay ann 6 --as bob");
    fs::remove_dir_all(town.keys().join("kept/ann")).unwrap();
    // What the first question would have shown, with the chits that the second one shows.
    let of = "ledger, balance, head_index, head_hash";
    let sql = format!(
        "UPDATE halves SET ({of}) = (SELECT {of} FROM seen WHERE seen.id = halves.id); \
         DROP TABLE seen"
    );
    change(&sql);
    town.does("tally list --as ann");
    let text = fs::read_to_string(kept(&town, "ann")).unwrap();
    let many = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((many("{\"chit\""), many("{\"head\"")), (1, 1), "{text}");
}

/// Whoever does not know what became of a payment gives it again; the site that went back, and the
/// device that did not, make one of it.
#[test]
fn a_named_payment_given_again_after_a_restore_is_paid_once() {
    let town = Town::with_tally();
    town.does("backup monday");
    town.does("pay ann 5 --as bob --once rent");
    town.does("invoice bob 7 --as ann");
    let asked = town.json("invoice list --as bob")["invoices"][0]["invoice"].clone();
    let pay = format!("pay --invoice {} --as bob", asked.as_str().unwrap());
    lose(&town);
    town.does("restore monday");
    // Brought back first, then found to be paid.
    let again = town.run("pay ann 5 --as bob --once rent --json");
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(town.does("pay ann 5 --as bob --once rent --json").out, again.out);
    assert!(again.err.contains("1 chit of the tally with Ann Baker (ann) was brought back"));
    assert_eq!(town.balance("bob", "ann"), -5_000);
    // An invoice binds nobody, and is gone.
    let gone = town.run(&format!("{pay} --json"));
    assert_eq!((gone.code, &gone.json_error()["error"]), (1, &"no_invoice".into()));
    town.is_well();
}

/// Nobody saw the answer, and the site forgot: signed once, it is the same chit.
#[test]
fn what_was_signed_and_perhaps_not_taken_is_signed_no_second_time() {
    let town = Town::with_tally();
    town.does("backup monday");
    town.does("pay ann 5 --as bob --once rent");
    let name = chits(&town, "bob", "ann");
    // Only what was written before the site was asked is left.
    let file = kept(&town, "bob");
    let text = fs::read_to_string(&file).unwrap();
    let signed: Vec<&str> = text.lines().filter(|line| line.starts_with("{\"signed\"")).collect();
    assert_eq!(signed.len(), 1);
    fs::write(&file, format!("{}\n", signed[0])).unwrap();
    let theirs = kept(&town, "ann");
    let full = fs::read_to_string(&theirs).unwrap();
    lose(&town);
    town.does("restore monday");
    town.does("pay ann 5 --as bob --once rent");
    assert_eq!(chits(&town, "bob", "ann"), name);
    // Ann's device kept the first; it is the very same.
    fs::write(&theirs, full).unwrap();
    town.run("tally list --as ann");
    assert_eq!((town.balance("ann", "bob"), town.balance("bob", "ann")), (5_000, -5_000));
    assert_eq!(chits(&town, "ann", "bob"), name);
    town.is_well();
}

#[test]
fn what_is_kept_is_for_the_user_alone_and_may_be_cut() {
    use std::os::unix::fs::PermissionsExt;
    let town = Town::with_tally();
    town.does("backup monday");
    for milli in 1..=5 {
        town.does(&format!("pay ann 0.00{milli} --as bob"));
    }
    let file = kept(&town, "bob");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    // The machine stopped in the middle of the last line, and of nothing else.
    fs::remove_dir_all(town.keys().join("kept/ann")).unwrap();
    let text = fs::read(&file).unwrap();
    let last_chit = text.windows(9).rposition(|part| part == b"{\"chit\":{").unwrap();
    fs::write(&file, &text[..last_chit + 40]).unwrap();
    lose(&town);
    town.does("restore monday");
    brings(
        &town,
        "tally list --as bob",
        "4 chits of the tally with Ann Baker (ann) were brought back",
    );
    assert_eq!(town.balance("ann", "bob"), 1 + 2 + 3 + 4);
    town.does("pay ann 0.01 --as bob");
    town.does("tally list --as bob");
    town.is_well();
}

/// The device believes signatures, not the site.
#[test]
fn a_site_that_shows_what_nobody_signed_is_found_out() {
    let town = Town::with_tally();
    town.does("pay ann 5 --as bob");
    let before = fs::read(kept(&town, "ann")).unwrap();
    let forge = "UPDATE links SET text = replace(text, '\"units\":5000', '\"units\":6000')";
    wait(store::testing::run_in(&town.site().join("mychips.db"), forge));
    let seen = town.run("tally list --as ann");
    assert_eq!(seen.code, 0);
    assert!(seen.err.contains("could not keep up"), "{}", seen.err);
    assert!(seen.err.contains("not one at link 1"), "{}", seen.err);
    assert_eq!(fs::read(kept(&town, "ann")).unwrap(), before);
}

#[test]
fn lifts_leave_out_whose_device_was_not_heard() {
    let town = Town::bare();
    town.does("init");
    for user in ["ann", "bob", "eve"] {
        town.does(&format!("key new {user}"));
        town.room_run(&["user", "add", user, "--name", user]);
    }
    for (creditor, debtor) in [("ann", "bob"), ("bob", "eve"), ("eve", "ann")] {
        town.does(&format!("tally invite --as {creditor} --limit 9 --out i-{creditor}.json"));
        town.does(&format!("tally answer i-{creditor}.json --as {debtor}"));
        town.does(&format!("tally offer {creditor} --as {debtor}"));
        town.does(&format!("tally accept {debtor} --as {creditor}"));
        town.does(&format!("pay {creditor} 5 --as {debtor}"));
    }
    town.does("backup monday");
    assert_eq!(town.json("lift clear")["cleared"], 15_000);
    town.does("tally list --as ann");
    lose(&town);
    town.does("restore monday");
    assert_eq!(town.json("lift clear")["cleared"], 0, "nobody was heard");
    brings(&town, "tally list --as ann", "1 lift on the tally with");
    town.does("tally list --as bob");
    assert_eq!(town.json("lift clear")["cleared"], 0, "one of three is missing");
    town.does("tally list --as eve");
    assert_eq!(town.json("lift clear")["cleared"], 15_000);
    assert_eq!(town.balance("ann", "bob"), 0);
    town.is_well();
}

/// The site shows less than both have signed, and does not take back what the device keeps: in its place the
/// device signs nothing.
#[test]
fn no_tally_is_signed_in_the_place_of_one_that_both_signed() {
    let town = Town::with_tally();
    town.does("tally list --as ann");
    let file = kept(&town, "ann");
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("{\"tally\"")).unwrap();
    let higher = line.replacen("\"revision\":1", "\"revision\":7", 1);
    assert_ne!(line, higher);
    fs::write(&file, format!("{text}{higher}\n")).unwrap();
    let run = town.run("tally offer bob --as ann --limit 300 --json");
    let error: serde_json::Value = serde_json::from_str(run.err.lines().last().unwrap()).unwrap();
    assert_eq!((run.code, &error["error"]), (1, &"signed_before".into()), "{}", run.err);
    assert!(error["reason"].as_str().unwrap().contains("revision 7"), "{error}");
    fs::write(&file, text).unwrap();
    assert_eq!(town.json("tally show bob --as ann")["offer"], serde_json::Value::Null);
    town.does("tally offer bob --as ann --limit 300");
}

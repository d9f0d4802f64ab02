//! A key is given up for a new one.

use std::fs;

use super::town::Town;

#[test]
fn a_stolen_key_is_given_up_on_all_tallies_and_trade_goes_on() {
    let mut town = Town::with_tally();
    town.does("pay bob 5 --as ann");
    let stolen = fs::read(town.keys().join("ann.jwk")).unwrap();
    town.asks("key revoke ann");
    town.asks("pay bob 2.5 --as ann --memo cheese");
    town.asks("statement bob --as ann");
    insta::assert_snapshot!(town.told);
    assert_eq!(town.balance("bob", "ann"), 7_500);
    town.is_well();

    // Whoever has the old key can do nothing with it.
    let new = fs::read(town.keys().join("ann.jwk")).unwrap();
    assert_ne!(new, stolen);
    assert_eq!(fs::read(town.keys().join("ann~old-1.jwk")).unwrap(), stolen);
    fs::write(town.keys().join("ann.jwk"), &stolen).unwrap();
    let refused = town.run("pay bob 1 --as ann --json");
    assert_eq!((refused.code, &refused.json_error()["error"]), (1, &"other_key".into()));
    fs::write(town.keys().join("ann.jwk"), &new).unwrap();

    // Again, and by the other one.
    for user in ["ann", "bob"] {
        let revoked = town.json(&format!("key revoke {user}"));
        assert_eq!(
            (&revoked["finished"], &revoked["tallies"][0]["state"]),
            (&true.into(), &"done".into())
        );
        town.does(&format!("pay {} 1 --as {user}", if user == "ann" { "bob" } else { "ann" }));
    }
    assert!(town.keys().join("ann~old-2.jwk").exists());
    town.is_well();
}

#[test]
fn a_revocation_that_has_to_wait_goes_on_where_it_stopped() {
    let mut town = Town::with_tally();
    town.does("pay ann 3 --as bob");
    // Ann's offer of other terms bears her key: Bob may accept it.
    town.does("tally offer bob --as ann --limit 50");
    town.asks("key revoke ann");
    let next = fs::read(town.keys().join("ann~next.jwk")).unwrap();
    town.does("tally withdraw bob --as ann");
    town.asks("key revoke ann");
    insta::assert_snapshot!(town.told);
    assert_eq!(fs::read(town.keys().join("ann.jwk")).unwrap(), next, "the very key of before");
    assert!(!town.keys().join("ann~next.jwk").exists());
    town.does("pay bob 1 --as ann");
    town.is_well();
}

/// The site knows the new key once it was sent a cert with it, whatever tallies wait.
#[test]
fn a_half_done_revocation_goes_on_while_the_site_is_served() {
    let town = Town::with_tally();
    let serving = town.serve();
    town.does("tally offer bob --as ann --limit 50");
    assert_eq!(town.json("key revoke ann")["finished"], false);
    // The tally takes chits by the old key still.
    town.does("pay bob 1 --as ann");
    assert_eq!(town.json("key revoke ann")["finished"], false);
    town.does("tally withdraw bob --as ann");
    assert_eq!(town.json("key revoke ann")["finished"], true);
    town.does("pay bob 1 --as ann");
    serving.end();
    assert_eq!(town.balance("bob", "ann"), 2_000);
    town.is_well();
}

#[test]
fn a_key_is_carried_to_another_device_and_back() {
    let town = Town::with_tally();
    let (room, file) = (town.room.path(), town.keys().join("ann.jwk"));
    let key = fs::read(&file).unwrap();
    fs::write(room.join("secret"), "the cheese is in the cellar\nanother line\n").unwrap();
    fs::write(room.join("wrong"), "the cheese is in the attic\n").unwrap();
    fs::write(room.join("short"), "cheese\n").unwrap();
    let error = |words: &str| {
        let run = town.run(&format!("{words} --json"));
        assert_eq!(run.code, 1, "{words}: {}", run.err);
        run.json_error()["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error("key export ann --passphrase-file short"), "passphrase");
    assert_eq!(error("key export eve --passphrase-file secret"), "no_key");
    town.does("key export ann --out ann.key --passphrase-file secret");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(room.join("ann.key")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let again = town.run("key export ann --out ann.key --passphrase-file secret");
    assert_eq!(again.code, 3, "a file is never written over");
    assert_eq!(town.json("key import ann.key --passphrase-file secret")["new"], false);

    fs::remove_file(&file).unwrap();
    assert_eq!(error("key import ann.key --passphrase-file wrong"), "passphrase");
    let sealed = fs::read_to_string(room.join("ann.key")).unwrap();
    let end = sealed.rfind('.').unwrap();
    let letter = if sealed[end + 1..].starts_with('A') { "B" } else { "A" };
    let damaged = format!("{}.{letter}{}", &sealed[..end], &sealed[end + 2..]);
    fs::write(room.join("damaged.key"), damaged).unwrap();
    assert_eq!(error("key import damaged.key --passphrase-file secret"), "damaged");
    fs::write(room.join("none.key"), &key).unwrap();
    assert_eq!(error("key import none.key --passphrase-file secret"), "key");
    assert!(!file.exists());
    assert_eq!(town.json("key import ann.key --passphrase-file secret")["new"], true);
    assert_eq!(fs::read(&file).unwrap(), key);
    town.does("pay bob 1 --as ann");

    // Printed, it can be piped.
    let printed = town.does("key export ann --passphrase-file secret").out;
    fs::write(room.join("piped.key"), printed).unwrap();
    town.does("key import piped.key --passphrase-file secret");
    fs::rename(town.keys().join("bob.jwk"), &file).unwrap();
    assert_eq!(error("key import ann.key --passphrase-file secret"), "key_exists");
}

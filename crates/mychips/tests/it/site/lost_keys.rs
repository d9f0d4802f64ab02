//! Keys that are lost, and keys that end: by the commands that people give.

use std::fs;

use store::testing::run_in;

use super::town::Town;

fn wait<T>(work: impl Future<Output = Result<T, String>>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work).unwrap()
}

impl Town {
    /// As if the site had waited for half a year: nothing else of it knows the time.
    pub(crate) fn half_a_year_passes(&self) {
        let file = self.site().join("mychips.db");
        let long_ago = "2026-01-01T00:00:00.000Z";
        let sql = format!(
            "UPDATE settings SET value = substr(value, 1, 44) || '{long_ago}' \
             WHERE name LIKE 'wait:%'"
        );
        wait(run_in(&file, &sql));
    }

    pub(crate) fn loses_the_key_of(&self, user: &str) -> Vec<u8> {
        let file = self.keys().join(format!("{user}.jwk"));
        let key = fs::read(&file).unwrap();
        fs::remove_file(file).unwrap();
        key
    }

    pub(crate) fn error(&self, words: &str) -> String {
        let run = self.run(&format!("{words} --json"));
        assert_eq!(run.code, 1, "{words}: {}", run.out);
        run.json_error()["error"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_lost_key_is_replaced_with_the_partners_consent() {
    let mut town = Town::with_tally();
    town.does("pay bob 5 --as ann");
    town.loses_the_key_of("ann");
    town.asks("key lost --as ann");
    assert_eq!(town.error("key lost --as ann"), "not_readmitted");
    town.asks("user readmit ann");
    // What is hers can be taken along meanwhile; her new key is on nothing yet.
    town.does("export user --as ann early.json");
    assert_eq!(town.json("verify early.json")["proved"], "tallies");
    town.asks("key lost --as ann --wait 30");
    town.asks("tally show ann --as bob");
    town.asks("key consent ann --as bob");
    town.asks("key lost --as ann");
    town.asks("key list --as ann");
    town.asks("tally list --as ann");
    town.half_a_year_passes();
    town.asks("key lost --as ann");
    town.asks("pay bob 2.5 --as ann --memo cheese");
    town.asks("statement bob --as ann");
    insta::assert_snapshot!(town.told);
    assert_eq!(town.balance("bob", "ann"), 7_500);
    town.is_well();
    // Taken along, it is proved anywhere, with the new key and by the site's word.
    town.does("export tally bob --as ann taken.json");
    town.does("verify taken.json");
    town.does("export user --as ann all.json");
    assert_eq!(town.json("verify all.json")["proved"], "all");
}

#[test]
fn a_device_with_the_old_key_objects_while_the_site_is_served() {
    let mut town = Town::with_tally();
    let serving = town.serve();
    // Ann's telephone has her key; somebody says that it was lost.
    let key = town.loses_the_key_of("ann");
    let phone = town.room.path().join("phone");
    fs::create_dir(&phone).unwrap();
    fs::write(phone.join("ann.jwk"), key).unwrap();
    town.does("key new ann");
    town.does("user readmit ann");
    town.does("key lost --as ann");
    town.does("key consent ann --as bob");
    assert_eq!(town.error("pay bob 1 --as ann"), "other_key");
    assert_eq!(town.error("pay bob 1 --as ann --keys phone"), "not_allowed");
    town.asks("tally show bob --as ann --json");
    town.told.clear();
    town.asks("tally list --as ann");
    town.asks("key object --as ann --keys phone");
    town.asks("key list --as ann --keys phone");
    town.asks("key lost --as ann");
    assert_eq!(town.error("key object --as ann --keys phone"), "no_request");
    assert_eq!(town.error("key consent ann --as bob"), "no_request");
    // The administrator hears of it.
    town.asks("user readmit ann --keys phone");
    town.asks("pay bob 1 --as ann --keys phone");
    insta::assert_snapshot!(town.told);
    assert_eq!(town.error("pay bob 1 --as ann"), "other_key");
    town.is_well();
    serving.end();
    town.is_well();
}

#[test]
fn a_key_ends_and_with_it_what_its_thief_can_do() {
    let mut town = Town::with_tally();
    town.does("pay bob 5 --as ann");
    let owners = fs::read(town.keys().join("ann.jwk")).unwrap();
    // The thief is quicker, and changes Ann's key to one of its own.
    town.does("key revoke ann");
    town.does("pay bob 1 --as ann");
    fs::write(town.room.path().join("old.jwk"), owners).unwrap();
    town.asks("key revoke ann --end --by old.jwk");
    assert_eq!(town.error("pay bob 1 --as ann"), "key_ended");
    town.asks("tally show ann --as bob");
    town.does("pay ann 2 --as bob");
    town.loses_the_key_of("ann");
    town.does("key new ann");
    town.asks("user readmit ann");
    assert_eq!(town.error("key revoke ann"), "key_ended");
    town.asks("key lost --as ann");
    town.does("key consent ann --as bob");
    town.half_a_year_passes();
    town.asks("key lost --as ann");
    town.asks("statement bob --as ann");
    insta::assert_snapshot!(town.told);
    town.does("pay bob 1 --as ann");
    assert_eq!(town.balance("bob", "ann"), 5_000);
    town.is_well();
}

#[test]
fn a_key_from_before_ends_its_last_tally_while_the_site_is_served() {
    let mut town = Town::with_tally();
    let serving = town.serve();
    let key = town.loses_the_key_of("ann");
    let phone = town.room.path().join("phone");
    fs::create_dir(&phone).unwrap();
    fs::write(phone.join("ann.jwk"), key).unwrap();
    town.does("key new ann");
    town.does("user readmit ann");
    town.asks("key revoke ann --end --keys phone");
    insta::assert_snapshot!(town.told);
    // The site does not know that key any more, and Ann goes on with the other one.
    assert_eq!(town.json("user show ann")["status"], "active");
    assert_eq!(town.json("key lost --as ann")["tallies"][0]["state"], "asked");
    serving.end();
    town.is_well();
}

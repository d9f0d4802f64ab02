//! Two partners' sites both go back to before a payment over their tally, which stands everywhere else.

use std::fs;

use super::row::{LIMIT, Row, half, tell};

#[test]
fn what_both_sites_of_a_tally_lost_of_a_lift_a_users_device_proves() {
    let row = Row::open();
    let [ann, bob, ..] = &row.towns[..] else { panic!("five") };
    for town in [ann, bob] {
        town.does("backup before");
    }
    tell(ann, &format!("pay {} 5 --as ann", row.link(3)));
    // All devices look.
    row.settles(&[-5_000; 3]);
    for (site, town) in [ann, bob].into_iter().enumerate() {
        row.stop(site);
        fs::remove_dir_all(town.site()).unwrap();
        town.does("restore before");
        row.start(site);
    }
    let bobs = bob.run("tally list --as bob");
    let brought = "1 lift on the tally with ann (ann) was brought back";
    assert!(bobs.code == 0 && bobs.err.contains(brought), "{}{}", bobs.out, bobs.err);
    row.settles(&[-5_000; 3]);
    tell(ann, &format!("pay {} 5 --as ann", row.link(3)));
    row.settles(&[-10_000; 3]);
    row.end();
}

/// The payer's site goes back to before a payment and is asked for it once more, as by a script that runs again: nothing more is
/// given.
#[test]
fn a_payment_that_the_payers_site_lost_is_not_made_again() {
    let row = Row::open();
    let [ann, ..] = &row.towns[..] else { panic!("five") };
    ann.does("backup before");
    let pays = format!("pay {} 5 --as ann --once rent", row.link(3));
    let paid = ann.json(&pays);
    row.settles(&[-5_000; 3]);
    row.stop(0);
    fs::remove_dir_all(ann.site()).unwrap();
    ann.does("restore before");
    row.start(0);
    // At once: before a partner has answered, and again until the payment is known.
    row.wait("the payment is known again", || ann.run(&pays).code == 0);
    assert_eq!(ann.json(&pays)["lift"], paid["lift"]);
    row.settles(&[-5_000; 3]);
    row.end();
}

/// The payer could pay over another tally meanwhile, and does not: only the partner that is away knows whether it has paid.
#[test]
fn a_payment_that_may_have_been_made_is_not_made_by_another_way() {
    let row = Row::open();
    let [ann, _, _, dan, _] = &row.towns[..] else { panic!("five") };
    row.open_tally([0, 3]);
    let directly = |owed: i64| {
        let [ours, theirs] = [half(ann, "ann", "dan"), half(dan, "dan", "ann")];
        ours["balance"] == -owed && theirs["balance"] == owed && ours["agreed"] == ours["chits"]
    };
    // No room is left on it, so that the payment goes round.
    tell(ann, &format!("pay dan {} --as ann", LIMIT / 1_000));
    row.wait("dan has it", || directly(LIMIT));
    ann.does("backup before");
    let pays = format!("pay {} 5 --as ann --once rent", row.link(3));
    let paid = ann.json(&pays);
    row.settles(&[-5_000; 3]);
    row.stop(0);
    row.stop(1);
    fs::remove_dir_all(ann.site()).unwrap();
    ann.does("restore before");
    row.start(0);
    tell(dan, "pay ann 50 --as dan");
    row.wait("there is room now", || directly(LIMIT - 50_000));
    let refused = || ann.run(&format!("{pays} --json")).json_error();
    row.wait("lifts may go over it again", || {
        assert_eq!(refused()["error"], "to_compare");
        half(ann, "ann", "dan")["waits_for"].is_null()
    });
    assert_eq!(refused()["error"], "to_compare");
    assert!(directly(LIMIT - 50_000));
    // Another payment goes that way.
    tell(ann, &format!("pay {} 1 --as ann", row.link(3)));
    row.wait("dan has one more", || directly(LIMIT - 49_000));
    row.start(1);
    row.wait("the payment is known again", || ann.run(&pays).code == 0);
    assert_eq!(ann.json(&pays)["lift"], paid["lift"]);
    row.settles(&[-5_000; 3]);
    assert!(directly(LIMIT - 49_000));
    row.end();
}

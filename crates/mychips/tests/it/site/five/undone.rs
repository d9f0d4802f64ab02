//! Two partners' sites both go back to before a payment over their tally, which stands everywhere else.

use std::fs;

use super::row::{Row, tell};

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

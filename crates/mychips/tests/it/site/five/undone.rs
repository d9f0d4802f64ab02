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

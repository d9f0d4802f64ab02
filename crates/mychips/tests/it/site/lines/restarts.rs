//! Sites that end and begin again, where they were or elsewhere: each finds the other where it said last.

use super::super::pair::Two;

#[test]
fn both_begin_again_and_each_finds_the_other() {
    for first in ["ann", "bob"] {
        let two = Two::new();
        let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
        let (at_ann, at_bob) = (anns.place.clone(), bobs.place.clone());
        two.open_tally();
        two.agree_on(0);
        anns.end();
        bobs.end();
        let _anns = two.anns.serve_at(&at_ann);
        let _bobs = two.bobs.serve_at(&at_bob);
        // Only one of them speaks: it has to know where the other is.
        if first == "ann" {
            two.anns.does("pay bob 2 --as ann");
            two.agree_on(-2_000);
        } else {
            two.bobs.does("pay ann 2 --as bob");
            two.agree_on(2_000);
        }
    }
}

#[test]
fn a_site_that_moves_is_followed_once_it_says_something() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    let (before, at_bob) = (anns.place.clone(), bobs.place.clone());
    two.open_tally();
    two.agree_on(0);
    anns.end();
    let anns = two.anns.serve();
    assert_ne!(anns.place, before);
    two.anns.does("pay bob 2 --as ann");
    two.agree_on(-2_000);
    // Whoever forgets all that is not written down still knows.
    bobs.end();
    let _bobs = two.bobs.serve_at(&at_bob);
    two.bobs.does("pay ann 2 --as bob");
    two.agree_on(0);
    drop(anns);
}

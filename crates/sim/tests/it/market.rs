//! Who buys what.

use fastrand::Rng;
use proptest::prelude::*;
use protocol::Units;
use sim::{Market, MarketError};

use crate::{DEBTS, PEOPLE};

#[test]
fn the_sample_world_is_a_market() {
    let market = Market::read(PEOPLE, DEBTS).unwrap();
    assert_eq!(market.neighbours().len(), 48);
    assert_eq!(market.habits().len(), 194);
    let flour = &market.habits()[3];
    assert_eq!(flour.what, "flour", "bought in other months too");
}

#[test]
fn tables_that_do_not_fit_are_refused_by_line() {
    let people = "cuid,name,site,type,does\nann,Ann,q,person,bakes\nbob,Bob,q,person,mills\n";
    let line = |debts: &str| match Market::read(people, debts) {
        Err(MarketError::Row { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    let head = "debtor,creditor,amount,note\nAnn,Bob,5,flour\n";
    assert_eq!(line(&format!("{head}Ann,Cid,5,flour\n")), 3);
    assert_eq!(line(&format!("{head}Ann,Ann,5,flour\n")), 3);
    assert_eq!(line(&format!("{head}Ann,Bob,0.01,flour\n")), 3);
    assert_eq!(line(&format!("{head}Ann,Bob,five,flour\n")), 3);
    assert_eq!(line(&format!("{head}Ann,Bob\n")), 3);
    let nobody = Market::read(people, "debtor,creditor,amount,note\n");
    assert!(matches!(nobody, Err(MarketError::Empty)));
}

#[test]
fn who_has_much_to_come_buys_more_than_who_owes_much() {
    let market = Market::read(PEOPLE, DEBTS).unwrap();
    let (rich, poor) = (market.habits()[0].buyer, market.habits()[1].buyer);
    let mut nets = vec![0; market.neighbours().len()];
    nets[rich] = 200_000;
    nets[poor] = -200_000;
    let mut dice = Rng::with_seed(5);
    let (mut by_rich, mut by_poor) = (0, 0);
    for _ in 0..20_000 {
        let buyer = market.habits()[market.next(&nets, &mut dice).habit].buyer;
        by_rich += usize::from(buyer == rich);
        by_poor += usize::from(buyer == poor);
    }
    let each = |place| market.habits().iter().filter(|habit| habit.buyer == place).count();
    assert!(by_rich * each(poor) > 4 * by_poor * each(rich), "{by_rich} and {by_poor}");
}

proptest! {
    #[test]
    fn every_purchase_is_of_a_habit_and_costs_no_more_than_usual(
        seed: u64,
        nets in prop::collection::vec(-1_000_000_i128..1_000_000, 0..60),
    ) {
        let market = Market::read(PEOPLE, DEBTS).unwrap();
        let mut dice = Rng::with_seed(seed);
        let purchase = market.next(&nets, &mut dice);
        let habit = market.habit(purchase.habit).unwrap();
        prop_assert!(purchase.units > Units::ZERO && purchase.units <= habit.usual);
        let again = market.next(&nets, &mut Rng::with_seed(seed));
        prop_assert_eq!(purchase, again);
    }
}

//! What a tally can carry and at what cost (protocol §6), for any balance, promises and settings.

use proptest::prelude::*;
use protocol::lading::{Lading, LadingError, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

use crate::given::{amount, in_force, position, rate, units};

/// The whole range of amounts, and a small one in which everything meets.
fn sizes() -> impl Strategy<Value = i64> {
    prop_oneof![Just(Units::MAX.milli()), Just(40), Just(1_000_000)]
}

fn a_half() -> impl Strategy<Value = (Position, InForce, InForce)> {
    sizes().prop_flat_map(|size| (position(size), in_force(size), in_force(size)))
}

fn both(holder: InForce, partner: InForce) -> Consent {
    Consent { holder, partner }
}

/// A tally where nothing is charged and both sides agreed to `limit`.
fn open_to(limit: i64) -> InForce {
    InForce::at_opening(units(limit), units(limit))
}

fn at(balance: i64, reserved_in: i64, reserved_out: i64) -> Position {
    Position::new(units(balance), units(reserved_in), units(reserved_out)).unwrap()
}

#[test]
fn by_default_a_holder_takes_up_to_the_limit_it_granted_and_frees_only_its_debt() {
    let lading = Lading::inward(at(-3_000, 0, 0), &both(open_to(10_000), open_to(10_000)));
    assert_eq!(lading.most(), units(13_000));
    assert_eq!(lading.free(), units(3_000));
    assert_eq!(lading.debt(), units(3_000));
}

#[test]
fn for_clearing_only_debt_moves_and_nobody_charges() {
    let charging = |limit| {
        let settings = Settings::new(units(0), units(limit), rate(20_000), rate(30_000)).unwrap();
        InForce::after_set(units(limit), settings, None)
    };
    let lading = Lading::inward(at(-3_000, 0, 0), &both(charging(9_000), charging(9_000)));
    assert!(lading.cost(units(3_000)).unwrap().clutch > Units::ZERO);
    let debt = lading.only_debt();
    assert_eq!([debt.most(), debt.free(), debt.debt()], [units(3_000); 3]);
    let cost = debt.cost(units(3_000)).unwrap();
    assert_eq!([cost.reward, cost.clutch], [Units::ZERO; 2]);
    assert!(debt.cost(units(3_001)).is_err());
    let owed = Lading::inward(at(3_000, 0, 0), &both(charging(9_000), charging(9_000)));
    assert_eq!(owed.only_debt(), Lading::NONE, "the partner owes, so nothing comes in by clearing");
}

#[test]
fn the_holder_charges_above_its_target_and_the_partner_for_all_it_lets_go() {
    let settings = |target, reward, clutch| {
        Settings::new(units(target), units(9_000), rate(reward), rate(clutch)).unwrap()
    };
    let holder = InForce::after_set(Units::ZERO, settings(2_000, 10_000, 0), None);
    let partner = InForce::after_set(units(9_000), settings(0, 0, 1_000), None);
    let lading = Lading::inward(at(500, 0, 0), &both(holder, partner));
    let cost = lading.cost(units(2_501)).unwrap();
    assert_eq!(cost.reward, units(11), "1 % of the 1.001 above the target, rounded up");
    assert_eq!(cost.clutch, units(3), "0.1 % of 2.501, rounded up");
}

#[test]
fn a_partner_pays_to_be_rid_of_its_surplus_only() {
    let eager = Settings::new(units(1_000), units(9_000), rate(50_000), rate(-50_000)).unwrap();
    let partner = InForce::after_set(units(9_000), eager, None);
    // The partner holds 3.000 of our IOUs and wants 1.000 of them.
    let lading = Lading::inward(at(-3_000, 0, 0), &both(open_to(9_000), partner));
    assert_eq!(lading.cost(units(2_000)).unwrap().clutch, units(-100));
    assert_eq!(lading.cost(units(5_000)).unwrap().clutch, units(-100));
}

#[test]
fn too_much_is_refused_with_the_most_that_would_do() {
    let lading = Lading::inward(at(0, 4_000, 0), &both(open_to(10_000), open_to(10_000)));
    assert_eq!(
        lading.cost(units(6_001)),
        Err(LadingError::TooMuch { asked: units(6_001), most: units(6_000) })
    );
    assert_eq!(lading.cost(units(-1)), Err(LadingError::Negative { asked: units(-1) }));
    assert_eq!(
        Position::new(Units::ZERO, units(-1), Units::ZERO),
        Err(LadingError::NegativeReserve { reserved: units(-1) })
    );
}

proptest! {
    #[test]
    fn never_negative_and_debt_within_free_within_most((here, holder, partner) in a_half()) {
        let lading = Lading::inward(here, &both(holder, partner));
        prop_assert!(Units::ZERO <= lading.debt());
        prop_assert!(lading.debt() <= lading.free());
        prop_assert!(lading.free() <= lading.most());
    }

    #[test]
    fn setting_some_aside_changes_no_cost(
        (here, holder, partner) in a_half(), most in amount(1_000_000), asked in 0i64..1_000_000,
    ) {
        let whole = Lading::inward(here, &both(holder, partner));
        let part = whole.up_to(most);
        prop_assert_eq!(part.most(), whole.most().min(most.max(Units::ZERO)));
        prop_assert_eq!(part.free(), whole.free().min(part.most()));
        prop_assert_eq!(part.debt(), whole.debt().min(part.most()));
        prop_assert_eq!(part.spare(), whole.spare().min(part.most()));
        prop_assert_eq!(whole.up_to(whole.most()), whole);
        prop_assert_eq!(part.up_to(most), part);
        prop_assert_eq!(whole.up_to(units(-1)).most(), Units::ZERO);
        for asked in [units(asked), part.most()] {
            if asked <= part.most() {
                prop_assert_eq!(part.cost(asked), whole.cost(asked));
                prop_assert_eq!(part.most_within(asked), whole.most_within(asked).min(part.most()));
                let least = whole.least_leaving(asked).filter(|least| *least <= part.most());
                prop_assert_eq!(part.least_leaving(asked), least);
            } else {
                prop_assert!(part.cost(asked).is_err());
            }
        }
        let all = part.segments().iter().map(|piece| piece.units.milli()).sum::<i64>();
        prop_assert_eq!(all, part.most().milli());
    }

    #[test]
    fn nothing_moves_beyond_either_signature(
        balance in -1_000i64..1_000, promised in 0i64..1_000,
        holder in in_force(1_000), partner in in_force(1_000),
    ) {
        let most = Lading::inward(at(balance, promised, 0), &both(holder, partner)).most().milli();
        if most > 0 {
            let reached = balance + promised + most;
            prop_assert!(reached <= holder.settings().bound().milli());
            prop_assert!(reached <= partner.owe().milli());
        }
    }

    #[test]
    fn a_promise_takes_its_room_once_in_its_own_direction_and_makes_none_in_the_other(
        balance in -1_000i64..1_000, others in 0i64..500, promised in 0i64..1_000,
        holder in in_force(1_000), partner in in_force(1_000),
    ) {
        let before = Lading::inward(at(balance, others, 0), &both(holder, partner));
        let inward = Lading::inward(at(balance, others + promised, 0), &both(holder, partner));
        let outward = Lading::inward(at(balance, others, promised), &both(holder, partner));
        let taken = before.most().milli() - inward.most().milli();
        prop_assert_eq!(taken, promised.min(before.most().milli()));
        prop_assert!(inward.free() <= before.free() && inward.debt() <= before.debt());
        prop_assert_eq!(outward, before);
    }

    #[test]
    fn the_other_direction_has_a_reserve_of_its_own((here, holder, partner) in a_half()) {
        prop_assert_eq!(here.seen_by_partner().seen_by_partner(), here);
        prop_assert_eq!(
            Lading::outward(here, &both(holder, partner)),
            Lading::inward(here.seen_by_partner(), &both(partner, holder))
        );
        let most = |reserved_out| {
            let here = at(0, 0, reserved_out);
            let consent = both(holder, partner);
            (Lading::inward(here, &consent).most(), Lading::outward(here, &consent).most())
        };
        prop_assert_eq!(most(7).0, most(0).0);
        prop_assert_eq!(most(7).1.milli(), (most(0).1.milli() - 7).max(0));
    }

    #[test]
    fn the_higher_the_balance_the_less_comes_in(
        low in -1_000i64..1_000, more in 0i64..1_000,
        holder in in_force(1_000), partner in in_force(1_000),
    ) {
        let low_lading = Lading::inward(at(low, 0, 0), &both(holder, partner));
        let high_lading = Lading::inward(at(low + more, 0, 0), &both(holder, partner));
        prop_assert!(high_lading.most() <= low_lading.most());
        prop_assert!(high_lading.free() <= low_lading.free());
        prop_assert!(high_lading.debt() <= low_lading.debt());
    }

    #[test]
    fn the_curve_and_the_exact_cost_agree(
        (here, holder, partner) in a_half(), share in 0i128..=1_000,
    ) {
        let lading = Lading::inward(here, &both(holder, partner));
        let most = i128::from(lading.most().milli());
        let asked = most * share / 1_000;
        let (mut left, mut reward, mut clutch) = (asked, 0i128, 0i128);
        let mut whole = 0;
        for piece in lading.segments() {
            prop_assert!(piece.units > Units::ZERO);
            let used = left.min(i128::from(piece.units.milli()));
            reward += used * i128::from(piece.reward.ppm());
            clutch += used * i128::from(piece.clutch.ppm());
            left -= used;
            whole += i128::from(piece.units.milli());
        }
        prop_assert_eq!(whole, most);
        let cost = lading.cost(units(i64::try_from(asked).unwrap())).unwrap();
        prop_assert_eq!(i128::from(cost.reward.milli()), rounded_up(reward));
        prop_assert_eq!(i128::from(cost.clutch.milli()), rounded_up(clutch));
    }

    #[test]
    fn moving_more_never_costs_less_where_rates_charge_and_never_gives_less_where_they_pay(
        (here, holder, partner) in a_half(), shares in (0i128..=1_000, 0i128..=1_000),
    ) {
        let lading = Lading::inward(here, &both(holder, partner));
        let part = |share: i128| {
            let milli = i128::from(lading.most().milli()) * share / 1_000;
            lading.cost(units(i64::try_from(milli).unwrap())).unwrap()
        };
        let (less, more) = (part(shares.0.min(shares.1)), part(shares.0.max(shares.1)));
        let grows = |rate: Rate, less: Units, more: Units| {
            if rate < Rate::ZERO { more <= less } else { less <= more }
        };
        prop_assert!(grows(holder.settings().reward(), less.reward, more.reward));
        prop_assert!(grows(partner.settings().clutch(), less.clutch, more.clutch));
    }

    #[test]
    fn the_least_that_leaves_enough_and_the_most_for_what_there_is_are_exact(
        (here, holder, partner) in a_half(), wish in 0i64..=Units::MAX.milli(), small in 0i64..100,
    ) {
        let lading = Lading::inward(here, &both(holder, partner));
        let left = |moves: Units| moves.milli() - lading.reward().due(moves).milli();
        let spent = |moves: Units| moves.milli() + lading.clutch().due(moves).milli();
        let one = |moves: Units, more: i64| Units::new(moves.milli() + more).ok();
        for wish in [small, wish % 1_500_000, wish].map(units) {
            match lading.least_leaving(wish) {
                Some(moves) => {
                    prop_assert!(Units::ZERO <= moves && moves <= lading.most());
                    prop_assert!(left(moves) >= wish.milli());
                    let less = one(moves, -1).filter(|less| *less >= Units::ZERO);
                    prop_assert!(less.is_none_or(|less| left(less) < wish.milli()));
                }
                None => prop_assert!(left(lading.most()) < wish.milli()),
            }
            let moves = lading.most_within(wish);
            prop_assert!(Units::ZERO <= moves && moves <= lading.most());
            prop_assert!(spent(moves) <= wish.milli());
            let more = one(moves, 1).filter(|more| *more <= lading.most());
            prop_assert!(more.is_none_or(|more| spent(more) > wish.milli()));
        }
    }

    #[test]
    fn moving_more_never_leaves_less_and_never_costs_less_in_all(
        (here, holder, partner) in a_half(), shares in (0i128..=1_000, 0i128..=1_000),
    ) {
        let lading = Lading::inward(here, &both(holder, partner));
        let part = |share| units(i64::try_from(i128::from(lading.most().milli()) * share / 1_000).unwrap());
        let (less, more) = (part(shares.0.min(shares.1)), part(shares.0.max(shares.1)));
        let left = |moves: Units| moves.milli() - lading.reward().due(moves).milli();
        let spent = |moves: Units| moves.milli() + lading.clutch().due(moves).milli();
        prop_assert!(left(less) <= left(more) && spent(less) <= spent(more));
    }

    #[test]
    fn one_milli_at_a_time_comes_to_the_same(
        balance in -40i64..40, promised in 0i64..20,
        holder in in_force(60), partner in in_force(60), asked in amount(100),
    ) {
        let lading = Lading::inward(at(balance, promised, 0), &both(holder, partner));
        match step_by_step(balance + promised, &holder, &partner, asked.milli()) {
            Some((reward, clutch)) => {
                let cost = lading.cost(asked).unwrap();
                prop_assert_eq!(i128::from(cost.reward.milli()), reward);
                prop_assert_eq!(i128::from(cost.clutch.milli()), clutch);
            }
            None => prop_assert!(lading.most() < asked),
        }
    }
}

/// The rule as the book says it, without any formula: move one milli-CHIP after the other from
/// partner to holder, and let each say what it charges for that one.
fn step_by_step(
    mut balance: i64,
    holder: &InForce,
    partner: &InForce,
    asked: i64,
) -> Option<(i128, i128)> {
    let (mut reward, mut clutch) = (0, 0);
    for _ in 0..asked {
        let partner_holds = -balance;
        let partner_rate = partner.settings().clutch().ppm();
        if partner_rate >= 0 || partner_holds > partner.settings().target().milli() {
            clutch += i128::from(partner_rate);
        }
        balance += 1;
        if balance > holder.settings().bound().milli() || balance > partner.owe().milli() {
            return None;
        }
        if balance > holder.settings().target().milli() {
            reward += i128::from(holder.settings().reward().ppm());
        }
    }
    Some((rounded_up(reward), rounded_up(clutch)))
}

/// Millionths of a milli-CHIP, up to the next whole one.
fn rounded_up(millionths: i128) -> i128 {
    millionths.div_euclid(1_000_000) + i128::from(millionths.rem_euclid(1_000_000) > 0)
}

//! Balancing obeys what was signed: nobody loses more than it signed to pay, and nothing goes on for
//! ever.
//!
//! Everything is reckoned anew here from balances and settings, by section 6 of the protocol.

use clearing::{Hop, Hops, LONGEST_PATH, Leg, MOST_BALANCE_LOOKS, NoShift};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

use crate::instances::Chance;

/// One holder's settings on a tally, and the most it signed to owe.
#[derive(Clone, Copy, Debug)]
struct Half {
    target: i64,
    bound: i64,
    reward: i32,
    clutch: i32,
    owe: i64,
}

/// A tally: the balance of the first one's half, and both halves.
#[derive(Clone, Debug)]
struct Tally {
    ends: [u32; 2],
    balance: i64,
    halves: [Half; 2],
}

/// A network that balancing changes. Hop 2t moves over tally t to its first end, 2t + 1 to its second.
#[derive(Clone, Debug)]
struct Net {
    participants: u32,
    tallies: Vec<Tally>,
}

fn units(milli: i64) -> Units {
    Units::new(milli).expect("an amount")
}

impl Half {
    fn in_force(&self) -> InForce {
        let rate = |ppm| Rate::new(ppm).expect("a rate");
        let settings = Settings::new(
            units(self.target),
            units(self.bound),
            rate(self.reward),
            rate(self.clutch),
        );
        InForce::after_set(units(self.owe), settings.expect("settings"), None)
    }
}

impl Tally {
    fn balance_of(&self, end: usize) -> i64 {
        if end == 0 { self.balance } else { -self.balance }
    }

    fn distances(&self) -> i64 {
        (0..2).map(|end| (self.balance_of(end) - self.halves[end].target).abs()).sum()
    }

    /// The most that may move to an end.
    fn most(&self, end: usize) -> i64 {
        (self.halves[end].bound.min(self.halves[1 - end].owe) - self.balance_of(end)).max(0)
    }

    /// What is due to the taker and to the giver when so much moves to an end.
    fn dues(&self, end: usize, milli: i64) -> (i64, i64) {
        let (taker, giver) = (&self.halves[end], &self.halves[1 - end]);
        let free = (taker.target - self.balance_of(end)).clamp(0, self.most(end));
        let above = (self.balance_of(1 - end) - giver.target).max(0);
        let charged = if giver.clutch < 0 { milli.min(above) } else { milli };
        (due(taker.reward, (milli - free).max(0)), due(giver.clutch, charged))
    }
}

/// A rate on an amount, rounded up.
fn due(ppm: i32, milli: i64) -> i64 {
    let exact = i128::from(ppm) * i128::from(milli);
    let up = exact.div_euclid(1_000_000) + i128::from(exact.rem_euclid(1_000_000) > 0);
    i64::try_from(up).expect("small")
}

impl Net {
    fn random(chance: &mut Chance, size: u32, free: bool) -> Self {
        let participants = 3 + chance.below(5);
        let below = |chance: &mut Chance, bound: u32| i64::from(chance.below(bound));
        let half = |chance: &mut Chance| {
            const SOME: [i32; 5] = [1_000, 20_000, 100_000, 500_000, 900_000];
            let charges = !free || chance.below(4) == 0;
            let high = if charges { SOME[chance.below(5) as usize] } else { 0 };
            let low = if charges { chance.below(high.unsigned_abs() + 1) } else { 0 };
            let low = i32::try_from(low).expect("small");
            let (reward, clutch) = match chance.below(4) {
                0 => (high, -low),
                1 => (-low, high),
                _ => (low, high - low),
            };
            let bound = below(chance, size + 1);
            let target = below(chance, u32::try_from(bound).expect("small") + 1);
            let target = if chance.below(2) == 0 { 0 } else { target };
            Half { target, bound, reward, clutch, owe: below(chance, size + 1) }
        };
        let tally = |chance: &mut Chance| {
            let first = chance.below(participants);
            let second = (first + 1 + chance.below(participants - 1)) % participants;
            let balance = below(chance, 2 * size + 1) - i64::from(size);
            Tally { ends: [first, second], balance, halves: [half(chance), half(chance)] }
        };
        let tallies = 2 + chance.below(participants * 2);
        Self { participants, tallies: (0..tallies).map(|_| tally(chance)).collect() }
    }

    fn hops(&self) -> Hops {
        let mut list = Vec::new();
        for tally in &self.tallies {
            let here = Position::new(units(tally.balance), Units::ZERO, Units::ZERO);
            let [holder, partner] = [tally.halves[0].in_force(), tally.halves[1].in_force()];
            let (here, consent) = (here.expect("a position"), Consent { holder, partner });
            let [first, second] = tally.ends;
            list.push(Hop { giver: second, taker: first, lading: Lading::inward(here, &consent) });
            list.push(Hop { giver: first, taker: second, lading: Lading::outward(here, &consent) });
        }
        Hops::new(self.participants, list).expect("a graph")
    }

    /// A hop out of somebody and a hop into the same.
    fn two_of_one(&self, chance: &mut Chance) -> (usize, usize) {
        let hops = self.hops();
        let mut any = |count: usize| chance.below(u32::try_from(count).expect("few")) as usize;
        let out = any(hops.list().len());
        let who = hops.list()[out].giver;
        let into: Vec<usize> =
            (0..hops.list().len()).filter(|&hop| hops.list()[hop].taker == who).collect();
        (out, into[any(into.len())])
    }

    /// Moves over one leg, after checking it; says what is due to its taker and to its giver.
    fn move_over(&mut self, leg: &Leg, what: &str) -> (i64, i64) {
        let (tally, end) = (&mut self.tallies[leg.hop / 2], leg.hop % 2);
        assert_eq!((leg.taker, leg.giver), (tally.ends[end], tally.ends[1 - end]), "{what}");
        let milli = leg.units.milli();
        assert!(milli > 0 && milli <= tally.most(end), "{what}: {leg:?} of {tally:?}");
        let dues = tally.dues(end, milli);
        tally.balance += if end == 0 { milli } else { -milli };
        dues
    }

    fn net(&self, who: u32) -> i64 {
        let ends = self.tallies.iter().flat_map(|tally| [(tally, 0), (tally, 1)]);
        ends.filter(|(tally, end)| tally.ends[*end] == who).map(|(t, end)| t.balance_of(end)).sum()
    }

    fn nets(&self) -> Vec<i64> {
        (0..self.participants).map(|who| self.net(who)).collect()
    }

    fn distances(&self) -> i64 {
        self.tallies.iter().map(Tally::distances).sum()
    }

    /// Balances for nothing, after checking; says how many circles there were.
    fn balance(&mut self, most: u32, what: &str) -> usize {
        let balanced = self.hops().toward_targets(most, MOST_BALANCE_LOOKS);
        assert!(balanced.complete, "{what}");
        let nets = self.nets();
        for round in &balanced.rounds {
            assert!(round.legs.len() <= most as usize, "{what}: {round:?}");
            let next = round.legs.iter().cycle().skip(1);
            assert!(round.legs.iter().zip(next).all(|(a, b)| a.taker == b.giver), "{what}");
            let mut givers: Vec<u32> = round.legs.iter().map(|leg| leg.giver).collect();
            givers.sort_unstable();
            givers.dedup();
            assert_eq!(givers.len(), round.legs.len(), "{what}: nobody gives twice");
            let before = self.distances();
            for leg in &round.legs {
                let (tally, end) = (&self.tallies[leg.hop / 2], leg.hop % 2);
                let distance = tally.halves[end].target - tally.balance_of(end);
                assert!(leg.units.milli() <= distance, "{what}: toward the taker's target");
                assert_eq!(self.move_over(leg, what), (0, 0), "{what}: at no cost");
            }
            let moved = round.legs[0].units.milli();
            assert!(self.distances() <= before - 2 * moved, "{what}: nearer to targets");
        }
        assert_eq!(self.nets(), nets, "{what}: nobody is richer or poorer");
        balanced.rounds.len()
    }

    /// Has an amount moved for charges, after checking; says what it cost.
    fn shift(
        &mut self,
        out: usize,
        into: usize,
        amount: i64,
        most: i64,
        what: &str,
    ) -> Option<i64> {
        let path = self.hops().shift(out, into, units(amount), units(most)).ok()?;
        let (who, nets) = (path.legs[0].giver, self.nets());
        assert_eq!(path.legs[0].hop, out, "{what}");
        let last = path.legs[path.legs.len() - 1];
        assert_eq!((last.hop, last.taker, last.units), (into, who, units(amount)), "{what}");
        assert!(path.legs.len() <= LONGEST_PATH as usize, "{what}");
        let dues: Vec<_> = path.legs.iter().map(|leg| self.move_over(leg, what)).collect();
        for (legs, dues) in path.legs.windows(2).zip(dues.windows(2)) {
            let left = legs[0].units.milli() - legs[1].units.milli();
            let due = dues[0].0 + dues[1].1;
            assert!(left >= due, "{what}: left with {left}, due {due}");
            assert_eq!(self.net(legs[0].taker) - nets[legs[0].taker as usize], left, "{what}");
        }
        let cost = path.given().milli() - amount;
        assert!(cost <= most, "{what}: {cost} of {most}");
        assert_eq!(nets[who as usize] - self.net(who), cost, "{what}");
        Some(cost)
    }
}

#[test]
fn free_balancing_costs_nobody_anything_and_comes_to_an_end() {
    let (mut moved, mut raised) = (0, 0);
    for seed in 0..3_000 {
        let mut net = Net::random(&mut Chance(seed), 40, true);
        let what = format!("seed {seed}");
        let debts = |net: &Net| net.tallies.iter().map(|tally| tally.balance.abs()).sum::<i64>();
        let mut runs = 0;
        loop {
            let before = debts(&net);
            let rounds = net.balance(2 + u32::try_from(seed % 6).expect("small"), &what);
            if rounds == 0 {
                break;
            }
            (moved, runs) = (moved + rounds, runs + 1);
            raised += u32::from(debts(&net) > before);
            assert!(runs < 20, "{what}: it comes to an end");
        }
    }
    assert!(moved > 500, "circles: {moved}");
    assert!(raised > 0, "and some hold more than before");
}

#[test]
fn costed_balancing_leaves_nobody_with_less_than_its_due() {
    let (mut shifted, mut charged) = (0, 0);
    for seed in 0..6_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 1_000, false);
        let what = format!("seed {seed}");
        for _ in 0..8 {
            let (out, into) = net.two_of_one(&mut chance);
            let (amount, most) = (1 + chance.below(300), chance.below(200));
            if let Some(cost) = net.shift(out, into, amount.into(), most.into(), &what) {
                shifted += 1;
                charged += u32::from(cost > 0);
            }
        }
    }
    assert!(shifted > 1_000 && charged > 200, "{shifted} shifts, {charged} of them for charges");
}

/// Every way round by trying all of them, priced as the paths' oracle prices them.
#[test]
fn what_a_shift_costs_is_the_least_of_all_ways_round() {
    use crate::path::oracle::{all_paths, price};
    let (mut found, mut refused) = (0, 0);
    for seed in 0..1_500 {
        let mut chance = Chance(seed);
        let net = Net::random(&mut chance, 30, false);
        let graph = net.hops();
        let amount = i64::from(1 + chance.below(12));
        for _ in 0..10 {
            let (out, into) = net.two_of_one(&mut chance);
            let (first, last) = (graph.list()[out], graph.list()[into]);
            if first.giver != last.taker || first.taker == last.giver {
                continue;
            }
            let mut least: Option<i64> = None;
            all_paths(graph.list(), first.taker, last.giver, &mut |middle| {
                let meets = |&hop: &usize| graph.list()[hop].taker == first.giver;
                let way: Vec<usize> =
                    [out].into_iter().chain(middle.iter().copied()).chain([into]).collect();
                if middle.iter().any(meets) || way.len() > LONGEST_PATH as usize {
                    return;
                }
                if amount <= last.lading.most().milli()
                    && let Some(moves) = price(graph.list(), &way, amount)
                {
                    least = Some(least.map_or(moves[0], |least| least.min(moves[0])));
                }
            });
            let ours = graph.shift(out, into, units(amount), Units::MAX);
            assert_eq!(ours.as_ref().ok().map(|path| path.given().milli()), least, "seed {seed}");
            if let Some(least) = least {
                found += 1;
                let charges = units(least - amount);
                assert!(graph.shift(out, into, units(amount), charges).is_ok());
                let less = units(least - amount - 1);
                let dear = graph.shift(out, into, units(amount), less);
                assert_eq!(dear, Err(NoShift::TooDear { charges, most: less }), "seed {seed}");
            } else {
                refused += 1;
            }
        }
    }
    assert!(found > 300 && refused > 300, "{found} found, {refused} refused");
}

/// Whatever is done, one who only stands in the middle is never poorer than by what it signed to pay;
/// and where a half's balance is as it was, its holder has not paid for it.
#[test]
fn no_sequence_of_balancing_pumps_money_out_of_a_tally() {
    let mut came_back = 0;
    for seed in 0..3_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 60, seed % 2 == 0);
        let what = format!("seed {seed}");
        // For each half: its balances so far with all that was due to its holder by then.
        let start = |tally: &Tally| [0, 1].map(|end| vec![(tally.balance_of(end), 0_i64)]);
        let mut kept: Vec<_> = net.tallies.iter().map(start).collect();
        for _ in 0..30 {
            let hops = net.hops();
            let legs: Vec<Leg> = if chance.below(3) == 0 {
                let balanced = hops.toward_targets(5, MOST_BALANCE_LOOKS);
                balanced.rounds.into_iter().flat_map(|round| round.legs).collect()
            } else {
                let (out, into) = net.two_of_one(&mut chance);
                let amount = units(1 + i64::from(chance.below(9)));
                hops.shift(out, into, amount, units(50)).map(|path| path.legs).unwrap_or_default()
            };
            for leg in legs {
                let (reward, clutch) = net.move_over(&leg, &what);
                for (end, due) in [(leg.hop % 2, reward), (1 - leg.hop % 2, clutch)] {
                    let history = &mut kept[leg.hop / 2][end];
                    let sum = history[history.len() - 1].1 + due;
                    let balance = net.tallies[leg.hop / 2].balance_of(end);
                    for (earlier, then) in history.iter() {
                        assert!(*earlier != balance || sum >= *then, "{what}: {history:?} {sum}");
                        came_back += u32::from(*earlier == balance);
                    }
                    history.push((balance, sum));
                }
            }
        }
    }
    assert!(came_back > 200, "balances that came back: {came_back}");
}

#[test]
fn a_shop_collects_what_an_employee_has_too_much_of() {
    // The employee (1) holds 50 of the firm (0) and wants none; the shop (2) wants to hold 30 of the
    // firm, which signed to owe it 40, and owes the employee nothing yet.
    let wants = |target, owe| Half { target, bound: 100, reward: 0, clutch: 0, owe };
    let mut net = Net {
        participants: 3,
        tallies: vec![
            Tally { ends: [1, 0], balance: 50, halves: [wants(0, 0), wants(0, 100)] },
            Tally { ends: [2, 0], balance: 0, halves: [wants(30, 0), wants(0, 40)] },
            Tally { ends: [1, 2], balance: 0, halves: [wants(20, 0), wants(0, 100)] },
        ],
    };
    assert_eq!(net.balance(2, "two"), 0, "a circle of two has nothing to offer");
    assert_eq!(net.balance(3, "three"), 1);
    let balances: Vec<i64> = net.tallies.iter().map(|tally| tally.balance).collect();
    // The firm owes the shop instead; the employee can shop for it.
    assert_eq!(balances, [30, 20, 20]);
    assert_eq!(net.balance(3, "again"), 0);
}

#[test]
fn who_is_no_way_round_is_told_why() {
    let half = Half { target: 0, bound: 100, reward: 0, clutch: 10_000, owe: 100 };
    let tally = |ends| Tally { ends, balance: 0, halves: [half; 2] };
    let net = Net { participants: 3, tallies: vec![tally([0, 1]), tally([0, 2]), tally([1, 2])] };
    let hops = net.hops();
    let shift =
        |out, into, most| hops.shift(out, into, units(50), units(most)).map(|path| path.legs.len());
    // Out to 1 over hop 1, in from 2 over hop 2: 1 and 2 charge a milli-CHIP each.
    assert_eq!(shift(1, 2, 2), Ok(3));
    assert_eq!(shift(1, 2, 1), Err(NoShift::TooDear { charges: units(2), most: units(1) }));
    assert_eq!(shift(9, 2, 2), Err(NoShift::UnknownHop { hop: 9 }));
    assert_eq!(shift(1, 0, 2), Err(NoShift::OnePartner));
    assert_eq!(shift(1, 4, 2), Err(NoShift::NotOnesOwn));
    let far = hops.shift(1, 2, units(101), units(9));
    assert!(matches!(far, Err(NoShift::NoWay(_))), "{far:?}");
}

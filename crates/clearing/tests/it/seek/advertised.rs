//! Searches from both ends: the payee's site advertises, and the payer's queries meet the adverts.

use clearing::{Advertising, Found, Hop, Input, Limits};
use protocol::Hash;
use protocol::bounded::List;
use protocol::query::{Depth, Why};

use super::carried::{check_plan, ends, world};
use super::stories::both;
use super::world::{Message, Outcome, World, referee};
use crate::instances::Chance;
use crate::path::given::{Rates, free};

fn depth(depth: u8) -> Depth {
    depth.try_into().expect("a depth")
}

/// The payee's site makes its adverts, which go so far, and all of them are heard.
pub(super) fn advert(world: &mut World, payee: u32, amount: i64, far: u8, chance: &mut Chance) {
    let wanted = world.wanted(payee, payee, amount, amount);
    let advertising = Advertising {
        payee: wanted.payer,
        amount: wanted.amount,
        referees: List::new(vec![referee()]).expect("few"),
        depth: depth(far),
        budget: wanted.budget,
        chance: wanted.chance,
    };
    let site = world.at[payee as usize];
    world.input(site, Input::Advert(advertising));
    world.run(chance);
}

fn search(
    world: &mut World,
    ends: (u32, u32),
    amounts: [i64; 2],
    far: u8,
    chance: &mut Chance,
) -> Outcome {
    let (payer, payee) = ends;
    let mut wanted = world.wanted(payer, payee, amounts[0], amounts[1]);
    (wanted.first, wanted.deepest) = (depth(far), depth(far));
    let site = world.at[payer as usize];
    world.search(wanted, site, chance)
}

fn is_whole(outcome: &Outcome, amount: i64) -> bool {
    let whole = |plan: &Found| plan.curve.top().arrives.get().milli() == amount;
    matches!(outcome, Outcome::Found(plans) if whole(&plans[0]))
}

fn street(pairs: &[(u32, u32)], sites: usize) -> World {
    let hops: Vec<Hop> = pairs.iter().flat_map(|&(a, b)| both(free(a, b, 100))).collect();
    World::new(hops, (0..sites).collect(), Limits::default())
}

#[test]
fn the_ends_meet_in_the_middle() {
    let pairs = [(0, 1), (1, 2), (2, 3), (3, 4)];
    let mut alone = street(&pairs, 5);
    let outcome = search(&mut alone, (0, 4), [10, 10], 2, &mut Chance(1));
    assert_eq!(outcome, Outcome::NotFound(Why::Deep));
    let mut world = street(&pairs, 5);
    advert(&mut world, 4, 10, 2, &mut Chance(1));
    assert_eq!(world.sent.len(), 2, "to 3, and from there to 2");
    let outcome = search(&mut world, (0, 4), [10, 10], 2, &mut Chance(1));
    let Outcome::Found(plans) = outcome else { panic!("{outcome:?}") };
    assert_eq!((world.unrolled(0, &plans[0]), plans[0].sites), (vec![0, 2, 4, 6], 4));
    assert_eq!(world.queries(), 2, "nobody beyond the middle is asked");
}

#[test]
fn an_advert_that_comes_late_ends_the_wait() {
    let mut world = street(&[(0, 1), (1, 2), (2, 3)], 4);
    let mut wanted = world.wanted(0, 3, 10, 10);
    (wanted.first, wanted.deepest) = (depth(2), depth(2));
    world.input(0, Input::Begin(wanted));
    let query = world.post.pop_front().expect("to 1");
    world.deliver(query);
    // What 1 asks 2 is lost; the payee's advert comes by 2.
    world.post.clear();
    advert(&mut world, 3, 10, 2, &mut Chance(1));
    let (_, outcome) = world.outcomes.pop().expect("it is over");
    assert!(is_whole(&outcome, 10), "{outcome:?}");
}

#[test]
fn no_way_goes_through_one_site_twice() {
    // From 2 the payee 3 can only be reached over 5 and the site of 1 again, where 1 and 4 do not know each other.
    let pairs = [(0, 1), (1, 2), (2, 5), (5, 4), (4, 3)];
    let hops: Vec<Hop> = pairs.iter().flat_map(|&(a, b)| both(free(a, b, 100))).collect();
    let mut world = World::new(hops, vec![0, 1, 2, 3, 1, 4], Limits::default());
    let mut chance = Chance(1);
    advert(&mut world, 3, 10, 3, &mut chance);
    assert_eq!(world.sent.len(), 3, "2 has heard of it");
    let outcome = search(&mut world, (0, 3), [10, 10], 3, &mut chance);
    assert!(matches!(outcome, Outcome::NotFound(_)), "{outcome:?}");
    let outcome = search(&mut world, (2, 3), [10, 10], 3, &mut chance);
    assert!(is_whole(&outcome, 10), "{outcome:?}");
}

/// Whatever is found from both ends can be carried, and nothing is found no more because of adverts.
#[test]
fn adverts_only_add_to_what_is_found_and_can_be_carried() {
    let (mut more, mut whole) = (0, 0);
    for rates in [Rates::None, Rates::Low, Rates::Charges, Rates::Gifts] {
        for seed in 0..1_000 {
            let mut chance = Chance(seed);
            let mut world = world(&mut chance, rates);
            let Some((payer, payee)) = ends(&world, &mut chance) else { continue };
            let amount = 1 + i64::from(chance.below(6));
            let amounts = [amount, amount + i64::from(chance.below(16))];
            let far = 1 + u8::try_from(chance.below(2)).expect("few");
            let before = search(&mut world, (payer, payee), amounts, far, &mut chance);
            let mut world = World::new(world.list, world.at, Limits::default());
            advert(&mut world, payee, amount, far, &mut chance);
            let after = search(&mut world, (payer, payee), amounts, far, &mut chance);
            let found = [before, after.clone()].map(|outcome| is_whole(&outcome, amount));
            assert!(found[1] || !found[0] || rates == Rates::Gifts, "seed {seed}");
            more += u32::from(found[1] && !found[0]);
            whole += u32::from(found[1]);
            let Outcome::Found(plans) = after else { continue };
            for plan in &plans {
                check_plan(&world, world.at[payer as usize], plan, amounts, seed);
            }
        }
    }
    println!("{whole} could be paid, {more} of them because both ends searched");
    assert!(more > 30, "{more}");
}

#[test]
fn whoever_floods_with_adverts_is_not_heard() {
    let pairs = [(0, 1), (1, 2)];
    let hops: Vec<Hop> = pairs.iter().flat_map(|&(a, b)| both(free(a, b, 100))).collect();
    let limits = Limits { allowance: 40, refill_a_second: 1, ..Limits::default() };
    let mut world = World::new(hops, vec![0, 1, 2], limits);
    let mut chance = Chance(1);
    advert(&mut world, 2, 10, 2, &mut chance);
    let Message::Advert(good) = world.sent[0].2.clone() else { panic!("an advert") };
    let again = |number: u32, world: &mut World| {
        let mut advert = good.clone();
        advert.session = Hash::of(&number.to_le_bytes());
        advert.nonce = protocol::query::nonce(super::world::tally(1), advert.session, 0);
        let from = world.sites[2].agent;
        world.input(1, Input::Advertised { from, advert });
    };
    for number in 0..1_000 {
        again(number, &mut world);
    }
    let counts = world.sites[1].counts();
    assert!(counts.strays >= 960, "{counts:?}");
    assert!(counts.advertised <= 20, "{counts:?}");
    // Said twice, it is heard once.
    let mut world = street(&pairs, 3);
    advert(&mut world, 2, 10, 2, &mut chance);
    again(7, &mut world);
    again(7, &mut world);
    assert_eq!((world.sites[1].counts().strays, world.sites[1].counts().advertised), (1, 2));
}

//! What is refused and counted, and what a search costs at most.

use clearing::{Effect, Hop, Input, Limits, SearchId};
use protocol::bounded::List;
use protocol::query::{
    Answer, Budget, Curve, Depth, MOST_TURNS, Payee, Plan, Point, Query, Said, Sought, Why, nonce,
};
use protocol::{Hash, Units};

use super::carried::{ends, world};
use super::stories::both;
use super::world::{Message, Outcome, World, agent, cuid, referee, tally};
use crate::instances::Chance;
use crate::path::given::{Rates, free};

fn positive(milli: i64) -> protocol::chit::Positive {
    Units::new(milli).expect("an amount").try_into().expect("positive")
}

/// Everybody at a site of their own; tallies of 100 in both directions.
fn street(sites: usize, pairs: &[(u32, u32)]) -> World {
    street_within(sites, pairs, Limits::default())
}

fn street_within(sites: usize, pairs: &[(u32, u32)], limits: Limits) -> World {
    let pair = |&(a, b): &(u32, u32)| [free(a, b, 100), free(b, a, 100)];
    let hops: Vec<Hop> = pairs.iter().flat_map(pair).collect();
    World::new(hops, (0..sites).collect(), limits)
}

/// A query over the tally of this number, for a payee at a site.
fn query(number: usize, session: &[u8], payee: u32, depth: u8, budget: u32) -> Query {
    let session = Hash::of(session);
    Query {
        session,
        nonce: nonce(tally(number), session, 0),
        turn: 0,
        sought: Sought::Payee(Payee::of(&cuid(payee), &agent(payee as usize), session)),
        amount: positive(10),
        most: positive(10),
        depth: depth.try_into().expect("a depth"),
        budget: budget.try_into().expect("a budget"),
        referees: List::new(vec![referee()]).expect("few"),
        trail: List::new(vec![Hash::of(b"whoever began")]).expect("few"),
    }
}

fn asked(from: usize, query: &Query) -> Input {
    Input::Asked { from: agent(from), query: query.clone() }
}

/// What a site says at once to a query.
fn says(world: &mut World, site: usize, from: usize, query: &Query) -> Option<Said> {
    let now_ms = world.now_ms;
    let effects = world.sites[site].step(asked(from, query), now_ms);
    effects.into_iter().find_map(|effect| match effect {
        Effect::Answer { answer, .. } => Some(answer.said),
        _ => None,
    })
}

fn refused(world: &World, site: usize, why: Why) -> u64 {
    world.sites[site].counts().refused.get(&why).copied().unwrap_or(0)
}

#[test]
fn a_query_that_comes_round_is_refused() {
    // 3, the payee, is not joined to the ring.
    let mut world = street(5, &[(0, 1), (1, 2), (2, 0), (3, 4)]);
    let wanted = world.wanted(0, 3, 10, 10);
    let outcome = world.search(wanted, 0, &mut Chance(1));
    assert_eq!(outcome, Outcome::NotFound(Why::Nothing));
    // Both ways round, and only once it may go so far: in the round of depth four.
    assert_eq!(refused(&world, 0, Why::Loop), 2);
    // One tally: two queries. Two: four. Four: six.
    assert_eq!(world.queries(), 12);
}

#[test]
fn a_query_is_taken_once_and_again_when_it_is_forgotten() {
    let mut world = street(3, &[(0, 1), (1, 2)]);
    let query = query(0, b"one", 2, 2, 10);
    assert_eq!(says(&mut world, 1, 0, &query), None);
    for _ in 0..3 {
        assert_eq!(says(&mut world, 1, 0, &query), Some(Said::Refused(Why::Replay)));
    }
    assert_eq!((refused(&world, 1, Why::Replay), world.sites[1].counts().asked), (3, 1));
    world.wait(Limits::default().keep_ms, &mut Chance(1));
    world.wait(1, &mut Chance(1));
    assert_eq!(says(&mut world, 1, 0, &query), None);
    assert_eq!(world.sites[1].counts().asked, 2);
}

#[test]
fn whoever_floods_is_refused_and_others_are_served() {
    // 0 floods 2, whose neighbour 3 is the way to the payee 4; 1 is honest.
    let pairs = [(0, 2), (1, 2), (2, 3), (3, 4)];
    let limits = Limits { allowance: 300, refill_a_second: 10, ..Limits::default() };
    let mut world = street_within(5, &pairs, limits);
    let flood = |world: &mut World, name: &str| {
        let before = refused(world, 2, Why::Busy);
        for number in 0..2_000 {
            let query = query(0, format!("{name} {number}").as_bytes(), 4, 4, 50);
            world.input(2, asked(0, &query));
            world.run(&mut Chance(1));
        }
        2_000 - (refused(world, 2, Why::Busy) - before)
    };
    let first = flood(&mut world, "first");
    assert!((1..=100).contains(&first), "{first}");
    // What was asked of 3 for it, and beyond, is within the share that is its own: a third of what 3 lets 2 ask.
    let on = world.sent.iter().filter(|(from, to, message)| {
        matches!(message, Message::Query(_)) && [(2, 3), (3, 4)].contains(&(*from, *to))
    });
    let on = on.count();
    assert!((1..=100).contains(&on), "{on}");
    assert_eq!(refused(&world, 3, Why::Busy), 0);
    let wanted = world.wanted(1, 4, 10, 10);
    let outcome = world.search(wanted, 1, &mut Chance(1));
    assert!(matches!(outcome, Outcome::Found(_)), "{outcome:?}");
    // A second later it may ask as much as comes back in a second.
    world.now_ms += 1_000;
    let second = flood(&mut world, "second");
    assert!(second <= 10, "{second}");
}

/// What a search might have caused and did not is there for the next: a street of sites is asked as often as queries are
/// caused, not as often as they might have been.
#[test]
fn what_was_not_asked_is_not_counted() {
    let limits = Limits { allowance: 300, refill_a_second: 1, ..Limits::default() };
    let mut world = street_within(4, &[(0, 1), (1, 2), (2, 3)], limits);
    // Each goes three tallies far at the end: 1, 2 and 3 queries, of up to 512 that it may cause.
    for number in 0..20 {
        let wanted = world.wanted(0, 3, 1, 1);
        let wanted = clearing::Wanted {
            id: SearchId(number),
            chance: Hash::of(&number.to_be_bytes()),
            ..wanted
        };
        world.input(0, Input::Begin(wanted));
        world.run(&mut Chance(1));
    }
    let found = world.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Found(_)));
    assert_eq!(found.count(), 20, "{:?}", world.outcomes);
    assert_eq!(world.sites[1].counts().asked, 40, "in the second and third round of each");
}

#[test]
fn a_partner_asks_no_more_than_its_allowance() {
    let limits = Limits { allowance: 300, refill_a_second: 10, ..Limits::default() };
    let mut world = street_within(3, &[(0, 1), (1, 2)], limits);
    let mut ask = |numbers: std::ops::Range<u32>, now_ms: i64| {
        world.now_ms = now_ms;
        for number in numbers {
            says(&mut world, 1, 0, &query(0, &number.to_le_bytes(), 2, 1, 1));
        }
        [Why::Deep, Why::Busy].map(|why| refused(&world, 1, why))
    };
    assert_eq!(ask(0..400, 0), [300, 100]);
    assert_eq!(ask(400..500, 5_000), [350, 150]);
}

#[test]
fn one_partner_is_remembered_only_so_often() {
    let limits = Limits { open: 5, ..Limits::default() };
    let mut world = street_within(3, &[(0, 1), (2, 1)], limits);
    for number in 0..8_u8 {
        let why = if number < 5 { Why::Deep } else { Why::Busy };
        let said = says(&mut world, 1, 0, &query(0, &[number], 7, 1, 1));
        assert_eq!(said, Some(Said::Refused(why)), "{number}");
    }
    let other = says(&mut world, 1, 2, &query(1, b"other", 7, 1, 1));
    assert_eq!(other, Some(Said::Refused(Why::Deep)));
}

/// Of what led nowhere nothing has to be kept but that it was asked, in case it comes twice: or whoever searches in growing depth
/// soon waits half a minute for nothing.
#[test]
fn what_led_nowhere_is_forgotten_soon_and_what_was_found_is_kept_for_as_long_as_its_plans() {
    let limits = Limits { open: 5, ..Limits::default() };
    let mut world = street_within(3, &[(0, 1), (2, 1)], limits);
    let mut chance = Chance(1);
    let ask = |world: &mut World, payee: u32, numbers: std::ops::Range<u8>| {
        let taken = numbers.filter(|number| {
            let said = says(world, 1, 0, &query(0, &[*number], payee, 1, 1));
            said != Some(Said::Refused(Why::Busy))
        });
        taken.count()
    };
    assert_eq!(ask(&mut world, 7, 0..8), 5, "its partner's neighbour, too far");
    world.wait(Limits::default().hop_ms, &mut chance);
    assert_eq!(ask(&mut world, 1, 10..18), 5, "somebody at its partner's");
    world.wait(Limits::default().keep_ms - 1, &mut chance);
    assert_eq!(ask(&mut world, 1, 20..28), 0, "there are plans to come back to");
    world.wait(1, &mut chance);
    assert_eq!(ask(&mut world, 1, 30..38), 5);
}

#[test]
fn a_search_causes_no_more_queries_than_its_budget() {
    let mut most = 0;
    for seed in 0..400 {
        let mut chance = Chance(seed);
        let mut world = world(&mut chance, Rates::Charges);
        let Some((payer, payee)) = ends(&world, &mut chance) else { continue };
        let budget = 1 + chance.below(24);
        let mut wanted = world.wanted(payer, payee, 3, 20);
        wanted.budget = budget.try_into().expect("a budget");
        let site = world.at[payer as usize];
        world.search(wanted, site, &mut chance);
        let queries = world.queries();
        let answers = world.sent.len() - queries;
        assert!(queries <= budget as usize && answers == queries, "seed {seed}");
        most = most.max(queries);
    }
    assert!(most >= 12, "some searches go on for long: {most}");
}

#[test]
fn a_site_goes_over_one_tally_only_so_often_in_a_session() {
    // Twelve tallies lead from 0 to 1, one from 1 to 2.
    let pairs: Vec<_> = (0..12).map(|_| (0, 1)).chain([(1, 2)]).collect();
    let mut world = street(3, &pairs);
    let session = Hash::of(b"one");
    for number in 0..12 {
        let query = query(number, b"one", 2, 2, 10);
        assert_eq!(query.session, session);
        world.input(1, asked(0, &query));
    }
    assert_eq!(world.sites[1].counts().asked, u64::from(MOST_TURNS));
    assert_eq!(refused(&world, 1, Why::Busy), 4);
}

#[test]
fn what_nobody_asked_and_what_cannot_be_is_not_answered() {
    let mut world = street(4, &[(0, 1), (1, 2), (2, 3)]);
    let query = query(0, b"one", 2, 2, 10);
    let other_tally = Query { nonce: Hash::of(b"other"), ..query.clone() };
    // No tally of this name; not with this partner; more than may be.
    assert_eq!(says(&mut world, 1, 0, &other_tally), None);
    assert_eq!(says(&mut world, 1, 2, &query), None);
    let again = Query { turn: MOST_TURNS, ..query.clone() };
    assert_eq!(says(&mut world, 1, 0, &again), None);
    assert_eq!((world.sites[1].counts().strays, world.sites[1].counts().asked), (3, 0));
    let strange = Query { referees: List::new(vec![agent(7)]).expect("few"), ..query };
    assert_eq!(says(&mut world, 1, 0, &strange), Some(Said::Refused(Why::Referees)));
}

/// The query that a site sent to another one, as it left.
fn sent(world: &World, to: usize) -> Query {
    let mut found = world.sent.iter().rev().filter_map(|(_, at, message)| match message {
        Message::Query(query) if *at == to => Some(query.clone()),
        _ => None,
    });
    found.next().expect("it was asked")
}

fn answer(query: &Query, points: &[(i64, i64)]) -> Answer {
    let point = |&(a, e): &(i64, i64)| Point { arrives: positive(a), enters: positive(e) };
    let curve = Curve::new(points.iter().map(point).collect()).expect("a curve");
    let referees = query.referees.clone();
    let plan = Plan { token: Hash::of(b"theirs"), curve, sites: 1, referees };
    let said = Said::Plans(List::new(vec![plan]).expect("few"));
    Answer { session: query.session, nonce: query.nonce, used: Budget::ONE, said }
}

#[test]
fn answers_that_were_not_asked_for_or_cannot_be_are_nothing() {
    let mut world = street(4, &[(0, 1), (1, 2), (0, 3)]);
    let wanted = world.wanted(0, 2, 10, 20);
    world.input(0, Input::Begin(wanted));
    world.post.clear();
    let query = sent(&world, 1);
    let good = answer(&query, &[(10, 10)]);
    let stray = Answer { nonce: Hash::of(b"other"), ..good.clone() };
    world.input(0, Input::Answered { from: agent(1), answer: stray });
    let stray = Answer { session: Hash::of(b"other"), ..good.clone() };
    world.input(0, Input::Answered { from: agent(1), answer: stray });
    world.input(0, Input::Answered { from: agent(3), answer: good.clone() });
    assert_eq!(world.sites[0].counts().strays, 3);
    // More than was asked for, for more than the payer gives, and both; then the answer again.
    let lie = answer(&query, &[(10, 21), (11, 21)]);
    world.input(0, Input::Answered { from: agent(1), answer: lie });
    world.input(0, Input::Answered { from: agent(1), answer: good });
    assert_eq!(world.sites[0].counts().strays, 4);
    assert_eq!(world.outcomes, []);
    let other = sent(&world, 3);
    let nothing = Said::Refused(Why::Nothing);
    let nothing =
        Answer { session: other.session, nonce: other.nonce, used: Budget::ONE, said: nothing };
    world.input(0, Input::Answered { from: agent(3), answer: nothing });
    assert_eq!(world.outcomes, [(SearchId(1), Outcome::NotFound(Why::Costly))]);
}

#[test]
fn a_question_that_comes_twice_is_answered_all_the_same() {
    let mut world = street(3, &[(0, 1), (1, 2)]);
    let wanted = world.wanted(0, 1, 10, 10);
    world.input(0, Input::Begin(wanted));
    let again = world.post.clone();
    world.post.extend(again);
    // That it was asked before arrives first.
    while let Some(message) = world.post.pop_back() {
        world.deliver(message);
    }
    assert_eq!((refused(&world, 1, Why::Replay), world.sites[1].counts().answered), (1, 1));
    let [(_, Outcome::Found(plans))] = &world.outcomes[..] else { panic!("{:?}", world.outcomes) };
    assert_eq!(plans[0].curve.top().arrives, positive(10));
}

#[test]
fn whoever_numbers_its_gates_anew_forgets_what_names_them_and_says_so() {
    let mut world = street(3, &[(0, 1), (1, 2)]);
    let wanted = world.wanted(0, 2, 10, 10);
    world.input(0, Input::Begin(wanted));
    let asked = query(1, b"one", 0, 2, 100);
    // Of one that is answered a plan is remembered; of the other nothing is known yet.
    world.input(1, Input::Asked { from: agent(2), query: asked });
    let wait = query(0, b"two", 2, 2, 100);
    world.input(1, Input::Asked { from: agent(0), query: wait.clone() });
    let left = world.sites[0].seeker.renumber();
    assert_eq!(left, [Effect::NotFound { search: SearchId(1), why: Why::Busy }]);
    let told = world.sites[1].seeker.renumber().into_iter().map(|effect| match effect {
        Effect::Answer { to, answer } => (to, answer.session, answer.said),
        other => panic!("{other:?}"),
    });
    let told: Vec<_> = told.collect();
    assert!(told.contains(&(agent(0), wait.session, Said::Refused(Why::Busy))), "{told:?}");
    for site in [0, 1] {
        assert!(
            world.sites[site].seeker.is_idle() && world.sites[site].seeker.renumber().is_empty()
        );
    }
    // It may be asked again at once.
    assert!(matches!(says(&mut world, 1, 0, &wait), None | Some(Said::Plans(_))));
}

#[test]
fn whoever_is_silent_is_not_waited_for() {
    // 1 has two ways on; what is said at 3 gets lost.
    let mut world = street(5, &[(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)]);
    let mut wanted = world.wanted(0, 4, 10, 10);
    wanted.deepest = Depth::ONE;
    let _ = world.search(wanted, 0, &mut Chance(1));
    let query = query(0, b"one", 4, 3, 100);
    world.input(1, asked(0, &query));
    while let Some(message) = world.post.pop_front() {
        if message.0 != 3 && message.1 != 3 && message.1 != 0 {
            world.deliver(message);
        }
    }
    let answers = |world: &World| {
        let told = world.sent.iter().filter(|(from, to, message)| {
            (*from, *to) == (1, 0)
                && matches!(message, Message::Answer(a) if a.session == query.session)
        });
        told.count()
    };
    assert_eq!(answers(&world), 0, "the other may still come");
    world.wait(3 * Limits::default().hop_ms - 1, &mut Chance(1));
    assert_eq!(answers(&world), 0);
    world.wait(1, &mut Chance(1));
    assert_eq!((answers(&world), world.sites[1].counts().answered), (1, 1));
}

#[test]
fn a_way_round_is_found_over_debts_only() {
    // Each owes the next 50 and lends nothing.
    let owes = |a: u32, b: u32| both(free(a, b, 50));
    let mut world =
        World::new([owes(0, 1), owes(1, 2), owes(2, 0)].concat(), vec![0, 1, 2], Limits::default());
    let mut wanted = world.wanted(0, 1, 10, 10);
    wanted.to = clearing::To::Round;
    let outcome = world.search(wanted.clone(), 0, &mut Chance(1));
    // A tally that was never used is room, and no debt.
    assert_eq!(outcome, Outcome::NotFound(Why::Nothing));
    let owed = |a: u32, b: u32| both(crate::path::given::charging(a, b, 50, 0, -1));
    let mut world =
        World::new([owed(0, 1), owed(1, 2), owed(2, 0)].concat(), vec![0, 1, 2], Limits::default());
    let outcome = world.search(wanted, 0, &mut Chance(1));
    let Outcome::Found(plans) = outcome else { panic!("{outcome:?}") };
    assert_eq!(world.unrolled(0, &plans[0]), [0, 2, 4]);
    let top = plans[0].curve.top();
    assert_eq!((top.arrives, top.enters, plans[0].sites), (positive(10), positive(10), 3));
}

/// Names, agents and tallies: none of them is in any message, though neighbours and ends know some of them.
#[test]
fn nothing_that_names_anybody_is_in_any_message() {
    let mut looked = 0;
    for seed in 0..200 {
        let mut chance = Chance(seed);
        let mut world = world(&mut chance, Rates::Gifts);
        let Some((payer, payee)) = ends(&world, &mut chance) else { continue };
        super::advertised::advert(&mut world, payee, 3, 1, &mut chance);
        let wanted = world.wanted(payer, payee, 3, 20);
        let site = world.at[payer as usize];
        world.search(wanted, site, &mut chance);
        let tallies = (0..world.list.len() / 2).map(|number| tally(number).to_string());
        let agents = world.sites.iter().map(|site| site.agent.to_string());
        let users =
            (0..world.at.len()).map(|user| cuid(u32::try_from(user).expect("few")).to_string());
        let names: Vec<String> = tallies.chain(agents).chain(users).collect();
        for (.., message) in &world.sent {
            let text = message.text();
            looked += 1;
            let told = names.iter().find(|name| text.contains(name.as_str()));
            assert_eq!(told, None, "seed {seed}: {text}");
        }
    }
    assert!(looked > 200, "{looked}");
}

/// Two rounds, and two sites beyond one, see nothing alike but what is asked for.
#[test]
fn no_number_stands_for_the_same_in_two_rounds() {
    let mut world = street(3, &[(0, 1), (1, 2)]);
    let mut seen = std::collections::BTreeSet::new();
    for session in [b"one", b"two"] {
        world.input(1, asked(0, &query(0, session, 2, 2, 10)));
        let on = sent(&world, 2);
        let Sought::Payee(Payee { site, user }) = on.sought else { panic!("a payee") };
        let marks = [on.session, on.nonce, site, user, on.trail[1]];
        assert!(marks.into_iter().all(|mark| seen.insert(mark)));
    }
}

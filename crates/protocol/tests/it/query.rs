//! What sites ask each other for a way, by chance; and what in it is refused.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use protocol::chit::Positive;
use protocol::query::{
    Advert, Answer, Budget, Curve, CurveFault, Depth, MOST_BUDGET, MOST_DEPTH, MOST_POINTS,
    MOST_TURNS, Payee, Plan, Point, Query, QueryFault, Said, Sought, Why, nonce,
};
use protocol::{AgentId, Hash, Record as _, TallyId, Units};

use crate::people::{hash, list};
use crate::some::agent;

fn positive(milli: i64) -> Positive {
    Units::new(milli).unwrap().try_into().unwrap()
}

fn any_amount() -> impl Strategy<Value = Positive> {
    (1..1_i64 << 53).prop_map(positive)
}

fn any_referees() -> impl Strategy<Value = Vec<AgentId>> {
    btree_set(agent(), 1..4).prop_map(|agents| agents.into_iter().collect())
}

pub(crate) fn any_query() -> impl Strategy<Value = Query> {
    let payee = (hash(), hash()).prop_map(|(site, user)| Sought::Payee(Payee { site, user }));
    let sought = prop_oneof![payee, Just(Sought::Circle)];
    let amounts = (any_amount(), any_amount());
    let limits = (1..=MOST_DEPTH, 1..=MOST_BUDGET, 0..3_u8);
    (hash(), hash(), sought, amounts, limits, any_referees(), vec(hash(), 0..4)).prop_map(
        |(session, nonce, sought, (amount, most), (depth, budget, turn), referees, trail)| Query {
            session,
            nonce,
            turn,
            sought,
            amount,
            most,
            depth: depth.try_into().unwrap(),
            budget: budget.try_into().unwrap(),
            referees: list(referees),
            trail: list(trail),
        },
    )
}

fn any_curve() -> impl Strategy<Value = Curve> {
    vec((1..1_i64 << 40, 0..1_i64 << 40), 1..=MOST_POINTS).prop_map(|steps| {
        let (mut arrives, mut enters) = (0, 1);
        let points = steps.into_iter().map(|(more, dearer)| {
            (arrives, enters) = (arrives + more, enters + dearer);
            Point { arrives: positive(arrives), enters: positive(enters) }
        });
        Curve::new(points.collect()).unwrap()
    })
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let plan = (hash(), any_curve(), 1..=MOST_DEPTH, any_referees());
    plan.prop_map(|(token, curve, sites, referees)| {
        let referees = list(referees);
        Plan { token, curve, sites, referees }
    })
}

pub(crate) fn any_advert() -> impl Strategy<Value = Advert> {
    (any_query(), any_plan(), any::<bool>()).prop_map(|(query, plan, round)| {
        let Query { session, nonce, turn, amount, depth, budget, trail, .. } = query;
        Advert { session, nonce, turn, round, amount, plan, depth, budget, trail }
    })
}

pub(crate) fn any_answer() -> impl Strategy<Value = Answer> {
    let words =
        [Why::Nothing, Why::Loop, Why::Replay, Why::Referees, Why::Costly, Why::Busy, Why::Deep];
    let said = prop_oneof![
        vec(any_plan(), 1..4).prop_map(|plans| Said::Plans(list(plans))),
        prop::sample::select(words.to_vec()).prop_map(Said::Refused),
    ];
    let used = (1..=MOST_BUDGET).prop_map(|used| used.try_into().unwrap());
    (hash(), hash(), used, said).prop_map(|(session, nonce, used, said)| Answer {
        session,
        nonce,
        used,
        said,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Between two points less never costs more than the upper one, and the line is between them.
    #[test]
    fn a_curve_says_what_is_sure_and_what_is_about_right(curve in any_curve(), part in 0_u32..1_000) {
        let top = curve.top();
        let arrives = top.arrives.get().milli() / 1_000 * i64::from(part);
        let arrives = Units::new(arrives).unwrap();
        let (about, sure) = (curve.about(arrives).unwrap(), curve.at_most(arrives).unwrap());
        prop_assert!(about <= sure && sure <= top.enters.get());
        for point in curve.points() {
            prop_assert_eq!(curve.about(point.arrives.get()), Some(point.enters.get()));
            prop_assert_eq!(curve.at_most(point.arrives.get()), Some(point.enters.get()));
        }
        let beyond = top.arrives.get().plus(Units::SMALLEST).unwrap();
        prop_assert_eq!((curve.about(beyond), curve.at_most(beyond)), (None, None));
    }

    /// Neither tally nor payee can be told from what stands for it, and another session has other nonces.
    #[test]
    fn what_stands_for_a_tally_is_another_in_each_session(tally in any::<[u8; 16]>(), a in hash(), b in hash()) {
        let tally = TallyId::random(tally);
        prop_assert_eq!(nonce(tally, a, 0), nonce(tally, a, 0));
        prop_assert_ne!(nonce(tally, a, 0), nonce(tally, a, 1));
        prop_assert_eq!(a == b, nonce(tally, a, 0) == nonce(tally, b, 0));
    }
}

#[test]
fn a_curve_has_points_in_order() {
    let point = |arrives, enters| Point { arrives: positive(arrives), enters: positive(enters) };
    assert_eq!(Curve::new(vec![]), Err(CurveFault::Number(0)));
    let many = (1..=9).map(|at| point(at, at)).collect();
    assert_eq!(Curve::new(many), Err(CurveFault::Number(9)));
    assert_eq!(Curve::new(vec![point(1, 2), point(1, 3)]), Err(CurveFault::Order));
    assert_eq!(Curve::new(vec![point(1, 2), point(2, 1)]), Err(CurveFault::Order));
    assert!(Curve::new(vec![point(1, 2), point(2, 2)]).is_ok());
    assert!(
        serde_json::from_str::<Curve>(r#"[{"arrives":2,"enters":2},{"arrives":1,"enters":3}]"#)
            .is_err()
    );
}

fn a_query() -> Query {
    let agent = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2".parse().unwrap();
    Query {
        session: Hash::of(b"session"),
        nonce: Hash::of(b"nonce"),
        turn: 0,
        sought: Sought::Circle,
        amount: positive(5),
        most: positive(6),
        depth: Depth::ONE,
        budget: Budget::try_from(1).unwrap(),
        referees: list(vec![agent]),
        trail: list(vec![Hash::of(b"a")]),
    }
}

#[test]
fn what_a_query_may_not_be_is_refused_with_the_reason() {
    let query = a_query();
    assert_eq!(query.check(), Ok(()));
    let none = Query { referees: list(vec![]), ..query.clone() };
    assert_eq!(none.check(), Err(QueryFault::Referees));
    let twice = Query { referees: list(vec![query.referees[0]; 2]), ..query.clone() };
    assert_eq!(twice.check(), Err(QueryFault::Referees));
    let round = Query { trail: list(vec![Hash::of(b"a"); 2]), ..query.clone() };
    assert_eq!(round.check(), Err(QueryFault::Trail));
    let again = Query { turn: MOST_TURNS, ..query.clone() };
    assert_eq!(again.check(), Err(QueryFault::Turn));
    let marks = |n: u8| list((0..n).map(|mark| Hash::of(&[mark])).collect());
    let deep = |depth, trail| Query {
        depth: Depth::try_from(depth).unwrap(),
        trail: marks(trail),
        ..query.clone()
    };
    assert_eq!(deep(MOST_DEPTH, 1).check(), Ok(()));
    assert_eq!(deep(1, MOST_DEPTH).check(), Ok(()));
    assert_eq!(deep(MOST_DEPTH, 2).check(), Err(QueryFault::Trail));
    assert_eq!(Depth::try_from(0), Err(QueryFault::Depth(0)));
    assert_eq!(Depth::try_from(MOST_DEPTH + 1), Err(QueryFault::Depth(9)));
    assert_eq!(Budget::try_from(0), Err(QueryFault::Budget(0)));
    assert_eq!(Budget::try_from(MOST_BUDGET + 1), Err(QueryFault::Budget(4_097)));
    assert_eq!((Depth::ONE.less(), Depth::try_from(2).unwrap().less()), (None, Some(Depth::ONE)));
    let text = query.to_text().unwrap();
    let zero = text.as_str().replace(r#""depth":1"#, r#""depth":0"#);
    assert!(Query::read(zero.as_bytes()).is_err());
}

#[test]
fn an_answer_without_plan_or_through_no_site_is_refused() {
    let query = a_query();
    let answer =
        |said| Answer { session: query.session, nonce: query.nonce, used: Budget::ONE, said };
    let plan = |sites| Plan {
        token: Hash::of(b"token"),
        curve: Curve::new(vec![Point { arrives: positive(1), enters: positive(1) }]).unwrap(),
        sites,
        referees: query.referees.clone(),
    };
    let plans = |plans| Said::Plans(list(plans));
    assert_eq!(answer(Said::Refused(Why::Deep)).check(), Ok(()));
    assert_eq!(answer(plans(vec![])).check(), Err(QueryFault::NoPlan));
    assert_eq!(answer(plans(vec![plan(1)])).check(), Ok(()));
    assert_eq!(answer(plans(vec![plan(0)])).check(), Err(QueryFault::Sites(0)));
    assert_eq!(answer(plans(vec![plan(9)])).check(), Err(QueryFault::Sites(9)));
    let nobody = Plan { referees: list(vec![]), ..plan(1) };
    assert_eq!(answer(plans(vec![nobody])).check(), Err(QueryFault::Referees));
}

#[test]
fn an_advert_keeps_the_rules_of_plans_and_trails() {
    let Query { session, nonce, amount, depth, budget, trail, referees, .. } = a_query();
    let curve = Curve::new(vec![Point { arrives: positive(1), enters: positive(1) }]).unwrap();
    let plan = Plan { token: Hash::of(b"token"), curve, sites: 1, referees };
    let advert =
        Advert { session, nonce, turn: 0, round: false, amount, plan, depth, budget, trail };
    assert_eq!(advert.check(), Ok(()));
    assert_eq!(Advert { turn: MOST_TURNS, ..advert.clone() }.check(), Err(QueryFault::Turn));
    let twice = list(vec![Hash::of(b"a"); 2]);
    assert_eq!(Advert { trail: twice, ..advert.clone() }.check(), Err(QueryFault::Trail));
    let plan = Plan { sites: 0, ..advert.plan.clone() };
    assert_eq!(Advert { plan, ..advert }.check(), Err(QueryFault::Sites(0)));
}

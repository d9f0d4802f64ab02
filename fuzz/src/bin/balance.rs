//! Balancing: any network comes as near to its targets as is proved, within any limits; what comes round
//! for somebody is paid for by it alone; and anything at all can be checked.
#![no_main]

use clearing::{
    BalanceFault, BalanceLimits, Balanced, Gather, Hops, MOST_BALANCE_LOOKS, Planner, Round, Shift,
    verify_balanced,
};
use fuzz::balancing::{comes_round, rounds_hold};
use fuzz::networks::Bytes;
use protocol::Units;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes::of(data);
    let participants = 2 + u32::from(bytes.next() % 7);
    let asked = [(); 6].map(|()| usize::from(bytes.next()));
    let (amount, most_charges) = (bytes.units(), bytes.units());
    let graph = bytes.network(participants);
    for_nothing(&graph, asked);
    at_a_price(&graph, asked, amount, most_charges);
});

fn for_nothing(graph: &Hops, asked: [usize; 6]) {
    let best = graph.toward_targets(BalanceLimits::default());
    rounds_hold(graph, &best);
    let proof = verify_balanced(graph, &best).expect("proved");
    let few = BalanceLimits { most_members: None, looks: asked[0] as u64 };
    let short = BalanceLimits { most_members: Some(2), looks: MOST_BALANCE_LOOKS };
    for limits in [few, short] {
        let balanced = graph.toward_targets(limits);
        rounds_hold(graph, &balanced);
        assert!(balanced.nearer <= proof.nearer);
        let checked = verify_balanced(graph, &balanced);
        assert!(matches!(checked, Ok(_) | Err(BalanceFault::Unproved)), "{checked:?}");
    }
    // The bound holds whatever the potentials are.
    let wild = |v: usize| i32::from_ne_bytes([asked[v % 6] as u8; 4]);
    let potentials = Some((0..graph.participants() as usize).map(wild).collect());
    match verify_balanced(graph, &Balanced { potentials, ..best.clone() }) {
        Ok(proof) | Err(BalanceFault::NotTight(proof)) => assert!(proof.bound >= best.nearer),
        Err(fault) => panic!("sound as it was, but {fault}"),
    }
    let mut wrong = best;
    wrong.rounds.push(Round { legs: Vec::new() });
    if let Some(leg) = wrong.rounds[0].legs.last_mut() {
        (leg.hop, leg.giver) = (asked[1], leg.taker);
    }
    assert!(verify_balanced(graph, &wrong).is_err());
}

fn at_a_price(graph: &Hops, asked: [usize; 6], amount: Units, most_charges: Units) {
    let mut planner = Planner::default();
    let who = asked[2] as u32 % graph.participants();
    for amount in [Some(amount), None] {
        if let Ok(plan) = planner.gather(graph, &Gather { who, amount, most_charges }) {
            assert!(amount.is_none_or(|amount| amount == plan.arrives()));
            comes_round(graph, who, &plan, most_charges, |place| {
                let hop = graph.list()[place];
                if hop.giver == who { hop.lading.spare() } else { hop.lading.free() }
            });
        }
    }
    let shift = Shift { out: asked[3], into: asked[4], amount, most_charges };
    if let Ok(plan) = planner.shift(graph, &shift) {
        assert_eq!(plan.arrives(), amount);
        let who = graph.list()[shift.out].giver;
        comes_round(graph, who, &plan, most_charges, |place| {
            assert!(place == shift.out || place == shift.into);
            amount.max(plan.given())
        });
    }
}

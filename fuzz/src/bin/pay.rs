//! Payments: any network and any request give a plan that holds, or a refusal whose cut is one.
#![no_main]

use clearing::{Planner, Request};
use fuzz::networks::Bytes;
use protocol::Units;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes::of(data);
    let participants = 2 + u32::from(bytes.next() % 7);
    let mut request = Request::new(0, 1, bytes.units());
    (request.longest, request.parts) = (u32::from(bytes.next() % 14), u32::from(bytes.next() % 9));
    request.most_given = if bytes.next() % 2 == 0 { Units::MAX } else { bytes.units() };
    let graph = bytes.network(participants);
    let mut planner = Planner::default();
    let payable = planner.max_payable(&graph, 0, 1).expect("a question");
    if let Some(cut) = &payable.cut {
        fuzz::payments::cut_bounds(&graph, cut, payable.most, payable.proved);
    }
    match planner.plan(&graph, &request) {
        Ok(plan) => {
            fuzz::payments::plan_holds(&graph, &request, &plan);
            for plan in planner.alternatives(&graph, &request, 3).expect("at least the plan") {
                fuzz::payments::plan_holds(&graph, &request, &plan);
            }
        }
        Err(clearing::Unpaid::TooLittle { most, cut, proved }) => {
            assert!(most < request.amount);
            if let Some(cut) = &cut {
                fuzz::payments::cut_bounds(&graph, cut, most, proved);
            }
        }
        Err(_) => {}
    }
});

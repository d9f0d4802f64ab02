//! Payments: any network and any request give a plan that holds, or a refusal whose cut is one.
#![no_main]

use clearing::{Hop, Hops, Planner, Request};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

/// Numbers from the bytes, zeros when there are no more.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Small ones, powers of two, and the largest that there are.
    fn units(&mut self) -> Units {
        let (kind, value) = (self.next() % 4, i64::from(self.next()));
        let milli = match kind {
            0 | 1 => value,
            2 => 1 << (value % 53),
            _ => Units::MAX.milli() - value,
        };
        Units::new(milli).expect("within the range")
    }

    fn rate(&mut self) -> Rate {
        let ppm = [0, 0, 0, 1, 10_000, 500_000, 1_000_000, -1, -10_000, -1_000_000];
        Rate::new(ppm[usize::from(self.next()) % ppm.len()]).expect("within the whole")
    }

    fn side(&mut self) -> Option<InForce> {
        let (target, bound, owe) = (self.units(), self.units(), self.units());
        let settings = Settings::new(target, bound, self.rate(), self.rate()).ok()?;
        Some(InForce::after_set(owe, settings, None))
    }

    fn tally(&mut self, participants: u32) -> Option<[Hop; 2]> {
        let (holder, partner) = (u32::from(self.next()), u32::from(self.next()));
        let (holder, partner) = (holder % participants, partner % participants);
        let negative = self.next() % 2 == 1;
        let balance = self.units();
        let balance = if negative { balance.negated() } else { balance };
        let here = Position::new(balance, Units::ZERO, Units::ZERO).ok()?;
        let consent = Consent { holder: self.side()?, partner: self.side()? };
        (holder != partner).then(|| {
            let (inward, outward) =
                (Lading::inward(here, &consent), Lading::outward(here, &consent));
            [
                Hop { giver: partner, taker: holder, lading: inward },
                Hop { giver: holder, taker: partner, lading: outward },
            ]
        })
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let participants = 2 + u32::from(bytes.next() % 7);
    let mut request = Request::new(0, 1, bytes.units());
    (request.longest, request.parts) = (u32::from(bytes.next() % 14), u32::from(bytes.next() % 9));
    request.most_given = if bytes.next() % 2 == 0 { Units::MAX } else { bytes.units() };
    let mut list = Vec::new();
    while !bytes.0.is_empty() && list.len() < 60 {
        list.extend(bytes.tally(participants).into_iter().flatten());
    }
    let graph = Hops::new(participants, list).expect("a graph");
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

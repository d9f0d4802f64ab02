//! Payments over a real network of trust lines, one after the other:
//! `cargo run --release -p clearing --example ripple -- TRUSTLINES PAYMENTS [PARTS [fast]]`.
//!
//! A line of TRUSTLINES is `u v lo w hi`: `w` is what u has paid v over it; u can pay v up to `hi - w` more, v can pay
//! u up to `w - lo`. A line of PAYMENTS is `amount payer payee`. Amounts are rounded toward zero to
//! three decimals; a payment of less than that moves nothing and counts as made. A limit beyond the largest amount of a
//! record is that amount; a line whose balance is beyond it is left out. A file may be a pipe:
//! `<(xz -dc payments.txt.xz)`. PARTS is the most parts a payment may have (as many as it needs); `fast` leaves out
//! the proofs by another program.

use std::io::Write as _;
use std::time::{Duration, Instant};

use clearing::{Hops, Limit, Plan, Planner, Request, Unpaid};
use protocol::Units;

#[path = "ripple/amount.rs"]
mod amount;
#[path = "families/mod.rs"]
mod families;
#[path = "ripple/flow.rs"]
mod flow;
#[path = "ripple/lines.rs"]
mod lines;
#[path = "tallies/mod.rs"]
mod tallies;

use lines::{Failure, Line};

struct Network {
    lines: Vec<Line>,
    graph: Hops,
}

impl Network {
    fn read(path: &str) -> Result<Self, Failure> {
        let lines = lines::read(path)?;
        let most = lines.iter().flat_map(|line| line.ends).max().unwrap_or(0);
        let mut list = Vec::new();
        for line in &lines {
            list.extend(line.hops()?);
        }
        Ok(Self { lines, graph: Hops::new(most + 1, list)? })
    }

    /// Changes both directions of every line that something moved over.
    fn apply(&mut self, plan: &Plan) -> Result<(), Failure> {
        for (place, units) in plan.moves() {
            let line = &mut self.lines[place / 2];
            line.balance += if place % 2 == 0 { units.milli() } else { -units.milli() };
            let [inward, outward] = line.hops()?;
            let first = place - place % 2;
            self.graph.put(first, inward)?;
            self.graph.put(first + 1, outward)?;
        }
        Ok(())
    }

    /// Whether independent of the planner the largest flow is what a refusal says, and its cut a cut.
    fn proves(&self, payer: u32, payee: u32, most: Units, cut: &[usize]) -> bool {
        let list = self.graph.list();
        let room: i64 = cut.iter().map(|&hop| list[hop].lading.most().milli()).sum();
        let flow = flow::largest(list, self.graph.participants(), payer, payee);
        flow == i128::from(most.milli()) && i128::from(room) == flow
    }
}

fn share(part: usize, whole: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a percentage for people")]
    let share = 100.0 * part as f64 / whole.max(1) as f64;
    share
}

#[derive(Default)]
struct Tally {
    nothing: usize,
    paid: usize,
    in_parts: usize,
    legs: usize,
    cuts: [usize; 3],
    limits: usize,
    proved: usize,
    disproved: usize,
    times: Vec<Duration>,
    most_parts: usize,
    changing: Duration,
}

/// At most so many refusals are proved by another program, spread over all of them.
const PROOFS: usize = 1_000;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let [_, lines, payments, options @ ..] = &args[..] else {
        return Err("usage: ripple TRUSTLINES PAYMENTS [PARTS [fast]]".into());
    };
    let parts = options.first().map_or(Ok(u32::MAX), |parts| parts.parse())?;
    let prove = options.len() < 2;
    let mut network = Network::read(lines)?;
    let mut planner = Planner::default();
    let mut tally = Tally::default();
    for (amount, [payer, payee]) in lines::payments(payments)? {
        let request = Request { parts, ..Request::new(payer, payee, amount) };
        pay(&mut network, &mut planner, &request, prove, &mut tally)?;
    }
    report(&mut tally)?;
    if prove {
        pairs(&network, &mut planner)?;
    }
    Ok(())
}

fn pay(
    network: &mut Network,
    planner: &mut Planner,
    request: &Request,
    prove: bool,
    tally: &mut Tally,
) -> Result<(), Failure> {
    if request.amount == Units::ZERO {
        tally.nothing += 1;
        return Ok(());
    }
    let start = Instant::now();
    let decision = planner.plan(&network.graph, request);
    tally.times.push(start.elapsed());
    match decision {
        Ok(plan) => {
            tally.paid += 1;
            tally.in_parts += usize::from(plan.parts.len() > 1);
            tally.most_parts = tally.most_parts.max(plan.parts.len());
            tally.legs += plan.parts.iter().map(|part| part.legs.len()).sum::<usize>();
            let start = Instant::now();
            network.apply(&plan)?;
            tally.changing += start.elapsed();
        }
        Err(Unpaid::TooLittle { most, cut: Some(cut), .. }) => {
            let kind = match cut.limit {
                Limit::Payer => 0,
                Limit::Payee => 1,
                Limit::Between => 2,
            };
            tally.cuts[kind] += 1;
            let refused: usize = tally.cuts.iter().sum();
            // All of those between the two, and every tenth of the others.
            let chosen = kind == 2 || refused.is_multiple_of(10);
            if prove && chosen && tally.proved + tally.disproved < PROOFS {
                if network.proves(request.payer, request.payee, most, &cut.hops) {
                    tally.proved += 1;
                } else {
                    tally.disproved += 1;
                }
            }
        }
        Err(_) => tally.limits += 1,
    }
    Ok(())
}

fn report(tally: &mut Tally) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let all = tally.nothing + tally.times.len();
    let made = tally.paid + tally.nothing;
    writeln!(out, "payments        {all}")?;
    writeln!(out, "made            {made} ({:.2} %)", share(made, all))?;
    writeln!(out, "  too small     {}", tally.nothing)?;
    writeln!(out, "  in parts      {} (at most {} parts)", tally.in_parts, tally.most_parts)?;
    writeln!(out, "  legs          {}", tally.legs)?;
    let [payer, payee, between] = tally.cuts;
    writeln!(out, "refused, cut at the payer's own lines  {payer}")?;
    writeln!(out, "refused, cut at the payee's own lines  {payee}")?;
    writeln!(out, "refused, cut between                   {between}")?;
    writeln!(out, "refused, by a limit of the request     {}", tally.limits)?;
    writeln!(out, "refusals proved {}, disproved {}", tally.proved, tally.disproved)?;
    tally.times.sort_unstable();
    let times = &tally.times;
    let at = |thousandth: usize| times[(times.len() - 1) * thousandth / 1_000].as_secs_f64() * 1e6;
    let mean =
        times.iter().sum::<Duration>().as_secs_f64() * 1e6 / 1e3 / share(times.len(), 100_000);
    writeln!(
        out,
        "decision, microseconds: median {:.1}, mean {mean:.1}, 90 % {:.1}, 99 % {:.1}, worst {:.1}",
        at(500),
        at(900),
        at(990),
        at(1_000)
    )?;
    writeln!(out, "changing the graph, all together: {:?}", tally.changing)?;
    Ok(())
}

/// What can be paid between random pairs, against another program.
fn pairs(network: &Network, planner: &mut Planner) -> Result<(), Failure> {
    let participants = network.graph.participants();
    let mut state = 1_u64;
    let mut below = |bound: u32| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % u64::from(bound)).unwrap_or(0)
    };
    let (mut equal, mut nonzero, mut times) = (0, 0, Vec::new());
    for _ in 0..PROOFS {
        let payer = below(participants);
        let payee = (payer + 1 + below(participants - 1)) % participants;
        let start = Instant::now();
        let payable = planner.max_payable(&network.graph, payer, payee)?;
        times.push(start.elapsed());
        let flow = flow::largest(network.graph.list(), participants, payer, payee);
        equal += usize::from(
            i128::from(payable.most.milli()) == flow.min(i128::from(Units::MAX.milli())),
        );
        nonzero += usize::from(flow > 0);
    }
    times.sort_unstable();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "random pairs: {equal} of {PROOFS} equal the largest flow, {nonzero} of them above zero"
    )?;
    writeln!(out, "  median {:?}, 99 % {:?}, worst {:?}", times[500], times[990], times[999])?;
    Ok(())
}

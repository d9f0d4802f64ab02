//! Payments among the users of many sites, one after the other: those inside a site over its own tallies, all others found by
//! both ends; beside an engine that knows every tally, in a world of its own where its own payments were made.

use std::time::{Duration, Instant};

use clearing::Hops;
use protocol::Units;

use crate::divided::{Divided, Moves, Said};
use crate::lines::Failure;
use crate::tallies::{Tally, hops_of};

/// How many queries a search may cause, and as many adverts: as the site does.
const SEARCH_BUDGET: u32 = 512;
/// How much time passes from payment to payment, in milliseconds.
const EVERY_MS: i64 = 1_000;

/// A payment: payer, payee, how much arrives, and the most that the payer gives.
#[derive(Clone, Copy)]
pub(crate) struct Payment {
    pub(crate) ends: [u32; 2],
    pub(crate) amount: Units,
    pub(crate) most: Units,
}

/// What came of all of them, with a map or without.
#[derive(Clone, Copy, Default)]
pub(crate) struct Paid {
    pub(crate) made: usize,
    pub(crate) legs: usize,
    pub(crate) given: i128,
    pub(crate) arrived: i128,
    pub(crate) time: Duration,
}

impl Paid {
    fn add(&mut self, given: Units, arrived: Units, legs: usize) {
        self.made += 1;
        self.legs += legs;
        self.given += i128::from(given.milli());
        self.arrived += i128::from(arrived.milli());
    }
}

/// What came of them without a map.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) paid: Paid,
    /// Of those between users of one site: how many, and how many were made.
    pub(crate) inside: [usize; 2],
    /// Of those made between sites: by how many tallies between sites.
    pub(crate) depths: Vec<usize>,
    pub(crate) said: Said,
    /// How many tallies are between sites, and how many there are.
    pub(crate) between: usize,
    pub(crate) tallies: usize,
}

/// Plays them where every tally is known.
pub(crate) fn with_map(
    participants: u32,
    mut tallies: Vec<Tally>,
    payments: &[Payment],
) -> Result<(Paid, Vec<bool>), Failure> {
    let mut graph = hops_of(participants, &tallies)?;
    let (mut paid, mut which) = (Paid::default(), Vec::with_capacity(payments.len()));
    for Payment { ends: [payer, payee], amount, most } in payments {
        let start = Instant::now();
        let path = graph.cheapest_if_any(*payer, *payee, *amount);
        let path = path.filter(|path| path.given() <= *most);
        paid.time += start.elapsed();
        which.push(path.is_some());
        let Some(path) = path else { continue };
        paid.add(path.given(), *amount, path.legs.len());
        for leg in path.legs {
            let tally = &mut tallies[leg.hop / 2];
            let inward = leg.hop % 2 == 0;
            let balance = tally.balance;
            tally.balance =
                if inward { balance.plus(leg.units)? } else { balance.minus(leg.units)? };
            put(&mut graph, leg.hop - leg.hop % 2, tally)?;
        }
    }
    Ok((paid, which))
}

fn put(graph: &mut Hops, first: usize, tally: &Tally) -> Result<(), Failure> {
    for (place, hop) in (first..).zip(tally.hops()?) {
        graph.put(place, hop)?;
    }
    Ok(())
}

/// Plays them where each site knows its own users only.
pub(crate) fn without_map(
    tallies: Vec<Tally>,
    at: Vec<u32>,
    payments: &[Payment],
) -> Result<(Seen, Vec<bool>), Failure> {
    let mut world = Divided::new(tallies, at, Moves::All)?;
    let mut seen =
        Seen { between: world.between(), tallies: world.tallies.len(), ..Seen::default() };
    let mut which = Vec::with_capacity(payments.len());
    for payment in payments {
        world.wait(EVERY_MS)?;
        let start = Instant::now();
        let made = if world.apart(payment.ends[0], payment.ends[1]) {
            between(&mut world, payment, &mut seen)?
        } else {
            inside(&mut world, payment, &mut seen)?
        };
        seen.paid.time += start.elapsed();
        which.push(made);
    }
    seen.said = world.said;
    Ok((seen, which))
}

fn inside(world: &mut Divided, payment: &Payment, seen: &mut Seen) -> Result<bool, Failure> {
    let Payment { ends, amount, most } = *payment;
    let site = world.at[ends[0] as usize] as usize;
    let [payer, payee] = ends.map(|user| world.local[user as usize]);
    seen.inside[0] += 1;
    let path = world.sites[site].gates.hops().cheapest_if_any(payer, payee, amount);
    let Some(path) = path.filter(|path| path.given() <= most) else { return Ok(false) };
    seen.inside[1] += 1;
    seen.paid.add(path.given(), amount, path.legs.len());
    for leg in path.legs {
        let (tally, inward) = world.sites[site].tally(leg.hop).ok_or("no such hop")?;
        world.move_over(tally, inward, leg.units)?;
    }
    Ok(true)
}

fn between(world: &mut Divided, payment: &Payment, seen: &mut Seen) -> Result<bool, Failure> {
    let Payment { ends, amount, most } = *payment;
    let site = world.at[ends[0] as usize] as usize;
    let found = world.towards(ends, [amount, most], SEARCH_BUDGET, true)?;
    for plan in found.unwrap_or_default() {
        if plan.curve.top().arrives.get() < amount {
            continue;
        }
        if let Some(lift) = world.lift(site, &plan, [amount.try_into()?, most.try_into()?])? {
            seen.paid.add(lift.given, amount, lift.legs);
            seen.depths.push(lift.between);
            return Ok(true);
        }
    }
    Ok(false)
}

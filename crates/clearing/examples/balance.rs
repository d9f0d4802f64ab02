//! How much balancing moves in a large network, and how long it takes: `cargo run --release -p clearing
//! --example balance`. 20,000 participants, 50,000 tallies; a quarter of the holders has a target.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use clearing::{Hop, Hops, MOST_BALANCE_LOOKS};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

const PARTICIPANTS: u32 = 20_000;
const TALLIES: u32 = 50_000;
const SHIFTS: u32 = 200;

/// `SplitMix64`: the same seed, the same network.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(bound)).unwrap_or(0)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let mut chance = Chance(1);
    let graph = network(&mut chance)?;
    let debt: i64 = graph.list().iter().map(|hop| hop.lading.debt().milli()).sum();
    writeln!(out, "{debt} milli-CHIPs owed in all")?;
    for members in [3, 4, 6, 12] {
        let start = Instant::now();
        let found = graph.toward_targets(members, MOST_BALANCE_LOOKS);
        let seconds = start.elapsed().as_secs_f64();
        let legs = found.rounds.iter().flat_map(|round| &round.legs);
        let moved: i64 = legs.map(|leg| leg.units.milli()).sum();
        let (rounds, complete) = (found.rounds.len(), found.complete);
        writeln!(
            out,
            "circles of {members:>2}: {rounds:>6}, {moved:>9} moved, {seconds:.2} s, {complete}"
        )?;
    }
    let (start, mut done) = (Instant::now(), 0);
    for _ in 0..SHIFTS {
        let leaving = chance.below(TALLIES * 2) as usize;
        let who = graph.list()[leaving].giver;
        let into = (0..graph.list().len()).rev().find(|&hop| graph.list()[hop].taker == who);
        let amount = Units::new(1 + i64::from(chance.below(3_000)))?;
        let most = Units::new(amount.milli() / 20)?;
        done += u32::from(graph.shift(leaving, into.unwrap_or(0), amount, most).is_ok());
    }
    let mean = start.elapsed().as_secs_f64() * 1e3 / f64::from(SHIFTS);
    writeln!(out, "{done} of {SHIFTS} shifts at up to 5 %, {mean:.1} ms each")?;
    Ok(())
}

fn network(chance: &mut Chance) -> Result<Hops, Box<dyn Error>> {
    let mut list = Vec::new();
    for _ in 0..TALLIES {
        let holder = chance.below(PARTICIPANTS);
        let reach = if chance.below(10) == 0 { PARTICIPANTS } else { 200 };
        let partner = (holder + 1 + chance.below(reach - 1)) % PARTICIPANTS;
        let balance = Units::new(i64::from(chance.below(40_000)) - 20_000)?;
        let here = Position::new(balance, Units::ZERO, Units::ZERO)?;
        let consent = Consent { holder: in_force(chance)?, partner: in_force(chance)? };
        let (inward, outward) = (Lading::inward(here, &consent), Lading::outward(here, &consent));
        list.push(Hop { giver: partner, taker: holder, lading: inward });
        list.push(Hop { giver: holder, taker: partner, lading: outward });
    }
    Ok(Hops::new(PARTICIPANTS, list)?)
}

/// Half of the holders charge up to 2 % for letting go, all of them for taking in beyond their target.
fn in_force(chance: &mut Chance) -> Result<InForce, Box<dyn Error>> {
    let mut some = || i32::try_from(chance.below(20_001));
    let (reward, clutch) = (some()?, some()?);
    let clutch = if chance.below(2) == 0 { 0 } else { clutch };
    let limit = 20_000 + i64::from(chance.below(40_000));
    let target = if chance.below(4) == 0 { 10_000 } else { 0 };
    let (target, limit) = (Units::new(target)?, Units::new(limit)?);
    let settings = Settings::new(target, limit, Rate::new(reward)?, Rate::new(clutch)?)?;
    Ok(InForce::after_set(limit, settings, None))
}

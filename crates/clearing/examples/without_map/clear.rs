//! Debts among the users of many sites, cleared by what each site knows: first what its own engine clears among its users,
//! then ways round through other sites, by the rule that a site goes by (`clearing::Tries`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clearing::{
    Debt, LEAST_PART_MILLI, ROUND_BUDGET, Stands, TRIED_AT_ONCE, To, Tries, best_circulation,
};
use protocol::chit::Positive;
use protocol::query::MOST_DEPTH;
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

use crate::divided::{Divided, Lifted, Moves, Said};
use crate::lines::Failure;
use crate::tallies::Tally;

/// How often it does, in milliseconds.
const EVERY_MS: i64 = 60_000;
/// After so many messages for each debt of the table it ends.
pub(crate) const MOST_MESSAGES: u64 = 9;

/// What came of it.
#[derive(Clone, Default)]
pub(crate) struct Cleared {
    /// Inside sites, and in all, in milli-CHIPs.
    pub(crate) inside: i128,
    pub(crate) all: i128,
    pub(crate) between: usize,
    pub(crate) lifts: usize,
    /// Legs between sites, of all lifts.
    pub(crate) legs: usize,
    pub(crate) tallies: usize,
    pub(crate) searches: usize,
    pub(crate) rounds: usize,
    pub(crate) said: Said,
    pub(crate) time: Duration,
    /// After each round: messages, and what is cleared.
    pub(crate) curve: Vec<(u64, i128)>,
}

/// One tally for all that one owes another, the debtor its holder.
pub(crate) fn tallies(debts: &[Debt]) -> Result<Vec<Tally>, Failure> {
    let mut owed: BTreeMap<(u32, u32), Units> = BTreeMap::new();
    for debt in debts.iter().filter(|debt| debt.debtor != debt.creditor) {
        let sum = owed.entry((debt.debtor, debt.creditor)).or_insert(Units::ZERO);
        *sum = sum.plus(debt.units)?;
    }
    let zero = Settings::new(Units::ZERO, Units::ZERO, Rate::ZERO, Rate::ZERO)?;
    let signed = InForce::after_set(Units::ZERO, zero, None);
    let consent = Consent { holder: signed, partner: signed };
    let tally = |((debtor, creditor), units): (_, Units)| Tally {
        ends: [debtor, creditor],
        balance: units.negated(),
        consent,
    };
    Ok(owed.into_iter().map(tally).collect())
}

/// Clears until everybody at a border was looked for in every amount and nothing was found, or [`MOST_MESSAGES`] for each of so
/// many debts were said.
pub(crate) fn clear(tallies: Vec<Tally>, at: Vec<u32>, debts: usize) -> Result<Cleared, Failure> {
    let start = Instant::now();
    let mut world = Divided::new(tallies, at, Moves::Debts)?;
    let mut cleared =
        Cleared { between: world.between(), tallies: world.tallies.len(), ..Cleared::default() };
    cleared.inside = inside(&mut world)?;
    cleared.all = cleared.inside;
    cleared.curve.push((0, cleared.all));
    let least = Units::new(LEAST_PART_MILLI)?;
    let mut tries: Vec<Tries<u32>> = vec![Tries::new(least); world.sites.len()];
    // In this run debts only become smaller: who was looked for in vain in every amount is not again.
    let mut done = vec![false; world.at.len()];
    loop {
        world.wait(EVERY_MS)?;
        let mut tried = 0;
        for (site, tries) in tries.iter_mut().enumerate() {
            let owed = owed_abroad(&world, site)?.into_iter();
            let owed = owed.filter(|(user, _)| !done[*user as usize]);
            // Nothing is new in this run.
            let stands = |most| Stands { most, owed: most, owes: Units::ZERO };
            let all = owed.map(|(user, most)| (user, stands(most)));
            let next = tries.next(all, world.now_ms, TRIED_AT_ONCE);
            tried += next.len();
            for (user, units) in next {
                let ways = around(&mut world, site, user, units)?;
                cleared.searches += 1;
                if ways.is_empty() {
                    done[user as usize] = tries.led_nowhere(&user, units, world.now_ms, |ms| ms);
                } else {
                    tries.found(&user);
                }
                for lifted in ways {
                    cleared.lifts += 1;
                    cleared.legs += lifted.between;
                    cleared.all +=
                        i128::from(lifted.arrives.milli()) * i128::try_from(lifted.legs)?;
                }
            }
        }
        if tried == 0 {
            break;
        }
        cleared.rounds += 1;
        cleared.curve.push((world.said.messages(), cleared.all));
        if world.said.messages() >= MOST_MESSAGES * debts as u64 {
            break;
        }
    }
    Ok(Cleared { said: world.said, time: start.elapsed(), ..cleared })
}

/// What each user of a site is owed at most by one elsewhere.
fn owed_abroad(world: &Divided, site: usize) -> Result<BTreeMap<u32, Units>, Failure> {
    let mut owed = BTreeMap::new();
    for tally in &world.sites[site].beyond {
        let Tally { ends: [_, creditor], balance, .. } = world.tallies[*tally];
        if world.at[creditor as usize] as usize == site && balance < Units::ZERO {
            let most = owed.entry(creditor).or_insert(Units::ZERO);
            *most = balance.negated().max(*most);
        }
    }
    Ok(owed)
}

/// Looks for ways round for a user, and lifts those that are found, one after the other.
fn around(
    world: &mut Divided,
    site: usize,
    user: u32,
    units: Units,
) -> Result<Vec<Lifted>, Failure> {
    let wanted = world.wanted(user, To::Round, [units, units], (MOST_DEPTH, ROUND_BUDGET))?;
    let Ok(plans) = world.search(site, wanted, Vec::new())? else { return Ok(Vec::new()) };
    let mut lifted = Vec::new();
    let most = Positive::try_from(units)?;
    for plan in plans {
        let amount = plan.curve.top().arrives.min(most);
        if let Some(lift) = world.lift(site, &plan, [amount, amount])? {
            lifted.push(lift);
        }
    }
    Ok(lifted)
}

/// What each site's engine clears among its own users, at once; in milli-CHIPs.
fn inside(world: &mut Divided) -> Result<i128, Failure> {
    let mut of_site: Vec<(Vec<usize>, Vec<Debt>)> = vec![Default::default(); world.sites.len()];
    for (number, tally) in world.tallies.iter().enumerate() {
        let [debtor, creditor] = tally.ends.map(|user| world.local[user as usize]);
        if !world.is_between(number) {
            let site = &mut of_site[world.at[tally.ends[0] as usize] as usize];
            site.0.push(number);
            site.1.push(Debt { debtor, creditor, units: tally.balance.negated() });
        }
    }
    let mut sum = 0;
    for (site, (numbers, debts)) in of_site.into_iter().enumerate() {
        let participants = world.sites[site].gates.hops().participants();
        let best = best_circulation(participants, &debts, &mut |_| {})?;
        for (tally, units) in numbers.into_iter().zip(best.cleared) {
            if units > Units::ZERO {
                world.move_over(tally, true, units)?;
                sum += i128::from(units.milli());
            }
        }
    }
    Ok(sum)
}

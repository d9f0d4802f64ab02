//! What can be cleared: the debts of tallies whose halves both are here, and the largest circulation
//! of them: proved to be the largest where it was searched for, and in any case judged by the locked halves.

use std::collections::{BTreeMap, BTreeSet};

use clearing::{Debt, best_circulation, verify};
use protocol::ledger::Ledger;
use protocol::lift::Leg;
use protocol::{AgentId, Cuid, Lading, Side, TallyId, Units};
use store::{Half, HalfFilter, HalfId, View};

use crate::error::SiteError;

/// How many halves are read at once.
const AT_ONCE: u32 = 1_000;

/// One half, as far as clearing needs it.
struct Room {
    half: HalfId,
    holder: Cuid,
    partner: String,
    side: Side,
    /// What the holder owes, so far as value may come in to it; and the same of the partner.
    inward: Units,
    outward: Units,
}

impl Room {
    /// None where the half must not lift: not open, closed, in conflict; or it cannot be read, which
    /// doctor says.
    fn of(half: &Half) -> Option<Self> {
        let ledger: Ledger = serde_json::from_str(half.row.ledger.as_deref()?).ok()?;
        let position = ledger.position()?;
        let consent = ledger.consent();
        Some(Self {
            half: half.id,
            holder: half.holder.clone(),
            partner: half.row.partner.clone()?,
            side: half.side,
            inward: Lading::inward(position, &consent).debt(),
            outward: Lading::outward(position, &consent).debt(),
        })
    }
}

/// A debt that both halves of a tally see.
pub(crate) struct Owed {
    pub(crate) debtor: Cuid,
    creditor: Cuid,
    /// Relieved in full: the creditor's side gives.
    leg: Leg,
    stock: HalfId,
    foil: HalfId,
}

/// The halves that were read, by tally.
pub(crate) struct Rooms {
    agent: AgentId,
    halves: BTreeMap<TallyId, Vec<Room>>,
}

impl Rooms {
    pub(crate) const fn at(agent: AgentId) -> Self {
        Self { agent, halves: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, half: &Half) {
        if let Some(room) = Room::of(half) {
            self.halves.entry(half.tally).or_default().push(room);
        }
    }

    /// The halves of all open tallies.
    pub(crate) async fn read(&mut self, view: &mut View) -> Result<(), SiteError> {
        for status in ["open", "C.open"] {
            let status = Some(status.to_owned());
            let filter = HalfFilter { status, ..HalfFilter::default() };
            let mut after = None;
            loop {
                let page = view.halves(&filter, after, AT_ONCE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for half in &page {
                    self.add(half);
                }
            }
        }
        Ok(())
    }

    /// What is owed on each tally, by tally.
    pub(crate) fn owed(&self) -> Vec<Owed> {
        let owed = self.halves.iter().filter_map(|(tally, rooms)| self.owed_on(*tally, rooms));
        owed.collect()
    }

    /// Chits on their way between the halves: what either does not see as owed is not.
    fn owed_on(&self, tally: TallyId, rooms: &[Room]) -> Option<Owed> {
        // A stranger may have named its own tally alike: the two must mean each other.
        let means =
            |one: &Room, other: &Room| one.partner == format!("{}:{}", other.holder, self.agent);
        let (stock, foil) =
            rooms.iter().filter(|room| room.side == Side::Stock).find_map(|stock| {
                let mut foils = rooms.iter().filter(|room| room.side == Side::Foil);
                let foil = foils.find(|foil| means(stock, foil) && means(foil, stock))?;
                Some((stock, foil))
            })?;
        let by_foil = foil.inward.min(stock.outward);
        let by_stock = stock.inward.min(foil.outward);
        let (debtor, creditor, by, units) = if by_foil > Units::ZERO {
            (foil, stock, Side::Stock, by_foil)
        } else {
            (stock, foil, Side::Foil, by_stock)
        };
        let units = units.try_into().ok()?;
        Some(Owed {
            debtor: debtor.holder.clone(),
            creditor: creditor.holder.clone(),
            leg: Leg { tally, by, units },
            stock: stock.half,
            foil: foil.half,
        })
    }
}

/// What one tally gives to a lift.
pub(crate) struct Move {
    pub(crate) leg: Leg,
    pub(crate) stock: HalfId,
    pub(crate) foil: HalfId,
    pub(crate) debtor: Cuid,
}

/// The largest circulation of what is owed.
pub(crate) struct Plan {
    /// All that is owed, in milli-CHIPs.
    pub(crate) total_milli: i128,
    /// What of it is cleared.
    pub(crate) cleared_milli: i128,
    /// By tally.
    pub(crate) moves: Vec<Move>,
}

impl Plan {
    /// The plan that was found elsewhere, out of debts of `total_milli`.
    pub(crate) fn of(total_milli: i128, moves: Vec<Move>) -> Self {
        let cleared = moves.iter().map(|one| i128::from(one.leg.units.get().milli()));
        Self { total_milli, cleared_milli: cleared.sum(), moves }
    }

    /// Finds it, and checks the proof that it is the largest.
    pub(crate) fn best(owed: &[Owed]) -> Result<Self, SiteError> {
        let mut numbers: BTreeMap<&Cuid, u32> = BTreeMap::new();
        let mut number = |cuid| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(cuid).or_insert(next)
        };
        let debt =
            |one: &Owed, debtor, creditor| Debt { debtor, creditor, units: one.leg.units.get() };
        let mut debts = Vec::with_capacity(owed.len());
        for one in owed {
            let (debtor, creditor) = (number(&one.debtor), number(&one.creditor));
            debts.push(debt(one, debtor, creditor));
        }
        let users = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let unproved = |reason: String| SiteError::Unproved { reason };
        let found = best_circulation(users, &debts, &mut |_| {});
        let found = found.map_err(|error| unproved(error.to_string()))?;
        let proof = verify(users, &debts, &found).map_err(|error| unproved(error.to_string()))?;
        let moves = owed.iter().zip(&found.cleared).filter_map(|(one, cleared)| {
            let leg = Leg { units: (*cleared).try_into().ok()?, ..one.leg };
            Some(Move { leg, stock: one.stock, foil: one.foil, debtor: one.debtor.clone() })
        });
        Ok(Self {
            total_milli: debts.iter().map(|debt| i128::from(debt.units.milli())).sum(),
            cleared_milli: proof.cleared,
            moves: moves.collect(),
        })
    }

    /// Whether every tally still owes as much as the plan takes of it.
    pub(crate) fn fits(&self, owed: &[Owed]) -> bool {
        let now: BTreeMap<TallyId, &Leg> =
            owed.iter().map(|one| (one.leg.tally, &one.leg)).collect();
        self.moves.iter().all(|one| {
            let leg = &one.leg;
            now.get(&leg.tally).is_some_and(|now| now.by == leg.by && leg.units <= now.units)
        })
    }

    /// Judges the plan by what locked halves say is owed, whoever made it: every move relieves a debt by at
    /// most itself, and nobody ends richer or poorer.
    ///
    /// # Errors
    /// [`SiteError::Unproved`], a fault of whoever made it.
    pub(crate) fn check(&self, owed: &[Owed]) -> Result<(), SiteError> {
        let unproved = |reason: &str| SiteError::Unproved { reason: reason.to_owned() };
        if !self.fits(owed) {
            return Err(unproved("a tally is relieved of more than it owes"));
        }
        let now: BTreeMap<TallyId, &Owed> = owed.iter().map(|one| (one.leg.tally, one)).collect();
        let mut change = BTreeMap::<&Cuid, i128>::new();
        for one in &self.moves {
            let Some(owed) = now.get(&one.leg.tally) else { continue };
            let milli = i128::from(one.leg.units.get().milli());
            *change.entry(&owed.debtor).or_default() += milli;
            *change.entry(&owed.creditor).or_default() -= milli;
        }
        if change.values().any(|change| *change != 0) {
            return Err(unproved("somebody would end richer or poorer"));
        }
        Ok(())
    }

    /// The halves that it touches.
    pub(crate) fn halves(&self) -> Vec<HalfId> {
        self.moves.iter().flat_map(|one| [one.stock, one.foil]).collect()
    }

    /// How many users are relieved of some debt.
    pub(crate) fn relieved(&self) -> u64 {
        let debtors: BTreeSet<&Cuid> = self.moves.iter().map(|one| &one.debtor).collect();
        u64::try_from(debtors.len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(number: u8, debtor: &str, creditor: &str, milli: i64) -> Owed {
        let units = Units::new(milli).unwrap().try_into().unwrap();
        Owed {
            debtor: debtor.parse().unwrap(),
            creditor: creditor.parse().unwrap(),
            leg: Leg { tally: TallyId::random([number; 16]), by: Side::Stock, units },
            stock: HalfId::new(2 * i64::from(number)),
            foil: HalfId::new(2 * i64::from(number) + 1),
        }
    }

    fn plan(moves: &[(&Owed, i64)]) -> Plan {
        let moves = moves.iter().map(|(owed, milli)| Move {
            leg: Leg { units: Units::new(*milli).unwrap().try_into().unwrap(), ..owed.leg },
            stock: owed.stock,
            foil: owed.foil,
            debtor: owed.debtor.clone(),
        });
        Plan::of(0, moves.collect())
    }

    #[test]
    fn a_plan_that_makes_somebody_richer_or_relieves_too_much_is_refused() {
        let owed =
            [owed(1, "ann", "bob", 30), owed(2, "bob", "cleo", 20), owed(3, "cleo", "ann", 50)];
        let [a, b, c] = &owed;
        assert!(plan(&[(a, 20), (b, 20), (c, 20)]).check(&owed).is_ok());
        assert!(plan(&[(a, 21), (b, 21), (c, 21)]).check(&owed).is_err(), "bob owes 20");
        assert!(plan(&[(a, 20), (b, 20)]).check(&owed).is_err(), "ann and cleo would not end even");
        assert!(plan(&[(a, 20), (b, 20), (c, 19)]).check(&owed).is_err());
        assert!(plan(&[(a, 20), (b, 20), (c, 20)]).check(&owed[..2]).is_err(), "one is not there");
    }
}

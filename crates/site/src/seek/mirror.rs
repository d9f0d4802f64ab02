//! A copy of the graph in the form that the machine reads: users, tallies among them, and tallies with other sites as
//! gates; once with all that may move, and once with what only makes debts smaller.

use std::collections::BTreeMap;

use clearing::{Door, Gates, Here, Hop, HopsError};
use protocol::{AgentId, Cuid, Lading, Side, TallyId};

use crate::error::SiteError;
use crate::lift::{Changes, Gate, MirroredTie};

/// The copy.
#[derive(Default)]
pub(super) struct Mirror {
    generation: Option<u64>,
    payments: Gates,
    debts: Gates,
    /// By number here; none for what is beyond a gate.
    users: Vec<Option<Cuid>>,
    /// The number here of each user of the graph.
    numbers: Vec<u32>,
    /// The place of the first of the two hops of each tie of the graph.
    ties: Vec<usize>,
    /// Of each two hops: the tally, the side that gives over the first of them, and the gate, where it is one.
    pairs: Vec<(TallyId, Side, Option<usize>)>,
    doors: Vec<Door>,
    open: Vec<bool>,
    /// How many tallies that may lift there are with users of each agent.
    by_partner: BTreeMap<AgentId, usize>,
    partners: Vec<AgentId>,
}

impl Mirror {
    /// The graph that it is a copy of.
    pub(super) const fn generation(&self) -> Option<u64> {
        self.generation
    }

    /// Takes in what changed.
    ///
    /// # Errors
    /// [`SiteError::Unproved`] where the changes are none of this copy: a fault of the program. It has to be made anew.
    pub(super) fn take(&mut self, changes: Changes) -> Result<(), SiteError> {
        if changes.anew {
            *self = Self { generation: Some(changes.generation), ..Self::default() };
        }
        let done = self.take_all(changes);
        done.map_err(|error| {
            *self = Self::default();
            SiteError::Unproved { reason: error.to_string() }
        })
    }

    fn take_all(&mut self, changes: Changes) -> Result<(), HopsError> {
        for user in changes.users {
            let number = self.payments.hops_mut().join()?;
            self.debts.hops_mut().join()?;
            self.numbers.push(number);
            self.users.push(Some(user));
        }
        for (place, tie) in changes.ties {
            self.put_tie(place, &tie)?;
        }
        for (place, gate) in changes.gates {
            self.put_gate(place, &gate)?;
        }
        self.partners = self.by_partner.keys().copied().collect();
        Ok(())
    }

    fn number(&self, user: u32) -> u32 {
        // One that is not known is refused as beyond the number of participants.
        self.numbers.get(user as usize).copied().unwrap_or(u32::MAX)
    }

    fn put_tie(&mut self, place: usize, tie: &MirroredTie) -> Result<(), HopsError> {
        let [stock, foil] = [tie.ends.stock, tie.ends.foil].map(|user| self.number(user));
        let first = self.payments.hops().list().len();
        let first = *self.ties.get(place).unwrap_or(&first);
        let hops = [(stock, foil, tie.inward.foil), (foil, stock, tie.inward.stock)];
        self.put(first, hops)?;
        if place == self.ties.len() {
            self.ties.push(first);
            self.pairs.push((tie.tally, Side::Stock, None));
        }
        Ok(())
    }

    fn put_gate(&mut self, place: usize, gate: &Gate) -> Result<(), HopsError> {
        let door = Door { tally: gate.tally, partner: gate.partner };
        let [inward, outward] = gate.ladings();
        if let (Some([first, _]), Some(old)) =
            (self.payments.places(place), self.doors.get(place).copied())
        {
            self.count(old.partner, self.open[place], false);
            let hop = self.payments.hops().list().get(first).copied();
            if let Some(Hop { giver: beyond, taker: user, .. }) = hop {
                self.put(first, [(beyond, user, inward), (user, beyond, outward)])?;
            }
            self.doors[place] = door;
            self.open[place] = gate.inward.is_some();
        } else {
            let user = self.number(gate.user);
            self.payments.join(user, inward, outward)?;
            self.debts.join(user, inward.only_debt(), outward.only_debt())?;
            self.users.push(None);
            self.pairs.push((gate.tally, gate.side.other(), Some(place)));
            self.doors.push(door);
            self.open.push(gate.inward.is_some());
        }
        self.count(door.partner, gate.inward.is_some(), true);
        Ok(())
    }

    /// Puts the two hops of a tally.
    fn put(&mut self, first: usize, hops: [(u32, u32, Lading); 2]) -> Result<(), HopsError> {
        for (place, (giver, taker, lading)) in (first..).zip(hops) {
            self.payments.hops_mut().put(place, Hop { giver, taker, lading })?;
            let lading = lading.only_debt();
            self.debts.hops_mut().put(place, Hop { giver, taker, lading })?;
        }
        Ok(())
    }

    /// One tally with an agent's user more, or less, if it is open.
    fn count(&mut self, partner: AgentId, open: bool, more: bool) {
        if !open {
            return;
        }
        let many = self.by_partner.entry(partner).or_default();
        *many = if more { *many + 1 } else { many.saturating_sub(1) };
        if *many == 0 {
            self.by_partner.remove(&partner);
        }
    }

    /// The site at this moment, as the machine reads it.
    pub(super) fn here<'a>(&'a self, me: AgentId, referees: &'a [AgentId]) -> Here<'a> {
        Here {
            me,
            users: &self.users,
            payments: &self.payments,
            debts: &self.debts,
            doors: &self.doors,
            partners: &self.partners,
            referees,
        }
    }

    /// Whether users of this agent have tallies here that may lift.
    pub(super) fn is_partner(&self, agent: &AgentId) -> bool {
        self.by_partner.contains_key(agent)
    }

    /// The number of a user with some tally.
    pub(super) fn user(&self, name: &Cuid) -> Option<u32> {
        let at = self.users.iter().position(|user| user.as_ref() == Some(name))?;
        u32::try_from(at).ok()
    }

    /// What is known of a gate.
    pub(super) fn door(&self, gate: usize) -> Option<Door> {
        self.doors.get(gate).copied()
    }

    /// The tally of a hop, and the side that gives over it.
    pub(super) fn leg(&self, hop: usize) -> Option<(TallyId, Side)> {
        let (tally, first, _) = *self.pairs.get(hop / 2)?;
        Some((tally, if hop.is_multiple_of(2) { first } else { first.other() }))
    }

    /// The gate over which this hop leads in here, where it does.
    pub(super) fn enters_by(&self, hop: usize) -> Option<Door> {
        let (.., gate) = *self.pairs.get(hop / 2).filter(|_| hop.is_multiple_of(2))?;
        self.door(gate?)
    }
}

//! What a site knows of itself and its partners, as the machine may read it.

use protocol::query::{Payee, Sought, nonce};
use protocol::{AgentId, Cuid, Hash, TallyId};

use super::Query;
use crate::crossing::Gates;

/// A tally with another site, as its two sites know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Its name, which leaves this site for nobody.
    pub tally: TallyId,
    /// The partner's agent.
    pub partner: AgentId,
}

/// A site at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// Its agent.
    pub me: AgentId,
    /// Its users, by number; none where the number stands for what is beyond a gate.
    pub users: &'a [Option<Cuid>],
    /// What may move for a payment.
    pub payments: &'a Gates,
    /// What may move to make debts smaller, with the same numbers.
    pub debts: &'a Gates,
    /// What is known of each gate, by number.
    pub doors: &'a [Door],
    /// The agents of all of them, each once.
    pub partners: &'a [AgentId],
    /// Under whom its users let lifts be decided.
    pub referees: &'a [AgentId],
}

impl Here<'_> {
    /// What may move for this.
    pub(super) const fn gates(&self, sought: &Sought) -> &Gates {
        match sought {
            Sought::Payee(_) => self.payments,
            Sought::Circle => self.debts,
        }
    }

    /// The user who is sought, if it is one of these.
    pub(super) fn payee(&self, query: &Query) -> Option<u32> {
        let Sought::Payee(payee) = query.sought else { return None };
        if payee.site != Payee::site_in(&self.me, query.session) {
            return None;
        }
        let is_sought = |cuid: &Cuid| Payee::user_in(cuid, &self.me, query.session) == payee.user;
        let mut users = self.users.iter();
        u32::try_from(users.position(|user| user.as_ref().is_some_and(is_sought))?).ok()
    }

    /// The partner at whose site the payee is sought.
    pub(super) fn leads_to(&self, sought: &Sought, session: Hash) -> Option<AgentId> {
        let Sought::Payee(payee) = sought else { return None };
        let is_there = |agent: &&AgentId| Payee::site_in(agent, session) == payee.site;
        self.partners.iter().find(is_there).copied()
    }

    /// The gate of a tally with this partner that such a nonce stands for.
    pub(super) fn named(
        &self,
        from: AgentId,
        session: Hash,
        turn: u8,
        name: Hash,
    ) -> Option<usize> {
        let named = |door: &Door| nonce(door.tally, session, turn) == name;
        self.doors.iter().position(|door| door.partner == from && named(door))
    }
}

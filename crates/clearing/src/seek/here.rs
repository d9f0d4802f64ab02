//! What a site knows of itself and its partners, as the machine may read it.

use std::sync::Arc;

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
    fn payee(&self, payee: &Payee, session: Hash) -> Option<u32> {
        if payee.site != Payee::site_in(&self.me, session) {
            return None;
        }
        let is_sought = |cuid: &Cuid| Payee::user_in(cuid, &self.me, session) == payee.user;
        let mut users = self.users.iter();
        u32::try_from(users.position(|user| user.as_ref().is_some_and(is_sought))?).ok()
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

/// Who a session's payee is, here or at a partner's: every user and every partner is compared with it, so it is remembered
/// for the queries of the session that come after.
#[derive(Clone, Debug, Default)]
pub(super) struct Whom {
    /// Among so many users. Users only become more until they are numbered anew.
    user: Option<(Payee, usize, Option<u32>)>,
    /// Among these partners.
    partner: Option<(Payee, Arc<[AgentId]>, Option<AgentId>)>,
}

impl Whom {
    /// The user of a query's payee, if it is one here.
    pub(super) fn user(&mut self, query: &Query, here: &Here<'_>) -> Option<u32> {
        let Sought::Payee(payee) = query.sought else { return None };
        match self.user {
            Some((known, among, user)) if known == payee && among == here.users.len() => user,
            _ => {
                let user = here.payee(&payee, query.session);
                self.user = Some((payee, here.users.len(), user));
                user
            }
        }
    }
    /// The partner at whose site a query's payee is, if it is one of these.
    pub(super) fn partner(&mut self, query: &Query, partners: &Arc<[AgentId]>) -> Option<AgentId> {
        let Sought::Payee(payee) = query.sought else { return None };
        match &self.partner {
            Some((known, among, partner)) if *known == payee && Arc::ptr_eq(among, partners) => {
                *partner
            }
            _ => {
                let partner = payee.find_site(partners, query.session).copied();
                self.partner = Some((payee, Arc::clone(partners), partner));
                partner
            }
        }
    }
}

//! Nothing joins two lifts, or two searches: keys and nonces are made anew for each.

use std::collections::{BTreeMap, BTreeSet};

use protocol::query::{Advert, Answer, Plan, Query, Said, Sought};
use protocol::{Hash, Lift, LiftId, PublicKey};

use crate::net::broken::{Broken, Invariant, Sim};

/// What was seen, and where first.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// By key, the nonce of its lift.
    keys: BTreeMap<PublicKey, Hash>,
    nonces: BTreeMap<Hash, LiftId>,
    /// By what stands in a query, an answer or an advert, its session.
    searches: BTreeMap<Hash, Hash>,
    /// What a liar said, and in which search: whoever answers it says it there too.
    of_liars: BTreeSet<(Hash, Hash)>,
    /// Whether who speaks lies.
    lies: bool,
}

impl Fresh {
    /// The same, of what somebody says who lies or does not.
    pub(super) const fn by(&mut self, lies: bool) -> &mut Self {
        self.lies = lies;
        self
    }

    /// A key is one lift's.
    pub(super) fn key(&mut self, key: &PublicKey, nonce: Hash) -> Sim<()> {
        let first = *self.keys.entry(*key).or_insert(nonce);
        if first == nonce {
            return Ok(());
        }
        let what = format!("the key {} is in two lifts, of nonces {first} and {nonce}", key.name());
        Err(Broken::new(Invariant::Fresh, what))
    }

    /// A nonce is one lift's. Says whether this one is new.
    pub(super) fn lift(&mut self, lift: &Lift, id: LiftId) -> Sim<bool> {
        let nonce = lift.nonce;
        let Some(first) = self.nonces.insert(nonce, id) else { return Ok(true) };
        if first == id {
            return Ok(false);
        }
        let what = format!("the nonce {nonce} is in two lifts, {first} and {id}");
        Err(Broken::new(Invariant::Fresh, what))
    }

    pub(super) fn query(&mut self, query: &Query) -> Sim<()> {
        let session = query.session;
        self.one(query.nonce, session, "nonce")?;
        self.marks(&query.trail, session)?;
        match query.sought {
            Sought::Payee(payee) => {
                self.one(payee.site, session, "payee's site")?;
                self.one(payee.user, session, "payee")
            }
            Sought::Circle => Ok(()),
        }
    }

    pub(super) fn answer(&mut self, answer: &Answer) -> Sim<()> {
        self.one(answer.nonce, answer.session, "nonce")?;
        match &answer.said {
            Said::Plans(plans) => {
                plans.iter().try_for_each(|plan| self.token(plan, answer.session))
            }
            Said::Refused(_) => Ok(()),
        }
    }

    pub(super) fn advert(&mut self, advert: &Advert) -> Sim<()> {
        self.one(advert.nonce, advert.session, "nonce")?;
        self.token(&advert.plan, advert.session)?;
        self.marks(&advert.trail, advert.session)
    }

    fn token(&mut self, plan: &Plan, session: Hash) -> Sim<()> {
        self.one(plan.token, session, "token of a plan")
    }

    fn marks(&mut self, trail: &[Hash], session: Hash) -> Sim<()> {
        trail.iter().try_for_each(|mark| self.one(*mark, session, "mark of a site"))
    }

    /// Something stands in one search only: else sites that meet both know that they have something in common.
    fn one(&mut self, value: Hash, session: Hash, what: &str) -> Sim<()> {
        if self.lies {
            self.of_liars.insert((value, session));
            return Ok(());
        }
        if self.of_liars.contains(&(value, session)) {
            return Ok(());
        }
        let first = *self.searches.entry(value).or_insert(session);
        if first == session {
            return Ok(());
        }
        let what = format!("the {what} {value} is in two searches, {first} and {session}");
        Err(Broken::new(Invariant::Private, what))
    }
}

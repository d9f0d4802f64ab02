//! Halves in hand: what one transaction has locked to write lifts into; and how a lift is decided.
//! Clearing and payments do the same here.

use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::ledger::{Good, Ledger, Link};
use protocol::lift::{Certificate, Committed, Evidence, Leg, Legs, LiftFault, Mode};
use protocol::record::Record;
use protocol::{AgentId, Hash, Lift, LiftId, Sides, TallyId, Timestamp};
use store::{Half, HalfId, LiftLeg, Tx};

use super::bare::{Bare, link_in_both, write};
use crate::door::Site;
use crate::error::SiteError;
use crate::history;

/// A lift, decided.
pub(crate) struct Made {
    pub(crate) committed: Committed,
    legs: Legs,
    certificate: Certificate,
}

impl Made {
    /// The lift.
    pub(crate) const fn id(&self) -> LiftId {
        self.committed.id()
    }

    /// When it was proposed.
    pub(crate) const fn date(&self) -> Timestamp {
        self.committed.lift().date
    }
}

impl Site {
    /// A lift's record with its certificate: all that one site needs to decide is before it. A
    /// payment has the hash of its payer's authorisation.
    pub(crate) fn decide_lift(
        &self,
        legs: Vec<Leg>,
        payment: Option<Hash>,
    ) -> Result<Made, SiteError> {
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let legs = Legs::new(legs, None)?;
        let date = self.clock.now();
        let referees = List::new(vec![self.agent]).unwrap_or_default();
        let lift = Lift {
            nonce: Hash::from_bytes(self.chance.bytes()),
            mode: if payment.is_some() { Mode::Payment } else { Mode::Clearing },
            date,
            deadline: date,
            legs: legs.root(),
            participants: List::default(),
            referees,
            quorum: 1,
            payment,
        };
        let certificate =
            Certificate::by_sole_referee(lift.id()?, Evidence::of_one_site(), signer)?;
        let committed = Committed::check(lift, &certificate)?;
        Ok(Made { committed, legs, certificate })
    }
}

/// The halves that a transaction has locked, and what lifts did to them.
#[derive(Default)]
pub(crate) struct Hands {
    halves: BTreeMap<HalfId, Bare>,
    legs: Vec<LiftLeg>,
}

impl Hands {
    /// Locks those that are not in hand yet; says which they were.
    pub(crate) async fn take(
        &mut self,
        tx: &mut Tx,
        ids: &[HalfId],
    ) -> Result<Vec<HalfId>, SiteError> {
        let new: Vec<HalfId> =
            ids.iter().filter(|id| !self.halves.contains_key(id)).copied().collect();
        if new.is_empty() {
            return Ok(new);
        }
        let locked = tx.lock(&new).await?;
        let mut last: BTreeMap<HalfId, Link> = BTreeMap::new();
        for row in tx.last_links(&new).await? {
            last.insert(row.half, history::link(&row)?);
        }
        for half in locked {
            let id = half.id;
            self.halves.insert(id, Bare::of(half, last.remove(&id))?);
        }
        Ok(new)
    }

    /// A half in hand.
    pub(crate) fn half(&self, id: HalfId) -> Option<&Bare> {
        self.halves.get(&id)
    }

    /// All in hand.
    pub(crate) fn halves(&self) -> impl Iterator<Item = &Bare> {
        self.halves.values()
    }

    /// Writes a lift, and its chit into both halves of each tally, which are in hand.
    pub(crate) async fn lift(
        &mut self,
        tx: &mut Tx,
        made: &Made,
        tallies: impl Iterator<Item = (TallyId, Sides<HalfId>)>,
        at: Timestamp,
    ) -> Result<(), SiteError> {
        let lift = made.id();
        if tx.lift(&lift).await?.is_some() {
            return Err(SiteError::LiftExists(lift));
        }
        for (tally, Sides { stock, foil }) in tallies {
            let not_a_leg = LiftFault::NotALeg { lift, tally };
            let (leg, way) = made.legs.find(&tally).ok_or_else(|| not_a_leg.clone())?;
            let good = Good::of_lift(&made.committed, &leg, &way)?;
            let both = (self.halves.remove(&stock), self.halves.remove(&foil));
            let (Some(mut stock), Some(mut foil)) = both else { return Err(not_a_leg.into()) };
            link_in_both(tx, &mut stock, &mut foil, &good).await?;
            for half in [stock, foil] {
                self.legs.push(half.leg(lift, &good));
                self.halves.insert(half.half.id, half);
            }
        }
        tx.put_lift(&store::Lift {
            id: lift,
            kind: made.committed.lift().mode.word().to_owned(),
            status: made.certificate.outcome.word().to_owned(),
            record: made.committed.lift().to_text()?.to_string(),
            certificate: Some(made.certificate.to_text()?.to_string()),
            date: made.date(),
            changed: at,
        })
        .await?;
        Ok(())
    }

    /// Writes the halves that changed, with their links, letters and events; gives them as they are
    /// once that is committed.
    pub(crate) async fn write(
        self,
        tx: &mut Tx,
        agent: AgentId,
        at: Timestamp,
    ) -> Result<Vec<(Half, Ledger)>, SiteError> {
        tx.add_legs(&self.legs).await?;
        let changed = self.halves.into_values().filter(Bare::is_changed);
        write(tx, changed.collect(), agent, at).await
    }
}

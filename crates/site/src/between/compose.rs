//! Laying out a lift along a plan, site by site: each asks the next, and on the way back adds its key and the leaves
//! of what moves here. Nothing is promised by it, and nothing kept.

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::errand::{Compose, Composed, Drawn, Errand, Laid};
use protocol::lift::{Leg, Legs, Reason};
use protocol::{AgentId, Hash, PublicKey, Units};

use super::drafts::{Draft, NotKept};
use crate::door::Site;
use crate::error::SiteError;
use crate::seek::Planned;

impl Site {
    /// A partner's site wants a lift laid out along a plan that this one answered.
    pub(crate) fn hear_compose(
        &self,
        from: AgentId,
        asked: &Compose,
    ) -> Result<Option<Errand>, SiteError> {
        let Compose { token, nonce, amount, most } = *asked;
        let answer = |drawn| Some(composed(token, nonce, drawn));
        let Some(planned) = self.plan(&token) else {
            return Ok(answer(Drawn::Refused(Reason::Unknown)));
        };
        if planned.from.map(|(_, agent)| agent) != Some(from) {
            return Ok(None);
        }
        self.known.drafts.forget(self.clock.now());
        let on = planned.on;
        let mut draft = Draft::new(nonce, planned, Some(token), most, self.clock.now());
        let laid = match on {
            None => Some(self.lay_out(&mut draft, amount.get(), None)?),
            Some(_) => None,
        };
        match self.known.drafts.add(draft) {
            Ok(()) => {}
            // Asked twice, answered once.
            Err(NotKept::Known) => return Ok(None),
            Err(not_kept) => return Ok(answer(Drawn::Refused(not_kept.reason()))),
        }
        if let Some((_, agent, token)) = on {
            let compose = Compose { token, nonce, amount, most };
            self.known.errands.push(agent, Errand::Compose(Box::new(compose)));
        }
        Ok(laid.and_then(answer))
    }

    /// The partner's site on the way has laid out the rest, or refuses.
    pub(crate) fn hear_composed(&self, from: AgentId, answer: Composed) -> Result<(), SiteError> {
        let Composed { token, nonce, drawn } = answer;
        let is_it = |draft: &Draft| draft.goes_on(&from, &token) && draft.laid.is_none();
        let Some(mut draft) = self.known.drafts.take(&nonce, is_it) else { return Ok(()) };
        let drawn = match drawn {
            Drawn::Laid(laid) if laid.is_in_order() => {
                let ends = laid.enters.get();
                self.lay_out(&mut draft, ends, Some(&laid))?
            }
            Drawn::Laid(_) => Drawn::Refused(Reason::Unknown),
            Drawn::Refused(reason) => Drawn::Refused(reason),
        };
        let (asked, waits) = (draft.asked_by().zip(draft.token), draft.waits.take());
        let kept = if draft.laid.is_some() { self.known.drafts.add(draft) } else { Ok(()) };
        let drawn = kept.map_or_else(|not_kept| Drawn::Refused(not_kept.reason()), |()| drawn);
        if let Some(waits) = waits {
            // Who does not wait any more need not know.
            let _ = waits.send(match &drawn {
                Drawn::Laid(_) => Ok(()),
                Drawn::Refused(reason) => Err(*reason),
            });
            self.known.under_way.has_moved();
        }
        if let Some((agent, token)) = asked {
            self.known.errands.push(agent, composed(token, nonce, drawn));
        }
        Ok(())
    }

    /// Lays out what moves here so that this arrives at the end of the way here, with what is `beyond`.
    fn lay_out(
        &self,
        draft: &mut Draft,
        ends: Units,
        beyond: Option<&Laid>,
    ) -> Result<Drawn, SiteError> {
        let (Some(legs), Some(over)) = (self.price(&draft.planned, ends), draft.over()) else {
            return Ok(Drawn::Refused(Reason::Room));
        };
        let Some(first) = legs.first().copied() else { return Ok(Drawn::Refused(Reason::Room)) };
        if first.units > draft.most {
            return Ok(Drawn::Refused(Reason::Room));
        }
        let key = self.lift_key(draft.nonce, over)?;
        let public = protocol::Signer::public_key(&key);
        let Some(laid) = joined(&draft.planned, draft.nonce, &legs, public, beyond)? else {
            return Ok(Drawn::Refused(Reason::Unknown));
        };
        let drawn = Drawn::Laid(laid.clone());
        draft.laid = Some((legs, laid));
        Ok(drawn)
    }
}

fn composed(token: Hash, nonce: Hash, drawn: Drawn) -> Errand {
    Errand::Composed(Box::new(Composed { token, nonce, drawn }))
}

/// What moves inside this site of a way: all but the tallies with other sites over which it comes in and goes out.
pub(super) fn inner<'a>(planned: &Planned, legs: &'a [Leg]) -> &'a [Leg] {
    let first = usize::from(planned.from.is_some()).min(legs.len());
    let last = legs.len() - usize::from(planned.on.is_some()).min(legs.len() - first);
    &legs[first..last]
}

/// The lift as far as it goes from here on; none where what is beyond does not fit, or it is too much for one lift.
fn joined(
    planned: &Planned,
    nonce: Hash,
    legs: &[Leg],
    key: PublicKey,
    beyond: Option<&Laid>,
) -> Result<Option<Laid>, SiteError> {
    let (mut keys, mut leaves) = match beyond {
        Some(laid) => (laid.participants.to_vec(), laid.branches.to_vec()),
        None => (Vec::new(), Vec::new()),
    };
    if planned.on.is_some() {
        let out = legs.last().map(|leg| leg.leaf(Some(nonce))).transpose()?;
        if !out.is_some_and(|leaf| leaves.contains(&leaf)) {
            return Ok(None);
        }
    }
    keys.push(key);
    leaves.extend(own_leaves(planned, nonce, legs)?);
    keys.sort_unstable();
    leaves.sort_unstable();
    let twice = keys.windows(2).any(|pair| pair[0] == pair[1]);
    let again = leaves.windows(2).any(|pair| pair[0] == pair[1]);
    let enters: Option<Positive> = legs.first().map(|leg| leg.units);
    match (enters, List::new(keys), List::new(leaves)) {
        (Some(enters), Ok(participants), Ok(branches)) if !twice && !again => {
            Ok(Some(Laid { enters, participants, branches }))
        }
        _ => Ok(None),
    }
}

/// The leaves that this site adds: that of the leg over which it comes in, and one for all that moves inside.
pub(super) fn own_leaves(
    planned: &Planned,
    nonce: Hash,
    legs: &[Leg],
) -> Result<Vec<Hash>, SiteError> {
    let mut leaves = Vec::new();
    if planned.from.is_some()
        && let Some(first) = legs.first()
    {
        leaves.push(first.leaf(Some(nonce))?);
    }
    let inner = inner(planned, legs);
    if !inner.is_empty() {
        leaves.push(Legs::new(inner.to_vec(), Some(nonce))?.root());
    }
    Ok(leaves)
}

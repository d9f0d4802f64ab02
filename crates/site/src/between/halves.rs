//! The halves here that a leg is on. A tally's name does not say which: others may have given it to a tally of their own.

use std::collections::BTreeMap;

use protocol::half::HalfTally;
use protocol::{AgentId, Cuid, Hash, Side, TallyId};
use store::View;

use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::states;

impl Site {
    /// The halves of all legs of a part that are in hand.
    pub(super) fn all_halves(
        &self,
        batch: &Batch,
        part: &Part,
    ) -> BTreeMap<TallyId, Vec<(Cuid, Side)>> {
        let of = |tally| Some((tally, self.halves_of(batch, part, &tally)?));
        part.tallies().into_iter().filter_map(of).collect()
    }

    /// Whose halves, and on which side, a leg of this part is on: one where the other is at another site, two where both
    /// are here. None where they are not all in hand.
    pub(super) fn halves_of(
        &self,
        batch: &Batch,
        part: &Part,
        tally: &TallyId,
    ) -> Option<Vec<(Cuid, Side)>> {
        if let Some(halves) = part.more.halves.get(tally) {
            let here = halves.iter().all(|(holder, _)| batch.held(holder, *tally).is_some());
            return here.then(|| halves.clone());
        }
        let all = batch.holders(tally);
        if let Some(crossing) = part.participant.part().crossing(tally) {
            let agent = part.agent(tally)?;
            let is_it = |(holder, side): &(Cuid, Side)| {
                let held = batch.held(holder, *tally);
                let users = held.and_then(|held| users_with(&held.state, agent));
                *side == crossing.side() && users == Some(crossing.ours().users)
            };
            let found: Vec<_> = all.into_iter().filter(is_it).collect();
            return (found.len() == 1).then_some(found);
        }
        let with = |holder: &Cuid| {
            let partner = batch.held(holder, *tally)?.state.partner()?;
            self.is_ours(&partner.agent).then_some(partner.cuid)
        };
        let pairs = all.iter().filter(|(_, side)| *side == Side::Stock).filter_map(|(stock, _)| {
            let foil = with(stock)?;
            let mutual =
                with(&foil).as_ref() == Some(stock) && all.contains(&(foil.clone(), Side::Foil));
            mutual.then(|| vec![(stock.clone(), Side::Stock), (foil, Side::Foil)])
        });
        let mut pairs: Vec<_> = pairs.collect();
        if pairs.len() == 1 { pairs.pop() } else { None }
    }

    /// Whose tally of this name the one with a user of that agent is ([`protocol::ledger::Ledger::users`]); none where there is
    /// not exactly one.
    pub(super) async fn users_on(
        &self,
        view: &mut View,
        tally: &TallyId,
        agent: AgentId,
    ) -> Result<Option<Hash>, SiteError> {
        let halves = view.halves_of_tallies(&[*tally]).await?;
        let states = states(view, &halves).await?;
        // What cannot be read takes no part; doctor says so.
        let found: Vec<Hash> =
            states.iter().flatten().filter_map(|state| users_with(state, agent)).collect();
        Ok(if let [users] = found[..] { Some(users) } else { None })
    }
}

/// Whose open tally a half is of, where a user of this agent is on its other side.
fn users_with(state: &HalfTally, agent: AgentId) -> Option<Hash> {
    let ledger = state.ledger.as_ref()?;
    state.partner().is_some_and(|partner| partner.agent == agent).then(|| ledger.users())
}

//! Clearing: one lift over all tallies of the plan, decided by this site's agent as sole referee, and
//! written in one transaction.

use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::ledger::{Good, Link};
use protocol::lift::{Certificate, Committed, Legs, LiftFault, Mode, Outcome};
use protocol::record::Record;
use protocol::{Hash, Lift, LiftId};
use serde::{Deserialize, Serialize};
use store::{CommandResult, Half, HalfId, NewEvent, Tx, View};

use super::bare::{Bare, link_in_both, write};
use super::plan::{Move, Plan, Rooms};
use crate::answered;
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;
use crate::history;

/// What a clearing did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cleared {
    /// The lift; none where there was nothing to clear, and nothing was written.
    pub lift: Option<LiftId>,
    /// What debts shrank by, all together, in milli-CHIPs, as text.
    #[serde(with = "crate::words::sum")]
    pub cleared: i128,
    /// All debts that could be looked at before: those of open tallies between users of this site,
    /// in milli-CHIPs, as text.
    #[serde(with = "crate::words::sum")]
    pub total_debt: i128,
    /// How many tallies got a chit.
    pub tallies: u64,
    /// How many users owe less now.
    pub users: u64,
}

/// A lift, decided.
struct Made {
    committed: Committed,
    legs: Legs,
    certificate: Certificate,
}

impl Site {
    /// Clears all that can be cleared, once under a name.
    pub(crate) async fn clear(&self, id: &str, command: Hash) -> Result<Answer, SiteError> {
        let mut view = self.store.read().await?;
        if let Some(before) = answered_before(&mut view, id, command).await? {
            return Ok(before);
        }
        let mut rooms = Rooms::at(self.agent);
        rooms.read(&mut view).await?;
        drop(view);
        let plan = Plan::best(&rooms.owed())?;
        if plan.moves.is_empty() {
            return Ok(nothing(&plan));
        }
        self.lift_by(id, command, plan).await
    }

    /// Carries out a plan, as far as it still holds once everything that it touches is locked.
    async fn lift_by(&self, id: &str, command: Hash, mut plan: Plan) -> Result<Answer, SiteError> {
        // Other commands wait: what one transaction has locked, another would only stumble over.
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        if let Some(before) = answered_before(&mut tx, id, command).await? {
            return Ok(before);
        }
        let locked = tx.lock(&plan.halves()).await?;
        let mut rooms = Rooms::at(self.agent);
        locked.iter().for_each(|half| rooms.add(half));
        let owed = rooms.owed();
        if !plan.fits(&owed) {
            // Somebody was quicker: the best of what is left of these tallies.
            plan = Plan { total_milli: plan.total_milli, ..Plan::best(&owed)? };
            if plan.moves.is_empty() {
                return Ok(nothing(&plan));
            }
        }
        let made = self.decide_clearing(&plan)?;
        let answer = self.carry_out(&mut tx, &plan, locked, &made).await?;
        let text = answered::text(command, &answer)?;
        let result = CommandResult { id: id.to_owned(), text, at: self.clock.now() };
        tx.add_results(&[result]).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// The lift's record with its certificate: all that one site needs to decide is before it.
    fn decide_clearing(&self, plan: &Plan) -> Result<Made, SiteError> {
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let legs = Legs::new(plan.moves.iter().map(|one| one.leg).collect())?;
        let date = self.clock.now();
        let referees = List::new(vec![self.agent]).unwrap_or_default();
        let lift = Lift {
            nonce: Hash::from_bytes(self.chance.bytes()),
            mode: Mode::Clearing,
            date,
            deadline: date,
            legs: legs.root(),
            participants: List::default(),
            referees,
            quorum: 1,
            payment: None,
        };
        let certificate = Certificate::by_sole_referee(lift.id()?, Outcome::Commit, signer)?;
        let committed = Committed::check(lift, &certificate)?;
        Ok(Made { committed, legs, certificate })
    }

    /// Writes a lift, and its chit into both halves of each tally.
    async fn carry_out(
        &self,
        tx: &mut Tx,
        plan: &Plan,
        locked: Vec<Half>,
        made: &Made,
    ) -> Result<Answer, SiteError> {
        let (lift, at) = (made.committed.id(), self.clock.now());
        if tx.lift(&lift).await?.is_some() {
            return Err(SiteError::LiftExists(lift));
        }
        let mut last: BTreeMap<HalfId, Link> = BTreeMap::new();
        for row in tx.last_links(&plan.halves()).await? {
            last.insert(row.half, history::link(&row)?);
        }
        let mut locked: BTreeMap<HalfId, Half> =
            locked.into_iter().map(|half| (half.id, half)).collect();
        let mut in_hand = |half, tally| {
            let found = locked.remove(&half).ok_or(LiftFault::NotALeg { lift, tally })?;
            Bare::of(found, last.remove(&half))
        };
        let (mut halves, mut legs) = (Vec::new(), Vec::new());
        for Move { leg, stock, foil, .. } in &plan.moves {
            let tally = leg.tally;
            let (leg, way) = made.legs.find(&tally).ok_or(LiftFault::NotALeg { lift, tally })?;
            let good = Good::of_lift(&made.committed, &leg, &way)?;
            let (mut stock, mut foil) = (in_hand(*stock, tally)?, in_hand(*foil, tally)?);
            link_in_both(tx, &mut stock, &mut foil, &good).await?;
            for half in [stock, foil] {
                legs.push(half.leg(lift, &good));
                halves.push(half);
            }
        }
        tx.put_lift(&store::Lift {
            id: lift,
            kind: made.committed.lift().mode.word().to_owned(),
            status: made.certificate.outcome.word().to_owned(),
            record: made.committed.lift().to_text()?.to_string(),
            certificate: Some(made.certificate.to_text()?.to_string()),
            date: made.committed.lift().date,
            changed: at,
        })
        .await?;
        tx.add_legs(&legs).await?;
        write(tx, halves, self.agent, at).await?;
        let cleared = Cleared {
            lift: Some(lift),
            cleared: plan.cleared_milli,
            total_debt: plan.total_milli,
            tallies: u64::try_from(plan.moves.len()).unwrap_or(u64::MAX),
            users: plan.relieved(),
        };
        let text = serde_json::json!({
            "lift": lift.to_string(), "cleared": cleared.cleared.to_string(), "tallies": cleared.tallies
        });
        let (kind, text) = ("lift".to_owned(), text.to_string());
        tx.tell([NewEvent { user: None, kind, text, at }]);
        Ok(Answer::Cleared(cleared))
    }
}

/// What was answered to a command before.
async fn answered_before(
    view: &mut View,
    id: &str,
    command: Hash,
) -> Result<Option<Answer>, SiteError> {
    let before = view.results(&[id.to_owned()]).await?;
    before.first().map(|result| answered::read(&result.text, command)).transpose()
}

fn nothing(plan: &Plan) -> Answer {
    let total_debt = plan.total_milli;
    Answer::Cleared(Cleared { lift: None, cleared: 0, total_debt, tallies: 0, users: 0 })
}

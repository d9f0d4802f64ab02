//! Clearing: one lift over all tallies of the plan, decided by this site's agent as sole referee, and
//! written in one transaction.

use protocol::{Hash, LiftId, Sides};
use serde::{Deserialize, Serialize};
use store::{CommandResult, NewEvent, View};

use super::aside::aside;
use super::hands::Hands;
use super::plan::{Move, Plan, Rooms};
use super::told;
use crate::answered;
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;

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
        let plan = aside(move || Plan::best(&rooms.owed())).await?;
        if plan.moves.is_empty() {
            return Ok(nothing(&plan));
        }
        self.lift_by(id, command, plan).await
    }

    /// Carries out a plan, as far as it still holds once everything that it touches is locked.
    pub(super) async fn lift_by(
        &self,
        id: &str,
        command: Hash,
        mut plan: Plan,
    ) -> Result<Answer, SiteError> {
        // Other commands wait: what one transaction has locked, another would only stumble over.
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        if let Some(before) = answered_before(&mut tx, id, command).await? {
            return Ok(before);
        }
        let mut hands = Hands::default();
        hands.take(&mut tx, &plan.halves()).await?;
        let mut rooms = Rooms::at(self.agent);
        hands.halves().for_each(|bare| rooms.add(&bare.half));
        let owed = rooms.owed();
        if !plan.fits(&owed) {
            // Somebody was quicker, or what is remembered is wrong: the best of what is left of these tallies.
            for bare in hands.halves() {
                self.known.map.learn(&bare.half, bare.half.version, Some(bare.ledger()));
            }
            plan = Plan { total_milli: plan.total_milli, ..Plan::best(&owed)? };
            if plan.moves.is_empty() {
                return Ok(nothing(&plan));
            }
        }
        plan.check(&owed)?;
        let made = self.decide_lift(plan.moves.iter().map(|one| one.leg).collect(), None)?;
        let at = self.clock.now();
        let tallies = plan.moves.iter().map(|one| {
            let Move { leg, stock, foil, .. } = one;
            (leg.tally, Sides { stock: *stock, foil: *foil })
        });
        hands.lift(&mut tx, &made, tallies, at).await?;
        let told = told::of_clearing(&hands, &plan.moves, made.id(), at);
        let written = hands.write(&mut tx, self.agent, at).await?;
        let cleared = Cleared {
            lift: Some(made.id()),
            cleared: plan.cleared_milli,
            total_debt: plan.total_milli,
            tallies: u64::try_from(plan.moves.len()).unwrap_or(u64::MAX),
            users: plan.relieved(),
        };
        let text = serde_json::json!({
            "lift": made.id().to_string(),
            "cleared": cleared.cleared.to_string(),
            "tallies": cleared.tallies
        });
        let (kind, text) = ("lift".to_owned(), text.to_string());
        tx.tell(told);
        tx.tell([NewEvent { user: None, kind, text, at }]);
        let answer = Answer::Cleared(cleared);
        let text = answered::text(command, &answer)?;
        let result = CommandResult { id: id.to_owned(), text, at: self.clock.now() };
        tx.add_results(&[result]).await?;
        self.known.map.wrote(&written, tx.commit().await?);
        Ok(answer)
    }
}

/// What was answered to a command before.
pub(super) async fn answered_before(
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

//! One step of one lift at this referee: read, decided, and kept in one transaction where anything has changed. Two
//! programs at one database may do that at once: whoever comes second looks again.

use std::collections::BTreeSet;

use protocol::agreement::Equivocation;
use protocol::proof::Proof;
use protocol::referee::{Event, Given, Input, Referee, Step};
use protocol::{AgentId, LiftId, Signature, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Case, Kind, NewEvent, StoreError, View};

use super::Brought;
use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;

/// How often a step is decided anew where another program at the same database was quicker.
const TRIES: u32 = 5;

/// A case as it is kept. As JSON, one of a sole referee with two participants takes some 1.5 KiB; one of thirteen
/// referees with 64 participants some 30 KiB, and never more than 64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Docket {
    pub(super) referee: Referee,
    /// Which other referees lied about it, as far as that is proved.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    liars: BTreeSet<AgentId>,
}

impl Docket {
    /// Reads a row.
    pub(super) fn read(case: &Case) -> Result<Self, SiteError> {
        let state = serde_json::from_str(&case.text);
        state.map_err(|error| SiteError::Case { lift: case.lift, reason: error.to_string() })
    }

    fn text(&self, lift: LiftId) -> Result<String, SiteError> {
        let text = serde_json::to_string(self);
        text.map_err(|error| SiteError::Case { lift, reason: error.to_string() })
    }
}

/// A case as it was read, and what it was decided to be.
struct Decided {
    row: Option<Case>,
    state: Docket,
    /// Whether somebody asked about it who is known here, now or when it began.
    known: bool,
    events: Vec<NewEvent>,
    proofs: Vec<Proof>,
    changed: bool,
}

impl Site {
    /// Decides an input about a lift, keeps what follows, and tells the other referees what is new. None where nothing
    /// is kept of the lift and nothing has to be.
    pub(super) async fn decide_case(
        &self,
        brought: &Brought,
        input: Input,
    ) -> Result<Option<Referee>, SiteError> {
        let mut tries = TRIES;
        loop {
            let Some(decided) = self.step_case(brought, &input).await? else { return Ok(None) };
            let (changed, kept) = (decided.changed, decided.changed || decided.row.is_some());
            let known = decided.known;
            let referee = decided.state.referee.clone();
            if changed {
                match self.keep_case(brought, decided).await {
                    Err(SiteError::Store(error)) if is_late(&error) && tries > 0 => {
                        tries -= 1;
                        continue;
                    }
                    kept => kept?,
                }
            }
            if kept {
                self.known.bench.note(&referee, known, changed, self.clock.now());
            }
            if changed {
                self.tell_referees(&referee)?;
            }
            return Ok(Some(referee));
        }
    }

    /// Reads a case, or begins one, and takes the step. Nothing is locked meanwhile: to check signatures takes time.
    async fn step_case(
        &self,
        brought: &Brought,
        input: &Input,
    ) -> Result<Option<Decided>, SiteError> {
        let now = self.clock.now();
        let mut view = self.store.read().await?;
        let row = view.case(&brought.id).await?;
        // As time passes, nobody asks.
        let known = row.as_ref().is_some_and(|row| row.known)
            || (brought.lift.is_some() && self.knows_asker(&mut view, brought.from).await?);
        let before = match (&row, &brought.lift) {
            (Some(row), _) => self.kept_case(&mut view, row).await?,
            (None, Some(lift)) => {
                let referee = Referee::new(lift.clone(), &self.agent)?;
                self.check_dates(&mut view, lift, brought.id, now).await?;
                Docket { referee, liars: BTreeSet::new() }
            }
            (None, None) => return Ok(None),
        };
        drop(view);
        let given = Given { is_past: now > before.referee.lift().deadline };
        let Step { referee, events } = before.referee.step(input.clone(), given)?;
        let mut state = Docket { referee, ..before.clone() };
        let (events, mut proofs) = events_of(&before.referee, &mut state, events, now);
        if self.has(Planted::KeptQuiet) {
            proofs.clear();
        }
        let changed = state != before;
        if row.is_none() && changed {
            self.check_room(brought, now).await?;
        }
        Ok(Some(Decided { row, state, known, events, proofs, changed }))
    }

    /// A case as it is kept; where the site went back since the lift was proposed, one that signs nothing new.
    pub(super) async fn kept_case(&self, view: &mut View, row: &Case) -> Result<Docket, SiteError> {
        let mut state = Docket::read(row)?;
        if state.referee.me() != Some(self.agent) {
            return Err(protocol::lift::LiftFault::NotReferee(self.agent).into());
        }
        if self.may_have_forgotten(view, state.referee.lift().date).await?.is_some() {
            state.referee = state.referee.went_back();
        }
        Ok(state)
    }

    /// Writes a case and what an administrator is told of it, in one transaction.
    async fn keep_case(&self, brought: &Brought, decided: Decided) -> Result<(), SiteError> {
        let Decided { row, state, events, proofs, .. } = decided;
        let (text, now) = (state.text(brought.id)?, self.clock.now());
        let status = state.referee.outcome().map_or(Case::OPEN, protocol::lift::Outcome::word);
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        if let Some(row) = row {
            tx.put_case(&Case { text, status: status.to_owned(), changed: now, ..row }).await?;
        } else {
            let (lift, deadline) = (brought.id, state.referee.lift().deadline);
            let known = self.knows_asker(&mut tx, brought.from).await?;
            let (asked_by, status) = (brought.from, status.to_owned());
            let (asked, changed, version) = (now, now, 1);
            let case =
                Case { lift, text, status, asked_by, known, asked, deadline, changed, version };
            tx.add_case(&case).await?;
            self.known.brings.one_more(case.asked_by);
        }
        tx.tell(events);
        let mut told = Vec::with_capacity(proofs.len());
        for proof in proofs {
            let whom = self.keep_proof(&mut tx, &proof, None).await?;
            told.push((proof, whom));
        }
        tx.commit().await?;
        for (proof, whom) in told {
            self.hand_on(&proof, whom);
        }
        Ok(())
    }
}

/// What an administrator is told: that this referee went back; and the proofs that others lie, one of each.
fn events_of(
    before: &Referee,
    state: &mut Docket,
    events: Vec<Event>,
    at: Timestamp,
) -> (Vec<NewEvent>, Vec<Proof>) {
    let told = |kind: &str, text| NewEvent { user: None, kind: kind.to_owned(), text, at };
    let (mut all, mut proofs) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Equivocated(lie) => {
                let lie = proof(&state.referee, &lie).filter(|(who, _)| state.liars.insert(*who));
                proofs.extend(lie.map(|(_, proof)| proof));
            }
            Event::Forgot if !before.forgot() => {
                let text = serde_json::json!({ "lift": state.referee.id() }).to_string();
                all.push(told("referee_forgot", text));
            }
            Event::Passed(refusal) => {
                tracing::debug!(lift = %state.referee.id(), "passed over: {refusal}");
            }
            Event::Forgot | Event::Decided(_) => {}
        }
    }
    (all, proofs)
}

/// Who lies, and the record that proves it to anybody.
fn proof(referee: &Referee, lie: &Equivocation<Signature>) -> Option<(AgentId, Proof)> {
    let lie = referee.lie(lie)?;
    Some((lie.referee, Proof::Lie(Box::new(lie))))
}

/// Whether another program at the same database was quicker.
const fn is_late(error: &StoreError) -> bool {
    error.is_again() || matches!(error, StoreError::Duplicate { kind: Kind::Case, .. })
}

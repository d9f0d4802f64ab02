//! One step of the machine: the copy of the graph catches up, the machine is told one thing, and what it wants done is
//! done. One at a time; a search may take long, so not on the runtime's workers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use clearing::{Advertising, Effect, Input, SearchId, Wanted};
use protocol::bounded::List;
use protocol::errand::Errand;
use protocol::query::{Answer, Said, Why};
use protocol::{AgentId, Cuid, Hash, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::mirror::Mirror;
use super::planned::Planned;
use super::state::{Ended, State};
use super::waits::Waits;
use crate::door::Site;
use crate::error::SiteError;
use crate::lift::aside;
use crate::planted::{self, Planted};

/// After how long the machine is told that time passes, whatever else it is told, in milliseconds.
const TICK_MS: i64 = 250;

/// What the machine is told.
pub(super) enum Told {
    /// What another agent says.
    Heard { from: AgentId, input: Box<Input> },
    /// What a user here looks for; `wanted` gets its number and the payer's here.
    Search { payer: Cuid, wanted: Box<Wanted>, waiter: oneshot::Sender<Ended> },
    /// A user here is to be paid; `all` get its number here.
    Advertise { payee: Cuid, all: Vec<Advertising> },
    /// Time has passed.
    Tick,
}

impl Site {
    /// Tells the machine something when its turn comes; `referees`, where they were just read.
    pub(super) async fn tell_seeker(
        &self,
        waits: Waits,
        told: Told,
        referees: Option<Vec<AgentId>>,
    ) -> Result<(), SiteError> {
        let turn = Arc::clone(&self.known.seeking.turn).acquire_owned().await;
        // Nobody closes it.
        let turn = turn.map_err(|_| SiteError::Busy { waiting: 0 })?;
        drop(waits);
        self.step_seeker(turn, told, referees, self.clock.now()).await
    }

    /// The same for whoever has the turn.
    pub(super) async fn step_seeker(
        &self,
        turn: OwnedSemaphorePermit,
        told: Told,
        referees: Option<Vec<AgentId>>,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let site = self.clone();
        let step = move || {
            let seeking = Arc::clone(&site.known.seeking);
            let done = seeking.with(
                || site.search_secret(),
                |state| {
                    if let Some(referees) = referees {
                        state.referees = referees;
                    }
                    site.step(state, told, now)
                },
            );
            // Held until here, however early the one who waits has gone.
            drop(turn);
            done
        };
        aside(step).await
    }

    fn step(&self, state: &mut State, told: Told, now: Timestamp) -> Result<(), SiteError> {
        let now_ms = state.at(now);
        let (effects, done) = self.catch_up(state);
        self.carry_out(state, effects);
        done?;
        let ticks = matches!(told, Told::Tick) || now_ms - state.ticked_ms >= TICK_MS;
        if let Some(inputs) = self.inputs(state, told) {
            for input in inputs {
                self.input(state, input, now_ms);
            }
        }
        if ticks {
            state.ticked_ms = now_ms;
            self.input(state, Input::Tick, now_ms);
            self.known.seeking.forget(&state.seeker);
        }
        Ok(())
    }

    fn input(&self, state: &mut State, input: Input, now_ms: i64) {
        let State { seeker, mirror, referees, .. } = &mut *state;
        let effects = seeker.step(input, &mirror.here(self.agent, referees), now_ms);
        self.carry_out(state, effects);
    }

    /// Brings the copy of the graph up to date; where it is of another graph, the machine forgets what it knows by
    /// the old numbers.
    fn catch_up(&self, state: &mut State) -> (Vec<Effect>, Result<(), SiteError>) {
        let known = state.mirror.generation();
        let changes = self.known.map.changes(known);
        let anew = changes.as_ref().is_none_or(|changes| changes.anew);
        let mut effects = if anew && known.is_some() { self.renumber(state) } else { Vec::new() };
        let done = match changes {
            Some(changes) => state.mirror.take(changes),
            // Forgotten at this moment: whoever asks again has it read again.
            None => {
                state.mirror = Mirror::default();
                Ok(())
            }
        };
        if done.is_err() {
            effects.extend(self.renumber(state));
        }
        (effects, done)
    }

    fn renumber(&self, state: &mut State) -> Vec<Effect> {
        let effects = state.seeker.renumber();
        self.known.seeking.forget(&state.seeker);
        effects
    }

    /// What the machine is to hear; none where it is none of its business.
    fn inputs(&self, state: &mut State, told: Told) -> Option<Vec<Input>> {
        match told {
            Told::Heard { from, input } if state.mirror.is_partner(&from) => Some(vec![*input]),
            Told::Heard { .. } => {
                self.known.seeking.strangers.fetch_add(1, Ordering::Relaxed);
                None
            }
            Told::Search { payer, mut wanted, waiter } => {
                let search: SearchId = state.search(waiter);
                let Some(payer) = state.mirror.user(&payer) else {
                    state.end(search, Err(Why::Nothing));
                    return None;
                };
                (wanted.id, wanted.payer) = (search, payer);
                Some(vec![Input::Begin(*wanted)])
            }
            Told::Advertise { payee, all } => {
                let payee = state.mirror.user(&payee)?;
                let all = all.into_iter();
                Some(all.map(|one| Input::Advert(Advertising { payee, ..one })).collect())
            }
            Told::Tick => None,
        }
    }

    /// Does what the machine wants done.
    fn carry_out(&self, state: &mut State, effects: Vec<Effect>) {
        let errands = &self.known.errands;
        for effect in effects {
            match effect {
                Effect::Ask { to, mut query } => {
                    if self.has(Planted::PlainMark) {
                        query = planted::marked_plainly(query, self.agent);
                    }
                    errands.push(to, Errand::Query(Box::new(query)));
                }
                Effect::Answer { to, mut answer } => {
                    if let Said::Plans(plans) = &answer.said {
                        plans.iter().for_each(|plan| self.remember_plan(state, plan.token));
                    }
                    if self.has(Planted::PlainToken) {
                        answer = self.answered_plainly(answer);
                    }
                    errands.push(to, Errand::Answer(Box::new(answer)));
                }
                Effect::Advert { to, advert } => {
                    self.remember_plan(state, advert.plan.token);
                    errands.push(to, Errand::Advert(Box::new(advert)));
                }
                Effect::Found { search, plans } => {
                    let named = plans.iter().filter_map(|plan| Planned::of(plan, &state.mirror));
                    let named: Vec<Planned> = named.collect();
                    state.end(search, if named.is_empty() { Err(Why::Busy) } else { Ok(named) });
                }
                Effect::NotFound { search, why } => state.end(search, Err(why)),
            }
        }
    }

    /// The answer with tallies in place of tokens ([`Planted::PlainToken`]).
    fn answered_plainly(&self, mut answer: Answer) -> Answer {
        if let Said::Plans(plans) = &answer.said {
            let mut plans = plans.to_vec();
            for plan in &mut plans {
                let Some(planned) = self.plan(&plan.token) else { continue };
                let on = planned.on.map(|(tally, ..)| tally);
                plan.token = planted::token_of(&planned.way, on, plan.token);
            }
            answer.said = List::new(plans).map_or(answer.said, Said::Plans);
        }
        answer
    }

    /// Remembers a plan that is about to be told by its names.
    fn remember_plan(&self, state: &State, token: Hash) {
        let kept = state.seeker.plan(&token);
        if let Some(planned) = kept.and_then(|kept| Planned::of(kept, &state.mirror)) {
            self.known.seeking.remember(token, planned);
        }
    }

    /// What nobody else knows: the same for all programs of the site, where they have its agent's key.
    fn search_secret(&self) -> Hash {
        let secret = self.own_secret(b"mychips secret of searches v1");
        secret.unwrap_or_else(|_| Hash::from_bytes(self.chance.bytes()))
    }
}

//! What a participant does with what it hears, decides and is shown: `step` takes a state and an input and gives
//! the next state and what has happened. Nothing else happens; what to tell whom follows from the state.

use std::sync::Arc;

use super::word::Heard;
use super::{Known, Participant, Refusal};
use crate::lift::{Conditional, Decided, Evidence, Outcome, Promise, Refused};
use crate::{TallyId, Verified};

/// Something that happens to a participant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A neighbour's word, over the tally of their leg, its signatures checked.
    Hear {
        /// The tally that it came over.
        tally: TallyId,
        /// The word.
        heard: Box<Heard>,
    },
    /// What another participant of its site knows of the same lift.
    Beside(Box<Known>),
    /// Its site has judged that all holds and set the legs aside: it promises.
    Promise(Verified<Promise>),
    /// Its site takes no part.
    Refuse(Verified<Refused>),
    /// Somebody shows the certificate.
    Decided(Arc<Decided>),
    /// Nothing was heard for long.
    Wait,
}

/// What an input does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The participant from now on.
    pub participant: Participant,
    /// What has happened, for the site to act on and people to know.
    pub events: Vec<Event>,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It has promised: its legs are set aside.
    Promised,
    /// A participant refuses, maybe this one: the lift will be void.
    Refused(Refused),
    /// It is decided: the legs' chits are good, or what was set aside is free again.
    Decided(Outcome),
    /// After the decision that the lift is valid, the giver of this leg has said what proves its chit here: a site that
    /// went back knew the decision before.
    Proved(TallyId),
    /// The opposite was decided too: referees lied, and both certificates prove it. What was heard first stays.
    Contradicted,
}

/// What a participant needs of its site now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// That it judges whether the legs hold, and promises or refuses.
    Judge,
    /// That it asks the referees, bringing what makes a decision possible if that is known; without, they decide
    /// once the deadline has passed.
    Ask(Option<Evidence>),
}

impl Participant {
    /// Decides an input.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing happens. What is merely late or repeated is no error.
    pub fn step(&self, input: Input) -> Result<Step, Refusal> {
        match input {
            Input::Hear { tally, heard } => self.hear(tally, *heard),
            Input::Beside(known) => self.learns(*known),
            Input::Promise(promise) => self.promises(promise.into_inner()),
            Input::Refuse(refused) => self.refuses(refused.into_inner()),
            Input::Decided(decided) => {
                let mut step = self.unchanged();
                step.decide(decided)?;
                Ok(step)
            }
            Input::Wait => {
                let waited = self.waited || self.is_locked();
                Ok(self.unchanged().then(Self { waited, ..self.clone() }))
            }
        }
    }

    /// What it needs of its site now.
    #[must_use]
    pub fn wants(&self) -> Option<Want> {
        if self.decided.is_some() {
            return None;
        }
        if self.promise().is_none() && self.refused.is_none() && self.is_its_turn() {
            return Some(Want::Judge);
        }
        let evidence = self.evidence();
        let asks = self.waited || (self.part.collects() && evidence.is_some());
        asks.then_some(Want::Ask(evidence))
    }

    /// Whether it holds what it needs to promise; who collects promises last, so that its legs are set aside for as short
    /// as can be.
    fn is_its_turn(&self) -> bool {
        let (own, all) = (self.part.key(), &self.part.lift().participants);
        let others = || all.iter().filter(|key| *key != own && !self.beside.contains(*key));
        self.holds_all()
            && (!self.part.collects() || others().all(|key| self.promises.contains_key(key)))
    }

    pub(super) fn unchanged(&self) -> Step {
        Step { participant: self.clone(), events: Vec::new() }
    }

    fn hear(&self, tally: TallyId, heard: Heard) -> Result<Step, Refusal> {
        let Heard { conditional, promises, refused, decided } = heard;
        self.belongs(tally, &conditional)?;
        // Nobody promises by a word that names nobody's key.
        if conditional.anew && decided.is_none() && self.decided.is_none() {
            return Err(Refusal::Anew { lift: self.lift() });
        }
        let mut step = self.unchanged();
        let next = &mut step.participant;
        let is_new = !next.theirs.contains_key(&tally);
        next.theirs.entry(tally).or_insert(conditional);
        step.learn(promises, refused);
        // Without it the leg's chit had no proof here, though the lift is valid.
        if is_new && conditional.is_givers() && step.participant.outcome() == Some(Outcome::Commit)
        {
            step.events.push(Event::Proved(tally));
        }
        if let Some(decided) = decided {
            step.decide(decided)?;
        }
        Ok(step)
    }

    /// Whether a neighbour speaks of the leg that is known here, and as whom it spoke before.
    fn belongs(&self, tally: TallyId, said: &Conditional) -> Result<(), Refusal> {
        let lift = self.lift();
        let crossing = self.part.crossing(&tally).ok_or(Refusal::NoLeg { lift, tally })?;
        if said.lift != lift {
            return Err(Refusal::OtherLift { named: said.lift, lift });
        }
        let ours = crossing.ours();
        if (said.leg, said.users) != (ours.leg, ours.users) || said.side == ours.side {
            return Err(Refusal::OtherLeg { lift, tally });
        }
        let before = self.theirs.get(&tally).map(|before| before.key);
        if said.key == *self.part.key() || before.is_some_and(|key| key != said.key) {
            return Err(Refusal::OtherKey { lift, tally });
        }
        Ok(())
    }

    fn promises(&self, promise: Promise) -> Result<Step, Refusal> {
        let lift = self.lift();
        self.is_ours(promise.lift, promise.by == *self.part.key())?;
        if self.promise().is_some() {
            return Ok(self.unchanged());
        }
        if let Some(outcome) = self.outcome() {
            return Err(Refusal::Decided { lift, outcome: outcome.word() });
        }
        if self.refused.is_some() {
            return Err(Refusal::WasRefused { lift });
        }
        if !self.holds_all() {
            return Err(Refusal::NotSaid { lift });
        }
        let mut step = self.unchanged();
        step.participant.promises.insert(promise.by, promise);
        step.events.push(Event::Promised);
        Ok(step)
    }

    fn refuses(&self, refused: Refused) -> Result<Step, Refusal> {
        let lift = self.lift();
        self.is_ours(refused.lift, refused.by == *self.part.key())?;
        if let Some(outcome) = self.outcome() {
            return Err(Refusal::Decided { lift, outcome: outcome.word() });
        }
        if self.promise().is_some() {
            return Err(Refusal::HasPromised { lift });
        }
        let mut step = self.unchanged();
        step.refused(refused);
        Ok(step)
    }

    fn is_ours(&self, named: crate::LiftId, ours: bool) -> Result<(), Refusal> {
        let lift = self.lift();
        if named != lift {
            return Err(Refusal::OtherLift { named, lift });
        }
        if ours { Ok(()) } else { Err(Refusal::NotOurs { lift }) }
    }
}

impl Step {
    fn then(mut self, participant: Participant) -> Self {
        self.participant = participant;
        self
    }

    /// Notes what others have promised, and that somebody refuses.
    pub(super) fn learn(&mut self, promises: Vec<Promise>, refused: Option<Refused>) {
        let next = &mut self.participant;
        let promised = next.promise().is_some();
        for promise in promises {
            next.promises.entry(promise.by).or_insert(promise);
        }
        // Its own, which its site has lost: it holds nevertheless.
        if !promised && next.is_locked() {
            self.events.push(Event::Promised);
        }
        if let Some(refused) = refused {
            self.refused(refused);
        }
    }

    fn refused(&mut self, refused: Refused) {
        if self.participant.refused.is_none() {
            self.participant.refused = Some(refused);
            self.events.push(Event::Refused(refused));
        }
    }

    pub(super) fn decide(&mut self, decided: Arc<Decided>) -> Result<(), Refusal> {
        let next = &mut self.participant;
        let (named, lift) = (decided.certificate().lift, next.lift());
        if named != lift {
            return Err(Refusal::OtherLift { named, lift });
        }
        match next.outcome() {
            None => {
                self.events.push(Event::Decided(decided.outcome()));
                next.decided = Some(decided);
            }
            Some(before) if before != decided.outcome() && next.opposite.is_none() => {
                self.events.push(Event::Contradicted);
                next.opposite = Some(decided);
            }
            Some(_) => {}
        }
        Ok(())
    }
}

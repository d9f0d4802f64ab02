//! What an agreement does with an input: `step` takes a state and an input and gives the next state
//! and what to do once that is durable. Messages are heard in `receive.rs`.

use super::message::{Message, Quorum, Statement, Witness};
use super::refusal::Refusal;
use super::round::{Seat, Timeout};
use super::state::Agreement;
use crate::lift::Outcome;

/// Something that happens to a referee.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<S> {
    /// It has seen evidence for an outcome, which stays valid from now on.
    Valid(Outcome),
    /// A time that it asked for has passed.
    Timeout(Timeout),
    /// A message from another referee, every signature in it checked.
    Receive {
        /// Who sent it.
        from: Seat,
        /// What it says.
        message: Message<S>,
    },
}

/// What an input does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<S> {
    /// The state from now on; it is to be durable before any of the effects happens.
    pub state: Agreement<S>,
    /// What to do then. Losing it loses nothing: see [`Agreement::says`] and [`Agreement::waits`].
    pub effects: Vec<Effect<S>>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<S> {
    /// Sign this and tell it to every other referee.
    Send(Message<Witness<S>>),
    /// Tell it to this one, which does not know that all is over.
    Answer {
        /// Who asked.
        to: Seat,
        /// The decision.
        message: Message<Witness<S>>,
    },
    /// Wait, and say when the time has passed; how long, see [`timeout_ms`](super::timeout_ms).
    Wait(Timeout),
    /// All is over: these precommits are the lift's certificate.
    Decided(Quorum<Witness<S>>),
    /// A referee lies, and this proves it; told again whenever the second statement comes again.
    Equivocated(Equivocation<S>),
}

/// Two statements by one referee of which an honest one makes only one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Equivocation<S> {
    /// Who.
    pub seat: Seat,
    /// What it was heard to say first, signed; this counts.
    pub first: (Statement, S),
    /// What it said as well, signed; this does not.
    pub second: (Statement, S),
}

impl<S: Clone + Eq> Agreement<S> {
    /// Decides an input.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing happens. What is merely late or repeated is no error: it changes
    /// nothing, and is answered with the decision where there is one.
    pub fn step(&self, input: Input<S>) -> Result<Step<S>, Refusal> {
        if let Some(decision) = &self.decision {
            return self.after(decision, input);
        }
        let mut next = self.clone();
        let mut lies = Vec::new();
        match input {
            Input::Valid(Outcome::Commit) => next.seen.commit = true,
            Input::Valid(Outcome::Void) => next.seen.void = true,
            Input::Timeout(timeout) => next.pass(timeout)?,
            Input::Receive { from, message } => next.receive(from, message, &mut lies)?,
        }
        next.settle();
        let effects = self.effects(&next, lies);
        Ok(Step { state: next, effects })
    }

    /// What is due in the next state and was not in this.
    fn effects(&self, next: &Self, lies: Vec<Equivocation<S>>) -> Vec<Effect<S>> {
        let mut effects = lies.into_iter().map(Effect::Equivocated).collect::<Vec<_>>();
        if self == next {
            return effects;
        }
        let (said, waited) = (self.says(), self.waits());
        let says = next.says().into_iter().filter(|message| !said.contains(message));
        let waits = next.waits().into_iter().filter(|timeout| !waited.contains(timeout));
        effects.extend(says.map(Effect::Send));
        effects.extend(waits.map(Effect::Wait));
        effects.extend(next.decision.clone().map(Effect::Decided));
        effects
    }

    /// Decides an input that comes after the decision.
    fn after(&self, decision: &Quorum<Witness<S>>, input: Input<S>) -> Result<Step<S>, Refusal> {
        let mut effects = Vec::new();
        match input {
            Input::Valid(_) | Input::Timeout(_) => {}
            Input::Receive { from, message: Message::Decided(shown) } => {
                self.check_other(from)?;
                self.check_quorum(&shown)?;
                if shown.outcome != decision.outcome {
                    let (decided, shown) = (decision.outcome, shown.outcome);
                    return Err(Refusal::Contradiction { decided, shown });
                }
            }
            Input::Receive { from, message } => {
                self.check_other(from)?;
                // What contradicts the decision itself proves a lie however late it comes.
                if let Message::Vote { vote, sign } = &message {
                    let lie = self.against_kept(from, *vote, sign);
                    effects.extend(lie.map(Effect::Equivocated));
                }
                let message = Message::Decided(decision.clone());
                effects.push(Effect::Answer { to: from, message });
            }
        }
        Ok(Step { state: self.clone(), effects })
    }
}

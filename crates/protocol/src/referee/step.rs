//! What a referee does with what is brought, told or over: `step` takes a state and an input and gives the next
//! state and what has happened. Nothing else happens; what to tell whom follows from the state.

use super::telling::Told;
use super::{Referee, Refusal, seat_of};
use crate::agreement::{self, Effect, Equivocation, Message, Timeout};
use crate::lift::{Evidence, Late, Outcome};
use crate::signature::Signature;

/// Something that happens to a referee.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Somebody brings the record, with what makes a decision possible or nothing: "what became of it?"
    Ask(Option<Evidence>),
    /// Another referee tells what it knows, its signatures checked.
    Tell(Box<Told>),
    /// A time that it waits for has passed.
    Timeout(Timeout),
}

/// What has to be known besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Given {
    /// Whether the deadline has passed on this referee's clock.
    pub is_past: bool,
}

/// What an input does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state from now on; it is to be durable before anything is signed.
    pub referee: Referee,
    /// What has happened.
    pub events: Vec<Event>,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is decided.
    Decided(Outcome),
    /// Another referee lies, and this proves it.
    Equivocated(Equivocation<Signature>),
    /// What another referee said was refused; the rest of its words counts.
    Passed(agreement::Refusal),
    /// A vote of its own turned up that it does not know: it has lost what it had signed, and takes no part any more.
    Forgot,
}

impl Referee {
    /// Decides an input.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing happens.
    pub fn step(&self, input: Input, given: Given) -> Result<Step, Refusal> {
        let mut step = Step { referee: self.clone(), events: Vec::new() };
        match input {
            Input::Ask(evidence) => step.ask(evidence, given)?,
            Input::Tell(told) => step.tell(*told, given)?,
            Input::Timeout(timeout) => step.agree(agreement::Input::Timeout(timeout))?,
        }
        Ok(step)
    }
}

impl Step {
    /// In time, promises make it possible that the lift is valid; too late, that it is void.
    fn ask(&mut self, evidence: Option<Evidence>, given: Given) -> Result<(), Refusal> {
        let (lift, id) = (self.referee.lift().clone(), self.referee.id());
        if let Some(evidence) = &evidence {
            evidence.check(&lift, id)?;
        }
        match evidence {
            Some(Evidence::Refused(refused)) => _ = self.referee.refused.get_or_insert(refused),
            Some(Evidence::Promises(promises)) if !given.is_past => {
                self.referee.promises.get_or_insert(promises);
            }
            Some(Evidence::Late(late)) => self.hear_late(late.iter().copied()),
            Some(Evidence::Promises(_)) | None => {}
        }
        self.look_at_the_clock(given);
        self.weigh()
    }

    /// Past the deadline, without all promises, it says so; not where it does not know what it has signed.
    fn look_at_the_clock(&mut self, given: Given) {
        let known = &mut self.referee;
        known.is_late |=
            given.is_past && known.promises.is_none() && !known.forgot && known.outcome().is_none();
    }

    fn tell(&mut self, told: Told, given: Given) -> Result<(), Refusal> {
        let (named, lift) = (told.lift, self.referee.id());
        if named != lift {
            return Err(Refusal::OtherLift { named, lift });
        }
        let from = seat_of(self.referee.lift(), &told.from)?;
        // What it may have signed and lost comes before what could make it sign again.
        for message in told.messages {
            match self.agree(agreement::Input::Receive { from, message }) {
                Err(Refusal::Agreement(agreement::Refusal::Forgotten { .. })) => {
                    self.referee.forgot = true;
                    self.events.push(Event::Forgot);
                }
                Err(Refusal::Agreement(refusal)) => self.events.push(Event::Passed(refusal)),
                done => done?,
            }
        }
        let known = &mut self.referee;
        // That one may have had them in time.
        known.promises = known.promises.take().or(told.promises);
        known.refused = known.refused.or(told.refused);
        let me = known.me();
        let others = told.late.into_iter().filter(|word| Some(word.referee) != me);
        self.hear_late(others);
        self.look_at_the_clock(given);
        self.weigh()
    }

    /// The first word of each counts: whoever signs one anew for everybody would have honest referees tell each other of it
    /// for ever.
    fn hear_late(&mut self, words: impl Iterator<Item = Late>) {
        for word in words {
            self.referee.late.entry(word.referee).or_insert(word);
        }
    }

    /// Tells the agreement what is possible.
    fn weigh(&mut self) -> Result<(), Refusal> {
        let known = &self.referee;
        let void = known.refused.is_some() || known.says_late() > known.lift().may_lie();
        if void {
            self.agree(agreement::Input::Valid(Outcome::Void))?;
        }
        if self.referee.promises.is_some() {
            self.agree(agreement::Input::Valid(Outcome::Commit))?;
        }
        Ok(())
    }

    fn agree(&mut self, input: agreement::Input<Signature>) -> Result<(), Refusal> {
        // Who does not know what it signed learns what the others decided, and says nothing.
        let shown =
            matches!(&input, agreement::Input::Receive { message: Message::Decided(_), .. });
        if self.referee.forgot && !shown {
            return Ok(());
        }
        let agreement::Step { state, effects } = self.referee.agreement.step(input)?;
        self.referee.agreement = state;
        for effect in effects {
            match effect {
                Effect::Decided(quorum) => self.events.push(Event::Decided(quorum.outcome)),
                Effect::Equivocated(lie) => self.events.push(Event::Equivocated(lie)),
                // What is sent and waited for follows from the state.
                Effect::Send(_) | Effect::Answer { .. } | Effect::Wait(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounded::List;
    use crate::lift::{Lift, Mode};
    use crate::signature::Signer as _;
    use crate::{AgentId, Hash, SecretKey};

    /// A lift of four referees, by agent id, and of one participant.
    fn lift(referees: &[AgentId]) -> Lift {
        let date = "2026-11-28T12:00:00.000Z".parse().unwrap();
        let nonce = Hash::of(b"late");
        Lift {
            nonce,
            mode: Mode::Clearing,
            date,
            deadline: date,
            legs: nonce,
            participants: List::new(vec![SecretKey::ed25519(&[9; 32]).public_key()]).unwrap(),
            referees: List::new(referees.to_vec()).unwrap(),
            quorum: Lift::quorum_of(referees.len()).unwrap(),
            payment: None,
        }
    }

    /// Of an Ed25519 key there are many good signatures under one text: a referee that signs another one for each of the others
    /// would have them tell each other of it for ever.
    #[test]
    fn a_word_that_is_signed_anew_is_no_news() {
        let key = |seed: u8| SecretKey::ed25519(&[seed; 32]);
        let mut agents: Vec<AgentId> =
            (1..5).map(|seed| AgentId::of(&key(seed).public_key()).unwrap()).collect();
        agents.sort_unstable();
        let lift = lift(&agents);
        let id = lift.id().unwrap();
        let told = |text: &[u8]| {
            let sign = Some(key(1).sign(text).unwrap());
            let late = vec![Late { lift: id, referee: agents[1], sign }];
            let (messages, promises, refused) = (Vec::new(), None, None);
            let told = Told { lift: id, from: agents[1], messages, promises, refused, late };
            Input::Tell(Box::new(told))
        };
        let given = Given { is_past: false };
        let referee = Referee::new(lift, &agents[0]).unwrap();
        let once = referee.step(told(b"one"), given).unwrap().referee;
        assert_ne!(once, referee, "the first is news");
        let twice = once.step(told(b"another"), given).unwrap().referee;
        assert_eq!(twice, once);
        let word = Late { lift: id, referee: agents[1], sign: Some(key(1).sign(b"yet").unwrap()) };
        let mut brought = Step { referee: once.clone(), events: Vec::new() };
        brought.hear_late([word].into_iter());
        assert_eq!(brought.referee, once);
    }
}

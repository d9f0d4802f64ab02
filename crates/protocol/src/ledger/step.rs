//! What a ledger does with an input: `step` takes a state and an input and gives the next state,
//! the change of the history, what to send and what to tell people. Nothing else happens.

use super::chain::{Good, Head, Link, Links, Missing};
use super::message::{MAX_CHITS_IN_UPD, Message};
use super::order::Tail;
use super::refusal::{Refusal, Stop};
use super::{Ledger, Status};
use crate::chit::{Chit, Entry, Wait};
use crate::freed::Freed;
use crate::lift::Leg;
use crate::moved::Moved;
use crate::side::Side;
use crate::{AgentId, ChitId, Hash, LiftId, PublicKey, Units, Verified};

/// Something that happens to a half.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The holder signed a chit.
    Write {
        /// The chit, by this half's side.
        chit: Good,
        /// Whether the holder said that it may go beyond the limit that the partner granted.
        over_limit: bool,
    },
    /// Chits that were good before and are brought back: by the holder's device, which keeps them,
    /// after this half lost them. They are taken like the partner's: their proof decides. With or
    /// without any it says that the device has no more.
    Recover(Vec<Good>),
    /// A lift was decided to be valid: its chit on this tally, by either side. It always applies,
    /// also to a tally that is closing or closed: what keeps a lift within what its users signed is
    /// what was promised before ([`Ledger::position`]), and a proof is not for us to refuse.
    Lift(Good),
    /// The site promises a lift that has this leg here: so much of the room is nobody else's until it is decided.
    SetAside(LiftId, Leg),
    /// The lift was decided to be void: what was set aside for it is free.
    Release(LiftId),
    /// The holder signs that what is set aside for a lift may be used again, though nothing is decided.
    Free(Verified<Freed>),
    /// What either user signed of that, as the partner's agent brings it: in any order, any number of times.
    HearFreed(Verified<Freed>),
    /// A message from the partner's agent, every proof in it checked.
    Receive(Message<Good>),
    /// A user says that another agent speaks for it: the holder, or the partner by way of that agent.
    Moved(Verified<Moved>),
    /// Some time has passed: say again what the partner has not confirmed; after a restore, ask again
    /// until it answered.
    Remind,
    /// Compare the two halves from scratch, as after a restore: a half that went back cannot know
    /// what it lost, nor can a partner that believes both agree. The question leaves no trace in the
    /// state, so ask again until an answer was taken.
    Compare,
}

/// What an input does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state from now on.
    pub ledger: Ledger,
    /// What changes in the history; to be written in the same transaction as the state.
    pub change: Option<Change>,
    /// What to tell the partner. Losing it loses nothing: [`Input::Remind`] says it again, and for
    /// [`Input::Compare`] whoever asked for it.
    pub send: Vec<Message>,
    /// What people may want to know.
    pub events: Vec<Event>,
}

/// A new end of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Links up to this index stay.
    pub keep: u64,
    /// All later ones are replaced by these.
    pub then: Vec<Link>,
}

/// Something that people may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A chit became part of this half.
    Linked {
        /// Its name.
        chit: ChitId,
        /// What it does to the balance of this half.
        effect: Units,
    },
    /// A chit by the partner brought its debt beyond the limit that the holder granted.
    OverLimit {
        /// Its name.
        chit: ChitId,
    },
    /// A second chit of one name, with good proof: show both to people.
    Conflict {
        /// The name.
        chit: ChitId,
        /// Hash of the one that was there first.
        first: Hash,
        /// Hash of the one that turned up.
        second: Hash,
    },
    /// A user changed its key.
    Rekeyed {
        /// Whose.
        by: Side,
        /// The new key.
        public: PublicKey,
    },
    /// A user ended its key, and has none.
    KeyEnded {
        /// Whose.
        by: Side,
    },
    /// Somebody asks for another key in the place of one that its user has lost.
    KeyAsked {
        /// Whose.
        by: Side,
        /// Hash of the chit.
        request: Hash,
        /// The key that is asked for.
        public: PublicKey,
    },
    /// The user's partner consents to the request: once the time has passed, the new key may be
    /// claimed. Whoever has the old one objects before.
    KeyConsented {
        /// Whose key.
        by: Side,
        /// Hash of the chit that asked.
        request: Hash,
        /// How long the user's site waits from now on.
        wait: Wait,
    },
    /// The user objects to the request: nothing comes of it.
    KeyObjected {
        /// Whose key.
        by: Side,
        /// Hash of the chit that asked.
        request: Hash,
    },
    /// A chit does not count, or not any more: its user gave up the key that it is signed with. The
    /// user may sign it again: under the same name, with a new date and the new key.
    Voided {
        /// Its name.
        chit: ChitId,
        /// Who gave it.
        by: Side,
    },
    /// Another agent speaks for a user from now on.
    Moved {
        /// For whom.
        by: Side,
        /// Which.
        agent: AgentId,
    },
    /// A user says that what is set aside for a lift may be used again.
    Freed {
        /// The lift.
        lift: LiftId,
        /// Who.
        by: Side,
        /// Whether both have said so: then it is.
        free: bool,
    },
    /// A half that was restored from a backup has heard all that its partner's has.
    Compared,
    /// The tally entered another part of its life.
    Status(Status),
}

impl Ledger {
    /// Decides an input. `links` must be the history that belongs to this state.
    ///
    /// # Errors
    /// [`Stop::Refused`] says why nothing happens, [`Stop::Missing`] what part of the history is
    /// needed before anything can be decided.
    pub fn step(&self, input: Input, links: &impl Links) -> Result<Step, Stop> {
        let mut step = match input {
            Input::Write { chit, over_limit } => self.write(chit, over_limit, links)?,
            Input::Recover(chits) => {
                // So it says that it has no more.
                let last = chits.is_empty();
                let mut step = self.recover(chits, links)?;
                step.ledger.waiting.device &= !last;
                step
            }
            Input::Lift(chit) => self.lift(chit, links)?,
            Input::SetAside(lift, leg) => self.set_aside(lift, &leg)?,
            Input::Release(lift) => self.release(&lift),
            Input::Free(freed) => self.free(&freed, links)?,
            Input::HearFreed(freed) => self.hear_freed(&freed, links)?,
            Input::Receive(message) => self.receive(message, links)?,
            Input::Moved(moved) => self.take_moved(&moved)?,
            Input::Remind if self.waiting.partner.is_none() => self.unchanged(self.due(links)?),
            Input::Remind | Input::Compare => self.unchanged(vec![self.question(links)?]),
        };
        step.ledger.settle(step.change.as_ref());
        let kept = step.change.as_ref().map_or(self.rested, |change| self.rested.min(change.keep));
        step.ledger.rested = step.ledger.agreed.max(kept);
        // A partner that asks for all again takes back no acknowledgement: people hear nothing of it.
        let again = step.change.is_none()
            && step.ledger.agreed != self.agreed
            && step.ledger.rested == self.rested;
        if !again && step.ledger.status() != self.status() {
            step.events.push(Event::Status(step.ledger.status()));
        }
        Ok(step)
    }

    pub(super) fn unchanged(&self, send: Vec<Message>) -> Step {
        Step { ledger: self.clone(), change: None, send, events: Vec::new() }
    }

    fn write(&self, good: Good, over_limit: bool, links: &impl Links) -> Result<Step, Stop> {
        self.belongs(&good)?;
        let chit = good.chit();
        let name = chit.uuid;
        if chit.by != self.side {
            let (by, holder) = (chit.by, self.side);
            return Err(Refusal::NotByHolder { chit: name, by, holder }.into());
        }
        self.compared(name)?;
        self.may_sign(chit)?;
        if links.named(&name)?.contains(&good.hash()) {
            return Err(Refusal::Known { chit: name }.into());
        }
        if self.named(&name, links)?.is_some() {
            return Err(Refusal::NameTaken { chit: name }.into());
        }
        self.may_write(chit, over_limit)?;
        self.may_write_about_keys(chit, links)?;
        let mut tail = Tail::after(self, self.head);
        tail.add(good, links)?;
        let mut step = tail.finish(self, self.agreed, links)?;
        step.say(|ledger, links| ledger.due(links), links)?;
        Ok(step)
    }

    fn recover(&self, chits: Vec<Good>, links: &impl Links) -> Result<Step, Stop> {
        self.may_link(&chits)?;
        let mut step = self.learn(chits, links)?;
        // After a restore the change may be an old one, and what it voided may be here already.
        if step.ledger.last_key != self.last_key && !self.waiting.device {
            self.calls_nothing_back(&step.ledger, links)?;
        }
        step.say(|ledger, links| ledger.due(links), links)?;
        Ok(step)
    }

    /// Refuses a change of the holder's key that comes by way of a device, as what it brings back,
    /// and would make void what both halves have of the holder's.
    fn calls_nothing_back(&self, after: &Self, links: &impl Links) -> Result<(), Stop> {
        for index in 1..=self.agreed {
            let missing = Missing::Links { first: index, last: self.agreed };
            let link = links.link(index).map_err(|_| missing)?;
            if link.chit.by == self.side && self.counts(&link) && !after.counts(&link) {
                return Err(Refusal::OtherHead { index: self.agreed }.into());
            }
        }
        Ok(())
    }

    /// Known already, it changes nothing: whoever hears of the certificate twice may say so twice.
    fn lift(&self, good: Good, links: &impl Links) -> Result<Step, Stop> {
        let chit = good.chit();
        if !matches!(chit.entry, Entry::Lift { .. }) {
            return Err(Refusal::NotALift { chit: chit.uuid }.into());
        }
        self.recover(vec![good], links)
    }

    /// Whether the holder may add this chit of its own.
    fn may_write(&self, chit: &Chit, over_limit: bool) -> Result<(), Refusal> {
        let name = chit.uuid;
        if let Entry::Set { set, .. } = &chit.entry {
            let in_force = self.sets.of(self.side).map_or(0, |(set, _)| set.counter.get());
            if set.counter.get() <= in_force {
                return Err(Refusal::StaleSettings { in_force });
            }
            if self.status() == Status::Closed && !set.close {
                return Err(Refusal::Closed { chit: name });
            }
            return Ok(());
        }
        if chit.entry.is_about_keys() {
            return Ok(());
        }
        // What the holder gives lowers its balance, and so may what it has promised. Until it owes, it only gives back.
        let promised = self.reserved().map_or(0, |(_, out)| i128::from(out.milli()));
        let effect = i128::from(chit.effect_on(self.side).milli());
        let after = self.balance_milli + effect - promised;
        if after >= 0 {
            return Ok(());
        }
        if self.status() != Status::Open {
            return Err(Refusal::Closing { chit: name });
        }
        let milli = i64::try_from(-after).map_err(|_| Refusal::OutOfRange { chit: name })?;
        let would_owe = Units::new(milli).map_err(|_| Refusal::OutOfRange { chit: name })?;
        let limit = *self.may_owe.of(self.side);
        if would_owe > limit && !over_limit {
            return Err(Refusal::OverLimit { chit: name, would_owe, limit });
        }
        Ok(())
    }

    fn receive(&self, message: Message<Good>, links: &impl Links) -> Result<Step, Stop> {
        message.check_length()?;
        match (message, self.side) {
            (Message::Upd { base, chits, head }, Side::Stock) => {
                self.conform(base, chits, head, links)
            }
            (Message::Upd { .. }, Side::Foil) if self.waiting.partner.is_some() => {
                Ok(self.unchanged(vec![self.question(links)?]))
            }
            (Message::Upd { base, chits, .. }, Side::Foil) => self.order(base, chits, links),
            (Message::Ack { head }, Side::Foil) => self.acknowledged(head, links),
            (Message::Nak { locator }, Side::Foil) | (Message::Req { locator }, _) => {
                self.answer(&locator, links)
            }
            (Message::Ask { locator, question }, _) => self.tell(&locator, question, links),
            (Message::Tell { question, base, chits, head }, _) => {
                self.told(question, base, chits, head, links)
            }
            (Message::Ack { .. } | Message::Nak { .. }, Side::Stock) => {
                Err(Refusal::NotFrom { from: Side::Foil }.into())
            }
        }
    }

    /// The stock has our order up to `head`.
    fn acknowledged(&self, head: Head, links: &impl Links) -> Result<Step, Stop> {
        if !self.stands(head, links)? {
            // It acknowledges what we do not have, or have no more: find out what it knows.
            return Ok(self.unchanged(vec![self.question(links)?]));
        }
        let mut step = self.unchanged(Vec::new());
        step.ledger.agreed = self.agreed.max(head.index);
        if step.ledger.agreed > self.agreed {
            step.send = step.ledger.due(links)?;
        }
        Ok(step)
    }

    /// The partner shows what it has: tell it what comes after, from where the two agree.
    pub(super) fn answer(&self, locator: &[Head], links: &impl Links) -> Result<Step, Stop> {
        for head in locator {
            if self.stands(*head, links)? {
                let mut step = self.unchanged(Vec::new());
                step.ledger.agreed = head.index;
                step.send.push(step.ledger.upd_after(*head, links)?);
                return Ok(step);
            }
        }
        Err(Refusal::OtherGenesis.into())
    }

    /// What the partner is not known to have, as one message; none where it has all.
    pub(super) fn due(&self, links: &impl Links) -> Result<Vec<Message>, Stop> {
        if self.agreed == self.head.index {
            return Ok(Vec::new());
        }
        Ok(vec![self.upd_after(self.head_at(self.agreed, links)?, links)?])
    }

    /// The links after `base`, as many as one message takes; maybe none.
    pub(super) fn upd_after(&self, base: Head, links: &impl Links) -> Result<Message, Stop> {
        let most = u64::try_from(MAX_CHITS_IN_UPD).unwrap_or(1);
        let last = self.head.index.min(base.index + most);
        let mut head = base;
        let mut chits = Vec::new();
        for index in base.index + 1..=last {
            let missing = |_| Missing::Links { first: index, last };
            let link = links.link(index).map_err(missing)?;
            head = link.head;
            chits.push(link.chit);
        }
        Ok(Message::Upd { base, chits, head })
    }

    /// Whether `head` is on our chain.
    pub(super) fn stands(&self, head: Head, links: &impl Links) -> Result<bool, Stop> {
        Ok(head.index <= self.head.index && self.head_at(head.index, links)? == head)
    }

    pub(super) fn head_at(&self, index: u64, links: &impl Links) -> Result<Head, Stop> {
        if index == self.head.index {
            Ok(self.head)
        } else if index == 0 {
            Ok(Head { index: 0, hash: self.genesis })
        } else {
            Ok(links.link(index)?.head)
        }
    }

    /// Heads of our chain, newest first, at distances that double, and the genesis last.
    pub(super) fn locator(&self, links: &impl Links) -> Result<Vec<Head>, Stop> {
        let mut locator = vec![self.head];
        let (mut index, mut distance) = (self.head.index, 1);
        while index > 0 {
            index = index.saturating_sub(distance);
            distance *= 2;
            locator.push(self.head_at(index, links)?);
        }
        Ok(locator)
    }
}

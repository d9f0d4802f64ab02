//! What a negotiation does with the partner's messages. Each that wants an answer gets one, also
//! when it is late or repeated: so nobody has to say anything for ever.

use super::draft::Draft;
use super::fits::in_time;
use super::message::{End, Message, Place, Version};
use super::refusal::Refusal;
use super::step::{Event, Given, Step};
use super::{Negotiation, Table};
use crate::cert::Cert;
use crate::tally::{Offer, SignedBy};
use crate::{Tally, Timestamp, Verified};

impl Negotiation {
    pub(super) fn receive(
        &self,
        message: Message<SignedBy, Verified<Cert>>,
        given: Given,
    ) -> Result<Step, Refusal> {
        let closed = Refusal::Closed { tally: self.tally };
        match message {
            Message::Tally(tally) => match *tally {
                SignedBy::Both(tally) => self.agreed(tally, given.closed),
                SignedBy::One(_) if given.closed => Err(closed),
                SignedBy::One(offer) if offer.by() == self.side => {
                    self.own_again(&offer, given.now)
                }
                SignedBy::One(offer) => self.offered(&offer, given.now),
                SignedBy::Nobody(_) => Err(Refusal::Unsigned),
            },
            Message::Received { version } => Ok(self.received(version, given.closed)),
            Message::Ask => Ok(self.unchanged(self.all(given.closed))),
            Message::Answer { cert } => self.answered(*cert),
            Message::Answered => {
                Ok(self.unchanged(Vec::new()).then(Self { introduced: true, ..self.clone() }))
            }
            Message::Withdraw { .. } | Message::Ended { .. } if given.closed => Err(closed),
            Message::Withdraw { version } => Ok(self.asked_back(version)),
            Message::Ended { version, end } => Ok(self.ended(version, end)),
        }
    }

    pub(super) fn passed(&self, refusal: Refusal, send: impl IntoIterator<Item = Message>) -> Step {
        let mut step = self.unchanged(send.into_iter().collect());
        step.events.push(Event::Passed(refusal));
        step
    }

    fn answered(&self, cert: Verified<Cert>) -> Result<Step, Refusal> {
        self.meets(&cert)?;
        let mut step = self.unchanged(vec![Message::Answered]);
        match &self.partner {
            Some(partner) if *partner == *cert => {}
            Some(_) => return Err(Refusal::Taken { tally: self.tally }),
            None => {
                step.negotiation.partner = Some(cert.into_inner());
                step.events.push(Event::Answered);
            }
        }
        Ok(step)
    }

    /// An offer by the partner.
    fn offered(&self, offer: &Offer, now: Timestamp) -> Result<Step, Refusal> {
        let tally = offer.tally();
        self.belongs(tally)?;
        let version = Version::of(tally)?;
        let revision = version.revision.get();
        // It names our cert, so the partner has it.
        let known = Self { introduced: true, ..self.clone() };
        match &self.table {
            Table::Theirs { version: theirs, .. } if *theirs == version => {
                let received = [Message::Received { version }];
                return Ok(known.passed(Refusal::Known { revision }, received));
            }
            Table::Refused { version: refused, .. } if *refused == version => {
                return Ok(known.passed(Refusal::Known { revision }, self.about_ours()));
            }
            _ => {}
        }
        let place = Place::of(version, offer.by());
        if place <= self.last {
            let crossed = matches!(&self.table, Table::Ours { version: ours, .. }
                if ours.revision == version.revision);
            let why =
                if crossed { Refusal::Crossed { revision } } else { Refusal::Late { revision } };
            return Ok(known.passed(why, [self.instead_of(version)]));
        }
        let mut step = known.unchanged(Vec::new());
        step.negotiation.last = place;
        step.negotiation.until = None;
        step.events.extend(self.overtaken(version));
        if in_time(tally, now).is_err() {
            step.negotiation.table = Table::Empty { void: true };
            step.send.push(Message::Ended { version, end: End::Expired });
            step.events.push(Event::Expired { version });
            return Ok(step);
        }
        let draft = Draft::of(tally, self.side);
        let differences = self.draft.differences(&draft, self.side);
        step.negotiation.draft = draft;
        step.negotiation.table = Table::Theirs { offer: Box::new(tally.clone()), version };
        step.send.push(Message::Received { version });
        step.events.push(Event::Offered { version, differences });
        Ok(step)
    }

    /// Where both offered one revision at once, word of the one that does not stand.
    pub(super) fn overtaken(&self, by: Version) -> Option<Event> {
        match &self.table {
            Table::Ours { version, .. } if version.revision == by.revision => {
                Some(Event::Crossed { version: *version })
            }
            _ => None,
        }
    }

    /// The answer to an offer that comes late: whatever makes the partner see why.
    fn instead_of(&self, late: Version) -> Message {
        let place = Place::of(late, self.side.other());
        match (&self.signed, &self.table) {
            (Some(signed), _) if signed.version.revision >= late.revision => {
                Message::Tally(Box::new(signed.tally.clone()))
            }
            (_, Table::Ours { .. }) if self.place_on_table() > Some(place) => {
                self.about_ours().unwrap_or(Message::Ended { version: late, end: End::Late })
            }
            (_, Table::Theirs { offer, .. }) => Message::Tally(offer.clone()),
            _ => Message::Ended { version: late, end: End::Late },
        }
    }

    /// The answer to a partner that has an offer of ours on its table which is at its end here.
    fn instead_of_own(&self, old: Version) -> Option<Message> {
        match (&self.signed, &self.table) {
            (Some(signed), _) if signed.version.revision >= old.revision => {
                Some(Message::Tally(Box::new(signed.tally.clone())))
            }
            (_, Table::Ours { version, .. }) if *version == old => None,
            (_, Table::Ours { .. }) => self.about_ours(),
            _ => Some(Message::Withdraw { version: old }),
        }
    }

    /// An offer of the holder's own, back from the partner: this half went back to an older state.
    fn own_again(&self, offer: &Offer, now: Timestamp) -> Result<Step, Refusal> {
        let tally = offer.tally();
        self.belongs(tally)?;
        let version = Version::of(tally)?;
        let place = Place::of(version, self.side);
        // Signed twice under one revision: what the partner has is what it may accept.
        let twin = matches!(&self.table, Table::Ours { version: ours, withdrawn: false, .. }
            if ours.revision == version.revision && ours.hash != version.hash);
        if place <= self.last && !twin {
            let known = Refusal::Late { revision: version.revision.get() };
            return Ok(self.passed(known, self.instead_of_own(version)));
        }
        if let Err(expired) = in_time(tally, now) {
            // The partner's clock may be behind.
            let mut step = self.passed(expired, [Message::Withdraw { version }]);
            step.negotiation.last = self.last.max(place);
            if matches!(self.table, Table::Ours { .. } | Table::Theirs { .. }) {
                // It took that offer's place. Both would else answer each other with them, without end.
                step.negotiation.table = Table::Empty { void: true };
                step.events.push(Event::Expired { version });
            }
            return Ok(step);
        }
        let next = self.with_own(tally, version);
        let mut step = self.unchanged(next.about_ours().into_iter().collect()).then(next);
        step.events.push(Event::Recovered { version });
        Ok(step)
    }

    /// A tally that both signed: a fact, whatever this half was about to do.
    fn agreed(&self, tally: Verified<Tally>, closed: bool) -> Result<Step, Refusal> {
        self.has_our_keys(&tally)?;
        let version = Version::of(&tally)?;
        let revision = version.revision.get();
        let received = Message::Received { version };
        match &self.signed {
            Some(signed) if signed.version == version => {
                let mut step = self.passed(Refusal::Known { revision }, [received]);
                if let Some(signed) = &mut step.negotiation.signed {
                    signed.told = true;
                }
                Ok(step)
            }
            _ if closed => Err(Refusal::Closed { tally: self.tally }),
            Some(signed) if signed.version > version => {
                let ours = Message::Tally(Box::new(signed.tally.clone()));
                Ok(self.passed(Refusal::Late { revision }, [ours]))
            }
            _ => {
                let mut step = self.governed_by(tally, version, true);
                step.send.push(received);
                Ok(step)
            }
        }
    }

    /// All that this half has, for a partner that may have lost something.
    fn all(&self, closed: bool) -> Vec<Message> {
        let mut all = vec![Message::Answer { cert: Box::new(self.holder.clone()) }];
        all.extend(self.signed.iter().map(|signed| Message::Tally(Box::new(signed.tally.clone()))));
        all.extend(self.on_table().filter(|_| !closed));
        all
    }
}

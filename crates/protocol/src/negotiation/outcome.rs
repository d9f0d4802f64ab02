//! What becomes of an offer that is on its way: heard, taken back, or at its end.

use super::message::{End, Message, Place, Version};
use super::refusal::Refusal;
use super::step::{Event, Step};
use super::{Negotiation, Table};

impl Negotiation {
    /// The partner has heard what we said of this version.
    pub(super) fn received(&self, version: Version, closed: bool) -> Step {
        let mut step = self.unchanged(Vec::new());
        let next = &mut step.negotiation;
        match (&mut next.signed, &mut next.table) {
            (Some(signed), _) if signed.version == version => signed.told = true,
            (_, Table::Ours { version: ours, delivered, .. }) if *ours == version => {
                *delivered = true;
            }
            (_, Table::Refused { version: refused, .. }) if *refused == version => {
                next.table = Table::Empty { void: true };
            }
            // We had accepted or refused it before we went back, and the partner says where it is over.
            (_, Table::Theirs { version: theirs, .. }) if *theirs == version => {
                return self
                    .passed(Refusal::Late { revision: version.revision.get() }, self.on_table());
            }
            _ if !closed && self.may_have_ours(version) => {
                return self.passed(Refusal::NotOnTable { hash: version.hash }, [Message::Ask]);
            }
            _ => return self.passed(Refusal::Late { revision: version.revision.get() }, []),
        }
        step
    }

    /// Whether the partner may have this offer of ours on its table and not know what became of it: this half lost it
    /// when it went back, or it is over here and came late to a partner that went back, or whose clock is behind. The
    /// partner shows it when it is asked, and it is taken for ours or asked back. (Where it was a refusal of ours that
    /// was heard again, it has nothing to show.)
    fn may_have_ours(&self, version: Version) -> bool {
        let is_lost = Place::of(version, self.side) > self.last;
        let signed = self.signed.as_ref().map(|signed| signed.version.revision);
        let is_over = matches!(self.table, Table::Empty { .. }) && signed < Some(version.revision);
        is_lost || is_over
    }

    /// The partner asks for its offer back.
    pub(super) fn asked_back(&self, version: Version) -> Step {
        let place = Place::of(version, self.side.other());
        let given_back = Message::Ended { version, end: End::Withdrawn };
        if let Some(signed) = &self.signed
            && signed.version.revision >= version.revision
        {
            let accepted = Message::Tally(Box::new(signed.tally.clone()));
            return self.passed(Refusal::Late { revision: version.revision.get() }, [accepted]);
        }
        let mut step = self.unchanged(Vec::new());
        match &self.table {
            Table::Refused { version: refused, .. } if *refused == version => {
                step.send.extend(self.about_ours());
            }
            Table::Ours { .. } if self.place_on_table() > Some(place) => {
                step.send.extend(self.about_ours());
            }
            Table::Theirs { offer, .. } if self.place_on_table() > Some(place) => {
                step.send.push(Message::Tally(offer.clone()));
            }
            _ if self.place_on_table() > Some(place) => step.send.push(given_back),
            Table::Empty { .. } => {
                step.negotiation.last = self.last.max(place);
                step.send.push(given_back);
            }
            table => {
                // On the table, or overtaken by what is withdrawn.
                let void = matches!(table, Table::Refused { .. });
                step.events.extend(self.overtaken(version));
                if matches!(table, Table::Theirs { .. }) {
                    step.events.push(Event::Withdrawn { version });
                }
                step.negotiation.last = self.last.max(place);
                step.negotiation.table = Table::Empty { void };
                step.send.push(given_back);
            }
        }
        step
    }

    /// The partner will not accept our offer any more.
    pub(super) fn ended(&self, version: Version, end: End) -> Step {
        let refused = matches!(end, End::Refused { .. });
        let heard = refused.then_some(Message::Received { version });
        match &self.table {
            Table::Ours { version: ours, .. } if *ours == version => {
                let mut step = self.unchanged(heard.into_iter().collect());
                let void = refused || end == End::Expired;
                step.negotiation.table = Table::Empty { void };
                step.events.push(Event::Ended { version, end });
                step
            }
            table => {
                let is_lost = Place::of(version, self.side) > self.last;
                let mut step = self.passed(Refusal::NotOnTable { hash: version.hash }, heard);
                match table {
                    // Perhaps one that this half lost when it went back: what was before it is over too, and not taken
                    // any more.
                    Table::Empty { .. } => {
                        step.negotiation.last = self.last.max(Place::of(version, self.side));
                    }
                    // What lies on the table is the last, as ever; the partner says where it is over since.
                    Table::Theirs { .. } if is_lost => step.send.extend(self.on_table()),
                    _ => {}
                }
                // The partner had accepted it, and went back.
                let signed = self
                    .signed
                    .as_ref()
                    .filter(|signed| signed.version.revision >= version.revision);
                step.send
                    .extend(signed.map(|signed| Message::Tally(Box::new(signed.tally.clone()))));
                step
            }
        }
    }

    /// The partner's agent does not take what this half said: it is over. So nothing is said for ever, and
    /// the status tells that nobody waits at the other end; what both signed stays. So does an offer to change that:
    /// where the partner's half is lost, what both signed brings it back, and then it asks what there is.
    pub(super) fn unheard(&self, offer: Option<Version>) -> Step {
        let mut step = self.unchanged(Vec::new());
        let over = match (offer, &self.table) {
            (None, _) => !self.introduced,
            (Some(offer), Table::Ours { version, .. } | Table::Refused { version, .. }) => {
                *version == offer
            }
            (Some(_), _) => false,
        };
        if !over {
            return step;
        }
        step.negotiation.introduced |= offer.is_none();
        match (&self.signed, &mut step.negotiation.table) {
            (Some(_), Table::Ours { delivered, withdrawn: false, .. }) => *delivered = true,
            (_, table) => *table = Table::Empty { void: true },
        }
        step
    }
}

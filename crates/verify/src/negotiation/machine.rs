//! The shipping machine of one half, run once for each different input; halves, messages and texts by numbers.

use std::sync::Arc;

use protocol::negotiation::{End, Given, Input, Message, Negotiation, Refusal, Status, Version};
use protocol::tally::SignedBy;
use protocol::{Cert, Side, Tally, Verified};

use super::cast::{Cast, given, place};
use super::setting::Plant;
use crate::memo::{Interned, Memo};

/// What may happen to one half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// Its user offers the next revision; `again` in other words, having forgotten the first.
    Offer {
        again: bool,
    },
    Accept,
    Refuse,
    Withdraw,
    Remind,
    Compare,
    Tick,
    Deliver(u8),
}

/// What came of an act.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) half: u32,
    /// Messages to the other half.
    pub(super) sent: Arc<[u8]>,
    /// The text that the user signed.
    pub(super) signs: Option<u8>,
    /// The texts, one bit each, of which the half says that it will not accept them any more.
    pub(super) ends: u16,
    /// Whether a message was refused, as by a forger or a fault of the machine.
    pub(super) refused: bool,
}

/// What can be read from a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) status: Status,
    pub(super) amendment: Option<Status>,
    /// What both signed: its revision and its text.
    pub(super) governs: Option<(u32, u8)>,
    /// The offer on the table: its text, and at which place its user is.
    pub(super) offer: Option<(u8, usize)>,
    /// Whether all signatures that it rests on are good.
    pub(super) sound: bool,
    /// The next revision that its holder would offer; none before it has a partner.
    pub(super) next: Option<u32>,
}

/// Both halves' machine, and all that came of it so far.
pub(super) struct Machine {
    pub(super) cast: Cast,
    plant: Option<Plant>,
    halves: Interned<Negotiation>,
    /// Each with the place that it goes to.
    messages: Interned<(usize, Message)>,
    /// Texts, whoever signed them.
    texts: Interned<Version>,
    steps: Memo<(u32, Act, Given), Option<Done>>,
    facts: Memo<u32, Facts>,
}

/// A number as a byte of a state.
fn byte(number: u32) -> u8 {
    u8::try_from(number).expect("a small world has fewer than 256 different messages")
}

impl Machine {
    pub(super) fn new(plant: Option<Plant>) -> Self {
        Self {
            cast: Cast::new(),
            plant,
            halves: Interned::new(),
            messages: Interned::new(),
            texts: Interned::new(),
            steps: Memo::new(),
            facts: Memo::new(),
        }
    }

    /// The halves before anything happened.
    pub(super) fn begin(&self) -> [u32; 2] {
        self.cast.begin().map(|half| self.halves.number(half))
    }

    /// What comes of an act; nothing where it is not possible or changes nothing.
    pub(super) fn act(&self, half: u32, act: Act, given: Given) -> Option<Done> {
        self.steps.get((half, act, given), |_| self.find(half, act, given))
    }

    fn find(&self, number: u32, act: Act, given: Given) -> Option<Done> {
        let half = self.halves.get(number);
        let input = self.input(&half, act)?;
        let signs = match &input {
            Input::Offer(offer) => Some(self.text(offer.tally())),
            Input::Accept(tally) => Some(self.text(tally)),
            _ => None,
        };
        let to = place(half.side().other());
        match half.step(input, given) {
            Ok(mut step) => {
                step.send.extend(self.gives_back(act));
                let ends = step.send.iter().fold(0, |ends, said| ends | self.ended(said));
                let sent = step.send.into_iter().map(|message| self.message(to, message));
                let sent: Arc<[u8]> = sent.collect();
                let next = self.halves.number(step.negotiation);
                let nothing = next == number && sent.is_empty() && !matches!(act, Act::Deliver(_));
                (!nothing).then_some(Done { half: next, sent, signs, ends, refused: false })
            }
            Err(refusal) if matches!(act, Act::Deliver(_)) => {
                // Whoever answers an invitation may offer before its cert is there; it says both again.
                let refused = !matches!(refusal, Refusal::NoPartner { .. });
                Some(Done { half: number, sent: Arc::default(), signs: None, ends: 0, refused })
            }
            Err(_) => None,
        }
    }

    /// What is said beside what the machine says, where that was planted.
    fn gives_back(&self, act: Act) -> Option<Message> {
        let Act::Deliver(message) = act else { return None };
        match self.said(message) {
            Message::Withdraw { version } if self.plant == Some(Plant::GivesBack) => {
                Some(Message::Ended { version, end: End::Withdrawn })
            }
            _ => None,
        }
    }

    /// The input that an act is for this half; none where its user would not think of it.
    fn input(&self, half: &Negotiation, act: Act) -> Option<Input> {
        let hash = |tally: &Tally| Version::of(tally).ok().map(|version| version.hash);
        let side = half.side();
        let theirs = half.offer().filter(|(_, by)| *by != side).map(|(tally, _)| tally);
        let ours = half.offer().filter(|(_, by)| *by == side).map(|(tally, _)| tally);
        Some(match act {
            Act::Offer { again } => {
                let tally = self.cast.sign(&self.cast.next(half, again)?, side);
                match self.cast.checked(&tally) {
                    SignedBy::One(offer) => Input::Offer(Box::new(offer)),
                    _ => return None,
                }
            }
            Act::Accept => match self.cast.checked(&self.cast.sign(theirs?, side)) {
                SignedBy::Both(tally) => Input::Accept(Box::new(tally)),
                _ => return None,
            },
            Act::Refuse => Input::Refuse { offer: hash(theirs?)?, reason: None },
            Act::Withdraw => Input::Withdraw { offer: hash(ours?)? },
            Act::Remind if self.plant == Some(Plant::Silent) => return None,
            Act::Remind => Input::Remind,
            Act::Compare => Input::Compare,
            Act::Tick => Input::Tick,
            Act::Deliver(message) => Input::Receive(self.heard(side, message)),
        })
    }

    /// A message as it comes out of the checks of a site, or of what was planted in their place.
    fn heard(&self, side: Side, number: u8) -> Message<SignedBy, Verified<Cert>> {
        let known = self.messages.get(number.into());
        let Message::Tally(tally) = &known.1 else { return self.cast.received(&known.1) };
        let signed = |by| tally.members().sign.as_ref().is_some_and(|sign| sign.of(by).is_some());
        let believed = match self.plant {
            Some(Plant::Unchecked) if tally.members().sign.is_none() => Some(side.other()),
            Some(Plant::Gullible) if signed(side.other()) && !signed(side) => Some(side),
            _ => None,
        };
        let tally = believed.map_or_else(|| (**tally).clone(), |by| self.cast.sign(tally, by));
        self.cast.received(&Message::Tally(Box::new(tally)))
    }

    /// The number of a message to a place.
    pub(super) fn message(&self, to: usize, message: Message) -> u8 {
        byte(self.messages.number((to, message)))
    }

    /// The number of a tally's text.
    pub(super) fn text(&self, tally: &Tally) -> u8 {
        byte(self.texts.number(Version::of(tally).expect("a text has a hash")))
    }

    /// The text that a message says is ended, as a bit.
    fn ended(&self, message: &Message) -> u16 {
        match message {
            Message::Ended { version, .. } => 1 << self.texts.number(*version),
            _ => 0,
        }
    }

    /// The text in a message that holds this side's signature under it.
    pub(super) fn signed_by(&self, message: u8, side: Side) -> Option<u8> {
        match &self.messages.get(message.into()).1 {
            Message::Tally(tally) => {
                tally.members().sign.as_ref()?.of(side).map(|_| self.text(tally))
            }
            _ => None,
        }
    }

    /// The unsigned text of what the holder of a half would offer next, on its way to the other half.
    pub(super) fn forged(&self, half: u32) -> Option<u8> {
        let half = self.halves.get(half);
        let text = self.cast.next(&half, false)?;
        Some(self.message(place(half.side().other()), Message::Tally(Box::new(text))))
    }

    /// What the holder of a half would say by itself, on its way to the other half.
    pub(super) fn first_words(&self, half: u32) -> Vec<u8> {
        let half = self.halves.get(half);
        let said = half.step(Input::Remind, given(false, false));
        let to = place(half.side().other());
        said.into_iter().flat_map(|step| step.send).map(|said| self.message(to, said)).collect()
    }

    /// What can be read from a half.
    pub(super) fn facts(&self, half: u32) -> Facts {
        self.facts.get(half, |&half| {
            let half = self.halves.get(half);
            let governs = half.signed();
            Facts {
                status: half.status(),
                amendment: half.amendment(),
                governs: governs.map(|t| (t.members().revision.get(), self.text(t))),
                offer: half.offer().map(|(tally, by)| (self.text(tally), place(by))),
                sound: half.check().is_ok(),
                next: self.cast.next(&half, false).map(|tally| tally.members().revision.get()),
            }
        })
    }

    /// The message with a number.
    pub(super) fn said(&self, message: u8) -> Message {
        self.messages.get(message.into()).1.clone()
    }
}

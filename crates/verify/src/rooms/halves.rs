//! The shipping ledgers, each with its chain, run once for each different input; halves by numbers.

use std::sync::Arc;

use protocol::chit::{Chit, Entry};
use protocol::ledger::{Good, Input, Ledger, Link, Message};
use protocol::lift::{Leg, Mode};
use protocol::{LiftId, Side, Tally, Verified};

use super::cast::freed;
use super::setting::Plant;
use crate::memo::{Interned, Memo};
use crate::people::fixed;

/// The most messages of one talk between two halves.
const LONGEST_TALK: usize = 64;

/// One half of a tally, with its chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Half {
    ledger: Ledger,
    links: Vec<Link>,
}

/// What may happen to a half; lifts and legs by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Move {
    /// A lift's leg is judged, and set aside where there is room.
    Promise { lift: usize, leg: usize },
    /// The lift is void.
    Release { lift: usize },
    /// The lift is valid: the leg's chit is good.
    Lift { lift: usize, leg: usize },
    /// The user on a side signs that the lift's leg on this tally is free; or the partner's half hears of that.
    Free { lift: usize, tally: usize, by: Side },
    /// Its holder pays the invoice; or the partner's half hears of that.
    Pay,
}

/// What can be read from a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The sum of the chits that are linked, in milli-CHIPs.
    pub(super) balance_milli: i64,
    /// For which lifts something is set aside; whose chits are linked: a bit each.
    pub(super) aside: u8,
    pub(super) lifted: u8,
    pub(super) paid: bool,
    /// Whether the balance is what the chits come to.
    pub(super) sums: bool,
    /// Whether it is read again as it was written.
    pub(super) kept: bool,
}

/// How far a talk of two halves comes.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    /// Both halves before anything is heard, and after each message in its turn.
    pub(super) halves: Vec<[u32; 2]>,
    /// To which of them each message goes, the stock's first, and which it is.
    pub(super) said: Vec<(usize, u32)>,
}

/// A lift, as halves see it.
pub(super) struct Known {
    pub(super) id: LiftId,
    pub(super) mode: Mode,
    pub(super) legs: Vec<Leg>,
    /// The proved chit of each leg.
    pub(super) goods: Vec<Good>,
}

pub(super) struct Halves {
    lifts: Vec<Known>,
    payment: Option<Good>,
    plant: Option<Plant>,
    /// What both users signed: a half that is read again is told whose agents they named.
    signed: Vec<Verified<Tally>>,
    halves: Interned<Half>,
    messages: Interned<Message<Good>>,
    moves: Memo<(u32, Move), Option<u32>>,
    talks: Memo<[u32; 2], Arc<Talk>>,
    heard: Memo<(u32, u32), u32>,
    read: Memo<u32, u32>,
    facts: Memo<u32, Facts>,
}

impl Halves {
    pub(super) fn new(
        lifts: Vec<Known>,
        signed: Vec<Verified<Tally>>,
        payment: Option<Good>,
        plant: Option<Plant>,
    ) -> Self {
        Self {
            lifts,
            payment,
            plant,
            signed,
            halves: Interned::new(),
            messages: Interned::new(),
            moves: Memo::new(),
            talks: Memo::new(),
            heard: Memo::new(),
            read: Memo::new(),
            facts: Memo::new(),
        }
    }

    /// Two halves that know what is owed in the beginning.
    pub(super) fn begin(&self, tally: usize, owed: Option<Good>) -> [u32; 2] {
        let open = |side| fixed(Ledger::open(&self.signed[tally], side));
        let mut halves = Side::BOTH.map(|side| Half { ledger: open(side), links: Vec::new() });
        if let Some(chit) = owed {
            let by = usize::from(chit.chit().by == Side::Foil);
            halves[by] = fixed(halves[by].takes(Input::Write { chit, over_limit: false }));
        }
        self.after_talk(halves.map(|half| self.halves.number(half)))
    }

    /// A half after a move; none where it refuses.
    pub(super) fn moves(&self, half: u32, step: Move) -> Option<u32> {
        self.moves.get((half, step), |_| {
            let known = self.halves.get(half);
            let next = match step {
                Move::Promise { lift, leg } => self.promise(&known, lift, leg),
                Move::Release { lift } => known.takes(Input::Release(self.lifts[lift].id)).ok(),
                Move::Lift { lift, leg } => {
                    known.takes(Input::Lift(self.lifts[lift].goods[leg].clone())).ok()
                }
                Move::Free { lift, by, .. } if self.plant == Some(Plant::FreedByOne) => {
                    let own = known.ledger.side() == by;
                    own.then(|| known.takes(Input::Release(self.lifts[lift].id)).ok()).flatten()
                }
                Move::Free { lift, tally, by } => {
                    let word = freed(tally, by, self.lifts[lift].id);
                    let own = known.ledger.side() == by;
                    known.takes(if own { Input::Free(word) } else { Input::HearFreed(word) }).ok()
                }
                Move::Pay => {
                    let chit = self.payment.clone()?;
                    let own = chit.chit().by == known.ledger.side();
                    let write = Input::Write { chit: chit.clone(), over_limit: false };
                    if own { known.takes(write).ok() } else { known.learns(chit) }
                }
            };
            next.map(|next| self.halves.number(next))
        })
    }

    /// As a site judges a leg: what both users signed carries it, beside what is set aside already.
    fn promise(&self, half: &Half, lift: usize, leg: usize) -> Option<Half> {
        let Known { id, mode, legs, .. } = &self.lifts[lift];
        let carries = |half: &Half| {
            let lading = half.ledger.lading(legs[leg].by, *mode)?;
            lading.cost(legs[leg].units.get()).ok()?;
            half.takes(Input::SetAside(*id, legs[leg])).ok()
        };
        let done = carries(half);
        match self.plant {
            Some(Plant::InvoiceIsRoom) => {
                let paid = self.payment.clone().and_then(|chit| half.learns(chit));
                done.or_else(|| carries(&paid?).map(|_| half.clone()))
            }
            Some(Plant::PromiseIsRoom) => {
                let gives = |known: &Known| {
                    known.legs.iter().position(|leg| leg.tally == half.ledger.tally())
                };
                let promised =
                    self.lifts.iter().filter(|known| half.ledger.aside_for(&known.id).is_some());
                let lifted = promised.fold(half.clone(), |half, known| {
                    let chit = gives(known).map(|leg| known.goods[leg].clone());
                    chit.and_then(|chit| half.learns(chit)).unwrap_or(half)
                });
                done.or_else(|| carries(&lifted).map(|_| half.clone()))
            }
            Some(Plant::NothingAside) => done.map(|_| half.clone()),
            _ => done,
        }
    }

    /// Both halves after they have told each other all that is new, the stock's first.
    pub(super) fn after_talk(&self, halves: [u32; 2]) -> [u32; 2] {
        self.talk(halves).halves.last().copied().unwrap_or(halves)
    }

    /// What two halves tell each other, and how far they are after each message.
    pub(super) fn talk(&self, halves: [u32; 2]) -> Arc<Talk> {
        self.talks.get(halves, |halves| Arc::new(self.talks_over(*halves)))
    }

    fn talks_over(&self, halves: [u32; 2]) -> Talk {
        let mut both = halves.map(|half| Half::clone(&self.halves.get(half)));
        let numbers = |both: &[Half; 2]| both.clone().map(|half| self.halves.number(half));
        // To whom, and what.
        let mut waiting: Vec<(usize, Message)> = Vec::new();
        for (at, half) in both.iter_mut().enumerate() {
            let said = half.says(Input::Remind);
            waiting.extend(said.into_iter().map(|said| (1 - at, said)));
        }
        let mut talk = Talk { halves: vec![numbers(&both)], said: Vec::new() };
        for _ in 0..LONGEST_TALK {
            if waiting.is_empty() {
                break;
            }
            let (to, said) = waiting.remove(0);
            let heard =
                fixed(said.try_map(|chit| both[1 - to].proof(&chit).ok_or("a chit of its own")));
            talk.said.push((to, self.messages.number(heard.clone())));
            let answers = both[to].says(Input::Receive(heard));
            waiting.extend(answers.into_iter().map(|said| (1 - to, said)));
            talk.halves.push(numbers(&both));
        }
        assert!(waiting.is_empty(), "two halves talk for ever");
        talk
    }

    /// A half after a message that was said some time ago; what it answers is lost.
    pub(super) fn hears(&self, half: u32, message: u32) -> u32 {
        self.heard.get((half, message), |_| {
            let mut half = Half::clone(&self.halves.get(half));
            half.says(Input::Receive(Message::clone(&self.messages.get(message))));
            self.halves.number(half)
        })
    }

    /// The half that is read from what was written of this one; the same where that is no half.
    pub(super) fn read_again(&self, number: u32) -> u32 {
        self.read.get(number, |_| {
            let read = self.halves.get(number).read_again(&self.signed);
            read.map_or(number, |read| self.halves.number(read))
        })
    }

    pub(super) fn facts(&self, half: u32) -> Facts {
        self.facts.get(half, |&half| {
            let half = self.halves.get(half);
            let side = half.ledger.side();
            let sum: i64 = half.links.iter().map(|link| link.chit.effect_on(side).milli()).sum();
            let bits = |is: &dyn Fn(&LiftId) -> bool| {
                let bit = |(at, known): (usize, &Known)| u8::from(is(&known.id)) << at;
                self.lifts.iter().enumerate().map(bit).fold(0, |all, bit| all | bit)
            };
            let linked = |id: &LiftId| {
                let is = |link: &Link| matches!(&link.chit.entry, Entry::Lift { lift, .. } if lift == id);
                half.links.iter().any(is)
            };
            let paid = self.payment.as_ref().map(Good::hash);
            Facts {
                balance_milli: sum,
                aside: bits(&|id| half.ledger.aside_for(id).is_some()),
                lifted: bits(&linked),
                paid: half.links.iter().any(|link| Some(link.chit_hash) == paid),
                sums: half.ledger.balance_milli() == i128::from(sum),
                kept: half.read_again(&self.signed).is_some_and(|read| read == *half),
            }
        })
    }

    /// Whether two halves have the same chain.
    pub(super) fn are_one(&self, [one, other]: [u32; 2]) -> bool {
        let [one, other]: [Arc<Half>; 2] = [one, other].map(|half| self.halves.get(half));
        one.ledger.head() == other.ledger.head()
    }
}

impl Half {
    /// The half after an input; its messages are lost.
    fn takes(&self, input: Input) -> Result<Self, protocol::ledger::Stop> {
        self.ledger.step(input, &self.links).map(|step| self.after(step).0)
    }

    /// The half with a good chit more, whoever brings it.
    fn learns(&self, chit: Good) -> Option<Self> {
        self.takes(Input::Recover(vec![chit])).ok()
    }

    /// Takes an input, and gives what it says then.
    fn says(&mut self, input: Input) -> Vec<Message> {
        let Ok(step) = self.ledger.step(input, &self.links) else { return Vec::new() };
        let (next, said) = self.after(step);
        *self = next;
        said
    }

    fn after(&self, step: protocol::ledger::Step) -> (Self, Vec<Message>) {
        let mut links = self.links.clone();
        if let Some(change) = step.change {
            links.truncate(usize::try_from(change.keep).unwrap_or(usize::MAX));
            links.extend(change.then);
        }
        (Self { ledger: step.ledger, links }, step.send)
    }

    /// The half as it is read again from the text in which its site writes it: agents are those of the signed tally.
    fn read_again(&self, signed: &[Verified<Tally>]) -> Option<Self> {
        let tally = self.ledger.tally();
        let signed = signed.iter().find(|signed| signed.members().uuid == tally)?;
        let ledger: Ledger =
            serde_json::from_str(&serde_json::to_string(&self.ledger).ok()?).ok()?;
        let links = serde_json::from_str(&serde_json::to_string(&self.links).ok()?).ok()?;
        Some(Self { ledger: ledger.with_agents_of(signed), links })
    }

    /// The proof of a chit that it has.
    fn proof(&self, chit: &Chit) -> Option<Good> {
        self.links.iter().find(|link| link.chit == *chit).map(|link| link.clone().unlinked())
    }
}

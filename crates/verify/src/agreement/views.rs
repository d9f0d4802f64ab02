//! In which states a referee may be that has said certain things, when anything that was said may have reached it.
//!
//! What referees said never ends, and each hears of it or not by itself. So whatever one hears, sees or waits for
//! without saying anything new changes nothing for the others: of a world in which the same was said, every
//! referee may be in any of the states in its view, whatever state the others are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::machine::{Done, Event, Facts, Machine, Wrong};
use super::set::Set;
use super::setting::{OUTCOMES, PHASES, Plant};
use super::vocabulary::Said;
use crate::memo::{Interned, Memo};

/// All states in which a referee may be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) states: Set,
    /// What it may say next, and in which states it then is at once.
    pub(super) moves: BTreeMap<Said, Set>,
    /// What must not be and may have come of something.
    pub(super) wrong: Option<Wrong>,
    /// For which outcomes it may have decided; without having seen evidence itself.
    pub(super) decided: u8,
    pub(super) blind: u8,
    /// Of which outcomes it may have seen no evidence.
    pub(super) unseen: u8,
}

pub(super) struct Views {
    pub(super) machine: Machine,
    views: Interned<View>,
    grown: Memo<(u8, u32, Said, Said), u32>,
    begun: Memo<(u8, u32, Said), u32>,
}

impl Views {
    pub(super) fn new(machine: Machine) -> Self {
        Self { machine, views: Interned::new(), grown: Memo::new(), begun: Memo::new() }
    }

    pub(super) fn get(&self, view: u32) -> Arc<View> {
        self.views.get(view)
    }

    /// The view of a referee that has said nothing yet.
    pub(super) fn begin(&self, seat: usize) -> u32 {
        let mut first = Set::default();
        first.insert(self.machine.begin(seat));
        self.close(seat, View::of(first), 0, None)
    }

    /// The view of a referee when others have said more.
    pub(super) fn grow(&self, seat: usize, view: u32, before: Said, said: Said) -> u32 {
        let key = (u8::try_from(seat).unwrap_or_default(), view, before, said);
        self.grown.get(key, |_| {
            let known = self.get(view);
            self.close(seat, (*known).clone(), said, Some(before))
        })
    }

    /// The view of a referee that has just said this.
    pub(super) fn say(&self, seat: usize, view: u32, new: Said, said: Said) -> u32 {
        self.begun.get((u8::try_from(seat).unwrap_or_default(), view, said), |_| {
            let states = self.get(view).moves.get(&new).cloned().unwrap_or_default();
            self.close(seat, View::of(states), said, None)
        })
    }

    /// Adds all states that follow without anything new being said, and all moves that say something.
    /// What was heard of `before` is in the view already.
    fn close(&self, seat: usize, mut view: View, said: Said, before: Option<Said>) -> u32 {
        let all = self.words(seat, |needs| needs & !said == 0);
        let more = self.words(seat, |needs| {
            needs & !said == 0 && before.is_none_or(|before| needs & !before != 0)
        });
        let mut fresh: Vec<(u32, bool)> =
            view.states.iter().map(|state| (state, before.is_some())).collect();
        while let Some((state, old)) = fresh.pop() {
            let facts = self.machine.facts(state);
            view.look(&facts, self.machine.setting.evidence(seat));
            let words = if old { &more } else { &all };
            let words = words.iter().map(|&word| Event::Word(word));
            let own = if old { Vec::new() } else { self.own(seat, &facts) };
            let row = self.machine.row(state);
            for event in words.chain(own) {
                if self.is_kept(event, &facts) {
                    continue;
                }
                if let Some(done) = self.machine.outcome(&row, state, event) {
                    self.take(seat, &mut view, said, (state, *done), &mut fresh);
                }
            }
            if !old && self.machine.setting.plant == Some(Plant::Amnesia(seat)) {
                let to = self.machine.begin(seat);
                let done = Done { to, says: 0, wrong: None };
                self.take(seat, &mut view, said, (state, done), &mut fresh);
            }
        }
        self.views.number(view)
    }

    fn take(
        &self,
        seat: usize,
        view: &mut View,
        said: Said,
        (from, done): (u32, Done),
        fresh: &mut Vec<(u32, bool)>,
    ) {
        view.wrong = view.wrong.or(done.wrong);
        let new = done.says & !said;
        if new == 0 {
            if view.states.insert(done.to) {
                fresh.push((done.to, false));
            }
            return;
        }
        let then = view.moves.entry(new).or_default();
        then.insert(done.to);
        if self.machine.setting.plant == Some(Plant::LateWrite(seat)) {
            then.insert(from);
        }
    }

    /// Whether the liar keeps this for a later round.
    fn is_kept(&self, event: Event, facts: &Facts) -> bool {
        let Event::Word(word) = event else { return false };
        let setting = &self.machine.setting;
        let word = &self.machine.vocabulary.words()[usize::from(word)];
        let lies = word.from.is_some() && word.from == setting.liar;
        lies && !setting.ahead && word.round() > facts.round
    }

    /// The words that this seat may hear.
    fn words(&self, seat: usize, wanted: impl Fn(Said) -> bool) -> Vec<u16> {
        let words = (0..).zip(self.machine.vocabulary.words());
        let others = self.machine.setting.seats > 1;
        let heard =
            words.filter(|(_, word)| others && word.from != Some(seat) && wanted(word.needs));
        heard.map(|(number, _)| number).collect()
    }

    /// What happens at a referee by itself.
    fn own(&self, seat: usize, facts: &Facts) -> Vec<Event> {
        let setting = &self.machine.setting;
        let sees = (0..2).filter(|outcome| setting.may_see[seat] & !facts.seen & 1 << outcome != 0);
        let passes = PHASES.into_iter().zip(facts.waits).filter(|(phase, waits)| {
            // The last round is not left.
            *waits && (*phase != PHASES[2] || facts.round < setting.last)
        });
        let sees = sees.map(|outcome| Event::Valid(OUTCOMES[outcome]));
        sees.chain(passes.map(|(phase, _)| Event::Pass(phase))).chain([Event::Restart]).collect()
    }
}

impl View {
    const fn of(states: Set) -> Self {
        let moves = BTreeMap::new();
        Self { states, moves, wrong: None, decided: 0, blind: 0, unseen: 0 }
    }

    /// Notes what may be, of a state in which it may be; what it takes for evidence is evidence only where there
    /// is some.
    fn look(&mut self, facts: &Facts, evidence: u8) {
        let seen = facts.seen & evidence;
        self.unseen |= !seen & 3;
        if let Some(outcome) = facts.decided {
            let bit = 1 << u8::from(outcome != OUTCOMES[0]);
            self.decided |= bit;
            self.blind |= bit & !seen;
        }
    }
}

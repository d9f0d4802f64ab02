//! The world of two lifts: what sites and their timers do, what arrives, what referees decide, how halves compare, and
//! what is promised about each step.

use super::audit;
use super::cast::{lay, owed, payment, signed};
use super::faults::{Kept, Written};
use super::halves::{Halves, Known, Move};
use super::places::half;
use super::setting::{Attempts, Faults, Plant, Setting};
use crate::lift::cast::{NOTHING, TOO_LATE};
use crate::lift::machine::{Act, Facts, Machine, Wants};
use crate::memo::Interned;
use crate::model::{Broken, Kind, Model};
use protocol::Side;
use protocol::lift::Outcome;

/// The most lifts, sites of one, and tallies.
pub(super) const LIFTS: usize = 2;
pub(super) const SITES: usize = 4;
pub(super) const TALLIES: usize = 5;

/// The most words that are kept on their way.
pub(super) const MOST_LATE: usize = 2;

/// A state: participants and halves by their numbers, by lift and its sites, by tally and side.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) sites: [[u32; SITES]; LIFTS],
    pub(super) halves: [u32; 2 * TALLIES],
    /// Which sites have heard of each lift, one bit each.
    pub(super) met: [u8; LIFTS],
    /// The certificate that each referee has given.
    pub(super) decided: [u8; LIFTS],
    /// Whether each referee's clock has passed the deadline.
    pub(super) is_past: [bool; LIFTS],
    /// Which sites of the world have died, one bit each.
    pub(super) dead: u8,
    /// Whether the invoice is open.
    pub(super) invoice: bool,
    /// Which users have signed of each lift that its leg is free, one bit for each half.
    pub(super) freed: [u16; LIFTS],
    /// Words kept on their way.
    pub(super) late: [Option<u32>; MOST_LATE],
    /// What the site has written that has gone on and written nothing since; of all others all is written.
    pub(super) ahead: Option<u32>,
    pub(super) left: Faults,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// The current word of one end of a leg reaches the other.
    Tell {
        lift: usize,
        leg: usize,
        to_taker: bool,
    },
    /// A site judges, and promises or refuses.
    Judge {
        lift: usize,
        site: usize,
    },
    /// A site does at its halves what was decided.
    Settle {
        lift: usize,
        site: usize,
    },
    Wait {
        lift: usize,
        site: usize,
    },
    /// A site asks, and the referee decides.
    Ask {
        lift: usize,
        site: usize,
    },
    /// A site that asks hears what was decided.
    Answer {
        lift: usize,
        site: usize,
    },
    Past {
        lift: usize,
    },
    /// Both halves of a tally tell each other what is new.
    Compare {
        tally: usize,
    },
    /// A user signs that a lift's leg is free.
    Free {
        lift: usize,
        tally: usize,
        by: Side,
    },
    /// Its word reaches the partner's half.
    Freed {
        lift: usize,
        tally: usize,
        by: Side,
    },
    Pay,
    /// The invoice is refused, or taken back.
    Refuse,
    Keep {
        kept: Kept,
    },
    Come {
        place: usize,
    },
    /// A half of a tally hears a message of such a talk, the one after so many, and no more.
    Hear {
        tally: usize,
        after: usize,
    },
    /// Both halves of a tally tell each other what is new, and after so many messages all is lost.
    BreakOff {
        tally: usize,
        after: usize,
    },
    /// The site that has gone on writes, …
    Write,
    /// … or stops before it has, and begins again with what it wrote.
    Crash,
    Die {
        site: usize,
    },
    /// The first attempt of the payment came to nothing: the second is begun.
    Second,
    /// Those lifts, one bit each, are begun anew.
    Again {
        which: u8,
    },
}

/// What may happen, and the state after it.
pub(super) type Steps = Vec<(Action, State)>;

/// What happens, and whether the site that does it writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) written: bool,
}

pub(super) struct World {
    pub(super) setting: Setting,
    pub(super) lifts: Vec<Machine>,
    pub(super) halves: Halves,
    pub(super) kept: Interned<Kept>,
    pub(super) written: Interned<Written>,
}

impl World {
    pub(super) fn new(setting: Setting) -> Self {
        let all = 0..setting.lifts.len();
        let lifts: Vec<Machine> = all.map(|lift| Machine::new(&lay(&setting, lift))).collect();
        let known = lifts.iter().zip(setting.lifts).map(|(machine, way)| Known {
            id: machine.cast.id(),
            mode: way.mode,
            legs: machine.cast.way().to_vec(),
            goods: (0..way.shape.legs()).map(|leg| machine.cast.good(leg)).collect(),
        });
        let tallies = setting.tallies.iter().enumerate();
        let tallies = tallies.map(|(tally, between)| signed(tally, between)).collect();
        let halves = Halves::new(known.collect(), tallies, payment(&setting), setting.plant);
        Self { setting, lifts, halves, kept: Interned::new(), written: Interned::new() }
    }

    /// The lifts with their sites.
    pub(super) fn crossings(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let lifts = self.setting.lifts.iter().enumerate();
        lifts.flat_map(|(lift, way)| (0..way.sites.len()).map(move |site| (lift, site)))
    }

    pub(super) fn is_alive(&self, state: &State, (lift, site): (usize, usize)) -> bool {
        state.dead & (1 << self.setting.lifts[lift].sites[site]) == 0
    }

    /// Whether a site lives and knows of the lift.
    pub(super) fn acts(&self, state: &State, at: (usize, usize)) -> bool {
        self.is_alive(state, at) && state.met[at.0] & (1 << at.1) != 0
    }

    pub(super) fn facts(&self, state: &State, (lift, site): (usize, usize)) -> Facts {
        self.lifts[lift].facts(site, state.sites[lift][site])
    }

    /// Whether the halves of a tally can talk: they live, and say only what is written.
    pub(super) fn talks(&self, state: &State, tally: usize) -> bool {
        let sites = self.setting.tallies[tally].sites;
        let first = self.setting.plant == Some(Plant::AnnouncedFirst);
        let says = |site: usize| first || !self.is_ahead(state, site);
        sites.iter().all(|site| state.dead & (1 << site) == 0 && says(*site))
    }

    /// The state after an act of a participant, with all that follows from it at its site at once, where that is no step of
    /// its own.
    pub(super) fn act(&self, state: &State, (lift, site): (usize, usize), act: Act) -> State {
        let mut next = *state;
        next.sites[lift][site] = self.lifts[lift].act(site, state.sites[lift][site], act);
        if !self.setting.settles_apart() {
            self.settle(&mut next, (lift, site));
        }
        next
    }

    /// What was decided is done: chits that are proved are linked, or what was set aside is free.
    pub(super) fn settle(&self, state: &mut State, (lift, site): (usize, usize)) {
        let number = state.sites[lift][site];
        let Some(outcome) = self.lifts[lift].facts(site, number).outcome else { return };
        for (leg, half) in self.setting.legs(lift, site) {
            let gives = self.setting.lifts[lift].shape.ends(leg)[0] == site;
            let done = match outcome {
                Outcome::Void => Move::Release { lift },
                Outcome::Commit if gives || self.lifts[lift].holds(number, leg) => {
                    Move::Lift { lift, leg }
                }
                Outcome::Commit => continue,
            };
            let next = self.halves.moves(state.halves[half], done);
            state.halves[half] = next.expect("a decision always applies");
        }
    }

    fn words(&self, state: &State, steps: &mut Steps) {
        for (lift, way) in self.setting.lifts.iter().enumerate() {
            for leg in 0..way.shape.legs() {
                for to_taker in [true, false] {
                    let [giver, taker] = way.shape.ends(leg);
                    let (from, to) = if to_taker { (giver, taker) } else { (taker, giver) };
                    let Some(number) = self.speaks(state, (lift, from)) else { continue };
                    if !self.is_alive(state, (lift, to)) {
                        continue;
                    }
                    let (word, said) = self.lifts[lift].word(from, number, leg);
                    let promises = said.promises;
                    let kept = Kept::Word { lift, leg, to_taker, word, promises };
                    self.keep(state, kept, steps);
                    let mut next = self.act(state, (lift, to), Act::Hear { leg, word });
                    next.met[lift] |= 1 << to;
                    steps.push((Action::Tell { lift, leg, to_taker }, next));
                }
            }
        }
    }

    /// Whether payer's or payee's site has promised another attempt of the same payment, which may be valid.
    fn is_promised_already(&self, state: &State, (lift, site): (usize, usize)) -> bool {
        let collects = self.setting.lifts[lift].shape.collects(site);
        // A payer's site that lies does not ask.
        let ends = collects || site == 0 && self.setting.attempts == Attempts::InTurn;
        let counts = self.setting.attempts != Attempts::No
            && self.setting.plant != Some(Plant::PromisesTwice);
        counts && ends && self.facts(state, (1 - lift, site)).may_be_valid
    }

    /// Promises where each leg has room, all of them together; refuses otherwise.
    fn judge(&self, state: &State, (lift, site): (usize, usize)) -> State {
        let mut next = *state;
        if self.is_promised_already(state, (lift, site)) {
            return self.act(state, (lift, site), Act::Refuse);
        }
        for (leg, half) in self.setting.legs(lift, site) {
            let Some(aside) = self.halves.moves(next.halves[half], Move::Promise { lift, leg })
            else {
                let waits = self.setting.plant == Some(Plant::WaitsForRoom);
                return if waits { *state } else { self.act(state, (lift, site), Act::Refuse) };
            };
            next.halves[half] = aside;
            if self.setting.plant == Some(Plant::BeforeDecided) {
                let early = self.halves.moves(aside, Move::Lift { lift, leg });
                next.halves[half] = early.unwrap_or(aside);
            }
        }
        self.act(&next, (lift, site), Act::Promise)
    }

    fn site(&self, state: &State, at: (usize, usize), steps: &mut Steps) {
        let (lift, site) = at;
        if self.facts(state, at).wants == Wants::Judge {
            steps.push((Action::Judge { lift, site }, self.judge(state, at)));
        }
        self.settles(state, at, steps);
        let wants = |number| self.lifts[lift].facts(site, number).wants;
        if let Some(Wants::Ask(certificate)) = self.speaks(state, at).map(wants) {
            self.asks(state, at, certificate, steps);
        }
        // Who has waited asks itself; where nobody does, and no deadline passes, waiting changes nothing for anybody.
        if self.setting.others_ask || self.setting.passes {
            steps.push((Action::Wait { lift, site }, self.act(state, at, Act::Wait)));
        }
    }

    /// A site asks, and the referee decides once; it answers by what it has decided.
    fn asks(&self, state: &State, at: (usize, usize), certificate: u8, steps: &mut Steps) {
        let (lift, site) = at;
        if !self.setting.others_ask && !self.setting.lifts[lift].shape.collects(site) {
            return;
        }
        let mut next = *state;
        if state.decided[lift] == NOTHING {
            next.decided[lift] = if state.is_past[lift] { TOO_LATE } else { certificate };
        }
        steps.push((Action::Ask { lift, site }, next));
        if state.decided[lift] != NOTHING {
            let next = self.act(state, at, Act::Shown(state.decided[lift]));
            steps.push((Action::Answer { lift, site }, next));
        }
    }

    fn compares(&self, state: &State, steps: &mut Steps) {
        if self.setting.plant == Some(Plant::NeverCompare) {
            return;
        }
        for tally in (0..self.setting.tallies.len()).filter(|tally| self.talks(state, *tally)) {
            let places = Side::BOTH.map(|side| half(tally, side));
            let mut next = *state;
            let both = self.halves.after_talk(places.map(|place| state.halves[place]));
            for (place, half) in places.into_iter().zip(both) {
                next.halves[place] = half;
            }
            steps.push((Action::Compare { tally }, next));
        }
    }

    /// Users sign that legs are free, after the deadline and where their sites know of no decision; their words arrive.
    fn frees(&self, state: &State, steps: &mut Steps) {
        let told = self.as_written(state).freed;
        for (lift, site) in
            self.crossings().filter(|(lift, _)| self.setting.frees & (1 << lift) != 0)
        {
            // A site that knows the decision takes no word any more.
            if !self.is_alive(state, (lift, site))
                || self.facts(state, (lift, site)).outcome.is_some()
            {
                continue;
            }
            for (leg, place) in self.setting.legs(lift, site) {
                let tally = self.setting.lifts[lift].tallies[leg];
                let own = self.setting.side(tally, self.setting.lifts[lift].sites[site]);
                for by in Side::BOTH {
                    let bit = 1 << half(tally, by);
                    let signs = by == own;
                    let may = if signs { state.is_past[lift] } else { told[lift] & bit != 0 };
                    let step = Move::Free { lift, tally, by };
                    let taken = may.then(|| self.halves.moves(state.halves[place], step)).flatten();
                    let Some(taken) = taken else { continue };
                    let mut next = *state;
                    next.halves[place] = taken;
                    next.freed[lift] |= bit;
                    let action = if signs {
                        Action::Free { lift, tally, by }
                    } else {
                        Action::Freed { lift, tally, by }
                    };
                    steps.push((action, next));
                }
            }
        }
    }

    /// Whether both users of a tally have signed that a lift's leg is free.
    pub(super) fn is_freed(&self, state: &State, lift: usize, tally: usize) -> bool {
        Side::BOTH.into_iter().all(|side| state.freed[lift] & (1 << half(tally, side)) != 0)
    }

    fn whims(&self, state: &State, steps: &mut Steps) {
        if let (true, Some((tally, by, _))) = (state.invoice, self.setting.invoice) {
            let place = half(tally, by);
            let paid = self.halves.moves(state.halves[place], Move::Pay);
            let over = State { invoice: false, ..*state };
            steps.push((Action::Refuse, over));
            steps.extend(paid.map(|paid| {
                let mut next = over;
                next.halves[place] = paid;
                (Action::Pay, next)
            }));
        }
        let waits = self.setting.attempts == Attempts::InTurn && state.met[1] == 0;
        if waits && self.acts(state, (0, 0)) && self.facts(state, (0, 0)).came_to_nothing {
            steps.push((Action::Second, State { met: [state.met[0], 1], ..*state }));
        }
    }

    /// Where nothing else can happen any more, lifts that came to nothing are begun anew: of two that wait, one is
    /// drawn to be first, or both are at once.
    fn again(&self, state: &State, steps: &mut Steps) {
        let void = |lift: &usize| {
            let sites = 0..self.setting.lifts[*lift].sites.len();
            let facts = sites.map(|site| self.facts(state, (*lift, site)));
            facts.into_iter().any(|facts| facts.outcome == Some(Outcome::Void))
        };
        let all = (0..self.lifts.len()).filter(void).fold(0, |all, lift| all | 1 << lift);
        let at_once = self.setting.plant == Some(Plant::AtOnce);
        let drawn = (1..4_u8).filter(|which| which & !all == 0 && (!at_once || *which == all));
        for which in drawn {
            let mut next = *state;
            for lift in (0..self.lifts.len()).filter(|lift| which & (1 << lift) != 0) {
                self.begin(&mut next, lift);
            }
            steps.push((Action::Again { which }, next));
        }
    }

    /// An attempt begins: its record is a new one, and nobody but who lays it out knows it.
    fn begin(&self, state: &mut State, lift: usize) {
        for site in 0..self.setting.lifts[lift].sites.len() {
            state.sites[lift][site] = self.lifts[lift].begin(site);
        }
        (state.met[lift], state.decided[lift], state.is_past[lift]) = (1, NOTHING, false);
    }
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn initial(&self) -> Vec<State> {
        let mut state = State {
            sites: [[0; SITES]; LIFTS],
            halves: [0; 2 * TALLIES],
            met: [0; LIFTS],
            decided: [NOTHING; LIFTS],
            is_past: [false; LIFTS],
            dead: 0,
            invoice: self.setting.invoice.is_some(),
            freed: [0; LIFTS],
            late: [None; MOST_LATE],
            ahead: None,
            left: self.setting.faults,
        };
        for lift in 0..self.lifts.len() {
            self.begin(&mut state, lift);
        }
        if self.setting.attempts == Attempts::InTurn {
            state.met[1] = 0;
        }
        for (tally, between) in self.setting.tallies.iter().enumerate() {
            let both = self.halves.begin(tally, owed(tally, between));
            for (side, number) in Side::BOTH.into_iter().zip(both) {
                state.halves[half(tally, side)] = number;
            }
        }
        vec![state]
    }

    fn next(&self, state: &State, all: &mut Vec<(Step, State)>) {
        let steps = &mut Vec::new();
        self.words(state, steps);
        for at in self.crossings().filter(|at| self.acts(state, *at)) {
            self.site(state, at, steps);
        }
        for lift in
            (0..self.lifts.len()).filter(|lift| self.setting.passes && !state.is_past[*lift])
        {
            let mut next = *state;
            next.is_past[lift] = true;
            steps.push((Action::Past { lift }, next));
        }
        self.compares(state, steps);
        self.frees(state, steps);
        self.whims(state, steps);
        self.faults(state, steps);
        // What would change nothing is left out.
        steps.retain(|(_, next)| next != state);
        if self.setting.again && steps.iter().all(|(action, _)| kind(*action) == Kind::May) {
            self.again(state, steps);
        }
        for (action, next) in steps.drain(..) {
            let unwritten = self.unwritten(state, action, &next);
            all.extend(unwritten.map(|next| (Step { action, written: false }, next)));
            all.push((Step { action, written: true }, next));
        }
        self.unwritten_talks(state, all);
    }

    fn kind(&self, step: &Step) -> Kind {
        // A site may stop before it writes: nobody promises that it does not.
        if step.written { kind(step.action) } else { Kind::May }
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        audit::always(self, state)
    }

    fn between(&self, from: &State, step: &Step, to: &State) -> Result<(), Broken> {
        audit::between(self, from, step.action, to)
    }

    fn done(&self, state: &State) -> bool {
        audit::done(self, state)
    }

    fn say(&self, step: &Step) -> String {
        let told = self.tell(step.action);
        if step.written { told } else { format!("{told}, and is not written yet") }
    }

    fn show(&self, state: &State) -> String {
        self.picture(state)
    }

    fn class(&self, class: u8) -> String {
        let of = |what: &str, at: u8| format!("{what} {} of lift {}", at % 4, at / 4);
        match class {
            0..16 => format!("words over leg {} of lift {}", class % 8 / 2, class / 8),
            16..24 => of("what is done at site", class - 16),
            24..32 => of("the timer of site", class - 24),
            32..40 => of("questions of site", class - 32),
            40..48 => of("answers to site", class - 40),
            48..50 => format!("the deadline of lift {}", class - 48),
            50..55 => format!("comparing tally {}", class - 50),
            55 => "new attempts".to_owned(),
            _ => "what is written".to_owned(),
        }
    }
}

/// What is promised about a step that is written.
fn kind(action: Action) -> Kind {
    let number = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    let site =
        |base: usize, lift: usize, site: usize| Kind::Fair(number(base + SITES * lift + site));
    match action {
        Action::Tell { lift, leg, to_taker } => {
            Kind::Fair(number(8 * lift + 2 * leg + usize::from(to_taker)))
        }
        // Who is to judge knows of no decision yet: never both.
        Action::Judge { lift, site: at } | Action::Settle { lift, site: at } => site(16, lift, at),
        Action::Wait { lift, site: at } => site(24, lift, at),
        Action::Ask { lift, site: at } => site(32, lift, at),
        Action::Answer { lift, site: at } => site(40, lift, at),
        Action::Past { lift } => Kind::Fair(number(48 + lift)),
        Action::Compare { tally } => Kind::Fair(number(50 + tally)),
        Action::Again { .. } => Kind::Chance(55),
        Action::Write => Kind::Fair(56),
        Action::Pay
        | Action::Refuse
        | Action::Second
        | Action::Free { .. }
        | Action::Freed { .. }
        | Action::Keep { .. }
        | Action::Come { .. }
        | Action::Hear { .. }
        | Action::BreakOff { .. }
        | Action::Crash
        | Action::Die { .. } => Kind::May,
    }
}

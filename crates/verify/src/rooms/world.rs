//! The world of two lifts: what sites and their timers do, what arrives, what referees decide, how halves compare, and
//! what is promised about each step.

use super::audit;
use super::cast::{lay, ledgers, owed, payment};
use super::halves::{Halves, Known, Move};
use super::places::half;
use super::setting::{Attempts, Plant, Setting};
use crate::lift::cast::{NOTHING, TOO_LATE};
use crate::lift::machine::{Act, Facts, Machine, Wants};
use crate::model::{Broken, Kind, Model};
use protocol::Side;
use protocol::lift::Outcome;

/// The most lifts, sites of one, and tallies.
pub(super) const LIFTS: usize = 2;
pub(super) const SITES: usize = 3;
pub(super) const TALLIES: usize = 3;

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
    /// Which sites of the world have died, one bit each; and how many still may.
    pub(super) dead: u8,
    pub(super) die: u8,
    /// Whether the invoice is open.
    pub(super) invoice: bool,
    /// Which users have signed of each lift that its leg is free, one bit for each half.
    pub(super) freed: [u8; LIFTS],
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

pub(super) struct World {
    pub(super) setting: Setting,
    pub(super) lifts: Vec<Machine>,
    pub(super) halves: Halves,
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
        let halves = Halves::new(known.collect(), payment(&setting), setting.plant);
        Self { setting, lifts, halves }
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

    /// Whether the halves of a tally can talk.
    pub(super) fn talks(&self, state: &State, tally: usize) -> bool {
        self.setting.tallies[tally].sites.iter().all(|site| state.dead & (1 << site) == 0)
    }

    /// The state after an act of a participant, with all that follows from it at its site at once.
    fn act(&self, state: &State, (lift, site): (usize, usize), act: Act) -> State {
        let mut next = *state;
        next.sites[lift][site] = self.lifts[lift].act(site, state.sites[lift][site], act);
        self.settle(&mut next, (lift, site));
        next
    }

    /// What was decided is done: chits that are proved are linked, or what was set aside is free.
    fn settle(&self, state: &mut State, (lift, site): (usize, usize)) {
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
                    if !self.acts(state, (lift, from)) || !self.is_alive(state, (lift, to)) {
                        continue;
                    }
                    let word = self.lifts[lift].word(from, state.sites[lift][from], leg).0;
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
        match self.facts(state, at).wants {
            Wants::Judge => steps.push((Action::Judge { lift, site }, self.judge(state, at))),
            Wants::Ask(certificate) => {
                let collects = self.setting.lifts[lift].shape.collects(site);
                let asks = self.setting.others_ask || collects;
                if asks {
                    let mut next = *state;
                    if state.decided[lift] == NOTHING {
                        let past = state.is_past[lift];
                        next.decided[lift] = if past { TOO_LATE } else { certificate };
                    }
                    steps.push((Action::Ask { lift, site }, next));
                }
                if asks && state.decided[lift] != NOTHING {
                    let next = self.act(state, at, Act::Shown(state.decided[lift]));
                    steps.push((Action::Answer { lift, site }, next));
                }
            }
            Wants::Nothing => {}
        }
        // Who has waited asks itself; where nobody does, and no deadline passes, waiting changes nothing for anybody.
        if self.setting.others_ask || self.setting.passes {
            steps.push((Action::Wait { lift, site }, self.act(state, at, Act::Wait)));
        }
    }

    fn compares(&self, state: &State, steps: &mut Steps) {
        if self.setting.plant == Some(Plant::NeverCompare) {
            return;
        }
        for tally in (0..self.setting.tallies.len()).filter(|tally| self.talks(state, *tally)) {
            let places = Side::BOTH.map(|side| half(tally, side));
            let mut next = *state;
            let both = self.halves.talk(places.map(|place| state.halves[place]));
            for (place, half) in places.into_iter().zip(both) {
                next.halves[place] = half;
            }
            steps.push((Action::Compare { tally }, next));
        }
    }

    /// Users sign that legs are free, after the deadline and where their sites know of no decision; their words arrive.
    fn frees(&self, state: &State, steps: &mut Steps) {
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
                    let may =
                        if signs { state.is_past[lift] } else { state.freed[lift] & bit != 0 };
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
            let first = self.setting.plant == Some(Plant::AnnouncedFirst);
            let place = half(tally, if first { by.other() } else { by });
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
        let sites = self.setting.tallies.iter().flat_map(|between| between.sites).max();
        for site in (0..=sites.unwrap_or(0)).filter(|_| state.die > 0) {
            if state.dead & (1 << site) == 0 {
                let dead = state.dead | 1 << site;
                steps.push((Action::Die { site }, State { dead, die: state.die - 1, ..*state }));
            }
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
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        let mut state = State {
            sites: [[0; SITES]; LIFTS],
            halves: [0; 2 * TALLIES],
            met: [0; LIFTS],
            decided: [NOTHING; LIFTS],
            is_past: [false; LIFTS],
            dead: 0,
            die: self.setting.die,
            invoice: self.setting.invoice.is_some(),
            freed: [0; LIFTS],
        };
        for lift in 0..self.lifts.len() {
            self.begin(&mut state, lift);
        }
        if self.setting.attempts == Attempts::InTurn {
            state.met[1] = 0;
        }
        for (tally, between) in self.setting.tallies.iter().enumerate() {
            let both = self.halves.begin(ledgers(tally, between), owed(tally, between));
            for (side, number) in Side::BOTH.into_iter().zip(both) {
                state.halves[half(tally, side)] = number;
            }
        }
        vec![state]
    }

    fn next(&self, state: &State, steps: &mut Steps) {
        let from = steps.len();
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
        let all = steps.split_off(from);
        steps.extend(all.into_iter().filter(|(_, next)| next != state));
        let rests = steps[from..].iter().all(|(action, _)| self.kind(action) == Kind::May);
        if self.setting.again && rests {
            self.again(state, steps);
        }
    }

    fn kind(&self, action: &Action) -> Kind {
        let number = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let site =
            |base: usize, lift: usize, site: usize| Kind::Fair(number(base + SITES * lift + site));
        match *action {
            Action::Tell { lift, leg, to_taker } => {
                Kind::Fair(number(6 * lift + 2 * leg + usize::from(to_taker)))
            }
            Action::Judge { lift, site: at } => site(12, lift, at),
            Action::Wait { lift, site: at } => site(18, lift, at),
            Action::Ask { lift, site: at } => site(24, lift, at),
            Action::Answer { lift, site: at } => site(30, lift, at),
            Action::Past { lift } => Kind::Fair(number(36 + lift)),
            Action::Compare { tally } => Kind::Fair(number(38 + tally)),
            Action::Again { .. } => Kind::Chance(41),
            Action::Pay
            | Action::Refuse
            | Action::Second
            | Action::Free { .. }
            | Action::Freed { .. }
            | Action::Die { .. } => Kind::May,
        }
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        audit::always(self, state)
    }

    fn between(&self, from: &State, action: &Action, to: &State) -> Result<(), Broken> {
        audit::between(self, from, *action, to)
    }

    fn done(&self, state: &State) -> bool {
        audit::done(self, state)
    }

    fn say(&self, action: &Action) -> String {
        self.tell(*action)
    }

    fn show(&self, state: &State) -> String {
        self.picture(state)
    }

    fn class(&self, class: u8) -> String {
        let of = |what: &str, at: u8| format!("{what} {} of lift {}", at % 3, at / 3);
        match class {
            0..12 => format!("words over leg {} of lift {}", class % 6 / 2, class / 6),
            12..18 => of("judgements of site", class - 12),
            18..24 => of("the timer of site", class - 18),
            24..30 => of("questions of site", class - 24),
            30..36 => of("answers to site", class - 30),
            36..38 => format!("the deadline of lift {}", class - 36),
            38..41 => format!("comparing tally {}", class - 38),
            _ => "new attempts".to_owned(),
        }
    }
}

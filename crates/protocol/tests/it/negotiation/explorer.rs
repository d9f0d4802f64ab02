//! Walks through all states of a small world of two halves, and heals it in every one.

use std::collections::{HashMap, HashSet};

use protocol::negotiation::Version;
use protocol::negotiation::{Given, Input, Message, Negotiation, Refusal, Status};
use protocol::tally::SignedBy;
use protocol::{Side, Tally};

use super::cast::{answering, both, early, inviting, late, one, received, text_of, wording};

/// What one small world may do.
#[derive(Clone, Copy)]
pub(super) struct Scenario {
    pub(super) revisions: u32,
    /// Whether time may pass until the first revision expires, for each half on its own.
    pub(super) expiry: bool,
    /// How many halves may be lost, each once, back to where it began.
    pub(super) losses: usize,
    /// Whether one of them may be backed up before, once, and so come back as it was then.
    pub(super) backups: bool,
}

/// One state of it; the halves and messages by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    halves: [usize; 2],
    late: [bool; 2],
    lost: [bool; 2],
    /// What a half that is lost comes back as.
    backup: [usize; 2],
    sent: u128,
}

/// What may happen to one half.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Offer { again: bool },
    Accept,
    Refuse,
    Withdraw,
    Remind,
    Compare,
    Tick,
    Deliver(usize),
}

const ACTS: [Act; 6] =
    [Act::Accept, Act::Refuse, Act::Withdraw, Act::Remind, Act::Compare, Act::Tick];

/// How many different acts there are.
const ACT_CODES: usize = 8 + 128;

impl Act {
    fn code(self) -> usize {
        match self {
            Self::Offer { again } => usize::from(again),
            Self::Accept => 2,
            Self::Refuse => 3,
            Self::Withdraw => 4,
            Self::Remind => 5,
            Self::Compare => 6,
            Self::Tick => 7,
            Self::Deliver(message) => 8 + message,
        }
    }
}

/// The half's next number, and the messages sent, one bit each.
type Done = Option<(usize, u128)>;

pub(super) struct Explorer {
    scenario: Scenario,
    halves: Vec<Negotiation>,
    numbers: HashMap<Negotiation, usize>,
    /// Each with the half that it goes to.
    messages: Vec<(usize, Message)>,
    message_numbers: HashMap<(usize, Message), usize>,
    /// What came of each act at each half so far; see [`Act::code`].
    done: Vec<Option<Done>>,
    /// From where it was seen that all heals though nothing arrives.
    healed: HashSet<([usize; 2], [bool; 2], [bool; 2])>,
    /// Pairs of halves that were seen to agree.
    agreeing: HashSet<[usize; 2]>,
    /// What healed the state at hand so far: which half did what.
    trail: Vec<(usize, usize, Act)>,
}

fn side(place: usize) -> Side {
    Side::BOTH[place]
}

fn governing(half: &Negotiation) -> Option<Version> {
    half.signed().map(|tally| Version::of(tally).unwrap())
}

impl Explorer {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            halves: Vec::new(),
            numbers: HashMap::new(),
            messages: Vec::new(),
            message_numbers: HashMap::new(),
            done: Vec::new(),
            healed: HashSet::new(),
            agreeing: HashSet::new(),
            trail: Vec::new(),
        }
    }

    fn number(&mut self, half: Negotiation) -> usize {
        if let Some(number) = self.numbers.get(&half) {
            return *number;
        }
        // Whatever a half rests on is signed, at every moment.
        half.check().unwrap();
        let open = matches!(half.status(), Status::Open | Status::OfferOpen);
        assert_eq!(open, half.signed().is_some(), "open is what both signed");
        self.halves.push(half.clone());
        self.numbers.insert(half, self.halves.len() - 1);
        self.halves.len() - 1
    }

    /// The input that an act is for this half; none where its user would not think of it.
    fn input(&self, half: &Negotiation, act: Act) -> Option<Input> {
        let hash = |tally: &Tally| Version::of(tally).unwrap().hash;
        let theirs = half.offer().filter(|(_, by)| *by != half.side());
        let ours = half.offer().filter(|(_, by)| *by == half.side());
        Some(match act {
            Act::Offer { again } => {
                let draft = wording(half.side(), 1, false);
                let next = half.to_offer(draft, early().now).ok()?.members().revision.get();
                if next > self.scenario.revisions {
                    return None;
                }
                let tally = text_of(half.side(), next, wording(half.side(), next, again));
                Input::Offer(Box::new(one(&tally, half.side())))
            }
            Act::Accept => Input::Accept(Box::new(both(theirs?.0))),
            Act::Refuse => Input::Refuse { offer: hash(theirs?.0), reason: None },
            Act::Withdraw => Input::Withdraw { offer: hash(ours?.0) },
            Act::Remind => Input::Remind,
            Act::Compare => Input::Compare,
            Act::Tick => Input::Tick,
            Act::Deliver(message) => Input::Receive(received(self.messages[message].1.clone())),
        })
    }

    /// What comes of an act at a half: its next state, and the messages sent.
    fn act(&mut self, number: usize, act: Act, is_late: bool) -> Done {
        let code = (number * ACT_CODES + act.code()) * 2 + usize::from(is_late);
        if let Some(Some(done)) = self.done.get(code) {
            return *done;
        }
        let half = self.halves[number].clone();
        let given: Given = if is_late { late() } else { early() };
        let step = self.input(&half, act).and_then(|input| match half.step(input, given) {
            Ok(step) => Some(step),
            Err(Refusal::NoPartner { .. }) => None,
            Err(refusal) if matches!(act, Act::Deliver(_)) => {
                panic!("an honest message is refused: {refusal}")
            }
            Err(_) => None,
        });
        let done = step.map(|step| {
            assert!(governing(&half) <= governing(&step.negotiation), "the higher governs");
            let opened = governing(&half) != governing(&step.negotiation);
            assert_eq!(opened, step.governs.is_some(), "the ledger hears of what governs");
            let to = usize::from(half.side() == Side::Stock);
            let sent = step.send.into_iter().map(|message| 1 << self.message(to, message));
            let sent = sent.fold(0, |all, message: u128| all | message);
            (self.number(step.negotiation), sent)
        });
        if self.done.len() <= code {
            self.done.resize(code + 1, None);
        }
        self.done[code] = Some(done);
        done
    }

    fn message(&mut self, to: usize, message: Message) -> usize {
        let next = self.messages.len();
        let number = *self.message_numbers.entry((to, message.clone())).or_insert(next);
        if number == next {
            self.messages.push((to, message));
            assert!(next < 128, "too many different messages for this explorer");
        }
        number
    }

    /// The state after an act at one half.
    fn after(&mut self, state: State, place: usize, act: Act) -> Option<State> {
        let (half, sent) = self.act(state.halves[place], act, state.late[place])?;
        let mut next = state;
        next.halves[place] = half;
        next.sent |= sent;
        Some(next)
    }

    fn next(&mut self, state: State, begin: [usize; 2]) -> Vec<State> {
        let mut next = Vec::new();
        for place in 0..2 {
            let offer = Act::Offer { again: state.lost[place] };
            for act in ACTS.into_iter().chain([offer]) {
                next.extend(self.after(state, place, act));
            }
            for message in 0..self.messages.len() {
                if state.sent & 1 << message != 0 && self.messages[message].0 == place {
                    next.extend(self.after(state, place, Act::Deliver(message)));
                }
            }
            if self.scenario.expiry && !state.late[place] {
                let mut later = state;
                later.late[place] = true;
                next.push(later);
            }
            let lost = state.lost.iter().filter(|lost| **lost).count();
            if lost < self.scenario.losses && !state.lost[place] {
                let mut lost = state;
                lost.lost[place] = true;
                lost.halves[place] = state.backup[place];
                next.push(lost);
                if self.scenario.backups && state.backup == begin {
                    let mut backed_up = state;
                    backed_up.backup[place] = state.halves[place];
                    next.push(backed_up);
                }
            }
        }
        next
    }

    /// The faults stop here, and what was on its way arrives, or is lost.
    fn heals(&mut self, mut state: State, arrives: bool) {
        self.trail.clear();
        state.late = [state.late[0] || state.late[1]; 2];
        let mut net = if arrives { state.sent } else { 0 };
        if !arrives && !self.healed.insert((state.halves, state.late, state.lost)) {
            return;
        }
        let mut compare = state.lost;
        for _ in 0..2_000 {
            if net == 0 {
                for (place, compares) in compare.into_iter().enumerate() {
                    for act in [Act::Tick, Act::Remind, Act::Compare] {
                        if act != Act::Compare || compares {
                            net |= self.heal_by(&mut state, place, act);
                        }
                    }
                }
                compare = [false; 2];
                if net == 0 {
                    net |= self.hears_of_a_ledger(&mut state);
                }
                if net == 0 {
                    return self.agree(state);
                }
            }
            let message = net.trailing_zeros() as usize;
            net &= net - 1;
            net |= self.heal_by(&mut state, self.messages[message].0, Act::Deliver(message));
        }
        panic!("the halves talk for ever: {:?}", state.halves.map(|half| &self.halves[half]));
    }

    /// While one clock says that an offer has expired and the other does not, the halves may not agree, but
    /// they are not to answer each other without end.
    fn falls_silent(&mut self, mut state: State) {
        if state.late[0] == state.late[1] {
            return;
        }
        let mut net = state.sent;
        for place in 0..2 {
            for act in [Act::Tick, Act::Remind] {
                net |= self.heal_by(&mut state, place, act);
            }
        }
        for _ in 0..2_000 {
            if net == 0 {
                return;
            }
            let message = net.trailing_zeros() as usize;
            net &= net - 1;
            net |= self.heal_by(&mut state, self.messages[message].0, Act::Deliver(message));
        }
        panic!("the halves answer each other: {:?}", state.halves.map(|half| &self.halves[half]));
    }

    /// Where one half is open and the other is not, the first word about a chit makes the other one ask.
    fn hears_of_a_ledger(&mut self, state: &mut State) -> u128 {
        let open = state.halves.map(|half| governing(&self.halves[half]).is_some());
        match open {
            [true, false] => self.heal_by(state, 1, Act::Compare),
            [false, true] => self.heal_by(state, 0, Act::Compare),
            _ => 0,
        }
    }

    fn heal_by(&mut self, state: &mut State, place: usize, act: Act) -> u128 {
        self.trail.push((place, state.halves[place], act));
        match self.act(state.halves[place], act, state.late[place]) {
            Some((half, sent)) => {
                state.halves[place] = half;
                sent
            }
            None => 0,
        }
    }

    /// What must hold once everything was said.
    fn agree(&mut self, state: State) {
        if !self.agreeing.insert(state.halves) {
            return;
        }
        let [stock, foil] = state.halves.map(|half| &self.halves[half]);
        assert_eq!(governing(stock), governing(foil), "one agreement, or none{}", self.how());
        let at = |half: &Negotiation| match (half.signed(), half.amendment()) {
            (Some(_), amendment) => amendment,
            (None, _) => Some(half.status()),
        };
        let nothing = |status| {
            matches!(status, None | Some(Status::PartnerDraft | Status::Void | Status::Draft))
        };
        match (at(stock), at(foil)) {
            (Some(Status::HolderOffer), Some(Status::PartnerOffer))
            | (Some(Status::PartnerOffer), Some(Status::HolderOffer)) => {
                assert_eq!(stock.offer(), foil.offer(), "one offer");
            }
            (one, other) => {
                let agree = nothing(one) && nothing(other);
                assert!(agree, "{one:?} and {other:?} do not agree{}", self.how());
            }
        }
        assert!(stock.partner().is_some(), "the inviting half knows who answered");
    }

    /// What healed the state at hand, for who looks why it did not.
    fn how(&self) -> String {
        let line = |&(place, half, act): &(usize, usize, Act)| {
            let half = &self.halves[half];
            let what = match act {
                Act::Deliver(message) => match &self.messages[message].1 {
                    Message::Tally(tally) => {
                        let version = Version::of(tally).unwrap();
                        format!(
                            "hears {version:?} of {:?}",
                            SignedBy::check((**tally).clone())
                                .map(|by| matches!(by, SignedBy::Both(_)))
                        )
                    }
                    Message::Answer { .. } => "hears cert".to_owned(),
                    message => format!("hears {message:?}"),
                },
                Act::Tick => "ticks".to_owned(),
                Act::Remind => "reminds".to_owned(),
                _ => "compares".to_owned(),
            };
            format!("\n  {} ({:?}) {what}", Side::BOTH[place].word(), half.status())
        };
        self.trail.iter().map(line).collect()
    }

    /// Explores all; returns the number of states.
    pub(super) fn explore(mut self) -> usize {
        let begin = [self.number(inviting(Side::Stock)), self.number(answering(Side::Foil))];
        assert_eq!(begin.map(|half| self.halves[half].side()), [0, 1].map(side));
        let (late, lost) = ([false; 2], [false; 2]);
        let start = State { halves: begin, late, lost, backup: begin, sent: 0 };
        let mut waiting = vec![start];
        let mut seen: HashSet<State> = HashSet::from([start]);
        let mut reached = HashSet::new();
        while let Some(state) = waiting.pop() {
            self.heals(state, true);
            self.heals(state, false);
            self.falls_silent(state);
            reached.insert(state.halves.map(|half| self.halves[half].status()));
            for after in self.next(state, begin) {
                if seen.insert(after) {
                    waiting.push(after);
                }
            }
        }
        println!(
            "{} pairs of statuses, {} halves, {} messages",
            reached.len(),
            self.halves.len(),
            self.messages.len()
        );
        seen.len()
    }
}

//! The shipping machine of a referee, run once for each different input; referees, what is brought to them and the
//! certificates that they give by numbers.

use protocol::AgentId;
use protocol::agreement::{Phase, Timeout};
use protocol::lift::{Evidence, Outcome};
use protocol::referee::{Event as Happened, Given, Input, Referee};

use crate::lift::cast::{Cast, NOTHING};
use crate::memo::{Interned, Memo};
use crate::people::fixed;

/// All phases, in the order of a round.
pub(super) const PHASES: [Phase; 3] = [Phase::Propose, Phase::Prevote, Phase::Precommit];

/// What may happen to a referee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// A site asks, with what it has, by number.
    Ask(u32),
    /// Another one, in the state of this number, tells what it knows.
    Tell(u32),
    /// A time that it asked for passes.
    Pass(usize),
}

/// What can be read from a referee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) round: u32,
    pub(super) outcome: Option<Outcome>,
    pub(super) forgot: bool,
    pub(super) late: bool,
    /// For which phases' times it waits.
    pub(super) waits: [bool; 3],
    /// The certificate that it gives; none before that.
    pub(super) certificate: u8,
    /// Whether it is read again as it was written.
    pub(super) kept: bool,
}

pub(super) struct Bench {
    referees: Interned<Referee>,
    evidence: Interned<Option<Evidence>>,
    steps: Memo<(u32, Event, bool), (u32, bool)>,
    facts: Memo<(usize, u32), Facts>,
    read: Memo<u32, u32>,
    agents: Vec<AgentId>,
}

impl Bench {
    pub(super) fn new(cast: &Cast) -> Self {
        let agents = cast.lift().referees.to_vec();
        let (referees, evidence) = (Interned::new(), Interned::new());
        Self {
            referees,
            evidence,
            steps: Memo::new(),
            facts: Memo::new(),
            read: Memo::new(),
            agents,
        }
    }

    /// A referee before anybody asked.
    pub(super) fn begin(&self, cast: &Cast, seat: usize) -> u32 {
        self.referees.number(fixed(Referee::new(cast.lift().clone(), &self.agents[seat])))
    }

    /// The same that knows that it may have lost what it signed.
    pub(super) fn back(&self, cast: &Cast, seat: usize) -> u32 {
        let began = Referee::clone(&self.referees.get(self.begin(cast, seat)));
        self.referees.number(began.went_back())
    }

    /// The referee that is read from what was written of this one; the same where that is no referee.
    pub(super) fn read_again(&self, number: u32) -> u32 {
        self.read.get(number, |_| {
            let read = read_again(&self.referees.get(number));
            read.map_or(number, |read| self.referees.number(read))
        })
    }

    /// The number of what a site brings.
    pub(super) fn brought(&self, evidence: Option<Evidence>) -> u32 {
        self.evidence.number(evidence)
    }

    /// A referee after an event, and whether it takes another one for a liar; `is_past` by its own clock.
    pub(super) fn step(
        &self,
        cast: &Cast,
        (number, event): (u32, Event),
        from: usize,
        is_past: bool,
    ) -> (u32, bool) {
        self.steps.get((number, event, is_past), |_| {
            let referee = self.referees.get(number);
            let input = match event {
                Event::Ask(brought) => Input::Ask((*self.evidence.get(brought)).clone()),
                Event::Tell(other) => {
                    let telling = fixed(self.referees.get(other).tells(&cast.referees[from]));
                    Input::Tell(Box::new(fixed(telling.check(self.agents[from]))))
                }
                Event::Pass(phase) => {
                    let waits = referee.waits();
                    let due = waits.into_iter().find(|wait| wait.phase == PHASES[phase]);
                    let Some(Timeout { round, phase }) = due else { return (number, false) };
                    Input::Timeout(Timeout { round, phase })
                }
            };
            let step = fixed(referee.step(input, Given { is_past }));
            let accuses =
                |event: &Happened| matches!(event, Happened::Equivocated(_) | Happened::Passed(_));
            let wrong = step.events.iter().any(accuses);
            (self.referees.number(step.referee), wrong)
        })
    }

    pub(super) fn facts(&self, cast: &Cast, seat: usize, number: u32) -> Facts {
        self.facts.get((seat, number), |_| {
            let referee = self.referees.get(number);
            let waits = referee.waits();
            let certificate = fixed(referee.certificate(&cast.referees[seat]));
            Facts {
                round: waits.iter().map(|wait| wait.round.get()).max().unwrap_or(0),
                outcome: referee.outcome(),
                forgot: referee.forgot(),
                late: referee.is_late(),
                waits: PHASES.map(|phase| waits.iter().any(|wait| wait.phase == phase)),
                certificate: certificate.map_or(NOTHING, |given| cast.number_of(given)),
                kept: read_again(&referee).is_some_and(|read| read == *referee),
            }
        })
    }
}

/// A referee as it is read again from the text in which it is written.
fn read_again(referee: &Referee) -> Option<Referee> {
    serde_json::from_str(&serde_json::to_string(referee).ok()?).ok()
}

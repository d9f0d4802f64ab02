//! Well-known small protocols with known answers.

use verify::liveness::DEADLOCK;
use verify::{Broken, Kind, Model};

use crate::table::{broken, explored, trace};

/// Two who want to be alone in a room: each raises a flag, waits, enters, leaves; for ever.
#[derive(Clone, Copy)]
struct Room {
    /// Whether each gives way to the other before it waits (Peterson), or only looks at the flag, and raises its
    /// own after that.
    gives_way: bool,
    /// Whose entering counts as the end.
    waits_for: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum At {
    Outside,
    Raised,
    Waiting,
    Inside,
}

type Two = ([At; 2], usize);

impl Model for Room {
    type State = Two;
    type Action = usize;

    fn initial(&self) -> Vec<Two> {
        vec![([At::Outside; 2], 0)]
    }

    fn next(&self, &(at, turn): &Two, steps: &mut Vec<(usize, Two)>) {
        for one in 0..2 {
            let other = at[1 - one];
            let free = other == At::Outside;
            let next = match (at[one], self.gives_way) {
                (At::Outside, true) => (At::Raised, turn),
                (At::Raised, true) => (At::Waiting, 1 - one),
                (At::Waiting, true) if free || turn == one => (At::Inside, turn),
                // Broken: the flags of others count only from `Waiting` on.
                (At::Outside, false) if matches!(other, At::Outside | At::Raised) => {
                    (At::Raised, turn)
                }
                (At::Raised, false) => (At::Waiting, turn),
                (At::Waiting, false) => (At::Inside, turn),
                (At::Inside, _) => (At::Outside, turn),
                _ => continue,
            };
            let mut both = at;
            both[one] = next.0;
            steps.push((one, (both, next.1)));
        }
    }

    fn kind(&self, one: &usize) -> Kind {
        Kind::Fair(u8::try_from(*one).unwrap())
    }

    fn always(&self, (at, _): &Two) -> Result<(), Broken> {
        if *at == [At::Inside; 2] { Err(Broken::new("alone", "both are inside")) } else { Ok(()) }
    }

    fn done(&self, (at, _): &Two) -> bool {
        at[self.waits_for] == At::Inside
    }

    fn say(&self, one: &usize) -> String {
        format!("{one} goes on")
    }

    fn show(&self, state: &Two) -> String {
        format!("{state:?}")
    }
}

#[test]
fn petersons_room_is_never_shared_and_nobody_waits_for_ever() {
    for waits_for in 0..2 {
        assert_eq!(broken(&explored(&Room { gives_way: true, waits_for })), None);
    }
}

#[test]
fn a_flag_raised_too_late_is_found_by_a_shortest_way() {
    let report = explored(&Room { gives_way: false, waits_for: 0 });
    assert_eq!(broken(&report), Some("alone"));
    // Each takes three steps, and no fewer are enough.
    assert_eq!(trace(&report).0.len(), 1 + 6);
}

/// Two-phase commit between a coordinator that may crash and two who wait for its word.
struct TwoPhase {
    crashes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Commit {
    /// Who has promised, and who knows the decision.
    promised: [bool; 2],
    knows: [bool; 2],
    decided: bool,
    crashed: bool,
}

impl Model for TwoPhase {
    type State = Commit;
    type Action = (Kind, &'static str);

    fn initial(&self) -> Vec<Commit> {
        vec![Commit { promised: [false; 2], knows: [false; 2], decided: false, crashed: false }]
    }

    fn next(&self, state: &Commit, steps: &mut Vec<((Kind, &'static str), Commit)>) {
        for one in 0..2 {
            let class = u8::try_from(one).unwrap();
            if !state.promised[one] {
                let mut next = *state;
                next.promised[one] = true;
                steps.push(((Kind::Fair(class), "promises"), next));
            }
            if state.decided && !state.crashed && !state.knows[one] {
                let mut next = *state;
                next.knows[one] = true;
                steps.push(((Kind::Fair(2 + class), "hears"), next));
            }
        }
        if state.promised == [true; 2] && !state.decided && !state.crashed {
            steps.push(((Kind::Fair(4), "decides"), Commit { decided: true, ..*state }));
        }
        if self.crashes && !state.crashed {
            steps.push(((Kind::May, "crashes"), Commit { crashed: true, ..*state }));
        }
    }

    fn kind(&self, action: &(Kind, &'static str)) -> Kind {
        action.0
    }

    fn always(&self, state: &Commit) -> Result<(), Broken> {
        let early = state.knows.contains(&true) && state.promised != [true; 2];
        if early { Err(Broken::new("promised first", "decided too early")) } else { Ok(()) }
    }

    fn done(&self, state: &Commit) -> bool {
        state.knows == [true; 2]
    }

    fn say(&self, action: &(Kind, &'static str)) -> String {
        action.1.to_owned()
    }

    fn show(&self, state: &Commit) -> String {
        format!("{state:?}")
    }
}

#[test]
fn two_phase_commit_blocks_where_its_coordinator_crashes() {
    let sound = explored(&TwoPhase { crashes: false });
    assert_eq!(broken(&sound), None);
    // Promises 4; decided then, with 0, 1, 1 or 2 who know.
    assert_eq!(sound.counts.states, 4 + 4);
    let crashing = explored(&TwoPhase { crashes: true });
    assert_eq!(broken(&crashing), Some(DEADLOCK));
    assert_eq!(crashing.counts.states, 2 * 8);
    // Crash and both promises, in any order.
    assert_eq!(trace(&crashing).0.len(), 1 + 3);
}

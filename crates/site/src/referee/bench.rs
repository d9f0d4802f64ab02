//! What this referee waits for, lift by lift: since when, and when the others are told again. Kept in memory only: after
//! a restart every wait begins anew, which is longer than it need be, and harms nobody.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::agreement::{Timeout, timeout_ms};
use protocol::bounded::List;
use protocol::lift::MAX_REFEREES;
use protocol::referee::Referee;
use protocol::{AgentId, LiftId, Timestamp};

use super::judge::{GIVES_UP_AFTER_MS, MAX_OPEN_OF_STRANGERS, OPEN_OF_KNOWN};

/// How long the first round of an agreement waits, in milliseconds: longer than most errands take there and back.
const FIRST_ROUND_MS: u64 = 1_000;

/// The longest that a round waits, in milliseconds: longer than any errand takes there and back.
const LONGEST_ROUND_MS: u64 = 60_000;

/// After how long the others are told again for the first time, in milliseconds; then after twice as long each time.
const FIRST_AGAIN_MS: u64 = 1_000;

/// The longest wait before they are told again, in milliseconds.
const LONGEST_AGAIN_MS: u64 = 600_000;

/// How long a case is waited for of which somebody has asked so late, in milliseconds; then somebody has to ask again.
const ASKED_FOR_MS: i64 = 60 * 60 * 1_000;

/// How many such cases are waited for at once, of those that somebody known asked about, and of strangers'.
const MAX_LATE: u64 = 1_024;

/// How often it is looked in the store for cases that another program at it began, or this one before it was restarted,
/// in milliseconds.
const LOOK_EVERY_MS: i64 = 60_000;

/// Lifts that are not decided.
#[derive(Default)]
pub(crate) struct Bench(Mutex<Seats>);

#[derive(Default)]
struct Seats {
    waiting: BTreeMap<LiftId, Waiting>,
    looked: Option<Timestamp>,
}

struct Waiting {
    deadline: Timestamp,
    /// Whether somebody who is known here asked about it.
    known: bool,
    /// Who decides it, this site among them.
    referees: List<AgentId, MAX_REFEREES>,
    waits: Vec<(Timeout, Timestamp)>,
    /// When the others were told last; none: they have to be told now.
    told: Option<Timestamp>,
    again: u32,
    /// Since when it is waited for here.
    since: Timestamp,
}

/// What is to be done about a lift now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A time has passed.
    Timeout(Timeout),
    /// The other referees are told again.
    Tell,
}

/// Whether so long has passed; where the clock was set back, it has.
const fn is_over(since: Timestamp, ms: u64, now: Timestamp) -> bool {
    let passed = now.ms() - since.ms();
    passed < 0 || passed.unsigned_abs() >= ms
}

impl Bench {
    fn open(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A case is now like this, of which somebody who is known here asked, or not. Where it is news the others are being told of
    /// it; waits go on that were there before.
    pub(super) fn note(&self, referee: &Referee, known: bool, is_new: bool, now: Timestamp) {
        let (id, mut seats) = (referee.id(), self.open());
        if referee.outcome().is_some() || referee.forgot() {
            seats.waiting.remove(&id);
            return;
        }
        let before = seats.waiting.remove(&id);
        let is_late = |deadline: Timestamp| now.ms() - deadline.ms() > GIVES_UP_AFTER_MS;
        let late = is_late(referee.lift().deadline);
        let known = known || before.as_ref().is_some_and(|before| before.known);
        // Whoever asks about old ones keeps no others out, and strangers keep out nobody else.
        let most = match (late, known) {
            (true, _) => MAX_LATE,
            (false, true) => OPEN_OF_KNOWN,
            (false, false) => MAX_OPEN_OF_STRANGERS,
        };
        let alike = |one: &&Waiting| (is_late(one.deadline), one.known) == (late, known);
        let many = || seats.waiting.values().filter(alike).count();
        if before.is_none() && u64::try_from(many()).is_ok_and(|many| many >= most) {
            return;
        }
        let waited = before.as_ref().map_or(&[][..], |before| &before.waits);
        let since = |timeout: Timeout| {
            let waited = waited.iter().find(|(waited, _)| *waited == timeout);
            (timeout, waited.map_or(now, |(_, since)| *since))
        };
        let waits = referee.waits().into_iter().map(since).collect();
        let (told, again) = match &before {
            _ if is_new => (Some(now), 0),
            Some(before) => (before.told, before.again),
            None => (None, 0),
        };
        let deadline = referee.lift().deadline;
        let since = before.map_or(now, |before| before.since);
        let referees = referee.lift().referees.clone();
        seats.waiting.insert(id, Waiting { deadline, known, referees, waits, told, again, since });
    }

    /// Whether an agent decides something with this site that somebody who is known here asked about.
    pub(crate) fn sits_with(&self, agent: &AgentId) -> bool {
        self.open().waiting.values().any(|one| one.known && one.referees.contains(agent))
    }

    /// Whether a case waits here.
    pub(super) fn has(&self, lift: &LiftId) -> bool {
        self.open().waiting.contains_key(lift)
    }

    /// A case is not looked after any more.
    pub(super) fn drop_case(&self, lift: &LiftId) {
        self.open().waiting.remove(lift);
    }

    /// Whether it is time to look into the store; it is taken for done.
    pub(super) fn is_to_look(&self, now: Timestamp) -> bool {
        let mut seats = self.open();
        let due =
            seats.looked.is_none_or(|looked| is_over(looked, LOOK_EVERY_MS.unsigned_abs(), now));
        if due {
            seats.looked = Some(now);
        }
        due
    }

    /// What is due, of at most so many lifts that somebody known asked about, and of as many of strangers': neither keep the
    /// others waiting. Whoever is given something does it: it is not due again until it was noted, or as much later as is usual.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<(LiftId, Due)> {
        let (mut due, mut seats) = (Vec::new(), self.open());
        for known in [true, false] {
            let alike = seats.waiting.iter_mut().filter(|(_, waiting)| waiting.known == known);
            let of_them = alike.filter_map(|(id, waiting)| Some((*id, waiting.due(now)?)));
            due.extend(of_them.take(most));
        }
        due
    }

    /// Forgets cases whose deadline was so long ago that somebody has to ask, and of which nobody did lately: an agreement takes
    /// several rounds.
    pub(super) fn give_up(&self, now: Timestamp) {
        let gone = |waiting: &Waiting| {
            now.ms() - waiting.deadline.ms() > GIVES_UP_AFTER_MS
                && !(0..ASKED_FOR_MS).contains(&(now.ms() - waiting.since.ms()))
        };
        self.open().waiting.retain(|_, waiting| !gone(waiting));
    }
}

impl Waiting {
    fn due(&mut self, now: Timestamp) -> Option<Due> {
        let passed = |(timeout, since): &&mut (Timeout, Timestamp)| {
            is_over(*since, timeout_ms(timeout.round, FIRST_ROUND_MS, LONGEST_ROUND_MS), now)
        };
        if let Some((timeout, since)) = self.waits.iter_mut().find(passed) {
            *since = now;
            return Some(Due::Timeout(*timeout));
        }
        let wait = FIRST_AGAIN_MS.saturating_mul(1 << self.again.min(20)).min(LONGEST_AGAIN_MS);
        if self.told.is_some_and(|told| !is_over(told, wait, now)) {
            return None;
        }
        self.again = self.again.saturating_add(u32::from(self.told.is_some()));
        self.told = Some(now);
        Some(Due::Tell)
    }
}

#[cfg(test)]
mod tests {
    use protocol::bounded::List;
    use protocol::lift::{Lift, Mode};
    use protocol::{AgentId, Hash, SecretKey, Signer as _};

    use super::*;

    /// Somebody asks a day after the deadline: the agreement has its times, which telling the others does not end.
    #[test]
    fn a_case_that_is_asked_about_late_is_looked_after_for_a_while() {
        let key = |seed: u8| SecretKey::ed25519(&[seed; 32]).public_key();
        let mut referees: Vec<AgentId> =
            (1..5).map(|seed| AgentId::of(&key(seed)).unwrap()).collect();
        referees.sort_unstable();
        let date: Timestamp = "2026-11-28T12:00:00.000Z".parse().unwrap();
        let lift = Lift {
            nonce: Hash::of(b"late"),
            mode: Mode::Clearing,
            date,
            deadline: date,
            legs: Hash::of(b"legs"),
            participants: List::new(vec![key(9)]).unwrap(),
            referees: List::new(referees.clone()).unwrap(),
            quorum: Lift::quorum_of(4).unwrap(),
            payment: None,
        };
        let (id, bench) = (lift.id().unwrap(), Bench::default());
        let referee = Referee::new(lift, &referees[0]).unwrap();
        let asked = date.plus_ms(GIVES_UP_AFTER_MS + 3_600_000).unwrap();
        bench.note(&referee, false, false, asked);
        assert_eq!(bench.due(asked, 9), [(id, Due::Tell)]);
        bench.give_up(asked);
        assert!(bench.has(&id), "its times have yet to pass");
        bench.give_up(asked.plus_ms(ASKED_FOR_MS).unwrap());
        assert!(!bench.has(&id), "somebody has to ask again");
    }
}

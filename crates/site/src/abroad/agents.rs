//! What is remembered of other agents while the site runs: which of them fail, and rest; and how many of their
//! notes were refused, for the log. Losing it costs a few attempts and a line.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{AgentId, Timestamp};

/// How long an agent rests to which nothing arrived twice in a row, in milliseconds; then twice as long each time.
/// Its letters wait for themselves, too: the rest is for new ones, each of which would have it asked at once.
const FIRST_REST_MS: i64 = 1_000;

/// The longest rest, in milliseconds: whoever is back and has nothing to say is found out within it.
const LONGEST_REST_MS: i64 = 60_000;

/// Of how many agents is remembered that they fail.
const MOST_FAILING: usize = 4_096;

/// How many agents are named in the log at once of those whose notes were refused; the others are counted together.
const MOST_NAMED: usize = 16;

/// What is remembered.
#[derive(Default)]
pub(crate) struct Agents {
    failing: Mutex<BTreeMap<AgentId, Failing>>,
    refused: Mutex<Refused>,
    refused_in_all: AtomicU64,
}

struct Failing {
    times: u32,
    until: Timestamp,
}

/// Notes that were refused since it was last looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    /// How many of each agent, and why the last was.
    pub(super) named: BTreeMap<AgentId, (u64, &'static str)>,
    /// How many of others.
    pub(super) others: u64,
}

fn open<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Agents {
    /// Nothing arrived at the agent; `spread` makes a wait a little longer, so that not all come back at once.
    pub(super) fn failed(&self, agent: AgentId, now: Timestamp, spread: impl Fn(i64) -> i64) {
        let mut failing = open(&self.failing);
        if failing.len() >= MOST_FAILING && !failing.contains_key(&agent) {
            let first = failing.iter().min_by_key(|(_, one)| one.until).map(|(agent, _)| *agent);
            first.and_then(|first| failing.remove(&first));
        }
        let one = failing.entry(agent).or_insert(Failing { times: 0, until: now });
        one.times = one.times.saturating_add(1);
        let Some(doublings) = one.times.checked_sub(2) else { return };
        let rest = (FIRST_REST_MS << doublings.min(20)).min(LONGEST_REST_MS);
        one.until = now.plus_ms(spread(rest)).unwrap_or(Timestamp::MAX);
    }

    /// The agent has answered, or spoken.
    pub(super) fn answered(&self, agent: AgentId) {
        open(&self.failing).remove(&agent);
    }

    /// Agents that rest now.
    pub(super) fn resting(&self, now: Timestamp) -> Vec<AgentId> {
        // A clock that was ahead lets nobody rest for long.
        let rests =
            |one: &Failing| one.until > now && one.until.ms() - now.ms() <= 2 * LONGEST_REST_MS;
        let failing = open(&self.failing);
        failing.iter().filter(|(_, one)| rests(one)).map(|(agent, _)| *agent).collect()
    }

    /// A note of the agent's was refused, for the reason with this word.
    pub(super) fn refuses(&self, agent: AgentId, word: &'static str) {
        self.refused_in_all.fetch_add(1, Ordering::Relaxed);
        let mut refused = open(&self.refused);
        if refused.named.len() >= MOST_NAMED && !refused.named.contains_key(&agent) {
            refused.others += 1;
            return;
        }
        let (many, last) = refused.named.entry(agent).or_insert((0, word));
        (*many, *last) = (*many + 1, word);
    }

    /// How many notes were refused since the start.
    pub(super) fn refused_in_all(&self) -> u64 {
        self.refused_in_all.load(Ordering::Relaxed)
    }

    /// What was refused since this was last asked.
    pub(super) fn take_refused(&self) -> Refused {
        std::mem::take(&mut open(&self.refused))
    }
}

#[cfg(test)]
mod tests {
    use protocol::{SecretKey, Signer as _};

    use super::*;

    fn agent(seed: usize) -> AgentId {
        let mut bytes = [1; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        AgentId::of(&SecretKey::ed25519(&bytes).public_key()).unwrap()
    }

    fn at(ms: i64) -> Timestamp {
        let start: Timestamp = "2026-11-22T09:00:00.000Z".parse().unwrap();
        start.plus_ms(ms).unwrap()
    }

    #[test]
    fn who_fails_rests_ever_longer_until_it_answers() {
        let agents = Agents::default();
        let rests = |now| agents.resting(at(now)) == [agent(1)];
        let mut now = 0;
        for rest in [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            agents.failed(agent(1), at(now), |ms| ms);
            assert!(rest == 0 || rests(now + rest - 1), "{rest}");
            assert!(!rests(now + rest), "{rest}");
            now += rest;
        }
        agents.failed(agent(1), at(now), |ms| ms + ms / 2);
        assert!(rests(now + 89_999) && !rests(now + 90_000), "a little longer by chance");
        assert!(!rests(now - 1_000_000), "the clock was ahead");
        agents.answered(agent(1));
        assert!(!rests(now));
        agents.failed(agent(1), at(now), |ms| ms);
        assert!(!rests(now), "as at first");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let agents = Agents::default();
        for number in 0..MOST_NAMED + 9 {
            for _ in 0..3 {
                agents.refuses(agent(number), "signature");
            }
            agents.refuses(agent(number), "record");
        }
        let refused = agents.take_refused();
        assert_eq!((refused.named.len(), refused.others), (MOST_NAMED, 9 * 4));
        assert!(refused.named.values().all(|one| *one == (4, "record")));
        assert_eq!(agents.take_refused(), Refused::default(), "each is told once");
        assert_eq!(agents.refused_in_all(), u64::try_from((MOST_NAMED + 9) * 4).unwrap());
        // Whoever was to be asked next is forgotten first.
        for number in 0..=MOST_FAILING {
            let since = at(i64::try_from(number).unwrap());
            agents.failed(agent(number), since, |ms| ms);
        }
        assert_eq!(open(&agents.failing).len(), MOST_FAILING);
        assert!(!open(&agents.failing).contains_key(&agent(0)));
    }
}

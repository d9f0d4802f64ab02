//! What a site remembers of what it read and checked, so that it need not be read and checked again:
//! the states of halves, and chits that are good. Losing any of it costs time only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash as Hashed;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use protocol::address::Endpoint;
use protocol::chit::Chit;
use protocol::half::HalfTally;
use protocol::ledger::{Good, Link};
use protocol::{AgentId, ChitId, Cuid, Hash, LiftId, PublicKey, TallyId, Timestamp};
use store::{Half, HalfId, LiftPart};

use crate::abroad::Errands;
use crate::between::{Drafts, Part, Tried, UnderWay};
use crate::error::SiteError;
use crate::lift::{Line, Map, Proven};
use crate::ports::Asks;
use crate::referee::{Bench, Brings};
use crate::seek::{Met, Seeking};

/// How many halves are remembered: some 10 KiB each, so some 80 MiB.
const HALVES: usize = 8_192;

/// How many names of halves are remembered: some 100 bytes each.
const NAMES: usize = 65_536;

/// How many chits are remembered: most are a few hundred bytes, none more than a few thousand.
const CHITS: usize = 8_192;

/// How many lifts are remembered: one over ten thousand tallies takes some megabytes.
const LIFTS: usize = 16;

/// How many parts in lifts are remembered: some 20 KiB each, …
const PARTS: usize = 1_024;

/// … and none whose text is longer than this, in bytes: who makes large lifts has them read again.
const PART_BYTES: usize = 64 * 1024;

/// A half as it was kept: the row, what it says, and the links that the partner may still ask for.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub(crate) half: Half,
    pub(crate) state: Arc<HalfTally>,
    pub(crate) links: Vec<Link>,
}

/// What is remembered.
pub(crate) struct Known {
    halves: Mutex<Lately<HalfId, Remembered>>,
    names: Mutex<Lately<(Cuid, TallyId), HalfId>>,
    chits: Mutex<Lately<ChitId, (PublicKey, Good)>>,
    lifts: Mutex<Lately<LiftId, Arc<Proven>>>,
    /// Each with the text that it was read from.
    parts: Mutex<Lately<(LiftId, Hash), (String, Part)>>,
    /// The tallies that payments may go over.
    pub(crate) map: Arc<Map>,
    /// Payments that wait.
    pub(crate) payments: Line,
    /// Ways to other sites that are looked for.
    pub(crate) seeking: Arc<Seeking>,
    /// Searches for which adverts were made lately.
    pub(crate) met: Met,
    /// Where this agent answers.
    pub(crate) answers_at: RwLock<Option<Endpoint>>,
    /// What asks other agents, where something does.
    pub(crate) asks: RwLock<Option<Arc<dyn Asks>>>,
    /// Lifts with other sites that are being laid out, and that are under way.
    pub(crate) drafts: Drafts,
    pub(crate) under_way: UnderWay,
    /// Since which restore its keys for lifts are made as they are.
    pub(crate) lift_keys: RwLock<Option<Hash>>,
    /// For whom ways round were looked for lately.
    pub(crate) tried: Tried,
    /// What is said to other agents without a letter.
    pub(crate) errands: Errands,
    /// Lifts that this agent decides as a referee, and has not decided.
    /// When there was no room for strangers' proofs: it is not looked for again at once.
    pub(crate) strangers_had_no_room: Mutex<Option<Timestamp>>,
    pub(crate) bench: Bench,
    /// What agents that are known here have brought it lately.
    pub(crate) brings: Brings,
    /// How many lines of letters are on their way to other agents.
    pub(crate) lines: Mutex<BTreeMap<AgentId, usize>>,
    /// What other agents refused: it is told once, however often it is said again.
    refused: Mutex<Lately<(Option<HalfId>, String), bool>>,
    /// Agents that answered the last time that something was sent to them.
    present: Mutex<BTreeSet<AgentId>>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            halves: Mutex::new(Lately::at_most(HALVES)),
            names: Mutex::new(Lately::at_most(NAMES)),
            chits: Mutex::new(Lately::at_most(CHITS)),
            lifts: Mutex::new(Lately::at_most(LIFTS)),
            parts: Mutex::new(Lately::at_most(PARTS)),
            map: Arc::default(),
            payments: Line::default(),
            seeking: Arc::default(),
            met: Met::default(),
            answers_at: RwLock::default(),
            asks: RwLock::default(),
            drafts: Drafts::default(),
            under_way: UnderWay::default(),
            lift_keys: RwLock::default(),
            tried: Tried::default(),
            errands: Errands::default(),
            strangers_had_no_room: Mutex::default(),
            bench: Bench::default(),
            brings: Brings::default(),
            lines: Mutex::default(),
            refused: Mutex::new(Lately::at_most(NAMES)),
            present: Mutex::default(),
        }
    }
}

fn open<T>(memory: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// Whether it was told that another agent refuses this.
    pub(crate) fn was_refused(&self, half: Option<HalfId>, key: &str) -> bool {
        open(&self.refused).get(&(half, key.to_owned())).copied().unwrap_or(false)
    }

    /// It is told from now on, or the other agent has taken it.
    pub(crate) fn remember_refused(&self, half: Option<HalfId>, key: &str, refused: bool) {
        if refused || self.was_refused(half, key) {
            open(&self.refused).put((half, key.to_owned()), refused);
        }
    }

    /// Whether an agent answers; says whether that is news.
    pub(crate) fn answers(&self, agent: AgentId, answers: bool) -> bool {
        let mut present = open(&self.present);
        if !answers {
            return present.remove(&agent);
        }
        if present.len() >= NAMES {
            present.clear();
        }
        present.insert(agent)
    }

    /// What is remembered of a half, where its row is the very one that was read: same version, same
    /// content. Another program at the same database, or an older copy of it, makes another row.
    pub(crate) fn half(&self, half: &Half) -> Option<Remembered> {
        let mut halves = open(&self.halves);
        halves.get(&half.id).filter(|remembered| remembered.half == *half).cloned()
    }

    /// What was last remembered of a user's half. It may have changed since: only good for guesses.
    pub(crate) fn lately(&self, holder: &Cuid, tally: TallyId) -> Option<Arc<HalfTally>> {
        let id = self.id(holder, tally)?;
        open(&self.halves).get(&id).map(|remembered| Arc::clone(&remembered.state))
    }

    /// The number of a user's half, which never changes.
    pub(crate) fn id(&self, holder: &Cuid, tally: TallyId) -> Option<HalfId> {
        open(&self.names).get(&(holder.clone(), tally)).copied()
    }

    /// Remembers a half as it was read under its lock, or as it was committed; nothing else, so that
    /// a version means one state.
    pub(crate) fn remember(&self, remembered: Remembered) {
        let half = &remembered.half;
        self.map.learn(half, half.version, remembered.state.ledger.as_ref());
        open(&self.names).put((half.holder.clone(), half.tally), half.id);
        open(&self.halves).put(half.id, remembered);
    }

    /// This very chit, where its signature by this key was checked before.
    pub(crate) fn good(&self, key: &PublicKey, chit: &Chit) -> Option<Good> {
        let mut chits = open(&self.chits);
        let (by, good) = chits.get(&chit.uuid)?;
        (by == key && good.chit() == chit).then(|| good.clone())
    }

    /// A part in a lift as it is kept. From the same text the same part is read, with all its signatures; so it is read once.
    ///
    /// # Errors
    /// [`SiteError::Part`] where somebody changed it.
    pub(crate) fn part(&self, row: &LiftPart) -> Result<Part, SiteError> {
        let name = (row.lift, row.key);
        if let Some((text, part)) = open(&self.parts).get(&name)
            && *text == row.state
        {
            return Ok(part.clone());
        }
        let part = Part::read(row)?;
        self.remember_part(row, part.clone());
        Ok(part)
    }

    /// Remembers a part with the row that it makes.
    pub(crate) fn remember_part(&self, row: &LiftPart, part: Part) {
        if row.state.len() <= PART_BYTES {
            open(&self.parts).put((row.lift, row.key), (row.state.clone(), part));
        }
    }

    /// A lift that was proved before; a decision never changes.
    pub(crate) fn lift(&self, id: &LiftId) -> Option<Arc<Proven>> {
        open(&self.lifts).get(id).cloned()
    }

    /// Remembers a lift that was proved.
    /// What was known of a lift is read again: more of it is proved now.
    pub(crate) fn forget_lift(&self, id: &LiftId) {
        open(&self.lifts).forget(id);
    }

    pub(crate) fn remember_lift(&self, id: LiftId, lift: Arc<Proven>) {
        open(&self.lifts).put(id, lift);
    }

    /// Remembers a chit whose signature by this key was checked.
    pub(crate) fn remember_good(&self, key: PublicKey, good: Good) {
        open(&self.chits).put(good.chit().uuid, (key, good));
    }
}

/// The entries that were asked for or put lately, at most a number of them: two generations, the
/// older of which is forgotten when the younger is half of all.
struct Lately<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    most: usize,
}

impl<K: Hashed + Eq + Clone, V> Lately<K, V> {
    fn at_most(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), most }
    }

    fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        if let Some(value) = self.old.remove(key) {
            self.put(key.clone(), value);
        }
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn put(&mut self, key: K, value: V) {
        self.old.remove(&key);
        self.young.insert(key, value);
        if self.young.len() >= self.most / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten_in_time() {
        let mut lately = Lately::at_most(100);
        for number in 0..1_000_u32 {
            lately.put(number, number);
            assert_eq!(lately.get(&0), Some(&0), "after {number}");
            assert_eq!(lately.get(&number), Some(&number));
            // What is used again and again makes no more room than what is new.
            for again in 0..number {
                lately.get(&again);
                assert!(lately.young.len() + lately.old.len() <= 100);
            }
        }
        lately.put(0, 7);
        assert_eq!(lately.get(&0), Some(&7));
    }
}

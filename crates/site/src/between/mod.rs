//! Lifts between sites: this site's parts in them (protocol §7, "Promise" and "Resolve"). What a participant does is
//! decided in `protocol::participant`, which is pure; here is what it is told, what it judges by and what follows.
//!
//! * `compose.rs` how a lift is laid out before there is a record, `drafts.rs` what is remembered of that, `keys.rs` the
//!   keys to take part with;
//! * `hear.rs` what neighbours, payers' sites and referees say: it is noted, and what follows is done right after in a
//!   transaction of its own (`act.rs`): judging and promising (`judge.rs`), settling what was decided (`settle.rs`,
//!   `told.rs`), telling neighbours; `halves.rs` which halves a leg is on; `proved.rs` what is kept of those that lie;
//! * `lost.rs` lifts that this site has lost and neighbours tell of, `brought.rs` those that users' devices prove, `claimed.rs`
//!   those of which only the giver knows whether it gave;
//! * `freeing.rs` what both users of a tally sign to be free though nobody decides;
//! * `open.rs` what may be seen of lifts that are under way;
//! * `tend.rs` what time brings: asking referees, and saying again what may be lost;
//! * `propose.rs` a lift of this site's making, `division.rs` over which ways: `pay.rs` a payment to another site, `repeated.rs`
//!   one that is asked for again after a restore, `quote.rs`
//!   what one would cost, `trials.rs` how much may be tried for that, `making.rs` what whoever waits for one sees of it, `why.rs`
//!   why it came to nothing, `expected.rs` that it ends at its payee's, `around.rs` clearing across sites; `part.rs` a part as
//!   it is kept.

mod act;
mod around;
mod brought;
mod claimed;
mod compose;
mod division;
mod drafts;
mod expected;
mod freeing;
mod halves;
mod hear;
mod judge;
mod keys;
mod lost;
mod making;
mod open;
mod part;
mod pay;
mod propose;
mod proved;
mod quote;
mod repeated;
mod settle;
mod tend;
mod told;
mod trials;
mod why;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::errand::Expected;
use protocol::lift::Authorisation;
use protocol::{AgentId, Cuid, Hash, LiftId, PaymentId, Timestamp};
use tokio::sync::Notify;

pub(crate) use self::around::Tried;
pub(crate) use self::claimed::{AllClaimed, claimed_of};
pub use self::claimed::{Claimed, MAX_CLAIMS};
pub(crate) use self::drafts::Drafts;
pub use self::drafts::{MAX_DRAFTS, MAX_DRAFTS_OF_ONE};
pub use self::keys::{lift_key, lift_keys};
pub(crate) use self::keys::{lift_keys_of_another, lift_keys_since};
pub(crate) use self::lost::forget_laid_out;
use self::making::Course;
pub use self::making::{Attempt, Making};
pub use self::open::{OpenLeg, OpenLift, Phase, Whose};
use self::part::OpenWith;
pub(crate) use self::part::{LegProof, Part};
use self::trials::Trials;
pub use self::trials::{MAX_TRIED, MAX_TRIED_OF_ONE};
pub use self::why::WhyVoid;

/// How long after it was proposed a lift may become valid, in milliseconds: many times what its messages take.
const LIFT_WITHIN_MS: i64 = 30_000;

/// The longest that this site's tallies may wait for others' lifts, in milliseconds.
const LONGEST_MS: i64 = 600_000;

/// How far the clocks of honest sites may be apart, in milliseconds, before a lift is refused for its date.
const SKEW_MS: i64 = 120_000;

/// How many promises may be open with one neighbour's site, and under one referee: what a site that is gone, or a referee
/// that decides nothing, can lock is bounded.
pub const MAX_OPEN_PROMISES: usize = 256;

/// How much may be promised and open with one neighbour's site, and under each of four referees, in milli-CHIPs; under one
/// that decides alone an administrator says how much ([`crate::MAX_SOLE_MILLI`]).
pub const MAX_OPEN_MILLI: i64 = 100_000_000;

/// How many authorisations are remembered for lifts that have not come yet: a few kilobytes each.
pub const MAX_AUTHORISATIONS: usize = 4_096;

/// What is remembered of lifts under way: losing it costs time only.
#[derive(Default)]
pub(crate) struct UnderWay {
    /// Lifts with something to be done.
    due: Mutex<BTreeSet<LiftId>>,
    /// What payers signed, by hash, and in the order that it came.
    signed: Mutex<(BTreeMap<Hash, Authorisation>, VecDeque<Hash>)>,
    /// What payees' sites are asked, by the lift's nonce: whom, and what it answered.
    expected: Mutex<BTreeMap<Hash, (AgentId, Option<Expected>)>>,
    /// Lifts that wait for what their payer signed, by its hash.
    awaiting: Mutex<BTreeMap<Hash, LiftId>>,
    /// What users here have promised, and is not decided: with each neighbour's site, and under each referee.
    open: Mutex<BTreeMap<OpenWith, Open>>,
    /// Whether that was read from the store since this program began.
    is_open_known: AtomicBool,
    /// Payments that are being made, and how far each has come.
    paying: Mutex<BTreeMap<(Cuid, PaymentId), Course>>,
    /// Ways that were laid out for quotes lately.
    trials: Trials,
    /// What referees of a lift were asked last.
    asked: Mutex<BTreeMap<LiftId, Asked>>,
    /// When the payee's site of a lift was told last what was signed, and how long it is not told again, in milliseconds.
    told: Mutex<BTreeMap<LiftId, (Timestamp, i64)>>,
    /// When it was last tried to do all that a decided lift means here, and how long it is not tried again, in milliseconds.
    settling: Mutex<BTreeMap<LiftId, (Timestamp, i64)>>,
    /// Lifts whose end somebody here waits for: how many do, and how often something was done about it.
    watched: Mutex<BTreeMap<LiftId, (usize, u64)>>,
    /// When open parts were looked at last.
    looked: Mutex<Option<Timestamp>>,
    /// Something was decided, or time has passed.
    moved: Notify,
    /// Something is to be done.
    work: Notify,
}

/// What is promised and not decided, with or under one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Open {
    promises: usize,
    /// What they would move, in milli-CHIPs.
    milli: i64,
}

impl Open {
    fn add(&mut self, part: &Part) {
        self.promises += 1;
        self.milli = self.milli.saturating_add(part.moves_milli());
    }
}

/// Lifts about which something is being done, and what was remembered before. Dropped before it is done, whatever the reason,
/// it stays due: nobody was asked, and nothing promised.
struct Taken<'a> {
    under_way: &'a UnderWay,
    lifts: Vec<LiftId>,
    asked: Vec<Option<Asked>>,
    open: BTreeMap<OpenWith, Open>,
}

impl Taken<'_> {
    /// It is done, or never will be.
    fn end(mut self) {
        self.lifts.clear();
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.lifts.is_empty() {
            return;
        }
        lock(&self.under_way.due).extend(&self.lifts);
        let mut asked = lock(&self.under_way.asked);
        for (lift, before) in self.lifts.iter().zip(&self.asked) {
            match before {
                Some(before) => asked.insert(*lift, *before),
                None => asked.remove(lift),
            };
        }
        drop(asked);
        *lock(&self.under_way.open) = std::mem::take(&mut self.open);
    }
}

/// That referees were asked about a lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    /// For the first time.
    since: Timestamp,
    at: Timestamp,
    /// How long to wait before they are asked the same again, in milliseconds.
    wait_ms: i64,
    /// Whether they were brought what makes a decision possible.
    brought: bool,
    /// Whether the deadline had passed: then they can decide without.
    late: bool,
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl UnderWay {
    /// There is something to be done about a lift.
    pub(crate) fn is_due(&self, lift: LiftId) {
        lock(&self.due).insert(lift);
        self.work.notify_one();
    }

    /// Whoever waits looks again.
    fn has_moved(&self) {
        self.moved.notify_waiters();
    }

    /// Something was done about these lifts: whoever waits for one of them looks again.
    fn have_moved(&self, lifts: &[LiftId]) {
        let mut watched = lock(&self.watched);
        for lift in lifts {
            if let Some((_, moves)) = watched.get_mut(lift) {
                *moves += 1;
            }
        }
        drop(watched);
        self.has_moved();
    }

    /// What is open with a neighbour's site, or under a referee.
    fn open_with(&self, with: &OpenWith) -> Open {
        lock(&self.open).get(with).copied().unwrap_or_default()
    }

    /// Whether something is promised under a referee, and not decided as far as is known here.
    pub(crate) fn is_promised_under(&self, referee: AgentId) -> bool {
        self.open_with(&OpenWith::Referee(referee)).promises > 0
    }

    /// A part is promised.
    fn promises(&self, part: &Part) {
        let mut open = lock(&self.open);
        part.open_with().into_iter().for_each(|with| open.entry(with).or_default().add(part));
    }

    /// It is decided. What is open is counted anew every second, so an error does not stay.
    fn is_decided(&self, part: &Part) {
        let mut open = lock(&self.open);
        for with in part.open_with() {
            if let Some(open) = open.get_mut(&with) {
                open.promises = open.promises.saturating_sub(1);
                open.milli = (open.milli - part.moves_milli()).max(0);
            }
        }
    }

    /// Users freed some of it: only the rest is open.
    fn is_freed(&self, before: &Part, after: &Part) {
        self.is_decided(before);
        self.promises(after);
    }

    /// Those of these lifts about which something is to be done: whoever takes them does it.
    fn take_due_of(&self, lifts: &[LiftId]) -> Taken<'_> {
        let mut due = lock(&self.due);
        let mut lifts: Vec<LiftId> =
            lifts.iter().filter(|lift| due.remove(lift)).copied().collect();
        drop(due);
        // In the order in which everybody locks them.
        lifts.sort_unstable();
        let all = lock(&self.asked);
        let asked = lifts.iter().map(|lift| all.get(lift).copied()).collect();
        drop(all);
        Taken { under_way: self, lifts, asked, open: lock(&self.open).clone() }
    }

    fn due_of(&self, lifts: &[LiftId]) -> Vec<LiftId> {
        let due = lock(&self.due);
        lifts.iter().filter(|lift| due.contains(lift)).copied().collect()
    }

    fn all_due(&self) -> Vec<LiftId> {
        lock(&self.due).iter().copied().collect()
    }

    fn keep_signed(&self, hash: Hash, authorisation: Authorisation) {
        let (all, order) = &mut *lock(&self.signed);
        if all.insert(hash, authorisation).is_none() {
            order.push_back(hash);
        }
        while order.len() > MAX_AUTHORISATIONS {
            if let Some(oldest) = order.pop_front() {
                all.remove(&oldest);
            }
        }
    }

    /// A lift waits for what its payer signed.
    fn awaits(&self, hash: Hash, lift: LiftId) {
        let mut awaiting = lock(&self.awaiting);
        if awaiting.len() >= MAX_AUTHORISATIONS {
            awaiting.pop_first();
        }
        awaiting.insert(hash, lift);
    }

    fn has_come(&self, hash: &Hash) {
        if let Some(lift) = lock(&self.awaiting).remove(hash) {
            self.is_due(lift);
        }
    }

    fn signed(&self, hash: &Hash) -> Option<Authorisation> {
        lock(&self.signed).0.get(hash).cloned()
    }
}

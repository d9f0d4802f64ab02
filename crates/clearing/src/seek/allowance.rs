//! How many queries a partner may cause: so many at once, and so many more each second.
//!
//! A partner has an allowance for what it asks here, and a share of what is asked elsewhere for it: as large as
//! everybody else's. So a flood uses up its own allowance here and its own share there, and nobody else's.

use std::collections::BTreeMap;

use protocol::AgentId;

use super::Limits;

/// A thousandth of a query.
const QUERY: i64 = 1_000;

/// The least that a share is, however many partners there are.
const LEAST_SHARE: i64 = 16;

/// Whose: what a partner asks here, or what is asked of `Some` partner for another, or for one's own users.
type Key = (Option<AgentId>, Option<AgentId>);

#[derive(Clone, Debug, Default)]
pub(super) struct Allowances {
    used: BTreeMap<Key, Used>,
}

/// What is used of an allowance, in thousandths of a query.
#[derive(Clone, Copy, Debug)]
struct Used {
    milli: i64,
    at_ms: i64,
    /// How much comes back each second, in thousandths of a query.
    refill: i64,
}

impl Used {
    fn now(self, now_ms: i64) -> i64 {
        let passed = now_ms.saturating_sub(self.at_ms).max(0);
        (self.milli - passed.saturating_mul(self.refill) / 1_000).max(0)
    }
}

impl Allowances {
    /// How much a partner may still cause here.
    pub(super) fn left(&self, of: AgentId, limits: &Limits, now_ms: i64) -> u32 {
        self.rest((Some(of), None), i64::from(limits.allowance), now_ms)
    }

    /// Uses it.
    pub(super) fn uses(&mut self, of: AgentId, queries: u32, limits: &Limits, now_ms: i64) {
        self.add((Some(of), None), queries, i64::from(limits.refill_a_second) * QUERY, now_ms);
    }

    /// Takes up to `wanted` of the share that `of` (none: this site's own users) has in what is asked of `partner`, where
    /// so many sources share it.
    pub(super) fn share(
        &mut self,
        of: Option<AgentId>,
        partner: AgentId,
        wanted: u32,
        sources: usize,
        limits: &Limits,
        now_ms: i64,
    ) -> u32 {
        let (key, sources) =
            ((of, Some(partner)), i64::try_from(sources.max(1)).unwrap_or(i64::MAX));
        let most = (i64::from(limits.allowance) / sources).max(LEAST_SHARE);
        let refill = (i64::from(limits.refill_a_second) * QUERY / sources).max(1);
        let taken = wanted.min(self.rest(key, most, now_ms));
        self.add(key, taken, refill, now_ms);
        taken
    }

    /// So many queries of what a partner used here were not caused after all.
    pub(super) fn returns(&mut self, of: AgentId, queries: u32, now_ms: i64) {
        self.give_back((Some(of), None), queries, now_ms);
    }

    /// So many queries of a share ([`Self::share`]) were not caused after all.
    pub(super) fn returns_share(
        &mut self,
        of: Option<AgentId>,
        partner: AgentId,
        queries: u32,
        now_ms: i64,
    ) {
        self.give_back((of, Some(partner)), queries, now_ms);
    }

    /// Forgets those of whom nothing is used any more.
    pub(super) fn forget(&mut self, now_ms: i64) {
        self.used.retain(|_, used| used.now(now_ms) > 0);
    }

    fn rest(&self, key: Key, most: i64, now_ms: i64) -> u32 {
        let used = self.used.get(&key).map_or(0, |used| used.now(now_ms));
        u32::try_from((most * QUERY - used) / QUERY).unwrap_or(0)
    }

    fn give_back(&mut self, key: Key, queries: u32, now_ms: i64) {
        if let Some(used) = self.used.get_mut(&key) {
            used.milli = (used.now(now_ms) - i64::from(queries) * QUERY).max(0);
            used.at_ms = now_ms;
        }
    }

    fn add(&mut self, key: Key, queries: u32, refill: i64, now_ms: i64) {
        let used = self.used.get(&key).map_or(0, |used| used.now(now_ms));
        let milli = used + i64::from(queries) * QUERY;
        self.used.insert(key, Used { milli, at_ms: now_ms, refill });
    }
}

//! What a site remembers of its tallies for payments and clearing: the graph, kept up with everything that this
//! process commits, and read anew, now and then, for what others at the same database did.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use clearing::{NoPath, Stands};
use protocol::ledger::Ledger;
use protocol::lift::Leg;
use protocol::{AgentId, Cuid, PublicKey, Timestamp, Units};
use store::{Committed, Half, HalfFilter, HalfId, View};

use super::aside::aside;
use super::graph::{Graph, News, Way};
use super::mirrored::Changes;
use super::own::Own;
use super::plan::Plan;
use super::standing::Standing;
use crate::door::Site;
use crate::error::SiteError;
use crate::half;
use crate::seek::Planned;

/// How many halves are read at once.
const AT_ONCE: u32 = 1_000;

/// For how long at least all halves are not read again, in milliseconds.
const SHORTEST_MS: i64 = 2_000;

/// How many times as long as reading takes nothing is read again: so at most a twentieth of the time
/// goes into it, whoever asks for what cannot be paid.
const TIMES_AS_LONG: i64 = 20;

/// How much news is laid by until somebody searches, some 500 bytes each; beyond, it is taken in at once.
const MOST_NEWS: usize = 65_536;

/// The graph, once somebody has asked for it.
#[derive(Default)]
pub(crate) struct Map {
    graph: RwLock<Option<Graph>>,
    /// How many graphs there were.
    generations: AtomicU64,
    /// Whether there is one, or is about to be.
    wanted: AtomicBool,
    /// What was committed since the last search, of each half the newest.
    news: Mutex<BTreeMap<HalfId, News>>,
    own: Mutex<Own>,
    /// What could be cleared, once the site has looked.
    standing: Mutex<Option<Standing>>,
    /// Whether the graph was whole at some time: from then on it serves while it is read again.
    whole: AtomicBool,
    reading: tokio::sync::Mutex<Option<Reading>>,
}

/// When all was read last.
struct Reading {
    /// Not before this moment again.
    next: Timestamp,
    /// The last event that was told before.
    event: u64,
}

impl Map {
    fn read(&self) -> RwLockReadGuard<'_, Option<Graph>> {
        self.graph.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Graph>> {
        self.graph.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a half as it was committed in this version. Whoever commits does not wait for whoever
    /// searches: the news is laid by, for the next search.
    pub(crate) fn learn(&self, half: &Half, version: u64, ledger: Option<&Ledger>) {
        // Most sites at most times: nobody asked yet, and nothing is to be done.
        if !self.wanted.load(Ordering::Acquire) {
            return;
        }
        let Some(new) = News::of(half, version, ledger) else { return };
        if self.news().len() >= MOST_NEWS {
            drop(self.fresh());
        }
        let mut news = self.news();
        if news.get(&half.id).is_none_or(|known| known.version() <= version) {
            news.insert(half.id, new);
        }
    }

    fn news(&self) -> MutexGuard<'_, BTreeMap<HalfId, News>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph with all that is new.
    fn fresh(&self) -> RwLockReadGuard<'_, Option<Graph>> {
        let news = std::mem::take(&mut *self.news());
        if !news.is_empty()
            && let Some(graph) = &mut *self.write()
        {
            for new in news.values() {
                graph.learn(new, false);
            }
        }
        self.read()
    }

    /// Takes in halves that this process has written, and what it told in the same commit.
    pub(crate) fn wrote(&self, written: &[(Half, Ledger)], committed: Committed) {
        for (half, ledger) in written {
            self.learn(half, half.version, Some(ledger));
        }
        self.told(committed);
    }

    /// This process has committed these events, and the graph has taken in what they are about.
    pub(crate) fn told(&self, committed: Committed) {
        if self.wanted.load(Ordering::Acquire) {
            self.own().told(committed);
        }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in halves that are locked, each with the version to know it by.
    pub(crate) fn learn_locked<'a>(
        &self,
        halves: impl Iterator<Item = (&'a Half, u64, &'a Ledger)>,
    ) {
        let mut graph = self.write();
        for (half, version, ledger) in halves {
            let Some(new) = News::of(half, version, Some(ledger)) else { continue };
            // Nothing that was laid by is as new.
            self.news().remove(&new.half());
            if let Some(graph) = &mut *graph {
                graph.learn(&new, true);
            }
        }
    }

    /// Forgets everything: many tallies came in at once.
    pub(crate) fn forget(&self) {
        self.whole.store(false, Ordering::Release);
        self.wanted.store(false, Ordering::Release);
        *self.write() = None;
        self.news().clear();
    }

    fn is_unsettled(&self) -> bool {
        self.fresh().as_ref().is_some_and(Graph::is_unsettled)
    }

    /// The keys with which a payer could allow a payment now.
    pub(crate) fn keys_of(&self, payer: &Cuid) -> Vec<PublicKey> {
        self.fresh().as_ref().map_or_else(Vec::new, |graph| graph.keys_of(payer))
    }

    /// The cheapest way to pay that leaves over tallies on which the payer signs with this key; none:
    /// with whichever.
    pub(crate) fn cheapest(
        &self,
        payer: &Cuid,
        payee: &Cuid,
        units: Units,
        key: Option<&PublicKey>,
    ) -> Result<Way, NoPath> {
        let answer = |graph: &Graph| graph.cheapest(payer, payee, units);
        {
            let graph = self.fresh();
            let Some(graph) = graph.as_ref() else { return Err(NoPath::NotConnected) };
            if key.is_none_or(|key| graph.with_other_keys(payer, key).is_empty()) {
                return answer(graph);
            }
        }
        // Seldom: the payer has changed its key on some tallies and not on others.
        match (&mut *self.write(), key) {
            (Some(graph), Some(key)) => {
                let others = graph.with_other_keys(payer, key);
                graph.without(&others, answer)
            }
            _ => Err(NoPath::NotConnected),
        }
    }

    /// The most that one path could bring now.
    pub(crate) fn most(&self, payer: &Cuid, payee: &Cuid) -> Units {
        self.fresh().as_ref().map_or(Units::ZERO, |graph| graph.most(payer, payee))
    }

    /// The most that a payer could give over all of its own tallies together; none where that is not remembered.
    pub(crate) fn most_given(&self, payer: &Cuid) -> Option<Units> {
        self.fresh().as_ref()?.most_given(payer)
    }

    /// The largest circulation of the debts at this moment; none where not all of them are remembered.
    /// Payments go on meanwhile.
    ///
    /// # Errors
    /// [`SiteError::Unproved`], a fault of the engine.
    pub(crate) async fn clearing(self: &Arc<Self>) -> Result<Option<Plan>, SiteError> {
        let map = Arc::clone(self);
        aside(move || map.search()).await
    }

    fn search(&self) -> Result<Option<Plan>, SiteError> {
        let mut held = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.fresh());
        let new = self.write().as_mut().and_then(|graph| graph.owings(held.is_none()));
        let Some(new) = new else { return Ok(None) };
        // Whatever ends this early, all is taken in anew the next time.
        let mut standing = held.take().unwrap_or_default();
        standing.catch_up(new)?;
        let reliefs = standing.reliefs()?;
        let graph = self.read();
        let Some(graph) = graph.as_ref() else { return Ok(None) };
        let moves = reliefs.iter().map(|relief| graph.relieving(relief));
        // Forgotten and begun anew meanwhile.
        let Some(moves) = moves.collect::<Option<Vec<_>>>() else { return Ok(None) };
        let plan = Plan::of(standing.total_milli(), moves);
        *held = Some(standing);
        Ok(Some(plan))
    }

    /// Whether the payer signs with this key on the first tally of a way.
    pub(crate) fn signs_with(&self, way: &Way, key: &PublicKey) -> bool {
        self.read().as_ref().is_some_and(|graph| graph.signs_with(way, key))
    }

    /// The same way as it is now.
    pub(crate) fn along(&self, way: &Way, units: Units) -> Option<Way> {
        self.read().as_ref()?.along(way, units)
    }

    /// Whether some tally with a user of another site is remembered.
    pub(crate) fn has_gates(&self) -> bool {
        self.fresh().as_ref().is_some_and(Graph::has_gates)
    }

    /// How users here stand whom users of other sites owe.
    pub(crate) fn owed_abroad(&self) -> Vec<(Cuid, Stands)> {
        self.fresh().as_ref().map_or_else(Vec::new, Graph::owed_abroad)
    }

    /// What changed since a copy of the graph, of this generation, last asked; none where there is no graph now.
    pub(crate) fn changes(&self, known: Option<u64>) -> Option<Changes> {
        drop(self.fresh());
        self.write().as_mut().map(|graph| graph.changes(known))
    }

    /// What a plan costs now.
    pub(crate) fn price(&self, planned: &Planned, ends: Units) -> Option<Vec<Leg>> {
        self.fresh().as_ref()?.price(planned, ends)
    }

    fn begin(&self, agent: AgentId) {
        // What was laid by before is older than what is read now.
        drop(self.fresh());
        let next = || self.generations.fetch_add(1, Ordering::Relaxed);
        self.write().get_or_insert_with(|| Graph::at(agent, next())).begin_round();
        self.wanted.store(true, Ordering::Release);
    }

    fn page(&self, halves: &[(Half, Option<Ledger>)]) {
        if let Some(graph) = &mut *self.write() {
            for (half, ledger) in halves {
                if let Some(new) = News::of(half, half.version, ledger.as_ref()) {
                    graph.learn(&new, false);
                }
            }
        }
    }

    fn end(&self) {
        drop(self.fresh());
        if let Some(graph) = &mut *self.write() {
            graph.end_round();
            self.whole.store(true, Ordering::Release);
        }
    }
}

impl Site {
    /// Makes sure that the graph is there.
    pub(crate) async fn map_tallies(&self) -> Result<(), SiteError> {
        if self.known.map.whole.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut reading = self.known.map.reading.lock().await;
        if reading.is_none() || self.known.map.read().is_none() {
            // Whoever stops waiting in between leaves it to the next.
            *reading = None;
            *reading = Some(self.read_all().await?);
        }
        Ok(())
    }

    /// Before something is refused: delivers what is on its way between halves here, and reads all of
    /// them again where somebody else has changed anything, as far as can be told by the events. Says
    /// whether the answer may be another now.
    pub(crate) async fn map_again(&self) -> Result<bool, SiteError> {
        let mut changed = false;
        if self.known.map.is_unsettled() {
            while self.post().await?.delivered > 0 {
                changed = true;
            }
        }
        let mut reading = self.known.map.reading.lock().await;
        let last = self.store.read().await?.last_event().await?;
        let there = self.known.map.read().is_some();
        let due = reading.as_ref().is_none_or(|reading| {
            let known = self.known.map.own().are_all(reading.event, last);
            !there || (!known && reading.next <= self.clock.now())
        });
        if due {
            *reading = None;
            *reading = Some(self.read_all().await?);
            changed = true;
        }
        Ok(changed)
    }

    /// Whether the graph has heard of everything up to this event, whoever told it.
    pub(crate) async fn map_heard(&self, event: u64) -> bool {
        let reading = self.known.map.reading.lock().await;
        reading.as_ref().is_some_and(|it| self.known.map.own().are_all(it.event, event))
    }

    async fn read_all(&self) -> Result<Reading, SiteError> {
        let begun = self.clock.now();
        // Before the first look: what is committed from then on is taken in by whoever commits it.
        self.known.map.begin(self.agent);
        let mut view = self.store.read().await?;
        let event = view.last_event().await?;
        for status in ["open", "C.open"] {
            self.read_those(&mut view, status).await?;
        }
        self.known.map.end();
        let took = self.clock.now().ms().saturating_sub(begun.ms());
        let rest = took.saturating_mul(TIMES_AS_LONG).max(SHORTEST_MS);
        let next = begun.plus_ms(took.saturating_add(rest)).unwrap_or(Timestamp::MAX);
        Ok(Reading { next, event })
    }

    async fn read_those(&self, view: &mut View, status: &str) -> Result<(), SiteError> {
        let filter = HalfFilter { status: Some(status.to_owned()), ..HalfFilter::default() };
        let mut after = None;
        loop {
            let page = view.halves(&filter, after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            // What cannot be read takes no part; doctor says so.
            let read = page.into_iter().map(|half| {
                let ledger = half::ledger(&half).ok().flatten();
                (half, ledger)
            });
            self.known.map.page(&read.collect::<Vec<_>>());
        }
    }
}

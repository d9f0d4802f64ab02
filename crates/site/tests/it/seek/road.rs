//! The road between the sites of a land: letters arrive, and the test decides what errands do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use protocol::address::Endpoint;
use protocol::errand::Errand;
use protocol::mail::Receipt;
use protocol::note::Note;
use protocol::{AgentId, Hash};
use site::{Carried, Clock as _, Outgoing, Site, Transport};

use super::land::{Land, agent};

/// What becomes of an errand: how often it arrives.
pub(crate) type Fate<'a> = &'a mut dyn FnMut(&Outgoing) -> usize;

/// Everything arrives, once.
pub(crate) fn arrives(_: &Outgoing) -> usize {
    1
}

/// What decides which messages arrive.
#[derive(Debug, Default)]
pub(crate) struct Dice {
    pub(crate) seed: u64,
    /// Of a hundred messages, how many are lost; as many come twice.
    pub(crate) lost: u64,
}

impl Dice {
    /// How often a message arrives.
    fn fate(&mut self) -> usize {
        if self.lost == 0 {
            return 1;
        }
        let hash = Hash::of(&self.seed.to_be_bytes());
        self.seed = u64::from_be_bytes(*hash.as_bytes().first_chunk().unwrap());
        match self.seed % 100 {
            below if below < self.lost => 0,
            below if below < 2 * self.lost => 2,
            _ => 1,
        }
    }
}

/// The way between sites, for letters.
struct Road {
    from: AgentId,
    sites: Vec<(AgentId, Site)>,
    gone: BTreeSet<AgentId>,
    dice: Arc<Mutex<Dice>>,
}

impl Transport for Road {
    async fn send(&self, to: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        let many = notes.len();
        let fates = || self.dice.lock().unwrap().fate();
        if self.gone.contains(&to) || self.gone.contains(&self.from) || fates() == 0 {
            return Receipt::missing(many, "lost");
        }
        let (_, site) = self.sites.iter().find(|(agent, _)| *agent == to).unwrap();
        let receipt = site.hear_from(self.from, notes.iter().cloned().map(Ok).collect()).await;
        if fates() == 0 { Receipt::missing(many, "no answer") } else { receipt }
    }
}

impl Land {
    /// All letters arrive, however long that takes.
    pub(crate) async fn settle(&self) {
        for _ in 0..200 {
            self.world.pass(1_000_000);
            if !self.deliver().await {
                return;
            }
        }
        let mut left = Vec::new();
        for store in &self.stores {
            left.extend(store.read().await.unwrap().letters(None, 9).await.unwrap());
        }
        panic!("letters that never arrive: {left:?}");
    }

    /// Letters that are due arrive; says whether there were any.
    pub(crate) async fn deliver(&self) -> bool {
        let mut moved = false;
        for (number, site) in self.sites.iter().enumerate() {
            moved |= site.post().await.unwrap().delivered > 0;
            let sites = (0..self.sites.len()).map(agent).zip(self.sites.iter().cloned());
            let (gone, dice) = (self.gone.clone(), Arc::clone(&self.dice));
            let from = agent(number);
            let road = Arc::new(Road { from, sites: sites.collect(), gone, dice });
            moved |= site.deliver(&road).await.unwrap() != Carried::default();
        }
        moved
    }

    /// Brings errands to where they go, and their answers back, as the dice have it, until there is none.
    pub(crate) async fn carry_with_answers(&self) {
        loop {
            let mut all = 0;
            for (number, site) in self.sites.iter().enumerate() {
                for Outgoing { to, errand, .. } in site.take_errands().await.unwrap() {
                    all += 1;
                    let there = (0..self.sites.len()).find(|at| agent(*at) == to);
                    let unheard = |agent| self.gone.contains(&agent) || self.mute.contains(&agent);
                    let gone = self.gone.contains(&to) || unheard(agent(number));
                    let Some(there) = there.filter(|_| !gone) else { continue };
                    let times = self.dice.lock().unwrap().fate();
                    for _ in 0..times {
                        let said =
                            self.sites[there].hear_errand(agent(number), errand.clone()).await;
                        let arrives = self.dice.lock().unwrap().fate() > 0 && !unheard(to);
                        if let Some(answer) = said.filter(|_| arrives) {
                            // Whatever would be said to that is not.
                            site.hear_errand(to, answer).await;
                        }
                    }
                }
            }
            if all == 0 {
                return;
            }
        }
    }

    /// Brings errands to where they go, until there is none; says how many there were.
    pub(crate) async fn carry(&self, fate: Fate<'_>) -> usize {
        let mut all = 0;
        loop {
            let before = all;
            for (number, site) in self.sites.iter().enumerate() {
                for outgoing in site.take_errands().await.unwrap() {
                    all += 1;
                    for _ in 0..fate(&outgoing) {
                        self.bring(agent(number), outgoing.to, outgoing.errand.clone()).await;
                    }
                }
            }
            if all == before {
                return all;
            }
        }
    }

    /// One errand arrives, where the site is there, as text.
    pub(crate) async fn bring(&self, from: AgentId, to: AgentId, errand: Errand) {
        let errand = Errand::read(errand.to_text().unwrap().as_str().as_bytes()).unwrap();
        let Some(site) = (0..self.sites.len()).find(|site| agent(*site) == to) else { return };
        assert_eq!(
            self.sites[site].hear_errand(from, errand).await,
            None,
            "errands answer errands"
        );
    }

    /// Lets time pass at all sites, and carries what comes of it.
    pub(crate) async fn wait(&self, ms: i64) {
        self.pass_and_tend(ms).await;
        self.carry(&mut arrives).await;
    }

    /// Lets time pass at all sites.
    pub(crate) async fn pass_and_tend(&self, ms: i64) {
        self.world.pass(ms);
        for site in &self.sites {
            site.tend_searches(self.world.now()).await.unwrap();
        }
    }
}

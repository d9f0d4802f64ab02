//! The road between the sites of a land: letters arrive, and the test decides what errands do.

use std::sync::Arc;

use protocol::AgentId;
use protocol::address::Endpoint;
use protocol::errand::Errand;
use protocol::mail::Receipt;
use protocol::note::Note;
use site::{Carried, Clock as _, Outgoing, Site, Transport};

use super::land::{Land, agent};

/// What becomes of an errand: how often it arrives.
pub(crate) type Fate<'a> = &'a mut dyn FnMut(&Outgoing) -> usize;

/// Everything arrives, once.
pub(crate) fn arrives(_: &Outgoing) -> usize {
    1
}

/// The way between sites, for letters.
struct Road {
    from: AgentId,
    sites: Vec<(AgentId, Site)>,
}

impl Transport for Road {
    async fn send(&self, to: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        let (_, site) = self.sites.iter().find(|(agent, _)| *agent == to).unwrap();
        site.hear_from(self.from, notes.iter().cloned().map(Ok).collect()).await
    }
}

impl Land {
    /// All letters arrive, however long that takes.
    pub(crate) async fn settle(&self) {
        loop {
            self.world.pass(1_000_000);
            if !self.deliver().await {
                return;
            }
        }
    }

    /// Letters that are due arrive; says whether there were any.
    pub(crate) async fn deliver(&self) -> bool {
        let mut moved = false;
        for (number, site) in self.sites.iter().enumerate() {
            moved |= site.post().await.unwrap().delivered > 0;
            let sites = (0..self.sites.len()).map(agent).zip(self.sites.iter().cloned());
            let road = Arc::new(Road { from: agent(number), sites: sites.collect() });
            moved |= site.deliver(&road).await.unwrap() != Carried::default();
        }
        moved
    }

    /// Brings errands to where they go, and their answers back, until there is none.
    pub(crate) async fn carry_with_answers(&self, fate: Fate<'_>) {
        loop {
            let mut all = 0;
            for (number, site) in self.sites.iter().enumerate() {
                for outgoing in site.take_errands().await.unwrap() {
                    all += 1;
                    for _ in 0..fate(&outgoing) {
                        let there = (0..self.sites.len()).find(|at| agent(*at) == outgoing.to);
                        let Some(there) = there else { continue };
                        let said =
                            self.sites[there].hear_errand(agent(number), outgoing.errand.clone());
                        if let Some(answer) = said.await {
                            assert_eq!(site.hear_errand(outgoing.to, answer).await, None);
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

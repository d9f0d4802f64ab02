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
pub(super) type Fate<'a> = &'a mut dyn FnMut(&Outgoing) -> usize;

/// Everything arrives, once.
pub(super) fn arrives(_: &Outgoing) -> usize {
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
    /// All letters arrive.
    pub(super) async fn settle(&self) {
        loop {
            self.world.pass(1_000_000);
            let mut moved = false;
            for (number, site) in self.sites.iter().enumerate() {
                moved |= site.post().await.unwrap().delivered > 0;
                let sites = (0..self.sites.len()).map(agent).zip(self.sites.iter().cloned());
                let road = Arc::new(Road { from: agent(number), sites: sites.collect() });
                moved |= site.deliver(&road).await.unwrap() != Carried::default();
            }
            if !moved {
                return;
            }
        }
    }

    /// Brings errands to where they go, until there is none; says how many there were.
    pub(super) async fn carry(&self, fate: Fate<'_>) -> usize {
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
    pub(super) async fn bring(&self, from: AgentId, to: AgentId, errand: Errand) {
        let errand = Errand::read(errand.to_text().unwrap().as_str().as_bytes()).unwrap();
        let Some(site) = (0..self.sites.len()).find(|site| agent(*site) == to) else { return };
        assert_eq!(
            self.sites[site].hear_errand(from, errand).await,
            None,
            "errands answer errands"
        );
    }

    /// Lets time pass at all sites, and carries what comes of it.
    pub(super) async fn wait(&self, ms: i64) {
        self.pass_and_tend(ms).await;
        self.carry(&mut arrives).await;
    }

    /// Lets time pass at all sites.
    pub(super) async fn pass_and_tend(&self, ms: i64) {
        self.world.pass(ms);
        for site in &self.sites {
            site.tend_searches(self.world.now()).await.unwrap();
        }
    }
}

//! Sites that are the referees of one lift, and a road between them on which the test loses, doubles and turns about
//! what they tell each other.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::errand::{Ask, Errand};
use protocol::lift::{Certificate, Evidence, Lift, Mode, Outcome, Promise, Reason, Refused};
use protocol::{AgentId, Hash, SecretKey, Signer as _};
use site::{Clock as _, Site, SiteError};
use store::Store;

use crate::town::World;

/// Who asks: a stranger.
pub(crate) fn asker() -> AgentId {
    agent(&SecretKey::ed25519(&[77; 32]))
}

pub(crate) fn agent(key: &SecretKey) -> AgentId {
    AgentId::of(&key.public_key()).unwrap()
}

/// The same numbers from the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

pub(crate) struct Court {
    pub(crate) world: Arc<World>,
    pub(crate) keys: Vec<SecretKey>,
    pub(crate) stores: Vec<Store>,
    /// None: it is dead.
    pub(crate) sites: Vec<Option<Site>>,
    pub(crate) lift: Lift,
    /// What is on its way: from whom, to whom, and what.
    pub(crate) road: Vec<(AgentId, usize, Errand)>,
    /// What was answered to anybody.
    pub(crate) outcome: Option<Outcome>,
}

/// The keys of the participants.
pub(crate) fn participants(many: u8) -> Vec<SecretKey> {
    let mut keys: Vec<_> = (0..many).map(|seed| SecretKey::ed25519(&[100 + seed; 32])).collect();
    keys.sort_by_key(protocol::Signer::public_key);
    keys
}

pub(crate) fn promises(lift: &Lift, keys: &[SecretKey]) -> Evidence {
    let id = lift.id().unwrap();
    let promise = |key: &SecretKey| {
        let judged = Hash::of(b"judged");
        Promise { lift: id, by: key.public_key(), judged, sign: None }.signed(key).unwrap()
    };
    Evidence::Promises(List::new(keys.iter().map(promise).collect()).unwrap())
}

pub(crate) fn refusal(lift: &Lift, key: &SecretKey) -> Evidence {
    let (lift, by) = (lift.id().unwrap(), key.public_key());
    Evidence::Refused(Refused { lift, by, reason: Reason::Room, sign: None }.signed(key).unwrap())
}

impl Court {
    pub(crate) async fn new(many: u8) -> Self {
        let mut stores = Vec::new();
        stores.resize_with(many.into(), Store::memory);
        Self::over(stores).await
    }

    pub(crate) async fn over(stores: Vec<Store>) -> Self {
        let world = World::started();
        let many = u8::try_from(stores.len()).unwrap();
        let mut keys: Vec<_> = (0..many).map(|seed| SecretKey::ed25519(&[10 + seed; 32])).collect();
        keys.sort_by_key(agent);
        let mut court = Self {
            lift: lift(&keys, &participants(2), world.now(), b"first"),
            sites: Vec::new(),
            road: Vec::new(),
            outcome: None,
            world,
            keys,
            stores,
        };
        for who in 0..court.keys.len() {
            let site = court.opened(who).await;
            court.sites.push(Some(site));
        }
        court.lift = court.new_lift(b"first");
        court
    }

    /// Another lift with these referees, proposed now.
    pub(crate) fn new_lift(&self, name: &[u8]) -> Lift {
        lift(&self.keys, &participants(2), self.world.now(), name)
    }

    /// The site over a store, as after a restart.
    async fn opened(&self, who: usize) -> Site {
        let (clock, chance) = (Arc::clone(&self.world), Arc::clone(&self.world));
        let (store, agent) = (self.stores[who].clone(), agent(&self.keys[who]));
        let site = Site::open(store, agent, clock, chance).await.unwrap();
        site.signing_with(Arc::new(self.keys[who].clone())).unwrap()
    }

    /// Killed, and begun again with what was kept.
    pub(crate) async fn killed(&mut self, who: usize) {
        if self.sites[who].take().is_some() {
            self.reopened(who).await;
        }
    }

    /// Begun over what is its store now.
    pub(crate) async fn reopened(&mut self, who: usize) {
        self.sites[who] = Some(self.opened(who).await);
    }

    /// Its disk is put back to what it was, which the site is told.
    pub(crate) async fn restored(&mut self, who: usize, store: Store) {
        self.sites[who] = None;
        self.stores[who] = store;
        let site = self.opened(who).await;
        site.begin_epoch(self.world.now()).await.unwrap();
        self.sites[who] = Some(site);
    }

    pub(crate) fn promises(&self) -> Option<Evidence> {
        Some(promises(&self.lift, &participants(2)))
    }

    pub(crate) fn refusal(&self) -> Option<Evidence> {
        Some(refusal(&self.lift, &participants(2)[1]))
    }

    pub(crate) fn passes_the_deadline(&self) {
        self.world.pass(60_000);
    }

    pub(crate) fn alive(&self) -> Vec<usize> {
        (0..self.sites.len()).filter(|who| self.sites[*who].is_some()).collect()
    }

    /// Asks one of them, and learns what it says.
    pub(crate) async fn ask(
        &mut self,
        who: usize,
        evidence: Option<Evidence>,
    ) -> Option<Certificate> {
        let errand = Errand::Ask(Box::new(Ask::new(self.lift.clone(), evidence)));
        let answer = self.hears(who, asker(), errand).await;
        self.collect().await;
        match answer {
            Some(Errand::Certificate(certificate)) => Some(*certificate),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// Why one of them does not do what it is asked.
    pub(crate) async fn refuses(
        &self,
        who: usize,
        lift: &Lift,
        evidence: Option<Evidence>,
    ) -> SiteError {
        let errand = Errand::Ask(Box::new(Ask::new(lift.clone(), evidence)));
        let site = self.sites[who].as_ref().unwrap();
        site.hear_referee(asker(), errand).await.unwrap_err()
    }

    /// One hears an errand, as it is read from the wire; what it answers is looked at.
    pub(crate) async fn hears(
        &mut self,
        who: usize,
        from: AgentId,
        errand: Errand,
    ) -> Option<Errand> {
        let errand = Errand::read(errand.to_text().unwrap().as_bytes()).unwrap();
        let answer = self.sites[who].as_ref()?.hear_errand(from, errand).await?;
        if let Errand::Certificate(certificate) = &answer {
            certificate.check(&self.lift).unwrap();
            let outcome = *self.outcome.get_or_insert(certificate.outcome);
            assert_eq!(outcome, certificate.outcome, "two outcomes of one lift");
        }
        Some(answer)
    }

    /// What they have to tell each other is on its way.
    pub(crate) async fn collect(&mut self) {
        for who in self.alive() {
            for outgoing in self.sites[who].as_ref().unwrap().take_errands().await.unwrap() {
                let to = self.keys.iter().position(|key| agent(key) == outgoing.to).unwrap();
                self.road.push((agent(&self.keys[who]), to, outgoing.errand));
            }
        }
    }

    /// One thing arrives, and the answer to it may.
    pub(crate) async fn arrives(&mut self, which: usize, answered: bool) {
        let (from, to, errand) = self.road[which].clone();
        let answer = self.hears(to, from, errand).await;
        self.collect().await;
        let back = self.keys.iter().position(|key| agent(key) == from);
        if let (Some(answer), Some(back), true) = (answer, back, answered) {
            self.hears(back, agent(&self.keys[to]), answer).await;
            self.collect().await;
        }
    }

    pub(crate) async fn tend(&mut self) {
        for who in self.alive() {
            let site = self.sites[who].as_ref().unwrap();
            site.tend_referee(self.world.now()).await.unwrap();
        }
        self.collect().await;
    }

    /// Everything arrives, and time passes, until all that live have decided.
    pub(crate) async fn ends(&mut self) -> Outcome {
        for _ in 0..200 {
            let mut decided = true;
            for who in self.alive() {
                decided &= self.ask(who, None).await.is_some();
            }
            if decided {
                return self.outcome.unwrap();
            }
            while !self.road.is_empty() {
                self.arrives(0, true).await;
                self.road.remove(0);
            }
            self.world.pass(1_000);
            self.tend().await;
        }
        panic!("they have not decided")
    }

    /// What an administrator of a site was told, of one kind.
    pub(crate) async fn told(&self, who: usize, kind: &str) -> Vec<String> {
        let mut view = self.stores[who].read().await.unwrap();
        let events = view.events(store::Audience::Site, 0, 1_000).await.unwrap();
        let events = events.into_iter().filter(|event| event.event.kind == kind);
        events.map(|event| event.event.text).collect()
    }
}

pub(crate) fn lift(
    referees: &[SecretKey],
    participants: &[SecretKey],
    date: protocol::Timestamp,
    name: &[u8],
) -> Lift {
    Lift {
        nonce: Hash::of(name),
        mode: Mode::Clearing,
        date,
        deadline: date.plus_ms(30_000).unwrap(),
        legs: Hash::of(b"legs"),
        participants: List::new(participants.iter().map(SecretKey::public_key).collect()).unwrap(),
        referees: List::new(referees.iter().map(agent).collect()).unwrap(),
        quorum: Lift::quorum_of(referees.len()).unwrap(),
        payment: None,
    }
}

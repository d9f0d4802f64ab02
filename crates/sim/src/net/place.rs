//! A simulated site: its disk, its lives, and the copies of its disk that a restart may find.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use protocol::address::Endpoint;
use protocol::{AgentId, Hash, SecretKey, Signer as _, Timestamp};
use site::{Carried, Clock as _, Hears, Planted, Site, SiteError};
use store::Store;
use tokio::task::JoinHandle;

use super::broken::{Broken, Invariant, Sim};
use super::dice::Dice;
use super::person::marker;
use super::world::{SiteChance, SiteClock, Time, moment};

/// How many steps a disk that lies about what it has kept may lose.
const LATEST: usize = 12;

/// How many backups are kept.
const BACKUPS: usize = 6;

/// How wrong most clocks are at most, in milliseconds.
const LITTLE_MS: i64 = 3_000;

/// For how long clocks run too fast at most, in milliseconds: until faults stop.
const LONGEST_MS: i64 = 300_000;

/// A disk as it was at a moment.
pub(super) struct Image {
    pub(super) at_ms: i64,
    pub(super) store: Store,
}

/// Which disk a site finds when it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    /// All that was committed.
    Whole,
    /// Without the last commits: the disk had said that they were kept.
    LostBuffers,
    /// That of a backup.
    Backup,
}

/// An agent that a site was.
pub(super) struct Former {
    pub(super) agent: AgentId,
    /// Its key, which may be in other hands since.
    pub(super) key: Arc<SecretKey>,
}

/// A site and what is around it.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) agent: AgentId,
    /// Where it is reached, by name.
    pub(super) host: String,
    /// Its agent's key.
    pub(super) key: Arc<SecretKey>,
    /// Since when its keys for lifts are made as they are, and were made before.
    pub(super) lift_keys: BTreeSet<Option<Hash>>,
    clock: Arc<SiteClock>,
    /// How far ahead of true time its clock ever was, at most.
    pub(super) ahead_ms: i64,
    chance: Arc<SiteChance>,
    pub(super) store: Store,
    /// None while it is down.
    pub(super) site: Option<Site>,
    /// How often it was started.
    pub(super) life: u64,
    /// How often it went back to an older disk.
    pub(super) epoch: u64,
    /// When it did so last, by its own clock.
    pub(super) went_back_ms: Option<i64>,
    /// When it began, by its own clock.
    pub(super) founded_ms: Option<i64>,
    /// The agents that it was before.
    pub(super) former: Vec<Former>,
    hears: Hears,
    planted: Option<Planted>,
    /// Where it answers, where its site knows.
    pub(super) answers_at: Option<Endpoint>,
    /// How many referees lifts of its making have at most.
    pub(super) most_referees: usize,
    /// Rounds of delivering that are under way.
    pub(super) rounds: Vec<JoinHandle<Result<Carried, SiteError>>>,
    /// In which of its lives, and after how many commits, it was looked at last.
    looked: Option<(u64, u64)>,
    latest: VecDeque<Image>,
    backups: VecDeque<Image>,
    /// How many times longer than others it takes to answer.
    pub(super) slow: i64,
    /// Until when lifts may be under way here, as far as is known.
    pub(super) busy_until_ms: i64,
}

impl Place {
    pub(super) fn new(
        name: String,
        time: &Time,
        dice: &mut Dice,
        planted: Option<Planted>,
    ) -> Sim<Self> {
        let key = SecretKey::ed25519(&dice.bytes());
        let agent = AgentId::of(&key.public_key());
        let agent = agent.map_err(|error| Broken::harness(&error.to_string()))?;
        let host = format!("{}.example", marker("host", &key.public_key()));
        let hears = if dice.percent(30) { Hears::ByPost } else { Hears::AtOnce };
        let skew = skew(dice);
        Ok(Self {
            name,
            agent,
            host,
            key: Arc::new(key),
            lift_keys: BTreeSet::new(),
            clock: Arc::new(SiteClock::new(time, skew)),
            ahead_ms: skew.max(LITTLE_MS),
            chance: Arc::new(SiteChance::new(dice.bytes())),
            store: Store::memory(),
            site: None,
            life: 0,
            epoch: 0,
            went_back_ms: None,
            founded_ms: None,
            former: Vec::new(),
            hears,
            planted,
            answers_at: None,
            most_referees: 4,
            rounds: Vec::new(),
            looked: None,
            latest: VecDeque::new(),
            backups: VecDeque::new(),
            slow: 1,
            busy_until_ms: 0,
        })
    }

    /// The fault that its site has.
    pub(super) const fn planted(&self) -> Option<Planted> {
        self.planted
    }

    /// Its clock is wrong by so much, and by so many millionths more as time passes.
    pub(super) fn has_wrong_clock(&mut self, skew_ms: i64, drift_ppm: i64) {
        self.clock.set(skew_ms, drift_ppm);
        let drifts = LONGEST_MS * drift_ppm.max(0) / 1_000_000;
        self.ahead_ms = (skew_ms + drifts).max(self.ahead_ms);
    }

    /// Whether its clock is so far ahead that it cannot be set right: what it judged in time to come it may have forgotten.
    fn cannot_turn_back(&self) -> bool {
        self.went_back_ms.is_some() && self.clock.ahead_ms() > LITTLE_MS
    }

    /// A referee's clock is as right as clocks are. That of one which went back stays where it is if it is ahead, and only
    /// runs as it should: else it would have to have another key.
    pub(super) fn sets_clock_of_referee_right(&self, dice: &mut Dice) {
        let right = dice.between(-LITTLE_MS, LITTLE_MS);
        let kept = Some(self.clock.ahead_ms()).filter(|_| self.cannot_turn_back());
        self.clock.set(kept.unwrap_or(right), 0);
    }

    pub(super) fn set_skew(&mut self, dice: &mut Dice) -> i64 {
        let skew = skew(dice);
        self.clock.set(skew, 0);
        self.ahead_ms = skew.max(self.ahead_ms);
        skew
    }

    /// Its clock is as right as clocks are.
    pub(super) fn sets_clock_right(&self, dice: &mut Dice) {
        self.clock.set(dice.between(-LITTLE_MS, LITTLE_MS), 0);
    }

    /// What its clock says.
    pub(super) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The site starts over the disk that it has.
    pub(super) async fn start(&mut self) -> Sim<()> {
        let store = self.store.clone();
        let opened = Site::open(store, self.agent, self.clock.clone(), self.chance.clone()).await;
        let site = opened.map_err(|error| self.cannot("start", &error))?;
        let site = site.signing_with(self.key.clone());
        let site = site.map_err(|error| self.cannot("sign", &error))?;
        let site = site.hearing(self.hears).with_planted(self.planted);
        let site = site.proposing_under(self.most_referees);
        site.answers_at(self.answers_at.clone());
        self.founded_ms.get_or_insert(self.clock.now().ms());
        // From now on somebody carries them.
        let none = site.take_errands().await;
        none.map_err(|error| self.cannot("say what it asks others", &error))?;
        self.site = Some(site);
        self.life += 1;
        self.notes_lift_keys().await
    }

    /// Whoever has its keys has them all.
    async fn notes_lift_keys(&mut self) -> Sim<()> {
        let mut view =
            self.store.read().await.map_err(|error| Broken::harness(&error.to_string()))?;
        let since = site::lift_keys(&mut view).await;
        self.lift_keys.insert(since.map_err(|error| self.cannot("make keys", &error))?);
        Ok(())
    }

    /// Whether the disk that it has is of a time before its agent was replaced.
    pub(super) async fn is_of_another(&self) -> Sim<bool> {
        let broken = |error: store::StoreError| Broken::harness(&error.to_string());
        let meta = self.store.read().await.map_err(broken)?.meta().await.map_err(broken)?;
        Ok(meta.founded.is_some_and(|founded| founded.agent != self.agent))
    }

    /// Its agent's key is lost, or others may have it: it has another one from now on.
    pub(super) async fn replace_agent(&mut self, dice: &mut Dice) -> Sim<()> {
        let key = SecretKey::ed25519(&dice.bytes());
        let agent = AgentId::of(&key.public_key());
        let agent = agent.map_err(|error| Broken::harness(&error.to_string()))?;
        let key = std::mem::replace(&mut self.key, Arc::new(key));
        let before = std::mem::replace(&mut self.agent, agent);
        self.former.push(Former { agent: before, key });
        let replaced = Site::replace_agent(&self.store, agent).await;
        replaced.map_err(|error| self.cannot("have another agent", &error))?;
        // A disk of before does not know who it was since: the administrator does.
        let now = self.clock.now();
        for former in &self.former {
            let told = Site::was_agent(&self.store, former.agent, true, now).await;
            told.map_err(|error| self.cannot("hear who it was", &error))?;
        }
        Ok(())
    }

    /// Everything that it does stops where it is; what was committed stays on its disk, and nothing that
    /// was under way can reach that any more.
    pub(super) fn crash(&mut self) -> Sim<()> {
        self.site = None;
        for round in self.rounds.drain(..) {
            round.abort();
        }
        self.store = self.copy()?;
        Ok(())
    }

    fn copy(&self) -> Sim<Store> {
        self.store.copy_in_memory().ok_or_else(|| Broken::harness("a store that is not in memory"))
    }

    /// Whether anything was committed since it was looked at last; then it is taken for looked at.
    pub(super) fn has_changed(&mut self) -> bool {
        let Some(commits) = self.store.commits_in_memory() else { return true };
        let now = Some((self.life, commits));
        std::mem::replace(&mut self.looked, now) != now
    }

    /// Remembers the disk as it is after a step.
    pub(super) fn remember(&mut self, at_ms: i64) -> Sim<()> {
        let store = self.copy()?;
        self.latest.push_back(Image { at_ms, store });
        if self.latest.len() > LATEST {
            self.latest.pop_front();
        }
        Ok(())
    }

    /// Somebody makes a backup.
    pub(super) fn back_up(&mut self, at_ms: i64) -> Sim<()> {
        let store = self.copy()?;
        self.backups.push_back(Image { at_ms, store });
        if self.backups.len() > BACKUPS {
            self.backups.pop_front();
        }
        Ok(())
    }

    /// Puts another disk into a site that is down; says of when it is, where it is older than it was. The
    /// disks after it are nobody's any more.
    pub(super) fn put_disk(&mut self, disk: Disk, dice: &mut Dice) -> Sim<Option<i64>> {
        let images = match disk {
            Disk::Whole => return Ok(None),
            Disk::LostBuffers => &mut self.latest,
            Disk::Backup => &mut self.backups,
        };
        let Some(place) = dice.place(images.len()) else { return Ok(None) };
        images.truncate(place + 1);
        let Some(image) = images.back() else { return Ok(None) };
        let at_ms = image.at_ms;
        let copy = image.store.copy_in_memory();
        self.store = copy.ok_or_else(|| Broken::harness("a store that is not in memory"))?;
        self.backups.retain(|image| image.at_ms <= at_ms);
        self.latest.retain(|image| image.at_ms <= at_ms);
        self.epoch += 1;
        Ok(Some(at_ms))
    }

    /// What whoever restores a site does before anything else.
    pub(super) async fn begin_epoch(&mut self, backup_ms: i64) -> Sim<()> {
        let back_ms = self.clock.now().ms().max(backup_ms);
        self.went_back_ms = self.went_back_ms.max(Some(back_ms));
        let Some(site) = &self.site else { return Ok(()) };
        let begun = site.begin_epoch(moment(backup_ms)).await;
        begun.map(|_| ()).map_err(|error| self.cannot("begin an epoch", &error))?;
        self.notes_lift_keys().await
    }

    /// Something that never fails on a sound disk has failed.
    pub(super) fn cannot(&self, what: &str, error: &SiteError) -> Broken {
        Broken::new(Invariant::Works, format!("site {} cannot {what}: {error}", self.name))
    }
}

/// How wrong a clock is: mostly little, now and then hours.
fn skew(dice: &mut Dice) -> i64 {
    if dice.percent(20) {
        dice.between(-7_200_000, 7_200_000)
    } else {
        dice.between(-LITTLE_MS, LITTLE_MS)
    }
}

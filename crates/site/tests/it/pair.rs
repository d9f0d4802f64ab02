//! Suzie at one site, Bob at another, an open tally between them, and the letters that a test carries
//! from one to the other; each site may be lost, and opened again from an old copy.

use std::path::PathBuf;
use std::sync::Arc;

use protocol::bounded::{Line, List};
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Rekey, Set, Written};
use protocol::{AgentId, ChipAddress, ChitId, Moved, SecretKey, Settings, Side, Signer, Timestamp};
use site::{Answer, Caller, Command, CommandId, Epoch, Site, SiteError, Summary, Wish};
use store::{NewLetter, Store, UserKind};
use tempfile::TempDir;

use crate::town::{START, World, cuid, draft, tally_id, units};

/// One of the two sites, with its only user.
pub(crate) struct Place {
    pub(crate) site: Site,
    pub(crate) store: Store,
    pub(crate) user: &'static str,
    pub(crate) side: Side,
    agent: AgentId,
    pub(crate) key: SecretKey,
    file: PathBuf,
}

pub(crate) struct Pair {
    pub(crate) places: [Place; 2],
    pub(crate) world: Arc<World>,
    folder: TempDir,
    commands: u64,
    files: u32,
}

fn agent(seed: u8) -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[seed; 32]).public_key()).unwrap()
}

fn cert(name: &str, agent: AgentId, key: &SecretKey) -> Cert {
    let line: Line<200> = name.parse().unwrap();
    let cert = Cert {
        chad: ChipAddress { cuid: cuid(name), agent, endpoint: None },
        r#type: Type::Person,
        name: Names::try_from(List::new(vec![line]).unwrap()).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: START.parse().unwrap(),
        sign: None,
    };
    cert.signed(key).unwrap()
}

impl Place {
    async fn open(&mut self, file: PathBuf, world: &Arc<World>) {
        self.store.close().await;
        self.store = Store::sqlite(&file).await.unwrap();
        let (clock, chance) = (Arc::clone(world), Arc::clone(world));
        self.site = Site::open(self.store.clone(), self.agent, clock, chance).await.unwrap();
        self.file = file;
    }

    /// The site's agent is another one from now on.
    pub(crate) async fn replace_agent(&mut self, seed: u8, world: &Arc<World>) {
        let new = agent(seed);
        assert_eq!(Site::replace_agent(&self.store, new).await.unwrap(), Some(self.agent));
        self.agent = new;
        let file = self.file.clone();
        self.open(file, world).await;
    }

    /// The user's word, signed with its key, that the site's agent speaks for it.
    pub(crate) fn word(&self, counter: u32) -> Moved {
        let moved = Moved {
            tally: tally_id(),
            by: self.side,
            agent: self.agent,
            counter: counter.try_into().unwrap(),
            date: START.parse().unwrap(),
            head: None,
            key: None,
            sign: None,
        };
        moved.signed(&self.key).unwrap()
    }

    /// The user puts another key in the place of its own on the tally.
    pub(crate) async fn rekeyed(&self, uuid: ChitId, new: &SecretKey) -> Chit {
        let protocol::ledger::Rekeying { counter, head, .. } =
            self.site.to_rekey(&cuid(self.user), tally_id()).await.unwrap();
        let public = new.public_key();
        let rekey = Box::new(Rekey { counter, head, public, proof: None });
        let chit = self.chit(uuid, Entry::Key { rekey, written: Written::default() }, START);
        chit.proved(new).unwrap()
    }

    pub(crate) const fn agent(&self) -> AgentId {
        self.agent
    }

    pub(crate) async fn seen(&self) -> Summary {
        self.site.tally(&cuid(self.user), tally_id()).await.unwrap()
    }

    /// The chits of the half, in the order of its chain.
    pub(crate) async fn chits(&self) -> Vec<Chit> {
        let history = self.site.history(&cuid(self.user), tally_id(), None, 10_000).await.unwrap();
        history.into_iter().rev().map(|entry| entry.link.chit).collect()
    }

    pub(crate) fn payment(&self, uuid: ChitId, milli: i64, date: &str) -> Chit {
        let units = units(milli).try_into().unwrap();
        self.chit(uuid, Entry::Tran { units, written: Written::default() }, date)
    }

    pub(crate) fn settings(&self, uuid: ChitId, counter: u32) -> Chit {
        let settings = Settings::default_for(units(100_000));
        let set = Set { settings, counter: counter.try_into().unwrap(), owe: None, close: false };
        self.chit(uuid, Entry::Set { set, written: Written::default() }, START)
    }

    pub(crate) fn chit(&self, uuid: ChitId, entry: Entry, date: &str) -> Chit {
        let (tally, date) = (tally_id(), date.parse().unwrap());
        Chit { uuid, tally, by: self.side, date, entry }.signed(&self.key).unwrap()
    }
}

impl Pair {
    /// Two sites that know nothing of each other.
    async fn apart() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::started();
        let mut places = Vec::new();
        for (user, side, seed) in [("suzie", Side::Stock, 1), ("bob", Side::Foil, 2)] {
            let file = folder.path().join(format!("{user}.db"));
            let (store, agent) = (Store::sqlite(&file).await.unwrap(), agent(40 + seed));
            let (clock, chance) = (Arc::clone(&world), Arc::clone(&world));
            let site = Site::open(store.clone(), agent, clock, chance).await.unwrap();
            let key = SecretKey::ed25519(&[seed; 32]);
            places.push(Place { site, store, user, side, agent, key, file });
        }
        let places = places.try_into().unwrap_or_else(|_| unreachable!());
        Self { places, world, folder, commands: 0, files: 0 }
    }

    /// An offer of Suzie's is on Bob's table.
    pub(crate) async fn negotiated() -> Self {
        let mut pair = Self::apart().await;
        pair.negotiate().await;
        pair
    }

    /// Suzie is the stock, Bob the foil; their tally is open.
    pub(crate) async fn new() -> Self {
        let mut pair = Self::negotiated().await;
        pair.accept().await;
        pair.carry_all().await;
        assert_eq!(pair.places[0].seen().await.status, "open");
        pair
    }

    async fn ask(&mut self, at: usize, command: Command, user: bool) -> Result<Answer, SiteError> {
        self.commands += 1;
        let id = CommandId::new(&format!("pair-{}", self.commands)).unwrap();
        let place = &self.places[at];
        let who = if user { crate::town::user(place.user) } else { Caller::Administrator };
        place.site.command(&who, &id, command).await
    }

    pub(crate) async fn wish(&mut self, at: usize, wish: Wish) -> Result<Answer, SiteError> {
        self.ask(at, Command::Tally { tally: tally_id(), wish }, true).await
    }

    pub(crate) async fn write(&mut self, at: usize, chit: Chit) -> Result<Answer, SiteError> {
        self.wish(at, Wish::Write { chit: Box::new(chit), over_limit: true }).await
    }

    async fn negotiate(&mut self) {
        for at in [0, 1] {
            let Place { user, agent, key, .. } = &self.places[at];
            let (kind, cert) = (UserKind::Person, Box::new(cert(user, *agent, key)));
            self.ask(at, Command::AddUser { kind, cert }, false).await.unwrap();
        }
        let expires = "2027-12-01T00:00:00.000Z".parse().unwrap();
        let (tally, draft) = (tally_id(), Box::new(draft()));
        let invite = Command::Invite { tally, side: Side::Stock, draft, expires };
        let Answer::Invited(invitation) = self.ask(0, invite, true).await.unwrap() else {
            panic!("no invitation")
        };
        self.ask(1, Command::Answer { invitation }, true).await.unwrap();
        self.carry_all().await;
        self.offer().await;
        self.carry_all().await;
    }

    /// Suzie offers the next revision.
    pub(crate) async fn offer(&mut self) {
        let suzie = &self.places[0];
        let wording = suzie.seen().await.draft;
        let offer = suzie.site.to_offer(&cuid("suzie"), tally_id(), wording).await.unwrap();
        let offer = offer.signed(Side::Stock, &suzie.key).unwrap();
        self.wish(0, Wish::Offer(Box::new(offer))).await.unwrap();
    }

    /// Bob signs the offer too.
    pub(crate) async fn accept(&mut self) {
        let (offer, _) = self.places[1].seen().await.offer.unwrap();
        let accepted = offer.signed(Side::Foil, &self.places[1].key).unwrap();
        self.wish(1, Wish::Accept(Box::new(accepted))).await.unwrap();
    }

    /// What a site has to send; gone from its outbox. What is for an agent that is no more waits there.
    pub(crate) async fn take(&self, from: usize) -> Vec<(usize, NewLetter)> {
        let mut tx = self.places[from].store.begin().await.unwrap();
        let mut letters = tx.letters(None, 1_000).await.unwrap();
        letters.retain(|letter| letter.letter.to == self.places[1 - from].agent);
        let ids: Vec<_> = letters.iter().map(|letter| letter.id).collect();
        tx.done(&ids).await.unwrap();
        tx.commit().await.unwrap();
        letters.into_iter().map(|letter| (1 - from, letter.letter)).collect()
    }

    /// A letter arrives.
    pub(crate) async fn bring(&self, (to, letter): (usize, NewLetter)) {
        let mut tx = self.places[to].store.begin().await.unwrap();
        tx.post(&[NewLetter { half: None, ..letter }]).await.unwrap();
        tx.commit().await.unwrap();
        let own = self.places[to].agent;
        // Only what came for it: what it has to say itself waits to be carried.
        self.places[to].site.post().await.unwrap();
        let left = self.places[to].store.read().await.unwrap().letters(None, 1_000).await.unwrap();
        assert!(left.iter().all(|letter| letter.letter.to != own), "taken or refused");
    }

    /// Carries letters until nobody has anything to say.
    pub(crate) async fn carry_all(&self) {
        for _ in 0..1_000 {
            let mut letters = self.take(0).await;
            letters.extend(self.take(1).await);
            if letters.is_empty() {
                return;
            }
            for letter in letters {
                self.bring(letter).await;
            }
        }
        panic!("the sites talk for ever");
    }

    /// Reminds both until there is nothing left to say.
    pub(crate) async fn settle(&self) {
        for _ in 0..100 {
            self.carry_all().await;
            let mut said = 0;
            for place in &self.places {
                said += place.site.remind().await.unwrap();
            }
            if said == 0 {
                return;
            }
        }
        panic!("the sites remind each other for ever");
    }

    fn fresh_file(&mut self) -> PathBuf {
        self.files += 1;
        self.folder.path().join(format!("copy-{}.db", self.files))
    }

    /// A copy of a site as it is now.
    pub(crate) async fn back_up(&mut self, at: usize) -> (PathBuf, Timestamp) {
        let file = self.fresh_file();
        self.places[at].store.backup_to(&file).await.unwrap();
        (file, site::Clock::now(&*self.world))
    }

    /// The site is lost, and opened again from a copy.
    pub(crate) async fn restore(
        &mut self,
        at: usize,
        (copy, date): &(PathBuf, Timestamp),
    ) -> Epoch {
        let file = self.fresh_file();
        std::fs::copy(copy, &file).unwrap();
        let world = Arc::clone(&self.world);
        self.places[at].open(file, &world).await;
        self.places[at].site.begin_epoch(*date).await.unwrap()
    }

    /// Both halves have the same chits, in one order, and nothing is wrong at either site.
    pub(crate) async fn assert_one_ledger(&self) {
        let [suzie, bob] = &self.places;
        assert_eq!(suzie.chits().await, bob.chits().await);
        let balance = suzie.seen().await.balance_milli;
        assert_eq!(balance, -bob.seen().await.balance_milli);
        for place in &self.places {
            let doctor = place.site.doctor(&mut |_| {}).await.unwrap();
            assert!(doctor.ok, "{doctor:?}");
            assert_eq!(place.told("conflict").await, 0, "a chit under one name, twice");
        }
    }
}

impl Place {
    /// How often its user was told something of a kind.
    pub(crate) async fn told(&self, kind: &str) -> usize {
        let who = cuid(self.user);
        let audience = store::Audience::User(&who);
        let events = self.store.read().await.unwrap().events(audience, 0, 10_000).await.unwrap();
        events.iter().filter(|event| event.event.kind == kind).count()
    }
}

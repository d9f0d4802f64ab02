//! A site with Suzie and Bob, their devices, and a clock and chance that the test decides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use protocol::bounded::{Line, List};
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Set, Written};
use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, Hash, SecretKey, Settings, Side, Signer, Tally,
    TallyId, Terms, Timestamp, Units,
};
use site::{Answer, Caller, Chance, Clock, Command, CommandId, Hears, Site, SiteError, Wish};
use store::{Store, UserKind};

/// Runs a test on each of the three stores.
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(store::Store::memory()).await;
        })+ }
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            let store = store::Store::sqlite(&folder.path().join("site.db")).await.unwrap();
            super::$name(store).await;
        })+ }
        mod postgres { $(#[tokio::test] async fn $name() {
            let cluster = store::testing::Cluster::shared().unwrap();
            let database = cluster.database().await.unwrap();
            super::$name(store::Store::postgres(&database).await.unwrap()).await;
        })+ }
    };
}
pub(crate) use on_every_store;

/// The beginning of the tests' time.
pub(crate) const START: &str = "2026-11-22T09:00:00.000Z";

pub(crate) struct World {
    now_ms: AtomicI64,
    drawn: AtomicU64,
}

impl World {
    pub(crate) fn started() -> Arc<Self> {
        let start: Timestamp = START.parse().unwrap();
        Arc::new(Self { now_ms: AtomicI64::new(start.ms()), drawn: AtomicU64::new(0) })
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.fetch_add(1, Ordering::Relaxed)).unwrap()
    }
}

impl Chance for World {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes()
    }
}

pub(crate) struct Town {
    pub(crate) site: Site,
    pub(crate) world: Arc<World>,
    agent: AgentId,
    keys: BTreeMap<&'static str, SecretKey>,
    commands: AtomicU64,
}

pub(crate) fn agent() -> AgentId {
    agent_of(9)
}

pub(crate) fn agent_of(seed: u8) -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[seed; 32]).public_key()).unwrap()
}

pub(crate) fn cuid(name: &str) -> Cuid {
    name.parse().unwrap()
}

pub(crate) fn user(name: &str) -> Caller {
    Caller::User(cuid(name))
}

pub(crate) fn units(milli: i64) -> Units {
    Units::new(milli).unwrap()
}

pub(crate) fn tally_id() -> TallyId {
    TallyId::random([7; 16])
}

pub(crate) fn chit_id(number: u8) -> ChitId {
    ChitId::random([number; 16])
}

/// A wording: the holder grants the partner 100.000, the partner the holder 20.000.
pub(crate) fn draft() -> Draft {
    let terms = |milli| Terms::new(units(milli), BTreeMap::new()).unwrap();
    Draft {
        expires: None,
        memo: None,
        agree: Agree {
            host: "mychips.org".parse().unwrap(),
            name: "neighbours".parse().unwrap(),
            rid: ContractId::from_bytes([4; 32]),
        },
        holder: terms(100_000),
        partner: terms(20_000),
    }
}

impl Town {
    /// A site with nobody in it.
    pub(crate) async fn empty(store: Store) -> Self {
        Self::reopened(store, World::started(), 0).await
    }

    /// The site again, as after a restart.
    pub(crate) async fn reopened(store: Store, world: Arc<World>, commands: u64) -> Self {
        Self::at(agent(), store, world, commands).await
    }

    /// The site of an agent.
    pub(crate) async fn at(agent: AgentId, store: Store, world: Arc<World>, commands: u64) -> Self {
        let (clock, chance) = (Arc::clone(&world), Arc::clone(&world));
        let site = Site::open(store, agent, clock, chance).await.unwrap();
        let key = |name, seed| (name, SecretKey::ed25519(&[seed; 32]));
        let keys = [key("suzie", 1), key("bob", 2), key("eve", 3), key("dora", 4)].into();
        Self { site, world, agent, keys, commands: AtomicU64::new(commands) }
    }

    /// Suzie and Bob live here.
    pub(crate) async fn new(store: Store) -> Self {
        let town = Self::empty(store).await;
        town.add("suzie", Type::Organisation).await.unwrap();
        town.add("bob", Type::Person).await.unwrap();
        town
    }

    /// Suzie is the stock, Bob the foil, of an open tally.
    pub(crate) async fn with_tally(store: Store) -> Self {
        let town = Self::new(store).await;
        town.open_tally().await;
        town
    }

    /// From now on each note is a letter, which waits until it is delivered.
    pub(crate) fn by_post(self) -> Self {
        Self { site: self.site.hearing(Hears::ByPost), ..self }
    }

    pub(crate) fn key(&self, name: &str) -> &SecretKey {
        &self.keys[name]
    }

    pub(crate) fn cert(&self, name: &str, r#type: Type) -> Cert {
        let line: Line<200> = name.parse().unwrap();
        let cert = Cert {
            chad: ChipAddress { cuid: cuid(name), agent: self.agent, endpoint: None },
            r#type,
            name: Names::try_from(List::new(vec![line]).unwrap()).unwrap(),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: self.key(name).public_key(),
            date: START.parse().unwrap(),
            sign: None,
        };
        cert.signed(self.key(name)).unwrap()
    }

    pub(crate) async fn add(&self, name: &str, r#type: Type) -> Result<Answer, SiteError> {
        let kind = match r#type {
            Type::Person => UserKind::Person,
            Type::Organisation => UserKind::Organisation,
        };
        let cert = Box::new(self.cert(name, r#type));
        self.ask(&Caller::Administrator, Command::AddUser { kind, cert }).await
    }

    /// Asks something under a name that was never used.
    pub(crate) async fn ask(&self, caller: &Caller, command: Command) -> Result<Answer, SiteError> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let id = CommandId::new(&format!("test-{number}")).unwrap();
        self.site.command(caller, &id, command).await
    }

    pub(crate) async fn wish(&self, name: &str, wish: Wish) -> Result<Answer, SiteError> {
        self.ask(&user(name), Command::Tally { tally: tally_id(), wish }).await
    }

    /// Delivers until nothing is left to deliver.
    pub(crate) async fn deliver(&self) {
        while self.site.post().await.unwrap().delivered > 0 {}
    }

    /// Delivers what it can while others are at work too.
    pub(crate) async fn deliver_if_free(&self) {
        match self.site.post().await {
            Ok(_) => {}
            Err(SiteError::Store(error)) if error.is_again() => {}
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn invite(&self) -> Box<site::Invitation> {
        let expires = "2026-12-01T00:00:00.000Z".parse().unwrap();
        let (tally, draft) = (tally_id(), Box::new(draft()));
        let command = Command::Invite { tally, side: Side::Stock, draft, expires };
        match self.ask(&user("suzie"), command).await.unwrap() {
            Answer::Invited(invitation) => invitation,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn open_tally(&self) {
        let invitation = self.invite().await;
        self.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
        self.deliver().await;
        let offer = self.offer_of("suzie", Side::Stock).await;
        self.wish("suzie", Wish::Offer(Box::new(offer))).await.unwrap();
        self.deliver().await;
        let accepted = self.accepted("bob", Side::Foil).await;
        self.wish("bob", Wish::Accept(Box::new(accepted))).await.unwrap();
        self.deliver().await;
    }

    /// The next offer of a user, signed by its device from what it sees.
    pub(crate) async fn offer_of(&self, name: &str, side: Side) -> Tally {
        let seen = self.site.tally(&cuid(name), tally_id()).await.unwrap();
        let (partner, draft) = (seen.partner.unwrap(), seen.draft);
        let own = protocol::tally::Party {
            cert: self.cert(name, if name == "suzie" { Type::Organisation } else { Type::Person }),
            terms: draft.holder,
        };
        let other = protocol::tally::Party { cert: partner, terms: draft.partner };
        let (stock, foil) = if side == Side::Stock { (own, other) } else { (other, own) };
        let tally = Tally::new(protocol::tally::Members {
            uuid: tally_id(),
            revision: 1.try_into().unwrap(),
            date: START.parse().unwrap(),
            expires: draft.expires,
            memo: draft.memo,
            stock,
            foil,
            agree: draft.agree,
            sign: None,
        });
        tally.unwrap().signed(side, self.key(name)).unwrap()
    }

    /// The offer on the table, signed by the other one too.
    pub(crate) async fn accepted(&self, name: &str, side: Side) -> Tally {
        let seen = self.site.tally(&cuid(name), tally_id()).await.unwrap();
        let (offer, by) = seen.offer.expect("an offer is on the table");
        assert_eq!(by, side.other());
        offer.signed(side, self.key(name)).unwrap()
    }

    pub(crate) fn payment(&self, name: &str, side: Side, id: ChitId, milli: i64) -> Chit {
        let units = units(milli).try_into().unwrap();
        let entry = Entry::Tran { units, written: Written::default() };
        self.chit(name, side, id, entry)
    }

    pub(crate) fn close(&self, name: &str, side: Side, id: ChitId) -> Chit {
        let settings = Settings::default_for(units(100_000));
        let set = Set { settings, counter: 1.try_into().unwrap(), owe: None, close: true };
        self.chit(name, side, id, Entry::Set { set, written: Written::default() })
    }

    fn chit(&self, name: &str, by: Side, uuid: ChitId, entry: Entry) -> Chit {
        let (tally, date) = (tally_id(), "2026-11-22T10:00:00.000Z".parse().unwrap());
        Chit { uuid, tally, by, date, entry }.signed(self.key(name)).unwrap()
    }

    pub(crate) async fn pay(
        &self,
        name: &str,
        side: Side,
        id: u8,
        milli: i64,
    ) -> Result<Answer, SiteError> {
        let chit = Box::new(self.payment(name, side, chit_id(id), milli));
        self.wish(name, Wish::Write { chit, over_limit: false }).await
    }

    /// Loses all letters that wait.
    pub(crate) async fn lose_letters(&self, store: &Store) {
        let mut tx = store.begin().await.unwrap();
        let letters = tx.letters(None, 1_000).await.unwrap();
        let ids: Vec<_> = letters.iter().map(|letter| letter.id).collect();
        tx.done(&ids).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What a user was told: the kinds, each with its JSON.
    pub(crate) async fn told(&self, store: &Store, name: &str) -> Vec<(String, String)> {
        let audience = store::Audience::User(&cuid(name));
        let events = store.read().await.unwrap().events(audience, 0, 10_000).await.unwrap();
        events.into_iter().map(|event| (event.event.kind, event.event.text)).collect()
    }

    pub(crate) async fn balance(&self, name: &str) -> i128 {
        self.site.tally(&cuid(name), tally_id()).await.unwrap().balance_milli
    }

    pub(crate) async fn status(&self, name: &str) -> String {
        self.site.tally(&cuid(name), tally_id()).await.unwrap().status
    }

    /// Everything kept holds.
    pub(crate) async fn assert_sound(&self) {
        let doctor = self.site.doctor(&mut |_| {}).await.unwrap();
        assert!(doctor.ok, "{doctor:?}");
    }
}

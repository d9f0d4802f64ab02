//! A served site with Ann and Bob, their keys, and an open tally between them.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use api::limits::AtOnce;
use api::{As, Client, ClientError, Metrics, Post, Server, Token};
use protocol::bounded::{Line, List};
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Set, Written};
use protocol::negotiation::Draft;
use protocol::record::Record;
use protocol::request::{Body, Request};
use protocol::tally::Agree;
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, SecretKey, Settings, Side, Signer, TallyId,
    Terms, Timestamp, Units,
};
use serde_json::{Value, json};
use site::{Answer, Chance, Clock, Command, Found, Query, Site, Wish};
use store::{Store, UserKind};
use tokio::task::JoinHandle;

pub(crate) struct World(AtomicU8);

impl Clock for World {
    fn now(&self) -> Timestamp {
        now()
    }
}

impl Chance for World {
    fn bytes(&self) -> [u8; 32] {
        [self.0.fetch_add(1, Ordering::Relaxed); 32]
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(since.as_millis().try_into().unwrap()).unwrap()
}

pub(crate) fn agent() -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).unwrap()
}

pub(crate) fn cuid(name: &str) -> Cuid {
    name.parse().unwrap()
}

pub(crate) fn key(name: &str) -> SecretKey {
    let seed = name.as_bytes()[0];
    SecretKey::p256(&[seed; 32]).unwrap()
}

pub(crate) fn tally_id() -> TallyId {
    TallyId::random([7; 16])
}

pub(crate) struct Town {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    serving: JoinHandle<()>,
    names: AtomicU8,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Town {
    pub(crate) async fn with_limits(at_once: AtOnce) -> Self {
        let (clock, chance) = (Arc::new(World(0.into())), Arc::new(World(0.into())));
        let site = Site::open(Store::memory(), agent(), clock, chance).await.unwrap();
        let metrics = Metrics::new();
        let post = Arc::new(Post::new(site.clone(), metrics.clone()));
        let token = Token::from_bytes([5; 32]);
        let address = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(address, site, token, post, metrics, at_once).await.unwrap();
        let address = server.address().unwrap();
        let serving = tokio::spawn(server.run(std::future::pending()));
        Self { address, client: Client::new(address, Some(token)), serving, names: 0.into() }
    }

    pub(crate) async fn empty() -> Self {
        Self::with_limits(AtOnce::default()).await
    }

    /// Ann is the stock, Bob the foil, of an open tally: Bob may owe 100, Ann 20.
    pub(crate) async fn new() -> Self {
        let town = Self::empty().await;
        for name in ["ann", "bob"] {
            town.add(name).await;
        }
        let terms = |milli| Terms::new(Units::new(milli).unwrap(), BTreeMap::new()).unwrap();
        let draft = Draft {
            expires: None,
            memo: None,
            agree: Agree {
                host: "mychips.org".parse().unwrap(),
                name: "neighbours".parse().unwrap(),
                rid: ContractId::from_bytes([4; 32]),
            },
            holder: terms(100_000),
            partner: terms(20_000),
        };
        let invite = Command::Invite {
            tally: tally_id(),
            side: Side::Stock,
            draft: Box::new(draft),
            expires: now().plus_ms(60_000).unwrap(),
        };
        let Answer::Invited(invitation) = town.ask("ann", invite).await.unwrap() else {
            panic!("no invitation")
        };
        town.ask("bob", Command::Answer { invitation }).await.unwrap();
        town.client.deliver().await.unwrap();
        let Found::Tally(seen) = town.sees("bob").await.unwrap() else { panic!("no tally") };
        let (user, tally, draft) = (cuid("bob"), tally_id(), Box::new(seen.draft));
        let query = Query::ToOffer { user, tally, draft };
        let Found::ToOffer(offer) = town.client.query(query).await.unwrap() else {
            panic!("nothing to offer")
        };
        let offer = offer.signed(Side::Foil, &key("bob")).unwrap();
        town.wish("bob", Wish::Offer(Box::new(offer.clone()))).await.unwrap();
        town.client.deliver().await.unwrap();
        let both = offer.signed(Side::Stock, &key("ann")).unwrap();
        town.wish("ann", Wish::Accept(Box::new(both))).await.unwrap();
        town.client.deliver().await.unwrap();
        town
    }

    pub(crate) async fn add(&self, name: &str) {
        let line: Line<200> = name.parse().unwrap();
        let cert = Cert {
            chad: ChipAddress { cuid: cuid(name), agent: agent(), endpoint: None },
            r#type: Type::Person,
            name: Names::try_from(List::new(vec![line]).unwrap()).unwrap(),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: key(name).public_key(),
            date: now(),
            sign: None,
        };
        let cert = Box::new(cert.signed(&key(name)).unwrap());
        let command = Command::AddUser { kind: UserKind::Person, cert };
        assert_eq!(self.client.administer(name, command).await.unwrap(), Answer::Done);
    }

    fn name(&self) -> String {
        format!("request-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) async fn ask(&self, name: &str, command: Command) -> Result<Answer, ClientError> {
        self.ask_named(name, &self.name(), command).await
    }

    pub(crate) async fn ask_named(
        &self,
        name: &str,
        id: &str,
        command: Command,
    ) -> Result<Answer, ClientError> {
        let key = key(name);
        let who = As { agent: agent(), cuid: cuid(name), id, date: now(), key: &key };
        self.client.command_as(&who, command).await
    }

    pub(crate) async fn query(&self, name: &str, query: Query) -> Result<Found, ClientError> {
        let (key, id) = (key(name), self.name());
        let who = As { agent: agent(), cuid: cuid(name), id: &id, date: now(), key: &key };
        self.client.query_as(&who, query).await
    }

    pub(crate) async fn wish(&self, name: &str, wish: Wish) -> Result<Answer, ClientError> {
        self.ask(name, Command::Tally { tally: tally_id(), wish }).await
    }

    pub(crate) async fn sees(&self, name: &str) -> Result<Found, ClientError> {
        self.query(name, Query::Tally { user: cuid(name), tally: tally_id() }).await
    }

    pub(crate) async fn balance(&self, name: &str) -> i128 {
        match self.sees(name).await.unwrap() {
            Found::Tally(seen) => seen.balance_milli,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a body as it is; the status code, the body, and the one word of a refusal.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Vec<u8>>,
        proved: bool,
    ) -> (u16, String) {
        let method = method.parse().unwrap();
        let (status, body) = self.client.send(method, path, body.into(), proved).await.unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        (status, value["error"].as_str().unwrap_or_default().to_owned())
    }
}

/// A request of Bob's for its own tally, with something changed, as bytes to send.
pub(crate) fn request(change: impl FnOnce(&mut Request), signer: &str) -> Vec<u8> {
    let query = json!({ "query": { "tally": { "user": "bob", "tally": tally_id() } } });
    let mut request = Request {
        agent: agent(),
        cuid: cuid("bob"),
        id: "seen".parse().unwrap(),
        date: now(),
        body: Body::of(&query).unwrap(),
        sign: None,
    };
    change(&mut request);
    request.signed(&key(signer)).unwrap().to_text().unwrap().as_bytes().to_vec()
}

/// A chit of a user's.
pub(crate) fn chit(name: &str, id: u8, entry: Entry) -> Chit {
    let by = if name == "ann" { Side::Stock } else { Side::Foil };
    let uuid = ChitId::random([id; 16]);
    let chit = Chit { uuid, tally: tally_id(), by, date: now(), entry };
    chit.signed(&key(name)).unwrap()
}

pub(crate) fn payment(name: &str, id: u8, milli: i64) -> Wish {
    let units = Units::new(milli).unwrap().try_into().unwrap();
    let chit = chit(name, id, Entry::Tran { units, written: Written::default() });
    Wish::Write { chit: Box::new(chit), over_limit: false }
}

pub(crate) fn settings(name: &str, id: u8, counter: u32) -> Wish {
    let settings = Settings::default_for(Units::new(5_000).unwrap());
    let set = Set { settings, counter: counter.try_into().unwrap(), owe: None, close: false };
    let chit = chit(name, id, Entry::Set { set, written: Written::default() });
    Wish::Write { chit: Box::new(chit), over_limit: false }
}

/// The word of a refusal.
pub(crate) fn word<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    match answer.unwrap_err() {
        ClientError::Refused { word, .. } => word,
        other => panic!("{other}"),
    }
}

/// Runs a test.
pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

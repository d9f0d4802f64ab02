//! Two sites in the thick of it: many tallies between them, both sides paying at once. Whichever process is killed,
//! in the end both sites say the same, and nothing that was acknowledged is lost.
//!
//! `KILLS=200` kills more often, `TALLIES=50` has fewer tallies, `SEED=7` has other chances.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::{As, Client, ClientError, Token};
use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Written};
use protocol::negotiation::Draft;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, Hash, SecretKey, Side, Signer as _, Tally,
    TallyId, Terms, Timestamp, Units,
};
use site::{Answer, Class, Command, Found, Query, Summary, Wish};
use store::UserKind;
use store::testing::Cluster;
use tokio::task::JoinSet;

use super::serving::Serving;
use super::town::Town;

/// Longer than anything takes on a slow machine.
const LONG: Duration = Duration::from_secs(180);

/// How many users live at each site; each has a tally with each of the other.
const USERS: [u32; 2] = [20, 50];

/// How many pay at once.
const PAYERS: u64 = 8;

fn variable(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// Chance from a seed.
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, most: u64) -> u64 {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        u64::from_le_bytes(Hash::of(&number.to_le_bytes()).as_bytes()[..8].try_into().unwrap())
            % most
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_ms(since.as_millis().try_into().unwrap()).unwrap()
}

/// A user with its key.
struct User {
    cuid: Cuid,
    key: SecretKey,
    cert: Cert,
}

impl User {
    fn new(site: usize, number: u32, agent: AgentId) -> Self {
        let seed = Hash::of(format!("{site} {number}").as_bytes());
        let key = SecretKey::p256(seed.as_bytes()).unwrap();
        let cuid: Cuid = format!("u{site}-{number}").parse().unwrap();
        let name = List::new(vec![format!("User {number}").parse().unwrap()]).unwrap();
        let cert = Cert {
            chad: ChipAddress { cuid: cuid.clone(), agent, endpoint: None },
            r#type: Type::Person,
            name: Names::try_from(name).unwrap(),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: key.public_key(),
            date: now(),
            sign: None,
        };
        let cert = cert.signed(&key).unwrap();
        Self { cuid, key, cert }
    }
}

/// A site: one process, or several at one database.
struct Site {
    towns: Vec<Town>,
    serving: Mutex<Vec<Option<Serving>>>,
    places: Vec<String>,
    doors: Mutex<Vec<Option<SocketAddr>>>,
    agent: AgentId,
    token: Token,
    users: Vec<User>,
}

impl Site {
    fn serve(number: usize, towns: Vec<Town>) -> Self {
        let serving: Vec<Serving> = towns.iter().map(Town::serve).collect();
        let token = fs::read_to_string(towns[0].site().join("admin.token")).unwrap();
        let agent = serving[0].agent;
        Self {
            places: serving.iter().map(|serving| serving.place.clone()).collect(),
            doors: Mutex::new(serving.iter().map(|serving| Some(serving.address)).collect()),
            users: (0..USERS[number]).map(|user| User::new(number, user, agent)).collect(),
            serving: Mutex::new(serving.into_iter().map(Some).collect()),
            token: token.trim().parse().unwrap(),
            agent,
            towns,
        }
    }

    /// Where one of its processes listens.
    fn door(&self, chance: &Chance) -> Option<(usize, SocketAddr)> {
        let doors = self.doors.lock().unwrap();
        let which = usize::try_from(chance.below(doors.len() as u64)).unwrap();
        doors[which].map(|address| (which, address))
    }

    /// One of its processes dies, and another takes its place.
    fn kill(&self, which: usize) {
        self.doors.lock().unwrap()[which] = None;
        let old = self.serving.lock().unwrap()[which].take();
        old.unwrap().kill();
        let again = self.towns[which].serve_at(&self.places[which]);
        self.doors.lock().unwrap()[which] = Some(again.address);
        self.serving.lock().unwrap()[which] = Some(again);
    }

    /// Asks until a process answers.
    async fn ask(&self, chance: &Chance, user: &User, id: &str, command: Command) -> Answer {
        loop {
            let Some((_, address)) = self.door(chance) else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let client = Client::new(address, None);
            let (agent, cuid, date) = (self.agent, user.cuid.clone(), now());
            let who = As { agent, cuid, id, date, key: &user.key };
            match client.command_as(&who, command.clone()).await {
                Ok(answer) => return answer,
                Err(
                    ClientError::Lost { .. } | ClientError::Refused { class: Class::Passing, .. },
                ) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(other) => panic!("{id}: {other}"),
            }
        }
    }

    fn client(&self) -> Client {
        let address = self.doors.lock().unwrap().iter().flatten().next().copied();
        Client::new(address.unwrap(), Some(self.token))
    }

    async fn tally(&self, user: &User, tally: TallyId) -> Summary {
        let query = Query::Tally { user: user.cuid.clone(), tally };
        let Found::Tally(found) = self.client().query(query).await.unwrap() else { panic!() };
        *found
    }

    async fn halves(&self) -> Vec<Summary> {
        let (client, mut all) = (self.client(), Vec::<Summary>::new());
        loop {
            let seen =
                |half: &Summary| site::Seen { holder: half.holder.clone(), tally: half.tally };
            let after = all.last().map(seen);
            let query =
                Query::Tallies { user: None, status: None, partner: None, after, limit: 500 };
            let Found::Tallies(mut page) = client.query(query).await.unwrap() else { panic!() };
            if page.is_empty() {
                return all;
            }
            all.append(&mut page);
        }
    }
}

/// A tally between a user of the first site, the stock, and one of the second.
struct Between {
    id: TallyId,
    users: [usize; 2],
    /// What the foil owes, of all that was acknowledged.
    owed: AtomicI64,
    chits: AtomicU64,
}

struct World {
    sites: [Site; 2],
    tallies: Vec<Between>,
    chance: Chance,
    over: AtomicBool,
}

fn draft() -> Draft {
    let terms =
        || Terms::new(Units::new(1 << 50).unwrap(), std::collections::BTreeMap::new()).unwrap();
    let agree = Agree {
        host: "mychips.org".parse().unwrap(),
        name: "neighbours".parse().unwrap(),
        rid: ContractId::from_bytes([4; 32]),
    };
    Draft { expires: None, memo: None, agree, holder: terms(), partner: terms() }
}

const SIDES: [Side; 2] = [Side::Stock, Side::Foil];

impl World {
    fn new(sites: [Vec<Town>; 2]) -> Arc<Self> {
        let [first, second] = sites;
        let sites = [Site::serve(0, first), Site::serve(1, second)];
        let most = variable("TALLIES", 1_000) as usize;
        let pairs = (0..USERS[0] as usize)
            .flat_map(|one| (0..USERS[1] as usize).map(move |other| [one, other]));
        let tallies = pairs.take(most).map(|users| {
            let name = Hash::of(format!("{users:?}").as_bytes());
            let id = TallyId::random(name.as_bytes()[..16].try_into().unwrap());
            Between { id, users, owed: AtomicI64::new(0), chits: AtomicU64::new(0) }
        });
        let chance = Chance(AtomicU64::new(u64::from(variable("SEED", 1)) << 32));
        let tallies = tallies.collect();
        Arc::new(Self { sites, tallies, chance, over: AtomicBool::new(false) })
    }

    fn user(&self, tally: usize, site: usize) -> &User {
        &self.sites[site].users[self.tallies[tally].users[site]]
    }

    async fn add_users(&self) {
        for site in &self.sites {
            let client = site.client();
            for user in &site.users {
                let cert = Box::new(user.cert.clone());
                let add = Command::AddUser { kind: UserKind::Person, cert };
                client.administer(&format!("add {}", user.cuid), add).await.unwrap();
            }
        }
    }

    async fn wish(&self, tally: usize, site: usize, id: &str, wish: Wish) {
        let command = Command::Tally { tally: self.tallies[tally].id, wish };
        self.sites[site].ask(&self.chance, self.user(tally, site), id, command).await;
    }

    async fn reaches(&self, tally: usize, site: usize, status: &str) -> Summary {
        loop {
            let id = self.tallies[tally].id;
            let seen = self.sites[site].tally(self.user(tally, site), id).await;
            if seen.status == status {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn open(self: Arc<Self>, tally: usize) {
        let [one, other] = [self.user(tally, 0), self.user(tally, 1)];
        let id = self.tallies[tally].id;
        let expires = now().plus_ms(86_400_000).unwrap();
        let invite =
            Command::Invite { tally: id, side: Side::Stock, draft: Box::new(draft()), expires };
        let invited = self.sites[0].ask(&self.chance, one, &format!("i {id}"), invite).await;
        let Answer::Invited(invitation) = invited else { panic!("an invitation") };
        let answer = Command::Answer { invitation };
        self.sites[1].ask(&self.chance, other, &format!("a {id}"), answer).await;
        self.reaches(tally, 0, "P.draft").await;
        let draft = draft();
        let members = Members {
            uuid: id,
            revision: 1.try_into().unwrap(),
            date: now(),
            expires: None,
            memo: None,
            stock: Party { cert: one.cert.clone(), terms: draft.holder },
            foil: Party { cert: other.cert.clone(), terms: draft.partner },
            agree: draft.agree,
            sign: None,
        };
        let offer = Tally::new(members).unwrap().signed(Side::Stock, &one.key).unwrap();
        self.wish(tally, 0, &format!("o {id}"), Wish::Offer(Box::new(offer))).await;
        let (offer, _) = self.reaches(tally, 1, "P.offer").await.offer.unwrap();
        let accepted = offer.signed(Side::Foil, &other.key).unwrap();
        self.wish(tally, 1, &format!("y {id}"), Wish::Accept(Box::new(accepted))).await;
        self.reaches(tally, 0, "open").await;
    }

    async fn open_all(self: &Arc<Self>) {
        let mut opening = JoinSet::new();
        for tally in 0..self.tallies.len() {
            if opening.len() >= 64 {
                opening.join_next().await.unwrap().unwrap();
            }
            opening.spawn(Arc::clone(self).open(tally));
        }
        while let Some(opened) = opening.join_next().await {
            opened.unwrap();
        }
    }

    /// Pays on tallies and by sides that chance picks, until it is over; each payment until it is acknowledged.
    async fn pay(self: Arc<Self>, payer: u64) {
        let mut number = 0_u64;
        while !self.over.load(Ordering::Relaxed) {
            number += 1;
            let tally = usize::try_from(self.chance.below(self.tallies.len() as u64)).unwrap();
            let site = usize::try_from(self.chance.below(2)).unwrap();
            let name = Hash::of(format!("{payer} {number}").as_bytes());
            let uuid = ChitId::random(name.as_bytes()[..16].try_into().unwrap());
            let units = Units::new(1).unwrap().try_into().unwrap();
            let entry = Entry::Tran { units, written: Written::default() };
            let between = &self.tallies[tally];
            let chit = Chit { uuid, tally: between.id, by: SIDES[site], date: now(), entry };
            let chit = Box::new(chit.signed(&self.user(tally, site).key).unwrap());
            self.wish(tally, site, &uuid.to_string(), Wish::Write { chit, over_limit: false })
                .await;
            between.owed.fetch_add(if site == 1 { 1 } else { -1 }, Ordering::Relaxed);
            between.chits.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What differs from what was acknowledged, of all halves.
    async fn differs(&self) -> Option<String> {
        for (site, sign) in [(0, 1), (1, -1)] {
            let halves = self.sites[site].halves().await;
            for between in &self.tallies {
                let half = halves.iter().find(|half| half.tally == between.id)?;
                let owed = i128::from(sign * between.owed.load(Ordering::Relaxed));
                let chits = between.chits.load(Ordering::Relaxed);
                if (half.balance_milli, half.chits, half.agreed) != (owed, chits, chits) {
                    return Some(format!("{owed} and {chits} chits expected: {half:?}"));
                }
            }
            let Found::Status(status) =
                self.sites[site].client().query(Query::Status).await.unwrap()
            else {
                panic!("the status")
            };
            if status.letters > 0 {
                return Some(format!("{} letters wait at site {site}", status.letters));
            }
        }
        None
    }

    /// Opens all tallies, has both sides pay while processes are killed, and waits until all is said.
    async fn run(self: Arc<Self>, kills: u32) {
        self.add_users().await;
        self.open_all().await;
        let mut payers = JoinSet::new();
        for payer in 0..PAYERS {
            payers.spawn(Arc::clone(&self).pay(payer));
        }
        for kill in 0..kills {
            tokio::time::sleep(Duration::from_millis(50 + self.chance.below(400))).await;
            // The ones in turn, of several at one database any.
            let (world, site) = (Arc::clone(&self), (kill % 2) as usize);
            let which =
                usize::try_from(self.chance.below(self.sites[site].towns.len() as u64)).unwrap();
            tokio::task::spawn_blocking(move || world.sites[site].kill(which)).await.unwrap();
        }
        self.over.store(true, Ordering::Relaxed);
        while let Some(payer) = payers.join_next().await {
            payer.unwrap();
        }
        let began = Instant::now();
        while let Some(difference) = self.differs().await {
            assert!(began.elapsed() < LONG, "never the same: {difference}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let chits: u64 = self.tallies.iter().map(|t| t.chits.load(Ordering::Relaxed)).sum();
        assert!(chits > u64::from(kills), "they paid: {chits} chits");
        for site in &self.sites {
            let found = site.towns[0].json("doctor");
            assert_eq!(found["ok"], true, "{found}");
        }
    }
}

fn served(store: Option<String>) -> Town {
    let town = Town { store, ..Town::bare() };
    town.does("init");
    town
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_thousand_tallies_and_either_site_killed_again_and_again() {
    let world = World::new([vec![served(None)], vec![served(None)]]);
    runtime().block_on(world.run(variable("KILLS", 10)));
}

#[test]
fn two_processes_of_one_site_of_which_one_is_killed() {
    let url = runtime().block_on(Cluster::shared().unwrap().database()).unwrap();
    let first = served(Some(url.clone()));
    let second = Town { store: Some(url), ..Town::bare() };
    fs::create_dir(second.site()).unwrap();
    for name in ["agent.jwk", "mychips.toml", "admin.token"] {
        fs::copy(first.site().join(name), second.site().join(name)).unwrap();
    }
    let world = World::new([vec![first, second], vec![served(None)]]);
    runtime().block_on(world.run(variable("KILLS", 6)));
}

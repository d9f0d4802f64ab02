//! Suzie's site and Bob's, which share an open tally, and a road between them that whoever calls decides
//! about: for `bin/live_agent.rs`. Same bytes, same run: clock and chance are counters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::address::Endpoint;
use protocol::bounded::{Line, List};
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Written};
use protocol::mail::Receipt;
use protocol::negotiation::Draft;
use protocol::note::Note;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, Hash, Record as _, SecretKey, Side,
    Signer as _, Tally, TallyId, Terms, Timestamp, Units,
};
use site::{
    Answer, Caller, Carried, Chance, Clock, Command, CommandId, Site, SiteError, Transport, Wish,
};
use store::{Store, UserKind};

/// When it begins.
const START: &str = "2026-11-22T09:00:00.000Z";

/// What each may owe the other, in milli-CHIPs.
pub const LIMIT: i64 = 100_000;

struct World {
    now_ms: AtomicI64,
    drawn: AtomicU64,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.fetch_add(1, Ordering::Relaxed)).expect("a few days")
    }
}

impl Chance for World {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes()
    }
}

/// A user and the site that it lives at.
pub struct Home {
    /// Its site.
    pub site: Site,
    /// What the user has signed to owe, in milli-CHIPs.
    pub signed: i128,
    world: Arc<World>,
    key: SecretKey,
    cuid: Cuid,
    side: Side,
    commands: u64,
}

/// Takes letters off a site, and says that they did not arrive.
#[derive(Default)]
struct Taken(Mutex<Vec<Vec<u8>>>);

impl Transport for Taken {
    async fn send(&self, _: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        let mut taken = self.0.lock().expect("nobody panics with it");
        for note in notes {
            let text = note.to_text().expect("a note of a site's can be written").to_string();
            taken.push(text.into_bytes());
        }
        Receipt::missing(notes.len(), "on its way")
    }
}

/// Brings letters to a site as they are.
struct Straight {
    from: AgentId,
    to: Site,
}

impl Transport for Straight {
    async fn send(&self, _: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        self.to.hear_from(self.from, notes.iter().cloned().map(Ok).collect()).await
    }
}

/// The agent with a key made of a number.
pub fn agent(number: u8) -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[number; 32]).public_key()).expect("an Ed25519 key")
}

fn tally_id() -> TallyId {
    TallyId::random([7; 16])
}

fn draft() -> Draft {
    let units = Units::new(LIMIT).expect("in range");
    let terms = || Terms::new(units, BTreeMap::new()).expect("no words");
    let (host, name) = ("mychips.org".parse(), "neighbours".parse());
    Draft {
        expires: None,
        memo: None,
        agree: Agree {
            host: host.expect("a name"),
            name: name.expect("a name"),
            rid: ContractId::from_bytes([4; 32]),
        },
        holder: terms(),
        partner: terms(),
    }
}

impl Home {
    async fn new(number: u8, name: &str, side: Side) -> Self {
        let start: Timestamp = START.parse().expect("a date");
        let drawn = u64::from(number) << 32;
        let world = Arc::new(World { now_ms: start.ms().into(), drawn: drawn.into() });
        let (clock, chance) = (Arc::clone(&world), Arc::clone(&world));
        let site = Site::open(Store::memory(), agent(number), clock, chance).await;
        let (site, key) = (site.expect("a new store"), SecretKey::ed25519(&[number + 100; 32]));
        let cuid = name.parse().expect("a name");
        let mut home = Self { site, signed: 0, world, key, cuid, side, commands: 0 };
        let cert = Box::new(home.cert());
        let add = Command::AddUser { kind: UserKind::Person, cert };
        home.ask(Caller::Administrator, add).await.expect("a new user");
        home
    }

    fn cert(&self) -> Cert {
        let line: Line<200> = self.cuid.to_string().parse().expect("a line");
        let cert = Cert {
            chad: ChipAddress { cuid: self.cuid.clone(), agent: self.site.agent(), endpoint: None },
            r#type: Type::Person,
            name: Names::try_from(List::new(vec![line]).expect("one")).expect("one"),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: self.key.public_key(),
            date: START.parse().expect("a date"),
            sign: None,
        };
        cert.signed(&self.key).expect("its key")
    }

    async fn ask(&mut self, caller: Caller, command: Command) -> Result<Answer, SiteError> {
        self.commands += 1;
        let id = CommandId::new(&format!("fuzz-{}", self.commands)).expect("short");
        self.site.command(&caller, &id, command).await
    }

    async fn wish(&mut self, wish: Wish) -> Result<Answer, SiteError> {
        let command = Command::Tally { tally: tally_id(), wish };
        self.ask(Caller::User(self.cuid.clone()), command).await
    }

    /// The user pays the other; the limit may forbid it.
    pub async fn pay(&mut self, number: u8, milli: i64) {
        let Ok(units) = Units::new(milli).expect("in range").try_into() else { return };
        let uuid = ChitId::random([number; 16]);
        let date = "2026-11-22T10:00:00.000Z".parse().expect("a date");
        let entry = Entry::Tran { units, written: Written::default() };
        let chit = Chit { uuid, tally: tally_id(), by: self.side, date, entry };
        let chit = Box::new(chit.signed(&self.key).expect("its key"));
        if self.wish(Wish::Write { chit, over_limit: false }).await.is_ok() {
            self.signed += i128::from(milli);
        }
    }

    /// Asks the half to compare itself with its partner's.
    pub async fn compare(&mut self) {
        let _ = self.wish(Wish::Compare).await;
    }

    /// The letters that are due; they stay due.
    pub async fn letters(&self) -> Vec<Vec<u8>> {
        let taken = Arc::new(Taken::default());
        self.site.deliver(&taken).await.expect("memory does not fail");
        let mut letters = taken.0.lock().expect("nobody panics with it");
        std::mem::take(&mut letters)
    }

    /// Brings the letters that are due to another site, as they are.
    pub async fn deliver(&self, to: &Self) -> Carried {
        let straight = Straight { from: self.site.agent(), to: to.site.clone() };
        self.site.deliver(&Arc::new(straight)).await.expect("memory does not fail")
    }

    /// The balance of its half, in milli-CHIPs.
    pub async fn balance(&self) -> i128 {
        self.summary().await.balance_milli
    }

    /// What is seen of its half.
    pub async fn summary(&self) -> site::Summary {
        self.site.tally(&self.cuid, tally_id()).await.expect("it is there")
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.world.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    async fn offer(&mut self) {
        let seen = self.summary().await;
        let own = Party { cert: self.cert(), terms: seen.draft.holder };
        let foil = Party { cert: seen.partner.expect("it answered"), terms: seen.draft.partner };
        let members = Members {
            uuid: tally_id(),
            revision: 1.try_into().expect("not 0"),
            date: START.parse().expect("a date"),
            expires: None,
            memo: None,
            stock: own,
            foil,
            agree: seen.draft.agree,
            sign: None,
        };
        let tally = Tally::new(members).expect("a tally").signed(self.side, &self.key);
        self.wish(Wish::Offer(Box::new(tally.expect("its key")))).await.expect("an offer");
    }

    async fn accept(&mut self) {
        let (offer, _) = self.summary().await.offer.expect("an offer is on the table");
        let tally = offer.signed(self.side, &self.key).expect("its key");
        self.wish(Wish::Accept(Box::new(tally))).await.expect("accepted");
    }
}

/// Both delivered, whatever was due, until nothing is; forgets how long it took.
pub async fn settle(suzie: &Home, bob: &Home) {
    for _ in 0..100 {
        suzie.pass(1_000_000);
        bob.pass(1_000_000);
        let (to_bob, to_suzie) = (suzie.deliver(bob).await, bob.deliver(suzie).await);
        if (to_bob, to_suzie) == (Carried::default(), Carried::default()) {
            return;
        }
    }
    panic!("they never end to speak");
}

/// Suzie (stock) and Bob (foil) with an open tally; and everything that Bob's site said until then.
pub async fn with_tally() -> (Home, Home, Vec<Vec<u8>>) {
    let mut suzie = Home::new(9, "suzie", Side::Stock).await;
    let mut bob = Home::new(8, "bob", Side::Foil).await;
    let mut said = Vec::new();
    let expires = "2027-12-01T00:00:00.000Z".parse().expect("a date");
    let invite =
        Command::Invite { tally: tally_id(), side: Side::Stock, draft: Box::new(draft()), expires };
    let invited = suzie.ask(Caller::User(suzie.cuid.clone()), invite).await;
    let Ok(Answer::Invited(invitation)) = invited else { panic!("{invited:?}") };
    let answer = Command::Answer { invitation };
    bob.ask(Caller::User(bob.cuid.clone()), answer).await.expect("it is valid");
    said.append(&mut bob.letters().await);
    settle(&suzie, &bob).await;
    suzie.offer().await;
    settle(&suzie, &bob).await;
    bob.accept().await;
    said.append(&mut bob.letters().await);
    settle(&suzie, &bob).await;
    (suzie, bob, said)
}

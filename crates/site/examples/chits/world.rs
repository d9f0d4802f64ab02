//! A shop and its customers: keys, certs, open tallies, and signed payments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Written};
use protocol::negotiation::Draft;
use protocol::signature::SignError;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, Hash, PublicKey, SecretKey, Side, Sides,
    Signature, Signer, Tally, TallyId, Terms, Timestamp, Units,
};
use site::{Answer, Caller, Chance, Clock, Command, CommandId, Site, Wish};
use store::{Store, UserKind};

/// The machine's clock, and chance that is the same in every run.
struct World(AtomicU64);

impl Clock for World {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap()).unwrap()
    }
}

impl Chance for World {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes()
    }
}

/// A user's device: it signs ES256, as browsers do.
struct Device {
    pair: EcdsaKeyPair,
    public: PublicKey,
    /// Signed once: no two signatures of one record are the same.
    cert: Option<Cert>,
}

impl Device {
    fn of(agent: AgentId, number: u32) -> Self {
        let mut device = Self::new();
        let name = List::new(vec![format!("User {number}").parse().unwrap()]).unwrap();
        let cert = Cert {
            chad: ChipAddress { cuid: cuid(number), agent, endpoint: None },
            r#type: Type::Person,
            name: Names::try_from(name).unwrap(),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: device.public,
            date: date(),
            sign: None,
        };
        device.cert = Some(cert.signed(&device).unwrap());
        device
    }

    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let half = |from: usize| point[from..from + 32].try_into().unwrap();
        let public = PublicKey::p256(half(1), half(33)).unwrap();
        Self { pair, public, cert: None }
    }
}

impl Signer for Device {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signed = self.pair.sign(&SystemRandom::new(), message).unwrap();
        Ok(Signature::from_bytes(signed.as_ref().try_into().unwrap()))
    }
}

/// A site where a shop has an open tally with each of its customers; all keys are here.
#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) site: Site,
    devices: Arc<Vec<Device>>,
}

/// The shop is number 0, customers follow.
pub(crate) fn cuid(number: u32) -> Cuid {
    format!("u{number}").parse().unwrap()
}

/// The tally of a customer with the shop.
pub(crate) fn tally_id(number: u32) -> TallyId {
    TallyId::random(Hash::of(&number.to_be_bytes()).as_bytes()[..16].try_into().unwrap())
}

fn date() -> Timestamp {
    "2026-11-22T09:00:00.000Z".parse().unwrap()
}

fn draft() -> Draft {
    let terms = |milli| Terms::new(Units::new(milli).unwrap(), BTreeMap::new()).unwrap();
    let agree = Agree {
        host: "mychips.org".parse().unwrap(),
        name: "neighbours".parse().unwrap(),
        rid: ContractId::from_bytes([4; 32]),
    };
    Draft { expires: None, memo: None, agree, holder: terms(1 << 50), partner: terms(0) }
}

fn payment_by(device: &Device, number: u32, payment: u32) -> Chit {
    let units = Units::new(5).unwrap().try_into().unwrap();
    let entry = Entry::Tran { units, written: Written::default() };
    let name = Hash::of(format!("{number} {payment}").as_bytes());
    let uuid = ChitId::random(name.as_bytes()[..16].try_into().unwrap());
    let chit = Chit { uuid, tally: tally_id(number), by: Side::Foil, date: date(), entry };
    chit.signed(device).unwrap()
}

/// So many payments of somebody without a tally, and the keys that check them.
pub(crate) fn signed_alone(many: u32) -> (Sides<PublicKey>, Vec<Chit>) {
    let device = Device::new();
    let keys = Sides { stock: device.public, foil: device.public };
    (keys, (0..many).map(|payment| payment_by(&device, 0, payment)).collect())
}

impl Town {
    /// A town with so many open tallies.
    pub(crate) async fn open(store: Store, tallies: u32) -> Self {
        let agent = AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).unwrap();
        let world = Arc::new(World(AtomicU64::new(0)));
        let site = Site::open(store, agent, Arc::clone(&world) as _, world).await.unwrap();
        let devices = Arc::new((0..=tallies).map(|number| Device::of(agent, number)).collect());
        let town = Self { site, devices };
        town.clone().add(0).await;
        town.each(tallies, Self::invite).await;
        town.each(tallies, Self::offer).await;
        town.each(tallies, Self::accept).await;
        town
    }

    /// Has something done for each customer, 64 at a time.
    async fn each<F>(&self, tallies: u32, what: impl Fn(Self, u32) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let numbers: Vec<u32> = (1..=tallies).collect();
        for numbers in numbers.chunks(64) {
            let all = numbers.iter().map(|number| tokio::spawn(what(self.clone(), *number)));
            for one in all.collect::<Vec<_>>() {
                one.await.unwrap();
            }
        }
    }

    async fn add(self, number: u32) {
        let kind = if number == 0 { UserKind::Organisation } else { UserKind::Person };
        let add = Command::AddUser { kind, cert: Box::new(self.cert(number)) };
        self.ask(Caller::Administrator, format!("add {number}"), add).await;
    }

    async fn invite(self, number: u32) {
        self.clone().add(number).await;
        let expires = "2099-01-01T00:00:00.000Z".parse().unwrap();
        let (tally, side, draft) = (tally_id(number), Side::Stock, Box::new(draft()));
        let invite = Command::Invite { tally, side, draft, expires };
        let shop = Caller::User(cuid(0));
        let invited = self.ask(shop, format!("i {number}"), invite).await;
        let Answer::Invited(invitation) = invited else { panic!("an invitation") };
        let answer = Command::Answer { invitation };
        self.ask(Caller::User(cuid(number)), format!("a {number}"), answer).await;
    }

    fn tally(&self, number: u32) -> Tally {
        let draft = draft();
        let party = |number, terms| Party { cert: self.cert(number), terms };
        let members = Members {
            uuid: tally_id(number),
            revision: 1.try_into().unwrap(),
            date: date(),
            expires: None,
            memo: None,
            stock: party(0, draft.holder),
            foil: party(number, draft.partner),
            agree: draft.agree,
            sign: None,
        };
        Tally::new(members).unwrap().signed(Side::Stock, &self.devices[0]).unwrap()
    }

    async fn offer(self, number: u32) {
        let wish = Wish::Offer(Box::new(self.tally(number)));
        let offer = Command::Tally { tally: tally_id(number), wish };
        self.ask(Caller::User(cuid(0)), format!("o {number}"), offer).await;
    }

    async fn accept(self, number: u32) {
        let seen = self.site.tally(&cuid(number), tally_id(number)).await.unwrap();
        let (offer, _) = seen.offer.unwrap();
        let accepted = offer.signed(Side::Foil, &self.devices[number as usize]).unwrap();
        let accept =
            Command::Tally { tally: tally_id(number), wish: Wish::Accept(Box::new(accepted)) };
        self.ask(Caller::User(cuid(number)), format!("y {number}"), accept).await;
    }

    /// A payment of a customer to the shop; `payment` names it.
    pub(crate) fn payment(&self, number: u32, payment: u32) -> Chit {
        payment_by(&self.devices[number as usize], number, payment)
    }

    /// Has a customer's payment written.
    pub(crate) async fn pay(&self, number: u32, chit: Chit) {
        let (id, tally) = (chit.uuid.to_string(), chit.tally);
        let wish = Wish::Write { chit: Box::new(chit), over_limit: false };
        self.ask(Caller::User(cuid(number)), id, Command::Tally { tally, wish }).await;
    }

    pub(crate) async fn ask(&self, caller: Caller, id: String, command: Command) -> Answer {
        self.site.command(&caller, &CommandId::new(&id).unwrap(), command).await.unwrap()
    }

    fn cert(&self, number: u32) -> Cert {
        self.devices[number as usize].cert.clone().unwrap()
    }
}

//! A generated town: users, tallies that both signed, balances, settings; and payments to sign.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Set, Written};
use protocol::lift::Authorisation;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, Hash, PaymentId, Rate, SecretKey, Settings,
    Side, Signer, Tally, TallyId, Terms, Timestamp, Units,
};
use site::{Caller, Chance as SiteChance, Clock, Command, CommandId, Intake, Site, Whole};
use store::{Store, UserKind};

/// How many tallies are taken in at once.
const AT_ONCE: u32 = 500;

/// How far neighbours live from each other at most; a tenth of all tallies go farther.
const NEAR: u32 = 200;

/// The machine's clock, and chance that is the same in every run.
struct World(AtomicU64);

impl Clock for World {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap()).unwrap()
    }
}

impl SiteChance for World {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes()
    }
}

/// `SplitMix64`: the same seed, the same town.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(bound)).unwrap()
    }
}

pub(crate) struct Town {
    pub(crate) site: Site,
    users: u32,
    /// Those of them who have a tally.
    there: Vec<u32>,
}

fn agent_key() -> SecretKey {
    SecretKey::ed25519(&[9; 32])
}

fn agent() -> AgentId {
    AgentId::of(&agent_key().public_key()).unwrap()
}

pub(crate) fn cuid(number: u32) -> Cuid {
    format!("u{number}").parse().unwrap()
}

pub(crate) fn address(number: u32) -> ChipAddress {
    ChipAddress { cuid: cuid(number), agent: agent(), endpoint: None }
}

fn key(number: u32) -> SecretKey {
    SecretKey::ed25519(Hash::of(&number.to_be_bytes()).as_bytes())
}

fn date() -> Timestamp {
    "2026-11-22T09:00:00.000Z".parse().unwrap()
}

fn units(milli: u32) -> Units {
    Units::new(milli.into()).unwrap()
}

fn name(text: &str) -> [u8; 16] {
    Hash::of(text.as_bytes()).as_bytes()[..16].try_into().unwrap()
}

fn cert(number: u32) -> Cert {
    let key = key(number);
    let names = List::new(vec![format!("User {number}").parse().unwrap()]).unwrap();
    let cert = Cert {
        chad: address(number),
        r#type: Type::Person,
        name: Names::try_from(names).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: date(),
        sign: None,
    };
    cert.signed(&key).unwrap()
}

impl Town {
    pub(crate) async fn open(store: Store, users: u32, tallies: u32) -> Self {
        let world = Arc::new(World(AtomicU64::new(0)));
        let site = Site::open(store, agent(), Arc::clone(&world) as _, world).await.unwrap();
        let site = site.signing_with(Arc::new(agent_key())).unwrap();
        let mut town = Self { site, users, there: Vec::new() };
        let (mut chance, mut certs) = (Chance(0), BTreeMap::new());
        let mut first = 0;
        while first < tallies {
            let mut intake = Intake::default();
            for number in first..(first + AT_ONCE).min(tallies) {
                let whole = town.whole(number, &mut chance, &mut certs, &mut intake);
                intake.tallies.push(whole);
            }
            let id = CommandId::new(&format!("tallies from {first}")).unwrap();
            town.site.take_in(&Caller::Administrator, &id, intake).await.unwrap();
            first += AT_ONCE;
        }
        town.there = certs.into_keys().collect();
        town
    }

    fn whole(
        &self,
        number: u32,
        chance: &mut Chance,
        certs: &mut BTreeMap<u32, Cert>,
        intake: &mut Intake,
    ) -> Whole {
        let stock = chance.below(self.users);
        let reach = if chance.below(10) == 0 { self.users } else { NEAR.min(self.users) };
        let foil = (stock + 1 + chance.below(reach - 1)) % self.users;
        let mut party = |user: u32, limit| {
            let cert = certs.entry(user).or_insert_with(|| cert(user)).clone();
            if !intake.users.iter().any(|(_, one)| one.chad.cuid == cert.chad.cuid) {
                intake.users.push((UserKind::Person, cert.clone()));
            }
            Party { cert, terms: Terms::new(units(limit), BTreeMap::new()).unwrap() }
        };
        let limits = [10_000 + chance.below(40_000), chance.below(20_000)];
        let members = Members {
            uuid: TallyId::random(name(&format!("tally {number}"))),
            revision: 1.try_into().unwrap(),
            date: date(),
            expires: None,
            memo: None,
            stock: party(stock, limits[0]),
            foil: party(foil, limits[1]),
            agree: Agree {
                host: "mychips.org".parse().unwrap(),
                name: "neighbours".parse().unwrap(),
                rid: ContractId::from_bytes([4; 32]),
            },
            sign: None,
        };
        let (stock, foil) = (key(stock), key(foil));
        let tally = Tally::new(members).unwrap().signed(Side::Stock, &stock).unwrap();
        let tally = tally.signed(Side::Foil, &foil).unwrap();
        let chit = |by, what: &str, entry| {
            let (uuid, tally) =
                (ChitId::random(name(&format!("{what} {number}"))), tally.members().uuid);
            let signer = if by == Side::Stock { &stock } else { &foil };
            Chit { uuid, tally, by, date: date(), entry }.signed(signer).unwrap()
        };
        let mut chits = Vec::new();
        if chance.below(2) == 0 {
            let amount = units(1 + chance.below(limits[0])).try_into().unwrap();
            let entry = Entry::Tran { units: amount, written: Written::default() };
            chits.push(chit(Side::Foil, "debt", entry));
        }
        if chance.below(10) == 0 {
            let mut rate = || Rate::new(i32::try_from(chance.below(20_000)).unwrap()).unwrap();
            let settings = Settings::new(units(5_000), units(40_000), rate(), rate()).unwrap();
            let set = Set { settings, counter: 1.try_into().unwrap(), owe: None, close: false };
            chits.push(chit(Side::Stock, "set", Entry::Set { set, written: Written::default() }));
        }
        Whole { tally, chits }
    }

    /// Two users, wherever they live.
    pub(crate) fn two(&self, chance: &mut Chance) -> (u32, u32) {
        let many = u32::try_from(self.there.len()).unwrap();
        let payer = chance.below(many);
        let payee = (payer + 1 + chance.below(many - 1)) % many;
        (self.there[payer as usize], self.there[payee as usize])
    }

    /// A payment of up to 5 CHIPs, signed; and who makes it.
    pub(crate) fn payment(&self, number: u32, chance: &mut Chance) -> (u32, Command) {
        let (payer, payee) = self.two(chance);
        let milli = 1 + chance.below(5_000);
        let authorisation = Authorisation {
            uuid: PaymentId::random(name(&format!("payment {number}"))),
            payer: address(payer),
            payee: address(payee),
            units: units(milli).try_into().unwrap(),
            most: units(2 * milli).try_into().unwrap(),
            date: date(),
            expires: "2099-01-01T00:00:00.000Z".parse().unwrap(),
            r#ref: None,
            memo: None,
            sign: None,
        };
        let signed = authorisation.signed(&key(payer)).unwrap();
        (payer, Command::PayByLift { authorisation: Box::new(signed), hint: None })
    }
}

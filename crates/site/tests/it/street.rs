//! A street of neighbours whose tallies come in whole: who may owe whom how much, who owes how much, and
//! what everybody signed about being used.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Rekey, Set, Written};
use protocol::lift::Authorisation;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    ChipAddress, ChitId, ContractId, Hash, PaymentId, SecretKey, Settings, Side, Signer, Tally,
    TallyId, Terms, Timestamp,
};
use site::{
    Answer, Caller, Command, CommandId, Found, Intake, Paid, Query, Route, SiteError, Whole, Wish,
};
use store::{Store, UserKind};

use crate::town::{START, Town, World, agent, cuid, units, user};

/// A tally, as it is brought.
#[derive(Clone, Debug)]
pub(crate) struct Tie {
    pub(crate) stock: &'static str,
    pub(crate) foil: &'static str,
    /// What the stock grants the foil, and the foil the stock.
    pub(crate) limits: [i64; 2],
    /// What the foil owes; below zero: the stock.
    pub(crate) owed: i64,
    /// What the stock and the foil signed about it.
    pub(crate) settings: [Option<Settings>; 2],
}

/// A tally on which the foil may owe so much, and nothing is owed.
pub(crate) const fn tie(stock: &'static str, foil: &'static str, limit: i64) -> Tie {
    Tie { stock, foil, limits: [limit, 0], owed: 0, settings: [None, None] }
}

pub(crate) struct Street {
    pub(crate) town: Town,
    pub(crate) store: Store,
    keys: BTreeMap<&'static str, SecretKey>,
    certs: BTreeMap<&'static str, Cert>,
    ties: Vec<Tie>,
}

/// Everybody's name.
pub(crate) const NAMES: [&str; 14] = [
    "ann", "bob", "cleo", "dan", "eve", "flo", "gus", "hal", "ida", "jon", "kim", "lou", "max",
    "nan",
];

pub(crate) fn tally_of(number: usize) -> TallyId {
    TallyId::random([u8::try_from(number + 60).unwrap(); 16])
}

fn chit_of(tally: usize, number: u8) -> ChitId {
    let mut bytes = [number; 16];
    bytes[0] = u8::try_from(tally).unwrap();
    ChitId::random(bytes)
}

pub(crate) fn payment_of(number: u8) -> PaymentId {
    PaymentId::random([number; 16])
}

pub(crate) fn address(name: &str) -> ChipAddress {
    ChipAddress { cuid: cuid(name), agent: agent(), endpoint: None }
}

fn date() -> Timestamp {
    START.parse().unwrap()
}

impl Street {
    /// A site where these neighbours live.
    pub(crate) async fn new(store: Store, ties: Vec<Tie>) -> Self {
        let town = Town::empty(store.clone()).await;
        let mut street = Self::of(town, store);
        street.bring(ties).await;
        street
    }

    /// Another program that works on the same store.
    pub(crate) async fn another(&self, world: Arc<World>) -> Self {
        let town = Town::reopened(self.store.clone(), world, 1_000_000).await;
        let mut other = Self::of(town, self.store.clone());
        (other.ties, other.certs) = (self.ties.clone(), self.certs.clone());
        other
    }

    fn of(mut town: Town, store: Store) -> Self {
        let key = Arc::new(SecretKey::ed25519(&[9; 32]));
        town.site = town.site.clone().signing_with(key).unwrap();
        let seeds = 101..;
        let keys = NAMES
            .into_iter()
            .zip(seeds)
            .map(|(name, seed)| (name, SecretKey::ed25519(&[seed; 32])));
        Self { town, store, keys: keys.collect(), certs: BTreeMap::new(), ties: Vec::new() }
    }

    /// From now on each note is a letter, which waits until it is delivered.
    pub(crate) fn by_post(self) -> Self {
        Self { town: self.town.by_post(), ..self }
    }

    /// More tallies come in.
    pub(crate) async fn bring(&mut self, ties: Vec<Tie>) {
        let mut intake = Intake::default();
        for name in NAMES {
            let cert = self.cert(name);
            self.certs.insert(name, cert.clone());
            intake.users.push((UserKind::Person, cert));
        }
        for tie in ties {
            intake.tallies.push(self.whole(self.ties.len(), &tie));
            self.ties.push(tie);
        }
        let name = CommandId::new(&format!("intake {}", self.ties.len())).unwrap();
        assert!(self.town.site.take_in(&Caller::Administrator, &name, intake).await.unwrap());
    }

    pub(crate) fn key(&self, name: &str) -> &SecretKey {
        &self.keys[name]
    }

    fn cert(&self, name: &'static str) -> Cert {
        if let Some(cert) = self.certs.get(name) {
            return cert.clone();
        }
        let line = name.parse().unwrap();
        let cert = Cert {
            chad: address(name),
            r#type: Type::Person,
            name: Names::try_from(List::new(vec![line]).unwrap()).unwrap(),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: self.keys[name].public_key(),
            date: date(),
            sign: None,
        };
        cert.signed(&self.keys[name]).unwrap()
    }

    pub(crate) fn whole(&self, number: usize, tie: &Tie) -> Whole {
        let terms = |milli| Terms::new(units(milli), BTreeMap::new()).unwrap();
        let party = |name, limit| Party { cert: self.cert(name), terms: terms(limit) };
        let agree = Agree {
            host: "mychips.org".parse().unwrap(),
            name: "neighbours".parse().unwrap(),
            rid: ContractId::from_bytes([4; 32]),
        };
        let tally = Tally::new(Members {
            uuid: tally_of(number),
            revision: 1.try_into().unwrap(),
            date: date(),
            expires: None,
            memo: None,
            stock: party(tie.stock, tie.limits[0]),
            foil: party(tie.foil, tie.limits[1]),
            agree,
            sign: None,
        });
        let (stock, foil) = (&self.keys[tie.stock], &self.keys[tie.foil]);
        let tally = tally.unwrap().signed(Side::Stock, stock).unwrap();
        let tally = tally.signed(Side::Foil, foil).unwrap();
        let mut chits = Vec::new();
        if tie.owed != 0 {
            let by = if tie.owed > 0 { Side::Foil } else { Side::Stock };
            let amount = units(tie.owed.abs()).try_into().unwrap();
            let entry = Entry::Tran { units: amount, written: Written::default() };
            chits.push(self.chit(number, tie, by, 0, entry));
        }
        for (side, settings) in Side::BOTH.into_iter().zip(tie.settings) {
            if let Some(settings) = settings {
                let counter = 1.try_into().unwrap();
                let set = Set { settings, counter, owe: None, close: false };
                let entry = Entry::Set { set, written: Written::default() };
                chits.push(self.chit(number, tie, side, 1 + side as u8, entry));
            }
        }
        Whole { tally, chits }
    }

    fn chit(&self, number: usize, tie: &Tie, by: Side, name: u8, entry: Entry) -> Chit {
        let holder = if by == Side::Stock { tie.stock } else { tie.foil };
        let (uuid, tally) = (chit_of(number, name), tally_of(number));
        Chit { uuid, tally, by, date: date(), entry }.signed(&self.keys[holder]).unwrap()
    }

    /// A side of a tally writes a chit.
    pub(crate) async fn write(&self, number: usize, by: Side, name: u8, entry: Entry) {
        self.try_to_write(number, by, name, entry).await.unwrap();
    }

    pub(crate) async fn try_to_write(
        &self,
        number: usize,
        by: Side,
        name: u8,
        entry: Entry,
    ) -> Result<Answer, SiteError> {
        let tie = &self.ties[number];
        let holder = if by == Side::Stock { tie.stock } else { tie.foil };
        let chit = Box::new(self.chit(number, tie, by, name, entry));
        let command = Command::Tally {
            tally: tally_of(number),
            wish: Wish::Write { chit, over_limit: false },
        };
        self.town.ask(&user(holder), command).await
    }

    /// The foil of a tally pays directly.
    pub(crate) async fn owe(&self, number: usize, name: u8, milli: i64) {
        let amount = units(milli).try_into().unwrap();
        let entry = Entry::Tran { units: amount, written: Written::default() };
        self.write(number, Side::Foil, name, entry).await;
    }

    /// The stock of a tally pays directly: what the foil owes becomes less.
    pub(crate) async fn pay_back(&self, number: usize, name: u8, milli: i64) {
        let amount = units(milli).try_into().unwrap();
        let entry = Entry::Tran { units: amount, written: Written::default() };
        self.write(number, Side::Stock, name, entry).await;
    }

    /// A user gives up its key on a tally, in favour of another.
    pub(crate) async fn rekey(&self, number: usize, by: Side, next: &SecretKey) {
        let tie = &self.ties[number];
        let holder = if by == Side::Stock { tie.stock } else { tie.foil };
        let tally = tally_of(number);
        let asked = self.town.site.to_rekey(&cuid(holder), tally).await.unwrap();
        let (public, proof) = (next.public_key(), None);
        let rekey = Rekey { counter: asked.counter, head: asked.head, public, proof };
        let entry = Entry::Key { rekey: Box::new(rekey), written: Written::default() };
        let chit = Chit { uuid: chit_of(number, 99), tally, by, date: date(), entry };
        let chit = Box::new(chit.signed(&self.keys[holder]).unwrap().proved(next).unwrap());
        let command = Command::Tally { tally, wish: Wish::Write { chit, over_limit: false } };
        self.town.ask(&user(holder), command).await.unwrap();
    }

    /// What a payer would sign.
    pub(crate) fn unsigned(
        &self,
        number: u8,
        payer: &str,
        payee: &str,
        milli: i64,
        most: i64,
    ) -> Authorisation {
        Authorisation {
            uuid: payment_of(number),
            payer: address(payer),
            payee: address(payee),
            units: units(milli).try_into().unwrap(),
            most: units(most).try_into().unwrap(),
            date: date(),
            expires: date().plus_ms(3_600_000).unwrap(),
            r#ref: Some("B-17".parse().unwrap()),
            memo: Some("a cart".parse().unwrap()),
            sign: None,
        }
    }

    pub(crate) async fn send(
        &self,
        payer: &str,
        authorisation: Authorisation,
    ) -> Result<Paid, SiteError> {
        let authorisation = Box::new(authorisation);
        match self.town.ask(&user(payer), Command::PayByLift { authorisation, hint: None }).await? {
            Answer::Paid(paid) => Ok(paid),
            other => panic!("{other:?}"),
        }
    }

    /// Pays by a lift.
    pub(crate) async fn pay(
        &self,
        number: u8,
        payer: &str,
        payee: &str,
        milli: i64,
        most: i64,
    ) -> Result<Paid, SiteError> {
        let authorisation = self.unsigned(number, payer, payee, milli, most);
        self.send(payer, authorisation.signed(self.key(payer)).unwrap()).await
    }

    pub(crate) async fn route(
        &self,
        payer: &str,
        payee: &str,
        milli: i64,
    ) -> Result<Route, SiteError> {
        let (payee, units) = (address(payee), units(milli).try_into().unwrap());
        let query = Query::Route { user: cuid(payer), payee, units, hint: None };
        match self.town.site.query(&user(payer), query).await? {
            Found::Route(route) => Ok(*route),
            other => panic!("{other:?}"),
        }
    }

    /// What the stock of each tally is owed; both halves must say the same, and that nothing is left to
    /// say.
    pub(crate) async fn balances(&self) -> Vec<i64> {
        let mut balances = Vec::new();
        for (number, tie) in self.ties.iter().enumerate() {
            let half = |name| self.town.site.tally(name, tally_of(number));
            let (stock, foil) = (cuid(tie.stock), cuid(tie.foil));
            let (stock, foil) = (half(&stock).await.unwrap(), half(&foil).await.unwrap());
            assert_eq!(stock.balance_milli, -foil.balance_milli, "tally {number}");
            assert_eq!((stock.chits, stock.agreed), (foil.chits, foil.agreed), "tally {number}");
            assert_eq!(stock.chits, stock.agreed, "tally {number}");
            balances.push(i64::try_from(stock.balance_milli).unwrap());
        }
        balances
    }

    /// What all balances of a user come to.
    pub(crate) async fn worth(&self, name: &str) -> i64 {
        let balances = self.balances().await;
        let own = self.ties.iter().zip(balances).map(|(tie, balance)| {
            i64::from(tie.stock == name) * balance - i64::from(tie.foil == name) * balance
        });
        own.sum()
    }

    /// The kinds of what a user was told, with their JSON, of those that begin so.
    pub(crate) async fn told(&self, name: &str, kind: &str) -> Vec<serde_json::Value> {
        let told = self.town.told(&self.store, name).await;
        let told = told.into_iter().filter(|(found, _)| found.starts_with(kind));
        told.map(|(_, text)| serde_json::from_str(&text).unwrap()).collect()
    }

    /// A number that changes with everything that is kept.
    pub(crate) async fn kept(&self) -> (u64, Hash) {
        let mut view = self.store.read().await.unwrap();
        let totals = view.totals().await.unwrap();
        let halves = view.halves(&store::HalfFilter::default(), None, 1_000).await.unwrap();
        let all = format!("{totals:?} {halves:?}");
        (view.last_event().await.unwrap(), Hash::of(all.as_bytes()))
    }
}

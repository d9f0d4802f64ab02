//! A land of sites: users at each, tallies that they opened by invitation, offer and acceptance, and a road on which the
//! test decides what is lost or doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Set, Written};
use protocol::ledger::users_of;
use protocol::negotiation::Draft;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Hash, Rate, SecretKey, Settings, Side, Sides, Signer,
    Tally, TallyId, Terms,
};
use site::{Answer, Caller, Command, CommandId, Planned, Site, SiteError, Wish};
use store::{Store, UserKind};

use super::road::Dice;
use super::road::{Fate, arrives};
use crate::town::{START, World, agent_of, cuid, units, user};

/// A tally of the land.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tie {
    pub(crate) stock: &'static str,
    pub(crate) foil: &'static str,
    /// What the stock lets the foil owe, and the foil the stock.
    pub(crate) limits: [i64; 2],
}

pub(crate) struct Land {
    pub(crate) world: Arc<World>,
    pub(crate) sites: Vec<Site>,
    pub(crate) stores: Vec<Store>,
    /// At which site everybody is.
    pub(crate) at: BTreeMap<&'static str, usize>,
    pub(crate) ties: Vec<Tie>,
    /// Sites that nobody reaches.
    pub(crate) gone: BTreeSet<AgentId>,
    /// Sites that hear errands, and of which nobody hears any.
    pub(crate) mute: BTreeSet<AgentId>,
    pub(crate) dice: Arc<Mutex<Dice>>,
    commands: AtomicU64,
}

/// A search under way.
type Search = tokio::task::JoinHandle<Result<Vec<Planned>, SiteError>>;

pub(crate) fn key(name: &str) -> SecretKey {
    SecretKey::ed25519(Hash::of(name.as_bytes()).as_bytes())
}

/// The agent of a site.
pub(crate) fn agent(site: usize) -> AgentId {
    agent_of(u8::try_from(site).unwrap() + 50)
}

/// Who decides, everywhere.
pub(crate) fn referee() -> AgentId {
    agent_of(49)
}

pub(crate) fn tally_of(tie: usize) -> TallyId {
    TallyId::random([u8::try_from(tie + 1).unwrap(); 16])
}

impl Land {
    /// So many sites, with these users, each at the site of its number, and these tallies.
    pub(crate) async fn new(sites: usize, users: &[(&'static str, usize)], ties: &[Tie]) -> Self {
        let world = World::started();
        let mut land = Self {
            world,
            sites: Vec::new(),
            stores: Vec::new(),
            at: users.iter().copied().collect(),
            ties: Vec::new(),
            gone: BTreeSet::new(),
            mute: BTreeSet::new(),
            dice: Arc::default(),
            commands: AtomicU64::new(0),
        };
        for site in 0..sites {
            let store = Store::memory();
            land.sites.push(land.opened(site, store.clone()).await);
            land.stores.push(store);
            land.accept(site, referee()).await;
        }
        for (name, site) in users {
            let (kind, cert) = (UserKind::Person, Box::new(land.cert(name)));
            land.ask(*site, &Caller::Administrator, Command::AddUser { kind, cert }).await.unwrap();
        }
        for tie in ties {
            land.open(*tie).await;
        }
        land
    }

    /// The site of a number over its store, as after a restart.
    pub(crate) async fn opened(&self, site: usize, store: Store) -> Site {
        let (clock, chance) = (Arc::clone(&self.world), Arc::clone(&self.world));
        let opened = Site::open(store, agent(site), clock, chance).await.unwrap();
        let seed = u8::try_from(site).unwrap() + 50;
        let site = opened.signing_with(Arc::new(SecretKey::ed25519(&[seed; 32]))).unwrap();
        // From now on somebody carries them.
        site.take_errands().await.unwrap();
        site
    }

    /// A site accepts a referee from now on.
    pub(crate) async fn accept(&self, site: usize, referee: AgentId) {
        let mut tx = self.stores[site].begin().await.unwrap();
        tx.set(&format!("referee:{referee}"), Some("")).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn site_of(&self, name: &str) -> &Site {
        &self.sites[self.at[name]]
    }

    pub(crate) fn address(&self, name: &str) -> ChipAddress {
        ChipAddress { cuid: cuid(name), agent: agent(self.at[name]), endpoint: None }
    }

    fn cert(&self, name: &str) -> Cert {
        let cert = Cert {
            chad: self.address(name),
            r#type: Type::Person,
            name: Names::try_from(List::new(vec![name.parse().unwrap()]).unwrap()).unwrap(),
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: key(name).public_key(),
            date: START.parse().unwrap(),
            sign: None,
        };
        cert.signed(&key(name)).unwrap()
    }

    pub(crate) async fn ask(
        &self,
        site: usize,
        caller: &Caller,
        command: Command,
    ) -> Result<Answer, SiteError> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let id = CommandId::new(&format!("test-{number}")).unwrap();
        self.sites[site].command(caller, &id, command).await
    }

    pub(crate) async fn wish(
        &self,
        name: &str,
        tie: usize,
        wish: Wish,
    ) -> Result<Answer, SiteError> {
        let command = Command::Tally { tally: tally_of(tie), wish };
        self.ask(self.at[name], &user(name), command).await
    }

    /// Two users open a tally.
    pub(crate) async fn open(&mut self, tie: Tie) -> usize {
        let number = self.ties.len();
        self.ties.push(tie);
        let terms = |milli| Terms::new(units(milli), BTreeMap::new()).unwrap();
        let (host, name) = ("mychips.org".parse().unwrap(), "neighbours".parse().unwrap());
        let agree = Agree { host, name, rid: ContractId::from_bytes([4; 32]) };
        let [holder, partner] = tie.limits.map(terms);
        let draft = Box::new(Draft { expires: None, memo: None, agree, holder, partner });
        let (tally, expires) = (tally_of(number), "2026-12-01T00:00:00.000Z".parse().unwrap());
        let invite = Command::Invite { tally, side: Side::Stock, draft, expires };
        let invited = self.ask(self.at[tie.stock], &user(tie.stock), invite).await.unwrap();
        let Answer::Invited(invitation) = invited else { panic!("{invited:?}") };
        let answer = Command::Answer { invitation };
        self.ask(self.at[tie.foil], &user(tie.foil), answer).await.unwrap();
        self.settle().await;
        let offer = Box::new(self.offer(number).await);
        self.wish(tie.stock, number, Wish::Offer(offer)).await.unwrap();
        self.settle().await;
        let seen = self.site_of(tie.foil).tally(&cuid(tie.foil), tally).await.unwrap();
        let (offer, _) = seen.offer.expect("an offer is on the table");
        let accepted = Box::new(offer.signed(Side::Foil, &key(tie.foil)).unwrap());
        self.wish(tie.foil, number, Wish::Accept(accepted)).await.unwrap();
        self.settle().await;
        number
    }

    /// What the stock of a tally signs, by what it sees of it.
    async fn offer(&self, number: usize) -> Tally {
        let tie = self.ties[number];
        let seen = self.site_of(tie.stock).tally(&cuid(tie.stock), tally_of(number)).await.unwrap();
        let (partner, draft) = (seen.partner.unwrap(), seen.draft);
        let tally = Tally::new(Members {
            uuid: tally_of(number),
            revision: 1.try_into().unwrap(),
            date: START.parse().unwrap(),
            expires: draft.expires,
            memo: draft.memo,
            stock: Party { cert: self.cert(tie.stock), terms: draft.holder },
            foil: Party { cert: partner, terms: draft.partner },
            agree: draft.agree,
            sign: None,
        });
        tally.unwrap().signed(Side::Stock, &key(tie.stock)).unwrap()
    }

    /// What tells the tally of a tie from those of others.
    pub(crate) fn users(&self, tie: usize) -> Hash {
        let Tie { stock, foil, .. } = self.ties[tie];
        let [stock, foil] = [stock, foil].map(|name| key(name).public_key());
        users_of(&Sides { stock, foil })
    }

    /// A side of a tally writes a chit, and both sites hear of it.
    async fn try_to_write(&self, tie: usize, by: Side, entry: Entry) -> Result<(), SiteError> {
        let Tie { stock, foil, .. } = self.ties[tie];
        let holder = if by == Side::Stock { stock } else { foil };
        let mut uuid = [7; 16];
        uuid[..8].copy_from_slice(&self.commands.load(Ordering::Relaxed).to_be_bytes());
        let date = "2026-11-22T10:00:00.000Z".parse().unwrap();
        let chit = Chit { uuid: ChitId::random(uuid), tally: tally_of(tie), by, date, entry };
        let chit = Box::new(chit.signed(&key(holder)).unwrap());
        self.wish(holder, tie, Wish::Write { chit, over_limit: false }).await?;
        self.settle().await;
        Ok(())
    }

    /// A side of a tally pays directly.
    pub(crate) async fn pay(&self, tie: usize, by: Side, milli: i64) {
        let units = units(milli).try_into().unwrap();
        let entry = Entry::Tran { units, written: Written::default() };
        self.try_to_write(tie, by, entry).await.unwrap();
    }

    /// The same where it may be beyond the limit, or the tally closed.
    pub(crate) async fn try_to_pay(&self, tie: usize, by: Side, milli: i64) {
        let units = units(milli).try_into().unwrap();
        let entry = Entry::Tran { units, written: Written::default() };
        match self.try_to_write(tie, by, entry).await {
            Ok(()) | Err(SiteError::Ledger(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// A side of a tally signs what it charges for being used, in parts per million: for what it takes in beyond
    /// nothing, and for what it lets go; its settings of that number.
    pub(crate) async fn charge(&self, tie: usize, by: Side, counter: u32, rates: [i32; 2]) {
        let [reward, clutch] = rates.map(|ppm| Rate::new(ppm).unwrap());
        let bound = self.ties[tie].limits[usize::from(by == Side::Foil)];
        let settings = Settings::new(units(0), units(bound), reward, clutch).unwrap();
        self.try_to_set(tie, by, counter, settings, false).await.unwrap();
    }

    /// A side of a tally closes it.
    pub(crate) async fn close(&self, tie: usize, by: Side) {
        let settings = Settings::default_for(units(self.ties[tie].limits[0]));
        self.try_to_set(tie, by, 1, settings, true).await.unwrap();
    }

    /// The stock of a tally closes it, where it has not yet.
    pub(crate) async fn try_to_close(&self, tie: usize) {
        let settings = Settings::default_for(units(self.ties[tie].limits[0]));
        match self.try_to_set(tie, Side::Stock, 1, settings, true).await {
            Ok(()) | Err(SiteError::Ledger(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn try_to_set(
        &self,
        tie: usize,
        by: Side,
        counter: u32,
        settings: Settings,
        close: bool,
    ) -> Result<(), SiteError> {
        let set = Set { settings, counter: counter.try_into().unwrap(), owe: None, close };
        self.try_to_write(tie, by, Entry::Set { set, written: Written::default() }).await
    }

    /// A user looks for ways; everything that is said arrives as `fate` has it.
    pub(crate) async fn find_among(
        &self,
        [payer, payee]: [&str; 2],
        [milli, most]: [i64; 2],
        fate: Fate<'_>,
    ) -> Result<Vec<Planned>, SiteError> {
        let search = self.search(payer, payee, [milli, most]);
        while !search.is_finished() {
            self.carry(fate).await;
            tokio::task::yield_now().await;
        }
        search.await.unwrap()
    }

    /// The same where time has to pass: once something is asked, `meanwhile` happens again and again.
    pub(crate) async fn find_while(
        &self,
        [payer, payee]: [&str; 2],
        amounts: [i64; 2],
        meanwhile: impl AsyncFn(),
    ) -> Result<Vec<Planned>, SiteError> {
        let asked = || self.site_of(payer).search_counts().seeker.asked;
        let before = asked();
        let search = self.search(payer, payee, amounts);
        while !search.is_finished() {
            if asked() > before {
                self.carry(&mut arrives).await;
                meanwhile().await;
            }
            tokio::task::yield_now().await;
        }
        search.await.unwrap()
    }

    fn search(&self, payer: &str, payee: &str, amounts: [i64; 2]) -> Search {
        let (site, payer, payee) = (self.site_of(payer).clone(), cuid(payer), self.address(payee));
        let [amount, most] = amounts.map(units);
        tokio::spawn(async move { site.find_ways(&payer, &payee, amount, most).await })
    }

    pub(crate) async fn find(
        &self,
        ends: [&str; 2],
        amounts: [i64; 2],
    ) -> Result<Vec<Planned>, SiteError> {
        self.find_among(ends, amounts, &mut arrives).await
    }

    /// The parts of a plan, site by site from the payer's on: each site knows its own by the token that it answered.
    pub(crate) fn parts(&self, payer: &str, first: &Planned) -> Vec<(usize, Planned)> {
        let mut parts = vec![(self.at[payer], first.clone())];
        while let Some((tally, partner, token)) = parts.last().unwrap().1.on {
            let before = agent(parts.last().unwrap().0);
            let site = (0..self.sites.len()).find(|site| agent(*site) == partner).unwrap();
            let planned = self.sites[site].plan(&token).expect("it is remembered");
            assert_eq!(planned.from, Some((tally, before)), "it comes in where it went out");
            parts.push((site, planned));
        }
        parts
    }

    /// What moves over each tally of a plan so that `milli` arrive, by what each site says now of its own part, from the
    /// payee's site back; none where some site says that it cannot be.
    pub(crate) fn priced(
        &self,
        payer: &str,
        first: &Planned,
        milli: i64,
    ) -> Option<Vec<(TallyId, Side, i64)>> {
        let mut ends = units(milli);
        let mut all: Vec<(TallyId, Side, i64)> = Vec::new();
        for (site, planned) in self.parts(payer, first).into_iter().rev() {
            let legs = self.sites[site].price(&planned, ends)?;
            ends = legs[0].units.get();
            let mut legs: Vec<_> =
                legs.iter().map(|leg| (leg.tally, leg.by, leg.units.get().milli())).collect();
            if let Some(joint) = all.first() {
                assert_eq!(
                    legs.pop().as_ref(),
                    Some(joint),
                    "both sites say the same of their tally"
                );
            }
            legs.extend(all);
            all = legs;
        }
        Some(all)
    }
}

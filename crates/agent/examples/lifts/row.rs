//! Four sites in a row, with lanes of tallies from the first to the last, and a fifth that decides.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use protocol::address::Transport;
use protocol::lift::Authorisation;
use protocol::tally::{Members, Party};
use protocol::{ChipAddress, Cuid, Hash, PaymentId, SecretKey, Side, Tally, TallyId, Units};
use site::{Answer, Caller, Clock as _, Command, CommandId, SiteError, Wish};
use store::UserKind;
use tokio::task::JoinHandle;

use crate::common::{One, World, cert, date, draft};

/// How many sites the lanes go over.
const SITES: u32 = 4;

/// Longer than opening a tally takes.
const LONG: Duration = Duration::from_secs(60);

/// How often a site does what time brings, as a served one does.
const TEND_EVERY: Duration = Duration::from_millis(100);

/// How long a payer waits where partners' sites have no time for its search.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// All five.
#[derive(Clone)]
pub(crate) struct Row {
    sites: Arc<Vec<One>>,
    lanes: u32,
    names: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
}

fn key(site: u32, lane: u32) -> SecretKey {
    SecretKey::ed25519(Hash::of(format!("{site} {lane}").as_bytes()).as_bytes())
}

fn cuid(site: u32, lane: u32) -> Cuid {
    format!("u{site}-{lane}").parse().unwrap()
}

/// The tally of a lane from a site to the next.
fn tally_id(site: u32, lane: u32) -> TallyId {
    let name = Hash::of(format!("tally {site} {lane}").as_bytes());
    TallyId::random(name.as_bytes()[..16].try_into().unwrap())
}

impl Row {
    pub(crate) async fn open(folder: &Path, lanes: u32) -> Self {
        let mut sites = Vec::new();
        for seed in 1..=5 {
            sites.push(One::open(folder, seed, Transport::Tcp).await);
        }
        let (sites, names, ends) = (Arc::new(sites), Arc::default(), Arc::default());
        let row = Self { sites, lanes, names, ends };
        let referee = &row.sites[SITES as usize].site;
        let (agent, endpoint) = (referee.agent(), referee.endpoint());
        for site in 0..SITES {
            let most = Some(Units::new(1 << 40).unwrap());
            let accept = Command::AcceptReferee { agent, endpoint: endpoint.clone(), most };
            row.site(site).ask(Caller::Administrator, "referee".to_owned(), accept).await;
        }
        // Of sites that it does not know a referee takes some thousand lifts an hour.
        for site in 0..SITES {
            let (agent, endpoint) = (row.site(site).site.agent(), row.site(site).site.endpoint());
            let accept = Command::AcceptReferee { agent, endpoint, most: None };
            let id = format!("referee {site}");
            row.site(SITES).ask(Caller::Administrator, id, accept).await;
        }
        for lane in 0..lanes {
            for site in 0..SITES {
                row.add(site, lane).await;
            }
        }
        for lane in 0..lanes {
            for site in 0..SITES - 1 {
                row.open_tally(site, lane).await;
            }
        }
        row.tend();
        row
    }

    fn site(&self, site: u32) -> &One {
        &self.sites[site as usize]
    }

    fn address(&self, site: u32, lane: u32) -> ChipAddress {
        let site_there = &self.site(site).site;
        let (cuid, agent) = (cuid(site, lane), site_there.agent());
        ChipAddress { cuid, agent, endpoint: site_there.endpoint() }
    }

    async fn add(&self, site: u32, lane: u32) {
        let cert = cert(&key(site, lane), &cuid(site, lane), self.site(site).site.agent());
        let add = Command::AddUser { kind: UserKind::Person, cert: Box::new(cert) };
        self.site(site).ask(Caller::Administrator, format!("add {lane}"), add).await;
    }

    /// The lane's tally from a site to the next: the first invites, the next answers, and both sign.
    async fn open_tally(&self, site: u32, lane: u32) {
        let (tally, here, there) = (tally_id(site, lane), self.site(site), self.site(site + 1));
        let (one, other) = (cuid(site, lane), cuid(site + 1, lane));
        let (user, partner) = (Caller::User(one.clone()), Caller::User(other.clone()));
        let (side, draft) = (Side::Stock, Box::new(draft()));
        let expires = "2099-01-01T00:00:00.000Z".parse().unwrap();
        let invite = Command::Invite { tally, side, draft, expires };
        let invited = here.ask(user.clone(), format!("i {lane}"), invite).await;
        let Answer::Invited(invitation) = invited else { panic!("an invitation") };
        there.ask(partner.clone(), format!("a {lane}"), Command::Answer { invitation }).await;
        self.until(site, &one, tally, "P.draft").await;
        let offer = self.offer(site, lane).signed(Side::Stock, &key(site, lane)).unwrap();
        let offer = Command::Tally { tally, wish: Wish::Offer(Box::new(offer)) };
        here.ask(user, format!("o {lane}"), offer).await;
        self.until(site + 1, &other, tally, "P.offer").await;
        let seen = there.site.tally(&other, tally).await.unwrap();
        let accepted = seen.offer.unwrap().0.signed(Side::Foil, &key(site + 1, lane)).unwrap();
        let accept = Command::Tally { tally, wish: Wish::Accept(Box::new(accepted)) };
        there.ask(partner, format!("y {lane}"), accept).await;
        self.until(site, &one, tally, "open").await;
    }

    fn offer(&self, site: u32, lane: u32) -> Tally {
        let written = draft();
        let party = |site, terms| {
            let agent = self.site(site).site.agent();
            Party { cert: cert(&key(site, lane), &cuid(site, lane), agent), terms }
        };
        let members = Members {
            uuid: tally_id(site, lane),
            revision: 1.try_into().unwrap(),
            date: date(),
            expires: None,
            memo: None,
            stock: party(site, written.holder),
            foil: party(site + 1, written.partner),
            agree: written.agree,
            sign: None,
        };
        Tally::new(members).unwrap()
    }

    async fn until(&self, site: u32, holder: &Cuid, tally: TallyId, status: &str) {
        let began = Instant::now();
        while self.site(site).site.tally(holder, tally).await.unwrap().status != status {
            assert!(began.elapsed() < LONG, "{holder} is never {status}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Each site does what is due about lifts at once, and what time brings.
    fn tend(&self) {
        for place in 0..self.sites.len() {
            let row = self.clone();
            drop(tokio::spawn(async move {
                let (one, clock) = (&row.sites[place], World::default());
                while !row.ends.load(Ordering::Relaxed) {
                    tokio::select! {
                        () = one.site.lifts_due() => {}
                        () = tokio::time::sleep(TEND_EVERY) => {
                            one.site.tend_searches(clock.now()).await.unwrap();
                            one.site.tend_referee(clock.now()).await.unwrap();
                        }
                    }
                    if one.site.tend_lifts(clock.now()).await.unwrap() > 0 {
                        one.due.notify_one();
                    }
                }
            }));
        }
    }

    /// One payment over a lane; how long the payer waited from its signature.
    async fn pay(&self, lane: u32) -> Duration {
        let name = self.names.fetch_add(1, Ordering::Relaxed);
        let uuid = Hash::of(&name.to_be_bytes());
        let units = Units::new(5).unwrap().try_into().unwrap();
        let date = World::default().now();
        let authorisation = Authorisation {
            uuid: PaymentId::random(uuid.as_bytes()[..16].try_into().unwrap()),
            payer: ChipAddress { endpoint: None, ..self.address(0, lane) },
            payee: self.address(SITES - 1, lane),
            units,
            most: units,
            date,
            expires: date.plus_ms(600_000).unwrap(),
            r#ref: None,
            memo: None,
            sign: None,
        };
        let began = Instant::now();
        let authorisation = Box::new(authorisation.signed(&key(0, lane)).unwrap());
        let pay = Command::PayByLift { authorisation, hint: None };
        let (caller, payer) = (Caller::User(cuid(0, lane)), &self.site(0).site);
        let id = CommandId::new(&format!("pay {name}")).unwrap();
        loop {
            match payer.command(&caller, &id, pay.clone()).await {
                Ok(answer) => {
                    assert!(matches!(answer, Answer::Paid(_)));
                    break;
                }
                // Searches are rationed among partners: whoever asks too much waits, and asks again.
                Err(SiteError::NoWay { .. }) => tokio::time::sleep(AGAIN_AFTER).await,
                Err(error) => panic!("{error}"),
            }
        }
        began.elapsed()
    }

    /// So many payments, on each lane one after the other.
    pub(crate) async fn pay_at_once(&self, payments: u32) -> Vec<Duration> {
        let payers = (0..self.lanes).map(|lane| {
            let (row, many) = (self.clone(), payments / self.lanes);
            tokio::spawn(async move {
                let mut waited = Vec::new();
                for _ in 0..many {
                    waited.push(row.pay(lane).await);
                }
                waited
            })
        });
        all(payers.collect()).await
    }

    /// So many payments, so many begun in a second, evenly.
    pub(crate) async fn pay_evenly(&self, payments: u32, rate: f64) -> Vec<Duration> {
        let began = tokio::time::Instant::now();
        let payers = (0..payments).map(|number| {
            let row = self.clone();
            let at = began + Duration::from_secs_f64(f64::from(number) / rate);
            tokio::spawn(async move {
                tokio::time::sleep_until(at).await;
                vec![row.pay(number % row.lanes).await]
            })
        });
        all(payers.collect()).await
    }

    /// How many messages there were, answers counted.
    pub(crate) fn messages(&self) -> u64 {
        self.sites.iter().map(|one| 2 * one.wire.counts().sent).sum()
    }

    /// All end, and nobody's doctor finds anything.
    pub(crate) async fn end(self) {
        for one in self.sites.iter() {
            let examined = one.site.doctor(&mut |_| ()).await.unwrap();
            assert!(examined.faults.is_empty(), "{:?}", examined.faults);
        }
        self.ends.store(true, Ordering::Relaxed);
        let mut sites = self.sites;
        while Arc::strong_count(&sites) > 1 {
            tokio::time::sleep(TEND_EVERY).await;
        }
        for one in Arc::get_mut(&mut sites).expect("nobody else").drain(..) {
            one.end().await;
        }
    }
}

async fn all(payers: Vec<JoinHandle<Vec<Duration>>>) -> Vec<Duration> {
    let mut waited = Vec::new();
    for payer in payers {
        waited.append(&mut payer.await.unwrap());
    }
    waited
}

//! Two sites: a shop at one, its customers at the other, open tallies between them, and signed payments.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::address::Transport;
use protocol::cert::Cert;
use protocol::chit::{Chit, Entry, Written};
use protocol::tally::{Members, Party};
use protocol::{ChitId, Cuid, Hash, SecretKey, Side, Tally, TallyId, Units};
use site::{Answer, Caller, Command, Wish};
use store::UserKind;

use crate::common::{One, cert, date, draft};

/// Longer than opening all tallies takes.
const LONG: Duration = Duration::from_secs(60);

/// Both sites. The shop, number 0, is at the first; customers are at the second.
#[derive(Clone)]
pub(crate) struct Two {
    sites: Arc<[One; 2]>,
    keys: Arc<Vec<SecretKey>>,
    /// Signed once: no two signatures of one record are the same.
    certs: Arc<Vec<Cert>>,
    tallies: u32,
}

fn cuid(number: u32) -> Cuid {
    format!("u{number}").parse().unwrap()
}

fn tally_id(number: u32) -> TallyId {
    TallyId::random(Hash::of(&number.to_be_bytes()).as_bytes()[..16].try_into().unwrap())
}

/// Where a side lives: the shop is the stock.
const fn home(side: Side) -> usize {
    match side {
        Side::Stock => 0,
        Side::Foil => 1,
    }
}

impl Two {
    /// Two sites with so many open tallies between them.
    pub(crate) async fn open(folder: &Path, transport: Transport, tallies: u32) -> Self {
        let sites = [One::open(folder, 9, transport).await, One::open(folder, 8, transport).await];
        let seed = |number: u32| *Hash::of(&number.to_le_bytes()).as_bytes();
        let keys: Vec<_> =
            (0..=tallies).map(|number| SecretKey::p256(&seed(number)).unwrap()).collect();
        let certs = keys.iter().zip(0..).map(|(key, number)| {
            cert(key, &cuid(number), sites[usize::from(number > 0)].site.agent())
        });
        let certs = Arc::new(certs.collect());
        let two = Self { sites: Arc::new(sites), keys: Arc::new(keys), certs, tallies };
        two.add(0).await;
        for number in 1..=tallies {
            two.invite(number).await;
        }
        two.each("P.draft", 0, Self::offer).await;
        two.each("P.offer", 1, Self::accept).await;
        two.each("open", 0, async |_, _| {}).await;
        two.agreed().await;
        two
    }

    /// Does something for each tally once its half at a site has this status.
    async fn each(&self, status: &str, site: usize, what: impl AsyncFn(&Self, u32)) {
        let began = Instant::now();
        for number in 1..=self.tallies {
            let holder = if site == 0 { cuid(0) } else { cuid(number) };
            loop {
                let seen = self.sites[site].site.tally(&holder, tally_id(number)).await.unwrap();
                if seen.status == status {
                    break;
                }
                assert!(began.elapsed() < LONG, "{number}: {}, not {status}", seen.status);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            what(self, number).await;
        }
    }

    fn cert(&self, number: u32) -> Cert {
        self.certs[number as usize].clone()
    }

    async fn add(&self, number: u32) {
        let add = Command::AddUser { kind: UserKind::Person, cert: Box::new(self.cert(number)) };
        let site = &self.sites[usize::from(number > 0)];
        site.ask(Caller::Administrator, format!("add {number}"), add).await;
    }

    async fn invite(&self, number: u32) {
        self.add(number).await;
        let expires = "2099-01-01T00:00:00.000Z".parse().unwrap();
        let (tally, side, draft) = (tally_id(number), Side::Stock, Box::new(draft()));
        let invite = Command::Invite { tally, side, draft, expires };
        let shop = Caller::User(cuid(0));
        let Answer::Invited(invitation) =
            self.sites[0].ask(shop, format!("i {number}"), invite).await
        else {
            panic!("an invitation")
        };
        let answer = Command::Answer { invitation };
        self.sites[1].ask(Caller::User(cuid(number)), format!("a {number}"), answer).await;
    }

    async fn offer(&self, number: u32) {
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
        let offer = Tally::new(members).unwrap().signed(Side::Stock, &self.keys[0]).unwrap();
        self.wish(Side::Stock, number, format!("o {number}"), Wish::Offer(Box::new(offer))).await;
    }

    async fn accept(&self, number: u32) {
        let seen = self.sites[1].site.tally(&cuid(number), tally_id(number)).await.unwrap();
        let (offer, _) = seen.offer.unwrap();
        let accepted = offer.signed(Side::Foil, &self.keys[number as usize]).unwrap();
        self.wish(Side::Foil, number, format!("y {number}"), Wish::Accept(Box::new(accepted)))
            .await;
    }

    async fn wish(&self, side: Side, number: u32, id: String, wish: Wish) {
        let who = if side == Side::Stock { cuid(0) } else { cuid(number) };
        let command = Command::Tally { tally: tally_id(number), wish };
        self.sites[home(side)].ask(Caller::User(who), id, command).await;
    }

    /// So many payments by these sides in turn, over so many tallies; `first` names them apart from others.
    pub(crate) fn signed(
        &self,
        by: &[Side],
        first: u32,
        chits: u32,
        tallies: u32,
    ) -> Vec<(u32, Chit)> {
        let sides = u32::try_from(by.len()).unwrap();
        let sign = |chit: u32| {
            let (number, by) = (1 + (chit / sides) % tallies, by[(chit % sides) as usize]);
            let key = if by == Side::Stock { 0 } else { number as usize };
            let units = Units::new(5).unwrap().try_into().unwrap();
            let entry = Entry::Tran { units, written: Written::default() };
            let name = Hash::of(format!("{by:?} {number} {} {chit}", first).as_bytes());
            let uuid = ChitId::random(name.as_bytes()[..16].try_into().unwrap());
            let chit = Chit { uuid, tally: tally_id(number), by, date: date(), entry };
            (number, chit.signed(&self.keys[key]).unwrap())
        };
        (0..chits).map(sign).collect()
    }

    /// Writes payments, by so many callers at once; says how long each waited until its own site had it.
    pub(crate) async fn pay(&self, chits: Vec<(u32, Chit)>, callers: u32) -> Vec<Duration> {
        let mut work: Vec<Vec<(u32, Chit)>> = vec![Vec::new(); callers as usize];
        for (place, chit) in chits.into_iter().enumerate() {
            work[place % callers as usize].push(chit);
        }
        let callers = work.into_iter().map(|work| {
            let two = self.clone();
            tokio::spawn(async move {
                let mut waited = Vec::with_capacity(work.len());
                for (number, chit) in work {
                    let asked = Instant::now();
                    two.write(number, chit).await;
                    waited.push(asked.elapsed());
                }
                waited
            })
        });
        let mut waited = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            waited.append(&mut caller.await.unwrap());
        }
        waited
    }

    async fn write(&self, number: u32, chit: Chit) {
        let (side, id) = (chit.by, chit.uuid.to_string());
        self.wish(side, number, id, Wish::Write { chit: Box::new(chit), over_limit: false }).await;
    }

    /// Writes payments on the first tally, each once both halves have agreed on the one before; says how long
    /// that took.
    pub(crate) async fn pay_and_wait(&self, chits: Vec<(u32, Chit)>) -> Vec<Duration> {
        let mut waited = Vec::with_capacity(chits.len());
        for (number, chit) in chits {
            let asked = Instant::now();
            self.write(number, chit).await;
            while !self.agrees(number).await {
                tokio::task::yield_now().await;
            }
            waited.push(asked.elapsed());
        }
        waited
    }

    /// Whether both halves of a tally have the same chain, and the foil knows it.
    async fn agrees(&self, number: u32) -> bool {
        let tally = tally_id(number);
        let stock = self.sites[0].site.tally(&cuid(0), tally).await.unwrap();
        let foil = self.sites[1].site.tally(&cuid(number), tally).await.unwrap();
        stock.head == foil.head && foil.head.is_none_or(|head| head.index == foil.agreed)
    }

    /// Waits until both halves of all tallies agree.
    pub(crate) async fn agreed(&self) {
        for number in 1..=self.tallies {
            while !self.agrees(number).await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    /// The shop's agent, and where it answers.
    pub(crate) fn shops_place(&self) -> (String, String) {
        let site = &self.sites[0].site;
        (site.agent().to_string(), site.endpoint().unwrap().to_string())
    }

    /// How many messages there were, answers counted.
    pub(crate) fn messages(&self) -> u64 {
        self.sites.iter().map(|one| 2 * one.wire.counts().sent).sum()
    }

    /// Both end.
    pub(crate) async fn end(self) {
        let Ok(sites) = Arc::try_unwrap(self.sites).map_err(|_| "somebody still pays") else {
            return;
        };
        for one in sites {
            one.end().await;
        }
    }
}

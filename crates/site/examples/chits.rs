//! How many chits a site takes each second: signed, verified, chained, on the disk; then how many
//! reach the other half.
//!
//! `cargo run --release -p site --example chits -- [TALLIES] [CALLERS] [CHITS] [sqlite|postgres]`
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Written};
use protocol::negotiation::Draft;
use protocol::tally::{Agree, Members, Party};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Cuid, Hash, SecretKey, Side, Signer, Tally, TallyId,
    Terms, Timestamp, Units,
};
use site::{Answer, Caller, Chance, Clock, Command, CommandId, Site, Wish};
use store::{Store, UserKind};

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

fn key(number: u32) -> SecretKey {
    SecretKey::p256(Hash::of(&number.to_be_bytes()).as_bytes()).unwrap()
}

fn cuid(number: u32) -> Cuid {
    format!("u{number}").parse().unwrap()
}

fn tally_id(number: u32) -> TallyId {
    TallyId::random(Hash::of(&number.to_be_bytes()).as_bytes()[..16].try_into().unwrap())
}

fn cert(agent: AgentId, number: u32) -> Cert {
    let name = List::new(vec![format!("User {number}").parse().unwrap()]).unwrap();
    let cert = Cert {
        chad: ChipAddress { cuid: cuid(number), agent, endpoint: None },
        r#type: Type::Person,
        name: Names::try_from(name).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key(number).public_key(),
        date: "2026-11-22T09:00:00.000Z".parse().unwrap(),
        sign: None,
    };
    cert.signed(&key(number)).unwrap()
}

async fn ask(site: &Site, caller: Caller, id: String, command: Command) -> Answer {
    site.command(&caller, &CommandId::new(&id).unwrap(), command).await.unwrap()
}

/// User 0 is the shop; all others open a tally with it.
async fn open(site: &Site, number: u32) {
    let agent = site.agent();
    let (shop, own) = (Caller::User(cuid(0)), Caller::User(cuid(number)));
    let person = Box::new(cert(agent, number));
    let add = Command::AddUser { kind: UserKind::Person, cert: person };
    ask(site, Caller::Administrator, format!("add {number}"), add).await;
    let terms = |milli| Terms::new(Units::new(milli).unwrap(), BTreeMap::new()).unwrap();
    let agree = Agree {
        host: "mychips.org".parse().unwrap(),
        name: "neighbours".parse().unwrap(),
        rid: ContractId::from_bytes([4; 32]),
    };
    let draft =
        Draft { expires: None, memo: None, agree, holder: terms(1 << 50), partner: terms(0) };
    let (tally, side, words) = (tally_id(number), Side::Stock, Box::new(draft.clone()));
    let expires = "2099-01-01T00:00:00.000Z".parse().unwrap();
    let invite = Command::Invite { tally, side, draft: words, expires };
    let Answer::Invited(invitation) = ask(site, shop.clone(), format!("i {number}"), invite).await
    else {
        panic!("an invitation")
    };
    ask(site, own.clone(), format!("a {number}"), Command::Answer { invitation }).await;
    deliver(site).await;
    let party = |number, terms| Party { cert: cert(agent, number), terms };
    let members = Members {
        uuid: tally,
        revision: 1.try_into().unwrap(),
        date: "2026-11-22T09:00:00.000Z".parse().unwrap(),
        expires: None,
        memo: None,
        stock: party(0, draft.holder),
        foil: party(number, draft.partner),
        agree: draft.agree,
        sign: None,
    };
    let offer = Tally::new(members).unwrap().signed(Side::Stock, &key(0)).unwrap();
    let wish = Wish::Offer(Box::new(offer.clone()));
    ask(site, shop, format!("o {number}"), Command::Tally { tally, wish }).await;
    deliver(site).await;
    let wish = Wish::Accept(Box::new(offer.signed(Side::Foil, &key(number)).unwrap()));
    ask(site, own, format!("y {number}"), Command::Tally { tally, wish }).await;
    deliver(site).await;
}

async fn deliver(site: &Site) -> usize {
    let mut all = 0;
    loop {
        match site.post().await.unwrap().delivered {
            0 => return all,
            some => all += some,
        }
    }
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, other| args.get(place).map_or(other, |arg| arg.parse().unwrap());
    let (tallies, callers, chits): (u32, u32, u32) =
        (number(0, 1_000), number(1, 64), number(2, 20_000));
    let folder = tempfile::tempdir().unwrap();
    let store = match args.get(3).map(String::as_str) {
        Some("postgres") => {
            let cluster = store::testing::Cluster::shared().unwrap();
            Store::postgres(&cluster.database().await.unwrap()).await.unwrap()
        }
        _ => Store::sqlite(&folder.path().join("site.db")).await.unwrap(),
    };
    let agent = AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).unwrap();
    let world = Arc::new(World(AtomicU64::new(0)));
    let site = Site::open(store, agent, Arc::clone(&world) as _, world).await.unwrap();
    let shop = Box::new(cert(agent, 0));
    let add = Command::AddUser { kind: UserKind::Organisation, cert: shop };
    ask(&site, Caller::Administrator, "shop".into(), add).await;
    for number in 1..=tallies {
        open(&site, number).await;
    }
    println!("{tallies} tallies are open; {chits} chits by {callers} callers");

    let mut work: Vec<Vec<(u32, Chit)>> = vec![Vec::new(); callers as usize];
    for chit in 0..chits {
        let payer = 1 + chit % tallies;
        let entry = Entry::Tran {
            units: Units::new(5).unwrap().try_into().unwrap(),
            written: Written::default(),
        };
        let uuid =
            ChitId::random(Hash::of(&chit.to_le_bytes()).as_bytes()[..16].try_into().unwrap());
        let date = "2026-11-22T10:00:00.000Z".parse().unwrap();
        let chit = Chit { uuid, tally: tally_id(payer), by: Side::Foil, date, entry };
        work[(payer % callers) as usize].push((payer, chit.signed(&key(payer)).unwrap()));
    }
    let began = Instant::now();
    let callers: Vec<_> = work
        .into_iter()
        .map(|work| {
            let site = site.clone();
            tokio::spawn(async move {
                for (payer, chit) in work {
                    let (id, tally) = (chit.uuid.to_string(), chit.tally);
                    let wish = Wish::Write { chit: Box::new(chit), over_limit: false };
                    ask(&site, Caller::User(cuid(payer)), id, Command::Tally { tally, wish }).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let written = began.elapsed().as_secs_f64();
    println!("written:   {written:7.2} s, {:8.0} chits a second", f64::from(chits) / written);
    let began = Instant::now();
    let notes = deliver(&site).await;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "delivered: {seconds:7.2} s, {notes} notes, {:8.0} chits a second",
        f64::from(chits) / seconds
    );
    let began = Instant::now();
    let doctor = site.doctor(&mut |_| {}).await.unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "doctor:    {seconds:7.2} s, {} chits, ok {}, {:8.0} chits a second",
        doctor.chits,
        doctor.ok,
        doctor.chits as f64 / seconds
    );
}

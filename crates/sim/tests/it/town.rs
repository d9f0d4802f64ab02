//! A town at a site.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use protocol::tally::Agree;
use protocol::{AgentId, ChitId, ContractId, Cuid, Hash, SecretKey, Signer, Timestamp};
use sim::{Deal, Market, Town};
use site::{Caller, Chance, Clock, Site};
use store::Store;

use crate::{DEBTS, PEOPLE};

/// A clock that a test winds, and chance that repeats.
struct World(AtomicU64);

impl Clock for World {
    fn now(&self) -> Timestamp {
        let ms = self.0.fetch_add(1, Ordering::Relaxed);
        "2026-11-24T09:00:00.000Z".parse::<Timestamp>().unwrap().plus_ms(ms.cast_signed()).unwrap()
    }
}

impl Chance for World {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes()
    }
}

fn key(cuid: &Cuid) -> Result<SecretKey, String> {
    SecretKey::p256(Hash::of(cuid.to_string().as_bytes()).as_bytes()).map_err(|e| e.to_string())
}

fn agree() -> Agree {
    Agree {
        host: "mychips.org".parse().unwrap(),
        name: "neighbours".parse().unwrap(),
        rid: ContractId::from_bytes([4; 32]),
    }
}

async fn site(store: Store) -> Site {
    let agent = AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).unwrap();
    let world = Arc::new(World(AtomicU64::new(0)));
    Site::open(store, agent, Arc::clone(&world) as _, world).await.unwrap()
}

async fn settle(site: &Site) -> Town {
    let market = Market::read(PEOPLE, DEBTS).unwrap();
    Town::settle(site, market, &agree(), key, |_, _| {}).await.unwrap()
}

async fn live(site: &Site, town: &mut Town, dice: &mut Rng, purchases: u64) -> (u64, u64) {
    let (mut done, mut refused) = (0, 0);
    for number in 0..purchases {
        let purchase = town.next(dice);
        let mut name = [0; 16];
        name[..8].copy_from_slice(&dice.u64(..).to_be_bytes());
        name[8..].copy_from_slice(&number.to_be_bytes());
        let date = "2026-11-24T09:00:00.000Z".parse().unwrap();
        match town.buy(site, &purchase, ChitId::random(name), date).await.unwrap() {
            Deal::Done => done += 1,
            Deal::OverLimit => refused += 1,
            Deal::Shut => panic!("nobody closed a tally"),
        }
        site.post().await.unwrap();
    }
    while site.post().await.unwrap().delivered > 0 {}
    (done, refused)
}

#[tokio::test]
async fn a_town_moves_in_trades_and_is_found_again_as_it_was() {
    let store = Store::memory();
    let site = site(store.clone()).await;
    let mut town = settle(&site).await;
    let mut dice = Rng::with_seed(1);
    let (done, refused) = live(&site, &mut town, &mut dice, 1_500).await;
    assert!(done > 700 && refused > 0, "{done} bought, {refused} beyond the limit");
    assert_eq!(town.nets_milli().iter().sum::<i128>(), 0);

    // Everything that the town believes is what the site holds, and it holds together.
    let again = settle(&site).await;
    assert_eq!(again.nets_milli(), town.nets_milli());
    let totals = site.totals(&Caller::Administrator).await.unwrap();
    assert_eq!((totals.users, totals.links), (48, 2 * done));
    let doctor = site.doctor(&mut |_| {}).await.unwrap();
    assert!(doctor.ok, "{doctor:?}");
}

#[tokio::test]
async fn moving_in_goes_on_where_it_stopped() {
    let site = site(Store::memory()).await;
    for stop in [1, 30, 49, 130, 199, 260, 390, 480] {
        let site = site.clone();
        let stopped = tokio::spawn(async move {
            let market = Market::read(PEOPLE, DEBTS).unwrap();
            let watch = |done, _| assert!(done < stop, "the machine stops here");
            Town::settle(&site, market, &agree(), key, watch).await.unwrap();
        });
        assert!(stopped.await.is_err(), "stopped at step {stop}");
    }
    let town = settle(&site).await;
    let totals = site.totals(&Caller::Administrator).await.unwrap();
    assert_eq!(totals.users, town.market().neighbours().len() as u64);
    let open = totals.halves.get("open").copied().unwrap_or(0);
    assert_eq!(totals.halves.values().sum::<u64>(), open, "{:?}", totals.halves);
}

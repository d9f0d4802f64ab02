//! Payments both ways between strangers, while the five sites are killed one after the other at any moment, those that
//! decide among them: what was answered as paid is paid once, and in the end nothing is locked.
//!
//! `KILLS=200` kills more often, `SEED=7` has other chances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use super::clients::{Chance, Clients, Made};
use super::row::{REFEREE, Row, TOGETHER, USERS};

/// How often a site is killed, unless told otherwise: each once.
const KILLS: u32 = 5;

/// Who pays whom, all at once, each one payment after the other.
const ENDS: [[usize; 2]; 8] = [[0, 3], [3, 0], [1, 3], [2, 0], [0, 2], [3, 1], [0, 3], [3, 0]];

fn variable(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

#[test]
fn whoever_is_killed_each_payment_is_made_once_and_nothing_stays_locked() {
    let seed = variable("SEED", std::process::id());
    println!("SEED={seed}");
    println!("{}", each_is_made_once_whoever_is_killed(&[REFEREE], seed));
}

#[test]
fn where_four_decide_together_any_of_them_may_be_killed() {
    let seed = variable("SEED", std::process::id());
    println!("SEED={seed}");
    println!("{}", each_is_made_once_whoever_is_killed(&TOGETHER, seed));
}

/// Says how many were made, and how often somebody had to ask again.
fn each_is_made_once_whoever_is_killed(referees: &[usize], seed: u32) -> String {
    let clients = Arc::new(Clients {
        row: Arc::new(Row::open_decided_by(referees)),
        chance: Chance::new(u64::from(seed)),
        over: AtomicBool::new(false),
        made: Mutex::default(),
        again: Mutex::default(),
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(pay_while_killing(&clients, variable("KILLS", KILLS)));
    let Clients { row, made, again, .. } = Arc::into_inner(clients).unwrap();
    let (row, made) = (Arc::into_inner(row).unwrap(), made.into_inner().unwrap());
    assert!(made.len() >= ENDS.len(), "{} payments", made.len());
    row.settles(&moved(&made));
    each_is_made_once(&row, &made);
    row.end();
    format!("{} made, asked again: {:?}", made.len(), again.into_inner().unwrap())
}

async fn pay_while_killing(clients: &Arc<Clients>, kills: u32) {
    let mut paying = JoinSet::new();
    for (client, ends) in (0..).zip(ENDS) {
        paying.spawn(Arc::clone(clients).pay(client, ends));
    }
    let mut left: Vec<usize> = Vec::new();
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + clients.chance.below(1_500))).await;
        if left.is_empty() {
            left = (0..5).collect();
        }
        let which = usize::try_from(clients.chance.below(left.len() as u64)).unwrap();
        let (row, site) = (Arc::clone(&clients.row), left.swap_remove(which));
        tokio::task::spawn_blocking(move || row.kill(site)).await.unwrap();
    }
    clients.over.store(true, Ordering::Relaxed);
    while let Some(paid) = paying.join_next().await {
        paid.unwrap();
    }
}

/// What all payments come to on each tally: what each owes the one before it.
fn moved(made: &BTreeMap<protocol::PaymentId, Made>) -> Vec<i64> {
    let on = |tally: usize, made: &Made| {
        let [from, to] = made.ends;
        let goes_on = from <= tally && tally < to;
        let comes_back = to <= tally && tally < from;
        made.milli * (i64::from(comes_back) - i64::from(goes_on))
    };
    (0..USERS.len() - 1).map(|tally| made.values().map(|one| on(tally, one)).sum()).collect()
}

/// Every payment that was answered is in its payer's and its payee's statements, by that lift, once; nothing else is.
fn each_is_made_once(row: &Row, made: &BTreeMap<protocol::PaymentId, Made>) {
    for (at, partner) in [(0, 1), (1, 2), (2, 1), (3, 2)] {
        let (town, user, partner) = (&row.towns[at], USERS[at], USERS[partner]);
        let sheet = town.json(&format!("statement {partner} --as {user}"));
        let mut lifts = BTreeSet::new();
        let (mut paid, mut received) = (BTreeMap::new(), BTreeMap::new());
        for entry in sheet["entries"].as_array().unwrap() {
            assert_eq!(entry["type"], "lift", "{entry}");
            let (kind, part) = entry["part"].as_object().unwrap().iter().next().unwrap();
            let names = match kind.as_str() {
                "paid" => &mut paid,
                "received" => &mut received,
                _ => continue,
            };
            let name: protocol::PaymentId = part["payment"].as_str().unwrap().parse().unwrap();
            let effect = entry["effect"].as_i64().unwrap().abs();
            assert!(names.insert(name, effect).is_none(), "{name} twice");
            assert!(lifts.insert(made[&name].lift), "two payments by one lift");
        }
        let of = |end: usize| {
            let own = made.iter().filter(move |(_, one)| one.ends[end] == at);
            own.map(|(name, one)| (*name, one.milli)).collect::<BTreeMap<_, _>>()
        };
        let (pays, gets) = (of(0), of(1));
        assert_eq!((paid, received), (pays, gets), "{user} with {partner}");
    }
}

//! Whatever the land is like: what is found can be carried and costs what it says, and as much is found as whoever knows
//! everything could find.

use proptest::prelude::*;
use protocol::query::Why;
use protocol::{Side, TallyId};
use site::{Caller, CommandId, Intake, SiteError};

use super::land::{Land, Tie, tally_of};

const NAMES: [&str; 6] = ["ann", "bob", "cleo", "dan", "eve", "flo"];

#[derive(Clone, Debug)]
struct Given {
    at: Vec<usize>,
    /// Stock, foil, what each lets the other owe.
    ties: Vec<(usize, usize, [i64; 2])>,
    amount: i64,
}

fn given() -> impl Strategy<Value = Given> {
    let tie = (0..6_usize, 1..6_usize, 0..20_i64, 0..20_i64)
        .prop_map(|(stock, more, a, b)| (stock, (stock + more) % 6, [a, b]));
    let at = proptest::collection::vec(0..4_usize, 6);
    (at, proptest::collection::vec(tie, 3..9), 1..20_i64).prop_map(|(mut at, ties, amount)| {
        // The payer and the payee are never at one site.
        (at[0], at[5]) = (0, 3);
        Given { at, ties, amount }
    })
}

impl Given {
    async fn land(&self) -> Land {
        let users: Vec<_> = NAMES.into_iter().zip(self.at.iter().copied()).collect();
        let tie = |&(stock, foil, limits): &(usize, usize, [i64; 2])| Tie {
            stock: NAMES[stock],
            foil: NAMES[foil],
            limits,
        };
        let ties: Vec<Tie> = self.ties.iter().map(tie).collect();
        Land::new(4, &users, &ties).await
    }

    /// The most that one way from `from` brings to the last, of `most`, which enters no site twice.
    fn widest(&self, from: usize, most: i64, met: &[usize], left: &[usize]) -> i64 {
        if from == 5 || most == 0 {
            return most;
        }
        let mut best = 0;
        for &(stock, foil, [owes, lends]) in &self.ties {
            // The foil may owe the stock so much, and the other way round: so much can be let go.
            for (giver, taker, room) in [(foil, stock, owes), (stock, foil, lends)] {
                let site = self.at[taker];
                let comes_back = left.contains(&site) && site != self.at[from];
                if giver != from || met.contains(&taker) || comes_back {
                    continue;
                }
                let (met, left) = ([met, &[taker]].concat(), [left, &[site]].concat());
                best = best.max(self.widest(taker, most.min(room), &met, &left));
            }
        }
        best
    }
}

fn moves_right(given: &Given, legs: &[(TallyId, Side, i64)], amount: i64) {
    let mut here = 0;
    for (tally, by, milli) in legs {
        let tie = (0..given.ties.len()).find(|tie| tally_of(*tie) == *tally).unwrap();
        let (stock, foil, limits) = given.ties[tie];
        let (giver, taker, room) =
            if *by == Side::Foil { (foil, stock, limits[0]) } else { (stock, foil, limits[1]) };
        assert_eq!((giver, *milli), (here, amount), "nobody charges");
        assert!(*milli <= room);
        here = taker;
    }
    assert_eq!(here, 5);
}

async fn holds(given: Given) {
    let land = given.land().await;
    let most = given.widest(0, given.amount, &[0], &[0]);
    match land.find(["ann", "flo"], [given.amount, given.amount]).await {
        Ok(plans) => {
            let arrives = plans[0].curve.top().arrives.get().milli();
            assert_eq!(arrives, most, "{plans:?}");
            for plan in &plans {
                for point in plan.curve.points() {
                    assert_eq!(point.arrives, point.enters);
                    let milli = point.arrives.get().milli();
                    moves_right(&given, &land.priced("ann", plan, milli).unwrap(), milli);
                }
            }
        }
        Err(SiteError::NoWay { why: Why::Nothing, .. }) => assert_eq!(most, 0),
        Err(error) => panic!("{error}"),
    }
}

/// What may happen to a tally.
#[derive(Clone, Debug)]
enum Change {
    Paid {
        tie: usize,
        by_stock: bool,
        milli: i64,
    },
    Closed {
        tie: usize,
    },
    Opened {
        stock: usize,
        more: usize,
        limits: [i64; 2],
    },
    /// Many tallies came in at once, and a site begins its graph anew.
    TakenIn {
        site: usize,
    },
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        5 => (0..9_usize, any::<bool>(), 1..12_i64)
            .prop_map(|(tie, by_stock, milli)| Change::Paid { tie, by_stock, milli }),
        1 => (0..9_usize).prop_map(|tie| Change::Closed { tie }),
        2 => (0..6_usize, 1..6_usize, 0..20_i64, 0..20_i64)
            .prop_map(|(stock, more, a, b)| Change::Opened { stock, more, limits: [a, b] }),
        1 => (0..4_usize).prop_map(|site| Change::TakenIn { site }),
    ]
}

async fn happen(land: &mut Land, change: &Change, number: usize) {
    let ties = land.ties.len();
    match *change {
        Change::Paid { tie, by_stock, milli } => {
            let by = if by_stock { Side::Stock } else { Side::Foil };
            land.try_to_pay(tie % ties, by, milli).await;
        }
        Change::Closed { tie } => land.try_to_close(tie % ties).await,
        Change::Opened { stock, more, limits } => {
            let (stock, foil) = (NAMES[stock], NAMES[(stock + more) % 6]);
            land.open(Tie { stock, foil, limits }).await;
        }
        Change::TakenIn { site } => {
            let id = CommandId::new(&format!("nothing {number}")).unwrap();
            let taken = land.sites[site].take_in(&Caller::Administrator, &id, Intake::default());
            assert!(taken.await.unwrap());
        }
    }
}

/// What is found now, as far as it does not depend on the order in which tallies became known.
async fn found_now(land: &Land, amount: i64) -> Result<i64, Why> {
    match land.find(["ann", "flo"], [amount, amount]).await {
        Ok(plans) => Ok(plans[0].curve.top().arrives.get().milli()),
        Err(SiteError::NoWay { why, .. }) => Err(why),
        Err(error) => panic!("{error}"),
    }
}

/// Sites that heard of each change find what sites find that have just read everything.
async fn keeps_up(given: Given, changes: Vec<Change>) {
    let mut land = given.land().await;
    // Graphs and their copies are there from now on.
    let _ = found_now(&land, given.amount).await;
    for (number, change) in changes.iter().enumerate() {
        happen(&mut land, change, number).await;
        if number % 3 == 0 {
            let _ = found_now(&land, given.amount).await;
        }
    }
    let found = found_now(&land, given.amount).await;
    for site in 0..land.sites.len() {
        land.sites[site] = land.opened(site, land.stores[site].clone()).await;
    }
    assert_eq!(found, found_now(&land, given.amount).await, "{changes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_much_is_found_as_whoever_knows_everything_could_find(given in given()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(holds(given));
    }

    #[test]
    fn sites_keep_up_with_what_happens_to_their_tallies(
        given in given(),
        changes in proptest::collection::vec(change(), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(keeps_up(given, changes));
    }
}

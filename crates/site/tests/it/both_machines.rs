//! Where an invoice and the ledger meet: everything that two users may do about one invoice, in every
//! order of three steps. Whatever was lost on the way, the two halves end alike, and nothing is paid
//! but what the payer signed.

use site::{SiteError, Standing};
use store::Store;

use crate::invoices::{asks, taken_back};
use crate::town::Town;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Suzie asks, or changes what she asks for.
    Ask,
    /// Suzie takes it back.
    TakeBack,
    /// Bob refuses what he was shown last.
    Refuse,
    /// Bob pays what he was shown last.
    Pay,
    /// Letters arrive, one way.
    Deliver,
    /// Letters are lost.
    Lose,
}

const ACTS: [Act; 6] = [Act::Ask, Act::TakeBack, Act::Refuse, Act::Pay, Act::Deliver, Act::Lose];

/// One of them, as the sequence counts in base six.
fn act(number: usize, place: u32) -> Act {
    ACTS[number / 6_usize.pow(place) % 6]
}

async fn does(town: &Town, store: &Store, act: Act) {
    let next = town.stand("suzie").await.first().map_or(1, |(revision, _)| revision + 1);
    let shown = town.stand("bob").await.first().map(|(revision, _)| *revision);
    let done = match (act, shown) {
        (Act::Ask, _) => town.ask_for(asks(1, next, 100 * i64::from(next))).await,
        (Act::TakeBack, _) => town.ask_for(taken_back(1, next)).await,
        (Act::Refuse, Some(shown)) => town.refuses(1, shown, "no").await,
        (Act::Pay, Some(shown)) => town.pays(&asks(1, shown, 100 * i64::from(shown))).await,
        (Act::Refuse | Act::Pay, None) => return,
        (Act::Deliver, _) => {
            assert_eq!(town.site.post().await.unwrap().refused, 0);
            return;
        }
        (Act::Lose, _) => return town.lose_letters(store).await,
    };
    if let Err(error) = done {
        assert!(matches!(error, SiteError::Invoice(_)), "{act:?}: {error}");
    }
}

/// What it comes to once letters arrive.
async fn heals(town: &Town) {
    for _ in 0..8 {
        town.deliver().await;
        if town.site.remind().await.unwrap() == 0 {
            return;
        }
    }
    panic!("the halves talk for ever");
}

#[tokio::test]
async fn every_order_of_three_acts_ends_alike_at_both_halves() {
    let mut ends = std::collections::BTreeSet::new();
    for number in 0..6_usize.pow(3) {
        let store = Store::memory();
        let town = Town::with_tally(store.clone()).await.by_post();
        // Something is there to be decided about.
        does(&town, &store, Act::Ask).await;
        town.deliver().await;
        let acts: Vec<Act> = (0..3).map(|place| act(number, place)).collect();
        for act in &acts {
            does(&town, &store, *act).await;
        }
        heals(&town).await;
        let [suzie, bob] = [town.stand("suzie").await[0], town.stand("bob").await[0]];
        let paid = |standing| matches!(standing, Standing::Paid { .. });
        if paid(suzie.1) || paid(bob.1) {
            assert!(paid(suzie.1) && paid(bob.1), "{acts:?}: {suzie:?} {bob:?}");
            assert_eq!(bob.1, Standing::Paid { as_asked: true }, "{acts:?}");
            assert_eq!(town.balance("suzie").await, 100 * i128::from(bob.0), "{acts:?}");
        } else {
            assert_eq!(suzie, bob, "{acts:?}");
            assert_eq!(town.balance("suzie").await, 0, "{acts:?}");
        }
        assert_eq!(town.balance("bob").await, -town.balance("suzie").await, "{acts:?}");
        town.assert_sound().await;
        ends.insert((suzie.1.word(), bob.1.word()));
    }
    // All that may become of an invoice did.
    let same = ["open", "paid", "refused", "withdrawn"].map(|word| (word, word));
    let crossed = [("paid_otherwise", "paid")];
    assert_eq!(ends, same.into_iter().chain(crossed).collect());
}

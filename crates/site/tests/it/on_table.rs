//! What lies on a tally's table, invoices and offers: in the end it is the same at both halves, also where a site was
//! restored from a backup.

use protocol::chit::{Entry, Set, Written};
use protocol::{Hash, Record as _, Settings};
use site::Wish;

use crate::invoices::asks;
use crate::pair::Pair;
use crate::town::{START, chit_id, cuid, tally_id, units};

impl Pair {
    /// The tally is open, and an offer of Suzie's to change it on both tables.
    async fn offered() -> (Self, Hash) {
        let mut pair = Self::new().await;
        pair.offer().await;
        pair.carry_all().await;
        let offer = pair.on_table(1).await.unwrap();
        assert_eq!(pair.on_table(0).await, Some(offer));
        (pair, offer)
    }

    /// The offer that a half shows.
    async fn on_table(&self, at: usize) -> Option<Hash> {
        self.places[at].seen().await.offer.map(|(offer, _)| offer.hash().unwrap())
    }

    /// Suzie, the stock, asks Bob.
    async fn ask_for(&mut self, name: u8) {
        let invoice = asks(name, 1, 5).signed(&self.places[0].key).unwrap();
        self.wish(0, Wish::Invoice(Box::new(invoice))).await.unwrap();
    }

    /// How many invoices a half shows.
    async fn invoices(&self, at: usize) -> usize {
        let place = &self.places[at];
        place.site.invoices(&cuid(place.user), tally_id()).await.unwrap().len()
    }
}

#[tokio::test]
async fn an_offer_that_was_refused_since_is_gone_again() {
    let (mut pair, offer) = Pair::offered().await;
    let copy = pair.back_up(0).await;
    pair.wish(1, Wish::Refuse { offer, reason: None }).await.unwrap();
    pair.settle().await;
    pair.restore(0, &copy).await;
    assert_eq!(pair.on_table(0).await, Some(offer));
    let doctor = pair.places[0].site.doctor(&mut |_| {}).await.unwrap();
    assert!(doctor.ok, "{doctor:?}");
    // What it asks is lost: it is not for that alone that it says its offer again.
    pair.take(0).await;
    pair.settle().await;
    assert_eq!([pair.on_table(0).await, pair.on_table(1).await], [None, None]);
    // Another one goes its way.
    pair.offer().await;
    pair.settle().await;
    assert!(pair.on_table(1).await.is_some());
    assert_eq!(pair.on_table(0).await, pair.on_table(1).await);
}

#[tokio::test]
async fn an_offer_that_was_taken_back_since_is_gone_again() {
    let (mut pair, offer) = Pair::offered().await;
    let copy = pair.back_up(1).await;
    pair.wish(0, Wish::Withdraw { offer }).await.unwrap();
    pair.settle().await;
    pair.restore(1, &copy).await;
    assert_eq!(pair.on_table(1).await, Some(offer));
    pair.settle().await;
    assert_eq!([pair.on_table(0).await, pair.on_table(1).await], [None, None]);
}

/// What it asked when it went back is lost.
#[tokio::test]
async fn a_half_that_opens_again_hears_of_the_offer_and_the_invoice() {
    let mut pair = Pair::negotiated().await;
    let copy = pair.back_up(1).await;
    pair.accept().await;
    pair.carry_all().await;
    pair.ask_for(1).await;
    pair.offer().await;
    pair.settle().await;
    let offer = pair.on_table(1).await;
    assert!(offer.is_some());
    pair.restore(1, &copy).await;
    pair.take(1).await;
    pair.accept().await;
    // At once: a reminder asks only as long as the ledger waits for its answer, which may come before.
    pair.carry_all().await;
    assert_eq!([pair.on_table(0).await, pair.on_table(1).await], [offer, offer]);
    assert_eq!(pair.invoices(1).await, 1);
}

/// A message of before comes when the half that said it has asked already.
#[tokio::test]
async fn what_comes_late_its_author_hears_of_again() {
    let mut pair = Pair::new().await;
    let copy = pair.back_up(0).await;
    pair.ask_for(1).await;
    pair.offer().await;
    let late = pair.take(0).await;
    assert_eq!(late.len(), 2);
    pair.restore(0, &copy).await;
    pair.settle().await;
    assert_eq!(pair.invoices(0).await + pair.invoices(1).await, 0);
    for letter in late {
        pair.bring(letter).await;
    }
    pair.settle().await;
    assert_eq!([pair.invoices(0).await, pair.invoices(1).await], [1, 1]);
    assert!(pair.on_table(1).await.is_some());
    assert_eq!(pair.on_table(0).await, pair.on_table(1).await);
}

#[tokio::test]
async fn a_closed_tally_shows_no_offer() {
    let (mut pair, _) = Pair::offered().await;
    let bob = &pair.places[1];
    let settings = Settings::default_for(units(100_000));
    let set = Set { settings, counter: 1.try_into().unwrap(), owe: None, close: true };
    let close = bob.chit(chit_id(1), Entry::Set { set, written: Written::default() }, START);
    pair.write(1, close).await.unwrap();
    pair.settle().await;
    assert_eq!(pair.places[0].seen().await.status, "close");
    assert_eq!([pair.on_table(0).await, pair.on_table(1).await], [None, None]);
}

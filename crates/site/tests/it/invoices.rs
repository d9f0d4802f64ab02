//! Suzie asks Bob for value: her invoices, his payments, and all that comes between.

use protocol::chit::Chit;
use protocol::invoice::{Invoice, MAX_OPEN_INVOICES, Refusal};
use protocol::{ChitId, Side, SignatureFault, TallyId, Timestamp, ledger};
use site::{Answer, InvoiceView, SiteError, Standing, Wish};
use store::Store;

use crate::town::{START, Town, chit_id, cuid, on_every_store, tally_id, units};

on_every_store! {
    an_invoice_is_asked_shown_and_paid,
    an_unpaid_invoice_is_never_capacity,
    under_its_name_exactly_what_it_asks_is_paid_or_nothing,
    what_the_payer_signed_is_the_chit_whatever_comes_later,
    it_is_refused_with_a_reason_and_asked_anew,
    it_expires_at_both_halves,
    a_lost_invoice_and_a_lost_refusal_are_said_again,
    a_chit_that_a_device_brings_back_pays_it_too,
    a_payee_that_lost_them_gets_its_invoices_back,
    who_may_ask_and_who_may_refuse,
    nobody_has_more_than_some_at_a_time,
    a_closed_tally_asks_for_nothing,
}

const DAY_MS: i64 = 24 * 3_600_000;

/// A version of one of Suzie's invoices, open for a week.
pub(crate) fn asks(name: u8, revision: u32, milli: i64) -> Invoice {
    let start: Timestamp = START.parse().unwrap();
    Invoice {
        uuid: chit_id(name),
        tally: tally_id(),
        by: Side::Foil,
        revision: revision.try_into().unwrap(),
        date: start,
        expires: start.plus_ms(7 * DAY_MS).unwrap(),
        units: units(milli).try_into().unwrap(),
        reference: Some("2026-17".parse().unwrap()),
        memo: Some("cheese".parse().unwrap()),
        withdrawn: false,
        sign: None,
    }
}

pub(crate) fn taken_back(name: u8, revision: u32) -> Invoice {
    Invoice { withdrawn: true, ..asks(name, revision, 1) }
}

impl Town {
    pub(crate) async fn ask_for(&self, invoice: Invoice) -> Result<Answer, SiteError> {
        let signed = invoice.signed(self.key("suzie")).unwrap();
        self.wish("suzie", Wish::Invoice(Box::new(signed))).await
    }

    pub(crate) fn what_pays(&self, invoice: &Invoice) -> Chit {
        invoice.chit(START.parse().unwrap()).signed(self.key("bob")).unwrap()
    }

    pub(crate) async fn pays(&self, invoice: &Invoice) -> Result<Answer, SiteError> {
        let chit = Box::new(self.what_pays(invoice));
        self.wish("bob", Wish::Write { chit, over_limit: false }).await
    }

    pub(crate) async fn refuses(
        &self,
        name: u8,
        revision: u32,
        why: &str,
    ) -> Result<Answer, SiteError> {
        let (invoice, revision) = (chit_id(name), revision.try_into().unwrap());
        let reason = (!why.is_empty()).then(|| why.parse().unwrap());
        self.wish("bob", Wish::RefuseInvoice { invoice, revision, reason }).await
    }

    pub(crate) async fn seen(&self, who: &str) -> Vec<InvoiceView> {
        self.site.invoices(&cuid(who), tally_id()).await.unwrap()
    }

    /// Where each of a user's invoices stands, in its version.
    pub(crate) async fn stand(&self, who: &str) -> Vec<(u32, Standing)> {
        let seen = self.seen(who).await.into_iter();
        seen.map(|view| (view.invoice.revision.get(), view.standing)).collect()
    }

    async fn both_stand(&self, expected: &[(u32, Standing)]) {
        for who in ["suzie", "bob"] {
            assert_eq!(self.stand(who).await, expected, "{who}");
        }
        self.assert_sound().await;
    }
}

const PAID: Standing = Standing::Paid { as_asked: true };

fn refusal(refused: Result<Answer, SiteError>) -> Refusal {
    match refused.expect_err("should be refused") {
        SiteError::Invoice(refusal) => refusal,
        other => panic!("{other}"),
    }
}

async fn an_invoice_is_asked_shown_and_paid(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    town.ask_for(asks(1, 1, 12_500)).await.unwrap();
    assert!(!town.seen("suzie").await[0].told, "not delivered yet");
    assert!(town.seen("bob").await.is_empty());
    town.deliver().await;
    town.both_stand(&[(1, Standing::Open)]).await;
    assert!(town.seen("suzie").await[0].told);
    let shown = town.seen("bob").await.remove(0);
    assert_eq!(shown.invoice.memo.as_ref().unwrap().as_str(), "cheese");
    assert_eq!(shown.partner.as_ref().unwrap().chad.cuid, cuid("suzie"));

    town.ask_for(asks(1, 2, 13_000)).await.unwrap();
    town.deliver().await;
    town.pays(&asks(1, 2, 13_000)).await.unwrap();
    assert_eq!(town.stand("bob").await, [(2, PAID)], "paid as soon as it is signed");
    town.deliver().await;
    town.both_stand(&[(2, PAID)]).await;
    assert_eq!((town.balance("suzie").await, town.balance("bob").await), (13_000, -13_000));

    let of_invoices = |told: Vec<(String, String)>| -> Vec<String> {
        told.into_iter().filter(|(kind, _)| kind.starts_with("invoice")).map(|t| t.1).collect()
    };
    let (chit, tally) = (chit_id(1), tally_id());
    let status = |word: &str| {
        format!(r#"{{"chit":"{chit}","reason":null,"status":"{word}","tally":"{tally}"}}"#)
    };
    let suzie = of_invoices(town.told(&store, "suzie").await);
    assert_eq!(suzie, [status("open"), status("paid")]);
    let asked = |amount: &str, before: &str| {
        format!(r#"{{"amount":{amount},"before":{before},"chit":"{chit}","tally":"{tally}"}}"#)
    };
    let bob = of_invoices(town.told(&store, "bob").await);
    let expected =
        [asked("12500", "null"), status("open"), asked("13000", "12500"), status("paid")];
    assert_eq!(bob, expected);
}

/// A trap that earlier studies of the protocol fell into: an invoice counted as room to lift.
async fn an_unpaid_invoice_is_never_capacity(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.pay("bob", Side::Foil, 9, 95_000).await.unwrap();
    town.deliver().await;
    let capacity = async || {
        let mut all = Vec::new();
        for name in ["suzie", "bob"] {
            let governing = town.site.governing(&cuid(name), tally_id()).await.unwrap();
            let seen = town.site.tally(&cuid(name), tally_id()).await.unwrap();
            all.push((governing, seen.balance_milli, seen.chits, seen.status));
        }
        all
    };
    let before = capacity().await;
    let other_way = Invoice { by: Side::Stock, ..asks(2, 1, 60_000) };
    let other_way = other_way.signed(town.key("bob")).unwrap();
    town.wish("bob", Wish::Invoice(Box::new(other_way))).await.unwrap();
    town.ask_for(asks(1, 1, 50_000)).await.unwrap();
    town.deliver().await;
    assert_eq!(town.seen("bob").await.len(), 2);
    assert_eq!(capacity().await, before, "nothing is owed and nothing may be owed more");
    // Suzie asks for more than Bob may owe, and owes him nothing that he could count on.
    let over = town.pays(&asks(1, 1, 50_000)).await.unwrap_err();
    assert!(matches!(over, SiteError::Ledger(ledger::Refusal::OverLimit { .. })), "{over}");
    let over = town.pay("bob", Side::Foil, 3, 5_001).await.unwrap_err();
    assert!(matches!(over, SiteError::Ledger(ledger::Refusal::OverLimit { .. })), "{over}");
    assert_eq!(capacity().await, before);
    town.assert_sound().await;
}

async fn under_its_name_exactly_what_it_asks_is_paid_or_nothing(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.deliver().await;
    let less = refusal(town.pays(&asks(1, 1, 999)).await);
    assert!(matches!(less, Refusal::NotAsAsked { revision: 1, .. }), "{less}");
    assert!(less.to_string().contains("1.000"), "{less}");
    let mut other_words = asks(1, 1, 1_000);
    other_words.memo = None;
    let refused = refusal(town.pays(&other_words).await);
    assert!(matches!(refused, Refusal::NotAsAsked { .. }), "{refused}");
    let by_payee = town.pay("suzie", Side::Stock, 1, 1_000).await;
    assert!(matches!(refusal(by_payee), Refusal::NameTaken { .. }));

    town.ask_for(asks(1, 2, 2_000)).await.unwrap();
    town.deliver().await;
    let old = refusal(town.pays(&asks(1, 1, 1_000)).await);
    assert!(matches!(old, Refusal::NotAsAsked { revision: 2, .. }), "{old}");
    town.ask_for(taken_back(1, 3)).await.unwrap();
    town.deliver().await;
    town.both_stand(&[(3, Standing::Withdrawn)]).await;
    let gone = refusal(town.pays(&asks(1, 2, 2_000)).await);
    assert_eq!(gone, Refusal::Withdrawn { invoice: chit_id(1) });
    assert_eq!(town.balance("suzie").await, 0);
    town.pay("bob", Side::Foil, 2, 2_000).await.unwrap();
    town.deliver().await;
    town.both_stand(&[(3, Standing::Withdrawn)]).await;
    assert_eq!(town.balance("suzie").await, 2_000, "by a chit of another name");
}

async fn what_the_payer_signed_is_the_chit_whatever_comes_later(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.deliver().await;
    // They cross: Bob pays what he was shown, Suzie asks for more.
    town.pays(&asks(1, 1, 1_000)).await.unwrap();
    town.ask_for(asks(1, 2, 2_000)).await.unwrap();
    town.deliver().await;
    assert_eq!(town.stand("bob").await, [(1, PAID)]);
    assert_eq!(town.stand("suzie").await, [(2, Standing::Paid { as_asked: false })]);
    assert_eq!(town.balance("suzie").await, 1_000);
    for later in [asks(1, 3, 3_000), taken_back(1, 3)] {
        let refused = refusal(town.ask_for(later).await);
        assert_eq!(refused, Refusal::Paid { invoice: chit_id(1) });
    }
    assert_eq!(refusal(town.refuses(1, 1, "").await), Refusal::Paid { invoice: chit_id(1) });
    let again = refusal(town.pays(&asks(1, 1, 1_000)).await);
    assert_eq!(again, Refusal::Paid { invoice: chit_id(1) });
    assert_eq!(town.site.remind().await.unwrap(), 0, "and nobody waits for anything");
    town.assert_sound().await;
}

async fn it_is_refused_with_a_reason_and_asked_anew(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.deliver().await;
    let blind = refusal(town.refuses(1, 2, "").await);
    assert_eq!(blind, Refusal::Changed { invoice: chit_id(1), latest: 1 });
    town.refuses(1, 1, "I had no cheese").await.unwrap();
    assert_eq!(refusal(town.refuses(1, 1, "").await), Refusal::Refused { invoice: chit_id(1) });
    town.deliver().await;
    town.both_stand(&[(1, Standing::Refused)]).await;
    let reason = town.seen("suzie").await.remove(0).reason;
    assert_eq!(reason.unwrap().as_str(), "I had no cheese");
    let unpaid = refusal(town.pays(&asks(1, 1, 1_000)).await);
    assert_eq!(unpaid, Refusal::Refused { invoice: chit_id(1) });
    town.ask_for(asks(1, 2, 500)).await.unwrap();
    town.deliver().await;
    town.pays(&asks(1, 2, 500)).await.unwrap();
    town.deliver().await;
    town.both_stand(&[(2, PAID)]).await;
}

async fn it_expires_at_both_halves(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.ask_for(asks(2, 1, 2_000)).await.unwrap();
    town.deliver().await;
    town.pays(&asks(2, 1, 2_000)).await.unwrap();
    town.deliver().await;
    town.world.pass(8 * DAY_MS);
    assert_eq!(town.stand("bob").await, [(1, Standing::Expired), (1, PAID)]);
    let late = refusal(town.pays(&asks(1, 1, 1_000)).await);
    assert!(matches!(late, Refusal::Expired { .. }), "{late}");
    assert_eq!(town.site.remind().await.unwrap(), 2);
    town.both_stand(&[]).await;
    for who in ["suzie", "bob"] {
        let told = town.told(&store, who).await;
        let expired = told.iter().filter(|(_, text)| text.contains("expired")).count();
        assert_eq!(expired, 1, "{who}: {told:?}");
        assert_eq!(town.site.tally(&cuid(who), tally_id()).await.unwrap().invoices, 0);
    }
    assert_eq!(town.site.remind().await.unwrap(), 0);
    // A copy that comes late changes nothing, and the name of what was paid stays taken.
    assert!(matches!(refusal(town.ask_for(asks(1, 1, 1_000)).await), Refusal::Expired { .. }));
    let mut again = asks(2, 1, 2_000);
    again.expires = again.expires.plus_ms(30 * DAY_MS).unwrap();
    assert_eq!(refusal(town.ask_for(again).await), Refusal::NameTaken { invoice: chit_id(2) });
}

async fn a_lost_invoice_and_a_lost_refusal_are_said_again(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.lose_letters(&store).await;
    town.deliver().await;
    assert!(town.seen("bob").await.is_empty());
    assert_eq!(town.site.remind().await.unwrap(), 1);
    town.deliver().await;
    town.both_stand(&[(1, Standing::Open)]).await;
    town.refuses(1, 1, "no").await.unwrap();
    town.lose_letters(&store).await;
    assert_eq!(town.stand("suzie").await, [(1, Standing::Open)]);
    assert_eq!(town.site.remind().await.unwrap(), 1);
    // The answer is lost, too.
    town.site.post().await.unwrap();
    town.lose_letters(&store).await;
    town.both_stand(&[(1, Standing::Refused)]).await;
    assert_eq!(town.site.remind().await.unwrap(), 1);
    town.deliver().await;
    assert_eq!(town.site.remind().await.unwrap(), 0);
}

async fn a_chit_that_a_device_brings_back_pays_it_too(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.ask_for(asks(2, 1, 2_000)).await.unwrap();
    town.deliver().await;
    town.refuses(2, 1, "not yet").await.unwrap();
    let chits = [1, 2].map(|name| town.what_pays(&asks(name, 1, 1_000 * i64::from(name))));
    // What was signed counts, whatever was said since.
    town.wish("bob", Wish::Recover(chits.to_vec())).await.unwrap();
    assert_eq!(town.stand("bob").await, [(1, PAID), (1, PAID)]);
    town.deliver().await;
    town.both_stand(&[(1, PAID), (1, PAID)]).await;
    assert_eq!(town.balance("suzie").await, 3_000);
}

async fn a_payee_that_lost_them_gets_its_invoices_back(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    town.ask_for(asks(1, 1, 1_000)).await.unwrap();
    town.ask_for(asks(2, 1, 2_000)).await.unwrap();
    town.deliver().await;
    town.refuses(2, 1, "no").await.unwrap();
    town.deliver().await;
    // Suzie's half loses all of them, as by an old backup.
    let mut tx = store.begin().await.unwrap();
    let halves = tx.lock_tallies(&[tally_id()]).await.unwrap();
    let suzie = halves.into_iter().find(|half| half.holder == cuid("suzie")).unwrap();
    tx.drop_invoices(&[(suzie.id, chit_id(1)), (suzie.id, chit_id(2))]).await.unwrap();
    tx.put_halves(&[suzie]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(town.seen("suzie").await.is_empty());
    town.wish("suzie", Wish::Compare).await.unwrap();
    town.deliver().await;
    town.both_stand(&[(1, Standing::Open), (1, Standing::Refused)]).await;
}

async fn who_may_ask_and_who_may_refuse(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    let signed = |invoice: Invoice, by: &str| Box::new(invoice.signed(town.key(by)).unwrap());
    // In Suzie's name, by whoever is not Suzie.
    let forged = town.wish("suzie", Wish::Invoice(signed(asks(1, 1, 5), "bob"))).await;
    let wrong = SignatureFault::Wrong { by: "stock" };
    assert!(matches!(&forged, Err(SiteError::Signature(f)) if *f == wrong), "{forged:?}");
    let unsigned = town.wish("suzie", Wish::Invoice(Box::new(asks(1, 1, 5)))).await;
    let missing = SignatureFault::Missing { by: "stock" };
    assert!(matches!(&unsigned, Err(SiteError::Signature(f)) if *f == missing), "{unsigned:?}");
    // Suzie's own, brought by Bob.
    let stolen = town.wish("bob", Wish::Invoice(signed(asks(1, 1, 5), "suzie"))).await;
    assert!(matches!(refusal(stolen), Refusal::NotPayee { by: Side::Foil, .. }));
    let elsewhere = Invoice { tally: TallyId::random([1; 16]), ..asks(1, 1, 5) };
    assert!(matches!(refusal(town.ask_for(elsewhere).await), Refusal::OtherTally { .. }));
    let mut endless = asks(1, 1, 5);
    endless.expires = endless.expires.plus_ms(400 * DAY_MS).unwrap();
    assert!(matches!(refusal(town.ask_for(endless).await), Refusal::Dates { .. }));
    assert!(matches!(
        refusal(town.ask_for(asks(1, 2, 5)).await),
        Refusal::Revision { next: 1, .. }
    ));
    assert!(matches!(refusal(town.ask_for(taken_back(1, 1)).await), Refusal::Unknown { .. }));
    assert!(matches!(refusal(town.refuses(1, 1, "").await), Refusal::Unknown { .. }));

    town.ask_for(asks(1, 1, 5)).await.unwrap();
    assert!(matches!(refusal(town.ask_for(asks(1, 1, 5)).await), Refusal::Known { .. }));
    let mut shorter = asks(1, 2, 5);
    shorter.expires = shorter.expires.plus_ms(-DAY_MS).unwrap();
    assert!(matches!(refusal(town.ask_for(shorter).await), Refusal::Shorter { .. }));
    let (invoice, revision) = (chit_id(1), 1.try_into().unwrap());
    let own = Wish::RefuseInvoice { invoice, revision, reason: None };
    let refused = town.wish("suzie", own).await;
    assert_eq!(refusal(refused), Refusal::NotPayer { invoice: chit_id(1) });
    town.deliver().await;
    town.both_stand(&[(1, Standing::Open)]).await;
}

async fn nobody_has_more_than_some_at_a_time(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    let numbered = |number: usize| {
        let name = u128::try_from(number).unwrap() << 64;
        Invoice { uuid: ChitId::random(name.to_be_bytes()), ..asks(0, 1, 1) }
    };
    for number in 0..MAX_OPEN_INVOICES {
        town.ask_for(numbered(number)).await.unwrap();
    }
    let full = refusal(town.ask_for(numbered(MAX_OPEN_INVOICES)).await);
    assert_eq!(full, Refusal::TooMany { payee: Side::Stock });
    // Every one of them waits under a name of its own, and arrives.
    town.deliver().await;
    assert_eq!(town.seen("bob").await.len(), MAX_OPEN_INVOICES);
    assert!(town.seen("suzie").await.iter().all(|view| view.told));
    town.world.pass(8 * DAY_MS);
    town.site.remind().await.unwrap();
    let mut later = numbered(MAX_OPEN_INVOICES);
    later.expires = later.expires.plus_ms(8 * DAY_MS).unwrap();
    town.ask_for(later).await.unwrap();
    town.deliver().await;
    town.both_stand(&[(1, Standing::Open)]).await;
}

async fn a_closed_tally_asks_for_nothing(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.ask_for(asks(1, 1, 5)).await.unwrap();
    town.deliver().await;
    let chit = Box::new(town.close("bob", Side::Foil, chit_id(9)));
    town.wish("bob", Wish::Write { chit, over_limit: false }).await.unwrap();
    town.deliver().await;
    assert_eq!(town.status("suzie").await, "close");
    let error = town.ask_for(asks(2, 1, 5)).await.unwrap_err();
    assert!(matches!(error, SiteError::Ledger(ledger::Refusal::Closed { .. })), "{error}");
    let error = town.ask_for(asks(1, 2, 6)).await.unwrap_err();
    assert!(matches!(error, SiteError::Ledger(ledger::Refusal::Closed { .. })), "{error}");
    town.ask_for(taken_back(1, 2)).await.unwrap();
    town.deliver().await;
    town.both_stand(&[(2, Standing::Withdrawn)]).await;
}

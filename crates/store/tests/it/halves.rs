//! Halves: found by holder, tally and status; changed by whoever saw the last change; summed.

use protocol::Side;
use store::{
    Half, HalfFilter, HalfId, HalfRow, InvoiceRow, Kind, Negotiation, NewHalf, StoreError, Totals,
};

use crate::places::{Home, everywhere};
use crate::world::{agent, chit, cuid, hash, lift, new_half, row, tally, two_halves, user};

async fn both_halves_of_a_tally(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let mut view = home.store.read().await.unwrap();
    assert_eq!((anne.side, bert.side), (Side::Stock, Side::Foil));
    assert_eq!(view.half(bert.id).await.unwrap().as_ref(), Some(&bert));
    assert_eq!(view.half_of(&cuid("anne"), &tally(1)).await.unwrap().as_ref(), Some(&anne));
    assert_eq!(view.half_of(&cuid("anne"), &tally(2)).await.unwrap(), None);
    assert_eq!(view.halves_of_tallies(&[tally(1)]).await.unwrap(), [anne, bert]);
}

async fn come_back_as_written(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let row = HalfRow {
        partner: None,
        status: "C.open".to_owned(),
        ledger: Some("{\"ü\":\"'\"}".to_owned()),
        balance: i128::from(i64::MIN),
        partner_may_owe: protocol::Units::MAX,
        holder_may_owe: protocol::Units::MIN,
        head_index: u64::try_from(i64::MAX).unwrap(),
        head_hash: Some(hash("head")),
        changed: protocol::Timestamp::MIN,
        restored: store::Restored { asks: Some(hash("question")), unheard: true },
    };
    let mut tx = home.store.begin().await.unwrap();
    tx.put_halves(&[Half { row: row.clone(), ..anne.clone() }]).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let kept = store.read().await.unwrap().half(anne.id).await.unwrap();
    assert_eq!(kept, Some(Half { row, version: 2, ..anne }));
}

async fn what_was_negotiated_is_kept_apart(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let of = |half, text: &str| Negotiation { half, text: text.to_owned() };
    let mut tx = home.store.begin().await.unwrap();
    tx.put_halves(std::slice::from_ref(&bert)).await.unwrap();
    tx.put_negotiations(&[of(bert.id, "{\"ü\":2}")]).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    let kept = view.negotiations(&[bert.id, HalfId::new(77), anne.id]).await.unwrap();
    assert_eq!(kept, [of(anne.id, "{\"of\":\"anne\"}"), of(bert.id, "{\"ü\":2}")]);

    let mut tx = store.begin().await.unwrap();
    let error = tx.put_negotiations(&[of(HalfId::new(77), "{}")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { kind: Kind::Negotiation, .. }), "{error}");
}

async fn invoices_are_counted_with_their_half(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let of = |half: &Half, number, text: &str| InvoiceRow {
        half: half.id,
        chit: chit(number),
        text: text.to_owned(),
    };
    let mut tx = home.store.begin().await.unwrap();
    tx.put_invoices(&[of(&anne, 2, "b"), of(&anne, 1, "a"), of(&bert, 1, "c")]).await.unwrap();
    tx.put_invoices(&[of(&anne, 2, "d")]).await.unwrap();
    // A change of the row leaves the number alone.
    tx.put_halves(&[Half { invoices: 77, ..anne.clone() }]).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    assert_eq!(view.invoices(anne.id).await.unwrap(), [of(&anne, 1, "a"), of(&anne, 2, "d")]);
    assert_eq!(view.invoices(bert.id).await.unwrap(), [of(&bert, 1, "c")]);
    assert_eq!(view.half(anne.id).await.unwrap().unwrap().invoices, 2);
    assert_eq!(view.half(bert.id).await.unwrap().unwrap().invoices, 1);
    drop(view);

    let mut tx = store.begin().await.unwrap();
    tx.drop_invoices(&[(anne.id, chit(1)), (anne.id, chit(9)), (bert.id, chit(1))]).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = store.read().await.unwrap();
    assert_eq!(view.invoices(anne.id).await.unwrap(), [of(&anne, 2, "d")]);
    assert_eq!(view.invoices(bert.id).await.unwrap(), []);
    assert_eq!(view.half(anne.id).await.unwrap().unwrap().invoices, 1);
    assert_eq!(view.half(bert.id).await.unwrap().unwrap().invoices, 0);
    drop(view);

    let mut tx = store.begin().await.unwrap();
    let nobody = InvoiceRow { half: HalfId::new(77), ..of(&anne, 1, "a") };
    let error = tx.put_invoices(&[nobody]).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { kind: Kind::Invoice, .. }), "{error}");
}

async fn one_for_each_holder_and_tally(home: &Home) {
    two_halves(&home.store).await;
    let mut tx = home.store.begin().await.unwrap();
    let again = NewHalf { side: Side::Foil, ..new_half("anne", 1) };
    let error = tx.add_halves(&[again]).await.unwrap_err();
    let which = format!("{} of anne", tally(1));
    assert_eq!(error, StoreError::Duplicate { kind: Kind::Half, which });
}

async fn a_holder_must_be_known(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    let error = tx.add_halves(&[new_half("cleo", 1)]).await.unwrap_err();
    let which = format!("{} of cleo", tally(1));
    assert_eq!(error, StoreError::Missing { kind: Kind::Half, which });
}

async fn a_change_on_old_news_is_refused(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let mut tx = home.store.begin().await.unwrap();
    let changed = Half { row: row("open", 7), ..anne.clone() };
    tx.put_halves(std::slice::from_ref(&changed)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = home.store.begin().await.unwrap();
    let stale = tx.put_halves(&[bert.clone(), changed]).await;
    assert_eq!(stale, Err(StoreError::Stale { half: anne.id.get() }));
    assert!(stale.is_err_and(|error| error.is_again()));
    drop(tx);

    let mut tx = home.store.begin().await.unwrap();
    let nobody = Half { id: HalfId::new(77), ..bert.clone() };
    assert_eq!(tx.put_halves(&[nobody]).await, Err(StoreError::Stale { half: 77 }));
    drop(tx);
    let kept = home.store.read().await.unwrap().half(bert.id).await.unwrap();
    assert_eq!(kept, Some(bert));
}

async fn a_balance_beyond_a_column_is_refused(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let mut tx = home.store.begin().await.unwrap();
    let huge = Half { row: row("open", i128::from(i64::MAX) + 1), ..anne };
    let error = tx.put_halves(&[huge]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unfit { kind: Kind::Half, .. }), "{error}");
}

async fn many_at_once_in_order(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne")]).await.unwrap();
    let news: Vec<_> = (0..=254).map(|number| new_half("anne", number)).collect();
    let ids = tx.add_halves(&news).await.unwrap();
    let tallies: Vec<_> = (0..=254).rev().map(tally).collect();
    let mut halves = tx.lock_tallies(&tallies).await.unwrap();
    assert_eq!(halves.iter().map(|half| half.id).collect::<Vec<_>>(), ids);
    assert!(halves.iter().zip(&news).all(|(half, new)| half.tally == new.tally));
    for (half, balance) in halves.iter_mut().zip(0..) {
        half.row.balance = balance;
    }
    tx.put_halves(&halves).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let kept = view.halves(&HalfFilter::default(), None, 1000).await.unwrap();
    let pairs = kept.iter().zip(0..).map(|(half, balance)| (half.id, half.row.balance, balance));
    assert_eq!(pairs.clone().map(|(id, _, _)| id).collect::<Vec<_>>(), ids);
    assert!(pairs.clone().all(|(_, balance, expected)| balance == expected));
}

async fn found_by_what_fits(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne"), user("bert")]).await.unwrap();
    let half = |holder: &str, number, status: &str| NewHalf {
        row: row(status, 0),
        ..new_half(holder, number)
    };
    let news = [
        half("anne", 1, "open"),
        half("bert", 1, "open"),
        half("anne", 2, "draft"),
        half("anne", 3, "open"),
    ];
    let ids = tx.add_halves(&news).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let of = |holder: Option<&str>, status: Option<&str>, partner: Option<String>| HalfFilter {
        holder: holder.map(cuid),
        status: status.map(str::to_owned),
        partner,
    };
    let suzie = Some(format!("suzie:{}", agent(9)));
    let mut found = async |filter, after, limit| {
        let halves = view.halves(&filter, after, limit).await.unwrap();
        halves.into_iter().map(|half| half.id).collect::<Vec<_>>()
    };
    assert_eq!(found(of(None, None, None), None, 9).await, ids);
    assert_eq!(found(of(None, None, None), Some(ids[1]), 1).await, [ids[2]]);
    assert_eq!(found(of(Some("anne"), None, None), None, 9).await, [ids[0], ids[2], ids[3]]);
    assert_eq!(found(of(Some("anne"), None, None), Some(ids[0]), 9).await, [ids[2], ids[3]]);
    assert_eq!(found(of(None, Some("open"), None), None, 9).await, [ids[0], ids[1], ids[3]]);
    assert_eq!(found(of(Some("anne"), Some("open"), suzie), Some(ids[0]), 9).await, [ids[3]]);
    assert_eq!(found(of(None, None, Some("nobody".to_owned())), None, 9).await, []);
}

async fn sums_are_exact_beyond_64_bits(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne")]).await.unwrap();
    let balances = [i64::MAX, i64::MAX, i64::MAX, i64::MIN, -1, 5];
    let news = balances.iter().zip(1..).map(|(balance, number)| NewHalf {
        row: HalfRow {
            head_index: 2,
            // The last has no ledger, so nothing is compared yet.
            ledger: (*balance != 5).then(|| "{}".to_owned()),
            restored: store::Restored {
                asks: (*balance < i64::MAX).then(|| hash("question")),
                unheard: *balance > 0,
            },
            ..row("open", i128::from(*balance))
        },
        ..new_half("anne", number)
    });
    let news: Vec<_> = news.collect();
    tx.add_halves(&news).await.unwrap();
    tx.put_lift(&lift("one", 1)).await.unwrap();
    tx.commit().await.unwrap();
    let totals = home.store.read().await.unwrap().totals().await.unwrap();
    let expected = Totals {
        users: 1,
        halves: [("open".to_owned(), 6)].into(),
        links: 12,
        letters: 0,
        lifts: [("open".to_owned(), 1)].into(),
        balance: balances.iter().map(|balance| i128::from(*balance)).sum(),
        owed: 3 * i128::from(i64::MAX) + 5,
        asking: 2,
        unheard: 3,
    };
    assert_eq!(totals, expected);
}

async fn an_empty_store_sums_to_nothing(home: &Home) {
    let totals = home.store.read().await.unwrap().totals().await.unwrap();
    assert_eq!(totals, Totals::default());
}

everywhere!(
    both_halves_of_a_tally,
    come_back_as_written,
    what_was_negotiated_is_kept_apart,
    invoices_are_counted_with_their_half,
    one_for_each_holder_and_tally,
    a_holder_must_be_known,
    a_change_on_old_news_is_refused,
    a_balance_beyond_a_column_is_refused,
    many_at_once_in_order,
    found_by_what_fits,
    sums_are_exact_beyond_64_bits,
    an_empty_store_sums_to_nothing,
);

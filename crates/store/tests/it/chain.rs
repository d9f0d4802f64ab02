//! Chains: appended, cut and gone on with, read from both ends, by chit and by date.

use protocol::Side;
use store::{Derived, HalfId, Kind, LinkRow, StoreError};

use crate::places::{Home, everywhere};
use crate::world::{at, chit, hash, link, two_halves};

async fn of_many_halves_at_once(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let mixed = [link(anne.id, 1, 5), link(bert.id, 1, -5), link(anne.id, 2, -9)];
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&mixed).await.unwrap();
    tx.append(&[link(bert.id, 2, 9)]).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    assert_eq!(view.links(anne.id, 0, 10).await.unwrap(), [mixed[0].clone(), mixed[2].clone()]);
    let derived = view.derived(bert.id).await.unwrap();
    assert_eq!(derived, Derived { links: 2, last: 2, balance: 4 });
    let nothing = view.derived(HalfId::new(99)).await.unwrap();
    assert_eq!(nothing, Derived { links: 0, last: 0, balance: 0 });
}

async fn read_from_both_ends_in_pages(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let links: Vec<_> = (1..=300).map(|index| link(anne.id, index, 1)).collect();
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&links).await.unwrap();
    tx.append(&[link(bert.id, 1, 1)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let numbers = |page: Vec<LinkRow>| page.iter().map(|link| link.index).collect::<Vec<_>>();
    assert_eq!(numbers(view.links(anne.id, 299, 10).await.unwrap()), [299, 300]);
    assert_eq!(numbers(view.history(anne.id, None, 3).await.unwrap()), [300, 299, 298]);
    assert_eq!(numbers(view.history(anne.id, Some(3), 9).await.unwrap()), [2, 1]);
    assert_eq!(view.history(anne.id, Some(1), 9).await.unwrap(), []);
    assert_eq!(view.links(anne.id, 0, 1000).await.unwrap(), links);
}

async fn settings_of_one_side_newest_first(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let set = |half, index, by| LinkRow { kind: "set".to_owned(), by, ..link(half, index, 0) };
    let mut links: Vec<_> = (1..=9).map(|index| link(anne.id, index, 1)).collect();
    for (place, by) in [(1, Side::Stock), (3, Side::Foil), (5, Side::Stock), (7, Side::Stock)] {
        links[place] = set(anne.id, u64::try_from(place).unwrap() + 1, by);
    }
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&links).await.unwrap();
    tx.append(&[set(bert.id, 1, Side::Stock)]).await.unwrap();
    let mut sets = async |by, before, limit| {
        let links = tx.sets(anne.id, by, before, limit).await.unwrap();
        links.iter().map(|link| link.index).collect::<Vec<_>>()
    };
    assert_eq!(sets(Side::Stock, None, 9).await, [8, 6, 2]);
    assert_eq!(sets(Side::Stock, Some(8), 1).await, [6]);
    assert_eq!(sets(Side::Foil, None, 9).await, [4]);
    assert_eq!(sets(Side::Foil, Some(4), 9).await, [0; 0]);
}

async fn read_by_chit(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let twin = LinkRow { uuid: chit(1), ..link(anne.id, 2, 7) };
    let first = link(anne.id, 1, 5);
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&[first.clone(), twin.clone(), link(anne.id, 3, 1)]).await.unwrap();
    tx.append(&[link(bert.id, 1, 5)]).await.unwrap();
    let chits = [(anne.id, first.chit), (bert.id, twin.chit), (anne.id, hash("other"))];
    let by_chit = tx.links_by_chit(&chits).await.unwrap();
    assert_eq!(by_chit, std::slice::from_ref(&first));
    let names = [(bert.id, chit(1)), (anne.id, chit(1)), (anne.id, chit(1)), (bert.id, chit(3))];
    let named = tx.links_by_uuid(&names).await.unwrap();
    assert_eq!(named, [first, twin, link(bert.id, 1, 5)]);
    assert_eq!(tx.links_by_uuid(&[]).await.unwrap(), []);
}

async fn read_by_date(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    // Dated 1000, 2000, 3000, 4000 after the start; the third came late.
    let mut links: Vec<_> = (1..=4).map(|index| link(anne.id, index, 10)).collect();
    links[2].date = at(1500);
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&links).await.unwrap();
    let mut period = async |from, until, after, limit| {
        let links = tx.period(anne.id, at(from)..at(until), after, limit).await.unwrap();
        links.iter().map(|link| link.index).collect::<Vec<_>>()
    };
    assert_eq!(period(1500, 4000, 0, 9).await, [2, 3]);
    assert_eq!(period(1500, 4000, 0, 1).await, [2]);
    assert_eq!(period(1500, 4000, 2, 9).await, [3]);
    assert_eq!(period(0, 9000, 0, 9).await, [1, 2, 3, 4]);
    assert_eq!(tx.balance_before(anne.id, at(2000)).await.unwrap(), 20);
    assert_eq!(tx.balance_before(anne.id, at(1000)).await.unwrap(), 0);
}

async fn cut_and_gone_on_with(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let links: Vec<_> = (1..=5).map(|index| link(anne.id, index, 1)).collect();
    let mut tx = home.store.begin().await.unwrap();
    tx.append(&links).await.unwrap();
    tx.append(&[link(bert.id, 1, 1)]).await.unwrap();
    tx.commit().await.unwrap();

    // The fourth goes before the third, and one more follows.
    let moved = [
        LinkRow { index: 3, ..links[3].clone() },
        LinkRow { index: 4, ..links[2].clone() },
        link(anne.id, 5, 8),
    ];
    let mut tx = home.store.begin().await.unwrap();
    tx.relink(anne.id, 2, &moved).await.unwrap();
    tx.commit().await.unwrap();
    let expected = [&links[..2], &moved[..]].concat();
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.links(anne.id, 1, 10).await.unwrap(), expected);
    let moved_to = view.links_by_chit(&[(anne.id, links[2].chit)]).await.unwrap();
    assert_eq!(moved_to[0].index, 4);
    assert_eq!(view.links_by_chit(&[(anne.id, links[4].chit)]).await.unwrap(), []);
    assert_eq!(view.links(bert.id, 1, 10).await.unwrap().len(), 1);

    let mut tx = home.store.begin().await.unwrap();
    tx.relink(anne.id, 0, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.links(anne.id, 0, 10).await.unwrap(), []);
}

async fn without_a_gap(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let gap = |half: HalfId, after, found| StoreError::Gap { half: half.get(), after, found };
    let mut tx = home.store.begin().await.unwrap();
    let jump = [link(anne.id, 1, 1), link(bert.id, 7, 1), link(anne.id, 3, 1)];
    assert_eq!(tx.append(&jump).await, Err(gap(anne.id, 1, 3)));
    assert_eq!(tx.commit().await, Err(StoreError::Broken));
    let mut tx = home.store.begin().await.unwrap();
    assert_eq!(tx.append(&[link(anne.id, 0, 1)]).await, Err(gap(anne.id, 0, 0)));
    drop(tx);
    let mut tx = home.store.begin().await.unwrap();
    assert_eq!(tx.relink(anne.id, 4, &[link(anne.id, 6, 1)]).await, Err(gap(anne.id, 4, 6)));
    drop(tx);
    let mut tx = home.store.begin().await.unwrap();
    assert_eq!(tx.relink(anne.id, 4, &[link(bert.id, 5, 1)]).await, Err(gap(anne.id, 4, 5)));
}

async fn a_place_and_a_chit_have_one_link(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let first = link(anne.id, 1, 5);
    let mut tx = home.store.begin().await.unwrap();
    tx.append(std::slice::from_ref(&first)).await.unwrap();
    tx.commit().await.unwrap();
    for second in [link(anne.id, 1, 6), LinkRow { chit: first.chit, ..link(anne.id, 2, 5) }] {
        let mut tx = home.store.begin().await.unwrap();
        let error = tx.append(&[second]).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { kind: Kind::Link, .. }), "{error}");
    }
}

async fn a_half_must_be_known(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    let error = tx.append(&[link(HalfId::new(5), 1, 6)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { kind: Kind::Link, .. }), "{error}");
}

everywhere!(
    of_many_halves_at_once,
    read_from_both_ends_in_pages,
    settings_of_one_side_newest_first,
    read_by_chit,
    read_by_date,
    cut_and_gone_on_with,
    without_a_gap,
    a_place_and_a_chit_have_one_link,
    a_half_must_be_known,
);

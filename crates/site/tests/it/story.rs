//! From the first invitation to the last chit.

use protocol::Side;
use protocol::cert::Type;
use site::{Caller, Command, Wish};
use store::Store;

use crate::town::{Town, chit_id, cuid, on_every_store, tally_id, user};

on_every_store! {
    two_neighbours_open_a_tally_trade_and_close_it,
    an_offer_is_refused_and_made_anew,
    a_user_sees_its_own_rows_only,
    many_chits_from_both_sides_end_as_one_chain,
}

async fn two_neighbours_open_a_tally_trade_and_close_it(store: Store) {
    let town = Town::new(store).await.by_post();
    let invitation = town.invite().await;
    assert_eq!(town.status("suzie").await, "draft");
    town.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
    town.deliver().await;
    assert_eq!(town.status("suzie").await, "P.draft");
    let offer = Box::new(town.offer_of("suzie", Side::Stock).await);
    town.wish("suzie", Wish::Offer(offer)).await.unwrap();
    assert_eq!(town.status("suzie").await, "draft.offer", "not delivered yet");
    town.deliver().await;
    assert_eq!(town.status("suzie").await, "H.offer");
    assert_eq!(town.status("bob").await, "P.offer");
    let accepted = Box::new(town.accepted("bob", Side::Foil).await);
    town.wish("bob", Wish::Accept(accepted)).await.unwrap();
    town.deliver().await;
    for name in ["suzie", "bob"] {
        assert_eq!(town.status(name).await, "open");
    }

    town.pay("bob", Side::Foil, 1, 12_500).await.unwrap();
    assert_eq!(town.balance("bob").await, -12_500, "good at once for the signer");
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 12_500);
    town.assert_sound().await;

    let close = Box::new(town.close("suzie", Side::Stock, chit_id(2)));
    town.wish("suzie", Wish::Write { chit: close, over_limit: false }).await.unwrap();
    town.deliver().await;
    assert_eq!(town.status("bob").await, "C.open");
    town.pay("suzie", Side::Stock, 3, 12_500).await.unwrap();
    town.deliver().await;
    for name in ["suzie", "bob"] {
        assert_eq!(town.status(name).await, "close");
        assert_eq!(town.balance(name).await, 0);
        let history = town.site.history(&cuid(name), tally_id(), None, 10).await.unwrap();
        let names: Vec<_> = history.iter().map(|entry| entry.link.chit.uuid).collect();
        assert_eq!(names, [chit_id(3), chit_id(2), chit_id(1)], "newest first");
    }
    town.assert_sound().await;
}

async fn an_offer_is_refused_and_made_anew(store: Store) {
    let town = Town::new(store).await.by_post();
    let invitation = town.invite().await;
    town.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
    town.deliver().await;
    let offer = town.offer_of("suzie", Side::Stock).await;
    let hash = protocol::Record::hash(&offer).unwrap();
    town.wish("suzie", Wish::Offer(Box::new(offer))).await.unwrap();
    town.deliver().await;
    let reason = Some("too much".parse().unwrap());
    town.wish("bob", Wish::Refuse { offer: hash, reason }).await.unwrap();
    town.deliver().await;
    for name in ["suzie", "bob"] {
        assert_eq!(town.status(name).await, "void");
    }
    town.assert_sound().await;
}

async fn a_user_sees_its_own_rows_only(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.add("eve", Type::Person).await.unwrap();
    assert_eq!(town.site.tallies(&user("bob"), None, 10).await.unwrap().len(), 1);
    assert_eq!(town.site.tallies(&user("eve"), None, 10).await.unwrap(), []);
    let all = town.site.tallies(&Caller::Administrator, None, 10).await.unwrap();
    assert_eq!(all.len(), 2, "an administrator sees both halves");
    assert!(town.site.tally(&cuid("eve"), tally_id()).await.is_err());
    assert!(town.site.history(&cuid("eve"), tally_id(), None, 1).await.is_err());
    assert!(town.site.users(&user("eve"), None, 10).await.is_err());
    assert!(town.site.totals(&user("eve")).await.is_err());
}

async fn many_chits_from_both_sides_end_as_one_chain(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    for number in 0..100 {
        let (name, side) =
            if number % 3 == 0 { ("suzie", Side::Stock) } else { ("bob", Side::Foil) };
        town.pay(name, side, number, 100 + i64::from(number)).await.unwrap();
        if number % 7 == 0 {
            town.site.post().await.unwrap();
        }
    }
    town.deliver().await;
    town.assert_sound().await;
    let bob = town.site.tally(&cuid("bob"), tally_id()).await.unwrap();
    let suzie = town.site.tally(&cuid("suzie"), tally_id()).await.unwrap();
    assert_eq!((bob.chits, bob.agreed), (100, 100));
    assert_eq!((suzie.chits, suzie.agreed), (100, 100));
    assert_eq!(bob.balance_milli, -suzie.balance_milli);
    let page = |name, before| {
        let holder = cuid(name);
        let site = town.site.clone();
        async move { site.history(&holder, tally_id(), before, 100).await.unwrap() }
    };
    assert_eq!(page("bob", None).await, page("suzie", None).await, "link by link");
    assert_eq!(page("bob", Some(4)).await.len(), 3);
}

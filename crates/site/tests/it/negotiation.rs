//! What users are told while they negotiate.

use protocol::Side;
use site::{Command, Wish};
use store::Store;

use crate::town::{Town, cuid, draft, on_every_store, tally_id, user};

on_every_store! {
    offers_and_their_ends_are_told,
}

impl Town {
    async fn offers(&self, name: &str, side: Side, expires: Option<&str>) -> protocol::Hash {
        let mut draft = draft();
        draft.expires = expires.map(|at| at.parse().unwrap());
        let offer = self.site.to_offer(&cuid(name), tally_id(), draft).await.unwrap();
        let offer = offer.signed(side, self.key(name)).unwrap();
        let hash = protocol::Record::hash(&offer).unwrap();
        self.wish(name, Wish::Offer(Box::new(offer))).await.unwrap();
        self.deliver().await;
        hash
    }
}

async fn offers_and_their_ends_are_told(store: Store) {
    let town = Town::new(store.clone()).await;
    let invitation = town.invite().await;
    town.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
    town.deliver().await;
    let one = town.offers("suzie", Side::Stock, None).await;
    let reason = Some("too little".parse().unwrap());
    town.wish("bob", Wish::Refuse { offer: one, reason }).await.unwrap();
    town.deliver().await;
    let two = town.offers("suzie", Side::Stock, None).await;
    town.wish("suzie", Wish::Withdraw { offer: two }).await.unwrap();
    town.deliver().await;
    let three = town.offers("suzie", Side::Stock, Some("2026-11-23T00:00:00.000Z")).await;
    town.world.pass(2 * 24 * 3_600_000);
    town.site.remind().await.unwrap();
    town.deliver().await;

    let tally = tally_id();
    let about = |revision: u32, offer: &protocol::Hash| {
        format!(r#"{{"offer":"{offer}","revision":{revision},"tally":"{tally}"}}"#)
    };
    let ended = |revision: u32, offer: &protocol::Hash, how: &str, reason: &str| {
        format!(
            r#"{{"how":"{how}","offer":"{offer}","reason":{reason},"revision":{revision},"tally":"{tally}"}}"#
        )
    };
    let of_offers = |told: Vec<(String, String)>| -> Vec<(String, String)> {
        let about = |kind: &str| kind.starts_with("offer") || kind == "invitation_answered";
        told.into_iter().filter(|(kind, _)| about(kind)).collect()
    };
    let pair = |kind: &str, text: String| (kind.to_owned(), text);
    let suzie = [
        pair("invitation_answered", format!(r#"{{"tally":"{tally}"}}"#)),
        pair("offer_ended", ended(1, &one, "refused", r#""too little""#)),
        pair("offer_ended", ended(2, &two, "withdrawn", "null")),
        pair("offer_expired", about(3, &three)),
    ];
    assert_eq!(of_offers(town.told(&store, "suzie").await), suzie);
    let bob = [
        pair("offer", about(1, &one)),
        pair("offer", about(2, &two)),
        pair("offer_withdrawn", about(2, &two)),
        pair("offer", about(3, &three)),
        pair("offer_expired", about(3, &three)),
    ];
    assert_eq!(of_offers(town.told(&store, "bob").await), bob);
}

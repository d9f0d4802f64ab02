//! Contracts that a site knows, and what a device asks before it signs.

use protocol::bounded::List;
use protocol::{Contract, ContractId, Verified};
use site::{Caller, SiteError, Wish};
use store::Store;

use crate::town::{Town, chit_id, cuid, draft, on_every_store, tally_id, user};

on_every_store!(
    an_administrator_adds_a_contract_once,
    a_device_learns_what_to_sign,
    a_device_learns_what_governs,
);

fn contract(title: &str) -> Verified<Contract> {
    let contract = Contract {
        host: "quernby.example".parse().unwrap(),
        name: "plain".parse().unwrap(),
        version: std::num::NonZeroU32::MIN,
        language: "en".parse().unwrap(),
        top: true,
        published: None,
        title: title.parse().unwrap(),
        text: Some("We owe what we sign.".parse().unwrap()),
        tag: None,
        sections: List::default(),
        rid: None,
    };
    contract.seal().unwrap()
}

async fn an_administrator_adds_a_contract_once(store: Store) {
    let town = Town::new(store).await;
    let (one, two) = (contract("One"), contract("Two"));
    let site = &town.site;
    let refused = site.add_contract(&user("suzie"), &one).await;
    assert!(matches!(refused, Err(SiteError::NotAllowed { .. })), "{refused:?}");
    assert!(site.contracts().await.unwrap().is_empty());
    assert!(site.add_contract(&Caller::Administrator, &one).await.unwrap());
    assert!(!site.add_contract(&Caller::Administrator, &one).await.unwrap());
    assert!(site.add_contract(&Caller::Administrator, &two).await.unwrap());
    assert_eq!(site.contracts().await.unwrap().len(), 2);
    let rid = two.rid.unwrap();
    assert_eq!(site.contract(&rid).await.unwrap(), Some(two));
    assert_eq!(site.contract(&ContractId::from_bytes([0; 32])).await.unwrap(), None);
}

async fn a_device_learns_what_to_sign(store: Store) {
    let town = Town::new(store).await;
    let (site, tally) = (&town.site, tally_id());
    let suzie = cuid("suzie");
    let none = site.governing(&suzie, tally).await;
    assert!(matches!(none, Err(SiteError::NoTally { .. })), "{none:?}");
    town.invite().await;
    let early = site.governing(&suzie, tally).await;
    assert!(matches!(early, Err(SiteError::NotOpen { .. })), "{early:?}");
    let alone = site.to_offer(&suzie, tally, draft()).await;
    assert!(matches!(alone, Err(SiteError::Negotiation(_))), "{alone:?}");
}

async fn a_device_learns_what_governs(store: Store) {
    let town = Town::with_tally(store).await;
    let (site, tally, suzie) = (&town.site, tally_id(), cuid("suzie"));
    let next = site.to_offer(&suzie, tally, draft()).await.unwrap();
    assert_eq!((next.members().revision.get(), &next.members().sign), (2, &None));
    let before = site.governing(&suzie, tally).await.unwrap();
    assert_eq!((before.set, before.next_counter.map(|next| next.get())), (None, Some(1)));
    let side = site.tally(&suzie, tally).await.unwrap().side;
    let close =
        Wish::Write { chit: Box::new(town.close("suzie", side, chit_id(9))), over_limit: false };
    town.wish("suzie", close).await.unwrap();
    let after = site.governing(&suzie, tally).await.unwrap();
    assert!(after.set.is_some_and(|set| set.close));
    assert_eq!(after.next_counter.map(|next| next.get()), Some(2));
    assert_eq!(after.holder.settings, before.holder.settings);
}

//! Whom a site accepts as referees: who an administrator says, and where it finds them.

use protocol::address::Endpoint;
use site::{Accepted, Caller, Class, Command, Found, MAX_ACCEPTED, MAX_SOLE_MILLI, Query};
use store::Store;

use super::court::Court;
use crate::town::{Town, agent, agent_of, on_every_store, units, user};

on_every_store! {
    an_administrator_accepts_and_drops_referees,
}

async fn listed(town: &Town) -> Vec<Accepted> {
    match town.site.query(&Caller::Administrator, Query::Referees).await.unwrap() {
        Found::Referees(all) => all,
        other => panic!("{other:?}"),
    }
}

async fn an_administrator_accepts_and_drops_referees(store: Store) {
    let town = Town::new(store).await;
    let admin = Caller::Administrator;
    assert_eq!(listed(&town).await, [], "nobody is accepted unless it is said");
    let place: Endpoint = "judge.example.org:8421".parse().unwrap();
    // This site's own agent as any other.
    let accept = |agent, endpoint: Option<&Endpoint>| Command::AcceptReferee {
        agent,
        endpoint: endpoint.cloned(),
        most: None,
    };
    town.ask(&admin, accept(agent(), None)).await.unwrap();
    town.ask(&admin, accept(agent_of(8), None)).await.unwrap();
    town.ask(&admin, accept(agent_of(8), Some(&place))).await.unwrap();
    let mut expected = vec![(agent(), None), (agent_of(8), Some(place.clone()))];
    expected.sort_by_key(|(agent, _)| agent.to_string());
    assert_eq!(town.site.accepted_referees().await.unwrap(), expected);
    let shown = expected.into_iter().map(|(agent, endpoint)| Accepted {
        agent,
        endpoint,
        most: units(MAX_SOLE_MILLI),
    });
    assert_eq!(listed(&town).await, shown.collect::<Vec<_>>());
    // Accepted is not known: a stranger's notes are not listened to for that.
    assert!(!town.site.knows(agent_of(8)).await.unwrap());
    // What it says of decisions is waited for all the same; of others it is not.
    assert!(town.site.sits_with(agent_of(8)).await.unwrap());
    assert!(!town.site.sits_with(agent_of(7)).await.unwrap());

    for command in [accept(agent_of(7), None), Command::DropReferee { agent: agent() }] {
        let refused = town.ask(&user("suzie"), command).await.unwrap_err();
        assert_eq!(refused.class(), Class::NotAllowed);
    }
    assert!(town.site.query(&user("suzie"), Query::Referees).await.is_err());

    assert!(town.site.sits_with(agent()).await.unwrap());
    town.ask(&admin, Command::DropReferee { agent: agent() }).await.unwrap();
    assert!(!town.site.sits_with(agent()).await.unwrap());
    let again = town.ask(&admin, Command::DropReferee { agent: agent() }).await.unwrap_err();
    assert_eq!((again.class(), again.word()), (Class::NotFound, "no_referee"));
    assert_eq!(listed(&town).await.len(), 1);

    for seed in 20..19 + u8::try_from(MAX_ACCEPTED).unwrap() {
        town.ask(&admin, accept(agent_of(seed), None)).await.unwrap();
    }
    let full = town.ask(&admin, accept(agent_of(7), None)).await.unwrap_err();
    assert_eq!(full.word(), "too_many_referees");
    // Where one answers may be said all the same.
    town.ask(&admin, accept(agent_of(8), None)).await.unwrap();
}

#[tokio::test]
async fn an_accepted_referee_is_found_where_the_administrator_says() {
    let court = Court::new(4).await;
    let site = court.sites[0].as_ref().unwrap();
    let others: Vec<_> =
        court.lift.referees.iter().copied().filter(|it| *it != site.agent()).collect();
    let mut tx = court.stores[0].begin().await.unwrap();
    tx.set(&format!("agent:{}", others[0]), Some("near.example.org:1")).await.unwrap();
    tx.set(&format!("agent:{}", others[1]), Some("")).await.unwrap();
    tx.commit().await.unwrap();
    let id = site::CommandId::new("accept").unwrap();
    for (number, other) in others[..2].iter().enumerate() {
        let (agent, endpoint) =
            (*other, Some(format!("judge{number}.example.org:2").parse().unwrap()));
        let id = site::CommandId::new(&format!("{}-{number}", id.as_str())).unwrap();
        let command = Command::AcceptReferee { agent, endpoint, most: None };
        site.command(&Caller::Administrator, &id, command).await.unwrap();
    }
    let ask = protocol::errand::Ask::new(court.lift.clone(), court.refusal());
    let ask = protocol::errand::Errand::Ask(Box::new(ask));
    site.hear_errand(super::court::asker(), ask).await;
    let sent = site.take_errands().await.unwrap();
    let at = |whom| {
        let one = sent.iter().find(|one| one.to == whom).unwrap();
        one.at.as_ref().map(ToString::to_string)
    };
    // What an agent said itself comes first.
    assert_eq!(at(others[0]).as_deref(), Some("near.example.org:1"));
    assert_eq!(at(others[1]).as_deref(), Some("judge1.example.org:2"));
    assert_eq!(at(others[2]), None);
    // Also once it is accepted no more: it decides what was promised under it.
    let id = site::CommandId::new("drop").unwrap();
    let command = Command::DropReferee { agent: others[1] };
    site.command(&Caller::Administrator, &id, command).await.unwrap();
    let lift = court.new_lift(b"second");
    let refused = super::court::refusal(&lift, &super::court::participants(2)[1]);
    let ask = protocol::errand::Ask::new(lift, Some(refused));
    site.hear_errand(super::court::asker(), protocol::errand::Errand::Ask(Box::new(ask))).await;
    let sent = site.take_errands().await.unwrap();
    let to = sent.iter().find(|one| one.to == others[1]).unwrap();
    assert_eq!(to.at.as_ref().map(ToString::to_string).as_deref(), Some("judge1.example.org:2"));
}

//! Whose lies a referee keeps the proofs of: strangers' are any number, and leave room for those that concern its site.

use protocol::agreement::{Ballot, Message, Round, Statement, Vote};
use protocol::bounded::List;
use protocol::errand::{Ask, Errand};
use protocol::lift::{Lift, Outcome};
use protocol::referee::{Ruling, Telling};
use protocol::{AgentId, Hash, Record as _, SecretKey};
use site::{Caller, Clock as _, MAX_PROOFS, MAX_PROOFS_OF_STRANGERS, Proven};
use store::Store;

use super::court::{Court, agent, lift, participants, promises};
use crate::town::on_every_store;

on_every_store! {
    lies_of_strangers_leave_room_for_those_that_concern_the_site,
    lies_of_partners_sites_leave_room_for_those_of_referees,
    where_there_was_no_room_for_strangers_it_is_looked_for_again_after_a_minute,
}

/// Names cost nothing.
fn key(number: u64) -> SecretKey {
    let mut seed = [80; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    SecretKey::ed25519(&seed)
}

/// A vote of one of a lift's referees.
fn vote(lift: &Lift, key: &SecretKey, outcome: Outcome) -> Errand {
    let vote = Vote { ballot: Ballot::Prevote, round: Round::FIRST, outcome: Some(outcome) };
    let ruling = Ruling { lift: lift.id().unwrap(), statement: Statement::Vote(vote) };
    let sign = ruling.sign_with(key).unwrap();
    Errand::Telling(Box::new(Telling {
        lift: lift.clone(),
        messages: List::new(vec![Message::Vote { vote, sign }]).unwrap(),
        promises: List::default(),
        refused: None,
        late: List::default(),
    }))
}

/// Somebody brings a lift that this referee decides with three others, and all of these vote both ways.
async fn is_lied_to(court: &Court, from: AgentId, liars: &[SecretKey]) {
    let site = court.sites[0].as_ref().unwrap();
    let mut referees: Vec<SecretKey> = liars.to_vec();
    referees.push(court.keys[0].clone());
    referees.sort_by_key(agent);
    let name = agent(&liars[0]).to_string();
    let lift = lift(&referees, &participants(2), court.world.now(), name.as_bytes());
    let ask = Ask::new(lift.clone(), Some(promises(&lift, &participants(2))));
    site.hear_referee(from, Errand::Ask(Box::new(ask))).await.unwrap();
    for liar in liars {
        for outcome in [Outcome::Commit, Outcome::Void] {
            site.hear_referee(agent(liar), vote(&lift, liar, outcome)).await.unwrap();
        }
    }
}

async fn kept(court: &Court) -> Vec<Proven> {
    court.sites[0].as_ref().unwrap().lies(&Caller::Administrator).await.unwrap()
}

/// Whom the site's users accept, or deal with.
async fn has(store: &Store, what: &str, who: &SecretKey) {
    let mut tx = store.begin().await.unwrap();
    tx.set(&format!("{what}:{}", agent(who)), Some("")).await.unwrap();
    tx.commit().await.unwrap();
}

/// A stranger brings a lift that three strangers lie about.
async fn strangers_lie(court: &Court, number: u64) {
    let liars = [0, 1, 2].map(|which| key(3 * number + which));
    is_lied_to(court, agent(&key(2_000_000 + number)), &liars).await;
}

async fn lies_of_strangers_leave_room_for_those_that_concern_the_site(store: Store) {
    let court = Court::over(vec![store.clone()]).await;
    let [accepted, partner] = [key(1_000_000), key(1_000_001)];
    has(&store, "referee", &accepted).await;
    has(&store, "agent", &partner).await;
    // More liars than there is room for proofs, all of them named by strangers.
    for number in 0..u64::try_from(MAX_PROOFS / 3).unwrap() + 2 {
        strangers_lie(&court, number).await;
    }
    assert_eq!(kept(&court).await.len(), MAX_PROOFS_OF_STRANGERS, "some are kept");
    // In a stranger's lift a referee lies that is accepted here; in a partner's one whom nobody here knows.
    let named = [accepted.clone(), key(3_000_000), key(3_000_001)];
    is_lied_to(&court, agent(&key(3_000_002)), &named).await;
    let unknown = [3_000_003, 3_000_004, 3_000_005].map(key);
    is_lied_to(&court, agent(&partner), &unknown).await;
    let accused: Vec<AgentId> =
        kept(&court).await.into_iter().flat_map(|proven| proven.accused).collect();
    assert_eq!(accused.len(), MAX_PROOFS_OF_STRANGERS + 1 + 3);
    for liar in [&accepted, &unknown[0], &unknown[1], &unknown[2]] {
        assert!(accused.contains(&agent(liar)));
    }
}

/// Partners are many.
async fn lies_of_partners_sites_leave_room_for_those_of_referees(store: Store) {
    let court = Court::over(vec![store.clone()]).await;
    let [accepted, partner] = [key(1_000_000), key(1_000_001)];
    has(&store, "referee", &accepted).await;
    has(&store, "agent", &partner).await;
    let mut tx = store.begin().await.unwrap();
    for number in 0..u64::try_from(MAX_PROOFS).unwrap() {
        let id = Hash::of(&number.to_be_bytes());
        let (kind, lift) = ("twice".to_owned(), id.into());
        let (accused, text, at) = (vec![agent(&partner)], String::new(), court.world.now());
        let row = store::Proof { id, kind, lift, accused, text, heard_from: None, at };
        assert!(tx.add_proof(&row).await.unwrap());
    }
    tx.commit().await.unwrap();
    is_lied_to(&court, agent(&partner), &[accepted.clone(), key(1), key(2)]).await;
    let kept = kept(&court).await;
    assert_eq!(kept.len(), MAX_PROOFS + 3);
    assert!(kept.iter().any(|proven| proven.accused == [agent(&accepted)]));
}

/// Whoever tells of many has not all that are kept read for each.
async fn where_there_was_no_room_for_strangers_it_is_looked_for_again_after_a_minute(store: Store) {
    let court = Court::over(vec![store.clone()]).await;
    let lifts = u64::try_from(MAX_PROOFS_OF_STRANGERS / 3).unwrap();
    for number in 0..=lifts {
        strangers_lie(&court, number).await;
    }
    assert_eq!(kept(&court).await.len(), MAX_PROOFS_OF_STRANGERS);
    // What concerns the site since takes no room from strangers.
    let concerned = &kept(&court).await[0].accused[0];
    let mut tx = store.begin().await.unwrap();
    tx.set(&format!("referee:{concerned}"), Some("")).await.unwrap();
    tx.commit().await.unwrap();
    strangers_lie(&court, lifts + 1).await;
    assert_eq!(kept(&court).await.len(), MAX_PROOFS_OF_STRANGERS, "it is not looked");
    court.world.pass(60_000);
    strangers_lie(&court, lifts + 2).await;
    assert_eq!(kept(&court).await.len(), MAX_PROOFS_OF_STRANGERS + 1);
}

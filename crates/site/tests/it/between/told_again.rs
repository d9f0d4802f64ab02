//! A partner's half was restored: of the lifts whose chits it lacks it is told before their chits, by whoever this site is now.

use std::sync::Arc;

use protocol::address::Endpoint;
use protocol::ledger::{Head, Message};
use protocol::mail::Receipt;
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::{AgentId, Hash, Moved, Record as _, Side, Verified};
use site::{Command, Site, Transport, Wish};

use super::fates::run;
use super::paid::{three, tie};
use crate::seek::land::{Land, agent, key, tally_of};
use crate::town::{cuid, user};

/// Where ann's half of the tally with bob stands after so many lifts: its chain is no longer than that.
async fn heads(land: &Land) -> Vec<Head> {
    let mut view = land.stores[0].read().await.unwrap();
    let half = view.half_of(&cuid("ann"), &tally_of(0)).await.unwrap().unwrap();
    let links = view.links(half.id, 1, 100).await.unwrap();
    links.into_iter().map(|row| Head { index: row.index, hash: row.link }).collect()
}

/// Bob's site hears that ann's half went back to this head; gives what it then says of lifts, in letters or at once.
async fn asked(land: &Land, back: Head) -> Vec<Word> {
    let body =
        Body::Ledger(Message::Ask { locator: vec![back], question: Hash::of(b"after a restore") });
    let (tally, from, to) = (tally_of(0), land.address("ann"), cuid("bob"));
    let note = Note { tally, from, to, token: None, moved: None, body };
    let receipt = land.sites[1].hear_from(agent(0), vec![Ok(note)]).await;
    land.sites[1].tend_lifts(land.now()).await.unwrap();
    let letters = land.stores[1].read().await.unwrap().letters(None, 100).await.unwrap();
    let letters = letters.into_iter().map(|letter| letter.letter.message);
    let word = |text: String| match Note::read(text.as_bytes()).unwrap().body {
        Body::Lift(word) => Some(*word),
        _ => None,
    };
    receipt.notes.into_iter().chain(letters).filter_map(word).collect()
}

async fn paid(lifts: u8) -> Land {
    let land = three().await;
    for name in 1..=lifts {
        land.pays(name, ["ann", "cat"], [1_000, 1_000]).await.unwrap();
    }
    land.calms().await;
    land
}

#[test]
fn a_restored_half_is_told_of_the_lifts_that_it_lacks_and_of_no_others() {
    run(async {
        let land = paid(3).await;
        let heads = heads(&land).await;
        assert_eq!(heads.len(), 3);
        for (lacks, head) in [(0, heads[2]), (1, heads[1]), (2, heads[0])] {
            let words = asked(&land, head).await;
            let lifts: std::collections::BTreeSet<_> =
                words.iter().map(|word| word.lift.id().unwrap()).collect();
            assert_eq!(lifts.len(), lacks);
            assert!(words.iter().all(|word| word.certificate.is_some()));
            land.settle().await;
        }
    });
}

/// A user signs that this agent, its site's, speaks for it on the first tally.
async fn signs(land: &Land, name: &str, by: Side, now: AgentId) {
    let moved = Moved {
        tally: tally_of(0),
        by,
        agent: now,
        counter: std::num::NonZeroU32::MIN,
        date: land.now(),
        head: None,
        key: None,
        sign: None,
    };
    let wish = Wish::Move(Box::new(moved.signed(&key(name)).unwrap()));
    let command = Command::Tally { tally: tally_of(0), wish };
    land.ask(land.at[name], &user(name), command).await.unwrap();
}

/// What an agent of before signed of its lifts nobody takes from the one that came after it.
#[test]
fn a_site_says_of_its_lifts_by_the_agent_that_it_is_now() {
    run(async {
        let mut land = paid(2).await;
        let head = heads(&land).await[0];
        let now = land.has_another_agent(1).await;
        signs(&land, "bob", Side::Foil, now).await;
        let words = asked(&land, head).await;
        assert_eq!(words.len(), 1);
        // So is what bob's device keeps of what he gave on.
        let lift = words[0].lift.id().unwrap();
        let proof = land.sites[1].proof_on(&cuid("bob"), tally_of(1), lift).await.unwrap();
        assert!(Verified::check(proof.giver.unwrap(), &now).is_ok());
        for word in words {
            assert!(Verified::check(word.conditional, &now).is_ok());
            word.check(&now).unwrap();
        }
    });
}

/// The way between two sites, whoever they are now.
struct Between {
    from: AgentId,
    to: (AgentId, Site),
}

impl Transport for Between {
    async fn send(&self, to: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        if to != self.to.0 {
            return Receipt::missing(notes.len(), "nobody is that any more");
        }
        self.to.1.hear_from(self.from, notes.iter().cloned().map(Ok).collect()).await
    }
}

/// Bob's site goes back to when it had heard of a lift and not judged it, so that it knows of none of its halves; ann's, which
/// tells it again, is another agent. All keys of the lift are in use, so it cannot be one that was lost.
#[test]
fn a_lift_that_was_not_judged_before_a_restore_is_known_again_by_a_partners_new_agent() {
    run(async {
        let mut land = Land::new(3, &[("ann", 0), ("bob", 1)], &[tie("ann", "bob")]).await;
        land.referees_at(&[2]).await;
        let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "bob"], [5_000, 5_000])));
        let mut copy = None;
        for _ in 0..400 {
            land.world.pass(50);
            land.carry_with_answers().await;
            tokio::task::yield_now().await;
            land.sites[0].tend_lifts(land.now()).await.unwrap();
            land.deliver().await;
            let store = &land.stores[1];
            if !store.read().await.unwrap().open_parts(None, 9).await.unwrap().is_empty() {
                copy = store.copy_in_memory();
                break;
            }
        }
        let (copy, date) = (copy.expect("bob's site heard of it"), land.now());
        land.until(&asked).await;
        asked.await.unwrap().unwrap();
        land.calms().await;
        assert_eq!(land.balances(0).await, [-5_000, 5_000]);
        land.stores[1] = copy;
        land.restart(1).await;
        land.sites[1].begin_epoch(date).await.unwrap();
        assert_eq!(land.balances(0).await, [-5_000, 0]);
        let now = land.has_another_agent(0).await;
        signs(&land, "ann", Side::Stock, now).await;
        land.has_no_more("bob", 0).await;
        let sites = [(now, land.sites[0].clone()), (agent(1), land.sites[1].clone())];
        for _ in 0..60 {
            land.world.pass(1_000_000);
            for (at, (from, site)) in sites.iter().enumerate() {
                let way = Between { from: *from, to: sites[1 - at].clone() };
                site.remind().await.unwrap();
                site.post().await.unwrap();
                site.deliver(&Arc::new(way)).await.unwrap();
                site.tend_lifts(land.now()).await.unwrap();
            }
        }
        assert_eq!(land.balances(0).await, [-5_000, 5_000], "bob has again what he was paid");
        let examined = land.sites[1].doctor(&mut |_| ()).await.unwrap();
        assert!(examined.faults.is_empty(), "{:?}", examined.faults);
    });
}

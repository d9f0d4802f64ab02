//! A partner's half was restored: of the lifts whose chits it lacks it is told before their chits, by whoever this site is now.

use protocol::ledger::{Head, Message};
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::{Hash, Moved, Record as _, Side, Verified};
use site::{Command, Wish};

use super::fates::run;
use super::paid::three;
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

/// What an agent of before signed of its lifts nobody takes from the one that came after it.
#[test]
fn a_site_says_of_its_lifts_by_the_agent_that_it_is_now() {
    run(async {
        let mut land = paid(2).await;
        let head = heads(&land).await[0];
        let now = land.has_another_agent(1).await;
        let moved = Moved {
            tally: tally_of(0),
            by: Side::Foil,
            agent: now,
            counter: std::num::NonZeroU32::MIN,
            date: land.now(),
            head: None,
            key: None,
            sign: None,
        };
        let wish = Wish::Move(Box::new(moved.signed(&key("bob")).unwrap()));
        let command = Command::Tally { tally: tally_of(0), wish };
        land.ask(1, &user("bob"), command).await.unwrap();
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

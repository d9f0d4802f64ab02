//! A site's agent has another key: its partners' sites follow what each user signs, and nobody else.

use protocol::mail::Fate;
use protocol::{ChitId, Record as _, Side, Signer as _};
use site::{Site, SiteError, Wish};
use store::NewLetter;

use crate::pair::Pair;
use crate::town::START;

fn id(number: u8) -> ChitId {
    ChitId::random([number; 16])
}

async fn pays(pair: &mut Pair, at: usize, number: u8) {
    let chit = pair.places[at].payment(id(number), 1_000, START);
    pair.write(at, chit).await.unwrap();
}

async fn moves(pair: &mut Pair, at: usize, seed: u8) {
    let world = std::sync::Arc::clone(&pair.world);
    pair.places[at].replace_agent(seed, &world).await;
}

async fn signs(pair: &mut Pair, at: usize, counter: u32) {
    let word = Box::new(pair.places[at].word(counter));
    pair.wish(at, Wish::Move(word)).await.unwrap();
}

#[tokio::test]
async fn both_go_on_once_the_user_has_signed() {
    for at in [0, 1] {
        let mut pair = Pair::new().await;
        pays(&mut pair, 1, 1).await;
        pair.settle().await;
        moves(&mut pair, at, 90).await;
        // Said to the agent before, and to be heard by the one now.
        pays(&mut pair, 1 - at, 2).await;
        signs(&mut pair, at, 1).await;
        pays(&mut pair, at, 3).await;
        pair.settle().await;
        pays(&mut pair, 1 - at, 4).await;
        pair.settle().await;
        pair.assert_one_ledger().await;
        assert_eq!(pair.places[0].seen().await.chits, 4);
        let new = pair.places[at].agent();
        for place in &pair.places {
            let agents = place.seen().await.agents.unwrap();
            assert_eq!(*agents.of(pair.places[at].side), new);
            assert_eq!(place.told("moved").await, 1);
        }
    }
}

#[tokio::test]
async fn a_site_may_move_again_and_both_may() {
    let mut pair = Pair::new().await;
    for round in 0..3_u8 {
        for at in [0, 1] {
            moves(&mut pair, at, 90 + 10 * round + u8::try_from(at).unwrap()).await;
            signs(&mut pair, at, u32::from(round) + 1).await;
            pays(&mut pair, at, 10 * round + u8::try_from(at).unwrap()).await;
            pair.settle().await;
        }
    }
    pair.assert_one_ledger().await;
    assert_eq!(pair.places[0].seen().await.chits, 6);
    assert_eq!(pair.places[0].site.former_agents().len(), 3);
}

#[tokio::test]
async fn nobody_is_followed_without_the_users_word() {
    let mut pair = Pair::new().await;
    pays(&mut pair, 1, 1).await;
    pair.settle().await;
    let before = pair.places[0].seen().await;
    moves(&mut pair, 1, 90).await;
    pays(&mut pair, 1, 2).await;
    // As if it had been sent all the same: the half at the other site takes none of it.
    pair.carry_all().await;
    let after = pair.places[0].seen().await;
    assert_eq!((after.chits, after.agents), (before.chits, before.agents));
    // Nor does it follow words that somebody else wrote.
    let good = pair.places[1].word(1);
    let wrong = [
        protocol::Moved { by: Side::Stock, ..good },
        protocol::Moved { sign: None, ..good },
        protocol::Moved { agent: pair.places[0].agent(), ..good },
    ];
    for wrong in wrong {
        pays(&mut pair, 1, 3 + wrong.by as u8 + u8::from(wrong.sign.is_none())).await;
        for (to, letter) in pair.take(1).await {
            let note = protocol::note::Note::read(letter.message.as_bytes()).unwrap();
            let note = protocol::note::Note { moved: Some(wrong), ..note };
            let message = note.to_text().unwrap().to_string();
            pair.bring((to, NewLetter { message, ..letter })).await;
        }
    }
    let after = pair.places[0].seen().await;
    assert_eq!((after.chits, after.agents), (before.chits, before.agents));
    signs(&mut pair, 1, 1).await;
    pair.settle().await;
    pair.assert_one_ledger().await;
}

#[tokio::test]
async fn an_old_backup_and_a_lost_agent_key_at_once() {
    for at in [0, 1] {
        let mut pair = Pair::new().await;
        pays(&mut pair, at, 1).await;
        pair.settle().await;
        let copy = pair.back_up(at).await;
        pays(&mut pair, at, 2).await;
        pays(&mut pair, 1 - at, 3).await;
        pair.settle().await;
        pair.restore(at, &copy).await;
        moves(&mut pair, at, 90).await;
        signs(&mut pair, at, 1).await;
        pair.wish(at, Wish::Recover(Vec::new())).await.unwrap();
        pair.settle().await;
        pair.assert_one_ledger().await;
        assert_eq!(pair.places[at].seen().await.chits, 3, "nothing is lost");
    }
}

#[tokio::test]
async fn a_partner_that_went_back_to_before_follows_again() {
    for at in [0, 1] {
        let mut pair = Pair::new().await;
        pays(&mut pair, at, 1).await;
        pair.settle().await;
        let copy = pair.back_up(1 - at).await;
        moves(&mut pair, at, 90).await;
        signs(&mut pair, at, 1).await;
        pays(&mut pair, at, 2).await;
        pair.settle().await;
        pair.restore(1 - at, &copy).await;
        pair.wish(1 - at, Wish::Recover(Vec::new())).await.unwrap();
        // What it asks goes to the agent that it knows, which is no more: until this one speaks.
        drop(pair.take(1 - at).await);
        pays(&mut pair, at, 3).await;
        pair.settle().await;
        pair.assert_one_ledger().await;
        assert_eq!(pair.places[1 - at].seen().await.chits, 3);
    }
}

#[tokio::test]
async fn only_this_sites_agent_may_be_named_by_the_user_itself() {
    let mut pair = Pair::new().await;
    let theirs = pair.places[0].agent();
    let own = protocol::Moved { agent: theirs, ..pair.places[1].word(1) };
    let refused = pair.wish(1, Wish::Move(Box::new(own))).await.unwrap_err();
    assert!(matches!(refused, SiteError::NotAllowed { .. }), "{refused}");
    moves(&mut pair, 1, 90).await;
    let word = pair.places[1].word(1);
    let unsigned = Box::new(protocol::Moved { sign: None, ..word });
    let refused = pair.wish(1, Wish::Move(unsigned)).await.unwrap_err();
    assert!(matches!(refused, SiteError::Signature(_)), "{refused}");
    signs(&mut pair, 1, 1).await;
    // Asked again it is done already.
    signs(&mut pair, 1, 1).await;
}

/// The key was changed and the agent replaced before the partner heard of either: the word is by a key that comes
/// with it in one note, and by no other.
#[tokio::test]
async fn a_word_by_a_new_key_is_taken_with_the_change_of_key() {
    for at in [0, 1] {
        let mut pair = Pair::new().await;
        pays(&mut pair, at, 1).await;
        pair.settle().await;
        let new = protocol::SecretKey::ed25519(&[61; 32]);
        let chit = pair.places[at].rekeyed(id(20), &new).await;
        pair.write(at, chit).await.unwrap();
        drop(pair.take(at).await);
        moves(&mut pair, at, 90).await;
        let key = Some(new.public_key().name());
        let word = protocol::Moved { key, sign: None, ..pair.places[at].word(1) };
        let word = Box::new(word.signed(&new).unwrap());
        pair.wish(at, Wish::Move(word)).await.unwrap();
        // What does not bring the key is put off; what brings it is heard.
        pair.settle().await;
        pair.assert_one_ledger().await;
        let agents = pair.places[1 - at].seen().await.agents.unwrap();
        assert_eq!(*agents.of(pair.places[at].side), pair.places[at].agent());
        pays(&mut pair, 1 - at, 2).await;
        pair.settle().await;
        pair.assert_one_ledger().await;
        assert_eq!(pair.places[at].seen().await.chits, 3);
    }
}

/// A half that cannot check the word, as it may lack a key, asks for patience; anybody else is refused for good.
#[tokio::test]
async fn a_word_that_cannot_be_checked_waits() {
    let mut pair = Pair::new().await;
    moves(&mut pair, 1, 90).await;
    signs(&mut pair, 1, 1).await;
    let letters = pair.take(1).await;
    let note = protocol::note::Note::read(letters[0].1.message.as_bytes()).unwrap();
    let from = note.from.agent;
    let good = note.moved.unwrap();
    let unknown = protocol::Moved { key: Some(protocol::Hash::from_bytes([7; 32])), ..good };
    let heard = async |moved| {
        let note = protocol::note::Note { moved, ..note.clone() };
        pair.places[0].site.hear_from(from, vec![Ok(note)]).await.fates.remove(0)
    };
    let fate = heard(Some(unknown)).await;
    assert!(
        matches!(&fate, Fate::Later(reason) if reason.as_str().contains("another agent")),
        "{fate:?}"
    );
    let (tally, from) = (note.tally, note.from.short());
    assert_eq!(SiteError::MoveNotProved { tally, from }.word(), "move_not_proved");
    let fate = heard(None).await;
    assert!(matches!(fate, Fate::Refused(_)), "{fate:?}");
    assert_eq!(heard(Some(good)).await, Fate::Taken);
}

/// The next agent is never refused for what is kept of those before without saying so.
#[tokio::test]
async fn a_site_had_so_many_agents_at_most() {
    let store = store::Store::memory();
    let id = |n: u8| {
        protocol::AgentId::of(&protocol::SecretKey::ed25519(&[n; 32]).public_key()).unwrap()
    };
    assert_eq!(Site::replace_agent(&store, id(0)).await.unwrap(), None, "nobody's store");
    let mut tx = store.begin().await.unwrap();
    tx.found(&store::Founded { agent: id(0), at: START.parse().unwrap() }).await.unwrap();
    tx.commit().await.unwrap();
    for n in 1..=u8::try_from(site::MAX_FORMER_AGENTS).unwrap() {
        for times in ["once", "twice is once"] {
            let before = Site::replace_agent(&store, id(n)).await.unwrap();
            assert_eq!(before, Some(id(n - 1)), "{times}");
        }
    }
    for refused in [
        Site::replace_agent(&store, id(200)).await.map(drop),
        Site::was_agent(&store, id(201), false, START.parse().unwrap()).await,
    ] {
        assert_eq!(refused.unwrap_err().word(), "too_many_agents");
    }
    Site::was_agent(&store, id(3), false, START.parse().unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_is_said_of_other_sites_is_refused_by_its_word() {
    let (tally, agent) = (crate::town::tally_id(), Pair::new().await.places[0].agent());
    let words = [
        (SiteError::ToMove { tally }, "to_move"),
        (SiteError::LivingAgent(agent), "living_agent"),
        (SiteError::OtherKey { store: agent, key: agent }, "other_site"),
    ];
    for (refusal, word) in words {
        assert_eq!(refusal.word(), word);
    }
}

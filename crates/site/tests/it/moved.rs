//! A site's agent has another key: its partners' sites follow what each user signs, and nobody else.

use protocol::{ChitId, Record as _, Side};
use site::{SiteError, Wish};
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

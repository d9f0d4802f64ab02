//! A partner's site that lies: lifts of its own making, laid out by honest sites, that would leave somebody with less
//! than it signed.

use protocol::bounded::List;
use protocol::errand::{Compose, Composed, Drawn, Errand, Laid};
use protocol::lift::{
    Certificate, Conditional, Evidence, Leg, Mode, Promise, Reason, Refused, Tree,
};
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::{AgentId, Hash, Lift, SecretKey, Side, Signer as _, TallyId};
use site::{Clock as _, MAX_DRAFTS_OF_ONE, Outgoing};

use super::paid::tie;
use crate::seek::land::{Land, agent, tally_of};
use crate::town::{cuid, units};

/// The liar's site is 0; the honest one, 1, has two users between, who are each other's partners.
pub(super) async fn land() -> Land {
    let users = [("ann", 0), ("bob", 1), ("bea", 1), ("cat", 2)];
    let ties = [tie("ann", "bob"), tie("bob", "bea"), tie("bea", "cat")];
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    land
}

pub(super) fn key_of(site: u8) -> SecretKey {
    SecretKey::ed25519(&[site + 50; 32])
}

/// The way that the liar's site found.
async fn token(land: &Land) -> Hash {
    let found = land.find(["ann", "cat"], [5_000, 5_000]).await.unwrap();
    let (_, partner, token) = found[0].on.unwrap();
    assert_eq!(partner, agent(1));
    token
}

/// Has a lift of this nonce laid out from the liar's site on.
pub(super) async fn laid_out(land: &Land, nonce: Hash) -> Laid {
    let drawn = drawn(land, token(land).await, nonce).await;
    let Drawn::Laid(laid) = drawn else { panic!("{drawn:?}") };
    laid
}

/// What the liar's site is answered where it has a lift of this nonce laid out along a way that it found.
async fn drawn(land: &Land, token: Hash, nonce: Hash) -> Drawn {
    let positive = |milli| units(milli).try_into().unwrap();
    let compose = Compose { token, nonce, amount: positive(5_000), most: positive(6_000) };
    let answer = land.sites[1].hear_errand(agent(0), Errand::Compose(Box::new(compose))).await;
    if let Some(Errand::Composed(composed)) = answer {
        return composed.drawn;
    }
    for _ in 0..4 {
        for (number, site) in land.sites.iter().enumerate() {
            for Outgoing { to, errand, .. } in site.take_errands().await.unwrap() {
                if let (Errand::Composed(composed), true) = (&errand, to == agent(0)) {
                    let Composed { drawn, .. } = &**composed;
                    return drawn.clone();
                }
                let there = (0..4).find(|there| agent(*there) == to).unwrap();
                if let Some(answer) = land.sites[there].hear_errand(agent(number), errand).await {
                    assert_eq!(site.hear_errand(to, answer).await, None);
                }
            }
        }
    }
    panic!("it is never laid out");
}

/// The liar's word on a lift with these leaves.
pub(super) fn word(
    land: &Land,
    nonce: Hash,
    laid: &Laid,
    branches: Vec<Hash>,
    deadline_ms: i64,
) -> Word {
    let own = key_of(77);
    let mut keys = laid.participants.to_vec();
    keys.push(own.public_key());
    keys.sort_unstable();
    let (date, referee): (_, AgentId) = (land.world.now(), agent(3));
    let lift = Lift {
        nonce,
        mode: Mode::Payment,
        date,
        deadline: date.plus_ms(deadline_ms).unwrap(),
        legs: Tree::new(branches.clone()).unwrap().root(),
        participants: List::new(keys).unwrap(),
        referees: List::new(vec![referee]).unwrap(),
        quorum: 1,
        payment: Some(Hash::of(b"signed by nobody")),
    };
    let id = lift.id().unwrap();
    let leg = Leg { tally: tally_of(0), by: Side::Stock, units: laid.enters };
    let (side, users, key) = (Side::Stock, land.users(0), own.public_key());
    let said = Conditional { lift: id, leg, users, side, key, anew: false, sign: None };
    let promise =
        Promise { lift: id, by: own.public_key(), judged: Hash::of(b"nothing"), sign: None };
    Word {
        lift,
        branches: List::new(branches).unwrap(),
        conditional: said.signed(&key_of(0)).unwrap(),
        promises: List::new(vec![promise.signed(&own).unwrap()]).unwrap(),
        refused: None,
        certificate: None,
        given: None,
    }
}

/// The honest site hears it; says what it answers on the same tally, and what it says to the next site.
pub(super) async fn says(land: &Land, word: Word) -> (Option<Word>, bool) {
    let (tally, body) = (tally_of(0), Body::Lift(Box::new(word)));
    let (from, to) = (land.address("ann"), cuid("bob"));
    let note = Note { tally, from, to, token: None, moved: None, body };
    let receipt = land.sites[1].hear_from(agent(0), vec![Ok(note)]).await;
    land.sites[1].tend_lifts(land.world.now()).await.unwrap();
    let mut back = None;
    for text in receipt.notes {
        back = lift_word(&text).or(back);
    }
    let mut on = false;
    let letters = land.stores[1].read().await.unwrap().letters(None, 100).await.unwrap();
    for letter in letters {
        if let Some(word) = lift_word(&letter.letter.message) {
            if letter.letter.to == agent(0) {
                back = Some(word);
            } else {
                on = true;
            }
        }
    }
    (back, on)
}

fn lift_word(text: &str) -> Option<Word> {
    match protocol::Record::read(text.as_bytes()).map(|note: Note| note.body) {
        Ok(Body::Lift(word)) => Some(*word),
        _ => None,
    }
}

async fn set_aside(land: &Land, tally: TallyId) -> usize {
    let mut view = land.stores[1].read().await.unwrap();
    let halves = view.halves(&store::HalfFilter::default(), None, 100).await.unwrap();
    let of_it = halves.iter().filter(|half| half.tally == tally);
    let ledgers = of_it.filter_map(|half| half.row.ledger.as_deref());
    ledgers.filter(|ledger| ledger.contains("\"aside\"")).count()
}

#[tokio::test]
async fn a_lift_whose_tree_lacks_what_moves_inside_is_not_promised() {
    let land = land().await;
    let nonce = Hash::of(b"one leaf is missing");
    let whole = laid_out(&land, nonce).await;
    for missing in 0..whole.branches.len() {
        let mut branches = whole.branches.to_vec();
        branches.remove(missing);
        let deadline = 30_000 + i64::try_from(missing).unwrap();
        let (back, on) = says(&land, word(&land, nonce, &whole, branches, deadline)).await;
        assert!(!on, "leaf {missing}: it goes on");
        if let Some(back) = back {
            assert!(back.promises.is_empty(), "leaf {missing}");
            assert_eq!(back.refused.unwrap().reason, Reason::Unknown);
        }
        for tie in 0..3 {
            assert_eq!(set_aside(&land, tally_of(tie)).await, 0);
        }
    }
}

/// Whoever is left out could not take part, and its user would get nothing for what it gives on.
#[tokio::test]
async fn a_lift_that_leaves_out_a_site_from_here_on_is_not_promised() {
    let land = land().await;
    let nonce = Hash::of(b"one site is left out");
    let whole = laid_out(&land, nonce).await;
    for missing in 0..whole.participants.len() {
        let mut keys = whole.participants.to_vec();
        keys.remove(missing);
        let laid = Laid { participants: List::new(keys).unwrap(), ..whole.clone() };
        let deadline = 30_000 + i64::try_from(missing).unwrap();
        let branches = whole.branches.to_vec();
        let (_, on) = says(&land, word(&land, nonce, &laid, branches, deadline)).await;
        assert!(!on, "key {missing}: it goes on");
        for tie in 0..3 {
            assert_eq!(set_aside(&land, tally_of(tie)).await, 0, "key {missing}");
        }
    }
}

#[tokio::test]
async fn a_lift_that_was_laid_out_is_promised_once_whatever_else_has_its_nonce() {
    let land = land().await;
    let nonce = Hash::of(b"one nonce, many lifts");
    let whole = laid_out(&land, nonce).await;
    let (_, on) = says(&land, word(&land, nonce, &whole, whole.branches.to_vec(), 30_000)).await;
    assert!(on, "the honest case: it is promised, and goes on");
    assert_eq!(set_aside(&land, tally_of(1)).await, 2, "both halves inside");
    for other in 1..20 {
        let again = word(&land, nonce, &whole, whole.branches.to_vec(), 30_000 + other);
        let lift = again.lift.id().unwrap();
        let (back, _) = says(&land, again).await;
        assert_eq!(back.unwrap().refused.unwrap().reason, Reason::Unknown);
        let kept = land.stores[1].read().await.unwrap().parts_in(&lift).await.unwrap();
        assert_eq!(kept, [], "what is not known leaves no trace");
    }
    assert_eq!(set_aside(&land, tally_of(1)).await, 2);
    assert_eq!(land.stores[1].read().await.unwrap().open_parts(None, 99).await.unwrap().len(), 1);
}

/// What was laid out and promised keeps nobody from having more laid out: only what comes to nothing does, for a while.
#[tokio::test]
async fn lifts_that_are_promised_take_no_room_from_those_that_are_laid_out() {
    let mut land = land().await;
    let found = token(&land).await;
    let nonce = |number: usize| Hash::of(format!("lift {number}").as_bytes());
    let mut all = Vec::new();
    for number in 0..MAX_DRAFTS_OF_ONE {
        let Drawn::Laid(laid) = drawn(&land, found, nonce(number)).await else { panic!() };
        all.push(laid);
    }
    // The site beyond forgets all of them, so that it has room.
    land.restart(2).await;
    let found = token(&land).await;
    let more = || drawn(&land, found, nonce(MAX_DRAFTS_OF_ONE));
    assert_eq!(more().await, Drawn::Refused(Reason::Busy));
    let said = word(&land, nonce(7), &all[7], all[7].branches.to_vec(), 30_000);
    let (back, on) = says(&land, said.clone()).await;
    assert!(on && back.is_none(), "it is promised, and goes on");
    assert!(matches!(more().await, Drawn::Laid(_)), "one more");
    let another = drawn(&land, found, nonce(MAX_DRAFTS_OF_ONE + 1)).await;
    assert_eq!(another, Drawn::Refused(Reason::Busy), "and not two");
    // Said once more it is the same lift, and its nonce is no other's.
    let lift = said.lift.id().unwrap();
    let before = land.stores[1].read().await.unwrap().parts_in(&lift).await.unwrap();
    let (back, _) = says(&land, said).await;
    assert!(back.is_none_or(|back| back.refused.is_none()), "it is not refused");
    let after = land.stores[1].read().await.unwrap().parts_in(&lift).await.unwrap();
    assert_eq!((after.len(), &after[0].state), (1, &before[0].state));
    let other = word(&land, nonce(7), &all[7], all[7].branches.to_vec(), 30_001);
    let (back, _) = says(&land, other).await;
    assert_eq!(back.unwrap().refused.unwrap().reason, Reason::Unknown);
}

#[tokio::test]
async fn a_lift_that_asks_for_long_or_for_other_referees_is_refused_at_once() {
    let land = land().await;
    for (number, deadline, reason) in
        [(0, 3_600_000, Reason::Deadline), (1, 30_000, Reason::Referees)]
    {
        let nonce = Hash::of(&[number]);
        let whole = laid_out(&land, nonce).await;
        let mut asked = word(&land, nonce, &whole, whole.branches.to_vec(), deadline);
        if reason == Reason::Referees {
            asked.lift.referees = List::new(vec![agent(0)]).unwrap();
            let id = asked.lift.id().unwrap();
            let own = key_of(77);
            asked.conditional.lift = id;
            asked.conditional =
                Conditional { sign: None, ..asked.conditional }.signed(&key_of(0)).unwrap();
            let promise = Promise { lift: id, sign: None, ..asked.promises[0] };
            asked.promises = List::new(vec![promise.signed(&own).unwrap()]).unwrap();
        }
        let (back, on) = says(&land, asked).await;
        assert_eq!((back.unwrap().refused.unwrap().reason, on), (reason, false));
        assert_eq!(set_aside(&land, tally_of(0)).await, 0);
    }
}

/// Two sites of which one has forgotten a lift would otherwise say "unknown" and "it is void" to each other for ever.
#[tokio::test]
async fn what_was_decided_of_an_unknown_lift_is_not_answered() {
    let land = land().await;
    let nonce = Hash::of(b"forgotten");
    let whole = laid_out(&land, nonce).await;
    // What was laid out became another lift: of this one the site knows nothing, but could refuse it.
    says(&land, word(&land, nonce, &whole, whole.branches.to_vec(), 30_000)).await;
    let mut asked = word(&land, nonce, &whole, whole.branches.to_vec(), 30_001);
    let id = asked.lift.id().unwrap();
    let own = key_of(77);
    let refused = Refused { lift: id, by: own.public_key(), reason: Reason::Busy, sign: None };
    let evidence = Evidence::Refused(refused.signed(&own).unwrap());
    asked.promises = List::default();
    asked.certificate = Some(Certificate::by_sole_referee(id, evidence, &key_of(3)).unwrap());
    let (back, _) = says(&land, asked).await;
    assert!(back.is_none(), "{back:?}");
    assert_eq!(land.stores[1].read().await.unwrap().parts_in(&id).await.unwrap(), []);
}

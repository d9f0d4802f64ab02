//! A lift that a liar makes up as a whole: its participants, its referee and what was decided are all the liar's, and by it
//! the user of whoever hears of it gives, who has promised nothing.

use protocol::bounded::List;
use protocol::lift::{Certificate, Conditional, Evidence, Leg, Mode, Promise, Tree};
use protocol::participant::Word;
use protocol::{AgentId, Hash, Lift, SecretKey, Signer as _};

use super::dice::Dice;

/// What the liar of this agent says over the tally of `word` in place of it.
pub(super) fn made_up(word: &Word, agent: &SecretKey, dice: &mut Dice) -> Option<Word> {
    let Word { conditional: before, .. } = word;
    let keys = [1, 2].map(|number| key(word.lift.nonce, number));
    let mut participants = keys.each_ref().map(SecretKey::public_key);
    participants.sort_unstable();
    // The neighbour gives.
    let leg = Leg { by: before.side.other(), ..before.leg };
    let nonce = Hash::of(format!("made up {}", word.lift.nonce).as_bytes());
    let mut lift = Lift {
        nonce,
        mode: Mode::Clearing,
        payment: None,
        participants: List::new(participants.to_vec()).ok()?,
        referees: List::new(vec![AgentId::of(&agent.public_key()).ok()?]).ok()?,
        quorum: 1,
        ..word.lift.clone()
    };
    let branches = vec![leg.leaf(lift.salt()).ok()?];
    lift.legs = Tree::new(branches.clone()).ok()?.root();
    let id = lift.id().ok()?;
    let promise = |key: &SecretKey| {
        let by = key.public_key();
        Promise { lift: id, by, judged: nonce, sign: None }.signed(key).ok()
    };
    let mut promises = keys.iter().map(promise).collect::<Option<Vec<_>>>()?;
    promises.sort_unstable_by_key(|promise| promise.by);
    let promises = List::new(promises).ok()?;
    let evidence = Evidence::Promises(promises.clone());
    let certificate = Certificate::by_sole_referee(id, evidence, agent).ok()?;
    let said = |side, key: &SecretKey| {
        let (users, key) = (before.users, key.public_key());
        Conditional { lift: id, leg, users, side, key, sign: None }.signed(agent).ok()
    };
    Some(Word {
        lift,
        branches: List::new(branches).ok()?,
        conditional: said(before.side, &keys[0])?,
        promises: if dice.percent(50) { promises } else { List::default() },
        refused: None,
        certificate: Some(certificate),
        given: if dice.percent(50) { said(leg.by, &keys[1]) } else { None },
    })
}

fn key(nonce: Hash, number: u8) -> SecretKey {
    SecretKey::ed25519(Hash::of(format!("key {number} {nonce}").as_bytes()).as_bytes())
}

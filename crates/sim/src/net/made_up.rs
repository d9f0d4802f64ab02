//! A lift that a liar makes up as a whole: all its participants are the liar's, and by it the user of whoever hears of it gives,
//! who has promised nothing.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::lift::{
    Certificate, Conditional, Evidence, Leg, MAX_PARTICIPANTS, Mode, Promise, Tree,
};
use protocol::participant::Word;
use protocol::{AgentId, Hash, Lift, LiftId, SecretKey, Side, Signer as _};

use super::dice::Dice;

/// How long referees may decide what is made up, in milliseconds: time enough to ask them.
const OPEN_MS: i64 = 540_000;

/// What a liar signs with.
pub(super) struct Liar {
    /// Its agent's key.
    pub(super) agent: Arc<SecretKey>,
    /// Keys of agents that the site which it speaks to has given up.
    pub(super) stolen: Vec<Arc<SecretKey>>,
}

/// What a liar makes up.
pub(super) struct MadeUp {
    pub(super) lift: Lift,
    pub(super) id: LiftId,
    pub(super) promises: List<Promise, MAX_PARTICIPANTS>,
    leaf: Hash,
    leg: Leg,
    users: Hash,
    side: Side,
    keys: [SecretKey; 2],
}

impl MadeUp {
    /// A lift over the tally of this word, by which the neighbour's user gives: under this referee alone, or under those of the
    /// word's lift.
    pub(super) fn over(word: &Word, referee: Option<&SecretKey>) -> Option<Self> {
        let Word { conditional: before, .. } = word;
        let keys = [1, 2].map(|number| key(word.lift.nonce, number));
        let mut participants = keys.each_ref().map(SecretKey::public_key);
        participants.sort_unstable();
        let leg = Leg { by: before.side.other(), ..before.leg };
        let nonce = Hash::of(format!("made up {}", word.lift.nonce).as_bytes());
        let mut lift = Lift {
            nonce,
            mode: Mode::Clearing,
            payment: None,
            participants: List::new(participants.to_vec()).ok()?,
            ..word.lift.clone()
        };
        match referee {
            Some(own) => {
                lift.referees = List::new(vec![AgentId::of(&own.public_key()).ok()?]).ok()?;
                lift.quorum = 1;
            }
            None => lift.deadline = lift.date.plus_ms(OPEN_MS).ok()?,
        }
        let leaf = leg.leaf(lift.salt()).ok()?;
        lift.legs = Tree::new(vec![leaf]).ok()?.root();
        let id = lift.id().ok()?;
        let promise = |key: &SecretKey| {
            let by = key.public_key();
            Promise { lift: id, by, judged: nonce, sign: None }.signed(key).ok()
        };
        let mut promises = keys.iter().map(promise).collect::<Option<Vec<_>>>()?;
        promises.sort_unstable_by_key(|promise| promise.by);
        let promises = List::new(promises).ok()?;
        let (users, side) = (before.users, before.side);
        Some(Self { lift, id, promises, leaf, leg, users, side, keys })
    }

    /// Decided by the liar itself, its only referee.
    pub(super) fn decided_by(&self, referee: &SecretKey) -> Option<Certificate> {
        let evidence = Evidence::Promises(self.promises.clone());
        Certificate::by_sole_referee(self.id, evidence, referee).ok()
    }

    /// What the liar says of it.
    pub(super) fn word(
        self,
        certificate: Certificate,
        liar: &Liar,
        dice: &mut Dice,
    ) -> Option<Word> {
        let said = |side, key: &SecretKey, agent: &SecretKey| {
            let (lift, leg, users, key) = (self.id, self.leg, self.users, key.public_key());
            Conditional { lift, leg, users, side, key, anew: false, sign: None }.signed(agent).ok()
        };
        let conditional = said(self.side, &self.keys[0], &liar.agent)?;
        let given = if dice.percent(30) {
            None
        } else {
            let stolen = dice.pick(&liar.stolen).unwrap_or(&liar.agent);
            said(self.leg.by, &self.keys[1], stolen)
        };
        Some(Word {
            lift: self.lift,
            branches: List::new(vec![self.leaf]).ok()?,
            conditional,
            promises: if dice.percent(50) { self.promises } else { List::default() },
            refused: None,
            certificate: Some(certificate),
            given,
        })
    }
}

fn key(nonce: Hash, number: u8) -> SecretKey {
    SecretKey::ed25519(Hash::of(format!("key {number} {nonce}").as_bytes()).as_bytes())
}

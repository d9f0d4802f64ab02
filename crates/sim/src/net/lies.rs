//! What a lying site makes of what its own site would have said of a lift: whatever can be signed with its agent's key and
//! its keys in lifts, and put together from what any liar has heard.

use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::lift::{Certificate, Evidence, Mode, Outcome, Promise, Reason, Refused, Vote};
use protocol::participant::Word;
use protocol::{AgentId, Hash, Lift, LiftId, PublicKey, Record as _, SecretKey, TallyId};

use super::dice::Dice;
use super::made_up::{Liar, MadeUp};

/// How many pieces of each kind liars keep.
const MOST_KEPT: usize = 256;

/// How a site lies about one lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lie {
    /// Not at all.
    None,
    /// It says its first word, and then nothing new: so it promises and never says how that ended.
    Silent,
    /// It refuses what it has promised.
    Refuses,
    /// It promises twice, by different settings: one neighbour hears another promise each time, another both at once.
    PromisesTwice,
    /// It takes part under another participant's key.
    OtherKey,
    /// It hands on another lift than it was handed: other dates, referees or participants, to each neighbour its own.
    OtherLift,
    /// It shows certificates that are none.
    Forges,
    /// It says of this lift what was said of another one, or of this one long ago.
    Mixes,
    /// It makes up a lift by which its neighbour's user gives, under a referee of its own or honest ones, who decide whatever all
    /// participants promise; it may have the key of an agent that the neighbour's site gave up.
    MakesUp,
}

impl Lie {
    const ALL: [Self; 9] = [
        Self::None,
        Self::Silent,
        Self::Refuses,
        Self::PromisesTwice,
        Self::OtherKey,
        Self::OtherLift,
        Self::Forges,
        Self::Mixes,
        Self::MakesUp,
    ];

    pub(super) fn any(dice: &mut Dice) -> Self {
        dice.pick(&Self::ALL).copied().unwrap_or(Self::None)
    }
}

/// What all liars together have seen of lifts, and can sign.
#[derive(Default)]
pub(super) struct Pieces {
    lifts: BTreeMap<LiftId, Lift>,
    promises: BTreeMap<(LiftId, PublicKey), Promise>,
    refused: BTreeMap<LiftId, Refused>,
    certificates: BTreeMap<LiftId, Certificate>,
    words: Vec<Word>,
    /// Liars' keys in lifts.
    keys: BTreeMap<PublicKey, SecretKey>,
}

/// Forgets the first where there are too many.
fn bound<K: Ord, V>(all: &mut BTreeMap<K, V>) {
    while all.len() > MOST_KEPT {
        all.pop_first();
    }
}

impl Pieces {
    /// A liar has this key in a lift.
    pub(super) fn has_key(&mut self, key: PublicKey, secret: SecretKey) {
        self.keys.insert(key, secret);
        bound(&mut self.keys);
    }

    pub(super) fn knows_key(&self, key: &PublicKey) -> bool {
        self.keys.contains_key(key)
    }

    /// A liar says or hears a word.
    pub(super) fn takes(&mut self, word: &Word) {
        let Ok(id) = word.lift.id() else { return };
        self.lifts.insert(id, word.lift.clone());
        bound(&mut self.lifts);
        for promise in word.promises.iter() {
            self.promises.insert((promise.lift, promise.by), *promise);
        }
        bound(&mut self.promises);
        if let Some(refused) = word.refused {
            self.refused.insert(id, refused);
            bound(&mut self.refused);
        }
        if let Some(certificate) = &word.certificate {
            self.takes_certificate(certificate);
        }
        if self.words.len() >= MOST_KEPT {
            self.words.remove(0);
        }
        self.words.push(word.clone());
    }

    pub(super) fn takes_certificate(&mut self, certificate: &Certificate) {
        self.certificates.insert(certificate.lift, certificate.clone());
        bound(&mut self.certificates);
    }

    /// A lift of which liars know something, with all that makes it valid where they have that.
    pub(super) fn any_lift(&self, dice: &mut Dice) -> Option<(Lift, Option<Evidence>)> {
        let all: Vec<&Lift> = self.lifts.values().collect();
        let lift = (*dice.pick(&all)?).clone();
        let id = lift.id().ok()?;
        let promise = |key: &PublicKey| self.promise(id, key);
        let promises: Option<Vec<Promise>> = lift.participants.iter().map(promise).collect();
        let evidence = promises.and_then(|all| List::new(all).ok()).map(Evidence::Promises);
        let refused = self.refusal(&lift, id).map(Evidence::Refused);
        let evidence = if dice.percent(60) { evidence } else { refused.or(evidence) };
        Some((lift, evidence))
    }

    /// A participant's promise, as it was heard or as a liar gives its own.
    fn promise(&self, lift: LiftId, by: &PublicKey) -> Option<Promise> {
        let own = || {
            let judged = Hash::of(by.name().as_bytes());
            let promise = Promise { lift, by: *by, judged, sign: None };
            promise.signed(self.keys.get(by)?).ok()
        };
        self.promises.get(&(lift, *by)).copied().or_else(own)
    }

    /// The refusal of a liar that takes part, or one that was heard.
    fn refusal(&self, lift: &Lift, id: LiftId) -> Option<Refused> {
        let own = lift.participants.iter().find_map(|key| {
            let refused = Refused { lift: id, by: *key, reason: Reason::Room, sign: None };
            refused.signed(self.keys.get(key)?).ok()
        });
        own.or_else(|| self.refused.get(&id).copied())
    }

    /// What a site says instead of this word; `before` words on this lift it said to this neighbour before.
    pub(super) fn told(
        &mut self,
        lie: Lie,
        word: &Word,
        (liar, before): (&Liar, usize),
        dice: &mut Dice,
    ) -> Word {
        let agent = &*liar.agent;
        let changed = match lie {
            Lie::None => None,
            Lie::Silent => {
                let same = |old: &&Word| old.conditional == word.conditional;
                self.words.iter().find(same).cloned()
            }
            Lie::Refuses => self.refuses(word),
            Lie::PromisesTwice => self.promises_twice(word, before),
            Lie::OtherKey => with_other_key(word, agent, dice),
            Lie::OtherLift => self.other_lift(word, agent),
            Lie::Forges => self.forged(word, agent, dice),
            Lie::Mixes => self.mixed(word, dice),
            Lie::MakesUp => self.makes_up(word, liar, dice),
        };
        changed.unwrap_or_else(|| word.clone())
    }

    /// A lift that honest referees have not decided is asked about like any other that the liar knows.
    fn makes_up(&mut self, word: &Word, liar: &Liar, dice: &mut Dice) -> Option<Word> {
        let by_itself = dice.percent(50);
        let made_up = MadeUp::over(word, by_itself.then_some(&*liar.agent))?;
        let certificate = if by_itself {
            Some(made_up.decided_by(&liar.agent)?)
        } else {
            self.certificates.get(&made_up.id).cloned()
        };
        let Some(certificate) = certificate else {
            self.lifts.insert(made_up.id, made_up.lift);
            bound(&mut self.lifts);
            for promise in made_up.promises.iter() {
                self.promises.insert((promise.lift, promise.by), *promise);
            }
            bound(&mut self.promises);
            return None;
        };
        made_up.word(certificate, liar, dice)
    }

    fn refuses(&self, word: &Word) -> Option<Word> {
        let refused = self.refusal(&word.lift, word.lift.id().ok()?)?;
        Some(Word { refused: Some(refused), certificate: None, ..word.clone() })
    }

    fn promises_twice(&self, word: &Word, before: usize) -> Option<Word> {
        let own = word.promises.iter().find(|promise| self.keys.contains_key(&promise.by))?;
        let judged = Hash::of(format!("{} {before}", own.by.name()).as_bytes());
        let other = Promise { judged, sign: None, ..*own }.signed(self.keys.get(&own.by)?).ok()?;
        // To some the other one alone, to some both at once.
        let both = own.by.name().as_bytes()[0].is_multiple_of(2);
        let all = word.promises.iter().flat_map(|one| match (one == own, both) {
            (true, true) => vec![*one, other],
            (true, false) => vec![other],
            (false, _) => vec![*one],
        });
        Some(Word { promises: List::new(all.collect()).ok()?, ..word.clone() })
    }

    /// What is said of another lift in its place, the same for as long as it is said over this tally.
    fn other_lift(&self, word: &Word, agent: &SecretKey) -> Option<Word> {
        let lift = altered(word, agent)?;
        let id = lift.id().ok()?;
        let conditional = protocol::lift::Conditional { lift: id, sign: None, ..word.conditional };
        let conditional = conditional.signed(agent).ok()?;
        let mut promises: Vec<Promise> = Vec::new();
        for key in lift.participants.iter() {
            promises.extend(self.promise(id, key));
        }
        let (promises, certificate) =
            (List::new(promises).ok()?, self.certificates.get(&id).cloned());
        let branches = word.branches.clone();
        let given = None;
        Some(Word { lift, branches, conditional, promises, refused: None, certificate, given })
    }

    fn forged(&self, word: &Word, agent: &SecretKey, dice: &mut Dice) -> Option<Word> {
        let id = word.lift.id().ok()?;
        let known = self.certificates.get(&id);
        let certificate = match dice.below(4) {
            // A real one, with the opposite outcome.
            0 => {
                let outcome = match known?.outcome {
                    Outcome::Commit => Outcome::Void,
                    Outcome::Void => Outcome::Commit,
                };
                Certificate { outcome, ..known?.clone() }
            }
            // A real one, signed by too few.
            1 => {
                let votes = known?.sign.iter().skip(1).copied().collect();
                Certificate { sign: List::new(votes).ok()?, ..known?.clone() }
            }
            // Another lift's, renamed.
            2 => {
                let others: Vec<&Certificate> = self.certificates.values().collect();
                Certificate { lift: id, ..(*dice.pick(&others)?).clone() }
            }
            // Signed by itself in the name of the referees, of which it is none: who lies as a referee is drawn apart.
            _ => {
                let own = AgentId::of(&protocol::Signer::public_key(agent)).ok()?;
                if word.lift.referees.contains(&own) {
                    return None;
                }
                let valid = dice.percent(60);
                let evidence = if valid {
                    Evidence::Promises(word.promises.clone())
                } else {
                    Evidence::Refused(self.refusal(&word.lift, id)?)
                };
                let mut certificate = Certificate::unsigned(id, evidence, 0);
                let sign = certificate.sign_with(agent).ok()?;
                let votes =
                    word.lift.referees.iter().map(|referee| Vote { referee: *referee, sign });
                certificate.sign = List::new(votes.collect()).ok()?;
                certificate
            }
        };
        Some(Word { certificate: Some(certificate), refused: None, ..word.clone() })
    }

    fn mixed(&self, word: &Word, dice: &mut Dice) -> Option<Word> {
        let other = dice.pick(&self.words)?.clone();
        let word = word.clone();
        Some(match dice.below(5) {
            0 => Word { conditional: other.conditional, ..word },
            1 => Word { promises: other.promises, ..word },
            2 => Word { refused: other.refused, ..word },
            3 => Word { certificate: other.certificate, ..word },
            _ => Word { lift: other.lift, branches: other.branches, ..word },
        })
    }
}

fn with_other_key(word: &Word, agent: &SecretKey, dice: &mut Dice) -> Option<Word> {
    let key = *dice.pick(&word.lift.participants)?;
    let conditional = protocol::lift::Conditional { key, sign: None, ..word.conditional };
    Some(Word { conditional: conditional.signed(agent).ok()?, ..word.clone() })
}

/// Another lift for the neighbour over this tally.
fn altered(word: &Word, agent: &SecretKey) -> Option<Lift> {
    let mut lift = word.lift.clone();
    let over: TallyId = word.conditional.leg.tally;
    let by = Hash::of(format!("{} {over}", lift.nonce).as_bytes()).as_bytes()[0];
    let alone = |referee: AgentId| List::new(vec![referee]).ok();
    match by % 7 {
        0 => lift.deadline = lift.deadline.plus_ms(9 * 60_000).ok()?,
        1 => lift.deadline = lift.date.plus_ms(1).ok()?,
        2 => lift.date = lift.date.plus_ms(20_000).ok()?,
        3 => (lift.referees, lift.quorum) = (alone(*lift.referees.first()?)?, 1),
        4 => {
            let own = AgentId::of(&protocol::Signer::public_key(agent)).ok()?;
            (lift.referees, lift.quorum) = (alone(own)?, 1);
        }
        5 => {
            // Without somebody whose promise would be needed.
            let own = word.conditional.key;
            let gone = lift.participants.iter().rposition(|key| *key != own)?;
            let mut left = lift.participants.to_vec();
            left.remove(gone);
            lift.participants = List::new(left).ok()?;
        }
        _ => (lift.mode, lift.payment) = (Mode::Clearing, None),
    }
    Some(lift)
}

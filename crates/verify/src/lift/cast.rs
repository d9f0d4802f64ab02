//! Sites with their agents, the lift among them, and everything that anybody may sign about it: real signatures, each
//! made and checked once.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::ledger::Good;
use protocol::lift::{
    Certificate, Committed, Conditional, Decided, Evidence, Late, Leg, Legs, Mode, Promise, Reason,
    Refused,
};
use protocol::participant::{Heard, Part, Participant, Word};
use protocol::{
    AgentId, Hash, Lift, LiftId, PublicKey, SecretKey, Side, Signer as _, TallyId, Timestamp,
    Units, Verified,
};

use super::setting::Shape;
use crate::memo::Interned;
use crate::people::fixed;

/// Certificates by number: 1 valid, 2 too late, 3 and on refused by that site; 0 is none.
pub(crate) const NOTHING: u8 = 0;
/// The lift is valid.
pub(crate) const VALID: u8 = 1;
/// The deadline has passed.
pub(crate) const TOO_LATE: u8 = 2;
/// Refused by the site with the number above this.
pub(crate) const REFUSED: u8 = 3;

/// What one lift differs by from another: who takes part, what moves, who decides.
#[derive(Clone, Debug)]
pub(crate) struct Lay {
    pub(crate) shape: Shape,
    /// The hash of what the payer signed; none of a clearing.
    pub(crate) payment: Option<Hash>,
    /// What keeps lifts with the same legs apart, and their participants' keys.
    pub(crate) number: u8,
    /// Leg `n` goes from site `n` of this lift to the next.
    pub(crate) legs: Vec<Leg>,
    /// By site of this lift, whose agent it is.
    pub(crate) agents: Vec<usize>,
    /// One or four.
    pub(crate) referees: usize,
}

impl Lay {
    /// A clearing alone in the world, decided by one referee.
    pub(crate) fn of(shape: Shape) -> Self {
        let legs = (0..shape.legs()).map(|number| leg(number, Side::Foil)).collect();
        let agents = (0..shape.sites()).collect();
        Self { shape, payment: None, number: 0, legs, agents, referees: 1 }
    }
}

/// All that is signed about one lift.
pub(crate) struct Cast {
    pub(crate) shape: Shape,
    id: LiftId,
    lift: Lift,
    branches: List<Hash, { protocol::participant::MAX_BRANCHES }>,
    legs: Legs,
    /// In the order of the way, where those of the tree are in the order of their tallies.
    way: Vec<Leg>,
    keys: Vec<PublicKey>,
    agents: Vec<SecretKey>,
    pub(crate) referees: Vec<SecretKey>,
    pub(crate) parts: Vec<Arc<Part>>,
    pub(crate) promises: Vec<Verified<Promise>>,
    pub(crate) refusals: Vec<Verified<Refused>>,
    /// The first of them without meaning; of a lift with several referees only those that were really given.
    certificates: Interned<Decided>,
    /// The same legs and participants under a referee of the liars' own, and what that one decides.
    other: (Lift, Vec<Certificate>),
}

/// The amount of every leg, in milli-CHIPs, and what a liar says in its place.
pub(crate) const UNITS_MILLI: i64 = 5_000;
const OTHER_MILLI: i64 = 4_000;

/// The seeds of keys.
pub(super) const PARTICIPANT: u8 = 32;
pub(super) const AGENT: u8 = 2;
const REFEREE: u8 = 9;
const LIARS_REFEREE: u8 = 8;

pub(super) fn key(kind: u8, number: usize) -> SecretKey {
    let mut seed = [kind; 32];
    seed[31] = u8::try_from(number).unwrap_or(u8::MAX);
    SecretKey::ed25519(&seed)
}

fn agent_id(key: &SecretKey) -> AgentId {
    fixed(AgentId::of(&key.public_key()))
}

/// The agent of a site.
pub(crate) fn agent_of(site: usize) -> AgentId {
    agent_id(&key(AGENT, site))
}

/// The tally with a number.
pub(crate) fn tally_id(number: usize) -> TallyId {
    TallyId::random([u8::try_from(number + 1).unwrap_or(u8::MAX); 16])
}

/// A leg over the tally with a number.
pub(crate) fn leg(tally: usize, by: Side) -> Leg {
    Leg { tally: tally_id(tally), by, units: units(UNITS_MILLI) }
}

pub(crate) fn units(milli: i64) -> Positive {
    fixed(fixed(Units::new(milli)).try_into())
}

/// A promise of this participant, who refuses in the other case.
fn promise(lift: LiftId, secret: &SecretKey) -> Verified<Promise> {
    let (by, judged) = (secret.public_key(), Hash::of(b"judged"));
    let promise = Promise { lift, by, judged, sign: None };
    fixed(Verified::check(fixed(promise.signed(secret)), &()))
}

fn refusal(lift: LiftId, secret: &SecretKey) -> Verified<Refused> {
    let refused = Refused { lift, by: secret.public_key(), reason: Reason::Room, sign: None };
    fixed(Verified::check(fixed(refused.signed(secret)), &()))
}

impl Cast {
    pub(crate) fn new(lay: &Lay) -> Self {
        let Lay { shape, payment, number, .. } = *lay;
        let many = shape.sites();
        let nonce = Hash::of(&[b"a small world", &[number][..]].concat());
        let legs = fixed(Legs::new(lay.legs.clone(), Some(nonce)));
        let secrets: Vec<SecretKey> =
            (0..many).map(|site| key(PARTICIPANT + number, site)).collect();
        let keys: Vec<PublicKey> = secrets.iter().map(SecretKey::public_key).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        let mut referees: Vec<SecretKey> =
            (0..lay.referees).map(|seat| key(REFEREE, seat)).collect();
        referees.sort_unstable_by_key(agent_id);
        let date: Timestamp = fixed("2026-11-26T12:00:00.000Z".parse());
        let lift = Lift {
            nonce,
            mode: if payment.is_some() { Mode::Payment } else { Mode::Clearing },
            date,
            deadline: date,
            legs: legs.root(),
            participants: fixed(List::new(sorted)),
            referees: fixed(List::new(referees.iter().map(agent_id).collect())),
            quorum: fixed(Lift::quorum_of(lay.referees).ok_or("as many as a lift may have")),
            payment,
        };
        let id = fixed(lift.id());
        let leaf = |leg: &Leg| fixed(leg.leaf(Some(nonce)));
        let mut leaves: Vec<Hash> = legs.as_slice().iter().map(leaf).collect();
        leaves.sort_unstable();
        let mut cast = Self {
            shape,
            id,
            other: under_another_referee(&lift, &secrets),
            lift,
            branches: fixed(List::new(leaves)),
            legs,
            way: lay.legs.clone(),
            keys,
            agents: lay.agents.iter().map(|site| key(AGENT, *site)).collect(),
            parts: Vec::new(),
            promises: secrets.iter().map(|secret| promise(id, secret)).collect(),
            refusals: secrets.iter().map(|secret| refusal(id, secret)).collect(),
            certificates: Interned::new(),
            referees,
        };
        cast.parts = (0..many).map(|site| Arc::new(cast.part(site))).collect();
        // The first of all numbers is none: what stands there is a liars' referee's word, about another lift.
        let (other, void) = &cast.other;
        cast.certificates.number(fixed(Decided::check(void[0].clone(), other)));
        if let [referee] = &cast.referees[..] {
            cast.decide(referee);
        }
        cast
    }

    fn part(&self, site: usize) -> Part {
        let legs = (0..self.way.len()).filter(|leg| self.ends(*leg).contains(&site));
        let ours = legs.map(|leg| self.conditional(leg, site, site)).collect();
        let (lift, branches) = (self.lift.clone(), self.branches.clone());
        fixed(Part::new(lift, branches, self.keys[site], ours, self.shape.collects(site)))
    }

    /// Giver and taker of a leg.
    pub(crate) fn ends(&self, leg: usize) -> [usize; 2] {
        self.shape.ends(leg)
    }

    /// The legs, in the order of the way.
    pub(crate) fn way(&self) -> &[Leg] {
        &self.way
    }

    /// The lift's name.
    pub(crate) const fn id(&self) -> LiftId {
        self.id
    }

    /// The record.
    pub(crate) const fn lift(&self) -> &Lift {
        &self.lift
    }

    /// The chit of a leg, proved by the certificate that the lift is valid and the giver's word.
    pub(crate) fn good(&self, leg: usize) -> Good {
        let valid = self.certificate(VALID);
        let committed = fixed(Committed::check(self.lift.clone(), valid.certificate()));
        let giver = self.ends(leg)[0];
        let said = self.conditional(leg, giver, giver);
        let said = fixed(Verified::check(said, &agent_id(&self.agents[giver])));
        let (_, way) = fixed(self.legs.find(&self.tally(leg)).ok_or("a leg of this lift"));
        fixed(Good::of_leg(&committed, &way, &said))
    }

    /// What a site says of a leg, as this participant.
    fn conditional(&self, leg: usize, site: usize, as_whom: usize) -> Conditional {
        let gives = self.ends(leg)[0] == site;
        let (lift, leg, key) = (self.id, self.way[leg], self.keys[as_whom]);
        let side = if gives { leg.by } else { leg.by.other() };
        let users = Hash::of(b"users");
        let said = Conditional { lift, leg, users, side, key, sign: None };
        fixed(said.signed(&self.agents[site]))
    }

    fn decide(&self, referee: &SecretKey) {
        let decided = |evidence| {
            let certificate = fixed(Certificate::by_sole_referee(self.id, evidence, referee));
            fixed(Decided::check(certificate, &self.lift))
        };
        let mut promises: Vec<Promise> =
            self.promises.iter().map(|promise| promise.clone().into_inner()).collect();
        promises.sort_unstable_by_key(|promise| promise.by);
        let valid = Evidence::Promises(fixed(List::new(promises)));
        let late = Late { lift: self.id, referee: agent_id(referee), sign: None };
        let late = Evidence::Late(fixed(List::new(vec![fixed(late.signed(referee))])));
        let refused = self.refusals.iter().map(|refused| Evidence::Refused(**refused));
        let all = [valid, late].into_iter().chain(refused).map(decided);
        for (number, decided) in (u32::from(VALID)..).zip(all) {
            assert_eq!(self.certificates.number(decided), number, "each is another one");
        }
    }

    /// The certificate with a number.
    pub(crate) fn certificate(&self, number: u8) -> Arc<Decided> {
        self.certificates.get(number.into())
    }

    /// The number of a certificate of this lift, new or not.
    pub(crate) fn number_of(&self, certificate: Certificate) -> u8 {
        let decided = fixed(Decided::check(certificate, &self.lift));
        fixed(self.certificates.number(decided).try_into())
    }

    /// The key of a participant.
    pub(super) fn key(&self, site: usize) -> PublicKey {
        self.keys[site]
    }

    /// The site whose participant has this key.
    pub(crate) fn site(&self, key: &PublicKey) -> usize {
        self.keys.iter().position(|known| known == key).unwrap_or(self.keys.len())
    }

    /// The tally of a leg.
    pub(crate) fn tally(&self, leg: usize) -> TallyId {
        self.way[leg].tally
    }

    /// What a participant says over a leg, checked; none where that does not pass.
    pub(crate) fn heard(&self, from: usize, word: Word) -> Option<Heard> {
        word.check(&agent_id(&self.agents[from])).ok()
    }

    /// A word that a liar makes, speaking as this participant.
    pub(crate) fn word(&self, leg: usize, from: usize, as_whom: usize, twist: Twist) -> Word {
        let mut conditional = self.conditional(leg, from, as_whom);
        let (mut lift, mut certificate) = (self.lift.clone(), None);
        match twist {
            Twist::None => {}
            Twist::Units => conditional.leg.units = units(OTHER_MILLI),
            Twist::Side => conditional.side = conditional.side.other(),
            Twist::Leg => conditional.leg = self.way[(leg + 1) % self.way.len()],
            Twist::Record => {
                lift = self.other.0.clone();
                conditional.lift = fixed(lift.id());
                certificate = Some(self.other.1[from].clone());
            }
            Twist::Certificate => {
                let decided = self.other.1[from].clone();
                let refused = Some(*self.refusals[from]);
                certificate = Some(Certificate { lift: self.id, refused, ..decided });
            }
        }
        conditional.sign = None;
        Word {
            lift,
            branches: self.branches.clone(),
            conditional: fixed(conditional.signed(&self.agents[from])),
            promises: List::default(),
            refused: None,
            certificate,
            given: None,
        }
    }

    /// Whether a participant may promise, as its site's auditor sees it: everybody who will owe has said so.
    pub(crate) fn is_owed(&self, site: usize, participant: &Participant) -> bool {
        let legs = (0..self.way.len()).filter(|leg| self.ends(*leg)[1] == site);
        legs.into_iter().all(|leg| participant.conditional(&self.tally(leg)).is_some())
    }
}

/// What a liar says beside the truth about a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Twist {
    None,
    /// Another amount.
    Units,
    /// It speaks for its neighbour's side.
    Side,
    /// Another leg than that of the tally.
    Leg,
    /// A record with another referee, which has decided that it is void.
    Record,
    /// The true record, and the decision of another referee.
    Certificate,
}

impl Twist {
    /// What is no truth.
    pub(crate) const LIES: [Self; 5] =
        [Self::Units, Self::Side, Self::Leg, Self::Record, Self::Certificate];
}

/// The same lift as liars would lay it out, under a referee of their own, which says that each refused.
fn under_another_referee(lift: &Lift, secrets: &[SecretKey]) -> (Lift, Vec<Certificate>) {
    let referee = key(LIARS_REFEREE, 0);
    let referees = fixed(List::new(vec![agent_id(&referee)]));
    let other = Lift { referees, quorum: 1, ..lift.clone() };
    let id = fixed(other.id());
    let void = |secret| {
        let evidence = Evidence::Refused(refusal(id, secret).into_inner());
        fixed(Certificate::by_sole_referee(id, evidence, &referee))
    };
    let void = secrets.iter().map(void).collect();
    (other, void)
}

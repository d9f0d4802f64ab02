//! Sites with their agents, the lift among them, and everything that anybody may sign about it: real signatures, each
//! made and checked once.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::lift::{
    Certificate, Conditional, Decided, Evidence, Late, Leg, Legs, Mode, Promise, Reason, Refused,
};
use protocol::participant::{Heard, Part, Participant, Word};
use protocol::{
    AgentId, Hash, Lift, LiftId, PublicKey, SecretKey, Side, Signer as _, TallyId, Timestamp,
    Units, Verified,
};

use super::setting::Shape;

/// Certificates by number: 1 valid, 2 too late, 3 and on refused by that site; 0 is none.
pub(super) const NOTHING: u8 = 0;
/// The lift is valid.
pub(super) const VALID: u8 = 1;
/// The deadline has passed.
pub(super) const TOO_LATE: u8 = 2;
/// Refused by the site with the number above this.
pub(super) const REFUSED: u8 = 3;

/// All that is signed about one lift.
pub(super) struct Cast {
    pub(super) shape: Shape,
    id: LiftId,
    lift: Lift,
    branches: List<Hash, { protocol::participant::MAX_BRANCHES }>,
    legs: Vec<Leg>,
    keys: Vec<PublicKey>,
    agents: Vec<SecretKey>,
    pub(super) parts: Vec<Arc<Part>>,
    pub(super) promises: Vec<Verified<Promise>>,
    pub(super) refusals: Vec<Verified<Refused>>,
    /// By their numbers, the first of them without meaning.
    certificates: Vec<Arc<Decided>>,
}

/// A fixed thing of this file.
fn fixed<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.expect("a fixed world is well made")
}

fn key(kind: u8, number: usize) -> SecretKey {
    let mut seed = [kind; 32];
    seed[31] = u8::try_from(number).unwrap_or(u8::MAX);
    SecretKey::ed25519(&seed)
}

fn agent_id(key: &SecretKey) -> AgentId {
    fixed(AgentId::of(&key.public_key()))
}

fn leg(number: usize) -> Leg {
    let tally = TallyId::random([u8::try_from(number + 1).unwrap_or(u8::MAX); 16]);
    Leg { tally, by: Side::Foil, units: fixed(fixed(Units::new(5_000)).try_into()) }
}

impl Cast {
    pub(super) fn new(shape: Shape) -> Self {
        let many = shape.sites();
        let nonce = Hash::of(b"a small world");
        let legs: Vec<Leg> = (0..shape.legs()).map(leg).collect();
        let tree = fixed(Legs::new(legs.clone(), Some(nonce)));
        let secrets: Vec<SecretKey> = (0..many).map(|number| key(1, number)).collect();
        let keys: Vec<PublicKey> = secrets.iter().map(SecretKey::public_key).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        let referee = key(9, 0);
        let date: Timestamp = fixed("2026-11-26T12:00:00.000Z".parse());
        let lift = Lift {
            nonce,
            mode: Mode::Clearing,
            date,
            deadline: date,
            legs: tree.root(),
            participants: fixed(List::new(sorted)),
            referees: fixed(List::new(vec![agent_id(&referee)])),
            quorum: 1,
            payment: None,
        };
        let id = fixed(lift.id());
        let mut leaves: Vec<Hash> = legs.iter().map(|leg| fixed(leg.leaf(Some(nonce)))).collect();
        leaves.sort_unstable();
        let promise = |secret: &SecretKey| {
            let (by, judged) = (secret.public_key(), Hash::of(b"judged"));
            let promise = Promise { lift: id, by, judged, sign: None };
            fixed(Verified::check(fixed(promise.signed(secret)), &()))
        };
        let refuse = |secret: &SecretKey| {
            let refused =
                Refused { lift: id, by: secret.public_key(), reason: Reason::Room, sign: None };
            fixed(Verified::check(fixed(refused.signed(secret)), &()))
        };
        let mut cast = Self {
            shape,
            id,
            lift,
            branches: fixed(List::new(leaves)),
            legs,
            keys,
            agents: (0..many).map(|number| key(2, number)).collect(),
            parts: Vec::new(),
            promises: secrets.iter().map(promise).collect(),
            refusals: secrets.iter().map(refuse).collect(),
            certificates: Vec::new(),
        };
        cast.parts = (0..many).map(|site| Arc::new(cast.part(site))).collect();
        cast.certificates = cast.decide(&referee);
        cast
    }

    fn part(&self, site: usize) -> Part {
        let legs = (0..self.legs.len()).filter(|leg| self.ends(*leg).contains(&site));
        let ours = legs.map(|leg| self.conditional(leg, site, site)).collect();
        let (lift, branches) = (self.lift.clone(), self.branches.clone());
        fixed(Part::new(lift, branches, self.keys[site], ours, self.shape.collector() == site))
    }

    /// Giver and taker of a leg.
    pub(super) fn ends(&self, leg: usize) -> [usize; 2] {
        [leg, (leg + 1) % self.shape.sites()]
    }

    /// What a site says of a leg, as this participant.
    fn conditional(&self, leg: usize, site: usize, as_whom: usize) -> Conditional {
        let side = if self.ends(leg)[0] == site { Side::Foil } else { Side::Stock };
        let (lift, leg, key) = (self.id, self.legs[leg], self.keys[as_whom]);
        let said = Conditional { lift, leg, side, key, sign: None };
        fixed(said.signed(&self.agents[site]))
    }

    fn decide(&self, referee: &SecretKey) -> Vec<Arc<Decided>> {
        let decided = |evidence| {
            let certificate = Certificate::by_sole_referee(self.id, evidence, referee);
            Arc::new(fixed(Decided::check(fixed(certificate), &self.lift)))
        };
        let mut promises: Vec<Promise> =
            self.promises.iter().map(|promise| promise.clone().into_inner()).collect();
        promises.sort_unstable_by_key(|promise| promise.by);
        let valid = Evidence::Promises(fixed(List::new(promises)));
        let late = Late { lift: self.id, referee: agent_id(referee), sign: None };
        let late = Evidence::Late(fixed(List::new(vec![fixed(late.signed(referee))])));
        let refused = self.refusals.iter().map(|refused| Evidence::Refused(**refused));
        [late.clone(), valid, late].into_iter().chain(refused).map(decided).collect()
    }

    /// The certificate with a number.
    pub(super) fn certificate(&self, number: u8) -> Arc<Decided> {
        Arc::clone(&self.certificates[usize::from(number)])
    }

    /// The number of a certificate.
    pub(super) fn number(&self, certificate: &Certificate) -> u8 {
        let same = |decided: &&Arc<Decided>| decided.certificate() == certificate;
        let from = usize::from(VALID);
        let found = self.certificates[from..].iter().position(|decided| same(&decided));
        found.map_or(NOTHING, |place| u8::try_from(place + from).unwrap_or(NOTHING))
    }

    /// The site whose participant has this key.
    pub(super) fn site(&self, key: &PublicKey) -> usize {
        self.keys.iter().position(|known| known == key).unwrap_or(self.keys.len())
    }

    /// The tally of a leg.
    pub(super) fn tally(&self, leg: usize) -> TallyId {
        self.legs[leg].tally
    }

    /// A participant says over a leg what it has to say, and it is checked.
    pub(super) fn heard(&self, from: usize, word: Word) -> Heard {
        fixed(word.check(&agent_id(&self.agents[from])))
    }

    /// A word that a liar makes, speaking as this participant.
    pub(super) fn word(&self, leg: usize, from: usize, as_whom: usize) -> Word {
        Word {
            lift: self.lift.clone(),
            branches: self.branches.clone(),
            conditional: self.conditional(leg, from, as_whom),
            promises: List::default(),
            refused: None,
            certificate: None,
        }
    }

    /// Whether a participant may promise, as its site's auditor sees it: everybody who will owe has said so.
    pub(super) fn is_owed(&self, site: usize, participant: &Participant) -> bool {
        let legs = (0..self.legs.len()).filter(|leg| self.ends(*leg)[1] == site);
        legs.into_iter().all(|leg| participant.conditional(&self.tally(leg)).is_some())
    }
}

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
use protocol::participant::{Heard, MAX_BRANCHES, Part, Participant, Word};
use protocol::{
    AgentId, Hash, Lift, LiftId, PublicKey, SecretKey, Side, Signer as _, TallyId, Timestamp,
    Units, Verified,
};

use super::contents::bits;
use super::lie::Other;
use super::setting::Shape;
use crate::memo::{Interned, Memo};
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
    /// Which sites lie, one bit each: they may promise twice, each time by something else.
    pub(crate) liars: u8,
    /// Which sites have a leg in it, and no part: one bit each.
    pub(crate) left_out: u8,
    /// Planted: what a site's agent of before said counts too.
    pub(crate) former_counts: bool,
}

impl Lay {
    /// A clearing alone in the world, decided by one referee.
    pub(crate) fn of(shape: Shape) -> Self {
        let legs = (0..shape.legs()).map(|number| leg(number, Side::Foil)).collect();
        let agents = (0..shape.sites()).collect();
        Self {
            shape,
            payment: None,
            number: 0,
            legs,
            agents,
            referees: 1,
            liars: 0,
            left_out: 0,
            former_counts: false,
        }
    }
}

/// All that is signed about one lift.
pub(crate) struct Cast {
    pub(crate) shape: Shape,
    id: LiftId,
    lift: Lift,
    branches: List<Hash, MAX_BRANCHES>,
    legs: Legs,
    /// In the order of the way, where those of the tree are in the order of their tallies.
    way: Vec<Leg>,
    secrets: Vec<SecretKey>,
    keys: Vec<PublicKey>,
    /// Whose agent each participant's is.
    pub(super) sites: Vec<usize>,
    agents: Vec<SecretKey>,
    pub(crate) referees: Vec<SecretKey>,
    /// Of those who take part.
    parts: Vec<Option<Arc<Part>>>,
    /// Who takes part, one bit each.
    pub(crate) named: u8,
    /// Each of those who may promise twice, as a bit.
    twice: Vec<u8>,
    former_counts: bool,
    pub(crate) promises: Vec<Verified<Promise>>,
    /// The same, by something else that they were judged by.
    pub(super) again: Vec<Verified<Promise>>,
    pub(crate) refusals: Vec<Verified<Refused>>,
    /// The first of them without meaning; of a lift with several referees only those that were really given.
    certificates: Interned<Decided>,
    /// Other lifts with the same legs, as a liar would lay them out.
    pub(super) others: Memo<(Other, usize), (Lift, Certificate)>,
}

/// The amount of every leg, in milli-CHIPs.
pub(crate) const UNITS_MILLI: i64 = 5_000;

/// The seeds of keys.
pub(super) const PARTICIPANT: u8 = 32;
pub(super) const AGENT: u8 = 2;
const REFEREE: u8 = 9;

pub(super) fn key(kind: u8, number: usize) -> SecretKey {
    let mut seed = [kind; 32];
    seed[31] = u8::try_from(number).unwrap_or(u8::MAX);
    SecretKey::ed25519(&seed)
}

pub(super) fn agent_id(key: &SecretKey) -> AgentId {
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

/// The users of every tally.
pub(super) fn users() -> Hash {
    Hash::of(b"users")
}

/// A promise of this participant, judged by this; it refuses in the other case.
pub(super) fn promise(lift: LiftId, secret: &SecretKey, judged: &[u8]) -> Verified<Promise> {
    let (by, judged) = (secret.public_key(), Hash::of(judged));
    let promise = Promise { lift, by, judged, sign: None };
    fixed(Verified::check(fixed(promise.signed(secret)), &()))
}

pub(super) fn refusal(lift: LiftId, secret: &SecretKey) -> Verified<Refused> {
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
        let is_named = |site: &usize| lay.left_out & (1 << site) == 0;
        let mut sorted: Vec<PublicKey> =
            (0..many).filter(is_named).map(|site| keys[site]).collect();
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
        let promises = |judged: &[u8]| -> Vec<_> {
            secrets.iter().map(|secret| promise(id, secret, judged)).collect()
        };
        let mut cast = Self {
            shape,
            id,
            others: Memo::new(),
            lift,
            branches: fixed(List::new(leaves)),
            legs,
            way: lay.legs.clone(),
            keys,
            sites: lay.agents.clone(),
            agents: lay.agents.iter().map(|site| key(AGENT, *site)).collect(),
            parts: Vec::new(),
            named: (0..many).filter(is_named).fold(0, |named, site| named | 1 << site),
            twice: (0..8).map(|site| 1 << site).filter(|one| lay.liars & one != 0).collect(),
            former_counts: lay.former_counts,
            promises: promises(b"judged"),
            again: promises(b"judged by something else"),
            refusals: secrets.iter().map(|secret| refusal(id, secret)).collect(),
            secrets,
            certificates: Interned::new(),
            referees,
        };
        let part = |site| is_named(&site).then(|| Arc::new(cast.part(site)));
        cast.parts = (0..many).map(part).collect();
        // The first of all numbers is none: what stands there is a liars' referee's word, about another lift.
        let first = (0..many).find(is_named).unwrap_or_default();
        cast.certificates.number(cast.of_another(Other::Referee, first));
        if let [referee] = &cast.referees[..] {
            cast.decide(referee);
        }
        cast
    }

    fn part(&self, site: usize) -> Part {
        let ours = self.legs_at(site).map(|leg| self.conditional(leg, site, site)).collect();
        let (lift, branches) = (self.lift.clone(), self.branches.clone());
        fixed(Part::new(lift, branches, self.keys[site], ours, self.shape.collects(site)))
    }

    fn legs_at(&self, site: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.way.len()).filter(move |leg| self.ends(*leg).contains(&site))
    }

    /// The part of a site as it was laid out; none where it has none.
    pub(crate) fn laid_out(&self, site: usize) -> Option<Arc<Part>> {
        self.parts[site].clone()
    }

    /// The part that a site which keeps nothing of the lift takes by a word over a leg; none where it takes none.
    pub(super) fn brought_back(&self, site: usize, leg: usize, word: &Word) -> Option<Part> {
        let agent = &self.agents[site];
        let ours = self.conditional(leg, site, site);
        let on = (self.tally(leg), ours.side, users());
        let back = |own: &SecretKey| fixed(word.brings_back(on, &agent_id(own), &[]));
        let former = || back(&self.former(site)).filter(|_| self.former_counts);
        let key = back(agent).or_else(former)?;
        let lift = fixed(word.lift.id());
        // By another lift it may be given something: nothing of this one comes back by that.
        if lift != self.id && ours.side != word.conditional.leg.by {
            return None;
        }
        let leg = word.conditional.leg;
        let ours = Conditional { lift, leg, key, anew: true, sign: None, ..ours };
        let ours = vec![fixed(ours.signed(agent))];
        Part::new(word.lift.clone(), word.branches.clone(), key, ours, false).ok()
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
    pub(super) fn conditional(&self, leg: usize, site: usize, as_whom: usize) -> Conditional {
        let gives = self.ends(leg)[0] == site;
        let (lift, leg, key) = (self.id, self.way[leg], self.keys[as_whom]);
        let side = if gives { leg.by } else { leg.by.other() };
        let said = Conditional { lift, leg, users: users(), side, key, anew: false, sign: None };
        fixed(said.signed(&self.agents[site]))
    }

    fn decide(&self, referee: &SecretKey) {
        let decided = |evidence| {
            let certificate = fixed(Certificate::by_sole_referee(self.id, evidence, referee));
            fixed(Decided::check(certificate, &self.lift))
        };
        let valid = |twice: u8| {
            let mut promises: Vec<Promise> = bits(self.named.into())
                .map(|site| {
                    let all = if twice & (1 << site) == 0 { &self.promises } else { &self.again };
                    all[site].clone().into_inner()
                })
                .collect();
            promises.sort_unstable_by_key(|promise| promise.by);
            decided(Evidence::Promises(fixed(List::new(promises))))
        };
        let late = Late { lift: self.id, referee: agent_id(referee), sign: None };
        let late = Evidence::Late(fixed(List::new(vec![fixed(late.signed(referee))])));
        let refused = self.refusals.iter().enumerate().map(|(site, refused)| {
            // Who has no part refuses nothing: what stands there is about another lift.
            let takes_part = self.named & (1 << site) != 0;
            let other = || self.of_another(Other::Participants, site);
            if takes_part { decided(Evidence::Refused(**refused)) } else { other() }
        });
        let all = [valid(0), decided(late)].into_iter().chain(refused);
        let all = all.chain(self.twice.iter().map(|twice| valid(*twice)));
        for (number, decided) in (u32::from(VALID)..).zip(all) {
            assert_eq!(self.certificates.number(decided), number, "each is another one");
        }
    }

    /// The certificates that the lift is valid: who promised by something else, one bit each, and their numbers.
    pub(crate) fn valid(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        let first = REFUSED + u8::try_from(self.shape.sites()).unwrap_or_default();
        [(0, VALID)].into_iter().chain(self.twice.iter().copied().zip(first..))
    }

    /// Those that it is void.
    pub(super) fn void(&self) -> Vec<u8> {
        let refused = bits(self.named.into()).map(|site| u8::try_from(site).unwrap_or_default());
        [TOO_LATE].into_iter().chain(refused.map(|site| REFUSED + site)).collect()
    }

    /// Who promised these by something else: one bit each.
    pub(crate) fn twice(&self, promises: &[Promise]) -> u8 {
        let again = promises.iter().filter(|one| self.again.iter().any(|again| **again == **one));
        again.fold(0, |all, promise| all | 1 << self.site(&promise.by))
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

    pub(super) fn secret(&self, site: usize) -> &SecretKey {
        &self.secrets[site]
    }

    pub(super) fn agent(&self, site: usize) -> &SecretKey {
        &self.agents[site]
    }

    pub(super) const fn branches(&self) -> &List<Hash, MAX_BRANCHES> {
        &self.branches
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

    /// Whether a participant may promise, as its site's auditor sees it: everybody who will owe has said so.
    pub(crate) fn is_owed(&self, site: usize, participant: &Participant) -> bool {
        let legs = (0..self.way.len()).filter(|leg| self.ends(*leg)[1] == site);
        legs.into_iter().all(|leg| participant.conditional(&self.tally(leg)).is_some())
    }

    /// Whether a participant is bound by this lift alone, and all that it holds of what its neighbours say is of its own
    /// tallies: of their users, for the other side, and of what the lift moves there.
    pub(crate) fn is_of_its_tallies(&self, site: usize, participant: &Participant) -> bool {
        participant.lift() == self.id
            && self.legs_at(site).all(|leg| {
                let ours = self.conditional(leg, site, site);
                participant.conditional(&self.tally(leg)).is_none_or(|said| {
                    (said.leg, said.users) == (ours.leg, ours.users) && said.side != ours.side
                })
            })
    }
}

//! Sites in a circle or a chain with one lift among them, a referee, and a network in which anything may happen.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::lift::{
    Certificate, Conditional, Decided, Evidence, Late, Leg, Legs, Mode, Outcome, Promise, Reason,
    Refused,
};
use protocol::participant::{Event, Input, KeptParticipant, Part, Participant, Want, Word};
use protocol::{AgentId, Hash, Lift, PublicKey, SecretKey, Side, Signer as _, TallyId, Verified};

use crate::people::{at, positive};

/// One site and its part.
pub(crate) struct Site {
    pub(crate) participant: Participant,
    key: SecretKey,
    pub(crate) agent: SecretKey,
}

/// All sites of a lift, its referee, and what was ever said.
pub(crate) struct World {
    pub(crate) sites: Vec<Site>,
    /// Giver and taker of each leg.
    pub(crate) legs: Vec<(usize, usize, Leg)>,
    pub(crate) lift: Lift,
    referee: SecretKey,
    pub(crate) decided: Option<Arc<Decided>>,
    /// Whether the referee's clock has passed the deadline.
    pub(crate) is_late: bool,
    /// Words under way, or repeated: by which site, on which leg.
    said: Vec<(usize, usize, Word)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Chain,
}

pub(crate) fn key(kind: u8, number: usize) -> SecretKey {
    let mut seed = [kind; 32];
    seed[31] = u8::try_from(number).unwrap();
    SecretKey::ed25519(&seed)
}

fn agent_id(key: &SecretKey) -> AgentId {
    AgentId::of(&key.public_key()).unwrap()
}

/// The record over these legs, among participants with these keys.
pub(crate) fn record(legs: &Legs, mut keys: Vec<PublicKey>, referee: &SecretKey) -> Lift {
    keys.sort_unstable();
    let date = at("2026-11-26T12:00:00.000Z");
    Lift {
        nonce: Hash::of(b"nonce"),
        mode: Mode::Clearing,
        date,
        deadline: date.plus_ms(30_000).unwrap(),
        legs: legs.root(),
        participants: List::new(keys).unwrap(),
        referees: List::new(vec![agent_id(referee)]).unwrap(),
        quorum: 1,
        payment: None,
    }
}

impl World {
    pub(crate) fn new(shape: Shape, many: usize) -> Self {
        let referee = key(9, 0);
        let pairs = match shape {
            Shape::Circle => many,
            Shape::Chain => many - 1,
        };
        let leg = |number: usize| Leg {
            tally: TallyId::random([u8::try_from(number + 1).unwrap(); 16]),
            by: if number.is_multiple_of(2) { Side::Stock } else { Side::Foil },
            units: positive(1_000 + i64::try_from(number).unwrap()),
        };
        let legs: Vec<_> = (0..pairs).map(|n| (n, (n + 1) % many, leg(n))).collect();
        let tree =
            Legs::new(legs.iter().map(|leg| leg.2).collect(), Some(Hash::of(b"nonce"))).unwrap();
        let keys = (0..many).map(|number| key(1, number).public_key()).collect();
        let lift = record(&tree, keys, &referee);
        let collector = match shape {
            Shape::Circle => 0,
            Shape::Chain => many - 1,
        };
        let sites = (0..many).map(|number| {
            let part = part(&lift, &legs, number, number == collector);
            let participant = Participant::new(Arc::new(part));
            Site { participant, key: key(1, number), agent: key(2, number) }
        });
        let sites = sites.collect();
        let (decided, is_late, said) = (None, false, Vec::new());
        Self { sites, legs, lift, referee, decided, is_late, said }
    }

    /// A site says what its neighbour on a leg has to be told; `which` is the giver or the taker.
    pub(crate) fn says(&mut self, leg: usize, giver: bool) {
        let (from, tally) = self.speaker(leg, giver);
        let word = self.sites[from].participant.word(&tally).unwrap();
        self.said.push((from, leg, word));
    }

    fn speaker(&self, leg: usize, giver: bool) -> (usize, TallyId) {
        let (by, to, leg) = self.legs[leg];
        (if giver { by } else { to }, leg.tally)
    }

    /// Something that was said once, first, last or long ago, is heard.
    pub(crate) fn hears(&mut self, which: usize) {
        if self.said.is_empty() {
            return;
        }
        let (from, leg, word) = self.said[which % self.said.len()].clone();
        let (by, to, leg) = self.legs[leg];
        let to = if from == by { to } else { by };
        // As it travels: written and read.
        let text = protocol::Record::to_text(&word).unwrap();
        let word = <Word as protocol::Record>::read(text.as_bytes()).unwrap();
        let heard = word.check(&agent_id(&self.sites[from].agent)).unwrap();
        self.step(to, Input::Hear { tally: leg.tally, heard: Box::new(heard) });
    }

    /// A site does what its participant needs; `refuses` says how it judges.
    pub(crate) fn tends(&mut self, site: usize, refuses: bool) {
        match self.sites[site].participant.wants() {
            Some(Want::Judge) if refuses => {
                let refused = self.refusal(site);
                self.step(site, Input::Refuse(Verified::check(refused, &()).unwrap()));
            }
            Some(Want::Judge) => {
                let promise = self.promise(site);
                self.step(site, Input::Promise(Verified::check(promise, &()).unwrap()));
            }
            Some(Want::Ask(evidence)) => {
                if let Some(decided) = self.ask(evidence) {
                    self.step(site, Input::Decided(decided));
                }
            }
            None => {}
        }
    }

    pub(crate) fn promise(&self, site: usize) -> Promise {
        let key = &self.sites[site].key;
        let (lift, judged) = (self.lift.id().unwrap(), Hash::of(b"judged"));
        Promise { lift, by: key.public_key(), judged, sign: None }.signed(key).unwrap()
    }

    pub(crate) fn refusal(&self, site: usize) -> Refused {
        let (key, lift) = (&self.sites[site].key, self.lift.id().unwrap());
        let refused = Refused { lift, by: key.public_key(), reason: Reason::Room, sign: None };
        refused.signed(key).unwrap()
    }

    /// A referee of its own kind: it decides once, the first that is possible.
    pub(crate) fn ask(&mut self, brought: Option<Evidence>) -> Option<Arc<Decided>> {
        if self.decided.is_some() {
            return self.decided.clone();
        }
        let evidence = if self.is_late { Some(self.late()) } else { brought };
        let certificate =
            Certificate::by_sole_referee(self.lift.id().unwrap(), evidence?, &self.referee);
        let decided = Decided::check(certificate.unwrap(), &self.lift).unwrap();
        self.decided = Some(Arc::new(decided));
        self.decided.clone()
    }

    fn late(&self) -> Evidence {
        let late =
            Late { lift: self.lift.id().unwrap(), referee: self.lift.referees[0], sign: None };
        Evidence::Late(List::new(vec![late.signed(&self.referee).unwrap()]).unwrap())
    }

    /// Certificates of both outcomes, as only a lying referee gives.
    pub(crate) fn both(&self) -> [Arc<Decided>; 2] {
        let mut order: Vec<usize> = (0..self.sites.len()).collect();
        order.sort_by_key(|&site| self.sites[site].key.public_key());
        let promises = order.into_iter().map(|site| self.promise(site)).collect();
        let commit = Evidence::Promises(List::new(promises).unwrap());
        [commit, self.late()].map(|evidence| {
            let id = self.lift.id().unwrap();
            let certificate = Certificate::by_sole_referee(id, evidence, &self.referee).unwrap();
            Arc::new(Decided::check(certificate, &self.lift).unwrap())
        })
    }

    pub(crate) fn step(&mut self, site: usize, input: Input) -> Vec<Event> {
        let participant = &mut self.sites[site].participant;
        let step = participant.step(input).unwrap();
        *participant = step.participant;
        self.check();
        step.events
    }

    /// What holds always.
    fn check(&self) {
        let outcomes: Vec<Outcome> =
            self.sites.iter().filter_map(|site| site.participant.outcome()).collect();
        assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "opposite outcomes");
        for (number, site) in self.sites.iter().enumerate() {
            let participant = &site.participant;
            // As it is kept: whatever it has heard, what is read back is the same.
            let kept = serde_json::to_string(&participant.kept()).unwrap();
            let kept: KeptParticipant = serde_json::from_str(&kept).unwrap();
            assert_eq!(kept.participant().as_ref(), Ok(participant), "kept and read back");
            assert!(participant.promise().is_none() || participant.refusal().is_none());
            if participant.promise().is_some() {
                for (_, _, leg) in self.legs.iter().filter(|leg| leg.1 == number) {
                    let said = participant.conditional(&leg.tally);
                    assert!(said.is_some_and(|said| said.is_givers()), "promised without it");
                }
            }
            if participant.outcome() == Some(Outcome::Commit) {
                assert!(self.sites.iter().all(|site| site.participant.promise().is_some()));
            }
        }
    }

    /// Faults have stopped: everything that is said is heard, and the deadline passes.
    pub(crate) fn ends(&mut self, absent: Option<usize>) {
        for round in 0..4 * self.sites.len() + 8 {
            if round == 2 * self.sites.len() {
                self.is_late = true;
            }
            for leg in 0..self.legs.len() {
                for giver in [true, false] {
                    if absent != Some(self.speaker(leg, giver).0) {
                        self.says(leg, giver);
                        let to = self.speaker(leg, !giver).0;
                        if absent != Some(to) {
                            self.hears(self.said.len() - 1);
                        }
                    }
                }
            }
            for site in (0..self.sites.len()).filter(|&site| absent != Some(site)) {
                if round > 3 * self.sites.len() {
                    self.step(site, Input::Wait);
                }
                self.tends(site, false);
            }
        }
    }
}

fn part(lift: &Lift, legs: &[(usize, usize, Leg)], number: usize, collects: bool) -> Part {
    let (key, agent) = (key(1, number), key(2, number));
    let ours = legs.iter().filter(|leg| leg.0 == number || leg.1 == number).map(|leg| {
        let side = if leg.0 == number { leg.2.by } else { leg.2.by.other() };
        let lift = lift.id().unwrap();
        let (users, key) = (Hash::of(b"users"), key.public_key());
        let said = Conditional { lift, leg: leg.2, users, side, key, anew: false, sign: None };
        said.signed(&agent).unwrap()
    });
    let mut branches: Vec<Hash> = legs.iter().map(|leg| leg.2.leaf(lift.salt()).unwrap()).collect();
    branches.sort_unstable();
    let branches = List::new(branches).unwrap();
    Part::new(lift.clone(), branches, key.public_key(), ours.collect(), collects).unwrap()
}

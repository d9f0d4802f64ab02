//! Referees of one lift, alone and four together: one decision, only what was made possible, and one that anybody
//! can check; whatever is lost, late or repeated, and though one of four is dead.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::agreement::{Ballot, Round, Statement, Timeout, Vote};
use protocol::bounded::List;
use protocol::lift::{Certificate, Evidence, Outcome, Promise, Reason, Refused};
use protocol::record::Record;
use protocol::referee::{Event, Given, Input, Lie, Referee, Refusal, Ruling, Stated, Telling};
use protocol::{AgentId, Hash, Lift, SecretKey, Signer as _};

use crate::participant::world::{key, record};
use crate::people::positive;

struct Court {
    lift: Lift,
    keys: Vec<SecretKey>,
    referees: Vec<Referee>,
    is_past: Vec<bool>,
    told: Vec<(usize, Telling)>,
}

fn agent(key: &SecretKey) -> AgentId {
    AgentId::of(&key.public_key()).unwrap()
}

impl Court {
    fn new(many: usize) -> Self {
        let leg = protocol::lift::Leg {
            tally: protocol::TallyId::random([7; 16]),
            by: protocol::Side::Stock,
            units: positive(5),
        };
        let legs = protocol::lift::Legs::new(vec![leg], Some(Hash::of(b"nonce"))).unwrap();
        let participants = (0..2).map(|number| key(1, number).public_key()).collect();
        let mut keys: Vec<SecretKey> = (0..many).map(|number| key(3, number)).collect();
        keys.sort_by_key(agent);
        let lift = Lift {
            referees: List::new(keys.iter().map(agent).collect()).unwrap(),
            quorum: Lift::quorum_of(many).unwrap(),
            ..record(&legs, participants, &keys[0])
        };
        let referees = keys.iter().map(|key| Referee::new(lift.clone(), &agent(key)).unwrap());
        let referees = referees.collect();
        Self { lift, keys, referees, is_past: vec![false; many], told: Vec::new() }
    }

    fn promises(&self) -> Evidence {
        let lift = self.lift.id().unwrap();
        let mut keys = [key(1, 0), key(1, 1)];
        keys.sort_by_key(protocol::Signer::public_key);
        let promise = |key: &SecretKey| {
            let judged = Hash::of(b"judged");
            Promise { lift, by: key.public_key(), judged, sign: None }.signed(key).unwrap()
        };
        Evidence::Promises(List::new(keys.iter().map(promise).collect()).unwrap())
    }

    fn refusal(&self) -> Evidence {
        let (key, lift) = (key(1, 1), self.lift.id().unwrap());
        let refused = Refused { lift, by: key.public_key(), reason: Reason::Room, sign: None };
        Evidence::Refused(refused.signed(&key).unwrap())
    }

    fn step(&mut self, who: usize, input: Input) -> Vec<Event> {
        let given = Given { is_past: self.is_past[who] };
        let step = self.referees[who].step(input, given).unwrap();
        // As it is kept: written, and read after a crash.
        let kept = serde_json::to_string(&step.referee).unwrap();
        self.referees[who] = serde_json::from_str(&kept).unwrap();
        assert_eq!(self.referees[who], step.referee);
        self.check();
        step.events
    }

    fn ask(&mut self, who: usize, evidence: Option<Evidence>) {
        self.step(who, Input::Ask(evidence));
    }

    fn tells(&mut self, who: usize) {
        let telling = self.referees[who].tells(&self.keys[who]).unwrap();
        let text = telling.to_text().unwrap();
        self.told.push((who, Telling::read(text.as_bytes()).unwrap()));
    }

    fn hears(&mut self, who: usize, which: usize) {
        let Some((from, telling)) = self.told.get(which).cloned() else { return };
        if from != who {
            let told = telling.check(agent(&self.keys[from])).unwrap();
            self.step(who, Input::Tell(Box::new(told)));
        }
    }

    fn passes(&mut self, who: usize, which: usize) {
        let waits: Vec<Timeout> = self.referees[who].waits();
        if !waits.is_empty() {
            self.step(who, Input::Timeout(waits[which % waits.len()]));
        }
    }

    fn certificate(&self, who: usize) -> Option<Certificate> {
        self.referees[who].certificate(&self.keys[who]).unwrap()
    }

    fn check(&self) {
        let certificates: Vec<Certificate> =
            (0..self.keys.len()).filter_map(|who| self.certificate(who)).collect();
        for certificate in &certificates {
            certificate.check(&self.lift).unwrap();
        }
        assert!(certificates.windows(2).all(|pair| pair[0].outcome == pair[1].outcome));
    }

    /// Faults have stopped; those who live ask, tell, hear, and wait.
    fn ends(&mut self, dead: Option<usize>) -> Outcome {
        let alive: Vec<usize> = (0..self.keys.len()).filter(|who| dead != Some(*who)).collect();
        self.is_past.fill(true);
        for _ in 0..60 {
            for &who in &alive {
                self.ask(who, None);
                self.tells(who);
                let last = self.told.len() - 1;
                for &other in &alive {
                    self.hears(other, last);
                }
            }
            if alive.iter().all(|&who| self.certificate(who).is_some()) {
                break;
            }
            for &who in &alive {
                self.passes(who, 0);
            }
        }
        for &who in &alive {
            assert!(self.certificate(who).is_some(), "referee {who} has not decided");
        }
        self.referees[alive[0]].outcome().unwrap()
    }
}

#[derive(Clone, Copy, Debug)]
enum Happens {
    Promises(usize),
    Refusal(usize),
    Asks(usize),
    Past(usize),
    Tells(usize),
    Hears(usize, usize),
    Passes(usize, usize),
}

fn any_happening() -> impl Strategy<Value = Happens> {
    let who = 0..4_usize;
    prop_oneof![
        3 => who.clone().prop_map(Happens::Promises),
        1 => who.clone().prop_map(Happens::Refusal),
        1 => who.clone().prop_map(Happens::Asks),
        1 => who.clone().prop_map(Happens::Past),
        6 => who.clone().prop_map(Happens::Tells),
        12 => (who.clone(), any::<usize>()).prop_map(|(who, which)| Happens::Hears(who, which)),
        3 => (who, any::<usize>()).prop_map(|(who, which)| Happens::Passes(who, which)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn referees_decide_once_and_only_what_was_possible(
        many in prop_oneof![Just(1_usize), Just(4)], dead in prop::option::of(0..4_usize),
        story in vec(any_happening(), 0..60),
    ) {
        let mut court = Court::new(many);
        let dead = dead.filter(|dead| *dead < many && many > 1);
        let (mut promised, mut voidable) = (false, false);
        for happens in story {
            let here = |who: usize| (who % many, dead != Some(who % many));
            match happens {
                Happens::Promises(who) => if let (who, true) = here(who) {
                    promised = true;
                    court.ask(who, Some(court.promises()));
                },
                Happens::Refusal(who) => if let (who, true) = here(who) {
                    voidable = true;
                    court.ask(who, Some(court.refusal()));
                },
                Happens::Asks(who) => if let (who, true) = here(who) { court.ask(who, None); },
                Happens::Past(who) => {
                    voidable = true;
                    court.is_past[who % many] = true;
                }
                Happens::Tells(who) => if let (who, true) = here(who) { court.tells(who); },
                Happens::Hears(who, which) => if let (who, true) = here(who) {
                    let which = which % court.told.len().max(1);
                    court.hears(who, which);
                },
                Happens::Passes(who, which) => if let (who, true) = here(who) { court.passes(who, which); },
            }
        }
        let decided = (0..many).find_map(|who| court.certificate(who)).map(|found| found.outcome);
        let outcome = court.ends(dead);
        prop_assert!(outcome == Outcome::Void || promised);
        prop_assert!(decided.is_none_or(|decided| decided == outcome), "it was changed");
        prop_assert!(decided != Some(Outcome::Void) || voidable);
    }
}

#[test]
fn one_referee_decides_at_once_and_says_the_same_ever_after() {
    let mut court = Court::new(1);
    court.ask(0, None);
    assert_eq!(court.certificate(0), None, "nothing is possible yet");
    court.ask(0, Some(court.promises()));
    let certificate = court.certificate(0).unwrap();
    assert_eq!(certificate.outcome, Outcome::Commit);
    court.is_past[0] = true;
    court.ask(0, Some(court.refusal()));
    court.ask(0, None);
    assert_eq!(court.certificate(0), Some(certificate));
}

#[test]
fn whoever_asks_after_the_deadline_about_what_was_never_seen_is_told_that_it_is_void() {
    for many in [1, 4] {
        let mut court = Court::new(many);
        court.is_past.fill(true);
        // All promises, and too late.
        for who in 0..many {
            court.ask(who, Some(court.promises()));
        }
        assert_eq!(court.ends(None), Outcome::Void);
        let late = court.certificate(0).unwrap().late;
        assert!(late.len() > court.lift.may_lie());
    }
}

#[test]
fn a_split_at_the_deadline_does_not_wait_for_the_dead_one() {
    for dead in 0..4 {
        let mut court = Court::new(4);
        let alive: Vec<usize> = (0..4).filter(|who| *who != dead).collect();
        // Two have seen all promises in time, one only that the deadline has passed.
        court.ask(alive[0], Some(court.promises()));
        court.ask(alive[1], Some(court.refusal()));
        court.is_past[alive[2]] = true;
        court.ask(alive[2], None);
        court.ends(Some(dead));
    }
}

#[test]
fn one_late_referee_of_four_makes_nothing_void() {
    let mut court = Court::new(4);
    court.is_past[0] = true;
    court.ask(0, None);
    assert!(court.referees[0].is_late());
    for who in 1..4 {
        court.tells(0);
        court.hears(who, court.told.len() - 1);
        assert_eq!(court.referees[who].outcome(), None);
        court.ask(who, Some(court.promises()));
    }
    for _ in 0..20 {
        for who in 0..4 {
            court.tells(who);
            for other in 0..4 {
                court.hears(other, court.told.len() - 1);
            }
        }
        for who in 0..4 {
            court.passes(who, 0);
        }
    }
    let outcomes: Vec<_> = court.referees.iter().map(Referee::outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Commit); 4]);
}

#[test]
fn a_referee_that_went_back_behind_its_own_vote_takes_no_part_any_more() {
    let mut court = Court::new(4);
    let before = court.referees[0].clone();
    for who in [0, 1, 2] {
        court.ask(who, Some(court.promises()));
    }
    // Seat 0 proposes and votes; with the votes of the two others that is a quorum, which seat 2 counts.
    court.tells(0);
    court.hears(1, 0);
    court.hears(2, 0);
    court.tells(1);
    court.hears(2, 1);
    court.referees[0] = before;
    court.tells(2);
    // By its own vote alone: nothing that would make it sign.
    court.told[2].1.promises = List::default();
    court.hears(0, 2);
    assert!(court.referees[0].forgot());
    court.is_past[0] = true;
    court.ask(0, Some(court.refusal()));
    court.ask(0, None);
    let telling = court.referees[0].tells(&court.keys[0]).unwrap();
    assert!(telling.messages.is_empty() && telling.late.is_empty(), "{telling:?}");
    // The three others need it for nothing, and it learns what they decide.
    assert_eq!(court.ends(Some(0)), Outcome::Commit);
    court.tells(1);
    court.hears(0, court.told.len() - 1);
    assert_eq!(court.referees[0].outcome(), Some(Outcome::Commit));
}

#[test]
fn a_lift_that_nobody_has_to_promise_has_no_referee_but_its_own_site() {
    let court = Court::new(1);
    let lift = Lift { participants: List::default(), ..court.lift };
    let id = lift.id().unwrap();
    let fault = Referee::new(lift, &agent(&court.keys[0])).unwrap_err();
    assert_eq!(fault, Refusal::NobodyPromises(id));
}

#[test]
fn what_is_told_of_one_lift_counts_for_no_other() {
    let (mut court, mut other) = (Court::new(4), Court::new(4));
    let lift = Lift { nonce: Hash::of(b"another"), ..other.lift.clone() };
    let referees = other.keys.iter().map(|key| Referee::new(lift.clone(), &agent(key)).unwrap());
    other.referees = referees.collect();
    other.lift = lift;
    other.ask(0, Some(other.promises()));
    let told = other.referees[0].tells(&other.keys[0]).unwrap().check(agent(&court.keys[0]));
    let input = Input::Tell(Box::new(told.unwrap()));
    let fault = court.referees[1].step(input, Given { is_past: false }).unwrap_err();
    let (named, lift) = (other.lift.id().unwrap(), court.lift.id().unwrap());
    assert_eq!(fault, Refusal::OtherLift { named, lift });
    court.ask(1, Some(court.promises()));
}

#[test]
fn who_reaches_one_referee_after_the_deadline_reaches_all() {
    let mut court = Court::new(4);
    court.is_past.fill(true);
    court.ask(0, None);
    for _ in 0..20 {
        for who in 0..4 {
            court.tells(who);
            for other in 0..4 {
                court.hears(other, court.told.len() - 1);
            }
        }
        for who in 0..4 {
            court.passes(who, 0);
        }
    }
    let outcomes: Vec<_> = court.referees.iter().map(Referee::outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Void); 4]);
}

#[test]
fn who_is_no_referee_neither_decides_nor_tells() {
    let court = Court::new(4);
    let stranger = key(8, 8);
    assert!(matches!(Referee::new(court.lift.clone(), &agent(&stranger)), Err(Refusal::Lift(_))));
    let telling = court.referees[0].tells(&court.keys[0]).unwrap();
    assert!(matches!(telling.check(agent(&stranger)), Err(Refusal::Lift(_))));
    // As another referee, its votes do not fit.
    let mut court = court;
    court.ask(0, Some(court.promises()));
    let telling = court.referees[0].tells(&court.keys[0]).unwrap();
    assert!(!telling.messages.is_empty());
    assert!(telling.clone().check(agent(&court.keys[0])).is_ok());
    assert!(matches!(telling.check(agent(&court.keys[1])), Err(Refusal::Signature(_))));
}

#[test]
fn a_lie_is_two_votes_of_a_kind_in_one_round_each_signed() {
    let (key, other, lift) = (key(3, 0), key(3, 1), Court::new(1).lift.id().unwrap());
    let vote = |ballot, round: u32, outcome| {
        let round = Round::try_from(round).unwrap();
        Statement::Vote(Vote { ballot, round, outcome })
    };
    let stated = |statement| {
        let sign = Ruling { lift, statement }.sign_with(&key).unwrap();
        Stated { statement, sign }
    };
    let first = stated(vote(Ballot::Prevote, 0, Some(Outcome::Commit)));
    let lie = |statement| Lie { lift, referee: agent(&key), first, second: stated(statement) };
    let proved = lie(vote(Ballot::Prevote, 0, Some(Outcome::Void)));
    let read = Lie::read(proved.to_text().unwrap().as_bytes()).unwrap();
    assert_eq!((read.check(), &read), (Ok(()), &proved));
    assert_eq!(lie(vote(Ballot::Prevote, 0, None)).check(), Ok(()), "for nothing is another vote");
    // An honest referee may change its mind in another round, and votes twice in each.
    let proposal =
        Statement::Proposal { round: Round::FIRST, outcome: Outcome::Void, backed: None };
    for honest in [
        vote(Ballot::Prevote, 0, Some(Outcome::Commit)),
        vote(Ballot::Prevote, 1, Some(Outcome::Void)),
        vote(Ballot::Precommit, 0, None),
        proposal,
    ] {
        assert_eq!(lie(honest).check(), Err(Refusal::NoLie), "{honest:?}");
    }
    for forged in [
        Lie { referee: agent(&other), ..proved.clone() },
        Lie { lift: Hash::of(b"another").into(), ..proved.clone() },
        Lie { second: Stated { sign: first.sign, ..proved.second }, ..proved },
    ] {
        assert!(matches!(forged.check(), Err(Refusal::Signature(_))), "{forged:?}");
    }
}

#[test]
fn a_referee_that_may_have_gone_back_signs_nothing_new_and_keeps_what_is_decided() {
    let mut court = Court::new(4);
    court.referees[0] = court.referees[0].clone().went_back();
    court.is_past[0] = true;
    court.ask(0, Some(court.refusal()));
    court.ask(0, Some(court.promises()));
    assert!(court.referees[0].waits().is_empty(), "it waits for nothing");
    let telling = court.referees[0].tells(&court.keys[0]).unwrap();
    assert!(telling.messages.is_empty() && telling.late.is_empty(), "{telling:?}");
    let mut sole = Court::new(1);
    sole.ask(0, Some(sole.promises()));
    let certificate = sole.certificate(0).unwrap();
    sole.referees[0] = sole.referees[0].clone().went_back();
    assert!(!sole.referees[0].forgot());
    assert_eq!(sole.certificate(0), Some(certificate));
}

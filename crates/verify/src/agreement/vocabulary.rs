//! All that referees can say in the first rounds, by numbers, and what of honest referees each takes to be said.

use std::collections::{BTreeMap, HashMap};

use protocol::agreement::{Ballot, Message, Proposal, Quorum, Round, Seat, Vote};
use protocol::lift::{Lift, Outcome};

use super::setting::{OUTCOMES, Plant, Setting};

/// A set of things that honest referees said, one bit each.
pub(super) type Said = u128;

/// Something that can be said.
pub(super) struct Word {
    /// Who says it; anybody may hand on votes.
    pub(super) from: Option<usize>,
    pub(super) message: Message<()>,
    /// What has to be said by honest referees before it can be there: nobody makes their signatures.
    pub(super) needs: Said,
}

impl Word {
    /// The round that it is about. That somebody is in a round it may say to all.
    pub(super) fn round(&self) -> u32 {
        match &self.message {
            Message::Proposal(proposal) => proposal.round.get(),
            Message::Vote { vote, .. } => vote.round.get(),
            Message::Round(_) | Message::Prevotes(_) | Message::Decided(_) => 0,
        }
    }
}

/// All words, and what honest referees say among them.
pub(super) struct Vocabulary {
    words: Vec<Word>,
    bits: HashMap<(usize, Message<()>), Said>,
    /// What no honest referee may have said both of.
    pub(super) contradictions: Vec<(usize, Said)>,
}

const BALLOTS: [Ballot; 2] = [Ballot::Prevote, Ballot::Precommit];

fn seat(seat: usize) -> Seat {
    Seat(u8::try_from(seat).expect("a small world has few seats"))
}

impl Vocabulary {
    pub(super) fn new(setting: &Setting) -> Self {
        let (words, bits) = (Vec::new(), HashMap::new());
        let mut all = Self { words, bits, contradictions: Vec::new() };
        let rounds: Vec<Round> =
            (0..=setting.last).map(|r| Round::try_from(r).expect("rounds are few")).collect();
        for &round in &rounds {
            all.votes(setting, round);
        }
        for &round in &rounds {
            all.bundles(setting, round);
        }
        for &round in &rounds {
            all.proposals(setting, round);
        }
        all
    }

    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The bit of what an honest referee said; none of what is said of later rounds.
    pub(super) fn bit(&self, from: usize, message: &Message<()>) -> Said {
        self.bits.get(&(from, message.clone())).copied().unwrap_or(0)
    }

    /// What this seat says; of an honest one it has to be said first.
    fn word(&mut self, setting: &Setting, from: usize, message: Message<()>, needs: Said) -> Said {
        let mut bit = 0;
        if Some(from) != setting.liar {
            let next = u32::try_from(self.bits.len()).expect("a small world has few words");
            bit = 1_u128.checked_shl(next).expect("a small world has few words");
            self.bits.insert((from, message.clone()), bit);
        }
        let vote = matches!(message, Message::Vote { .. });
        let unchecked = vote && setting.plant == Some(Plant::Unchecked);
        let needs = if unchecked { 0 } else { needs | bit };
        self.words.push(Word { from: Some(from), message, needs });
        bit
    }

    fn votes(&mut self, setting: &Setting, round: Round) {
        for from in (0..setting.seats).filter(|&from| Some(from) != setting.dead) {
            if round > Round::FIRST {
                self.word(setting, from, Message::Round(round), 0);
            }
            for ballot in BALLOTS {
                let one = [None, Some(Outcome::Commit), Some(Outcome::Void)].map(|outcome| {
                    let vote = Vote { ballot, round, outcome };
                    self.word(setting, from, Message::Vote { vote, sign: () }, 0)
                });
                self.contradictions.push((from, one.into_iter().fold(0, |all, bit| all | bit)));
            }
        }
    }

    fn bundles(&mut self, setting: &Setting, round: Round) {
        for outcome in OUTCOMES {
            for (votes, needs) in self.quorums(setting, Ballot::Prevote, round, outcome) {
                let message = Message::Prevotes(votes);
                self.words.push(Word { from: None, message, needs });
            }
            for (votes, needs) in self.quorums(setting, Ballot::Precommit, round, outcome) {
                let message = Message::Decided(votes);
                self.words.push(Word { from: None, message, needs });
            }
        }
    }

    /// The sets of votes that are enough, each with what honest referees have to say for it.
    fn quorums(
        &self,
        setting: &Setting,
        ballot: Ballot,
        round: Round,
        outcome: Outcome,
    ) -> Vec<(Quorum<()>, Said)> {
        let vote = Message::Vote { vote: Vote { ballot, round, outcome: Some(outcome) }, sign: () };
        let enough = Lift::quorum_of(setting.seats).expect("as many referees as a lift may have");
        let sets = 0_u32..1 << setting.seats;
        let sets = sets.filter(|set| set.count_ones() >= enough);
        let sets = sets.filter(|set| setting.dead.is_none_or(|dead| set & 1 << dead == 0));
        let quorum = |set: u32| {
            let voters = (0..setting.seats).filter(|voter| set & 1 << voter != 0);
            let needed = |from: &usize| match setting.plant {
                Some(Plant::Unchecked) => 0,
                _ => self.bit(*from, &vote),
            };
            let needs = voters.clone().fold(0, |all, from| all | needed(&from));
            let votes: BTreeMap<Seat, ()> = voters.map(|voter| (seat(voter), ())).collect();
            (Quorum { round, outcome, votes }, needs)
        };
        sets.map(quorum).collect()
    }

    fn proposals(&mut self, setting: &Setting, round: Round) {
        let from = round.get() as usize % setting.seats;
        if Some(from) == setting.dead {
            return;
        }
        let mut one = 0;
        for outcome in OUTCOMES {
            let earlier = (0..round.get()).filter_map(|earlier| Round::try_from(earlier).ok());
            let backings: Vec<_> = earlier
                .flat_map(|earlier| self.quorums(setting, Ballot::Prevote, earlier, outcome))
                .map(|(votes, needs)| (Some(votes), needs))
                .chain([(None, 0)])
                .collect();
            for (backing, needs) in backings {
                let proposal = Proposal { round, outcome, backing, sign: () };
                one |= self.word(setting, from, Message::Proposal(proposal), needs);
            }
        }
        self.contradictions.push((from, one));
    }
}

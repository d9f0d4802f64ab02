//! What a referee does when its state lets it. Each rule moves the state forward or does nothing.

use super::message::{Ballot, Proposal, Quorum, Witness};
use super::refusal::Refusal;
use super::round::{Phase, Round, Timeout};
use super::said::{Cast, Heard};
use super::state::{Agreement, Lock};
use crate::lift::Outcome;

impl<S: Clone> Agreement<S> {
    /// Applies the rules until none has anything to do.
    pub(super) fn settle(&mut self) {
        while self.decision.is_none() && self.advance() {}
    }

    /// Applies the first rule that has something to do.
    fn advance(&mut self) -> bool {
        self.decide_counted()
            || self.catch_up()
            || self.count_backing()
            || self.precommit_backed()
            || self.precommit_nothing()
            || self.propose()
            || self.prevote()
    }

    /// L49: a quorum precommitted to an outcome.
    fn decide_counted(&mut self) -> bool {
        let decision = self.quorum_for(Ballot::Precommit);
        decision.map(|decision| self.decide(decision)).is_some()
    }

    /// Takes a decision. Nothing else matters any more, so nothing else is kept.
    pub(super) fn decide(&mut self, decision: Quorum<Witness<S>>) {
        self.decision = Some(decision);
        (self.lock, self.backing) = (None, None);
        self.heard.fill(Heard::NOTHING);
    }

    /// L55: f+1 referees, so an honest one, are in later rounds: this one goes as far as f+1 are.
    fn catch_up(&mut self) -> bool {
        let mut ahead = self
            .heard
            .iter()
            .filter_map(|heard| heard.ahead.as_ref().map(|(round, _)| *round))
            .collect::<Vec<_>>();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        let reached = ahead.get(self.lying()).copied();
        reached.map(|round| self.enter(round)).is_some()
    }

    /// L11: begins a round.
    fn enter(&mut self, round: Round) {
        self.round = round;
        for heard in &mut self.heard {
            heard.enter(round);
        }
    }

    /// L36, first half: prevotes counted here make the outcome one that may be proposed again.
    fn count_backing(&mut self) -> bool {
        if self.backing.as_ref().is_some_and(|backing| backing.round >= self.round) {
            return false;
        }
        let counted = self.quorum_for(Ballot::Prevote);
        let found = counted.is_some();
        self.backing = counted.or(self.backing.take());
        found
    }

    /// L36, second half: an outcome has a quorum of prevotes in this round. Here also for a referee that
    /// has not prevoted itself.
    fn precommit_backed(&mut self) -> bool {
        let round = self.round;
        let backing = self.backing.as_ref().filter(|backing| backing.round == round);
        let Some(outcome) = backing.map(|backing| backing.outcome) else { return false };
        if self.phase() >= Phase::Precommit {
            return false;
        }
        self.lock = Some(Lock { round, outcome });
        self.cast(Ballot::Precommit, Some(outcome))
    }

    /// L44: a quorum prevoted for nothing, so no outcome will have one in this round.
    fn precommit_nothing(&mut self) -> bool {
        let none = self.count(Ballot::Prevote, None) >= self.quorum();
        none && self.phase() < Phase::Precommit && self.cast(Ballot::Precommit, None)
    }

    /// L14-L19: it is this referee's turn, and it has something to propose.
    fn propose(&mut self) -> bool {
        let (round, me) = (self.round, self.me);
        if self.phase() != Phase::Propose || self.proposer(round) != me {
            return false;
        }
        let backing = self.backing.clone();
        let seen = [Outcome::Commit, Outcome::Void].into_iter().find(|seen| self.has_seen(*seen));
        let outcome = backing.as_ref().map(|backing| backing.outcome).or(seen);
        let place = self.heard.get_mut(me.index()).map(|heard| &mut heard.now.proposal);
        match (outcome, place) {
            (Some(outcome), Some(place @ None)) => {
                *place = Some(Proposal { round, outcome, backing, sign: Witness::Mine });
                true
            }
            _ => false,
        }
    }

    /// L22 and L28: votes on the proposal of this round.
    fn prevote(&mut self) -> bool {
        if self.phase() != Phase::Propose {
            return false;
        }
        let proposer = self.heard.get(self.proposer(self.round).index());
        let Some(proposal) = proposer.and_then(|heard| heard.now.proposal.as_ref()) else {
            return false;
        };
        let (outcome, backed) = (proposal.outcome, proposal.backing.as_ref().map(|b| b.round));
        if self.lock.is_some_and(|lock| lock.outcome != outcome && backed < Some(lock.round)) {
            return self.cast(Ballot::Prevote, None);
        }
        // A quorum that prevoted had an honest referee in it that has seen the evidence. Where nobody did
        // and this one has not, it may still come.
        let proved = backed.is_some() || self.has_seen(outcome);
        proved && self.cast(Ballot::Prevote, Some(outcome))
    }

    /// Casts a vote, unless it has been cast.
    fn cast(&mut self, ballot: Ballot, outcome: Option<Outcome>) -> bool {
        let mine = self.heard.get_mut(self.me.index()).map(|heard| heard.now.vote_mut(ballot));
        match mine {
            Some(place @ None) => {
                *place = Some(Cast { outcome, sign: Witness::Mine });
                true
            }
            _ => false,
        }
    }

    /// L57, L61 and L65: a time has passed. One for which nothing waits changes nothing.
    pub(super) fn pass(&mut self, timeout: Timeout) -> Result<(), Refusal> {
        if !self.waits().contains(&timeout) {
            return Ok(());
        }
        match timeout.phase {
            Phase::Propose => _ = self.cast(Ballot::Prevote, None),
            Phase::Prevote => _ = self.cast(Ballot::Precommit, None),
            Phase::Precommit => self.enter(self.round.next()?),
        }
        Ok(())
    }
}

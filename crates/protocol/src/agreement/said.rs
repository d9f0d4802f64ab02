//! What each referee is known to have said: in the round at hand, and in the highest one after it.

use serde::{Deserialize, Serialize};

use super::message::{Ballot, Proposal, Witness};
use super::round::Round;
use crate::lift::Outcome;

/// A vote that was cast.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cast<S> {
    pub(super) outcome: Option<Outcome>,
    pub(super) sign: Witness<S>,
}

/// What a referee said in one round: the first of each kind; what contradicts it does not count.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said<S> {
    pub(super) proposal: Option<Proposal<Witness<S>>>,
    pub(super) prevote: Option<Cast<S>>,
    pub(super) precommit: Option<Cast<S>>,
}

/// What is remembered of a referee.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heard<S> {
    /// In the round at hand.
    pub(super) now: Said<S>,
    /// In the highest round after it in which it was heard; never more than one, so that nobody can
    /// make this grow.
    pub(super) ahead: Option<(Round, Said<S>)>,
}

impl<S> Said<S> {
    pub(super) const NOTHING: Self = Self { proposal: None, prevote: None, precommit: None };

    pub(super) const fn vote(&self, ballot: Ballot) -> Option<&Cast<S>> {
        match ballot {
            Ballot::Prevote => self.prevote.as_ref(),
            Ballot::Precommit => self.precommit.as_ref(),
        }
    }

    pub(super) const fn vote_mut(&mut self, ballot: Ballot) -> &mut Option<Cast<S>> {
        match ballot {
            Ballot::Prevote => &mut self.prevote,
            Ballot::Precommit => &mut self.precommit,
        }
    }
}

impl<S> Heard<S> {
    pub(super) const NOTHING: Self = Self { now: Said::NOTHING, ahead: None };

    /// Where to write what it says in a round after the one at hand; nowhere if it is known to be
    /// beyond that.
    pub(super) fn ahead_in(&mut self, round: Round) -> Option<&mut Said<S>> {
        match &self.ahead {
            Some((known, _)) if *known > round => return None,
            Some((known, _)) if *known == round => {}
            _ => self.ahead = Some((round, Said::NOTHING)),
        }
        self.ahead.as_mut().map(|(_, said)| said)
    }

    /// Makes a later round the one at hand.
    pub(super) fn enter(&mut self, round: Round) {
        self.now = Said::NOTHING;
        match self.ahead.take() {
            Some((known, said)) if known == round => self.now = said,
            Some((known, said)) if known > round => self.ahead = Some((known, said)),
            _ => {}
        }
    }

    /// Whether it is known to have cast this vote, or to be past it.
    pub(super) const fn reached(&self, ballot: Ballot) -> bool {
        let voted = match ballot {
            Ballot::Prevote => self.now.prevote.is_some() || self.now.precommit.is_some(),
            Ballot::Precommit => self.now.precommit.is_some(),
        };
        voted || self.ahead.is_some()
    }
}

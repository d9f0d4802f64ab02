//! A referee as a site runs it: durable before it signs, and never signing two things of a kind.

use std::collections::BTreeMap;

use protocol::agreement::{
    Agreement, Ballot, Effect, Input, Message, Phase, Quorum, Refusal, Round, Seat, Statement,
    Timeout, Vote, Witness,
};
use protocol::lift::Outcome;
use serde::{Deserialize, Serialize};

/// A signature that nobody forges, as only [`Referee::sign`] and the liars make any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Sig(pub(super) Seat, pub(super) Statement);

pub(super) type Said = Message<Sig>;

pub(super) struct Referee {
    pub(super) state: Agreement<Sig>,
    /// All that it ever signed; no crash takes a signature back.
    signed: BTreeMap<(u8, Round), Statement>,
}

pub(super) fn round(number: u32) -> Round {
    Round::try_from(number).unwrap()
}

pub(super) fn vote(ballot: Ballot, number: u32, outcome: Option<Outcome>) -> Statement {
    Statement::Vote(Vote { ballot, round: round(number), outcome })
}

/// What a referee signs at most once.
fn kind(statement: Statement) -> (u8, Round) {
    match statement {
        Statement::Proposal { round, .. } => (0, round),
        Statement::Vote(Vote { ballot: Ballot::Prevote, round, .. }) => (1, round),
        Statement::Vote(Vote { ballot: Ballot::Precommit, round, .. }) => (2, round),
    }
}

/// Every signature in a message, as whoever receives it checks them.
pub(super) fn signatures(from: Seat, message: &Said) -> Vec<Sig> {
    let mut found = Vec::new();
    let checked = message.clone().try_map(from, |seat, statement, sign| {
        assert_eq!(sign, Sig(seat, statement), "every signature stands under what it is about");
        found.push(sign);
        Ok::<_, ()>(())
    });
    assert!(checked.is_ok());
    found
}

impl Referee {
    pub(super) fn new(seat: Seat, seats: usize) -> Self {
        Self { state: Agreement::new(seat, seats).unwrap(), signed: BTreeMap::new() }
    }

    /// Steps; the state is durable at once.
    pub(super) fn step(&mut self, input: Input<Sig>) -> Result<Vec<Effect<Sig>>, Refusal> {
        let step = self.state.step(input)?;
        self.state = step.state;
        Ok(step.effects)
    }

    /// Makes the signatures that a message still lacks.
    pub(super) fn sign(&mut self, message: Message<Witness<Sig>>) -> Said {
        let (me, signed) = (self.state.me(), &mut self.signed);
        let message = message.try_map(me, |seat, statement, witness| match witness {
            Witness::Theirs(sign) => Ok::<_, ()>(sign),
            Witness::Mine => {
                assert_eq!(seat, me, "a referee signs for itself");
                let before = *signed.entry(kind(statement)).or_insert(statement);
                assert_eq!(before, statement, "an honest referee signs one of a kind");
                Ok(Sig(seat, statement))
            }
        });
        message.unwrap()
    }

    /// All it has to say, signed.
    pub(super) fn says(&mut self) -> Vec<Said> {
        let says = self.state.says();
        says.into_iter().map(|message| self.sign(message)).collect()
    }

    /// A crash: what was not written is gone, and what was comes back from its text.
    pub(super) fn restart(&mut self) {
        let text = serde_json::to_string(&self.state).unwrap();
        let back = serde_json::from_str::<Agreement<Sig>>(&text).unwrap();
        assert_eq!(back, self.state, "a state is what was written");
        self.state = back;
    }

    pub(super) fn has_signed(&self, statement: Statement) -> bool {
        self.signed.get(&kind(statement)) == Some(&statement)
    }

    pub(super) fn waits_in(&self, phase: Phase) -> Option<Timeout> {
        self.state.waits().into_iter().find(|timeout| timeout.phase == phase)
    }

    pub(super) fn decision(&self) -> Option<&Quorum<Witness<Sig>>> {
        self.state.decision()
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.decision().map(|decision| decision.outcome)
    }
}

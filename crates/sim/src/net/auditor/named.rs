//! Referees that say two things of which an honest one says only one: whoever holds both, signed, keeps the proof, and so each
//! of them is named in the end (protocol, section 7, "Decide"). What a referee holds is what its store has of the lift when it
//! hears the other statement, whatever its agreement makes of that.

use std::collections::{BTreeMap, BTreeSet};

use protocol::agreement::{Ballot, Message, Quorum, Seat, Statement};
use protocol::referee::{Lie, Stated, Telling};
use protocol::{AgentId, LiftId, Signature};

use super::{Auditor, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::place::Place;

/// What was said of which lift, by whom.
type Said = BTreeMap<(LiftId, AgentId), Vec<Stated>>;

/// What honest referees heard others say.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// By place.
    heard: BTreeMap<usize, Said>,
    /// By place and liar: two statements that the place held, or holds.
    held: BTreeMap<(usize, AgentId), Lie>,
}

/// A telling that is about to be heard, and what the place has of its lift by then.
pub(crate) struct Before {
    id: LiftId,
    kept: String,
}

impl Auditor {
    /// What a place that does not lie has of a lift of which it is about to be told.
    pub(crate) async fn before_telling(
        &self,
        number: usize,
        place: &Place,
        telling: &Telling,
    ) -> Sim<Option<Before>> {
        let lies = self.liars.contains(&number) || self.lifts.false_referees.contains(&number);
        let Ok(id) = telling.lift.id() else { return Ok(None) };
        if lies || !telling.lift.referees.contains(&place.agent) {
            return Ok(None);
        }
        let case = place.store.read().await.map_err(read)?.case(&id).await.map_err(read)?;
        Ok(Some(Before { id, kept: case.map_or_else(String::new, |case| case.text) }))
    }

    /// The place was told.
    pub(crate) fn was_told(
        &mut self,
        (number, place): (usize, &Place),
        from: AgentId,
        telling: &Telling,
        before: &Before,
    ) {
        // Of what anybody sees to be forged nothing counts.
        if telling.clone().check(from).is_ok() {
            for (agent, stated) in statements(from, telling) {
                if agent != place.agent {
                    self.named.states(number, (before.id, agent), stated, &before.kept);
                }
            }
        }
    }

    /// Whoever holds two statements that contradict each other has the proof, which names the liar to anybody. How many have
    /// been named so.
    pub(super) fn names_liars(
        &self,
        places: &[Place],
        proofs: &BTreeSet<(usize, AgentId)>,
    ) -> Sim<u64> {
        for ((number, agent), lie) in &self.named.held {
            if !proofs.contains(&(*number, *agent)) {
                let name = places.get(*number).map(|place| place.name.clone()).unwrap_or_default();
                let what = format!(
                    "site {name} held what {agent} said twice of lift {}, and does not name it: {:?} and {:?}",
                    lie.lift, lie.first.statement, lie.second.statement
                );
                return Err(Broken::new(Invariant::Named, what));
            }
        }
        let named: BTreeSet<AgentId> = self.named.held.keys().map(|(_, agent)| *agent).collect();
        Ok(u64::try_from(named.len()).unwrap_or(u64::MAX))
    }
}

impl Named {
    /// A place went back: what it heard it may have forgotten, and proofs too.
    pub(super) fn went_back(&mut self, place: usize) {
        self.heard.remove(&place);
        self.held.retain(|(at, _), _| *at != place);
    }

    fn states(&mut self, at: usize, of: (LiftId, AgentId), stated: Stated, kept: &str) {
        let (lift, referee) = of;
        let before = self.heard.entry(at).or_default().entry(of).or_default();
        if before.contains(&stated) {
            return;
        }
        for first in before.iter().filter(|first| kept.contains(&text(&first.sign))) {
            let lie = Lie { lift, referee, first: *first, second: stated };
            if lie.check().is_ok() {
                self.held.entry((at, referee)).or_insert(lie);
            }
        }
        before.push(stated);
    }
}

/// A signature as it stands in what sites keep.
fn text(sign: &Signature) -> String {
    serde_json::to_string(sign).unwrap_or_default()
}

/// All that somebody says in a telling, of its own and of others.
fn statements(from: AgentId, telling: &Telling) -> Vec<(AgentId, Stated)> {
    let mut all = Vec::new();
    let agent = |seat: &Seat| telling.lift.referees.get(usize::from(seat.0)).copied();
    let quorum = |all: &mut Vec<(AgentId, Stated)>, votes: &Quorum<Signature>, ballot| {
        let statement = votes.statement(ballot);
        let voted = votes.votes.iter();
        all.extend(
            voted
                .filter_map(|(seat, sign)| Some((agent(seat)?, Stated { statement, sign: *sign }))),
        );
    };
    for message in telling.messages.iter() {
        match message {
            Message::Round(_) => {}
            Message::Proposal(proposal) => {
                if let Some(backing) = &proposal.backing {
                    quorum(&mut all, backing, Ballot::Prevote);
                }
                let statement = proposal.statement();
                all.push((from, Stated { statement, sign: proposal.sign }));
            }
            Message::Vote { vote, sign } => {
                all.push((from, Stated { statement: Statement::Vote(*vote), sign: *sign }));
            }
            Message::Prevotes(votes) => quorum(&mut all, votes, Ballot::Prevote),
            Message::Decided(votes) => quorum(&mut all, votes, Ballot::Precommit),
        }
    }
    all
}

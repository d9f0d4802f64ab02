//! Sites that promise a lift twice, where an honest one promises once: the neighbour that has the first in its part when it hears
//! the second keeps the proof, and so each of them is named in the end (protocol, section 7).

use std::collections::{BTreeMap, BTreeSet};

use protocol::lift::{Conditional, Promise};
use protocol::note::{Body, Note};
use protocol::proof::Twice;
use protocol::{AgentId, LiftId, Record as _, TallyId};

use super::{Auditor, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::place::Place;

/// What an agent said to a place of a lift over a tally.
type Over = (usize, AgentId, LiftId, TallyId);

/// What honest sites heard their neighbours' sites say.
#[derive(Debug, Default)]
pub(crate) struct ToldTwice {
    heard: BTreeMap<Over, (Vec<Conditional>, Vec<Promise>)>,
    /// By place and liar: its two promises, of which the place held the first.
    held: BTreeMap<(usize, AgentId), Twice>,
}

/// A word that is about to be heard, and its sender's two promises, if there are two then.
pub(crate) struct Told {
    over: Over,
    said: Conditional,
    promises: Vec<Promise>,
    twice: Option<Twice>,
}

impl Auditor {
    /// What a place that does not lie is about to hear of a lift, from a place that does.
    pub(crate) async fn before_word(
        &self,
        (from, agent): (usize, AgentId),
        (to, place): (usize, &Place),
        note: &str,
    ) -> Sim<Option<Told>> {
        if !self.liars.contains(&from) || self.liars.contains(&to) {
            return Ok(None);
        }
        let Ok(Note { tally, body: Body::Lift(word), .. }) = Note::read(note.as_bytes()) else {
            return Ok(None);
        };
        let (Ok(lift), Ok(_)) = (word.lift.id(), word.clone().check(&agent)) else {
            return Ok(None);
        };
        let (over, said) = ((to, agent, lift, tally), word.conditional);
        if said.leg.tally != tally {
            return Ok(None);
        }
        let promises = word.promises.to_vec();
        let mut view = place.store.read().await.map_err(read)?;
        let parts = view.parts_in(&lift).await.map_err(read)?;
        let twice =
            parts.iter().find_map(|part| self.told_twice.with(over, &part.state, &promises));
        Ok(Some(Told { over, said, promises, twice }))
    }

    /// The place took it.
    pub(crate) fn took_word(&mut self, told: Told) {
        let Told { over, said, promises, twice } = told;
        let (place, agent, ..) = over;
        if let Some(twice) = twice {
            self.told_twice.held.entry((place, agent)).or_insert(twice);
        }
        let (all, promised) = self.told_twice.heard.entry(over).or_default();
        all.push(said);
        promised.extend(promises);
    }

    /// Whoever holds what a site said twice has the proof, which names its agent to anybody. How many have been named so.
    pub(super) fn names_sites(
        &self,
        places: &[Place],
        proofs: &BTreeSet<(usize, AgentId)>,
    ) -> Sim<u64> {
        for ((number, agent), twice) in &self.told_twice.held {
            if !proofs.contains(&(*number, *agent)) {
                let name = places.get(*number).map(|place| place.name.clone()).unwrap_or_default();
                let lift = twice.conditional.lift;
                let what = format!(
                    "site {name} held two promises of the site of {agent} in lift {lift}, and does not name it: {twice:?}"
                );
                return Err(Broken::new(Invariant::Named, what));
            }
        }
        let named: BTreeSet<AgentId> = proofs.iter().map(|(_, agent)| *agent).collect();
        Ok(u64::try_from(named.len()).unwrap_or(u64::MAX))
    }
}

impl ToldTwice {
    /// A place went back: what it heard it may have forgotten, and proofs too.
    pub(super) fn went_back(&mut self, place: usize) {
        self.heard.retain(|(at, ..), _| *at != place);
        self.held.retain(|(at, _), _| *at != place);
    }

    /// Whether it promises twice, by this and what stands in a part.
    fn with(&self, over: Over, part: &str, promises: &[Promise]) -> Option<Twice> {
        let (agent, (all, promised)) = (over.1, self.heard.get(&over)?);
        let stands = |sign: Option<protocol::Signature>| {
            let text = serde_json::to_string(&sign).unwrap_or_default();
            sign.is_some() && part.contains(&text)
        };
        for first in all.iter().filter(|first| stands(first.sign)) {
            let before = promised.iter().filter(|one| stands(one.sign));
            for one in before.chain(promises) {
                let both = |other| Twice::of(&agent, first, [one, other]);
                if let Some(twice) = promises.iter().find_map(both) {
                    return Some(twice);
                }
            }
        }
        None
    }
}

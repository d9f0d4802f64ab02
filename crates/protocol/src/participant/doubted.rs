//! What proves to a participant that a neighbour lies: two promises by its key, of which an honest one gives only one. Of those
//! further on only keys are known, which name nobody.

use super::Participant;
use super::word::Heard;
use crate::lift::{Conditional, Promise};
use crate::proof::Twice;
use crate::{AgentId, TallyId};

impl Participant {
    /// The proof that the agent of the neighbour on a tally has promised twice, by what is heard now and what was before.
    #[must_use]
    pub fn heard_twice(&self, tally: &TallyId, agent: &AgentId, heard: &Heard) -> Option<Twice> {
        let Heard { conditional, promises, .. } = heard;
        if conditional.leg.tally != *tally || conditional.lift != self.lift() {
            return None;
        }
        let said = self.theirs.get(tally).unwrap_or(conditional);
        self.against(agent, said, promises)
    }

    /// The same by promises that were given elsewhere, as in a certificate.
    #[must_use]
    pub fn promised_twice(
        &self,
        tally: &TallyId,
        agent: &AgentId,
        promises: &[Promise],
    ) -> Option<Twice> {
        self.against(agent, self.theirs.get(tally)?, promises)
    }

    /// Whether one of these promises is not the one that is known of whoever said this; or two of them are not the same.
    fn against(&self, agent: &AgentId, said: &Conditional, promises: &[Promise]) -> Option<Twice> {
        let own = || promises.iter().filter(|promise| promise.by == said.key);
        let first = self.promises.get(&said.key).or_else(|| own().next())?;
        own().find_map(|other| Twice::of(agent, said, [first, other]))
    }
}

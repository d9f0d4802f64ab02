//! A lift that was decided, and of which a site keeps nothing, as one that was restored from an older backup does: what it
//! takes of it by a neighbour's word.

use super::Word;
use crate::json::JsonError;
use crate::lift::{Conditional, Lift, Outcome};
use crate::{AgentId, Hash, PublicKey, Side, TallyId, Verified};

impl Word {
    /// The key under which a site that keeps nothing of the lift takes its leg, on its user's side of a tally of these users,
    /// by this word, once its signatures are checked; none where it takes nothing. What the leg is the certificate proves and
    /// the word of the giver's site. Where its own user gives that is `own`, the site's agent: whoever has its word hands it
    /// back, and nobody makes the user owe anything without. As an agent that it is no more it has no word, however
    /// old the lift is: who has that key since may have made the lift long before, and says now what was missing.
    ///
    /// `taken` are the names of the keys under which it has parts in the lift already.
    ///
    /// # Errors
    /// [`JsonError`] where the lift has no canonical form.
    pub fn brings_back(
        &self,
        (tally, side, users): (TallyId, Side, Hash),
        own: &AgentId,
        taken: &[Hash],
    ) -> Result<Option<PublicKey>, JsonError> {
        let (said, lift) = (&self.conditional, self.lift.id()?);
        let is_valid =
            self.certificate.as_ref().is_some_and(|shown| shown.outcome == Outcome::Commit);
        if !is_valid || said.leg.tally != tally || said.side == side {
            return Ok(None);
        }
        let gives = said.leg.by == side;
        let fits =
            |given: &Conditional| (given.lift, given.leg, given.users) == (lift, said.leg, users);
        let given = self.given.filter(|given| gives && fits(given) && is_own(*given, own));
        if gives && given.is_none() {
            return Ok(None);
        }
        let key = given.map(|given| given.key);
        Ok(self.lift.free_key(key, Some(&said.key), taken))
    }
}

/// Whether this agent, a site's own, said so of a leg that its user gives: it did so under its own key in the lift, without
/// whose promise there is no certificate.
fn is_own(given: Conditional, own: &AgentId) -> bool {
    given.is_givers() && Verified::check(given, own).is_ok()
}

impl Lift {
    /// A key to keep a decided part under that a site has lost: its own in the lift, where that is known. Otherwise any that is
    /// neither the neighbour's nor another part's of this site: whose it is says nothing to anybody, as all is decided.
    #[must_use]
    pub fn free_key(
        &self,
        own: Option<PublicKey>,
        neighbours: Option<&PublicKey>,
        taken: &[Hash],
    ) -> Option<PublicKey> {
        let free = |key: &&PublicKey| Some(*key) != neighbours && !taken.contains(&key.name());
        let own = own.filter(|own| self.participants.contains(own) && free(&own));
        own.or_else(|| self.participants.iter().find(free).copied())
    }
}

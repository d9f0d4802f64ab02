//! Lifts that this site has lost, as one that was restored from a backup has, and of which a neighbour tells.

use std::collections::BTreeMap;

use protocol::lift::{Conditional, Leg, Outcome};
use protocol::participant::Word;
use protocol::{AgentId, Cuid, Hash, Lift, LiftId, PublicKey, Side, TallyId, Verified};
use store::Tx;

use super::part::{Neighbour, Part};
use crate::door::Site;
use crate::error::SiteError;

/// How many rows are read at once.
const AT_ONCE: u32 = 64;

/// A store's site is another agent from now on: what it laid out as the one before and never judged is lost. All keys of lifts
/// follow from the agent's, so whoever has that one can promise it in its name; if the site did so itself, its neighbours and its
/// users' devices tell of it as of any other lift that is lost. What its own payer signed stays: no more than that is given.
pub(crate) async fn forget_laid_out(tx: &mut Tx) -> Result<(), SiteError> {
    let mut after = None;
    loop {
        let page = tx.open_parts(after, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.lift, last.key));
        for row in &page {
            // Of what cannot be read doctor tells.
            if Part::read(row).is_ok_and(|part| part.is_laid_out_alone()) {
                tx.drop_part(&row.lift, &row.key).await?;
            }
        }
    }
}

impl Site {
    /// A lift that was decided, and that this site lost, as one restored from an older backup did: what it is on this tally
    /// the certificate proves and the word of the giver's site. Where the holder gives that is this site's own: whoever has it
    /// hands it back, and nobody makes the holder owe anything without. As an agent that it is no more it has no word, however
    /// old the lift is: who has that key since may have made the lift long before, and says now what was missing.
    pub(super) fn lost(
        &self,
        word: &Word,
        (holder, tally): (&Cuid, TallyId),
        (side, neighbour): (Side, Neighbour),
        taken: &[Hash],
    ) -> Result<Option<Part>, SiteError> {
        let leg = word.conditional.leg;
        let is_decided =
            word.certificate.as_ref().is_some_and(|shown| shown.outcome == Outcome::Commit);
        if !is_decided || leg.tally != tally || word.conditional.side == side {
            return Ok(None);
        }
        let on = (&leg, neighbour.users);
        if leg.by == side && !is_said(word.given, on, word.lift.id()?, &self.agent) {
            return Ok(None);
        }
        let own = word.given.filter(|_| leg.by == side).map(|given| given.key);
        let Some(key) = free_key(&word.lift, own, Some(&word.conditional.key), taken) else {
            return Ok(None);
        };
        let mine = (tally, key);
        let neighbours = BTreeMap::from([(tally, neighbour)]);
        let says = |_: &Leg| side;
        let part = self.part_in(&word.lift, &word.branches, mine, neighbours, &[leg], says, false);
        Ok(part.ok().map(|part| part.on(tally, holder, side)))
    }
}

/// Whether this agent, this site's own, said that its user gives this leg on the tally of these users if the lift
/// is valid: it did so under its own key in the lift, without whose promise there is no certificate.
fn is_said(
    given: Option<Conditional>,
    (leg, users): (&Leg, Hash),
    lift: LiftId,
    own: &AgentId,
) -> bool {
    let given = given.filter(|given| (given.lift, given.leg, given.users) == (lift, *leg, users));
    let is_own = |given: Conditional| Verified::check(given, own).is_ok();
    given.filter(Conditional::is_givers).is_some_and(is_own)
}

/// A key to keep a decided part under that this site has lost: its own in the lift, where that is known. Otherwise any that is
/// neither the neighbour's nor another part's of this site: whose it is says nothing to anybody, as all is decided.
pub(super) fn free_key(
    lift: &Lift,
    own: Option<PublicKey>,
    neighbours: Option<&PublicKey>,
    taken: &[Hash],
) -> Option<PublicKey> {
    let free = |key: &&PublicKey| Some(*key) != neighbours && !taken.contains(&key.name());
    let own = own.filter(|own| lift.participants.contains(own) && free(&own));
    own.or_else(|| lift.participants.iter().find(free).copied())
}

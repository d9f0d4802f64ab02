//! Lifts that this site has lost, as one that was restored from a backup has, and of which a neighbour tells.

use std::collections::BTreeMap;

use protocol::lift::Leg;
use protocol::participant::Word;
use protocol::{Cuid, Hash, Side, TallyId};
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
        let page = tx.all_parts(after, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.lift, last.key));
        for row in &page {
            // Of what cannot be read doctor tells. What was refused, or is void, is no better: a referee of the thief's own may yet
            // call it valid.
            if Part::read(row).is_ok_and(|part| part.is_laid_out_alone()) {
                tx.drop_part(&row.lift, &row.key).await?;
            }
        }
    }
}

impl Site {
    /// A lift that was decided, and that this site lost, as one restored from an older backup did: what it is on this tally
    /// by the neighbour's word ([`Word::brings_back`]).
    pub(super) fn lost(
        &self,
        word: &Word,
        (holder, tally): (&Cuid, TallyId),
        (side, neighbour): (Side, Neighbour),
        taken: &[Hash],
    ) -> Result<Option<Part>, SiteError> {
        let on = (tally, side, neighbour.users);
        let Some(key) = word.brings_back(on, &self.agent, taken)? else { return Ok(None) };
        let leg = word.conditional.leg;
        let mine = (tally, key);
        let neighbours = BTreeMap::from([(tally, neighbour)]);
        let says = |_: &Leg| side;
        let part = self.part_in(&word.lift, &word.branches, mine, neighbours, &[leg], says, false);
        Ok(part.ok().map(|part| part.on(tally, holder, side)))
    }
}

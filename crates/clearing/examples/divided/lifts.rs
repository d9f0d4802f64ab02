//! Lifts along plans: laid out site by site by the tokens of the plan, each site pricing its own part anew, and applied.

use clearing::{Found, Kept};
use protocol::Units;
use protocol::chit::Positive;

use super::{Divided, Moves, What};
use crate::lines::Failure;

/// What a lift moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifted {
    pub(crate) arrives: Units,
    pub(crate) given: Units,
    /// Over how many tallies, and how many of them between sites.
    pub(crate) legs: usize,
    pub(crate) between: usize,
}

impl Divided {
    /// Lays a lift out along a plan of a site, so that `amount` arrives and no more than `most` is given, and applies it;
    /// none where that cannot be any more. What is said for it is counted either way.
    pub(crate) fn lift(
        &mut self,
        from: usize,
        plan: &Found,
        [amount, most]: [Positive; 2],
    ) -> Result<Option<Lifted>, Failure> {
        let parts = self.parts(from, plan)?;
        let between = parts.len() - 1;
        let (mut ends, mut legs, mut inner) = (amount.get(), Vec::new(), 0);
        for (place, (site, kept)) in parts.iter().enumerate().rev() {
            let hops = self.sites[*site].gates.hops();
            let Some(path) = hops.along(&kept.way, ends) else {
                self.count_composing(between, [amount, most])?;
                return Ok(None);
            };
            ends = path.given();
            // The tally between two sites is on the ways of both.
            let own = path.legs.iter().skip(usize::from(place > 0));
            legs.extend(own.map(|leg| (*site, leg.hop, leg.units)));
            let crossed = usize::from(place > 0) + usize::from(place < between);
            inner += usize::from(kept.way.len() > crossed);
        }
        self.count_composing(between, [amount, most])?;
        let names: Option<Vec<_>> =
            legs.iter().map(|(site, hop, _)| Some(self.sites[*site].tally(*hop)?.0)).collect();
        let mut names = names.ok_or("no such hop")?;
        names.sort_unstable();
        // A lift has one leg a tally.
        if ends > most.get() || names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Ok(None);
        }
        let lifted = Lifted { arrives: amount.get(), given: ends, legs: legs.len(), between };
        for (site, hop, units) in legs {
            let (tally, inward) = self.sites[site].tally(hop).ok_or("no such hop")?;
            self.move_over(tally, inward, units)?;
        }
        self.count_lift(between, inner)?;
        Ok(Some(lifted))
    }

    /// What a plan takes for the most that can arrive by it: what is given, and over how many tallies.
    pub(crate) fn way(&self, from: usize, plan: &Found) -> Result<(Units, usize), Failure> {
        let parts = self.parts(from, plan)?;
        let legs: usize = parts.iter().map(|(_, kept)| kept.way.len()).sum();
        // The tally between two sites is on the ways of both.
        Ok((plan.curve.top().enters.get(), legs - (parts.len() - 1)))
    }

    /// The plan as each site on its way knows it.
    fn parts(&self, from: usize, plan: &Found) -> Result<Vec<(usize, Kept)>, Failure> {
        let mut parts = vec![(from, plan.clone())];
        while let Some((site, Kept { on: Some((gate, token)), .. })) = parts.last() {
            let next = self.site_of(&self.sites[*site].doors[*gate].partner)?;
            let kept = self.sites[next].seeker.plan(token).ok_or("a plan is forgotten")?;
            parts.push((next, kept.clone()));
        }
        Ok(parts)
    }

    fn count_composing(&mut self, between: usize, amounts: [Positive; 2]) -> Result<(), Failure> {
        let [compose, composed] = self.records.composing(between, amounts)?;
        self.said.add(What::Compose, between as u64, compose);
        self.said.add(What::Composed, between as u64, composed);
        Ok(())
    }

    fn count_lift(&mut self, between: usize, inner: usize) -> Result<(), Failure> {
        let is_payment = self.moves == Moves::All;
        let [words, referee] = self.records.lift(between, inner, is_payment)?;
        self.said.add(What::Word, 2 * between as u64, words);
        // The question with all promises, the certificate, and of a payment the payer's word to the payee's site.
        self.said.add(What::Referee, 2 + u64::from(is_payment), referee);
        Ok(())
    }
}

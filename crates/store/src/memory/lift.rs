//! Reading what lifts did, from memory. What each question means is said in `crate::View`.

use std::collections::BTreeSet;
use std::ops::Bound;

use protocol::{Cuid, Hash, LiftId, PaymentId, Timestamp};

use super::Hand;
use super::read::{beyond, page};
use crate::{HalfId, LegAt, LegSum, Lift, LiftLeg, LiftPart, LinkRow, Payment, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// Lifts in the order of their names as texts, each once.
fn by_text(lifts: &[LiftId]) -> Vec<LiftId> {
    let mut lifts = lifts.to_vec();
    lifts.sort_by_cached_key(ToString::to_string);
    lifts.dedup();
    lifts
}

impl Hand {
    pub(crate) fn last_links(&self, halves: &[HalfId]) -> Result<Vec<LinkRow>> {
        let halves: BTreeSet<_> = halves.iter().copied().collect();
        let last = |half| {
            let index = self.state.halves.get(&half)?.row.head_index;
            self.state.links.get(&(half, index)).cloned()
        };
        Ok(halves.into_iter().filter_map(last).collect())
    }

    pub(crate) fn lifts_named(&self, lifts: &[LiftId]) -> Result<Vec<Lift>> {
        let lift = |id| self.state.lifts.get(&id).cloned();
        Ok(by_text(lifts).into_iter().filter_map(lift).collect())
    }

    pub(crate) fn legs_at(&self, lift: &LiftId) -> Result<Vec<LegAt>> {
        let at = |leg: LiftLeg| {
            let half = self.state.halves.get(&leg.half)?;
            let (holder, partner) = (half.holder.clone(), half.row.partner.clone());
            Some(LegAt { leg, holder, tally: half.tally, side: half.side, partner })
        };
        Ok(self.legs(lift)?.into_iter().filter_map(at).collect())
    }

    pub(crate) fn legs_of_holder(&self, holder: &Cuid, lifts: &[LiftId]) -> Result<Vec<LegAt>> {
        let mut found = Vec::new();
        for lift in by_text(lifts) {
            found.extend(self.legs_at(&lift)?.into_iter().filter(|leg| leg.holder == *holder));
        }
        Ok(found)
    }

    pub(crate) fn payments(&self, names: &[PaymentId]) -> Result<Vec<Payment>> {
        let names: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
        let mut found = Vec::new();
        for name in names {
            let first = (name.clone(), String::new());
            let own = self.state.payments.up(Bound::Included(&first));
            found.extend(own.take_while(|(key, _)| key.0 == name).map(|(_, one)| one.clone()));
        }
        Ok(found)
    }

    pub(crate) fn payments_by_lift(&self, lifts: &[LiftId]) -> Result<Vec<Payment>> {
        let mut found = Vec::new();
        for lift in by_text(lifts) {
            let lift = lift.to_string();
            let first = (lift.clone(), String::new(), String::new());
            let own = self.state.lift_payments.up(Bound::Included(&first));
            let own = own.take_while(|(key, _)| key.0 == lift).map(|(key, _)| key.clone());
            let payment = |(_, id, payer)| self.state.payments.get(&(id, payer)).cloned();
            found.extend(own.filter_map(payment));
        }
        Ok(found)
    }

    pub(crate) fn parts_in(&self, lift: &LiftId) -> Result<Vec<LiftPart>> {
        let first = (lift.to_string(), String::new());
        let own = self.state.parts.up(Bound::Included(&first));
        Ok(own.take_while(|(key, _)| key.0 == first.0).map(|(_, part)| part.clone()).collect())
    }

    /// Only one transaction writes at a time.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as the databases do it")]
    pub(crate) fn lock_name(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    pub(crate) fn lock_parts(&mut self, lift: &LiftId) -> Result<Vec<LiftPart>> {
        self.parts_in(lift)
    }

    pub(crate) fn parts_paying(&self, payment: &PaymentId) -> Result<Vec<LiftPart>> {
        let first = (payment.to_string(), String::new(), String::new());
        let own = self.state.payment_parts.up(Bound::Included(&first));
        let own = own.take_while(|(key, ())| key.0 == first.0).map(|(key, ())| key.clone());
        let part = |(_, lift, key)| self.state.parts.get(&(lift, key)).cloned();
        Ok(own.filter_map(part).collect())
    }

    pub(crate) fn all_parts(
        &self,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        let after = after.map(|(lift, key)| (lift.to_string(), key.to_string()));
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        Ok(page(self.state.parts.up(from).map(|(_, part)| part), limit))
    }

    pub(crate) fn open_parts(
        &self,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        let after = after.map(|(lift, key)| (lift.to_string(), key.to_string()));
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let open = self.state.open_parts.up(from).map(|(key, ())| key);
        Ok(page(open.filter_map(|key| self.state.parts.get(key)), limit))
    }

    pub(crate) fn legs_of_halves(&self, halves: &[HalfId]) -> Result<Vec<LiftLeg>> {
        let halves: BTreeSet<_> = halves.iter().copied().collect();
        let mut found = Vec::new();
        for half in halves {
            let first = (half, String::new(), String::new());
            let own = self.state.half_legs.up(Bound::Included(&first));
            let own = own.take_while(|(key, _)| key.0 == half);
            found.extend(own.filter_map(|(_, key)| self.state.legs.get(key)).cloned());
        }
        Ok(found)
    }

    pub(crate) fn leg_sums(&self, lifts: &[LiftId]) -> Result<Vec<LegSum>> {
        let lifts = by_text(lifts);
        let sum = |lift| {
            let all = self.legs(&lift)?;
            let raised = all.iter().map(|leg| i128::from(leg.effect.milli().max(0))).sum();
            let legs = u64::try_from(all.len()).unwrap_or(u64::MAX);
            Ok(LegSum { lift, legs, raised })
        };
        lifts.into_iter().map(sum).collect()
    }

    pub(crate) fn lifts_of(
        &self,
        holder: &Cuid,
        before: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Lift>> {
        let first = (holder.clone(), HalfId::new(i64::MIN));
        let own = self.state.half_holders.up(Bound::Excluded(&first)).map(|(key, ())| key);
        let own: Vec<HalfId> =
            own.take_while(|key| key.0 == *holder).map(|(_, half)| *half).collect();
        let touched: BTreeSet<LiftId> =
            self.legs_of_halves(&own)?.into_iter().map(|leg| leg.lift).collect();
        let before = before.map(|(date, id)| (date, id.to_string()));
        let older = self.state.lift_dates.down(beyond(before.as_ref())).map(|(_, id)| id);
        let older = older.filter(|id| touched.contains(id));
        Ok(page(older.filter_map(|id| self.state.lifts.get(id)), limit))
    }
}

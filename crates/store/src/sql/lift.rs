//! Reading what lifts did, from the databases. What each question means is said in `crate::View`.

use std::collections::BTreeSet;

use protocol::{Cuid, Hash, LiftId, PaymentId, Timestamp};

use super::conn::Hand;
use super::fault::About;
use super::value::{Value, name, sum_of};
use crate::{HalfId, Kind, LegAt, LegSum, Lift, LiftLeg, LiftPart, LinkRow, Payment, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

fn numbers(halves: &[HalfId]) -> Vec<Value> {
    let halves: BTreeSet<i64> = halves.iter().map(|half| half.get()).collect();
    halves.into_iter().map(Value::from).collect()
}

/// Names in the order of their texts, each once.
fn texts(names: &[impl std::fmt::Display]) -> Vec<Value> {
    let names: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
    names.iter().map(Value::from).collect()
}

impl Hand {
    pub(crate) async fn last_links(&mut self, halves: &[HalfId]) -> Result<Vec<LinkRow>> {
        let last = "AND idx = (SELECT head_index FROM halves WHERE id = links.half) ORDER BY half";
        // Pieces are in order, and each is ordered.
        self.pick_named("half", &numbers(halves), last).await
    }

    pub(crate) async fn lifts_named(&mut self, lifts: &[LiftId]) -> Result<Vec<Lift>> {
        self.pick_named("id", &texts(lifts), "ORDER BY id").await
    }

    pub(crate) async fn legs_at(&mut self, lift: &LiftId) -> Result<Vec<LegAt>> {
        self.pick("WHERE lift = $1 ORDER BY half, chit", vec![name(lift)]).await
    }

    pub(crate) async fn legs_of_holder(
        &mut self,
        holder: &Cuid,
        lifts: &[LiftId],
    ) -> Result<Vec<LegAt>> {
        let mut found = Vec::new();
        for lift in texts(lifts) {
            let rest = "WHERE lift = $1 AND holder = $2 ORDER BY half, chit";
            found.append(&mut self.pick(rest, vec![lift, name(holder)]).await?);
        }
        Ok(found)
    }

    pub(crate) async fn payments(&mut self, names: &[PaymentId]) -> Result<Vec<Payment>> {
        self.pick_named("payment", &texts(names), "ORDER BY payment, payer").await
    }

    pub(crate) async fn payments_by_lift(&mut self, lifts: &[LiftId]) -> Result<Vec<Payment>> {
        self.pick_named("lift", &texts(lifts), "ORDER BY lift, payment, payer").await
    }

    pub(crate) async fn add_payments(&mut self, payments: &[Payment]) -> Result<()> {
        self.put(payments, "").await
    }

    pub(crate) async fn put_part(&mut self, part: &LiftPart) -> Result<()> {
        let rest = "ON CONFLICT (lift, key) DO UPDATE SET state = excluded.state, \
                    payment = COALESCE(parts.payment, excluded.payment), \
                    is_open = excluded.is_open, changed = excluded.changed";
        self.put(std::slice::from_ref(part), rest).await
    }

    pub(crate) async fn drop_part(&mut self, lift: &LiftId, key: &Hash) -> Result<()> {
        let sql = "DELETE FROM parts WHERE lift = $1 AND key = $2".to_owned();
        self.run(sql, vec![name(lift), name(key)], &About::all(Kind::Part)).await.map(|_| ())
    }

    pub(crate) async fn parts_in(&mut self, lift: &LiftId) -> Result<Vec<LiftPart>> {
        self.pick("WHERE lift = $1 ORDER BY key", vec![name(lift)]).await
    }

    pub(crate) async fn lock_name(&mut self, name: &str) -> Result<()> {
        // SQLite has one writer at a time.
        if self.on_postgres("locks").is_empty() {
            return Ok(());
        }
        let digest = Hash::of(name.as_bytes());
        let number = digest.as_bytes().first_chunk().map_or(0, |first| i64::from_be_bytes(*first));
        let sql = "SELECT 1 FROM pg_advisory_xact_lock($1)".to_owned();
        self.rows(sql, vec![number.into()], Kind::Part).await.map(|_| ())
    }

    pub(crate) async fn lock_parts(&mut self, lift: &LiftId) -> Result<Vec<LiftPart>> {
        let rest = format!("WHERE lift = $1 ORDER BY key {}", self.on_postgres("FOR UPDATE"));
        self.pick(&rest, vec![name(lift)]).await
    }

    pub(crate) async fn parts_paying(&mut self, payment: &PaymentId) -> Result<Vec<LiftPart>> {
        self.pick("WHERE payment = $1 ORDER BY lift, key", vec![name(payment)]).await
    }

    pub(crate) async fn all_parts(
        &mut self,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        self.parts_where("", after, limit).await
    }

    pub(crate) async fn open_parts(
        &mut self,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        self.parts_where("is_open = 1 AND", after, limit).await
    }

    async fn parts_where(
        &mut self,
        which: &str,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        let (lift, key) =
            after.map_or_else(Default::default, |(lift, key)| (lift.to_string(), key.to_string()));
        let rest = format!(
            "WHERE {which} (lift > $1 OR (lift = $1 AND key > $2)) ORDER BY lift, key LIMIT $3"
        );
        self.pick(&rest, vec![(&lift).into(), (&key).into(), i64::from(limit).into()]).await
    }

    pub(crate) async fn legs_of_halves(&mut self, halves: &[HalfId]) -> Result<Vec<LiftLeg>> {
        self.pick_named("half", &numbers(halves), "ORDER BY half, lift, chit").await
    }

    pub(crate) async fn leg_sums(&mut self, lifts: &[LiftId]) -> Result<Vec<LegSum>> {
        let lifts: BTreeSet<String> = lifts.iter().map(ToString::to_string).collect();
        let raised = sum_of("(CASE WHEN effect > 0 THEN effect ELSE 0 END)");
        let mut sums = Vec::with_capacity(lifts.len());
        for lift in lifts {
            let sql = format!("SELECT COUNT(*), {raised} FROM legs WHERE lift = $1");
            let rows = self.rows(sql, vec![(&lift).into()], Kind::Leg).await?;
            for row in &rows {
                let mut cells = row.cells(Kind::Leg);
                let (legs, raised) = (cells.count()?, cells.sum()?);
                let lift = lift.parse().map_err(|error: protocol::HashError| {
                    StoreError::Malformed { kind: Kind::Leg, reason: error.to_string() }
                })?;
                sums.push(LegSum { lift, legs, raised });
            }
        }
        Ok(sums)
    }

    pub(crate) async fn lifts_of(
        &mut self,
        holder: &Cuid,
        before: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Lift>> {
        let own = "id IN (SELECT lift FROM legs JOIN halves ON halves.id = legs.half \
                   WHERE holder = $1)";
        let order = "ORDER BY date DESC, id DESC LIMIT $2";
        let mut values = vec![name(holder), limit.into()];
        let Some((date, lift)) = before else {
            return self.pick(&format!("WHERE {own} {order}"), values).await;
        };
        values.extend([date.into(), name(&lift)]);
        self.pick(&format!("WHERE {own} AND (date, id) < ($3, $4) {order}"), values).await
    }
}

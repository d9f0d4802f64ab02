//! Reading, from the databases. What each question means is said in `crate::View`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use protocol::{ChitId, ContractId, Cuid, Hash, LiftId, Side, TallyId, Timestamp};

use super::conn::Hand;
use super::outbox::list;
use super::value::{Cells, Row, Value, name, sum_of};
use crate::{
    Audience, CommandResult, Contract, Derived, Event, Founded, Half, HalfFilter, HalfId, Invite,
    InvoiceRow, Kind, Letter, LetterId, Lift, LiftLeg, LinkRow, Meta, Negotiation, StoreError,
    Totals, User, Whom, Word,
};

type Result<T> = std::result::Result<T, StoreError>;

fn id(half: HalfId) -> Value {
    half.get().into()
}

/// A cursor before the first number.
fn beyond(after: Option<i64>) -> Value {
    after.unwrap_or(i64::MIN).into()
}

impl Hand {
    /// The only row of a statement that always gives one.
    async fn only<T>(
        &mut self,
        sql: &str,
        values: Vec<Value>,
        read: impl Fn(&mut Cells<'_>) -> Result<T>,
    ) -> Result<T> {
        let kind = Kind::Setting;
        let rows = self.rows(sql.to_owned(), values, kind).await?;
        let row = rows.first().ok_or_else(|| {
            let reason = "the row of the site itself is not there".to_owned();
            StoreError::Malformed { kind, reason }
        })?;
        read(&mut row.cells(kind))
    }

    pub(crate) async fn meta(&mut self) -> Result<Meta> {
        let sql = "SELECT (SELECT MAX(number) FROM schemas), epoch, agent, founded FROM site";
        self.only(sql, vec![], |cells| {
            let (schema, epoch) = (cells.count()?, cells.count()?);
            let (agent, at) = (cells.opt_name()?, cells.opt_date()?);
            let founded = agent.zip(at).map(|(agent, at)| Founded { agent, at });
            Ok(Meta { schema, founded, epoch })
        })
        .await
    }

    pub(crate) async fn setting(&mut self, key: &str) -> Result<Option<String>> {
        let sql = "SELECT value FROM settings WHERE name = $1".to_owned();
        let rows = self.rows(sql, vec![key.into()], Kind::Setting).await?;
        rows.first().map(|row| row.cells(Kind::Setting).text()).transpose()
    }

    pub(crate) async fn settings(&mut self) -> Result<Vec<(String, String)>> {
        let sql = "SELECT name, value FROM settings ORDER BY name".to_owned();
        let rows = self.rows(sql, vec![], Kind::Setting).await?;
        let read = |row: &Row| {
            let mut cells = row.cells(Kind::Setting);
            Ok((cells.text()?, cells.text()?))
        };
        rows.iter().map(read).collect()
    }

    pub(crate) async fn user(&mut self, cuid: &Cuid) -> Result<Option<User>> {
        self.pick_one("WHERE cuid = $1", vec![name(cuid)]).await
    }

    pub(crate) async fn users(&mut self, after: Option<&Cuid>, limit: u32) -> Result<Vec<User>> {
        let after = after.map_or_else(|| "".into(), name);
        self.pick("WHERE cuid > $1 ORDER BY cuid LIMIT $2", vec![after, limit.into()]).await
    }

    pub(crate) async fn users_named(&mut self, cuids: &[Cuid]) -> Result<Vec<User>> {
        let cuids: BTreeSet<_> = cuids.iter().map(Cuid::as_str).collect();
        let cuids: Vec<Value> = cuids.into_iter().map(Value::from).collect();
        // Pieces are in order, and each is ordered.
        self.pick_named("cuid", &cuids, "ORDER BY cuid").await
    }

    pub(crate) async fn half(&mut self, half: HalfId) -> Result<Option<Half>> {
        self.pick_one("WHERE id = $1", vec![id(half)]).await
    }

    pub(crate) async fn half_of(&mut self, holder: &Cuid, tally: &TallyId) -> Result<Option<Half>> {
        self.pick_one("WHERE tally = $1 AND holder = $2", vec![name(tally), name(holder)]).await
    }

    pub(crate) async fn halves_of_tallies(&mut self, tallies: &[TallyId]) -> Result<Vec<Half>> {
        let tallies: BTreeSet<_> = tallies.iter().collect();
        let tallies: Vec<Value> = tallies.into_iter().map(name).collect();
        let mut halves: Vec<Half> = self.pick_named("tally", &tallies, "").await?;
        halves.sort_unstable_by_key(|half| half.id);
        Ok(halves)
    }

    pub(crate) async fn negotiations(&mut self, halves: &[HalfId]) -> Result<Vec<Negotiation>> {
        let halves: BTreeSet<_> = halves.iter().collect();
        let halves: Vec<Value> = halves.into_iter().map(|half| id(*half)).collect();
        // Pieces are in order, and each is ordered.
        self.pick_named("half", &halves, "ORDER BY half").await
    }

    pub(crate) async fn halves(
        &mut self,
        filter: &HalfFilter,
        after: Option<HalfId>,
        limit: u32,
    ) -> Result<Vec<Half>> {
        let HalfFilter { holder, status, partner } = filter;
        let mut rest = "WHERE id > $1".to_owned();
        let mut values = vec![beyond(after.map(HalfId::get))];
        let filters = [
            ("holder", holder.as_ref().map(name)),
            ("status", status.as_ref().map(Value::from)),
            ("partner", partner.as_ref().map(Value::from)),
        ];
        for (column, value) in filters {
            if let Some(value) = value {
                values.push(value);
                rest.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        values.push(limit.into());
        rest.push_str(&format!(" ORDER BY id LIMIT ${}", values.len()));
        self.pick(&rest, values).await
    }

    pub(crate) async fn links(
        &mut self,
        half: HalfId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let rest = "WHERE half = $1 AND idx >= $2 ORDER BY idx LIMIT $3";
        self.pick(rest, vec![id(half), from.into(), limit.into()]).await
    }

    pub(crate) async fn history(
        &mut self,
        half: HalfId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let rest = "WHERE half = $1 AND idx < $2 ORDER BY idx DESC LIMIT $3";
        self.pick(rest, vec![id(half), before.unwrap_or(u64::MAX).into(), limit.into()]).await
    }

    pub(crate) async fn sets(
        &mut self,
        half: HalfId,
        by: Side,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let rest = "WHERE half = $1 AND idx < $2 AND kind = 'set' AND by = $3 \
                    ORDER BY idx DESC LIMIT $4";
        let before = before.unwrap_or(u64::MAX).into();
        self.pick(rest, vec![id(half), before, by.word().into(), limit.into()]).await
    }

    pub(crate) async fn period(
        &mut self,
        half: HalfId,
        dates: &Range<Timestamp>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let rest =
            "WHERE half = $1 AND idx > $2 AND date >= $3 AND date < $4 ORDER BY idx LIMIT $5";
        let (from, until) = (dates.start.into(), dates.end.into());
        self.pick(rest, vec![id(half), after.into(), from, until, limit.into()]).await
    }

    pub(crate) async fn balance_before(&mut self, half: HalfId, date: Timestamp) -> Result<i128> {
        let sum = sum_of("effect");
        let sql = format!("SELECT {sum} FROM links WHERE half = $1 AND date < $2");
        self.only(&sql, vec![id(half), date.into()], |cells| cells.sum()).await
    }

    pub(crate) async fn links_by_chit(&mut self, chits: &[(HalfId, Hash)]) -> Result<Vec<LinkRow>> {
        self.links_of("half, chit", chits).await
    }

    pub(crate) async fn links_by_uuid(
        &mut self,
        names: &[(HalfId, ChitId)],
    ) -> Result<Vec<LinkRow>> {
        self.links_of("half, uuid", names).await
    }

    async fn links_of(
        &mut self,
        columns: &str,
        names: &[(HalfId, impl ToString)],
    ) -> Result<Vec<LinkRow>> {
        let names: BTreeSet<_> =
            names.iter().map(|(id, name)| (id.get(), name.to_string())).collect();
        let names: Vec<_> = names.into_iter().collect();
        let mut links: Vec<LinkRow> = self.pick_pairs(columns, &names, "half, idx").await?;
        links.sort_unstable_by_key(|link| (link.half, link.index));
        Ok(links)
    }

    pub(crate) async fn derived(&mut self, half: HalfId) -> Result<Derived> {
        let sum = sum_of("effect");
        let sql =
            format!("SELECT COUNT(*), COALESCE(MAX(idx), 0), {sum} FROM links WHERE half = $1");
        self.only(&sql, vec![id(half)], |cells| {
            Ok(Derived { links: cells.count()?, last: cells.count()?, balance: cells.sum()? })
        })
        .await
    }

    pub(crate) async fn invoices(&mut self, half: HalfId) -> Result<Vec<InvoiceRow>> {
        self.pick("WHERE half = $1 ORDER BY chit", vec![id(half)]).await
    }

    pub(crate) async fn waiting(&mut self, half: HalfId) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM letters WHERE half = $1";
        self.only(sql, vec![id(half)], |cells| cells.count()).await
    }

    pub(crate) async fn waiting_for(&mut self, whom: &Whom) -> Result<u64> {
        let (is, agents) = whom.condition();
        let agents_list = list(1, agents.len());
        let sql = format!("SELECT COUNT(*) FROM letters WHERE recipient {is} {agents_list}");
        let values = agents.iter().map(name).collect();
        self.only(&sql, values, |cells| cells.count()).await
    }

    pub(crate) async fn letters(
        &mut self,
        after: Option<LetterId>,
        limit: u32,
    ) -> Result<Vec<Letter>> {
        let after = beyond(after.map(LetterId::get));
        self.pick("WHERE id > $1 ORDER BY id LIMIT $2", vec![after, limit.into()]).await
    }

    pub(crate) async fn next_due(&mut self) -> Result<Option<Timestamp>> {
        self.only("SELECT MIN(due) FROM letters", vec![], |cells| cells.opt_date()).await
    }

    pub(crate) async fn events(
        &mut self,
        audience: Audience<'_>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let mut values = vec![after.into(), limit.into()];
        match audience {
            Audience::Site => self.pick("WHERE number > $1 ORDER BY number LIMIT $2", values).await,
            Audience::User(cuid) => {
                values.push(name(cuid));
                let rest = "WHERE number > $1 AND cuid = $3 ORDER BY number LIMIT $2";
                self.pick(rest, values).await
            }
        }
    }

    pub(crate) async fn last_event(&mut self) -> Result<u64> {
        self.only("SELECT last FROM counters WHERE name = 'event'", vec![], |cells| cells.count())
            .await
    }

    pub(crate) async fn results(&mut self, ids: &[String]) -> Result<Vec<CommandResult>> {
        let ids: BTreeSet<_> = ids.iter().collect();
        let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
        // Pieces are in order, and each is ordered.
        self.pick_named("id", &ids, "ORDER BY id").await
    }

    pub(crate) async fn contract(&mut self, rid: &ContractId) -> Result<Option<Contract>> {
        self.pick_one("WHERE rid = $1", vec![name(rid)]).await
    }

    pub(crate) async fn contracts(&mut self) -> Result<Vec<Contract>> {
        self.pick("ORDER BY rid", vec![]).await
    }

    pub(crate) async fn invite(&mut self, token: &Hash) -> Result<Option<Invite>> {
        self.pick_one("WHERE token = $1", vec![name(token)]).await
    }

    pub(crate) async fn invites(&mut self, holder: &Cuid) -> Result<Vec<Invite>> {
        self.pick("WHERE holder = $1 ORDER BY token", vec![name(holder)]).await
    }

    pub(crate) async fn lift(&mut self, lift: &LiftId) -> Result<Option<Lift>> {
        self.pick_one("WHERE id = $1", vec![name(lift)]).await
    }

    pub(crate) async fn lifts(
        &mut self,
        before: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Lift>> {
        let Some((date, lift)) = before else {
            return self.pick("ORDER BY date DESC, id DESC LIMIT $1", vec![limit.into()]).await;
        };
        let rest = "WHERE (date, id) < ($1, $2) ORDER BY date DESC, id DESC LIMIT $3";
        self.pick(rest, vec![date.into(), name(&lift), limit.into()]).await
    }

    pub(crate) async fn legs(&mut self, lift: &LiftId) -> Result<Vec<LiftLeg>> {
        self.pick("WHERE lift = $1 ORDER BY half, chit", vec![name(lift)]).await
    }

    pub(crate) async fn words(&mut self, language: &str) -> Result<Vec<Word>> {
        self.pick("WHERE language = $1 ORDER BY view, col, value", vec![language.into()]).await
    }

    pub(crate) async fn totals(&mut self) -> Result<Totals> {
        let owed = "CASE WHEN balance > 0 THEN balance ELSE 0 END";
        let (all, owed) = (sum_of("balance"), sum_of(&format!("({owed})")));
        let sql = format!(
            "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM letters), \
             CAST(COALESCE(SUM(head_index), 0) AS BIGINT), {all}, {owed}, \
             COUNT(CASE WHEN ledger IS NOT NULL THEN asks END), \
             COUNT(CASE WHEN ledger IS NOT NULL AND unheard <> 0 THEN 1 END) FROM halves"
        );
        let totals = self.only(&sql, vec![], |cells| {
            Ok(Totals {
                users: cells.count()?,
                letters: cells.count()?,
                links: cells.count()?,
                balance: cells.sum()?,
                owed: cells.sum()?,
                asking: cells.count()?,
                unheard: cells.count()?,
                ..Totals::default()
            })
        });
        let totals = totals.await?;
        let (halves, lifts) = (self.by_status("halves").await?, self.by_status("lifts").await?);
        Ok(Totals { halves, lifts, ..totals })
    }

    async fn by_status(&mut self, table: &str) -> Result<BTreeMap<String, u64>> {
        let sql = format!("SELECT status, COUNT(*) FROM {table} GROUP BY status");
        let rows = self.rows(sql, vec![], Kind::Setting).await?;
        let read = |row: &Row| {
            let mut cells = row.cells(Kind::Setting);
            Ok((cells.text()?, cells.count()?))
        };
        rows.iter().map(read).collect()
    }
}

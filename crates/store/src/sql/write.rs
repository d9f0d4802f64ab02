//! Writing, to the databases. What each change means is said in `crate::Tx`; letters in `outbox.rs`.

use std::collections::BTreeSet;

use protocol::{AgentId, ChitId, Hash, TallyId, Timestamp};

use super::conn::Hand;
use super::fault::About;
use super::table::{Put, pieces};
use super::value::{Value, name};
use crate::rows::{Fit, Setting};
use crate::{
    CommandResult, Contract, Event, Founded, Half, HalfId, HalfRow, Invite, InvoiceRow, Kind, Lift,
    LiftLeg, LinkRow, Negotiation, NewEvent, NewHalf, StoreError, User, Word,
};

type Result<T> = std::result::Result<T, StoreError>;

/// It was not said whose store this is.
fn nobodys(agent: &AgentId) -> StoreError {
    StoreError::Missing { kind: Kind::Setting, which: agent.to_string() }
}

fn about<T: Fit>(row: &T) -> About {
    About { kind: T::KIND, which: row.name() }
}

impl Hand {
    /// Takes so many numbers of a kind, and says the first. On PostgreSQL others that take numbers
    /// of the kind wait until this transaction ends: so numbers rise in the order of commits.
    pub(super) async fn take_numbers(&mut self, counter: &str, many: usize) -> Result<i64> {
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        let sql = "UPDATE counters SET last = last + $1 WHERE name = $2 RETURNING last".to_owned();
        let rows = self.rows(sql, vec![many.into(), counter.into()], Kind::Setting).await?;
        let row = rows.first().ok_or_else(|| StoreError::Malformed {
            kind: Kind::Setting,
            reason: format!("there is no counter named {counter}"),
        })?;
        Ok(row.cells(Kind::Setting).int()? - many + 1)
    }

    pub(crate) async fn lock(&mut self, ids: &[HalfId]) -> Result<Vec<Half>> {
        let mut ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        // All lock in the same order: so nobody waits in a circle.
        ids.sort_unstable();
        ids.dedup();
        let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
        let rest = format!("ORDER BY id {}", self.on_postgres("FOR UPDATE"));
        self.pick_named("id", &ids, &rest).await
    }

    pub(crate) async fn lock_tallies(&mut self, tallies: &[TallyId]) -> Result<Vec<Half>> {
        let mut tallies = tallies.to_vec();
        tallies.sort_unstable();
        tallies.dedup();
        let tallies: Vec<Value> = tallies.iter().map(name).collect();
        let rest = format!("ORDER BY id {}", self.on_postgres("FOR UPDATE"));
        let mut halves: Vec<Half> = self.pick_named("tally", &tallies, &rest).await?;
        halves.sort_unstable_by_key(|half| half.id);
        Ok(halves)
    }

    pub(crate) async fn add_users(&mut self, users: &[User]) -> Result<()> {
        self.put(users, "").await
    }

    pub(crate) async fn put_user(&mut self, user: &User) -> Result<()> {
        let sql = "UPDATE users SET kind = $2, name = $3, cert = $4, key = $5, status = $6, \
                   created = $7, groups = $8 WHERE cuid = $1";
        match self.run(sql.to_owned(), user.values(), &about(user)).await? {
            0 => Err(StoreError::Missing { kind: Kind::User, which: user.name() }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn add_halves(&mut self, halves: &[NewHalf]) -> Result<Vec<HalfId>> {
        let first = self.take_numbers("half", halves.len()).await?;
        let numbered = halves.iter().zip(first..).map(|(half, id)| {
            let NewHalf { holder, tally, side, row, negotiation: text } = half.clone();
            let half = HalfId::new(id);
            let kept = Half { id: half, version: 1, invoices: 0, holder, tally, side, row };
            (kept, Negotiation { half, text })
        });
        let (numbered, negotiations): (Vec<Half>, Vec<Negotiation>) = numbered.unzip();
        self.put(&numbered, "").await?;
        self.put(&negotiations, "").await?;
        Ok(numbered.iter().map(|half| half.id).collect())
    }

    pub(crate) async fn put_halves(&mut self, halves: &[Half]) -> Result<()> {
        let columns = HalfRow::COLUMNS;
        let sets: Vec<_> = columns.iter().map(|column| format!("{column} = v.{column}")).collect();
        for piece in self.parts(halves) {
            let rows = piece.iter().map(|half| {
                let mut values = vec![half.id.get().into(), half.version.into()];
                values.extend(half.row.values());
                values
            });
            let (source, values) = self.source(rows.collect());
            let sql = format!(
                "WITH v (id, version, {}) AS ({source}) UPDATE halves \
                 SET version = halves.version + 1, {} FROM v \
                 WHERE halves.id = v.id AND halves.version = v.version RETURNING halves.id",
                columns.join(", "),
                sets.join(", "),
            );
            let changed = self.rows(sql, values, Kind::Half).await?;
            let changed = changed.iter().map(|row| row.cells(Kind::Half).int());
            let changed = changed.collect::<Result<BTreeSet<i64>>>()?;
            let all = piece.iter().map(|half| half.id.get());
            let mut stale = all.filter(|half| !changed.contains(half));
            if let Some(half) = stale.next() {
                return Err(StoreError::Stale { half });
            }
        }
        Ok(())
    }

    pub(crate) async fn put_negotiations(&mut self, negotiations: &[Negotiation]) -> Result<()> {
        self.put(negotiations, "ON CONFLICT (half) DO UPDATE SET text = excluded.text").await
    }

    pub(crate) async fn put_invoices(&mut self, invoices: &[InvoiceRow]) -> Result<()> {
        let rest = "ON CONFLICT (half, chit) DO UPDATE SET text = excluded.text";
        self.put(invoices, rest).await?;
        self.count_invoices(invoices.iter().map(|invoice| invoice.half)).await
    }

    pub(crate) async fn drop_invoices(&mut self, names: &[(HalfId, ChitId)]) -> Result<()> {
        for piece in pieces(names) {
            let values = piece.iter().flat_map(|(half, chit)| [half.get().into(), name(chit)]);
            let places = self.places(piece.len(), 2);
            let sql = format!("DELETE FROM invoices WHERE (half, chit) IN (VALUES {places})");
            self.run(sql, values.collect(), &About::all(Kind::Invoice)).await?;
        }
        self.count_invoices(names.iter().map(|(half, _)| *half)).await
    }

    /// Counts the invoices of these halves anew.
    async fn count_invoices(&mut self, halves: impl Iterator<Item = HalfId>) -> Result<()> {
        let halves: BTreeSet<i64> = halves.map(HalfId::get).collect();
        let halves: Vec<Value> = halves.into_iter().map(Value::from).collect();
        for piece in pieces(&halves) {
            let places = self.places(1, piece.len());
            let sql = format!(
                "UPDATE halves SET invoices = (SELECT COUNT(*) FROM invoices i \
                 WHERE i.half = halves.id) WHERE id IN {places}"
            );
            self.run(sql, piece.to_vec(), &About::all(Kind::Half)).await?;
        }
        Ok(())
    }

    pub(crate) async fn append(&mut self, links: &[LinkRow]) -> Result<()> {
        self.put(links, "").await
    }

    pub(crate) async fn relink(
        &mut self,
        half: HalfId,
        keep: u64,
        links: &[LinkRow],
    ) -> Result<()> {
        let sql = "DELETE FROM links WHERE half = $1 AND idx > $2".to_owned();
        let about = About { kind: Kind::Link, which: format!("after {keep} of half {half}") };
        self.run(sql, vec![half.get().into(), keep.into()], &about).await?;
        self.put(links, "").await
    }

    pub(crate) async fn number_events(&mut self, events: Vec<NewEvent>) -> Result<u64> {
        let first = self.take_numbers("event", events.len()).await?;
        let first = u64::try_from(first).unwrap_or_default();
        let numbered = events.into_iter().zip(first..);
        let numbered: Vec<_> = numbered.map(|(event, number)| Event { number, event }).collect();
        self.put(&numbered, "").await?;
        Ok(numbered.last().map_or(first, |event| event.number))
    }

    /// Deletes what is older than a date; says how many.
    async fn prune(&mut self, table: &str, kind: Kind, before: Timestamp) -> Result<u64> {
        let sql = format!("DELETE FROM {table} WHERE at < $1");
        self.run(sql, vec![before.into()], &About::all(kind)).await
    }

    pub(crate) async fn prune_events(&mut self, before: Timestamp) -> Result<u64> {
        self.prune("events", Kind::Event, before).await
    }

    pub(crate) async fn add_results(&mut self, results: &[CommandResult]) -> Result<()> {
        self.put(results, "").await
    }

    pub(crate) async fn prune_results(&mut self, before: Timestamp) -> Result<u64> {
        self.prune("results", Kind::Result, before).await
    }

    pub(crate) async fn put_contract(&mut self, contract: &Contract) -> Result<()> {
        self.put(std::slice::from_ref(contract), "ON CONFLICT (rid) DO NOTHING").await
    }

    pub(crate) async fn put_invite(&mut self, invite: &Invite) -> Result<()> {
        let rest = "ON CONFLICT (token) DO UPDATE SET holder = excluded.holder, \
                    text = excluded.text, expires = excluded.expires, \
                    uses_left = excluded.uses_left";
        self.put(std::slice::from_ref(invite), rest).await
    }

    pub(crate) async fn drop_invite(&mut self, token: &Hash) -> Result<bool> {
        let sql = "DELETE FROM invites WHERE token = $1".to_owned();
        Ok(self.run(sql, vec![name(token)], &About::all(Kind::Invite)).await? > 0)
    }

    pub(crate) async fn drop_invites(&mut self) -> Result<u64> {
        self.run("DELETE FROM invites".to_owned(), Vec::new(), &About::all(Kind::Invite)).await
    }

    pub(crate) async fn put_lift(&mut self, lift: &Lift) -> Result<()> {
        let rest = "ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
                    certificate = excluded.certificate, changed = excluded.changed";
        self.put(std::slice::from_ref(lift), rest).await
    }

    pub(crate) async fn add_legs(&mut self, legs: &[LiftLeg]) -> Result<()> {
        self.put(legs, "").await
    }

    pub(crate) async fn put_words(&mut self, words: &[Word]) -> Result<()> {
        let rest = "ON CONFLICT (language, view, col, value) DO UPDATE SET \
                    title = excluded.title, help = excluded.help";
        // One statement may not change a row twice: the last of each name counts.
        let mut last = std::collections::BTreeMap::new();
        for word in words {
            let Word { language, view, column, value, .. } = word;
            last.insert((language, view, column, value), word.clone());
        }
        let words: Vec<Word> = last.into_values().collect();
        self.put(&words, rest).await
    }

    pub(crate) async fn set(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        let about = about(&Setting(key, ""));
        let (sql, values) = match value {
            Some(value) => (
                "INSERT INTO settings (name, value) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                vec![key.into(), value.into()],
            ),
            None => ("DELETE FROM settings WHERE name = $1", vec![key.into()]),
        };
        self.run(sql.to_owned(), values, &about).await.map(|_| ())
    }

    pub(crate) async fn found(&mut self, founded: &Founded) -> Result<()> {
        let sql = "UPDATE site SET agent = $1, founded = $2 WHERE agent IS NULL".to_owned();
        let which = founded.agent.to_string();
        let values = vec![name(&founded.agent), founded.at.into()];
        match self.run(sql, values, &About::all(Kind::Setting)).await? {
            0 => Err(StoreError::Duplicate { kind: Kind::Setting, which }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn replace_agent(&mut self, agent: &AgentId) -> Result<()> {
        let sql = "UPDATE letters SET recipient = $1 WHERE recipient = (SELECT agent FROM site)"
            .to_owned();
        self.run(sql, vec![name(agent)], &About::all(Kind::Letter)).await?;
        let sql = "UPDATE site SET agent = $1 WHERE agent IS NOT NULL".to_owned();
        match self.run(sql, vec![name(agent)], &About::all(Kind::Setting)).await? {
            0 => Err(nobodys(agent)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn new_epoch(&mut self) -> Result<u64> {
        let sql = "UPDATE site SET epoch = epoch + 1 RETURNING epoch".to_owned();
        let rows = self.rows(sql, vec![], Kind::Setting).await?;
        rows.first().map_or(Ok(0), |row| row.cells(Kind::Setting).count())
    }
}

//! The outbox, in the databases. What each step means is said in `crate::Tx`.

use std::collections::BTreeMap;

use protocol::note::ALONE;
use protocol::{AgentId, Timestamp};

use super::conn::{Conn, Hand};
use super::fault::About;
use super::table::pieces;
use super::tables::Posted;
use super::value::{Value, name};
use crate::{Claim, HalfId, Kind, Letter, LetterId, NewLetter, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

const LETTERS: About = About::all(Kind::Letter);

impl Hand {
    pub(crate) async fn post(&mut self, letters: &[NewLetter]) -> Result<()> {
        // Of letters that replace each other within the list, the last counts.
        let mut last = BTreeMap::new();
        for (at, letter) in letters.iter().enumerate() {
            last.insert((letter.half, letter.to, &letter.key), at);
        }
        let mut last: Vec<usize> = last.into_values().collect();
        last.sort_unstable();
        // Replaced letters count too: the numbers are those that posting one by one would give.
        let first = self.take_numbers("letter", letters.len()).await?;
        let mut last = last.into_iter().peekable();
        let mut posted = Vec::new();
        for ((at, letter), number) in letters.iter().enumerate().zip(first..) {
            if last.next_if_eq(&at).is_some() {
                posted.push(Posted(number, letter));
            }
        }
        // The half is set too: no half and a half 0, which is none, meet in the index.
        let rest = "ON CONFLICT (COALESCE(half, 0), recipient, key) DO UPDATE SET \
                    id = excluded.id, half = excluded.half, message = excluded.message, at = excluded.at, \
                    due = CASE WHEN letters.owner IS NULL AND letters.attempts > 0 AND letters.due > excluded.due \
                    THEN letters.due ELSE excluded.due END, \
                    attempts = letters.attempts, owner = NULL";
        self.put(&posted, rest).await
    }

    pub(crate) async fn claim(&mut self, claim: &Claim) -> Result<Vec<Letter>> {
        if matches!(self.conn, Conn::Postgres(_)) {
            // One sender at a time looks: whether an earlier letter is claimed is then known.
            let sql = "SELECT last FROM counters WHERE name = 'letter' FOR UPDATE".to_owned();
            self.rows(sql, vec![], Kind::Letter).await?;
        }
        let (is, agents) = claim.to.condition();
        let agents_list = list(3, agents.len());
        let rest = format!(
            "WHERE due <= $1 AND recipient {is} {agents_list} AND NOT EXISTS (SELECT 1 FROM letters e \
             WHERE e.half = letters.half AND e.id < letters.id AND e.due > $1 AND e.key NOT LIKE '{ALONE}%') \
             ORDER BY id LIMIT $2 {}",
            self.on_postgres("FOR UPDATE SKIP LOCKED")
        );
        let mut values = vec![claim.now.into(), claim.limit.into()];
        values.extend(agents.iter().map(name));
        let mut taken: Vec<Letter> = self.pick(&rest, values).await?;
        for piece in pieces(&taken) {
            let mut values = vec![(&claim.owner).into(), claim.lease.into()];
            values.extend(piece.iter().map(|letter| Value::from(letter.id.get())));
            let sql = format!(
                "UPDATE letters SET owner = $1, due = $2, attempts = attempts + 1 WHERE id IN {}",
                list(3, piece.len())
            );
            self.run(sql, values, &LETTERS).await?;
        }
        for letter in &mut taken {
            letter.owner = Some(claim.owner.clone());
            letter.due = claim.lease;
            letter.attempts += 1;
        }
        Ok(taken)
    }

    pub(crate) async fn done(&mut self, letters: &[LetterId]) -> Result<()> {
        for piece in pieces(letters) {
            let values = piece.iter().map(|id| id.get().into()).collect();
            let sql = format!("DELETE FROM letters WHERE id IN {}", list(1, piece.len()));
            self.run(sql, values, &LETTERS).await?;
        }
        Ok(())
    }

    pub(crate) async fn failed(
        &mut self,
        owner: &str,
        letters: &[LetterId],
        due: Timestamp,
    ) -> Result<()> {
        for piece in pieces(letters) {
            let mut values = vec![owner.into(), due.into()];
            values.extend(piece.iter().map(|id| Value::from(id.get())));
            let sql = format!(
                "UPDATE letters SET owner = NULL, due = $2 WHERE owner = $1 AND id IN {}",
                list(3, piece.len())
            );
            self.run(sql, values, &LETTERS).await?;
        }
        Ok(())
    }

    pub(crate) async fn hasten(&mut self, to: &AgentId, due: Timestamp) -> Result<()> {
        let sql = "UPDATE letters SET due = $2, attempts = 0 \
                   WHERE recipient = $1 AND owner IS NULL AND due > $2";
        self.run(sql.to_owned(), vec![name(to), due.into()], &LETTERS).await.map(|_| ())
    }

    pub(crate) async fn recall(&mut self, beyond: Timestamp, due: Timestamp) -> Result<()> {
        let sql = "UPDATE letters SET owner = NULL, due = $2 WHERE due > $1";
        self.run(sql.to_owned(), vec![beyond.into(), due.into()], &LETTERS).await.map(|_| ())
    }

    pub(crate) async fn readdress(
        &mut self,
        half: HalfId,
        to: &AgentId,
        due: Timestamp,
    ) -> Result<()> {
        let rest = "WHERE half = $1 AND recipient <> $2 AND NOT EXISTS (SELECT 1 FROM letters o WHERE \
                    o.half = letters.half AND o.recipient = $2 AND o.key = letters.key) ORDER BY id";
        let values = vec![half.get().into(), name(to)];
        let letters: Vec<Letter> = self.pick(rest, values).await?;
        let sql = "DELETE FROM letters WHERE half = $1 AND recipient <> $2".to_owned();
        self.run(sql, vec![half.get().into(), name(to)], &LETTERS).await?;
        // With numbers of their own: what becomes of those that are on their way says nothing of these.
        let of = |letter: Letter| NewLetter { to: *to, at: due, ..letter.letter };
        self.post(&letters.into_iter().map(of).collect::<Vec<_>>()).await
    }

    pub(crate) async fn release(&mut self, due: Timestamp) -> Result<()> {
        let sql = "UPDATE letters SET owner = NULL, due = $1 WHERE owner IS NOT NULL";
        self.run(sql.to_owned(), vec![due.into()], &LETTERS).await.map(|_| ())
    }
}

/// `($3,$4)`: places for so many values, from a number on.
pub(super) fn list(from: usize, many: usize) -> String {
    let places: Vec<_> = (from..from + many).map(|place| format!("${place}")).collect();
    format!("({})", places.join(","))
}

//! `Table`: how a row lies in its table; reading and writing of many rows in few statements.

use std::fmt::Write as _;

use super::conn::{Conn, Hand};
use super::fault::About;
use super::value::{Cells, Value};
use crate::rows::{Fit, which};
use crate::{Kind, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// A row that can be read.
pub(super) trait Kept: Sized {
    const ROW: Kind;
    const TABLE: &'static str;
    /// In the order of [`Kept::read`].
    const COLUMNS: &'static str;

    fn read(cells: &mut Cells<'_>) -> Result<Self>;
}

/// A row that can be written.
pub(super) trait Put: Fit {
    const INTO: &'static str;
    /// In the order of [`Put::values`].
    const COLUMNS: &'static [&'static str];

    fn values(&self) -> Vec<Value>;
}

/// Rows are written as many at a time on SQLite; few sizes, so that few statements are prepared.
const SIZES: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

/// Cuts a list into pieces of those sizes.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

impl Hand {
    /// `($1,$2),($3,$4)`: places for so many rows of so many columns, to be filled in order.
    ///
    /// For SQLite `(?,?),(?,?)`: numbered places have names there, and each value bound looks
    /// through all names before its own, which took a third of the time of a large statement.
    pub(super) fn places(&self, rows: usize, columns: usize) -> String {
        if let Conn::Sqlite(_) = self.conn {
            let row = format!("({})", vec!["?"; columns].join(","));
            return vec![row; rows].join(",");
        }
        let mut text = String::with_capacity(rows * columns * 6);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..columns {
                let comma = if column == 0 { "" } else { "," };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}${}", row * columns + column + 1);
            }
            text.push(')');
        }
        text
    }

    /// Rows that a condition picks: `rest` is all of the statement after the table's name.
    pub(super) async fn pick<T: Kept>(&mut self, rest: &str, values: Vec<Value>) -> Result<Vec<T>> {
        let sql = format!("SELECT {} FROM {} {rest}", T::COLUMNS, T::TABLE);
        let rows = self.rows(sql, values, T::ROW).await?;
        rows.iter().map(|row| T::read(&mut row.cells(T::ROW))).collect()
    }

    /// The row that a condition picks.
    pub(super) async fn pick_one<T: Kept>(
        &mut self,
        rest: &str,
        values: Vec<Value>,
    ) -> Result<Option<T>> {
        Ok(self.pick(rest, values).await?.pop())
    }

    /// Rows with one of these names; `rest` follows the list of names.
    pub(super) async fn pick_named<T: Kept>(
        &mut self,
        column: &str,
        names: &[Value],
        rest: &str,
    ) -> Result<Vec<T>> {
        if let (Conn::Postgres(_), [first, ..]) = (&self.conn, names) {
            let rest = format!("WHERE {column} = ANY($1::{}) {rest}", first.array_type());
            return self.pick(&rest, vec![Value::array(names)]).await;
        }
        let mut found = Vec::with_capacity(names.len());
        for piece in pieces(names) {
            let list = self.places(1, piece.len());
            let rest = format!("WHERE {column} IN {list} {rest}");
            found.append(&mut self.pick(&rest, piece.to_vec()).await?);
        }
        Ok(found)
    }

    /// Rows with one of these pairs of a number and a name, in order of `order`.
    pub(super) async fn pick_pairs<T: Kept>(
        &mut self,
        columns: &str,
        pairs: &[(i64, String)],
        order: &str,
    ) -> Result<Vec<T>> {
        let rows: Vec<Vec<Value>> =
            pairs.iter().map(|(number, name)| vec![(*number).into(), name.into()]).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if let Conn::Postgres(_) = self.conn {
            let (source, values) = arrays(&rows);
            // `OFFSET 0` keeps it a look-up for each pair, whatever is known about the table.
            let sql = format!(
                "SELECT found.* FROM ({source}) AS pair (number, name), LATERAL (SELECT {} FROM {} \
                 WHERE ({columns}) = (pair.number, pair.name) OFFSET 0) AS found ORDER BY {order}",
                T::COLUMNS,
                T::TABLE
            );
            let rows = self.rows(sql, values, T::ROW).await?;
            return rows.iter().map(|row| T::read(&mut row.cells(T::ROW))).collect();
        }
        let mut found = Vec::with_capacity(pairs.len());
        for piece in pieces(&rows) {
            let places = self.places(piece.len(), 2);
            let rest = format!("WHERE ({columns}) IN (VALUES {places}) ORDER BY {order}");
            found.append(&mut self.pick(&rest, piece.concat()).await?);
        }
        Ok(found)
    }

    /// Rows in as many parts as one statement takes each.
    pub(super) fn parts<'a, T>(&self, rows: &'a [T]) -> Vec<&'a [T]> {
        match self.conn {
            Conn::Postgres(_) => rows.chunks(MOST).collect(),
            Conn::Sqlite(_) => pieces(rows).collect(),
        }
    }

    /// A part of rows as a statement reads them, and what goes into it.
    pub(super) fn source(&self, rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
        if let Conn::Postgres(_) = self.conn {
            return arrays(&rows);
        }
        let columns = rows.first().map_or(0, Vec::len);
        let source = format!("VALUES {}", self.places(rows.len(), columns));
        (source, rows.into_iter().flatten().collect())
    }

    /// Adds rows; `rest` follows the values, for rows that are there already.
    pub(super) async fn put<T: Put>(&mut self, rows: &[T], rest: &str) -> Result<()> {
        let columns = T::COLUMNS.join(", ");
        for part in self.parts(rows) {
            let (source, values) = self.source(part.iter().map(Put::values).collect());
            let sql = format!("INSERT INTO {} ({columns}) {source} {rest}", T::INTO);
            let about = About { kind: T::KIND, which: which(rows) };
            self.run(sql, values, &about).await?;
        }
        Ok(())
    }
}

/// How many rows one statement takes as arrays: their texts are held in memory twice.
const MOST: usize = 4_096;

/// Rows as PostgreSQL takes any number of them in one statement, planned once: an array for each
/// column. There is at least one row.
pub(super) fn arrays(rows: &[Vec<Value>]) -> (String, Vec<Value>) {
    let columns = rows.first().map_or(&[][..], Vec::as_slice);
    let mut places = Vec::with_capacity(columns.len());
    let mut values = Vec::with_capacity(columns.len());
    for (column, first) in columns.iter().enumerate() {
        places.push(format!("${}::{}", column + 1, first.array_type()));
        let cells: Vec<Value> = rows.iter().filter_map(|row| row.get(column)).cloned().collect();
        values.push(Value::array(&cells));
    }
    (format!("SELECT * FROM UNNEST({})", places.join(", ")), values)
}

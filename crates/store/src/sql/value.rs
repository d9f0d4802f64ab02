//! `Value`: what goes into a statement; `Cells`: what comes out, column by column.

use std::fmt::Display;
use std::str::FromStr;

use protocol::{Timestamp, Units};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Decode, Type};

use crate::{Kind, StoreError};

/// A column's content. Both databases are told the type also of what is absent.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    /// Of many rows; on PostgreSQL only.
    Ints(Vec<Option<i64>>),
    /// The same.
    Texts(Vec<Option<String>>),
}

impl Value {
    /// What PostgreSQL calls an array of such values.
    pub(super) const fn array_type(&self) -> &'static str {
        match self {
            Self::Int(_) | Self::Ints(_) => "BIGINT[]",
            Self::Text(_) | Self::Texts(_) => "TEXT[]",
        }
    }

    /// Values of one kind, as one value.
    pub(super) fn array(values: &[Self]) -> Self {
        let ints =
            values.iter().map(|value| if let Self::Int(i) = value { Some(*i) } else { None });
        match ints.collect::<Option<Vec<_>>>() {
            Some(ints) => Self::Ints(ints),
            None => {
                let text = |value: &Self| if let Self::Text(t) = value { t.clone() } else { None };
                Self::Texts(values.iter().map(text).collect())
            }
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

/// Rows with larger numbers are refused before (`rows/fit.rs`); a cursor beyond all is beyond all.
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(at.ms()))
    }
}

impl From<Units> for Value {
    fn from(units: Units) -> Self {
        Self::Int(Some(units.milli()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<Option<&String>> for Value {
    fn from(text: Option<&String>) -> Self {
        Self::Text(text.cloned())
    }
}

/// A name, written as in records.
pub(super) fn name(name: &impl Display) -> Value {
    Value::Text(Some(name.to_string()))
}

/// A name that may be absent.
pub(super) fn opt_name(name: Option<&impl Display>) -> Value {
    Value::Text(name.map(ToString::to_string))
}

/// A number that may be absent.
pub(super) fn opt_int(number: Option<impl Into<Value>>) -> Value {
    number.map_or(Value::Int(None), Into::into)
}

/// A row of either database.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row's cells, taken one after the other.
pub(super) struct Cells<'r> {
    row: &'r Row,
    kind: Kind,
    at: usize,
}

type Result<T> = std::result::Result<T, StoreError>;

impl Row {
    pub(super) const fn cells(&self, kind: Kind) -> Cells<'_> {
        Cells { row: self, kind, at: 0 }
    }
}

fn get<'r, R, T>(row: &'r R, at: usize) -> std::result::Result<T, sqlx::Error>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    T: Decode<'r, R::Database> + Type<R::Database>,
{
    row.try_get(at)
}

impl Cells<'_> {
    fn malformed(&self, reason: &dyn Display) -> StoreError {
        // `at` is already the next: counted from one, it is the column meant.
        let reason = format!("column {}: {reason}", self.at);
        StoreError::Malformed { kind: self.kind, reason }
    }

    pub(super) fn opt_int(&mut self) -> Result<Option<i64>> {
        let found = match self.row {
            Row::Sqlite(row) => get(row, self.at),
            Row::Postgres(row) => get(row, self.at),
        };
        self.at += 1;
        found.map_err(|error| self.malformed(&error))
    }

    pub(super) fn opt_text(&mut self) -> Result<Option<String>> {
        let found = match self.row {
            Row::Sqlite(row) => get(row, self.at),
            Row::Postgres(row) => get(row, self.at),
        };
        self.at += 1;
        found.map_err(|error| self.malformed(&error))
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        let found = self.opt_int()?;
        found.ok_or_else(|| self.malformed(&"is absent"))
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let found = self.opt_text()?;
        found.ok_or_else(|| self.malformed(&"is absent"))
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        let found = self.int()?;
        u64::try_from(found).map_err(|_| self.malformed(&"is negative"))
    }

    pub(super) fn opt_count(&mut self) -> Result<Option<u64>> {
        let found = self.opt_int()?;
        found.map(u64::try_from).transpose().map_err(|_| self.malformed(&"is negative"))
    }

    pub(super) fn date(&mut self) -> Result<Timestamp> {
        let found = self.int()?;
        Timestamp::from_ms(found).map_err(|error| self.malformed(&error))
    }

    pub(super) fn opt_date(&mut self) -> Result<Option<Timestamp>> {
        let found = self.opt_int()?;
        found.map(Timestamp::from_ms).transpose().map_err(|error| self.malformed(&error))
    }

    pub(super) fn units(&mut self) -> Result<Units> {
        let found = self.int()?;
        Units::new(found).map_err(|error| self.malformed(&error))
    }

    /// A name, as in records.
    pub(super) fn name<T: FromStr<Err: Display>>(&mut self) -> Result<T> {
        let found = self.text()?;
        found.parse().map_err(|error| self.malformed(&error))
    }

    pub(super) fn opt_name<T: FromStr<Err: Display>>(&mut self) -> Result<Option<T>> {
        let found = self.opt_text()?;
        found.map(|text| text.parse()).transpose().map_err(|error| self.malformed(&error))
    }

    /// One of a fixed set of words.
    pub(super) fn word<T>(&mut self, of_word: impl Fn(&str) -> Option<T>) -> Result<T> {
        let found = self.text()?;
        of_word(&found).ok_or_else(|| self.malformed(&format!("no such word: {found:?}")))
    }

    /// A sum of balances: how many 2^32 milli-CHIPs, and the rest (see [`sum_of`]).
    pub(super) fn sum(&mut self) -> Result<i128> {
        let high = i128::from(self.opt_int()?.unwrap_or_default());
        let low = i128::from(self.opt_int()?.unwrap_or_default());
        Ok((high << 32) + low)
    }
}

/// The exact sum of a column of 64 bits, as two columns that cannot overflow below 2^31 rows.
pub(super) fn sum_of(column: &str) -> String {
    format!("CAST(SUM({column} >> 32) AS BIGINT), CAST(SUM({column} & 4294967295) AS BIGINT)")
}

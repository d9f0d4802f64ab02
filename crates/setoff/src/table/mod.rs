//! A table of who owes whom, read row by row into numbered debts.
//!
//! Lines and quotes are taken apart in `records`, faults and refusals are named in `fault`, names
//! become numbers in `names`, the separator is found in `separator`.

mod fault;
mod names;
mod records;
mod separator;

use std::io::Read;

use clearing::Debt;

pub use fault::{BadRow, ReadError, Refusal, RowFault};
pub use names::{MAX_NAME_BYTES, MAX_PARTICIPANTS, Names};
pub use records::MAX_ROW_BYTES;
pub use separator::{Separator, SeparatorError};

use crate::amount::read_amount;
pub(crate) use names::{Interner, checked};
use records::{Record, Records};

/// Most rows a table may have: the engine numbers debts in 31 bits.
pub const MAX_ROWS: usize = (1 << 31) - 1;
/// How many bad rows are listed where they are left out; all are counted.
pub const MAX_LISTED: usize = 100_000;
/// How many are named where the table is refused.
const MAX_BAD_SHOWN: usize = 20;

/// What the caller decides about reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// What parts the fields; found from the first row where `None`.
    pub separator: Option<Separator>,
    /// How many bad rows may be left out before the table is refused.
    pub max_bad: u64,
}

/// A table read and found good.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The participants' names, numbered in the order of their first row.
    pub names: Names,
    /// One debt for each accepted row, in file order.
    pub debts: Vec<Debt>,
    /// The line on which each debt's row begins, from 1.
    pub lines: Vec<u64>,
    /// The first bad rows that were left out, at most [`MAX_LISTED`].
    pub bad_rows: Vec<BadRow>,
    /// How many bad rows were left out.
    pub refused: u64,
    /// How many accepted rows gave more than three decimal places.
    pub rounded: u64,
    /// Whether line 1 was a header.
    pub header: bool,
}

impl Table {
    /// How many participants the accepted rows name.
    pub fn participants(&self) -> u32 {
        self.names.len()
    }
}

/// Reads a table of debts: columns debtor, creditor, amount. More columns are ignored, as many as the
/// first row has; where a row has still more, its separators are not what they seem.
///
/// UTF-8, with or without a byte order mark; fields quoted as in RFC 4180; lines end in LF, CRLF or
/// CR; blank lines do not count. White space around names and amounts does not count either.
/// Packed data is for [`crate::open`].
///
/// Memory grows with the accepted rows and their names only: a row is at most 1 MiB, a name
/// 1024 bytes.
///
/// # Errors
/// [`ReadError::Refused`] names the line and the reason; [`ReadError::Io`] is the reader's own.
pub fn read_table(input: impl Read, options: &ReadOptions) -> Result<Table, ReadError> {
    let mut records = Records::new(input, options.separator)?;
    let mut reading = Reading { max_bad: options.max_bad, ..Reading::default() };
    let mut empty = true;
    while let Some(record) = records.next_record()? {
        empty = false;
        if record.line == 1 && is_header(&record) {
            reading.table.header = true;
        } else {
            reading.take(&record)?;
        }
    }
    if empty {
        return Err(Refusal::Empty.into());
    }
    reading.finish()
}

/// Line 1 is a header if it has a third field and that holds no digit. A digit of another
/// script makes a bad amount, not a header: no debt is dropped without a word.
fn is_header(record: &Record<'_>) -> bool {
    record.fault.is_none()
        && record.columns >= 3
        && std::str::from_utf8(record.fields[2]).is_ok_and(|text| !text.contains(char::is_numeric))
}

/// A table on its way.
#[derive(Default)]
struct Reading {
    table: Table,
    names: Interner,
    max_bad: u64,
}

impl Reading {
    /// Accepts one row or counts it as bad.
    fn take(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        match self.debt(record)? {
            Ok((debt, rounded)) => {
                if self.table.debts.len() >= MAX_ROWS {
                    return Err(Refusal::TooManyRows { line: record.line });
                }
                self.table.debts.push(debt);
                self.table.lines.push(record.line);
                self.table.rounded += u64::from(rounded);
            }
            Err(fault) => {
                self.table.refused += 1;
                if self.table.bad_rows.len() < MAX_LISTED {
                    self.table.bad_rows.push(BadRow { line: record.line, fault });
                }
            }
        }
        Ok(())
    }

    /// Reads one row; names are numbered only once nothing else is wrong with it.
    fn debt(&mut self, record: &Record<'_>) -> Result<Result<(Debt, bool), RowFault>, Refusal> {
        let (debtor, creditor, (units, rounded)) = match fields(record) {
            Ok(fields) => fields,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut number = |name: &str| {
            self.names.number(name).ok_or(Refusal::TooManyParticipants { line: record.line })
        };
        let debt = Debt { debtor: number(debtor)?, creditor: number(creditor)?, units };
        Ok(Ok((debt, rounded)))
    }

    fn finish(self) -> Result<Table, ReadError> {
        let Self { mut table, names, max_bad } = self;
        if table.refused > max_bad {
            let (mut rows, count) = (table.bad_rows, table.refused);
            rows.truncate(MAX_BAD_SHOWN);
            return Err(Refusal::BadRows { rows, count, max_bad }.into());
        }
        table.names = names.finish();
        Ok(table)
    }
}

type Fields<'a> = (&'a str, &'a str, (protocol::Units, bool));

fn fields<'a>(record: &Record<'a>) -> Result<Fields<'a>, RowFault> {
    if let Some(fault) = &record.fault {
        return Err(fault.clone());
    }
    if record.columns < 3 {
        return Err(RowFault::Columns { found: record.columns });
    }
    let debtor = checked(record.fields[0], "debtor")?;
    let creditor = checked(record.fields[1], "creditor")?;
    let amount = read_amount(record.fields[2])?;
    if debtor == creditor {
        return Err(RowFault::SelfDebt);
    }
    Ok((debtor, creditor, amount))
}

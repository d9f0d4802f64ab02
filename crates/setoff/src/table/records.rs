//! Lines and quotes: bytes become records of three fields, with the line each begins on.
//!
//! Our own reader, because a quote left open must refuse the table instead of swallowing rows, and
//! because no line may grow memory without bound.

use std::io::{BufRead, BufReader, Read};

use super::separator::Seeker;
use super::{ReadError, Refusal, RowFault, Separator};
use crate::source::{fill, peeked};

/// Longest row in bytes. Rows of debts take tens of bytes; a long note may take thousands.
pub const MAX_ROW_BYTES: usize = 1 << 20;
/// Bytes taken at a time from the input.
const CHUNK_BYTES: usize = 1 << 16;

/// The columns of a debt.
const NEEDED: u64 = 3;

/// One row: its first three fields, unquoted.
pub(super) struct Record<'a> {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// Empty where a column is missing.
    pub(super) fields: [&'a [u8]; 3],
    /// How many columns there are; counted up to the first row's and no further.
    pub(super) columns: u64,
    /// Why the fields mean nothing.
    pub(super) fault: Option<RowFault>,
}

/// Takes an input apart into records.
pub(super) struct Records<R: Read> {
    input: BufReader<R>,
    separator: Option<Separator>,
    /// How many columns a row may have: as many as the first one, at least three.
    most: Option<u64>,
    /// The number of lines taken so far.
    lines: u64,
    /// The last line ended in CR: an LF right after it belongs to it.
    after_cr: bool,
    /// The bytes of the record at hand, line ends within quotes included.
    row: Vec<u8>,
    /// The first three fields of a record with quotes, one after the other.
    unquoted: Vec<u8>,
}

/// How one line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// With a line end, or with the input after at least one byte.
    Line,
    /// Too long: the rest was thrown away. Whether a quote was in it.
    Overlong { quote: bool },
    /// The input was at its end.
    Nothing,
}

impl<R: Read> Records<R> {
    /// Refuses what is plainly no text and drops a byte order mark.
    pub(super) fn new(
        input: R,
        separator: Option<Separator>,
    ) -> Result<Records<impl Read>, ReadError> {
        let (head, input) = peeked(input)?;
        let what = match head[..] {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 text"),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some("a spreadsheet or zip file"),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some("a PDF document"),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old spreadsheet file"),
            _ => None,
        };
        if let Some(what) = what {
            return Err(Refusal::NotText { what }.into());
        }
        let mut input = BufReader::with_capacity(CHUNK_BYTES, input);
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            input.read_exact(&mut [0; 3])?;
        }
        Ok(Records {
            input,
            separator,
            most: None,
            lines: 0,
            after_cr: false,
            row: Vec::new(),
            unquoted: Vec::new(),
        })
    }

    /// The next record that is not blank.
    pub(super) fn next_record(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        loop {
            let taken = self.take_line()?;
            let line = self.lines;
            if taken == Taken::Nothing {
                return Ok(None);
            }
            let quote = memchr::memchr(b'"', &self.row).is_some();
            if let Taken::Overlong { quote: later } = taken {
                if quote || later {
                    return Err(Refusal::LongQuote { line }.into());
                }
                self.row.clear();
                return Ok(Some(Record::bad(line, RowFault::TooLong)));
            }
            if self.row.trim_ascii().is_empty() {
                self.row.clear();
                continue;
            }
            let separator = match self.separator {
                Some(separator) => separator,
                None => self.seek_separator(line)?,
            };
            if quote {
                return self.quoted_record(line, separator).map(Some);
            }
            return Ok(Some(self.plain_record(line, separator)));
        }
    }

    /// Finds the separator in the first row, taking further lines while its first field is open.
    fn seek_separator(&mut self, line: u64) -> Result<Separator, ReadError> {
        let mut seeker = Seeker::default();
        let mut done = 0;
        loop {
            seeker.feed(&self.row[done..]);
            if let Some(found) = seeker.found() {
                self.separator = Some(found);
                return Ok(found);
            }
            done = self.row.len();
            self.take_more(line)?;
        }
    }

    /// Takes the next line of a row in which a quote is open.
    fn take_more(&mut self, line: u64) -> Result<(), ReadError> {
        match self.take_line()? {
            Taken::Line => Ok(()),
            Taken::Nothing => Err(Refusal::UnclosedQuote { line }.into()),
            Taken::Overlong { .. } => Err(Refusal::LongQuote { line }.into()),
        }
    }

    /// Splits a row without quotes: by far the most.
    fn plain_record(&mut self, line: u64, separator: Separator) -> Record<'_> {
        // The row is kept in the other buffer, so that the next line finds its own one empty.
        std::mem::swap(&mut self.row, &mut self.unquoted);
        self.row.clear();
        let row = without_line_end(&self.unquoted);
        if std::str::from_utf8(row).is_err() {
            return Record::bad(line, RowFault::NotUtf8);
        }
        let mut record = Record { line, fields: [&[]; 3], columns: 0, fault: None };
        let byte = separator.byte();
        let runs = separator == Separator::SPACE;
        let mut rest = if runs { row.trim_ascii() } else { row };
        for field in &mut record.fields {
            record.columns += 1;
            match memchr::memchr(byte, rest) {
                Some(end) => {
                    *field = &rest[..end];
                    rest = &rest[end + 1..];
                    if runs {
                        rest = rest.trim_ascii_start();
                    }
                }
                None => {
                    *field = rest;
                    self.most.get_or_insert(NEEDED);
                    return record;
                }
            }
        }
        if !runs {
            beyond(&mut record, rest, byte, &mut self.most);
        }
        record
    }

    /// Splits a row with quotes, taking further lines while a quote is open.
    fn quoted_record(&mut self, line: u64, separator: Separator) -> Result<Record<'_>, ReadError> {
        self.unquoted.clear();
        let mut splitter = Splitter::new(separator, self.most);
        let mut done = 0;
        loop {
            splitter.feed(&self.row[done..], &mut self.unquoted);
            if splitter.state != State::Quoted {
                break;
            }
            done = self.row.len();
            self.take_more(line)?;
        }
        let utf8 = std::str::from_utf8(&self.row).is_ok();
        self.row.clear();
        if !utf8 {
            return Ok(Record::bad(line, RowFault::NotUtf8));
        }
        splitter.end_row(&self.unquoted);
        let fault = splitter.fault(&mut self.most);
        let [a, b, c] = splitter.ends;
        Ok(Record {
            line,
            fields: [&self.unquoted[..a], &self.unquoted[a..b], &self.unquoted[b..c]],
            columns: splitter.columns,
            fault,
        })
    }

    /// Appends the next line to `row`, its end included.
    fn take_line(&mut self) -> Result<Taken, ReadError> {
        let mut overlong = None;
        let mut any = false;
        loop {
            let bytes = fill(&mut self.input)?;
            if bytes.is_empty() {
                self.lines += u64::from(any);
                return Ok(match overlong {
                    Some(quote) => Taken::Overlong { quote },
                    None if any => Taken::Line,
                    None => Taken::Nothing,
                });
            }
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                if !any && !self.row.is_empty() {
                    // Within quotes the line end belongs to the field.
                    self.row.push(b'\n');
                }
                self.input.consume(1);
                continue;
            }
            any = true;
            let end = memchr::memchr2(b'\n', b'\r', bytes);
            let piece = &bytes[..end.map_or(bytes.len(), |end| end + 1)];
            if overlong.is_none() && self.row.len() + piece.len() > MAX_ROW_BYTES {
                overlong = Some(false);
            }
            match &mut overlong {
                Some(quote) => *quote |= memchr::memchr(b'"', piece).is_some(),
                None => self.row.extend_from_slice(piece),
            }
            self.after_cr = piece.last() == Some(&b'\r');
            let used = piece.len();
            self.input.consume(used);
            if end.is_some() {
                self.lines += 1;
                return Ok(overlong.map_or(Taken::Line, |quote| Taken::Overlong { quote }));
            }
        }
    }
}

impl Record<'_> {
    fn bad(line: u64, fault: RowFault) -> Self {
        Self { line, fields: [&[]; 3], columns: 0, fault: Some(fault) }
    }
}

/// Looks at what follows the third field of a row without quotes, after its separator. Where a number
/// does, and there are more columns than the first row has (this one, where `most` is not known yet),
/// the amount is cut in two by its own comma.
fn beyond(record: &mut Record<'_>, rest: &[u8], separator: u8, most: &mut Option<u64>) {
    let Some(most) = *most else {
        let more = memchr::memchr_iter(separator, rest).count() as u64;
        record.columns += 1 + more;
        *most = Some(record.columns);
        return;
    };
    if !rest.trim_ascii_start().first().is_some_and(u8::is_ascii_digit) {
        return;
    }
    let mut rest = rest;
    while record.columns < most {
        record.columns += 1;
        match memchr::memchr(separator, rest) {
            Some(end) => rest = &rest[end + 1..],
            None => return,
        }
    }
    if !rest.iter().all(|byte| *byte == separator || byte.is_ascii_whitespace()) {
        let found = most + 1 + memchr::memchr_iter(separator, rest).count() as u64;
        record.fault = Some(RowFault::CutAmount { found, first: most });
    }
}

fn without_line_end(row: &[u8]) -> &[u8] {
    match row {
        [head @ .., b'\n' | b'\r'] => head,
        _ => row,
    }
}

/// Where in a row the splitter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a field, blanks perhaps passed.
    Start,
    /// In a field without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote within quotes: the field's end, or half of a doubled quote.
    Quote,
    /// After the field's closing quote and a blank.
    Closed,
}

/// Splits one row with quotes, piece by piece.
struct Splitter {
    separator: Separator,
    state: State,
    columns: u64,
    ends: [usize; 3],
    after_quote: bool,
    /// How many columns the row may have, where that is known.
    most: Option<u64>,
    /// The field after the amount begins with a digit; not known before that.
    number_after: Option<bool>,
    /// Something stands in a column after those.
    beyond: bool,
}

impl Splitter {
    fn new(separator: Separator, most: Option<u64>) -> Self {
        let most = most.filter(|_| separator != Separator::SPACE);
        Self {
            separator,
            state: State::Start,
            columns: 0,
            ends: [0; 3],
            after_quote: false,
            most,
            number_after: None,
            beyond: false,
        }
    }

    /// Takes one more line; fields beyond the third are passed over.
    fn feed(&mut self, line: &[u8], fields: &mut Vec<u8>) {
        let separator = self.separator.byte();
        for &byte in line {
            let quoted = self.state == State::Quoted;
            if !quoted && (byte == separator || matches!(byte, b'\n' | b'\r')) {
                let run = self.separator == Separator::SPACE && self.state == State::Start;
                if byte == separator && !run {
                    self.end_field(fields);
                }
                continue;
            }
            self.state = match (self.state, byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Quote,
                (State::Start, b' ' | b'\t') => State::Start,
                (State::Quote, b'"') => {
                    self.keep(b'"', fields);
                    State::Quoted
                }
                (State::Quote | State::Closed, b' ' | b'\t') => State::Closed,
                (State::Quote | State::Closed, _) => {
                    self.after_quote = true;
                    State::Plain
                }
                (State::Quoted, _) => {
                    self.keep(byte, fields);
                    State::Quoted
                }
                (State::Start | State::Plain, _) => {
                    self.keep(byte, fields);
                    State::Plain
                }
            };
        }
    }

    fn keep(&mut self, byte: u8, fields: &mut Vec<u8>) {
        if self.columns < NEEDED {
            fields.push(byte);
        }
        if self.columns == NEEDED {
            self.number_after.get_or_insert(byte.is_ascii_digit());
        }
        let further = self.most.is_some_and(|most| self.columns >= most);
        self.beyond |= further && !byte.is_ascii_whitespace();
    }

    /// Closes the last field; spaces at the end of a row part nothing.
    fn end_row(&mut self, fields: &[u8]) {
        if self.separator != Separator::SPACE || self.state != State::Start {
            self.end_field(fields);
        }
    }

    /// Why the row means nothing; the first row says how many columns there may be.
    fn fault(&self, most: &mut Option<u64>) -> Option<RowFault> {
        let first = *most.get_or_insert(self.columns.max(NEEDED));
        if self.after_quote {
            return Some(RowFault::AfterQuote);
        }
        let found = self.columns;
        let cut = self.beyond && self.number_after == Some(true);
        cut.then_some(RowFault::CutAmount { found, first })
    }

    /// Closes the field at hand.
    fn end_field(&mut self, fields: &[u8]) {
        for end in self.ends.iter_mut().skip(usize::try_from(self.columns).unwrap_or(usize::MAX)) {
            *end = fields.len();
        }
        self.columns += 1;
        self.state = State::Start;
    }
}

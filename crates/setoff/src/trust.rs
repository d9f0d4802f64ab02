//! Trust lines, as public data of the XRP ledger is passed on: `u v lo w hi` on each line.
//!
//! `w` is what `u` has paid `v` over the line, which is what `u` owes `v` (below zero: `v` owes `u`);
//! it stays within `lo` and `hi`: `u` may owe up to `hi`, `v` up to `-lo`. Numbers may have exponents.

use std::io::{BufRead, BufReader, Read};

use protocol::Units;
use thiserror::Error;

use crate::table::{Interner, checked};
use crate::{Excerpt, Names, ReadError, Refusal, RowFault};

/// Longest line in bytes: two names and three numbers take tens.
const MAX_LINE_BYTES: u64 = 4_096;
/// How many bad lines are kept to be shown; all are counted.
const MAX_BAD_SHOWN: usize = 20;
/// Most lines taken: some ten times the largest network that is known to be published.
pub const MAX_TRUST_LINES: usize = 1_000_000;

/// What stands between two participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustLine {
    /// On which line of the file, from 1.
    pub line: u64,
    /// The first participant.
    pub first: u32,
    /// The second one.
    pub second: u32,
    /// What the first owes the second, rounded toward zero; negative: the second owes.
    pub balance: Units,
    /// The most that the first may owe the second.
    pub first_may_owe: Units,
    /// The most that the second may owe the first.
    pub second_may_owe: Units,
}

/// All lines of a file.
#[derive(Clone, Debug, Default)]
pub struct TrustLines {
    /// The participants' names, numbered in the order of their first good line.
    pub names: Names,
    /// The good lines, in file order.
    pub lines: Vec<TrustLine>,
    /// The first bad lines, at most 20; they are left out.
    pub bad_lines: Vec<BadLine>,
    /// How many bad lines there were.
    pub refused: u64,
    /// Limits beyond the largest amount, which they are taken for.
    pub capped: u64,
    /// Good lines whose balance had more than three decimal places.
    pub rounded: u64,
}

/// A line that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which, from 1.
    pub line: u64,
    /// Why.
    pub fault: TrustFault,
}

/// Why a line is no trust line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustFault {
    /// Other than five fields.
    #[error("{found} fields instead of five: first, second, lowest, balance, highest")]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// Longer than any good line.
    #[error("the line is longer than 4096 bytes")]
    TooLong,
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] RowFault),
    /// Not a decimal number, with or without an exponent.
    #[error("{0} is not a number")]
    NotANumber(Excerpt),
    /// A balance beyond 2^53-1 milli-CHIPs.
    #[error("the balance {0} is beyond 9007199254740.991, the largest there is")]
    TooLarge(Excerpt),
    /// The balance is below the lowest or above the highest that the line says.
    #[error("the balance {0} is not between the lowest and the highest of its line")]
    Outside(Excerpt),
}

/// Reads trust lines; blank lines do not count, bad ones are left out and counted. Packed data is
/// for [`crate::open`].
///
/// # Errors
/// [`ReadError::Io`] is the reader's own; [`ReadError::Refused`] where nothing is left or there is too much.
pub fn read_trust_lines(input: impl Read) -> Result<TrustLines, ReadError> {
    let mut input = BufReader::new(input);
    let (mut found, mut names, mut line) = (TrustLines::default(), Interner::default(), 0);
    let mut text = Vec::new();
    loop {
        text.clear();
        let taken = input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut text)?;
        if taken == 0 {
            break;
        }
        line += 1;
        let whole = text.ends_with(b"\n") || (taken as u64) < MAX_LINE_BYTES;
        if !whole {
            skip_line(&mut input)?;
        } else if text.trim_ascii().is_empty() {
            continue;
        }
        let read = if whole { read_line(&text, line) } else { Err(TrustFault::TooLong) };
        match read {
            Ok(read) => {
                if found.lines.len() >= MAX_TRUST_LINES {
                    return Err(Refusal::TooManyRows { line }.into());
                }
                let too_many = || Refusal::TooManyParticipants { line };
                let first = names.number(read.names[0]).ok_or_else(too_many)?;
                let second = names.number(read.names[1]).ok_or_else(too_many)?;
                found.lines.push(TrustLine { first, second, ..read.trust });
                found.capped += read.capped;
                found.rounded += u64::from(read.rounded);
            }
            Err(fault) => {
                found.refused += 1;
                if found.bad_lines.len() < MAX_BAD_SHOWN {
                    found.bad_lines.push(BadLine { line, fault });
                }
            }
        }
    }
    if line == 0 {
        return Err(Refusal::Empty.into());
    }
    found.names = names.finish();
    Ok(found)
}

/// Throws away the rest of a line.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let part = crate::source::fill(input)?;
        let end = memchr::memchr(b'\n', part);
        let taken = end.map_or(part.len(), |end| end + 1);
        let done = end.is_some() || part.is_empty();
        input.consume(taken);
        if done {
            return Ok(());
        }
    }
}

struct ReadLine<'a> {
    names: [&'a str; 2],
    trust: TrustLine,
    capped: u64,
    rounded: bool,
}

fn read_line(text: &[u8], line: u64) -> Result<ReadLine<'_>, TrustFault> {
    let fields: Vec<&[u8]> =
        text.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).collect();
    let [first, second, low, balance, high] = fields[..] else {
        return Err(TrustFault::Fields { found: fields.len() });
    };
    let names = [checked(first, "first")?, checked(second, "second")?];
    let (low, owes, high) = (number(low)?, number(balance)?, number(high)?);
    if names[0] == names[1] {
        return Err(RowFault::SelfDebt.into());
    }
    if owes.milli < low.milli || owes.milli > high.milli {
        return Err(TrustFault::Outside(Excerpt::new(balance)));
    }
    let owed = amount(owes.milli).ok_or_else(|| TrustFault::TooLarge(Excerpt::new(balance)))?;
    let limit = |milli: i128| {
        let milli = milli.max(0);
        amount(milli).map_or((Units::MAX, 1), |units| (units, 0))
    };
    let ((first_may_owe, high), (second_may_owe, low)) = (limit(high.milli), limit(-low.milli));
    let trust =
        TrustLine { line, first: 0, second: 0, balance: owed, first_may_owe, second_may_owe };
    Ok(ReadLine { names, trust, capped: high + low, rounded: owes.rounded })
}

fn amount(milli: i128) -> Option<Units> {
    i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok())
}

/// A number, in thousandths toward zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    /// Beyond [`BEYOND`] either way only that it is.
    milli: i128,
    rounded: bool,
}

/// More than any amount, and not more than can be compared and negated.
const BEYOND: i128 = 1 << 100;
/// The most digits that are below it.
const MOST_DIGITS: i64 = 30;

fn number(field: &[u8]) -> Result<Number, TrustFault> {
    let wrong = || TrustFault::NotANumber(Excerpt::new(field));
    let (negative, rest) = match field.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, field.strip_prefix(b"+").unwrap_or(field)),
    };
    let (digits, exponent) = match rest.iter().position(|b| b"eE".contains(b)) {
        Some(place) => (&rest[..place], exponent(&rest[place + 1..]).ok_or_else(wrong)?),
        None => (rest, 0),
    };
    let (whole, places) = match memchr::memchr(b'.', digits) {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    let all = || whole.iter().chain(places);
    if (whole.is_empty() && places.is_empty()) || !all().all(u8::is_ascii_digit) {
        return Err(wrong());
    }
    // A line is short, so these are small.
    let length = |part: &[u8]| i64::try_from(part.len()).unwrap_or(i64::MAX);
    let zeros = all().take_while(|&&digit| digit == b'0').count();
    let kept = length(whole) + exponent + 3 - i64::try_from(zeros).unwrap_or(0);
    let mut digits = all().skip(zeros);
    if digits.clone().next().is_none() {
        return Ok(Number { milli: 0, rounded: false });
    }
    if kept > MOST_DIGITS {
        return Ok(Number { milli: if negative { -BEYOND } else { BEYOND }, rounded: false });
    }
    let mut milli = 0_i128;
    for _ in 0..kept.max(0) {
        let digit = digits.next().map_or(0, |digit| i128::from(digit - b'0'));
        milli = milli * 10 + digit;
    }
    let rounded = digits.any(|&digit| digit != b'0');
    Ok(Number { milli: if negative { -milli } else { milli }, rounded })
}

/// At most a few thousand either way; what is beyond is as large or small as anything.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix(b"+").unwrap_or(text)),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value =
        digits.iter().fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(9_999));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> TrustLines {
        read_trust_lines(text.as_bytes()).unwrap()
    }

    #[test]
    fn numbers_are_exact_and_rounded_toward_zero() {
        for (text, milli, rounded) in [
            ("12", 12_000, false),
            ("-0.754864825131", -754, true),
            ("-1.1E9", -1_100_000_000_000, false),
            ("1e-7", 0, true),
            ("0.0", 0, false),
            ("-0.0", 0, false),
            ("1.5e0003", 1_500_000, false),
            ("123456789e-9", 123, true),
            ("00000000000000000000000000000000000001", 1_000, false),
            (".5", 500, false),
            ("1e41", BEYOND, false),
            ("-9.99e99999999999999999999", -BEYOND, false),
            ("0e99999", 0, false),
            ("9e-99999999999999999999", 0, true),
        ] {
            assert_eq!(number(text.as_bytes()), Ok(Number { milli, rounded }), "{text}");
        }
        for text in ["", "-", ".", "e5", "1e", "1e+", "1,5", "0x1", "nan", "1.2.3", "--1", "1e1.5"]
        {
            assert!(number(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn who_owes_whom_and_how_much_more_it_may() {
        let found = read("ann bob -20 12.5 100\nbob cid -7E0 -7 0.0\n\ncid ann 0 0 1e41\n");
        let units = |milli| Units::new(milli).unwrap();
        let [a, b, c] = found.lines[..] else { panic!("three lines") };
        assert_eq!(
            (a.balance, a.first_may_owe, a.second_may_owe),
            (units(12_500), units(100_000), units(20_000))
        );
        assert_eq!(
            (b.line, b.balance, b.first_may_owe, b.second_may_owe),
            (2, units(-7_000), units(0), units(7_000))
        );
        assert_eq!((c.line, c.first_may_owe, c.second_may_owe), (4, Units::MAX, units(0)));
        assert_eq!((found.capped, found.rounded, found.refused, found.names.len()), (1, 0, 0, 3));
    }

    #[test]
    fn bad_lines_are_left_out_with_their_reason() {
        let long = "x".repeat(5_000);
        let text = format!(
            "a b 0 1\na b 0 x 1\na a 0 0 0\na b 0 2 1\na b 0 1e30 1e31\n{long}\na b 0 1 2\n\u{0} b 0 1 2"
        );
        let found = read(&text);
        let told: Vec<String> =
            found.bad_lines.iter().map(|bad| format!("{}: {}", bad.line, bad.fault)).collect();
        assert_eq!((found.lines.len(), found.refused), (1, 7), "{told:#?}");
        assert_eq!(
            found.bad_lines.iter().map(|bad| bad.line).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5, 6, 8]
        );
        assert!(matches!(found.bad_lines[3].fault, TrustFault::Outside(_)), "{told:#?}");
        assert!(matches!(found.bad_lines[4].fault, TrustFault::TooLarge(_)), "{told:#?}");
        assert_eq!(found.bad_lines[5].fault, TrustFault::TooLong);
    }

    #[test]
    fn nothing_is_refused() {
        assert!(matches!(read_trust_lines(&b""[..]), Err(ReadError::Refused(Refusal::Empty))));
    }
}

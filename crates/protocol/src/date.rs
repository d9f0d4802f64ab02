//! Points in time: milliseconds since 1970 in UTC, and their one spelling `YYYY-MM-DDTHH:MM:SS.sssZ`.
//!
//! Nothing here reads a clock; whoever needs the time is handed it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use time::{Date, Month, OffsetDateTime, Time};

use crate::text::serde_as_text;

/// A point in time, in whole milliseconds UTC, from the year 0000 to 9999.
///
/// Leap seconds do not exist, as in the clocks of computers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a number or a text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimestampError {
    /// Not written exactly as `YYYY-MM-DDTHH:MM:SS.sssZ`.
    #[error("not a date of the form 2026-11-22T09:30:00.000Z")]
    Form,
    /// Well written, but no such day or time of day, like 30 February.
    #[error("no such day or time of day")]
    NoSuchTime,
    /// Outside the years 0000 to 9999.
    #[error("outside the years 0000 to 9999")]
    OutOfRange,
}

const SHAPE: &[u8; 24] = b"0000-00-00T00:00:00.000Z";

impl Timestamp {
    /// `0000-01-01T00:00:00.000Z`.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// `9999-12-31T23:59:59.999Z`.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The time `ms` milliseconds after 1970-01-01T00:00:00Z (before it, where negative).
    ///
    /// # Errors
    /// [`TimestampError::OutOfRange`] outside the years 0000 to 9999.
    pub const fn from_ms(ms: i64) -> Result<Self, TimestampError> {
        if ms < Self::MIN.0 || ms > Self::MAX.0 {
            return Err(TimestampError::OutOfRange);
        }
        Ok(Self(ms))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The time `ms` milliseconds later (earlier, where negative).
    ///
    /// # Errors
    /// [`TimestampError::OutOfRange`] outside the years 0000 to 9999.
    pub const fn plus_ms(self, ms: i64) -> Result<Self, TimestampError> {
        match self.0.checked_add(ms) {
            Some(sum) => Self::from_ms(sum),
            None => Err(TimestampError::OutOfRange),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        // Never fails: the range of a timestamp lies within that of the calendar.
        let at = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| fmt::Error)?;
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        let month = u8::from(month);
        f.pad(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads exactly `YYYY-MM-DDTHH:MM:SS.sssZ`: no other zone, no fewer or more digits.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let bytes = text.as_bytes();
        let fits = |(byte, shape): (&u8, &u8)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        };
        if bytes.len() != SHAPE.len() || !bytes.iter().zip(SHAPE).all(fits) {
            return Err(TimestampError::Form);
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0'))
        };
        let small = |from: usize| u8::try_from(number(from, from + 2)).unwrap_or(u8::MAX);
        let read = || {
            let month = Month::try_from(small(5))?;
            let date = Date::from_calendar_date(i32::from(number(0, 4)), month, small(8))?;
            let time = Time::from_hms_milli(small(11), small(14), small(17), number(20, 23))?;
            Ok(date.with_time(time).assume_utc())
        };
        let at = read().map_err(|_: time::error::ComponentRange| TimestampError::NoSuchTime)?;
        Self::from_ms(at.unix_timestamp() * 1000 + i64::from(at.millisecond()))
    }
}

serde_as_text!(Timestamp);

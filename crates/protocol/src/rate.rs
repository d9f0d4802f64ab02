//! Rates: integer parts per million, and the exact cost of an amount at a rate.
//!
//! `reward` and `clutch` of the settings are rates (protocol §6).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::units::Units;

/// A price per amount in parts per million, from -100 % to 100 %; in records an integer.
///
/// 1 % is 10 000 ppm. A clutch of 100 % means "never": whoever lets go would be left with nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i32);

/// Why a number or a text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RateError {
    /// Beyond 100 % either way.
    #[error("rate is beyond 100 % (1000000 ppm)")]
    TooLarge,
    /// Neither `2.5%` nor `25000ppm`.
    #[error("not a rate like 2.5% or 25000ppm")]
    NotARate,
    /// Less than one part per million does not exist.
    #[error("finer than one part per million (0.0001 %)")]
    TooFine,
}

/// Parts per million of the whole.
const WHOLE: i32 = 1_000_000;

impl Rate {
    /// 100 %.
    pub const MAX: Self = Self(WHOLE);
    /// -100 %.
    pub const MIN: Self = Self(-WHOLE);
    /// Free of charge.
    pub const ZERO: Self = Self(0);

    /// The rate of `ppm` parts per million.
    ///
    /// # Errors
    /// [`RateError::TooLarge`] beyond [`Rate::MAX`] either way.
    pub const fn new(ppm: i32) -> Result<Self, RateError> {
        if ppm > WHOLE || ppm < -WHOLE {
            return Err(RateError::TooLarge);
        }
        Ok(Self(ppm))
    }

    /// This rate in parts per million.
    pub const fn ppm(self) -> i32 {
        self.0
    }

    /// What `amount` costs at this rate, exact and then rounded once toward +infinity to a
    /// milli-CHIP, so that the one in the middle is never paid less than due (protocol §6).
    ///
    /// The range of both types keeps the result within an amount: no rate is above the whole.
    #[must_use]
    pub const fn cost_up(self, amount: Units) -> Units {
        let (ppm, whole) = (self.0 as i64, WHOLE as i64);
        // Split so that every step fits 64 bits: (q * whole + r) * ppm / whole = q * ppm + r * ppm / whole.
        let (q, r) = (amount.milli() / whole, amount.milli() % whole);
        let part = r * ppm;
        let up = part / whole + if part % whole > 0 { 1 } else { 0 };
        Units::in_range(q * ppm + up)
    }
}

impl fmt::Display for Rate {
    /// In percent, without needless zeros: `2.5 %`, `-0.0001 %`, `100 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let ppm = self.0.unsigned_abs();
        let decimal = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
        let decimal = decimal.trim_end_matches('0').trim_end_matches('.');
        f.pad(&format!("{sign}{decimal} %"))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads percent (`2.5%`, `2.5 %`, at most four places) or parts per million (`25000ppm`).
    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, places) = if let Some(number) = text.strip_suffix('%') {
            (number, 4)
        } else if let Some(number) = text.strip_suffix("ppm") {
            (number, 0)
        } else {
            return Err(RateError::NotARate);
        };
        let number = number.strip_suffix(' ').unwrap_or(number);
        let (negative, digits) = match number.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, number),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(RateError::NotARate),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(RateError::NotARate);
        }
        if fraction.len() > places {
            return Err(RateError::TooFine);
        }
        let digits = format!("{whole}{fraction:0<places$}");
        let digits = digits.trim_start_matches('0');
        let ppm: i32 = match digits.len() {
            0 => 0,
            1..=7 => digits.parse().map_err(|_| RateError::TooLarge)?,
            _ => return Err(RateError::TooLarge),
        };
        Self::new(if negative { -ppm } else { ppm })
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ppm = i64::deserialize(deserializer)?;
        i32::try_from(ppm)
            .map_err(|_| RateError::TooLarge)
            .and_then(Self::new)
            .map_err(serde::de::Error::custom)
    }
}

//! Amounts: exact integer milli-CHIPs.
//!
//! Sums of many amounts are taken in `i128`; see [`Units::milli`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// An exact amount in milli-CHIPs, at most 2^53-1 either way, so that every JSON reader holds it.
///
/// Written for people as a decimal with three places (`12.500`), in records as an integer of
/// milli-CHIPs (`12500`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(i64);

/// Why a number or a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnitsError {
    /// Beyond 2^53-1 milli-CHIPs, the largest that every JSON reader holds exactly.
    #[error("amount is beyond 9007199254740.991")]
    TooLarge,
    /// Not a plain decimal like `12` or `-0.5`.
    #[error("not a plain decimal number")]
    NotANumber,
    /// More than three decimal places: less than a milli-CHIP does not exist.
    #[error("more than three decimal places")]
    TooFine,
}

impl Units {
    /// The largest amount, 2^53-1 milli-CHIPs.
    pub const MAX: Self = Self((1 << 53) - 1);
    /// The most negative amount, -(2^53-1) milli-CHIPs.
    pub const MIN: Self = Self(-((1 << 53) - 1));
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest amount above zero: one milli-CHIP.
    pub const SMALLEST: Self = Self(1);

    /// The amount of `milli` milli-CHIPs.
    ///
    /// # Errors
    /// [`UnitsError::TooLarge`] beyond [`Units::MAX`] either way.
    pub const fn new(milli: i64) -> Result<Self, UnitsError> {
        if milli > Self::MAX.0 || milli < Self::MIN.0 {
            return Err(UnitsError::TooLarge);
        }
        Ok(Self(milli))
    }

    /// An amount that the caller's arithmetic keeps within the range.
    pub(crate) const fn in_range(milli: i64) -> Self {
        debug_assert!(milli <= Self::MAX.0 && milli >= Self::MIN.0);
        Self(milli)
    }

    /// This amount in milli-CHIPs.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`UnitsError::TooLarge`] where it leaves the range.
    pub const fn plus(self, other: Self) -> Result<Self, UnitsError> {
        Self::new(self.0 + other.0)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`UnitsError::TooLarge`] where it leaves the range.
    pub const fn minus(self, other: Self) -> Result<Self, UnitsError> {
        Self::new(self.0 - other.0)
    }

    /// The same amount the other way; the range is symmetric, so this always exists.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let milli = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:03}", milli / 1000, milli % 1000))
    }
}

impl FromStr for Units {
    type Err = UnitsError;

    /// Reads a plain decimal with at most three places: `12`, `-0.5`, `1234.567`.
    fn from_str(text: &str) -> Result<Self, UnitsError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(UnitsError::NotANumber),
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(UnitsError::NotANumber);
        }
        if fraction.len() > 3 {
            return Err(UnitsError::TooFine);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 13 {
            return Err(UnitsError::TooLarge);
        }
        let milli: i64 =
            format!("{whole}{fraction:0<3}").parse().map_err(|_| UnitsError::TooLarge)?;
        Self::new(if negative { -milli } else { milli })
    }
}

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

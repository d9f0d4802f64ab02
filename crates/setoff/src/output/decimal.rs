//! Sums as decimals: beyond the range of one amount, hence in 128 bits.

use std::fmt;

/// Milli-CHIPs as a decimal with three places: `1234.500`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub i128);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let milli = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:03}", milli / 1000, milli % 1000))
    }
}

/// Milli-CHIPs for people: three places, thousands grouped by commas: `1,234.500`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouped(pub i128);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let milli = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:03}", grouped(milli / 1000), milli % 1000))
    }
}

/// A part of a whole in percent with one place, for people: `45.3 %`. Rounded down, so that `100 %`
/// means all of it; a part too small to be seen is `< 0.1 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub i128, pub i128);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(part, whole) = self;
        let thousandths = part.saturating_mul(1000) / whole.max(1);
        f.pad(&match thousandths {
            _ if part <= 0 => "0 %".to_owned(),
            _ if part >= whole => "100 %".to_owned(),
            0 => "< 0.1 %".to_owned(),
            _ => format!("{}.{} %", thousandths / 10, thousandths % 10),
        })
    }
}

/// A count for people: thousands grouped by commas.
pub(crate) fn grouped(count: impl Into<u128>) -> String {
    let digits = count.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_milli() {
        assert_eq!(Decimal(-1).to_string(), "-0.001");
        assert_eq!(Decimal(1_234_500).to_string(), "1234.500");
        assert_eq!(Grouped(999_999).to_string(), "999.999");
        assert_eq!(Grouped(-1_234_567_890).to_string(), "-1,234,567.890");
        assert_eq!(format!("{:>10}", Grouped(0)), "     0.000");
    }

    #[test]
    fn percents_never_round_up_to_all_of_it() {
        let texts = [(0, 0), (1, 3), (9_999_999, 10_000_000), (5, 5), (1, 5_000)];
        let texts = texts.map(|(part, whole)| Percent(part, whole).to_string());
        assert_eq!(texts, ["0 %", "33.3 %", "99.9 %", "100 %", "< 0.1 %"]);
    }
}

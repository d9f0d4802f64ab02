//! Amounts as tables write them: plain decimals, finer than a milli-CHIP if they like.
//!
//! Stricter readers live elsewhere ([`Units`] refuses more than three places).

use protocol::Units;
use thiserror::Error;

use crate::Excerpt;

/// Why a field is no amount of a debt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountFault {
    /// Nothing there.
    #[error("the amount is empty")]
    Empty,
    /// A comma where a decimal point or nothing belongs.
    #[error(
        "the amount {0} has a comma; write it with a decimal point and no thousands separators"
    )]
    Comma(Excerpt),
    /// Scientific notation.
    #[error("the amount {0} has an exponent; write it out as a plain decimal")]
    Exponent(Excerpt),
    /// Anything else that is no plain decimal.
    #[error("the amount {0} is not a plain decimal number like 12 or 12.50")]
    NotANumber(Excerpt),
    /// Below zero.
    #[error("the amount {0} is negative; swap debtor and creditor instead")]
    Negative(Excerpt),
    /// Exactly zero: no debt.
    #[error("the amount is zero")]
    Zero,
    /// Beyond 2^53-1 milli-CHIPs.
    #[error("the amount {0} is beyond 9007199254740.991, the largest there is")]
    TooLarge(Excerpt),
}

/// Reads the amount of a debt: digits, with a point and more digits if need be, like `12` or
/// `12.50`; blanks around it do not count.
///
/// More than three places round toward zero, and the second value is then `true`. A positive
/// amount below a milli-CHIP so becomes zero and is still an amount.
///
/// # Errors
/// [`AmountFault`], with the text where it helps.
pub fn read_amount(field: &[u8]) -> Result<(Units, bool), AmountFault> {
    let text = field.trim_ascii();
    if text.is_empty() {
        return Err(AmountFault::Empty);
    }
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, places) = match memchr::memchr(b'.', digits) {
        Some(point) => (&digits[..point], Some(&digits[point + 1..])),
        None => (digits, None),
    };
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    if !is_number(whole) || !places.is_none_or(is_number) {
        return Err(no_number(text));
    }
    let places = places.unwrap_or_default();
    if whole.iter().chain(places).all(|&digit| digit == b'0') {
        return Err(AmountFault::Zero);
    }
    if negative {
        return Err(AmountFault::Negative(Excerpt::new(text)));
    }
    let kept = (0..3).map(|place| places.get(place).copied().unwrap_or(b'0'));
    let mut milli: i64 = 0;
    for digit in whole.iter().copied().chain(kept) {
        milli = milli
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(i64::from(digit - b'0')))
            .ok_or_else(|| AmountFault::TooLarge(Excerpt::new(text)))?;
    }
    let units = Units::new(milli).map_err(|_| AmountFault::TooLarge(Excerpt::new(text)))?;
    Ok((units, places.len() > 3))
}

/// The most helpful reason why `text` is no plain decimal.
fn no_number(text: &[u8]) -> AmountFault {
    let excerpt = Excerpt::new(text);
    let only = |allowed: &[u8]| text.iter().all(|b| b.is_ascii_digit() || allowed.contains(b));
    let any_digit = text.iter().any(u8::is_ascii_digit);
    if any_digit && text.contains(&b',') && only(b",.-' ") {
        AmountFault::Comma(excerpt)
    } else if text[0].is_ascii_digit() && text.iter().any(|b| b"eE".contains(b)) && only(b"eE+-.") {
        AmountFault::Exponent(excerpt)
    } else {
        AmountFault::NotANumber(excerpt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals_are_exact() {
        for (text, milli) in
            [("12", 12_000), ("12.5", 12_500), (" 0012.500 ", 12_500), ("0.001", 1)]
        {
            assert_eq!(read_amount(text.as_bytes()), Ok((Units::new(milli).unwrap(), false)));
        }
        assert_eq!(read_amount(b"9007199254740.991"), Ok((Units::MAX, false)));
        let zeros = format!("{}1", "0".repeat(100));
        assert_eq!(read_amount(zeros.as_bytes()), Ok((Units::new(1000).unwrap(), false)));
    }

    #[test]
    fn finer_amounts_round_toward_zero_and_say_so() {
        assert_eq!(read_amount(b"1.9999"), Ok((Units::new(1_999).unwrap(), true)));
        assert_eq!(read_amount(b"0.0009"), Ok((Units::ZERO, true)));
        assert_eq!(read_amount(b"9007199254740.9919"), Ok((Units::MAX, true)));
    }

    #[test]
    fn no_amount_is_named_by_its_fault() {
        type Fault = fn(&AmountFault) -> bool;
        let cases: [(&str, Fault); 20] = [
            ("", |f| matches!(f, AmountFault::Empty)),
            (" ", |f| matches!(f, AmountFault::Empty)),
            ("0", |f| matches!(f, AmountFault::Zero)),
            ("-0.00", |f| matches!(f, AmountFault::Zero)),
            ("-3", |f| matches!(f, AmountFault::Negative(_))),
            ("-0.0001", |f| matches!(f, AmountFault::Negative(_))),
            ("12,50", |f| matches!(f, AmountFault::Comma(_))),
            ("1.234,56", |f| matches!(f, AmountFault::Comma(_))),
            ("1,234.56", |f| matches!(f, AmountFault::Comma(_))),
            ("1e3", |f| matches!(f, AmountFault::Exponent(_))),
            ("abc", |f| matches!(f, AmountFault::NotANumber(_))),
            ("+5", |f| matches!(f, AmountFault::NotANumber(_))),
            (".5", |f| matches!(f, AmountFault::NotANumber(_))),
            ("5.", |f| matches!(f, AmountFault::NotANumber(_))),
            ("1.2.3", |f| matches!(f, AmountFault::NotANumber(_))),
            ("NaN", |f| matches!(f, AmountFault::NotANumber(_))),
            ("€5", |f| matches!(f, AmountFault::NotANumber(_))),
            ("٣", |f| matches!(f, AmountFault::NotANumber(_))),
            ("9007199254740.992", |f| matches!(f, AmountFault::TooLarge(_))),
            ("99999999999999999999999999", |f| matches!(f, AmountFault::TooLarge(_))),
        ];
        for (text, expected) in cases {
            let fault = read_amount(text.as_bytes()).unwrap_err();
            assert!(expected(&fault), "{text}: {fault}");
        }
    }
}

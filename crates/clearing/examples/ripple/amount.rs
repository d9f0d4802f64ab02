//! Decimals as public data of a network writes them, in thousandths without floating point.

use std::error::Error;

use protocol::Units;

/// The most digits that an amount in milli has.
const MOST_DIGITS: usize = 16;

/// A decimal in milli, rounded toward zero, with an exponent or not; none where no record holds it.
pub(crate) fn milli(text: &str) -> Result<Option<i64>, Box<dyn Error>> {
    let wrong = || format!("{text} is not a number");
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (text, 0),
    };
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits), |digits| (-1, digits));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let all = [whole, places].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong().into());
    }
    let significant = all.trim_start_matches('0');
    // Where a thousandth ends: what comes after is less than one.
    let kept =
        i64::from(exponent) + 3 + i64::try_from(significant.len())? - i64::try_from(places.len())?;
    if significant.is_empty() || kept <= 0 {
        return Ok(Some(0));
    }
    let kept = usize::try_from(kept)?;
    if kept > MOST_DIGITS {
        return Ok(None);
    }
    let milli: i64 = format!("{significant:0<kept$}")[..kept].parse()?;
    Ok(Units::new(sign * milli).ok().map(Units::milli))
}

//! Amounts and rates: exact, one printed form, refusals with a reason.

use proptest::prelude::*;
use protocol::{Rate, RateError, Units, UnitsError};

const MOST: i64 = (1 << 53) - 1;

proptest! {
    #[test]
    fn amounts_are_read_back_as_printed(milli in -MOST..=MOST) {
        let amount = Units::new(milli).unwrap();
        prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(&json, &milli.to_string());
        prop_assert_eq!(serde_json::from_str::<Units>(&json).unwrap(), amount);
    }

    #[test]
    fn decimals_mean_their_digits(whole in 0_i64..9_007_199_254_740, milli in 0_i64..1000, minus: bool) {
        let sign = if minus { "-" } else { "" };
        let expected = (whole * 1000 + milli) * if minus { -1 } else { 1 };
        let amount: Units = format!("{sign}{whole}.{milli:03}").parse().unwrap();
        prop_assert_eq!(amount.milli(), expected);
    }

    #[test]
    fn sums_never_leave_the_range(a in -MOST..=MOST, b in -MOST..=MOST) {
        let (x, y) = (Units::new(a).unwrap(), Units::new(b).unwrap());
        let expected = |milli: i64| {
            if milli.abs() <= MOST { Ok(milli) } else { Err(UnitsError::TooLarge) }
        };
        prop_assert_eq!(x.plus(y).map(Units::milli), expected(a + b));
        prop_assert_eq!(x.minus(y).map(Units::milli), expected(a - b));
        prop_assert_eq!(x.negated().milli(), -a);
    }

    #[test]
    fn any_text_gives_an_amount_or_a_reason(text in "[-+0-9. eE_]{0,24}|.*") {
        if let Ok(amount) = text.parse::<Units>() {
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }

    #[test]
    fn rates_are_read_back_as_printed(ppm in -1_000_000..=1_000_000) {
        let rate = Rate::new(ppm).unwrap();
        prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        prop_assert_eq!(format!("{ppm}ppm").parse(), Ok(rate));
        prop_assert_eq!(serde_json::to_string(&rate).unwrap(), ppm.to_string());
    }

    #[test]
    fn cost_is_the_smallest_that_is_not_below_what_is_due(
        milli in -MOST..=MOST, ppm in -1_000_000..=1_000_000,
    ) {
        let cost = Rate::new(ppm).unwrap().cost_up(Units::new(milli).unwrap());
        let due_ppm = i128::from(milli) * i128::from(ppm);
        let cost_ppm = i128::from(cost.milli()) * 1_000_000;
        prop_assert!(cost_ppm >= due_ppm);
        prop_assert!(cost_ppm - 1_000_000 < due_ppm);
        prop_assert!(Units::new(cost.milli()).is_ok());
    }

    #[test]
    fn any_text_gives_a_rate_or_a_reason(text in "[-0-9.]{0,12} ?(%|ppm)|.*") {
        if let Ok(rate) = text.parse::<Rate>() {
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}

#[test]
fn what_is_no_amount_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", UnitsError::NotANumber),
        ("-", UnitsError::NotANumber),
        (".5", UnitsError::NotANumber),
        ("5.", UnitsError::NotANumber),
        ("+5", UnitsError::NotANumber),
        ("--5", UnitsError::NotANumber),
        ("1e3", UnitsError::NotANumber),
        ("1,000", UnitsError::NotANumber),
        (" 1", UnitsError::NotANumber),
        ("٣", UnitsError::NotANumber),
        ("1.2345", UnitsError::TooFine),
        ("1.0000", UnitsError::TooFine),
        ("9007199254740.992", UnitsError::TooLarge),
        ("-9007199254740.992", UnitsError::TooLarge),
        ("99999999999999999999999999", UnitsError::TooLarge),
    ] {
        assert_eq!(text.parse::<Units>(), Err(reason), "{text:?}");
    }
    assert_eq!("0000009007199254740.991".parse(), Ok(Units::MAX));
    assert_eq!("-0".parse(), Ok(Units::ZERO));
    assert_eq!(Units::new(MOST + 1), Err(UnitsError::TooLarge));
    assert_eq!(Units::new(i64::MIN), Err(UnitsError::TooLarge));
}

#[test]
fn what_is_no_rate_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", RateError::NotARate),
        ("5", RateError::NotARate),
        ("%", RateError::NotARate),
        ("2.%", RateError::NotARate),
        ("5  %", RateError::NotARate),
        ("0.00001%", RateError::TooFine),
        ("0.5ppm", RateError::TooFine),
        ("100.0001%", RateError::TooLarge),
        ("-1000001ppm", RateError::TooLarge),
        ("99999999999999999999%", RateError::TooLarge),
    ] {
        assert_eq!(text.parse::<Rate>(), Err(reason), "{text:?}");
    }
    assert_eq!(Rate::new(1_000_001), Err(RateError::TooLarge));
    assert!(serde_json::from_str::<Rate>("1000001").is_err());
    assert!(serde_json::from_str::<Rate>("4294967296").is_err());
}

#[test]
fn rates_print_as_people_write_them() {
    for (ppm, text) in [
        (0, "0 %"),
        (1_000_000, "100 %"),
        (25_000, "2.5 %"),
        (-1, "-0.0001 %"),
        (-500_000, "-50 %"),
    ] {
        assert_eq!(Rate::new(ppm).unwrap().to_string(), text);
    }
}

#[test]
fn rounding_favours_whoever_is_paid() {
    let cost = |ppm, milli| Rate::new(ppm).unwrap().cost_up(Units::new(milli).unwrap()).milli();
    assert_eq!(cost(1, 1), 1);
    assert_eq!(cost(-1, 1), 0);
    assert_eq!(cost(500_000, 3), 2);
    assert_eq!(cost(-500_000, 3), -1);
    assert_eq!(cost(1_000_000, MOST), MOST);
    assert_eq!(cost(-1_000_000, MOST), -MOST);
    assert_eq!(cost(0, MOST), 0);
}

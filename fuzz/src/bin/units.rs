//! Amounts and rates: printed and read back; a cost is never below what is due.
#![no_main]

use protocol::{Rate, Units};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let rate = fuzz::printed_is_read_back::<Rate>(data);
    let amount = fuzz::printed_is_read_back::<Units>(data);
    if let Some(amount) = amount {
        assert!(amount >= Units::MIN && amount <= Units::MAX);
        assert_eq!(amount.negated().negated(), amount);
    }
    // One line with both: what the rate makes the amount cost.
    let line = std::str::from_utf8(data).unwrap_or_default();
    let Some((rate, amount)) = line.split_once('\n').and_then(|(rate, amount)| {
        Some((rate.parse::<Rate>().ok()?, amount.parse::<Units>().ok()?))
    }) else {
        assert!(rate.is_none() || amount.is_none(), "no text is both");
        return;
    };
    let due = i128::from(rate.ppm()) * i128::from(amount.milli());
    let cost = i128::from(rate.cost_up(amount).milli()) * 1_000_000;
    assert!(cost >= due && cost - due < 1_000_000);
});

//! Dates: one spelling, the calendar's rules, no clock.

use proptest::prelude::*;
use protocol::{Timestamp, TimestampError};

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.ms()..=Timestamp::MAX.ms()).prop_map(|ms| Timestamp::from_ms(ms).unwrap())
}

proptest! {
    #[test]
    fn dates_are_read_back_as_printed(at in any_timestamp()) {
        let text = at.to_string();
        prop_assert_eq!(text.len(), 24);
        prop_assert_eq!(text.parse(), Ok(at));
        let json = serde_json::to_string(&at).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
    }

    #[test]
    fn the_order_of_texts_is_the_order_of_times(a in any_timestamp(), b in any_timestamp()) {
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn any_text_gives_a_date_or_a_reason(
        text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z|.*",
    ) {
        if let Ok(at) = text.parse::<Timestamp>() {
            prop_assert_eq!(at.to_string(), text);
        }
    }
}

#[test]
fn known_dates() {
    let read = |text: &str| text.parse::<Timestamp>().map(Timestamp::ms);
    assert_eq!(read("1970-01-01T00:00:00.000Z"), Ok(0));
    assert_eq!(read("2026-11-22T09:30:00.001Z"), Ok(1_795_339_800_001));
    assert_eq!(read("2000-02-29T23:59:59.999Z"), Ok(951_868_799_999));
    assert_eq!(read("0000-01-01T00:00:00.000Z"), Ok(Timestamp::MIN.ms()));
    assert_eq!(read("9999-12-31T23:59:59.999Z"), Ok(Timestamp::MAX.ms()));
}

#[test]
fn other_spellings_and_impossible_days_are_refused_with_the_reason() {
    for text in [
        "",
        "2026-11-22",
        "2026-11-22T09:30:00Z",
        "2026-11-22T09:30:00.00Z",
        "2026-11-22T09:30:00.0000Z",
        "2026-11-22 09:30:00.000Z",
        "2026-11-22t09:30:00.000z",
        "2026-11-22T09:30:00.000+",
        "2026-11-22T09:30:00,000Z",
        "+026-11-22T09:30:00.000Z",
        "２026-11-22T09:30:00.0Z",
    ] {
        assert_eq!(text.parse::<Timestamp>(), Err(TimestampError::Form), "{text:?}");
    }
    for text in [
        "2026-02-29T00:00:00.000Z",
        "1900-02-29T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "2026-00-01T00:00:00.000Z",
        "2026-11-00T00:00:00.000Z",
        "2026-11-31T00:00:00.000Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T23:60:00.000Z",
        "2016-12-31T23:59:60.000Z",
    ] {
        assert_eq!(text.parse::<Timestamp>(), Err(TimestampError::NoSuchTime), "{text:?}");
    }
    assert_eq!(Timestamp::MAX.plus_ms(1), Err(TimestampError::OutOfRange));
    assert_eq!(Timestamp::MIN.plus_ms(-1), Err(TimestampError::OutOfRange));
    assert_eq!(Timestamp::MIN.plus_ms(i64::MIN), Err(TimestampError::OutOfRange));
}

//! The strict JSON reader: whatever it takes, a lenient reader reads the same; canonical text is stable.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = protocol::json::parse(data) else { return };
    let lenient: serde_json::Value =
        serde_json::from_slice(data).expect("a lenient reader takes more");
    assert_eq!(value.as_value(), &lenient);
    fuzz::canonical_is_stable(&value);
    let without = value.without(&["sign"]);
    assert_eq!(without.clone().without(&["sign"]), without);
    fuzz::canonical_is_stable(&without);
});

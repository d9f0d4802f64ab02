//! The strict reader: what two readers could differ about is refused, with the place and the reason.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use protocol::json::{MAX_DEPTH, MAX_RECORD_BYTES, parse};
use protocol::{CanonicalText, JsonError, Record as _};
use serde_json::{Value, json};

const EXACT: i64 = (1 << 53) - 1;

fn checked_value() -> impl Strategy<Value = Value> {
    let text = "[^\0]{0,8}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-EXACT..=EXACT).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(text, inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_may_stand_in_a_record_is_read_as_it_is(value in checked_value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let read = parse(text.as_bytes()).unwrap();
        prop_assert_eq!(read.as_value(), &value);
    }

    #[test]
    fn canonical_text_is_read_back_to_itself(value in checked_value()) {
        let first = CanonicalText::of(&parse(value.to_string().as_bytes()).unwrap()).unwrap();
        let again = CanonicalText::of(&parse(first.as_bytes()).unwrap()).unwrap();
        prop_assert_eq!(first, again);
    }

    #[test]
    fn any_bytes_give_a_value_or_a_reason(bytes: Vec<u8>, text in "[\\[\\]{}\",:\\\\u0-9a-f\\-.eE ]{0,64}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            // Whatever is taken, a lenient reader takes as well, and reads the same.
            if let Ok(value) = parse(bytes) {
                prop_assert_eq!(value.as_value(), &serde_json::from_slice::<Value>(bytes).unwrap());
            }
        }
    }
}

fn refused(text: &str) -> JsonError {
    parse(text.as_bytes()).unwrap_err()
}

#[test]
fn only_plain_whole_numbers_in_the_exact_range() {
    let at = |path: &str| JsonError::Number { path: path.to_owned() };
    for text in
        ["9007199254740992", "-9007199254740992", "18446744073709551616", "1.0", "1e3", "-0", "0.5"]
    {
        assert_eq!(refused(text), at("."), "{text}");
        assert_eq!(refused(&format!(r#"{{"a":[0,{{"b":{text}}}]}}"#)), at("a[1].b"), "{text}");
    }
    assert_eq!(parse(b"9007199254740991").unwrap().as_value(), &json!(EXACT));
    assert_eq!(parse(b"-9007199254740991").unwrap().as_value(), &json!(-EXACT));
    for text in ["01", "+1", ".5", "1.", "0x10", "NaN", "Infinity", "1e400"] {
        assert!(matches!(refused(text), JsonError::Syntax { .. }), "{text}");
    }
}

/// The trap that the range guards against: a canonicalizer alone changes such a number silently,
/// and with it what was signed.
#[test]
fn numbers_that_a_canonicalizer_would_round_never_reach_it() {
    let text = r#"{"units":9007199254740993}"#;
    let lenient: Value = serde_json::from_str(text).unwrap();
    let rounded = serde_json_canonicalizer::to_string(&lenient).unwrap();
    assert_eq!(rounded, r#"{"units":9007199254740992}"#);
    assert_eq!(refused(text), JsonError::Number { path: "units".to_owned() });
    assert_eq!(
        protocol::Json::of(&lenient),
        Err(JsonError::Number { path: "units".to_owned() }),
        "nor by way of a typed record"
    );
}

#[test]
fn names_given_twice_are_refused() {
    let twice = |path: &str| JsonError::Repeated { path: path.to_owned() };
    assert_eq!(refused(r#"{"a":1,"a":1}"#), twice("a"));
    assert_eq!(refused(r#"{"x":{"a":1,"b":2,"\u0061":3}}"#), twice("x.a"));
    assert!(parse(br#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
}

#[test]
fn texts_that_not_every_reader_can_hold_are_refused() {
    for text in
        [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\udc00\ud800""#, r#""\ud83dx""#]
    {
        assert!(matches!(refused(text), JsonError::Syntax { .. }), "{text}");
        let name = format!("{{{text}:1}}");
        assert!(matches!(refused(&name), JsonError::Syntax { .. }), "{name}");
    }
    assert_eq!(parse(br#""\ud83d\ude00""#).unwrap().as_value(), "😀");
    assert!(matches!(parse(b"\"\xff\"").unwrap_err(), JsonError::Syntax { .. }));
    assert!(matches!(parse(b"\"\xed\xa0\x80\"").unwrap_err(), JsonError::Syntax { .. }));
    assert_eq!(refused(r#"{"a":"x\u0000"}"#), JsonError::Nul { path: "a".to_owned() });
    assert_eq!(refused(r#"{"a\u0000":1}"#), JsonError::Nul { path: "a\\u0000".to_owned() });
}

#[test]
fn size_and_depth_are_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    let too_deep = refused(&nested(MAX_DEPTH + 1));
    assert_eq!(too_deep, JsonError::TooDeep { path: "[0]".repeat(MAX_DEPTH) });
    assert!(matches!(refused(&"[".repeat(100_000)), JsonError::TooDeep { .. }));
    assert!(matches!(refused(&r#"{"a":"#.repeat(40_000)), JsonError::TooDeep { .. }));

    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(parse(text(MAX_RECORD_BYTES).as_bytes()).is_ok());
    let bytes = MAX_RECORD_BYTES + 1;
    assert_eq!(refused(&text(bytes)), JsonError::TooLarge { bytes });
}

#[test]
fn nothing_may_follow_the_value() {
    for text in
        ["", " ", "{} {}", "1,", "{}x", "\u{feff}{}", "[1,]", "{\"a\":1,}", "'a'", "// a\n1"]
    {
        assert!(matches!(refused(text), JsonError::Syntax { .. }), "{text:?}");
    }
    assert!(parse(b" \r\n\t{} ").is_ok());
}

#[test]
fn reasons_are_fit_to_show() {
    let shown = refused(r#"{"stock":{"terms":{"limit":1.5}}}"#).to_string();
    assert_eq!(shown, "stock.terms.limit: not a plain whole number within ±9007199254740991");
}

#[test]
fn a_reason_stays_short_whatever_was_sent() {
    let long = "x".repeat(100_000);
    for text in [format!(r#"{{"{long}":0.5}}"#), format!(r#"{{"kind":"chit","v":1,"{long}":1}}"#)] {
        let reason = protocol::Chit::read(text.as_bytes()).unwrap_err().to_string();
        assert!(reason.len() < 1_000, "{} bytes", reason.len());
    }
    let jwk = format!(r#"{{"kty":"{long}","crv":"{long}","x":"{}"}}"#, "A".repeat(43));
    let reason = protocol::PublicKey::from_jwk(jwk.as_bytes()).unwrap_err().to_string();
    assert!(reason.len() < 1_000, "{} bytes", reason.len());
}

//! Canonical text: the cases where careless writers differ. Vectors shared with other languages
//! are in `vectors.rs`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::json::parse;
use protocol::{CanonicalText, Hash};
use serde::Serialize;
use serde_json::Value;

fn canonical(text: &str) -> String {
    CanonicalText::of(&parse(text.as_bytes()).unwrap()).unwrap().to_string()
}

#[test]
fn members_are_sorted_by_utf16_units() {
    // U+1F600 is two units beginning with D83D, so it sorts before U+FB33, though it is the larger
    // code point and the larger in UTF-8.
    assert_eq!(
        canonical(r#"{"\ufb33":1,"😀":2,"é":3,"a":4,"":5,"\r":6,"B":7}"#),
        "{\"\":5,\"\\r\":6,\"B\":7,\"a\":4,\"é\":3,\"😀\":2,\"\u{fb33}\":1}"
    );
}

#[test]
fn escapes_are_the_shortest() {
    assert_eq!(
        canonical(
            r#""\u0008\u0009\u000a\u000c\u000d\u0001\u001f\u0022\u005c\u002f\u007f\u2028\u00e9""#
        ),
        "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\\"\\\\/\u{7f}\u{2028}é\""
    );
}

#[test]
fn no_white_space_and_no_normalisation() {
    assert_eq!(
        canonical("{ \"b\" : [ 1 , true , null ] ,\n \"a\" : \"e\u{301}\" }"),
        "{\"a\":\"e\u{301}\",\"b\":[1,true,null]}"
    );
}

#[test]
fn null_members_are_left_out_at_any_depth_and_named_ones_at_the_top_only() {
    let value =
        parse(br#"{"a":null,"b":{"c":null,"sign":1},"d":[null,{"e":null}],"sign":2}"#).unwrap();
    let text = CanonicalText::of(&value.without(&["sign"])).unwrap();
    assert_eq!(text.as_str(), r#"{"b":{"sign":1},"d":[null,{}]}"#);
}

#[test]
fn hash_is_sha256_of_the_bytes() {
    let text = CanonicalText::of(&parse(b"{}").unwrap()).unwrap();
    assert_eq!(text.hash(), Hash::of(b"{}"));
    assert_eq!(text.hash().to_string(), "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o");
}

/// All the shapes that serde knows, with names and numbers of every sort.
#[derive(Clone, Debug, Serialize)]
enum Shape {
    Nothing,
    Value(Value),
    New(Box<Shape>),
    Pair(Option<i64>, Box<Shape>),
    Named { z: Option<u64>, ä: (), sign: char, a: Box<Shape> },
    Map(BTreeMap<String, Option<Shape>>),
    Numbered(BTreeMap<u8, f64>),
    Wide(i128),
    Short((u8, i16, bool)),
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(40, 60, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|members| Value::from(serde_json::Map::from_iter(members))),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,3}",
        Just("sign".to_owned()),
        Just("\u{fb33}".to_owned()),
        Just("😀".to_owned()),
        "\\PC{0,3}",
        "[\\x00-\\x20\"\\\\]{0,2}",
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Nothing),
        value().prop_map(Shape::Value),
        any::<i128>().prop_map(Shape::Wide),
        (any::<u8>(), any::<i16>(), any::<bool>()).prop_map(Shape::Short),
        prop::collection::btree_map(any::<u8>(), any::<f64>(), 0..2).prop_map(Shape::Numbered),
    ];
    leaf.prop_recursive(36, 50, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Shape::New(Box::new(inner))),
            (any::<Option<i64>>(), inner.clone())
                .prop_map(|(number, inner)| Shape::Pair(number, Box::new(inner))),
            (any::<Option<u64>>(), any::<char>(), inner.clone()).prop_map(|(z, sign, inner)| {
                Shape::Named { z, ä: (), sign, a: Box::new(inner) }
            }),
            prop::collection::btree_map(name(), prop::option::of(inner), 0..3).prop_map(Shape::Map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The text, or why there is none.
    #[test]
    fn the_short_way_writes_what_the_long_one_does(
        shape in shape(),
        value in value(),
        without in prop::collection::vec(name(), 0..3),
    ) {
        let without: Vec<&str> = without.iter().map(String::as_str).collect();
        let (short, long) = (
            CanonicalText::written(&shape, &without),
            CanonicalText::written_by_tree(&shape, &without),
        );
        prop_assert_eq!(short, long);
        let (short, long) = (
            CanonicalText::written(&value, &without),
            CanonicalText::written_by_tree(&value, &without),
        );
        prop_assert_eq!(short, long);
    }
}

#[test]
fn too_deep_and_too_large_are_refused_on_both_ways() {
    for depth in [31, 32, 33] {
        let deep = (0..depth).fold(Value::Null, |inner, _| Value::from(vec![inner]));
        let (short, long) =
            (CanonicalText::written(&deep, &[]), CanonicalText::written_by_tree(&deep, &[]));
        assert_eq!(short, long);
        assert_eq!(short.is_ok(), depth <= 32, "{depth}");
    }
    let large = "x".repeat(protocol::json::MAX_RECORD_BYTES);
    let short = CanonicalText::written(&large, &[]);
    assert_eq!(short, CanonicalText::written_by_tree(&large, &[]));
    assert!(short.is_err());
}

//! Canonical text: the cases where careless writers differ. Vectors shared with other languages
//! are in `vectors.rs`.

use protocol::json::parse;
use protocol::{CanonicalText, Hash};

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

//! What holds for every kind of record: read is what was written, signatures are outside of the
//! hash, and any bytes give a record or a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use protocol::errand::{Ask, Compose, Composed};
use protocol::invoice::Invoice;
use protocol::ledger::Ack;
use protocol::lift::{
    Authorisation, Certificate, Conditional, Judged, Late, Leg, Promise, Refused,
};
use protocol::note::Note;
use protocol::participant::Word;
use protocol::proof::{Contradiction, Twice};
use protocol::query::{Advert, Answer, Query};
use protocol::record::Record;
use protocol::referee::{Lie, Ruling, Telling};
use protocol::request::Request;
use protocol::{Cert, Chit, Contract, Freed, Lift, Moved, Tally};
use serde_json::{Value, json};

use crate::errand::{any_ask, any_compose, any_composed, any_expect, any_expected, any_meet};
use crate::letters::{any_ack, any_freed, any_invoice, any_moved, any_note};
use crate::lift_records::{any_conditional, any_judged, any_late, any_promise, any_refused};
use crate::people::{
    any_authorisation, any_cert, any_certificate, any_chit, any_contract, any_contradiction,
    any_leg, any_lift, any_tally, any_twice,
};
use crate::query::{any_advert, any_answer, any_query};

fn comes_back<R: Record + PartialEq + std::fmt::Debug>(record: &R) -> TestCaseResult {
    let text = record.to_text().unwrap();
    let by_tree = |without| protocol::CanonicalText::written_by_tree(record, without).unwrap();
    prop_assert_eq!(&text, &by_tree(&[]), "the short way and the long one");
    prop_assert_eq!(record.canonical().unwrap(), by_tree(R::OUTSIDE));
    let read = R::read(text.as_bytes()).map_err(|e| TestCaseError::fail(format!("{e}: {text}")))?;
    prop_assert_eq!(&read, record);
    prop_assert_eq!(read.hash().unwrap(), record.hash().unwrap());

    // The hash is that of the text without the members outside, and says which kind it is of.
    let mut value: Value = serde_json::from_str(text.as_str()).unwrap();
    for member in R::OUTSIDE {
        value.as_object_mut().unwrap().remove(*member);
    }
    prop_assert_eq!(value["kind"].as_str(), Some(R::KIND));
    let bare = protocol::Json::of(&value).unwrap();
    prop_assert_eq!(protocol::CanonicalText::of(&bare).unwrap().hash(), record.hash().unwrap());
    Ok(())
}

/// Every reader on the same bytes; whatever one accepts, it must accept again as it wrote it.
fn total(bytes: &[u8]) -> TestCaseResult {
    fn one<R: Record + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> TestCaseResult {
        let read = R::read(bytes);
        let by_tree = protocol::json::parse(bytes).and_then(|value| R::from_json(&value));
        prop_assert_eq!(&read, &by_tree, "the short way and the long one");
        match read {
            Ok(record) => comes_back(&record),
            Err(reason) => {
                prop_assert!(!reason.to_string().is_empty());
                Ok(())
            }
        }
    }
    one::<Chit>(bytes)?;
    one::<Cert>(bytes)?;
    one::<Tally>(bytes)?;
    one::<Contract>(bytes)?;
    one::<Leg>(bytes)?;
    one::<Lift>(bytes)?;
    one::<Certificate>(bytes)?;
    one::<Conditional>(bytes)?;
    one::<Judged>(bytes)?;
    one::<Promise>(bytes)?;
    one::<Refused>(bytes)?;
    one::<Late>(bytes)?;
    one::<Word>(bytes)?;
    one::<Ruling>(bytes)?;
    one::<Telling>(bytes)?;
    one::<Lie>(bytes)?;
    one::<Contradiction>(bytes)?;
    one::<Twice>(bytes)?;
    one::<Authorisation>(bytes)?;
    one::<Query>(bytes)?;
    one::<Answer>(bytes)?;
    one::<Advert>(bytes)?;
    one::<Ask>(bytes)?;
    one::<Compose>(bytes)?;
    one::<Composed>(bytes)?;
    one::<Ack>(bytes)?;
    one::<Invoice>(bytes)?;
    one::<Note>(bytes)?;
    one::<Moved>(bytes)?;
    one::<Freed>(bytes)?;
    one::<Request>(bytes)
}

/// A value that may stand where another was expected.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("stock")),
        Just(json!("\u{202e}evil")),
        Just(json!(1.5)),
        Just(json!(u64::MAX)),
        any::<i64>().prop_map(|number| json!(number)),
        (-3i64..3).prop_map(|number| json!(number)),
        Just(json!("x".repeat(40_000))),
        Just(json!(vec![json!({}); 1_000])),
    ]
}

/// Every place inside a value, as a JSON pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, v)| pointers(v, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

fn spoilt<R: Record>(record: impl Strategy<Value = R>) -> impl Strategy<Value = Vec<u8>> {
    (record, any::<prop::sample::Index>(), odd(), option_of_name()).prop_map(
        |(record, place, odd, extra)| {
            let mut value = record.to_json().unwrap().as_value().clone();
            let mut places = Vec::new();
            pointers(&value, "", &mut places);
            let place: &String = place.get(&places);
            let target = value.pointer_mut(place).unwrap();
            match (target, extra) {
                (Value::Object(members), Some(name)) => {
                    members.insert(name, odd);
                }
                (target, _) => *target = odd,
            }
            serde_json::to_vec(&value).unwrap()
        },
    )
}

fn option_of_name() -> impl Strategy<Value = Option<String>> {
    prop::option::of("(units|lift|sign|counter|owe|source|rid|limit|[a-z]{1,3})")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_chit_comes_back_as_written(chit in any_chit()) {
        comes_back(&chit)?;
    }

    #[test]
    fn a_word_about_an_agent_comes_back_as_written(moved in any_moved()) {
        comes_back(&moved)?;
    }

    #[test]
    fn a_word_that_a_leg_is_free_comes_back_as_written(freed in any_freed()) {
        comes_back(&freed)?;
    }

    #[test]
    fn a_cert_comes_back_as_written(cert in any_cert()) {
        comes_back(&cert)?;
    }

    #[test]
    fn a_tally_comes_back_as_written(tally in any_tally()) {
        comes_back(&tally)?;
    }

    #[test]
    fn a_contract_comes_back_as_written(contract in any_contract()) {
        comes_back(&contract)?;
    }

    #[test]
    fn a_leg_comes_back_as_written(leg in any_leg()) {
        comes_back(&leg)?;
    }

    #[test]
    fn a_lift_comes_back_as_written(lift in any_lift()) {
        comes_back(&lift)?;
    }

    #[test]
    fn a_certificate_comes_back_as_written(certificate in any_certificate()) {
        comes_back(&certificate)?;
    }

    #[test]
    fn a_contradiction_comes_back_as_written(both in any_contradiction()) {
        comes_back(&both)?;
    }

    #[test]
    fn what_a_site_said_twice_comes_back_as_written(twice in any_twice()) {
        comes_back(&twice)?;
    }

    #[test]
    fn what_is_said_of_a_lift_comes_back_as_written(
        conditional in any_conditional(), judged in any_judged(), promise in any_promise(),
        refused in any_refused(), late in any_late(),
    ) {
        comes_back(&conditional)?;
        comes_back(&judged)?;
        comes_back(&promise)?;
        comes_back(&refused)?;
        comes_back(&late)?;
    }

    #[test]
    fn queries_answers_and_offers_come_back_as_written(
        query in any_query(), answer in any_answer(), offer in any_advert(),
    ) {
        comes_back(&query)?;
        comes_back(&answer)?;
        comes_back(&offer)?;
    }

    #[test]
    fn questions_and_what_is_laid_out_come_back_as_written(
        ask in any_ask(), compose in any_compose(), composed in any_composed(), meet in any_meet(),
        expect in any_expect(), expected in any_expected(),
    ) {
        comes_back(&ask)?;
        comes_back(&compose)?;
        comes_back(&composed)?;
        comes_back(&meet)?;
        comes_back(&expect)?;
        comes_back(&expected)?;
    }

    #[test]
    fn an_authorisation_comes_back_as_written(authorisation in any_authorisation()) {
        comes_back(&authorisation)?;
    }

    #[test]
    fn an_acknowledgement_comes_back_as_written(ack in any_ack()) {
        comes_back(&ack)?;
    }

    #[test]
    fn an_invoice_comes_back_as_written(invoice in any_invoice()) {
        comes_back(&invoice)?;
    }

    #[test]
    fn a_note_comes_back_as_written(note in any_note()) {
        comes_back(&note)?;
    }

    #[test]
    fn any_bytes_give_a_record_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_chit_gives_a_record_or_a_reason(bytes in spoilt(any_chit())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_cert_gives_a_record_or_a_reason(bytes in spoilt(any_cert())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_tally_gives_a_record_or_a_reason(bytes in spoilt(any_tally())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_contract_gives_a_record_or_a_reason(bytes in spoilt(any_contract())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_lift_gives_a_record_or_a_reason(bytes in spoilt(any_lift())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_certificate_gives_a_record_or_a_reason(bytes in spoilt(any_certificate())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_contradiction_gives_a_record_or_a_reason(bytes in spoilt(any_contradiction())) {
        total(&bytes)?;
    }

    #[test]
    fn what_is_said_of_a_lift_and_spoilt_gives_a_record_or_a_reason(
        conditional in spoilt(any_conditional()), judged in spoilt(any_judged()),
        promise in spoilt(any_promise()), refused in spoilt(any_refused()), late in spoilt(any_late()),
    ) {
        for bytes in [conditional, judged, promise, refused, late] {
            total(&bytes)?;
        }
    }

    #[test]
    fn a_spoilt_query_answer_or_offer_gives_a_record_or_a_reason(
        query in spoilt(any_query()), answer in spoilt(any_answer()), offer in spoilt(any_advert()),
    ) {
        total(&query)?;
        total(&answer)?;
        total(&offer)?;
    }

    #[test]
    fn a_spoilt_question_or_what_is_laid_out_gives_a_record_or_a_reason(
        ask in spoilt(any_ask()), compose in spoilt(any_compose()),
        composed in spoilt(any_composed()),
    ) {
        total(&ask)?;
        total(&compose)?;
        total(&composed)?;
    }

    #[test]
    fn a_spoilt_authorisation_gives_a_record_or_a_reason(bytes in spoilt(any_authorisation())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_acknowledgement_gives_a_record_or_a_reason(bytes in spoilt(any_ack())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_invoice_gives_a_record_or_a_reason(bytes in spoilt(any_invoice())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_word_that_a_leg_is_free_gives_a_record_or_a_reason(bytes in spoilt(any_freed())) {
        total(&bytes)?;
    }

    #[test]
    fn a_spoilt_note_gives_a_record_or_a_reason(bytes in spoilt(any_note())) {
        total(&bytes)?;
    }
}

/// `record!(Chit, "chit", 1)`: every kind that stands so in a file, folders included.
fn kinds(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kinds(&path, found);
        } else {
            let text = fs::read_to_string(path).unwrap();
            let calls = text.lines().filter_map(|line| line.strip_prefix("record!("));
            found.extend(calls.filter_map(|call| call.split('"').nth(1)).map(str::to_owned));
        }
    }
}

#[test]
fn every_kind_of_record_has_a_fuzz_target_of_its_name() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    kinds(&here.join("src"), &mut found);
    assert!(found.contains("chit") && found.len() >= 12, "{found:?}");
    let lacks = |kind: &&String| !here.join(format!("../../fuzz/src/bin/{kind}.rs")).is_file();
    let without: Vec<_> = found.iter().filter(lacks).collect();
    assert!(
        without.is_empty(),
        "write fuzz/src/bin/KIND.rs, and a seed in examples/seeds: {without:?}"
    );
}

//! Contracts: known by their hash, made of sections and of other contracts, read as one document.

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::contract::{Contract, Document, DocumentError};
use protocol::record::Record;
use protocol::tally::Agree;
use protocol::{ContractId, SignatureFault, Verified};
use serde_json::{Value, json};

use crate::people::any_contract;

#[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
fn read(sections: Value) -> Result<Contract, String> {
    let value = json!({
        "kind": "contract", "v": 1, "host": "mychips.org", "name": "neighbours", "version": 1,
        "language": "en", "top": true, "published": "2026-11-22T00:00:00.000Z",
        "title": "Between neighbours", "tag": "all", "text": "We trust each other; see [#pay].",
        "sections": sections,
    });
    Contract::read(value.to_string().as_bytes()).map_err(|reason| reason.to_string())
}

fn sealed(sections: Value) -> Verified<Contract> {
    read(sections).unwrap().seal().unwrap()
}

/// One section with the tag that the text of `read` refers to.
#[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
fn pay(content: Value) -> Value {
    let mut section = json!({"title": "Paying", "tag": "pay"});
    section.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    section
}

type Library = BTreeMap<ContractId, Verified<Contract>>;

fn library(contracts: impl IntoIterator<Item = Verified<Contract>>) -> Library {
    contracts.into_iter().map(|contract| (contract.rid.unwrap(), contract)).collect()
}

fn document(top: &Verified<Contract>, library: &Library) -> Result<Document, DocumentError> {
    Document::of(top.clone(), |rid| library.get(&rid).cloned())
}

#[test]
fn the_rid_is_the_hash_of_the_rest() {
    let contract = sealed(json!([pay(json!({"text": "Monthly."}))]));
    let mut changed = contract.clone().into_inner();
    assert_eq!(contract.rid, Some(changed.hash().unwrap().into()));
    changed.title = "Between strangers".parse().unwrap();
    let wrong = Err(SignatureFault::Hash { member: "rid" });
    assert_eq!(Verified::check(changed.clone(), &()), wrong);
    changed.rid = None;
    assert_eq!(Verified::check(changed, &()), wrong);
    let agree = Agree::to(&contract).unwrap();
    assert_eq!(Some(agree.rid), contract.rid);
    let part = Contract { top: false, ..contract.into_inner() }.seal().unwrap();
    assert_eq!(Agree::to(&part), None, "a part is no agreement");
}

#[test]
fn people_read_one_text_with_numbers() {
    let damages =
        sealed(json!([pay(json!({"text": "Who is late pays; [#all] does not say how much."})),]));
    let rid = damages.rid.unwrap().to_string();
    let top = sealed(json!([
        {"title": "Trust", "text": "As in [#pay], [#all], [this] and [#."},
        pay(json!({"sections": [{"text": "Monthly."}, {"title": "Late", "source": rid}]})),
        {"source": rid},
    ]));
    let printed = document(&top, &library([damages])).unwrap().to_string();
    let expected = format!(
        "Between neighbours\n\n\
         mychips.org/neighbours, version 1, language en, published 2026-11-22T00:00:00.000Z\n\
         rid {}\n\n\
         We trust each other; see section 2.\n\n\
         1  Trust\n\nAs in section 2, this contract, [this] and [#.\n\n\
         2  Paying\n\n\
         2.1\n\nMonthly.\n\n\
         2.2  Late\n\nWe trust each other; see section 2.2.1.\n\n\
         2.2.1  Paying\n\nWho is late pays; section 2.2 does not say how much.\n\n\
         3  Between neighbours\n\nWe trust each other; see section 3.1.\n\n\
         3.1  Paying\n\nWho is late pays; section 3 does not say how much.\n",
        top.rid.unwrap()
    );
    assert_eq!(printed, expected);
}

#[test]
fn what_is_missing_is_named_with_its_place() {
    let gone = sealed(json!([pay(json!({"text": "Yearly."}))]));
    let rid = gone.rid.unwrap();
    let includes = json!({"sections": [{"source": rid.to_string()}]});
    let top = sealed(json!([{"title": "One"}, pay(includes)]));
    let place = "2.1".to_owned();
    assert_eq!(
        document(&top, &Library::new()),
        Err(DocumentError::Missing { place: place.clone(), rid })
    );
    let wrong = BTreeMap::from([(rid, top.clone())]);
    assert_eq!(document(&top, &wrong), Err(DocumentError::Another { place, rid }));
}

/// A chain of `length` contracts, each including the one before `copies` times.
fn chain(length: usize, copies: usize) -> (Verified<Contract>, Library) {
    let mut top = sealed(json!([pay(json!({"text": "x".repeat(1_000)}))]));
    let mut all = library([top.clone()]);
    for _ in 1..length {
        let include = json!({"source": top.rid.unwrap().to_string()});
        let mut sections = vec![include; copies];
        sections.push(pay(json!({})));
        top = sealed(json!(sections));
        all.insert(top.rid.unwrap(), top.clone());
    }
    (top, all)
}

#[test]
fn includes_are_bounded_in_depth_number_and_size() {
    let (top, all) = chain(9, 1);
    assert!(document(&top, &all).is_ok());
    let (top, all) = chain(10, 1);
    assert!(matches!(document(&top, &all), Err(DocumentError::TooDeep { .. })));
    // A hundred small contracts would be a document of 10^16 clauses.
    let (top, all) = chain(9, 99);
    assert!(matches!(document(&top, &all), Err(DocumentError::TooMany { .. })));
    let long = sealed(json!([pay(json!({"text": "x".repeat(30_000)}))]));
    let include = json!({"source": long.rid.unwrap().to_string()});
    let mut sections = vec![include; 40];
    sections.push(pay(json!({})));
    let result = document(&sealed(json!(sections)), &library([long]));
    assert_eq!(result, Err(DocumentError::TooLarge { place: "35.1".into() }));
}

#[test]
fn refusals_name_the_section() {
    let refused = |sections: Value, reason: &str| {
        let found = read(sections).unwrap_err();
        assert!(found.contains(reason), "{found}");
    };
    let pay = || pay(json!({}));
    refused(json!([]), "section 0: the text refers to [#pay], but no section has that tag");
    refused(json!([pay(), {"title": "A", "sections": [pay()]}]), "section 2.1: the tag");
    refused(json!([pay(), {"tag": "all", "title": "A"}]), "is used twice in this contract");
    refused(json!([pay(), {"text": "see [#no]"}]), "section 2: the text refers to [#no]");
    refused(
        json!([pay(), {}]),
        "sections[1]: a section needs a title, a text, sections or a source",
    );
    let rid = "A".repeat(43);
    refused(
        json!([pay(), {"source": rid, "text": "more"}]),
        "sections[1]: a section with a source has no text and no sections of its own",
    );
    let deep = (0..6).fold(json!({"title": "x"}), |inner, _| json!({"sections": [inner]}));
    refused(json!([pay(), deep]), "section 2.1.1.1.1.1.1: sections nest at most 6 deep");
    let hundred = json!({"title": "x", "sections": vec![json!({"title": "y"}); 100]});
    refused(json!(vec![hundred; 5]), "section 5.96: a contract has at most 500 sections");
    refused(json!(vec![pay(); 101]), "101 items, at most 100 are allowed");
}

proptest! {
    #[test]
    fn sealing_names_any_contract_and_any_change_unnames_it(contract in any_contract()) {
        let sealed = contract.seal().unwrap();
        let mut changed = sealed.clone().into_inner();
        changed.top = !changed.top;
        prop_assert!(Verified::check(changed, &()).is_err());
        let read = Contract::read(sealed.to_text().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(Verified::check(read, &()).unwrap(), sealed);
    }

    #[test]
    fn a_document_has_each_section_once_and_in_order(contract in any_contract()) {
        let leaf = sealed(json!([pay(json!({"text": "x"}))]));
        let result = Document::of(contract.seal().unwrap(), |_| Some(leaf.clone()));
        match result {
            Ok(document) => {
                let number = |text: &str| -> Vec<u32> {
                    text.split('.').map(|part| part.parse().unwrap()).collect()
                };
                let numbers: Vec<_> =
                    document.clauses.iter().map(|clause| number(&clause.number)).collect();
                prop_assert!(numbers.is_sorted_by(|a, b| a < b));
            }
            // The look-up knows one contract only, and gives it for every other too.
            Err(reason) => prop_assert!(matches!(reason, DocumentError::Another { .. }), "{reason}"),
        }
    }
}

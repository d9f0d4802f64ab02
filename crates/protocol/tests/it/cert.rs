//! Certs: signed by their own key, and telling a partner as much as the user chooses.

use std::collections::BTreeSet;

use proptest::prelude::*;
use protocol::cert::{Cert, Disclosure, DisclosureError};
use protocol::record::Record;
use protocol::{SignError, SignatureFault, Verified};
use serde_json::{Value, json};

use crate::people::{any_cert, bobs_key, suzie, suzies_key};

/// Suzie's cert with all that she could tell.
fn full() -> Cert {
    let mut value = suzie().to_json().unwrap().as_value().clone();
    value["name"] = json!(["Suzie's Cheese", "Susanna Mayr"]);
    value["connect"] = json!([
        {"media": "email", "address": "suzie@cheese.example"},
        {"media": "phone", "address": "+43 1 234567"},
    ]);
    value["place"] =
        json!([{"type": "work", "address": "Market 3", "city": "Wien", "country": "AT"}]);
    value["identity"] = json!({
        "state": {"country": "AT", "media": "company", "id": "FN 123456 a"},
        "birth": {"date": "1972-02-29"},
    });
    let cert = Cert::read(value.to_string().as_bytes()).unwrap();
    cert.signed(&suzies_key()).unwrap()
}

#[test]
fn signed_by_the_key_in_it_and_no_other() {
    let cert = full();
    assert!(Verified::check(cert.clone(), &()).is_ok());
    assert!(matches!(cert.clone().signed(&bobs_key()), Err(SignError::Refused { .. })));
    let mut other = cert.clone();
    other.date = other.date.plus_ms(1).unwrap();
    let by = "the cert's user";
    assert_eq!(Verified::check(other, &()), Err(SignatureFault::Wrong { by }));
    let unsigned = Cert { sign: None, ..cert };
    assert_eq!(Verified::check(unsigned, &()), Err(SignatureFault::Missing { by }));
}

#[test]
fn a_user_tells_what_it_chooses_and_signs_that() {
    let chosen = Disclosure {
        name: BTreeSet::from([1]),
        connect: BTreeSet::from([0]),
        birth: true,
        ..Disclosure::default()
    };
    let told = full().disclose(&chosen).unwrap();
    assert_eq!(told.sign, None, "the old signature is over more than is told");
    let told = told.signed(&suzies_key()).unwrap();
    let text = told.to_text().unwrap().to_string();
    for shown in ["Susanna Mayr", "suzie@cheese.example", "1972-02-29"] {
        assert!(text.contains(shown), "{text}");
    }
    for hidden in ["Suzie's Cheese", "+43 1", "Market", "FN 123456"] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert!(told.same_user(&full()));
    assert!(Verified::check(told, &()).is_ok());
}

#[test]
fn what_is_not_there_cannot_be_told() {
    let place = BTreeSet::from([0, 1]);
    let chosen = Disclosure { place, ..Disclosure::least() };
    assert_eq!(
        full().disclose(&chosen),
        Err(DisclosureError::NoSuchItem { member: "place", index: 1 })
    );
    assert_eq!(full().disclose(&Disclosure::default()), Err(DisclosureError::NoName));
}

#[test]
fn refusals_name_the_member() {
    let refused = |change: fn(&mut Value), reason: &str| {
        let mut value = full().to_json().unwrap().as_value().clone();
        change(&mut value);
        let found = Cert::read(value.to_string().as_bytes()).unwrap_err().to_string();
        assert!(found.contains(reason), "{found}");
    };
    refused(|c| c["name"] = json!([]), "name: a cert needs at least one name");
    refused(|c| c["name"] = json!(vec!["x"; 9]), "name: 9 items, at most 8 are allowed");
    refused(|c| c["type"] = json!("p"), "type: unknown variant `p`");
    refused(
        |c| c["place"][0]["country"] = json!("at"),
        "country: a country is two capital letters",
    );
    refused(
        |c| c["identity"]["birth"]["date"] = json!("1973-02-29"),
        "identity.birth.date: not a day like",
    );
    refused(|c| c["identity"] = json!({}), "is not in its one spelling");
    refused(|c| c["public"]["d"] = json!("AA"), "public.d: unknown field");
    refused(|c| c["connect"][1]["media"] = json!("E-Mail"), "connect[1].media: not a word");
}

proptest! {
    #[test]
    fn everything_tells_all_and_the_least_tells_a_name(cert in any_cert()) {
        let told = cert.disclose(&Disclosure::everything(&cert)).unwrap();
        prop_assert_eq!(&told, &Cert { sign: None, ..cert.clone() });
        let least = cert.disclose(&Disclosure::least()).unwrap();
        prop_assert_eq!(&*least.name, &cert.name[..1]);
        prop_assert!(least.connect.is_empty() && least.place.is_empty() && least.identity.is_empty());
        prop_assert!(least.same_user(&cert));
    }
}

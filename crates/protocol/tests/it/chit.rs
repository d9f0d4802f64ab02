//! Chits: their bytes, what each type may hold, what it does to each half, whose key makes it good.

use proptest::prelude::*;
use protocol::chit::{Chit, Entry, Lost, Owe, Set, Wait, Written};
use protocol::ledger::Head;
use protocol::record::Record;
use protocol::settings::Settings;
use protocol::{AgentId, Hash, LiftId, SecretKey, Side, SignatureFault, Signer, Units, Verified};
use serde_json::{Value, json};

use crate::given::{rate, units};
use crate::people::{any_chit, bobs_key, chit, positive, suzies_key, tally};

fn payment() -> Entry {
    let written = Written { memo: Some("two\nwheels".parse().unwrap()), ..Written::default() };
    Entry::Tran { units: positive(12_500), written }
}

fn set(owe: Option<Units>) -> Entry {
    let settings = Settings::new(units(5), units(9), rate(100), rate(-100)).unwrap();
    let owe = owe.map(|owe| Owe::try_from(owe).unwrap());
    let set = Set { settings, counter: 1.try_into().unwrap(), owe, close: false };
    Entry::Set { set, written: Written::default() }
}

fn leg() -> Entry {
    Entry::Lift { units: positive(700), lift: LiftId::from_bytes([8; 32]) }
}

#[test]
fn the_bytes_that_are_signed() {
    let head = r#""tally":"03030303-0303-4303-8303-030303030303","type":"#;
    let text = |entry| chit(Side::Foil, entry).canonical().unwrap().to_string();
    assert_eq!(
        text(payment()),
        r#"{"by":"foil","date":"2026-11-22T10:00:00.000Z","kind":"chit","memo":"two\nwheels","#
            .to_owned()
            + head
            + r#""tran","units":12500,"uuid":"05050505-0505-4505-8505-050505050505","v":1}"#
    );
    assert_eq!(
        text(set(Some(units(7)))),
        r#"{"by":"foil","counter":1,"date":"2026-11-22T10:00:00.000Z","kind":"chit","owe":7,"#
            .to_owned()
            + r#""settings":{"bound":9,"clutch":-100,"reward":100,"target":5},"#
            + head
            + r#""set","uuid":"05050505-0505-4505-8505-050505050505","v":1}"#
    );
    assert_eq!(
        text(leg()),
        r#"{"by":"foil","date":"2026-11-22T10:00:00.000Z","kind":"chit","#.to_owned()
            + r#""lift":"CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg","#
            + head
            + r#""lift","units":700,"uuid":"05050505-0505-4505-8505-050505050505","v":1}"#
    );
}

/// Reads `entry` as a chit after `change` to its JSON.
fn changed(entry: Entry, change: impl FnOnce(&mut Value)) -> Result<Chit, String> {
    let mut value = chit(Side::Stock, entry).to_json().unwrap().as_value().clone();
    change(&mut value);
    Chit::read(&serde_json::to_vec(&value).unwrap()).map_err(|reason| reason.to_string())
}

#[test]
fn each_type_has_its_members_and_no_others() {
    let refused = |entry: Entry, member: &str, value: Value, reason: &str| {
        let found = changed(entry, |chit| chit[member] = value).unwrap_err();
        assert!(found.contains(reason), "{found}");
    };
    let signature = json!("A".repeat(86));
    let hash = json!("A".repeat(43));
    refused(payment(), "units", json!(null), "a tran chit needs the member \"units\"");
    refused(payment(), "units", json!(0), "units must be more than 0, not 0.000");
    refused(payment(), "units", json!(-5), "units must be more than 0, not -0.005");
    refused(payment(), "counter", json!(1), "a tran chit has no member \"counter\"");
    refused(payment(), "owe", json!(1), "a tran chit has no member \"owe\"");
    refused(payment(), "lift", hash, "a tran chit has no member \"lift\"");
    refused(payment(), "type", json!("gift"), "unknown variant `gift`");
    refused(payment(), "by", json!("Foil"), "unknown variant `Foil`");
    refused(payment(), "tip", json!(1), "unknown field `tip`");
    refused(payment(), "memo", json!(""), "text is empty; leave it out instead");
    refused(payment(), "memo", json!("a\u{202e}b"), "would not be seen as it is");
    refused(payment(), "ref", json!("a\nb"), "would not be seen as it is");
    for unseen in [
        "\u{ad}",
        "\u{34f}",
        "\u{17b4}",
        "\u{180b}",
        "\u{180f}",
        "\u{200b}",
        "\u{2060}",
        "\u{2800}",
        "\u{3164}",
        "\u{fe00}",
        "\u{fe0d}",
        "\u{feff}",
        "\u{1bca0}",
        "\u{1d173}",
        "\u{e0041}",
        "\u{e0080}",
        "\u{e0fff}",
    ] {
        let text = json!(format!("a{unseen}b"));
        refused(payment(), "ref", text, "would not be seen as it is");
    }
    for around in [" a", "a ", "a\u{3000}"] {
        refused(payment(), "ref", json!(around), "begins or ends with white space");
    }
    for blank in [" ", "\u{a0}", "\u{3000}"] {
        refused(payment(), "ref", json!(blank), "text is empty; leave it out instead");
    }
    refused(payment(), "memo", json!("x".repeat(1_001)), "text of 1001 bytes is longer than 1000");
    refused(set(None), "units", json!(1), "a set chit has no member \"units\"");
    refused(set(None), "counter", json!(0), "expected a nonzero u32");
    refused(set(None), "counter", json!(null), "a set chit needs the member \"counter\"");
    refused(set(None), "settings", json!(null), "a set chit needs the member \"settings\"");
    refused(set(None), "owe", json!(-1), "owe must be 0 or more, not -0.001");
    refused(set(None), "close", json!(false), "close is either true or left out");
    refused(payment(), "close", json!(true), "a tran chit has no member \"close\"");
    refused(leg(), "lift", json!(null), "a lift chit needs the member \"lift\"");
    refused(leg(), "sign", signature, "a lift chit has no member \"sign\"");
    refused(leg(), "memo", json!("hi"), "a lift chit has no member \"memo\"");
}

/// The bytes of chits about keys are in `vectors/rekey.json`.
#[test]
fn chits_about_keys_have_their_members_and_no_others() {
    let key = SecretKey::ed25519(&[5; 32]);
    let head = Head { index: 3, hash: Hash::from_bytes([8; 32]) };
    let written = Written::default;
    let lost = Lost {
        counter: 1.try_into().unwrap(),
        head,
        public: key.public_key(),
        wait: Wait::default(),
    };
    let lost = || Entry::Lost { lost: Box::new(lost), written: written() };
    let request = Hash::from_bytes([9; 32]);
    let claim = || Entry::Claim { request, witness: None, written: written() };
    let refused = |entry: Entry, member: &str, value: Value, reason: &str| {
        let found = changed(entry, |chit| chit[member] = value).unwrap_err();
        assert!(found.contains(reason), "{found}");
    };
    let hash = json!("A".repeat(43));
    for days in [0, 2, 366, 70_000] {
        let found = changed(lost(), |chit| chit["wait_days"] = json!(days)).unwrap_err();
        assert!(found.contains("from 3 to 365 days") || found.contains("u16"), "{found}");
    }
    refused(lost(), "wait_days", json!(null), "a lost chit needs the member \"wait_days\"");
    refused(lost(), "key", hash.clone(), "a lost chit has no member \"key\"");
    refused(lost(), "proof", json!("A".repeat(86)), "a lost chit has no member \"proof\"");
    refused(lost(), "units", json!(1), "a lost chit has no member \"units\"");
    let end = || Entry::End { head, written: written() };
    refused(end(), "head", json!(null), "an end chit needs the member \"head\"");
    refused(end(), "counter", json!(1), "an end chit has no member \"counter\"");
    refused(end(), "witness", json!("A".repeat(86)), "an end chit has no member \"witness\"");
    let consent = || Entry::Consent { request, written: written() };
    refused(consent(), "request", json!(null), "a consent chit needs the member \"request\"");
    let object = Entry::Object { request, written: written() };
    refused(object, "public", json!(key.public_key()), "an object chit has no member \"public\"");
    refused(claim(), "request", json!(null), "a claim chit needs the member \"request\"");
    refused(payment(), "request", hash, "a tran chit has no member \"request\"");

    // Each moves nothing, and one is never good as another: the type is in the text that is signed.
    let keys = tally().keys();
    for entry in [lost(), end(), consent(), claim()] {
        assert_eq!(chit(Side::Foil, entry).effect_on(Side::Stock), Units::ZERO);
    }
    let consents = chit(Side::Foil, consent()).signed(&bobs_key()).unwrap();
    let Entry::Consent { written, .. } = consents.entry.clone() else { panic!("{consents:?}") };
    assert!(Verified::check(consents.clone(), &keys).is_ok());
    let objects = Chit { entry: Entry::Object { request, written }, ..consents };
    assert_eq!(Verified::check(objects, &keys), Err(SignatureFault::Wrong { by: "foil" }));
    // A request is signed with the key that it asks for, and no other.
    assert!(chit(Side::Foil, lost()).signed(&bobs_key()).is_err());
    let asks = chit(Side::Foil, lost()).signed(&key).unwrap();
    assert!(Verified::check(asks, &keys).is_ok());
    // A claim needs the user's site too.
    let agent = SecretKey::ed25519(&[7; 32]);
    let id = AgentId::of(&agent.public_key()).unwrap();
    let claims = chit(Side::Foil, claim()).signed(&key).unwrap();
    let by = "the user's site";
    let check = |chit: &Chit| chit.check_claim(&key.public_key(), &id);
    assert_eq!(check(&claims), Err(SignatureFault::Missing { by }));
    let own = claims.clone().witnessed(&key).unwrap();
    assert_eq!(check(&own), Err(SignatureFault::Wrong { by }));
    let good = claims.witnessed(&agent).unwrap();
    assert_eq!(check(&good), Ok(()));
    assert_eq!(Verified::check(good, &keys), Err(SignatureFault::Wrong { by: "foil" }));
}

#[test]
fn settings_that_cost_their_holder_or_contradict_themselves_are_refused() {
    let refused = |member: &str, value: i64, reason: &str| {
        let found = changed(set(None), |chit| chit["settings"][member] = json!(value)).unwrap_err();
        assert!(found.contains(reason), "{found}");
    };
    refused("clutch", -101, "sum to less than 0");
    refused("bound", 4, "bound 0.004 is below target 0.005");
    refused("target", -1, "target -0.001 is negative");
    refused("bound", -1, "bound -0.001 is negative");
    refused("reward", 1_000_001, "rate is beyond 100 %");
}

#[test]
fn the_one_who_gives_owes_more_and_the_other_is_owed_more() {
    for entry in [payment(), leg()] {
        let by_foil = chit(Side::Foil, entry.clone());
        let moved = by_foil.effect_on(Side::Stock);
        assert!(moved > Units::ZERO, "what the client pledges raises the vendor's balance");
        assert_eq!(by_foil.effect_on(Side::Foil), moved.negated());
        let by_stock = chit(Side::Stock, entry);
        assert_eq!(by_stock.effect_on(Side::Stock), moved.negated());
        assert_eq!(by_stock.effect_on(Side::Foil), moved);
    }
    assert_eq!(chit(Side::Foil, set(None)).effect_on(Side::Stock), Units::ZERO);
}

#[test]
fn only_the_key_of_the_side_that_gives_makes_it_good() {
    let keys = tally().keys();
    for entry in [payment(), set(None)] {
        let unsigned = chit(Side::Foil, entry.clone());
        assert_eq!(
            Verified::check(unsigned.clone(), &keys),
            Err(SignatureFault::Missing { by: "foil" })
        );
        let good = unsigned.clone().signed(&bobs_key()).unwrap();
        assert!(Verified::check(good.clone(), &keys).is_ok());
        let by_partner = unsigned.signed(&suzies_key()).unwrap();
        let wrong = |by| Err(SignatureFault::Wrong { by });
        assert_eq!(Verified::check(by_partner, &keys), wrong("foil"));
        // Turned round, the giver's signature does not bind the other side.
        assert_eq!(Verified::check(Chit { by: Side::Stock, ..good }, &keys), wrong("stock"));
    }
}

#[test]
fn no_user_can_sign_a_lift_and_no_users_key_makes_it_good() {
    let leg = chit(Side::Foil, leg());
    assert!(leg.clone().signed(&bobs_key()).is_err());
    assert_eq!(
        Verified::check(leg, &tally().keys()),
        Err(SignatureFault::Missing { by: "the lift's referees" })
    );
}

proptest! {
    #[test]
    fn both_halves_of_a_tally_always_sum_to_zero(chit in any_chit()) {
        let sum = chit.effect_on(Side::Stock).plus(chit.effect_on(Side::Foil)).unwrap();
        prop_assert_eq!(sum, Units::ZERO);
    }
}

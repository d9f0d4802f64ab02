//! Terms and settings: what is granted, what is wished, and what is in force.

use proptest::prelude::*;
use protocol::settings::{InForce, Settings, SettingsError};
use protocol::terms::Terms;
use protocol::{Json, Rate, Units};
use serde_json::json;

use crate::given::{rate, units};
use crate::people::any_terms;

#[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
fn read(value: serde_json::Value) -> Result<Terms, String> {
    Json::of(&value).unwrap().read().map_err(|reason| reason.to_string())
}

#[test]
fn a_limit_for_the_protocol_and_named_terms_for_people() {
    let terms = read(json!({"limit": 100_000, "due_days": 30, "interest": "none"})).unwrap();
    assert_eq!(terms.limit(), units(100_000));
    assert_eq!(terms.others().len(), 2);
    let refused = |value, reason: &str| {
        let found = read(value).unwrap_err();
        assert!(found.contains(reason), "{found}");
    };
    refused(json!({"due_days": 30}), "terms lack their limit; 0 grants nothing");
    refused(json!({"limit": -1}), "the limit must be an amount in milli-CHIPs, 0 or more");
    refused(json!({"limit": "all"}), "the limit must be an amount in milli-CHIPs, 0 or more");
    refused(json!({"limit": 1, "Due": 1}), "not a word");
    refused(json!({"limit": 1, "due": true}), "a term is a whole number or a text of one line");
    refused(json!({"limit": 1, "due": "a\nb"}), "a term is a whole number or a text of one line");
    let many: serde_json::Map<_, _> = (0..33).map(|i| (format!("t{i}"), json!(i))).collect();
    let mut many = serde_json::Value::Object(many);
    many["limit"] = json!(1);
    refused(many, "33 named terms, at most 32 are allowed");
}

#[test]
fn whoever_wants_to_hold_more_lets_more_in() {
    let free = Rate::ZERO;
    let settings = Settings::new(units(9_000), units(5_000), free, free).unwrap();
    assert_eq!(settings.bound(), units(9_000));
    // In a record the numbers are what was signed: nothing is raised behind the signature.
    let (bound, target) = (units(5_000), units(9_000));
    assert_eq!(
        Settings::as_signed(target, bound, free, free),
        Err(SettingsError::BoundBelowTarget { bound, target })
    );
}

#[test]
fn before_any_set_the_signed_tally_says_it_all() {
    let in_force = InForce::at_opening(units(100_000), units(20_000));
    assert_eq!(in_force.settings(), &Settings::default_for(units(100_000)));
    assert_eq!(in_force.settings().target(), Units::ZERO);
    assert_eq!(in_force.settings().bound(), units(100_000));
    assert_eq!(in_force.owe(), units(20_000));
}

proptest! {
    #[test]
    fn terms_come_back_as_written(terms in any_terms()) {
        prop_assert_eq!(&Json::of(&terms).unwrap().read::<Terms>().unwrap(), &terms);
    }

    #[test]
    fn settings_never_let_a_round_cost_their_holder(
        numbers in (-10i64..10, -10i64..10, -10i32..10, -10i32..10),
    ) {
        let (target, bound, reward, clutch) = numbers;
        let made = Settings::new(units(target), units(bound), rate(reward), rate(clutch));
        prop_assert_eq!(made.is_ok(), target >= 0 && bound >= 0 && reward + clutch >= 0);
        if let Ok(settings) = made {
            prop_assert_eq!(settings.bound(), units(bound.max(target)));
            let text = Json::of(&settings).unwrap();
            prop_assert_eq!(text.read::<Settings>().unwrap(), settings);
        }
    }

    #[test]
    fn a_set_raises_what_is_owed_and_never_lowers_it(
        limit in 0i64..100, owe in proptest::option::of(0i64..100),
    ) {
        let settings = Settings::default_for(Units::ZERO);
        let in_force = InForce::after_set(units(limit), settings, owe.map(units));
        prop_assert_eq!(in_force.owe(), units(owe.unwrap_or(0).max(limit)));
    }
}

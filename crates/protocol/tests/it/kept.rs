//! What a store keeps of a half: read and written the same, and counts that nothing could count on from
//! are refused.

use proptest::prelude::*;
use protocol::ledger::{Head, Input, Ledger};
use protocol::{Hash, Side};
use serde_json::{Value, json};

use crate::ledger::world::signed_tally;

fn half(side: Side) -> Value {
    serde_json::to_value(Ledger::open(&signed_tally(), side).unwrap()).unwrap()
}

fn read(value: &Value) -> Result<Ledger, String> {
    // As a store does: numbers of any size pass its reader.
    serde_json::from_str(&value.to_string()).map_err(|error| error.to_string())
}

#[test]
fn a_count_that_could_overflow_is_refused() {
    for (pointer, count) in [
        ("/head/index", json!(u64::MAX)),
        ("/head/index", json!(1_u64 << 53)),
        ("/agreed", json!(u64::MAX)),
        ("/conflicts", json!(u64::MAX)),
        ("/balance_milli", json!(i128::MAX.to_string())),
        ("/balance_milli", json!(i128::MIN.to_string())),
    ] {
        let mut value = half(Side::Foil);
        *value.pointer_mut(pointer).unwrap() = count;
        let reason = read(&value).unwrap_err();
        assert!(reason.contains("beyond that of any chain"), "{pointer}: {reason}");
    }
    for (member, count) in [("last_key", u64::MAX), ("signed", u64::MAX)] {
        let mut value = half(Side::Foil);
        let place = if member == "signed" { &mut value["keys"]["stock"] } else { &mut value };
        place[member] = json!(count);
        assert!(read(&value).is_err(), "{member}");
    }
    let head = json!({ "index": u64::MAX, "hash": Hash::of(b"") });
    assert!(serde_json::from_value::<Head>(head).is_err(), "wherever a head stands");
}

proptest! {
    /// Whatever is read can be asked and counted on from: nothing overflows, and it is written the same.
    #[test]
    fn whatever_is_read_can_be_stepped_on_from(
        stock: bool,
        index in prop_oneof![0u64..4, any::<u64>()],
        agreed in prop_oneof![0u64..4, any::<u64>()],
        conflicts in prop_oneof![0u64..4, any::<u64>()],
        balance in prop_oneof![-4i128..4, any::<i128>()],
    ) {
        let mut value = half(if stock { Side::Stock } else { Side::Foil });
        value["head"]["index"] = json!(index);
        value["agreed"] = json!(agreed);
        value["conflicts"] = json!(conflicts);
        value["balance_milli"] = json!(balance.to_string());
        let Ok(ledger) = read(&value) else { return Ok(()) };
        prop_assert_eq!(serde_json::to_value(&ledger).unwrap(), value);
        let _ = (ledger.status(), ledger.consent(), ledger.head().then(ledger.tally(), Hash::of(b"")));
        for input in [Input::Remind, Input::Compare, Input::Recover(Vec::new())] {
            if let Ok(step) = ledger.step(input, &Vec::new()) {
                let text = serde_json::to_string(&step.ledger).unwrap();
                prop_assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), step.ledger);
            }
        }
    }
}

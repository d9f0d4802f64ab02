//! What is asked of a site and answered by one: read and written.
#![no_main]

use std::fmt::Debug;

use protocol::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use site::{Answer, Command, Found, Query};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = protocol::json::parse(data) else { return };
    same::<Command>(&value);
    same::<Query>(&value);
    same::<Answer>(&value);
    same::<Found>(&value);
});

fn same<T: DeserializeOwned + Serialize + PartialEq + Debug>(value: &Json) {
    let Ok(read) = value.read::<T>() else { return };
    let text = serde_json::to_vec(&read).expect("what was read can be written");
    let again = protocol::json::parse(&text).and_then(|value| value.read::<T>());
    assert_eq!(again.as_ref(), Ok(&read));
}

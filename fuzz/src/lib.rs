//! What every fuzz target asserts beyond "no panic": what was read prints as something that is read
//! as the same again, and what is hashed and signed does not depend on the way there.

pub mod agents;
pub mod balancing;
pub mod networks;
pub mod payments;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use protocol::{CanonicalText, Json, Record};

/// A text that is read as `T` prints as a text that is read as an equal `T`. Returns what was read.
pub fn printed_is_read_back<T>(data: &[u8]) -> Option<T>
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Debug,
{
    let read: T = std::str::from_utf8(data).ok()?.parse().ok()?;
    let printed = read.to_string();
    assert_eq!(printed.parse::<T>().expect("what is printed is read"), read);
    Some(read)
}

/// As [`printed_is_read_back`], for types with one spelling: what was read is what is printed.
pub fn one_spelling<T>(data: &[u8])
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Debug,
{
    if let Some(read) = printed_is_read_back::<T>(data) {
        assert_eq!(read.to_string().as_bytes(), data);
    }
}

/// A checked value has a canonical text that is read as the same value and is its own canonical text.
pub fn canonical_is_stable(value: &Json) {
    // Never longer than what was read: no white space, and the shortest escapes.
    let text = CanonicalText::of(value).expect("what was read has a canonical text");
    let again = protocol::json::parse(text.as_bytes()).expect("canonical text is read");
    assert_eq!(&again, value);
    assert_eq!(CanonicalText::of(&again).expect("as before"), text);
}

/// A record that is read is written as a text that is read as an equal record with the same hash,
/// whichever of the two texts it came from. The short way to read and the long one agree.
pub fn record_is_stable<T: Record + PartialEq + Debug>(data: &[u8]) {
    let read = T::read(data);
    assert_eq!(read, protocol::json::parse(data).and_then(|value| T::from_json(&value)));
    let Ok(record) = read else { return };
    let text = record.to_text().expect("what was read can be written");
    let again = T::read(text.as_bytes()).expect("what was written is read");
    assert_eq!(again, record);
    let canonical = record.canonical().expect("what was read can be signed");
    assert_eq!(again.canonical().expect("as before"), canonical);
    // The hash is of the bytes received, not of our idea of them.
    let received = protocol::json::parse(data).expect("read before").without(T::OUTSIDE);
    assert_eq!(CanonicalText::of(&received).expect("as before"), canonical);
}

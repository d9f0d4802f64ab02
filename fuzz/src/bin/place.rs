//! Where agents say that they answer, as libp2p writes it and as links do: what is read is believed of whoever
//! is met there, and printed as it was.
#![no_main]

use protocol::address::Endpoint;
use wire::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(place) = fuzzing::place(data) {
        assert_eq!(place.to_string().parse(), Ok(place));
    }
    fuzz::one_spelling::<Endpoint>(data);
});

//! Lifts, certificates, authorisations: read and written; checking never panics.
#![no_main]

use protocol::lift::{Authorisation, Certificate, Leg};
use protocol::{Lift, Record};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Lift>(data);
    fuzz::record_is_stable::<Leg>(data);
    fuzz::record_is_stable::<Certificate>(data);
    fuzz::record_is_stable::<Authorisation>(data);
    if let Ok(lift) = Lift::read(data) {
        let _ = lift.check();
    }
});

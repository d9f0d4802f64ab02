//! Lifts: read and written; checking never panics.
#![no_main]

use protocol::{Lift, Record};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Lift>(data);
    if let Ok(lift) = Lift::read(data) {
        let _ = lift.check();
    }
});

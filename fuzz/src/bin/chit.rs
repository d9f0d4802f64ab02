//! Chits: read and written; what one half gains the other loses.
#![no_main]

use protocol::{Chit, Record, Side};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Chit>(data);
    if let Ok(chit) = Chit::read(data) {
        let (stock, foil) = (chit.effect_on(Side::Stock), chit.effect_on(Side::Foil));
        assert_eq!(stock, foil.negated());
    }
});

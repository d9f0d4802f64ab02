//! Tallies: read, written, and their signatures checked.
#![no_main]

use protocol::tally::SignedBy;
use protocol::{Record, Side, Tally, Units, Verified};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Tally>(data);
    let Ok(tally) = Tally::read(data) else { return };
    for side in Side::BOTH {
        assert!(tally.party(side).terms.limit() >= Units::ZERO);
    }
    let whole = Verified::check(tally.clone(), &()).is_ok();
    let both = matches!(SignedBy::check(tally), Ok(SignedBy::Both(_)));
    assert_eq!(whole, both, "two ways to ask the same");
});

//! Certs: read, written, and disclosed in part.
#![no_main]

use protocol::{Cert, Record, Signed};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Cert>(data);
    if let Ok(cert) = Cert::read(data) {
        assert!(cert.same_user(&cert));
        // Checking never panics; whether it is good depends on the input.
        let _ = cert.check_signatures(&());
    }
});

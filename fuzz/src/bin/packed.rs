//! Packed tables: any bytes give a table, or a reason that is the data's own.
#![no_main]

use std::io::{ErrorKind, Read, copy, sink};

use setoff::{Damaged, ReadOptions, read_table, unpacked};

/// As much as is unpacked here of what never ends.
const MOST_BYTES: u64 = 1 << 22;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let plain = unpacked(data).expect("memory never fails");
    if let Err(error) = copy(&mut plain.take(MOST_BYTES), &mut sink()) {
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(error.get_ref().is_some_and(|inner| inner.is::<Damaged>()), "{error}");
    }
    let plain = unpacked(data).expect("as before");
    let _ = read_table(plain.take(MOST_BYTES), &ReadOptions::default());
});

//! Errands between agents: read and written, each as the record that it is.
#![no_main]

use protocol::errand::Errand;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(errand) = Errand::read(data) else { return };
    let text = errand.to_text().expect("what was read can be written");
    assert_eq!(Errand::read(text.as_bytes()).as_ref(), Ok(&errand));
});

//! Contracts: read, written, sealed, and laid out as a document.
#![no_main]

use protocol::contract::{Document, DocumentError, MAX_CLAUSES, MAX_INCLUDES};
use protocol::{Contract, Record, Verified};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Contract>(data);
    let Ok(contract) = Contract::read(data) else { return };
    let Ok(sealed) = contract.seal() else { return };
    // Whatever is included: this very contract, as if it were another, so that includes never end.
    let other = sealed.clone();
    let document = Document::of(sealed.clone(), |rid| {
        let mut included = other.clone().into_inner();
        included.rid = Some(rid);
        Verified::check(included, &()).ok()
    });
    match document {
        Ok(document) => assert!(document.clauses.len() <= MAX_CLAUSES),
        // No contract can have the hash that it names itself.
        Err(DocumentError::Missing { .. }) => {}
        Err(other) => panic!("{other} (at most {MAX_INCLUDES} includes)"),
    }
});

//! Notes between the halves of a tally, every message of every machine in them: read and written;
//! whatever is read has its length checked before its signatures are.
#![no_main]

use protocol::Record;
use protocol::note::{Body, Note};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::record_is_stable::<Note>(data);
    match Note::read(data).map(|note| note.body) {
        Ok(Body::Negotiation(message)) => drop(message.check()),
        Ok(Body::Ledger(message)) => drop(message.check_length()),
        _ => {}
    }
});

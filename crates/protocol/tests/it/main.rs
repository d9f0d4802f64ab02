//! What users of the crate rely on, one module for each subject.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod address;
mod agreement;
mod any_record;
mod canonical;
mod cert;
mod chance;
mod chit;
mod contract;
mod date;
mod export;
mod given;
mod half;
mod ids;
mod invoice;
mod json;
mod kept;
mod keys;
mod lading;
mod ledger;
mod letters;
mod lift;
mod lift_fees;
mod link;
mod mail;
mod money_pump;
mod negotiation;
mod people;
mod request;
mod sealed;
mod some;
mod tally;
mod terms;
mod units;
mod vectors;

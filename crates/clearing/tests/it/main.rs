//! What can be cleared, tested from outside: against slow oracles, proofs and known answers.
#![allow(missing_docs, clippy::panic)]

mod certificate;
mod circles;
mod instances;
mod optimum;
mod oracle;
mod path;
mod pay;
mod shapes;

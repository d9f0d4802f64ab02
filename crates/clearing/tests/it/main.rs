//! What can be cleared, tested from outside: against slow oracles, proofs and known answers.
#![allow(missing_docs, clippy::panic)]

mod balance;
mod bounded;
mod certificate;
mod circles;
mod even;
mod files;
mod instances;
mod kept;
mod optimum;
mod oracle;
mod path;
mod pay;
mod seek;
mod shapes;
mod tries;

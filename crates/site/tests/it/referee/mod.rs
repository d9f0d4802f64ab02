//! Sites as referees: alone and four together they decide a lift once, whatever is lost, doubled or late between them,
//! and whoever dies, lies or went back. `court.rs` is their world, `decides.rs` what they decide, `faults.rs` what goes
//! wrong meanwhile, `limits.rs` what they do not judge, `proofs.rs` whose lies they keep,
//! `accepted.rs` whom a site accepts.

mod accepted;
mod court;
mod decides;
mod faults;
mod limits;
mod proofs;

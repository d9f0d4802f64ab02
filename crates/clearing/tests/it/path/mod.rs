//! The cheapest path for a payment: against a slow oracle, known answers, every refusal.

mod bounds;
mod changes;
mod cheapest;
pub(crate) mod given;
pub(crate) mod oracle;
mod stories;

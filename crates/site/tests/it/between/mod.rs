//! Lifts between sites: payments to users of other sites, over partners' sites, decided by referees.

mod attacked;
mod fates;
mod paid;
mod run;

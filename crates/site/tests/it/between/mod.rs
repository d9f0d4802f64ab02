//! Lifts between sites: payments to users of other sites, over partners' sites, decided by referees.

mod around;
mod attacked;
mod brought;
mod ends;
mod fates;
mod freed;
mod hinted;
mod interlocked;
mod lied;
mod made_up;
mod paid;
mod parts;
mod phases;
mod repeated;
mod run;
mod stolen;
mod told_again;
mod twice;

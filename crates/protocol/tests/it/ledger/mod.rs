//! Two halves of one tally, whatever the network and the machines do to them.

mod convergence;
mod every_order;
mod liar;
mod life;
mod refusals;
mod revision;
mod world;

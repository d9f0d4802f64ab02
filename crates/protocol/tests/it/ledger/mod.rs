//! Two halves of one tally, whatever the network and the machines do to them.

mod convergence;
mod devices;
mod every_order;
mod liar;
mod life;
mod lifted;
mod refusals;
mod rekey;
mod rekey_convergence;
mod restored;
mod revision;
mod world;

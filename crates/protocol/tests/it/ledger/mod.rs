//! Two halves of one tally, whatever the network and the machines do to them.

mod aside;
mod chaos;
mod convergence;
mod devices;
mod every_key;
mod every_order;
mod freed;
pub(crate) mod keyed;
mod liar;
mod life;
mod lifted;
mod lost;
mod moved;
mod refusals;
mod rekey;
mod rekey_convergence;
mod restored;
mod revision;
pub(crate) mod world;

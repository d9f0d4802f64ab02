//! Several sites look for ways together: real sites with tallies between them, and a road that carries what they say.

mod found;
pub(crate) mod land;
mod law;
mod refused;
pub(crate) mod road;

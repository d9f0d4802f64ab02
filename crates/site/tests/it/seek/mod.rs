//! Several sites look for ways together: real sites with tallies between them, and a road that carries what they say.

mod found;
mod land;
mod law;
mod refused;
mod road;

//! Sites that find ways without a map: what they find can be carried and costs what it costs; what there is, they
//! find; nobody is told what is not its business; and floods drown in themselves.

mod advertised;
mod carried;
mod found;
mod gates;
mod round;
mod rules;
mod stories;
mod world;

//! One tally negotiated by two halves: every cell of the table, every order of a small world.

pub(crate) mod cast;
mod cells;
mod every_cell;
mod every_order;
mod explorer;
mod stories;

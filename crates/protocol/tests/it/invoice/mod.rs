//! Invoices at both halves: every cell of the table, every order of a small world.

mod cast;
mod every_cell;
mod every_order;
mod stories;

//! Toys.

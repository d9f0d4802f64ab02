//! What the crate promises.

mod scenes;
mod toys;

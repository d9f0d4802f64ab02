//! Backups: folders that say of themselves whether they are whole. `manifest.rs` is what one says,
//! `making.rs` how a folder appears whole or not at all.

mod making;
mod manifest;

pub(crate) use making::{Making, copy_file, only_for_owner};
pub(crate) use manifest::{FORMAT, File, MANIFEST, MAX_MANIFEST_BYTES, Manifest};

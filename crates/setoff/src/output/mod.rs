//! What comes out: decimals, CSV tables, one JSON object, a report to hand out, and their folder.

mod csv;
pub(crate) mod decimal;
pub(crate) mod folder;
pub(crate) mod html;
pub(crate) mod json;

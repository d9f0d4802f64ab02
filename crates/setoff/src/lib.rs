//! The set-off tool's own part: tables of debts in, results and reports out.
//!
//! A table of who owes whom is read ([`open`], [`read_table`]), cleared as far as any set-off can
//! ([`clear`]), and told: figures ([`Summary`]), one JSON object ([`json`]), files ([`Folder`]).
//! Trust lines are read beside ([`read_trust_lines`]), for the import.
//! The search itself lives in the crate `clearing`; the terminal belongs to `mychips`.

mod amount;
mod clear;
mod excerpt;
mod output;
mod source;
mod summary;
mod table;
mod trust;

pub use amount::{AmountFault, read_amount};
pub use clearing::MAX_TOLD_MEMBERS;

pub use clear::{Choice, ClearError, Outcome, Stage, clear, clear_as};
pub use excerpt::Excerpt;
pub use output::decimal::{Decimal, Grouped, Percent};
pub use output::folder::{FILES, Folder, FolderError, discard_partial, files};
pub use output::html::report;
pub use output::json::{Timing, json};
pub use source::{Damaged, Input, open, unpacked};
pub use summary::{Position, Summary};
pub use table::{
    BadRow, MAX_LISTED, MAX_NAME_BYTES, MAX_PARTICIPANTS, MAX_ROW_BYTES, MAX_ROWS, Names,
    ReadError, ReadOptions, Refusal, RowFault, Separator, SeparatorError, Table, read_table,
};
pub use trust::{BadLine, MAX_TRUST_LINES, TrustFault, TrustLine, TrustLines, read_trust_lines};

//! `LinkRow`: one good chit in a half's chain.

use protocol::{ChitId, Hash, Side, Timestamp, Units};

use super::HalfId;

/// A link of a half's chain, with its chit. Unique by half and index, and by half and chit hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// The half whose chain it is.
    pub half: HalfId,
    /// Its place, from 1.
    pub index: u64,
    /// The link's own hash, over the link before, the index and the chit's hash.
    pub link: Hash,
    /// The chit's hash.
    pub chit: Hash,
    /// The chit's name. Two links of one name are a conflict of two good chits.
    pub uuid: ChitId,
    /// Whose chit it is.
    pub by: Side,
    /// What it is, one word: `tran`, `set`, `lift`.
    pub kind: String,
    /// What it adds to this half's balance.
    pub effect: Units,
    /// The chit's date.
    pub date: Timestamp,
    /// The chit: canonical JSON with its signatures.
    pub text: String,
}

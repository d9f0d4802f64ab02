//! `Half`: one user's side of one tally. Its chain is in `link.rs`.

use protocol::{Cuid, Hash, Side, TallyId, Timestamp, Units};

use super::number_type;

number_type! {
    /// Which half, at this site; given out by the store, never given out twice.
    HalfId
}

/// A half that the store has not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHalf {
    /// Whose half it is.
    pub holder: Cuid,
    /// The tally; both halves may be at this site, with different holders.
    pub tally: TallyId,
    /// Which side the holder is on.
    pub side: Side,
    /// All that changes often.
    pub row: HalfRow,
    /// What was negotiated ([`Negotiation::text`]).
    pub negotiation: String,
}

/// A half as kept. Unique by holder and tally: nobody has a tally with itself, and a stranger who
/// takes the id of a tally that is here already gets in nobody's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// Its number at this site.
    pub id: HalfId,
    /// Counts the changes: [`crate::Tx::put_halves`] refuses a half read before the last one.
    pub version: u64,
    /// How many invoices it has ([`crate::InvoiceRow`]); counted by the store.
    pub invoices: u64,
    /// Whose half it is.
    pub holder: Cuid,
    /// The tally.
    pub tally: TallyId,
    /// Which side the holder is on.
    pub side: Side,
    /// All that changes often.
    pub row: HalfRow,
}

/// What is negotiated about a half: whole records, which a chit never touches. So they are kept
/// apart, written and read by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiation {
    /// The half.
    pub half: HalfId,
    /// The negotiation's own state, opaque here.
    pub text: String,
}

/// What a chit changes of a half: the ledger, and what can be searched and summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfRow {
    /// The partner's short address (`cuid:agent`); none while nobody answered.
    pub partner: Option<String>,
    /// Where the tally stands, one word: `draft`, `open`, …
    pub status: String,
    /// The ledger's own state, opaque here; none before the tally is signed.
    pub ledger: Option<String>,
    /// What the partner owes the holder, in milli-CHIPs; negative where the holder owes.
    ///
    /// Sums are in 128 bits. A column holds 64: that is a thousand chits of the largest amount all
    /// one way, and no ledger takes more; [`crate::Tx::put_halves`] refuses it ([`crate::StoreError::Unfit`]).
    pub balance: i128,
    /// The most that the partner may owe the holder.
    pub partner_may_owe: Units,
    /// The most that the holder may owe the partner.
    pub holder_may_owe: Units,
    /// The index of the last link; 0 where there is none.
    pub head_index: u64,
    /// The hash of the last link, or the genesis; none before the tally is signed.
    pub head_hash: Option<Hash>,
    /// When it changed last.
    pub changed: Timestamp,
    /// What it waits for, where it was restored from a backup.
    pub restored: Restored,
}

/// What a half waits for that was restored from a backup; nothing, of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The question that the partner's half has not answered.
    pub asks: Option<Hash>,
    /// Whether the holder's device has not been heard.
    pub unheard: bool,
}

/// Which halves are meant; all members that are given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HalfFilter {
    /// Only this user's.
    pub holder: Option<Cuid>,
    /// Only those in this status.
    pub status: Option<String>,
    /// Only those with this partner (short address).
    pub partner: Option<String>,
}

/// What follows from a half's links, to compare with what is kept in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derived {
    /// How many links there are.
    pub links: u64,
    /// The index of the last; 0 where there is none.
    pub last: u64,
    /// The sum of their effects, in milli-CHIPs.
    pub balance: i128,
}

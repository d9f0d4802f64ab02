//! A half as it is kept: its state, and what of it can be searched and summed.

use protocol::half::HalfTally;
use protocol::ledger::{Change, Ledger, Link};
use protocol::record::Record;
use protocol::{Timestamp, Units};
use store::{Half, HalfId, HalfRow, LinkRow};

use crate::error::SiteError;

/// A half as rows keep it.
pub(crate) trait Kept: Sized {
    /// The state that a row holds.
    fn of(half: &Half) -> Result<Self, SiteError>;
    /// The ledger of an open tally.
    fn open(&self) -> Result<&Ledger, SiteError>;
    /// The row to keep.
    fn row(&self, changed: Timestamp) -> Result<HalfRow, SiteError>;
}

impl Kept for HalfTally {
    fn of(half: &Half) -> Result<Self, SiteError> {
        serde_json::from_str(&half.row.state)
            .map_err(|error| SiteError::State { tally: half.tally, reason: error.to_string() })
    }

    fn open(&self) -> Result<&Ledger, SiteError> {
        self.ledger.as_ref().ok_or_else(|| SiteError::NotOpen {
            tally: self.negotiation.tally(),
            status: self.status().to_owned(),
        })
    }

    fn row(&self, changed: Timestamp) -> Result<HalfRow, SiteError> {
        let tally = self.negotiation.tally();
        let kept = |error: serde_json::Error| SiteError::State { tally, reason: error.to_string() };
        let draft = self.negotiation.draft();
        let (mut partner_may_owe, mut holder_may_owe) =
            (draft.holder.limit(), draft.partner.limit());
        if let Some(signed) = self.negotiation.signed() {
            let half = signed.half(self.negotiation.side());
            (partner_may_owe, holder_may_owe) = (half.partner_may_owe(), half.holder_may_owe());
        }
        let head = self.ledger.as_ref().map(Ledger::head);
        Ok(HalfRow {
            partner: self.negotiation.partner().map(|cert| cert.chad.short()),
            status: self.status().to_owned(),
            state: serde_json::to_string(self).map_err(kept)?,
            balance: self.ledger.as_ref().map_or(0, Ledger::balance_milli),
            partner_may_owe,
            holder_may_owe,
            head_index: head.map_or(0, |head| head.index),
            head_hash: head.map(|head| head.hash),
            changed,
        })
    }
}

/// The links of a change, as rows of a half.
pub(crate) fn rows(
    half: HalfId,
    state: &HalfTally,
    change: &Change,
) -> Result<Vec<LinkRow>, SiteError> {
    change.then.iter().map(|link| row(half, state, link)).collect()
}

fn row(half: HalfId, state: &HalfTally, link: &Link) -> Result<LinkRow, SiteError> {
    use protocol::chit::Entry;
    let kind = match link.chit.entry {
        Entry::Tran { .. } => "tran",
        Entry::Set { .. } => "set",
        Entry::Lift { .. } => "lift",
    };
    Ok(LinkRow {
        half,
        index: link.head.index,
        link: link.head.hash,
        chit: link.chit_hash,
        uuid: link.chit.uuid,
        by: link.chit.by,
        kind: kind.to_owned(),
        effect: link.chit.effect_on(state.negotiation.side()),
        date: link.chit.date,
        text: link.chit.to_text()?.to_string(),
    })
}

/// A sum as an amount, where it is one.
pub(crate) fn amount(milli: i128) -> Option<Units> {
    i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok())
}

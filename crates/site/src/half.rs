//! A half as it is kept: its state, and what of it can be searched and summed.

use std::sync::Arc;

use protocol::half::HalfTally;
use protocol::ledger::{Ledger, Link};
use protocol::record::Record;
use protocol::{TallyId, Timestamp, Units};
use store::{Half, HalfId, HalfRow, LinkRow, Negotiation, Restored, View};

use crate::error::SiteError;

/// A half as rows keep it.
pub(crate) trait Kept: Sized {
    /// The state that a half's row and its negotiation hold.
    fn of(half: &Half, negotiation: Option<&Negotiation>) -> Result<Self, SiteError>;
    /// The ledger of an open tally.
    fn open(&self) -> Result<&Ledger, SiteError>;
    /// The row to keep.
    fn row(&self, changed: Timestamp) -> Result<HalfRow, SiteError>;
    /// The row to keep where only the ledger changed since the one before.
    fn row_after(&self, before: &HalfRow, changed: Timestamp) -> Result<HalfRow, SiteError>;
    /// The negotiation to keep.
    fn negotiated(&self) -> Result<String, SiteError>;
}

fn damaged(tally: TallyId) -> impl Fn(serde_json::Error) -> SiteError {
    move |error| SiteError::State { tally, reason: error.to_string() }
}

impl Kept for HalfTally {
    fn of(half: &Half, negotiation: Option<&Negotiation>) -> Result<Self, SiteError> {
        let tally = half.tally;
        let negotiation = negotiation.ok_or_else(|| SiteError::State {
            tally,
            reason: "what was negotiated is not there".to_owned(),
        })?;
        let negotiation: protocol::negotiation::Negotiation =
            serde_json::from_str(&negotiation.text).map_err(damaged(tally))?;
        let ledger = match (ledger(half)?, negotiation.signed()) {
            (Some(ledger), Some(signed)) => Some(ledger.with_agents_of(signed)),
            (ledger, _) => ledger,
        };
        let restored = half.row.restored.asks.filter(|_| ledger.is_none());
        Ok(Self { negotiation: Arc::new(negotiation), ledger, restored })
    }

    fn open(&self) -> Result<&Ledger, SiteError> {
        self.ledger.as_ref().ok_or_else(|| SiteError::NotOpen {
            tally: self.negotiation.tally(),
            status: self.status().to_owned(),
        })
    }

    fn row(&self, changed: Timestamp) -> Result<HalfRow, SiteError> {
        let draft = self.negotiation.draft();
        let (mut partner_may_owe, mut holder_may_owe) =
            (draft.holder.limit(), draft.partner.limit());
        if let Some(signed) = self.negotiation.signed() {
            let half = signed.half(self.negotiation.side());
            (partner_may_owe, holder_may_owe) = (half.partner_may_owe(), half.holder_may_owe());
        }
        let before = HalfRow {
            partner: self.negotiation.partner().map(|cert| cert.chad.short()),
            partner_may_owe,
            holder_may_owe,
            status: String::new(),
            ledger: None,
            balance: 0,
            head_index: 0,
            head_hash: None,
            changed,
            restored: Restored::default(),
        };
        self.row_after(&before, changed)
    }

    fn row_after(&self, before: &HalfRow, changed: Timestamp) -> Result<HalfRow, SiteError> {
        let ledger = self.ledger.as_ref();
        let text = ledger.map(serde_json::to_string).transpose();
        let head = ledger.map(Ledger::head);
        let waiting = self.waiting();
        let side = self.negotiation.side().other();
        let moved = ledger.is_some_and(|ledger| ledger.moved(side).is_some());
        let partner = if moved { self.partner().map(|partner| partner.short()) } else { None };
        Ok(HalfRow {
            partner: partner.or_else(|| before.partner.clone()),
            partner_may_owe: before.partner_may_owe,
            holder_may_owe: before.holder_may_owe,
            status: self.status().to_owned(),
            ledger: text.map_err(damaged(self.negotiation.tally()))?,
            balance: ledger.map_or(0, Ledger::balance_milli),
            head_index: head.map_or(0, |head| head.index),
            head_hash: head.map(|head| head.hash),
            changed,
            restored: Restored { asks: waiting.partner, unheard: waiting.device },
        })
    }

    fn negotiated(&self) -> Result<String, SiteError> {
        serde_json::to_string(&*self.negotiation).map_err(damaged(self.negotiation.tally()))
    }
}

/// The ledger that a half's row holds.
pub(crate) fn ledger(half: &Half) -> Result<Option<Ledger>, SiteError> {
    let ledger = half.row.ledger.as_deref().map(serde_json::from_str);
    ledger.transpose().map_err(damaged(half.tally))
}

/// The states of halves, each with what is wrong with it where it cannot be read.
pub(crate) async fn states(
    view: &mut View,
    halves: &[Half],
) -> Result<Vec<Result<HalfTally, SiteError>>, SiteError> {
    let ids: Vec<HalfId> = halves.iter().map(|half| half.id).collect();
    let texts = view.negotiations(&ids).await?;
    let text_of = |half: &Half| {
        let found = texts.binary_search_by_key(&half.id, |text| text.half).ok();
        found.and_then(|place| texts.get(place))
    };
    Ok(halves.iter().map(|half| HalfTally::of(half, text_of(half))).collect())
}

/// The state of a half.
pub(crate) async fn one(view: &mut View, half: &Half) -> Result<HalfTally, SiteError> {
    let mut states = states(view, std::slice::from_ref(half)).await?;
    states.pop().unwrap_or_else(|| HalfTally::of(half, None))
}

/// Links, as rows of a half with this ledger.
pub(crate) fn rows(
    half: HalfId,
    ledger: &Ledger,
    links: &[Link],
) -> Result<Vec<LinkRow>, SiteError> {
    links.iter().map(|link| row(half, ledger, link)).collect()
}

/// What a link adds to the balance; a void chit nothing.
pub(crate) fn effect(ledger: &Ledger, link: &Link) -> Units {
    if ledger.counts(link) { link.chit.effect_on(ledger.side()) } else { Units::ZERO }
}

fn row(half: HalfId, ledger: &Ledger, link: &Link) -> Result<LinkRow, SiteError> {
    Ok(LinkRow {
        half,
        index: link.head.index,
        link: link.head.hash,
        chit: link.chit_hash,
        uuid: link.chit.uuid,
        by: link.chit.by,
        kind: link.chit.entry.word().to_owned(),
        effect: effect(ledger, link),
        date: link.chit.date,
        text: link.chit.to_text()?.to_string(),
    })
}

/// A sum as an amount, where it is one.
pub(crate) fn amount(milli: i128) -> Option<Units> {
    i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok())
}

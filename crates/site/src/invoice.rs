//! Invoices at a site: what a half takes about them, how a payment is held to what was asked for,
//! what its user sees. To the ledger they are nothing, and a half that has none asks for none.

use protocol::chit::Chit;
use protocol::half::HalfTally;
use protocol::invoice::{
    Event, Given, Input as InvoiceInput, Invoice, Invoices, Kept as KeptInvoice, Message, Reason,
    Status,
};
use protocol::ledger::{self, Change, Ledger, Links, Status as LedgerStatus};
use protocol::note::Body;
use protocol::{Cert, ChitId, Cuid, Side, TallyId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Half, HalfId, InvoiceRow, View};

use crate::batch::{Held, Work};
use crate::door::Site;
use crate::error::SiteError;
use crate::events;
use crate::half::{Kept, one};

/// The invoices of a half in hand.
pub(crate) struct InHand {
    /// As they are kept before the batch.
    before: Invoices,
    /// What they are now.
    pub(crate) now: Invoices,
}

/// Where an invoice stands for its two users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Standing {
    /// To be paid.
    Open,
    /// It was not paid in time.
    Expired,
    /// The payee took it back.
    Withdrawn,
    /// The payer refused.
    Refused,
    /// Paid, exactly as the latest version asks or otherwise.
    Paid {
        /// Whether it is what the latest version asks for.
        as_asked: bool,
    },
}

impl Standing {
    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Refused => "refused",
            Self::Paid { as_asked: true } => "paid",
            Self::Paid { as_asked: false } => "paid_otherwise",
        }
    }

    fn of(kept: &KeptInvoice, now: Timestamp) -> Self {
        match kept.status() {
            Status::Open if kept.invoice().expires <= now => Self::Expired,
            Status::Open => Self::Open,
            Status::Withdrawn => Self::Withdrawn,
            Status::Refused => Self::Refused,
            Status::Paid { as_asked } => Self::Paid { as_asked },
        }
    }
}

/// An invoice as one of its two users sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceView {
    /// Whose half knows it.
    pub holder: Cuid,
    /// The holder's side; it asks where that is not the invoice's `by`.
    pub side: Side,
    /// The partner.
    pub partner: Option<Cert>,
    /// The latest version.
    pub invoice: Invoice,
    /// Where it stands.
    pub standing: Standing,
    /// Why the payer refused, where it said why.
    pub reason: Option<Reason>,
    /// Whether the partner is known to have heard the last that the holder said of it.
    pub told: bool,
}

impl Site {
    /// The invoices of a user's tally, those included that are over but have not expired; at most
    /// [`protocol::invoice::MAX_OPEN_INVOICES`] of each side.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::State`], [`SiteError::Store`].
    pub async fn invoices(
        &self,
        holder: &Cuid,
        tally: TallyId,
    ) -> Result<Vec<InvoiceView>, SiteError> {
        let now = self.clock.now();
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        if half.invoices == 0 {
            return Ok(Vec::new());
        }
        let partner = one(&mut view, &half).await?.negotiation.partner().cloned();
        let invoices = read(&mut view, &half).await?;
        let seen = invoices.kept().values().map(|kept| InvoiceView {
            holder: holder.clone(),
            side: half.side,
            partner: partner.clone(),
            invoice: kept.invoice().clone(),
            standing: Standing::of(kept, now),
            reason: kept.reason().cloned(),
            told: kept.is_told(),
        });
        Ok(seen.collect())
    }

    /// A half takes an input about its invoices.
    pub(crate) async fn take_invoice(
        &self,
        work: &mut Work,
        held: &mut Held,
        input: InvoiceInput,
    ) -> Result<(), SiteError> {
        let closed = held.state.open()?.status() == LedgerStatus::Closed;
        if let InvoiceInput::Propose(invoice) = &input
            && closed
            && !invoice.withdrawn
        {
            return Err(ledger::Refusal::Closed { chit: invoice.uuid }.into());
        }
        let linked = match &input {
            InvoiceInput::Propose(invoice) => is_linked(work, held, invoice.uuid).await?,
            InvoiceInput::Receive(Message::Invoice(invoice)) => {
                is_linked(work, held, invoice.uuid).await?
            }
            _ => false,
        };
        let now = self.clock.now();
        let invoices = held.invoices(work.view()).await?;
        let step = invoices.step(input, Given { now, linked })?;
        self.tell_invoices(work, held, &step.invoices, &step.events);
        let state = HalfTally::clone(&held.state);
        let said = step.send.into_iter().map(Body::Invoice).collect();
        self.post_all(work, held, &state, said).await?;
        held.put_invoices(work, step.invoices, now);
        Ok(())
    }

    /// Whether the holder may write this chit: under the name of an invoice exactly what it asks for.
    pub(crate) async fn may_pay(
        &self,
        work: &mut Work,
        held: &mut Held,
        chit: &Chit,
    ) -> Result<(), SiteError> {
        if held.has_invoices() {
            let now = self.clock.now();
            held.invoices(work.view()).await?.may_pay(chit, now)?;
        }
        Ok(())
    }

    /// Chits were linked, whoever wrote them and however they came: what those pay that count with
    /// this ledger is paid.
    pub(crate) async fn settle(
        &self,
        work: &mut Work,
        held: &mut Held,
        ledger: &Ledger,
        change: &Change,
    ) -> Result<(), SiteError> {
        if !held.has_invoices() {
            return Ok(());
        }
        let given = Given { now: self.clock.now(), linked: true };
        let mut invoices = held.invoices(work.view()).await?.clone();
        let mut events = Vec::new();
        for link in change.then.iter().filter(|link| ledger.counts(link)) {
            if invoices.kept().contains_key(&link.chit.uuid) {
                let step = invoices.step(InvoiceInput::Linked(link.clone().unlinked()), given)?;
                invoices = step.invoices;
                events.extend(step.events);
            }
        }
        self.tell_invoices(work, held, &invoices, &events);
        held.put_invoices(work, invoices, given.now);
        Ok(())
    }

    /// What is due about a half's invoices: to be said again, or to be forgotten.
    pub(crate) async fn due_of_invoices(
        &self,
        half: &Half,
    ) -> Result<Vec<InvoiceInput>, SiteError> {
        let mut due = Vec::new();
        if half.invoices > 0 {
            let invoices = read(&mut self.store.read().await?, half).await?;
            let given = Given { now: self.clock.now(), linked: false };
            for input in [InvoiceInput::Tick, InvoiceInput::Remind] {
                let step = invoices.step(input.clone(), given)?;
                if step.invoices != invoices || !step.send.is_empty() {
                    due.push(input);
                }
            }
        }
        Ok(due)
    }

    fn tell_invoices(&self, work: &mut Work, held: &Held, now: &Invoices, events: &[Event]) {
        for event in events {
            if let Some((kind, text)) = events::of_invoice(held.half.tally, now, event) {
                work.tx().tell([self.event(&held.half.holder, kind, text)]);
            }
        }
    }
}

/// Whether a chit of this name is linked at a half.
async fn is_linked(work: &mut Work, held: &mut Held, name: ChitId) -> Result<bool, SiteError> {
    loop {
        match held.history.named(&name) {
            Ok(found) => return Ok(!found.is_empty()),
            Err(missing) => held.history.fetch(work.view(), held.half.id, missing).await?,
        }
    }
}

/// A half's invoices as they are kept.
pub(crate) async fn read(view: &mut View, half: &Half) -> Result<Invoices, SiteError> {
    let rows = if half.invoices == 0 { Vec::new() } else { view.invoices(half.id).await? };
    let damaged = |error: serde_json::Error| SiteError::State {
        tally: half.tally,
        reason: format!("an invoice: {error}"),
    };
    let kept = rows.iter().map(|row| serde_json::from_str::<KeptInvoice>(&row.text));
    let kept: Vec<_> = kept.collect::<Result<_, _>>().map_err(damaged)?;
    Ok(Invoices::of(half.tally, half.side, kept))
}

/// An invoice's row, by its name.
type Named = (HalfId, ChitId);

impl InHand {
    pub(crate) fn of(kept: Invoices) -> Self {
        Self { before: kept.clone(), now: kept }
    }

    /// The rows to write and those to take away.
    pub(crate) fn changes(&self, half: &Half) -> Result<(Vec<InvoiceRow>, Vec<Named>), SiteError> {
        let (before, now) = (self.before.kept(), self.now.kept());
        let mut rows = Vec::new();
        for (chit, kept) in now.iter().filter(|(chit, kept)| before.get(chit) != Some(kept)) {
            let text = serde_json::to_string(kept).map_err(|error| SiteError::State {
                tally: half.tally,
                reason: error.to_string(),
            })?;
            rows.push(InvoiceRow { half: half.id, chit: *chit, text });
        }
        let gone = before.keys().filter(|chit| !now.contains_key(chit));
        Ok((rows, gone.map(|chit| (half.id, *chit)).collect()))
    }
}

/// What is wrong with a half's invoices, as `doctor` looks at them.
pub(crate) async fn examine(
    view: &mut View,
    half: &Half,
    state: &HalfTally,
    found: &mut Vec<String>,
) -> Result<(), SiteError> {
    let rows = view.invoices(half.id).await?;
    if u64::try_from(rows.len()) != Ok(half.invoices) {
        found.push(format!("there are {} invoices, not {}", rows.len(), half.invoices));
    }
    let Some(ledger) = state.ledger.as_ref() else { return Ok(()) };
    for row in rows {
        let kept = match serde_json::from_str::<KeptInvoice>(&row.text) {
            Ok(kept) => kept,
            Err(error) => {
                found.push(format!("invoice {}: {error}", row.chit));
                continue;
            }
        };
        let invoice = kept.invoice();
        if invoice.uuid != row.chit || invoice.tally != half.tally {
            found.push(format!("invoice {} belongs elsewhere", row.chit));
        }
        if let Err(fault) = ledger.prove_invoice(invoice) {
            found.push(format!("invoice {}: {fault}", row.chit));
        }
    }
    Ok(())
}

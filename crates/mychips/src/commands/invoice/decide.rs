//! Invoices signed, changed, taken back, refused.

use std::num::NonZeroU32;
use std::path::Path;

use protocol::chit::Positive;
use protocol::invoice::Invoice;
use protocol::{ChitId, Hash, TallyId, Timestamp, Units};
use site::{Clock, Command, InvoiceView, Wish};

use super::find::find;
use super::view::{is_payer, partner, shown, words};
use super::{Amend, Ask, Refuse, Withdraw};
use crate::commands::tally;
use crate::failure::Failure;
use crate::flags::Span;
use crate::keys::Keys;
use crate::say;
use crate::visit::Visit;
use crate::world::{self, World};

pub(super) fn ask(flags: &Ask, data: &Path) -> Result<(), Failure> {
    let (Some(to), Some(amount), Some(user)) = (&flags.to, flags.amount, &flags.user) else {
        return Err(Failure::misused("say whom to ask, for how much, and --as whom"));
    };
    let units = positive(amount)?;
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let half = tally::find(&visit, user, to)?;
    let key = keys.for_tally(user, &tally::signing(&half)?.public)?;
    let date = World.now();
    let invoice = Invoice {
        uuid: name(flags, half.tally)?,
        tally: half.tally,
        by: half.side.other(),
        revision: NonZeroU32::MIN,
        date,
        expires: after(date, flags.expires)?,
        units,
        reference: flags.reference.clone(),
        memo: flags.memo.clone(),
        withdrawn: false,
        sign: None,
    };
    let name = invoice.uuid.to_string();
    let invoice = invoice.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?;
    let wish = Wish::Invoice(Box::new(invoice));
    visit.ask_once(user, &name, Command::Tally { tally: half.tally, wish })?;
    let view = find(&visit, user, &name)?;
    told(&view, flags.place.json, |partner| {
        format!("You asked {partner} for {}", say::units(view.invoice.units.get()))
    })
}

pub(super) fn amend(flags: &Amend, data: &Path) -> Result<(), Failure> {
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let before = own(find(&visit, &flags.who.user, &flags.invoice)?)?;
    let mut next = next_version(&before)?;
    let changes = &flags.changes;
    if let Some(amount) = changes.amount {
        next.units = positive(amount)?;
    }
    if changes.memo.is_some() {
        next.memo.clone_from(&changes.memo);
    }
    if changes.reference.is_some() {
        next.reference.clone_from(&changes.reference);
    }
    if let Some(span) = changes.expires {
        next.expires = after(next.date, span)?;
    }
    let view = propose(&visit, &before, next, &keys)?;
    told(&view, flags.place.json, |partner| {
        let (version, amount) = (view.invoice.revision, say::units(view.invoice.units.get()));
        format!("You asked {partner} for {amount}, by version {version}")
    })
}

pub(super) fn withdraw(flags: &Withdraw, data: &Path) -> Result<(), Failure> {
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let before = own(find(&visit, &flags.who.user, &flags.invoice)?)?;
    if before.invoice.withdrawn {
        return Err(Failure::refused("withdrawn", "you have taken this invoice back already"));
    }
    let next = Invoice { withdrawn: true, ..next_version(&before)? };
    let view = propose(&visit, &before, next, &keys)?;
    told(&view, flags.place.json, |partner| format!("You took back what you asked {partner} for"))
}

pub(super) fn refuse(flags: &Refuse, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let user = &flags.who.user;
    let before = find(&visit, user, &flags.invoice)?;
    if !is_payer(&before) {
        let text = "it is your own invoice: take it back with mychips invoice withdraw";
        return Err(Failure::refused("invoice", text));
    }
    let (invoice, revision) = (before.invoice.uuid, before.invoice.revision);
    let wish = Wish::RefuseInvoice { invoice, revision, reason: flags.reason.clone() };
    visit.ask(user, Command::Tally { tally: before.invoice.tally, wish })?;
    let view = find(&visit, user, &invoice.to_string())?;
    told(&view, flags.place.json, |partner| {
        format!("You refused to pay {} to {partner}", say::units(before.invoice.units.get()))
    })
}

/// An invoice that the holder asked for itself.
fn own(view: InvoiceView) -> Result<InvoiceView, Failure> {
    if !is_payer(&view) {
        return Ok(view);
    }
    let text = "it is the partner's invoice: only whoever asks may change it or take it back; you may \
                pay it, or mychips refuse it";
    Err(Failure::refused("invoice", text))
}

fn next_version(before: &InvoiceView) -> Result<Invoice, Failure> {
    let revision = before.invoice.revision.checked_add(1);
    let revision =
        revision.ok_or_else(|| Failure::refused("invoice", "it has no version left: ask anew"))?;
    let (invoice, date) = (before.invoice.clone(), World.now());
    // A copy of an earlier version may still be on its way, so none ends before that.
    Ok(Invoice { revision, date, withdrawn: false, sign: None, ..invoice })
}

fn propose(
    visit: &Visit,
    before: &InvoiceView,
    next: Invoice,
    keys: &Keys,
) -> Result<InvoiceView, Failure> {
    let (user, name) = (&before.holder, next.uuid.to_string());
    let tally = next.tally;
    let key = keys.for_tally(user, &tally::signing(&visit.tally(user, tally)?)?.public)?;
    let next = next.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?;
    visit.ask(user, Command::Tally { tally, wish: Wish::Invoice(Box::new(next)) })?;
    find(visit, user, &name)
}

fn told(view: &InvoiceView, json: bool, done: impl FnOnce(&str) -> String) -> Result<(), Failure> {
    say::either(json, &shown(view), || {
        let mut lines = vec![
            ("invoice", view.invoice.uuid.to_string()),
            ("status", view.standing.word().replace('_', " ")),
            ("until", say::minute(view.invoice.expires)),
        ];
        if !words(view).is_empty() {
            lines.push(("for", words(view)));
        }
        lines.extend(view.reason.as_ref().map(|reason| ("reason", reason.to_string())));
        format!("{}\n{}", done(&partner(view)), say::sheet(&lines).trim_end())
    })
}

fn positive(amount: Units) -> Result<Positive, Failure> {
    Positive::try_from(amount).map_err(|_| Failure::misused("AMOUNT must be more than 0"))
}

pub(super) fn after(date: Timestamp, span: Span) -> Result<Timestamp, Failure> {
    if span.ms > protocol::invoice::MAX_OPEN_MS {
        return Err(Failure::misused("--expires: an invoice may be paid for 366d at most"));
    }
    date.plus_ms(span.ms).map_err(|error| Failure::misused(format!("--expires: {error}")))
}

/// The invoice's name: a new one, or one that follows from all that was said.
fn name(flags: &Ask, tally: TallyId) -> Result<ChitId, Failure> {
    let Some(once) = &flags.once else {
        let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
        return Ok(ChitId::random(random));
    };
    let memo = flags.memo.as_ref().map(ToString::to_string);
    let reference = flags.reference.as_ref().map(ToString::to_string);
    let open = flags.expires.ms;
    let said = ("invoice", once, &flags.user, tally, flags.amount, memo, reference, open);
    let said = serde_json::to_vec(&said).map_err(|error| Failure::misused(error.to_string()))?;
    let mut name = [0; 16];
    name.copy_from_slice(&Hash::of(&said).as_bytes()[..16]);
    Ok(ChitId::derived(name))
}

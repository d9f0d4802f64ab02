//! How an invoice is shown: in JSON, in a line of a list, on a page of its own.

use std::path::Path;

use protocol::{ChitId, TallyId, Timestamp, Units};
use serde::Serialize;
use site::{InvoiceView, Standing};

use super::find::{all, find};
use super::{ListInvoices, ShowInvoice};
use crate::failure::Failure;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::Visit;

/// An invoice in JSON; amounts in milli-CHIPs.
#[derive(Serialize)]
pub(super) struct Shown {
    invoice: ChitId,
    tally: TallyId,
    /// Who asks, and who is asked.
    asked_by: String,
    payer: String,
    amount: Units,
    status: &'static str,
    version: u32,
    date: Timestamp,
    expires: Timestamp,
    r#ref: Option<String>,
    memo: Option<String>,
    reason: Option<String>,
    delivered: bool,
}

#[derive(Serialize)]
struct Invoices {
    invoices: Vec<Shown>,
}

/// Whether the holder is the one who is to pay.
pub(super) fn is_payer(view: &InvoiceView) -> bool {
    view.invoice.by == view.side
}

/// The partner as a sentence calls it.
pub(super) fn partner(view: &InvoiceView) -> String {
    view.partner.as_ref().map_or_else(|| "nobody".to_owned(), say::called)
}

/// The first characters of its uuid.
pub(super) fn short(view: &InvoiceView) -> String {
    view.invoice.uuid.to_string().chars().take(8).collect()
}

pub(super) fn shown(view: &InvoiceView) -> Shown {
    let own = view.holder.to_string();
    let other = view.partner.as_ref().map(|cert| cert.chad.cuid.to_string()).unwrap_or_default();
    let (asked_by, payer) = if is_payer(view) { (other, own) } else { (own, other) };
    let invoice = &view.invoice;
    Shown {
        invoice: invoice.uuid,
        tally: invoice.tally,
        asked_by,
        payer,
        amount: invoice.units.get(),
        status: view.standing.word(),
        version: invoice.revision.get(),
        date: invoice.date,
        expires: invoice.expires,
        r#ref: invoice.reference.as_ref().map(ToString::to_string),
        memo: invoice.memo.as_ref().map(ToString::to_string),
        reason: view.reason.as_ref().map(ToString::to_string),
        delivered: view.told,
    }
}

/// What it is for, in one line.
pub(super) fn words(view: &InvoiceView) -> String {
    let reference = view.invoice.reference.as_ref().map(ToString::to_string);
    let memo = view.invoice.memo.as_ref().map(|memo| memo.to_string().replace('\n', " "));
    [reference, memo].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Where it stands, for people.
fn standing(view: &InvoiceView) -> &'static str {
    match view.standing {
        Standing::Paid { as_asked: false } => "paid otherwise",
        other => other.word(),
    }
}

pub(super) fn list(flags: &ListInvoices, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let user = &flags.who.user;
    let invoices = all(&visit, user)?;
    if flags.place.json {
        return say::json(&Invoices { invoices: invoices.iter().map(shown).collect() });
    }
    if invoices.is_empty() {
        return say::text(&format!(
            "{user} has no invoices: mychips invoice PARTNER AMOUNT --as {user}"
        ));
    }
    let mut table = Table::new(&[
        ("Invoice", Set::Whole),
        ("Partner", Set::Left),
        ("Amount", Set::Right),
        ("Status", Set::Whole),
        ("Until (UTC)", Set::Whole),
        ("For", Set::Left),
    ]);
    let (mut to_pay, mut asked) = (0, 0);
    for view in &invoices {
        let amount = i128::from(view.invoice.units.get().milli());
        let open = view.standing == Standing::Open;
        let effect = if is_payer(view) { -amount } else { amount };
        to_pay += if open && is_payer(view) { amount } else { 0 };
        asked += if open && !is_payer(view) { amount } else { 0 };
        table.row([
            short(view),
            partner(view),
            say::amount(effect),
            standing(view).to_owned(),
            say::minute(view.invoice.expires),
            words(view),
        ]);
    }
    say::text(&format!(
        "{}\nOpen: {user} is asked for {}, and asks for {}",
        table.render(&Look::of_stdout()),
        say::amount(to_pay),
        say::amount(asked)
    ))
}

pub(super) fn show(flags: &ShowInvoice, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let view = find(&visit, &flags.who.user, &flags.invoice)?;
    say::either(flags.place.json, &shown(&view), || page(&view))
}

fn page(view: &InvoiceView) -> String {
    let invoice = &view.invoice;
    let (asks, pays) = if is_payer(view) {
        (partner(view), "you".to_owned())
    } else {
        ("you".to_owned(), partner(view))
    };
    let mut lines = vec![
        ("Invoice", invoice.uuid.to_string()),
        ("Tally", invoice.tally.to_string()),
        ("Asked by", asks),
        ("To be paid by", pays),
        ("Amount", say::units(invoice.units.get())),
        ("Status", standing(view).to_owned()),
    ];
    lines.extend(view.reason.as_ref().map(|reason| ("Reason", reason.to_string())));
    lines.push(("Version", invoice.revision.to_string()));
    lines.push(("Written", say::minute(invoice.date)));
    lines.push(("Until", say::minute(invoice.expires)));
    lines.extend(invoice.reference.as_ref().map(|reference| ("Ref", reference.to_string())));
    lines.extend(invoice.memo.as_ref().map(|memo| ("Memo", memo.to_string())));
    if !view.told {
        lines.push(("Delivered", "not known to be".to_owned()));
    }
    let mut page = say::sheet(&lines);
    if is_payer(view) && view.standing == Standing::Open {
        page.push_str(&format!(
            "\nNext: mychips pay --invoice {} --as {}, or mychips refuse",
            short(view),
            view.holder
        ));
    }
    page
}

//! Which invoice is meant: by its uuid, or the beginning of it.

use protocol::{ChitId, Cuid};
use site::InvoiceView;

use crate::failure::Failure;
use crate::visit::Visit;

/// The fewest characters of a uuid that name an invoice, as for tallies.
const FEWEST: usize = 4;

/// All invoices of a user, those that end first at the end.
pub(super) fn all(visit: &Visit, user: &Cuid) -> Result<Vec<InvoiceView>, Failure> {
    // A user that is not here has none, but deserves another word.
    visit.user(user)?;
    let mut all = Vec::new();
    for tally in visit.tallies(user)? {
        if tally.invoices > 0 {
            all.extend(visit.invoices(user, tally.tally)?);
        }
    }
    all.sort_by_key(|view| (std::cmp::Reverse(view.invoice.expires), view.invoice.uuid));
    Ok(all)
}

/// The one invoice of a user that `named` means.
pub(crate) fn find(visit: &Visit, user: &Cuid, named: &str) -> Result<InvoiceView, Failure> {
    let is_whole = named.parse::<ChitId>().is_ok();
    let mut found = all(visit, user)?;
    found.retain(|view| view.invoice.uuid.to_string().starts_with(named));
    if named.len() < FEWEST {
        found.clear();
    }
    match found.as_slice() {
        [view] => Ok(view.clone()),
        [] => {
            let begins = if is_whole { "" } else { " whose uuid begins with" };
            Err(Failure::refused(
                "no_invoice",
                format!(
                    "{user} has no invoice{begins} {named}; it may have expired: see mychips \
                     invoice list --as {user}"
                ),
            ))
        }
        several => Err(Failure::refused(
            "ambiguous",
            format!("{named:?} means {} invoices of {user}; say more of the uuid", several.len()),
        )),
    }
}

//! `mychips invoice` and `mychips refuse`: a partner is asked for value, and answers.
//!
//! Flags are here; `find.rs` is how an invoice is named, `view.rs` how it is shown, `decide.rs` what
//! is done; `link.rs` asks anybody.

mod decide;
mod find;
mod link;
mod view;

use clap::{Args, Subcommand};
use protocol::bounded::{Line, Prose};
use protocol::chit::{MAX_MEMO_BYTES, MAX_REFERENCE_BYTES};
use protocol::negotiation::Reason;
use protocol::{Cuid, Units};

use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place, Span};
use crate::visit;

pub(crate) use find::find;
use link::LinkInvoice;

/// Ask a partner for value: sign an invoice, which the partner pays or refuses.
///
/// An invoice binds nobody: nothing is owed by it, and nothing can be lifted against it. The partner
/// pays exactly what its latest version asks for, by a chit of the same uuid. Until then you may
/// change it or take it back; after that it stays as it is. INVOICE is its uuid, or the first
/// characters of it, at least four.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    override_usage = "mychips invoice [OPTIONS] --as <USER> <PARTNER|TALLY> <AMOUNT>\n       \
                      mychips invoice <COMMAND>",
    after_long_help = "\
JSON:
  invoice, tally  uuids; the chit that pays it has the invoice's
  asked_by        who asks, by user name
  payer           who is asked to pay
  amount          in milli-CHIPs
  status          open, paid, paid_otherwise (an earlier version was paid),
                  refused, withdrawn, expired
  version         counts the changes
  date, expires   when this version was written, until when it may be paid
  ref, memo       what it is for
  reason          why the payer refused
  delivered       whether the partner is known to have heard the last of it

Exit codes:
  0  done    1  refused, nothing was changed    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips invoice bob 12.50 --as ann --memo 'two crates of pears' --ref 2026-17
  mychips pay --invoice 3f2a --as bob
  mychips invoice link 12.50 --as ann"
)]
pub(crate) struct Invoice {
    #[command(subcommand)]
    below: Option<Below>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Below {
    List(ListInvoices),
    Show(ShowInvoice),
    Link(LinkInvoice),
    Amend(Amend),
    Withdraw(Withdraw),
}

/// What is asked for. What is required is so where no command below is given: it stands in options,
/// as there may be none.
#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The partner, or the tally
    #[arg(value_name = "PARTNER|TALLY", required = true)]
    to: Option<String>,
    /// How much, in CHIPs: 12, 12.5, 0.001
    #[arg(required = true)]
    amount: Option<Units>,
    /// The user who asks
    #[arg(long = "as", value_name = "USER", required = true)]
    user: Option<Cuid>,
    /// What it is for, for people
    #[arg(long, value_name = "TEXT")]
    memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// What it is for, for machines: an invoice number
    #[arg(long = "ref", value_name = "TEXT")]
    reference: Option<Line<MAX_REFERENCE_BYTES>>,
    /// How long it may be paid: 30d, 12h, 45m, at most 366d
    #[arg(long, value_name = "TIME", default_value = "30d")]
    expires: Span,
    /// Ask once: given again with all the same words, nothing more is asked for
    #[arg(long, value_name = "NAME")]
    once: Option<String>,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// List a user's invoices, those to pay and those asked for.
///
/// Amounts are as you see them: positive is what you ask for, negative what you are asked for. An
/// invoice is listed until it expires, whatever became of it.
#[derive(Debug, Args)]
pub(crate) struct ListInvoices {
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    place: Place,
}

/// Show an invoice: who asks whom, for how much, until when, and where it stands.
#[derive(Debug, Args)]
pub(crate) struct ShowInvoice {
    /// The invoice
    invoice: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    place: Place,
}

/// Change an invoice that you asked for: its next version, which takes the place of the one before.
///
/// What is not named stays as it is. After a refusal this asks anew.
#[derive(Debug, Args)]
#[command(override_usage = "mychips invoice amend [OPTIONS] --as <USER> <INVOICE>")]
#[command(after_long_help = "\
Examples:
  mychips invoice amend 3f2a --as ann --amount 11 --memo 'one crate was bad'
  mychips invoice amend 3f2a --as ann --expires 60d")]
pub(crate) struct Amend {
    /// The invoice
    invoice: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// What changes, at least one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Changes {
    /// How much, in CHIPs
    #[arg(long, value_name = "CHIPS")]
    amount: Option<Units>,
    /// What it is for, for people
    #[arg(long, value_name = "TEXT")]
    memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// What it is for, for machines
    #[arg(long = "ref", value_name = "TEXT")]
    reference: Option<Line<MAX_REFERENCE_BYTES>>,
    /// How long it may be paid from now on; never a shorter time than before
    #[arg(long, value_name = "TIME")]
    expires: Option<Span>,
}

/// Take back an invoice that you asked for.
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// The invoice
    invoice: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Say no to a partner's invoice. It may ask again, by another version.
#[derive(Debug, Args)]
#[command(after_long_help = "\
An offer of a tally is refused by mychips tally refuse.

Example:
  mychips refuse 3f2a --as bob --reason 'one crate was bad'")]
pub(crate) struct Refuse {
    /// The invoice, by its uuid or the first characters of it, at least four
    invoice: String,
    #[command(flatten)]
    who: As,
    /// Why, for the partner to read
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(flags: &Invoice) -> Result<(), Failure> {
    let data = visit::data(flags.place().data.as_deref())?;
    match &flags.below {
        Some(Below::List(flags)) => view::list(flags, &data),
        Some(Below::Show(flags)) => view::show(flags, &data),
        Some(Below::Link(flags)) => link::make(flags, &data),
        Some(Below::Amend(flags)) => decide::amend(flags, &data),
        Some(Below::Withdraw(flags)) => decide::withdraw(flags, &data),
        None => decide::ask(&flags.ask, &data),
    }
}

pub(crate) fn refuse(flags: &Refuse) -> Result<(), Failure> {
    decide::refuse(flags, &visit::data(flags.place.data.as_deref())?)
}

impl Invoice {
    const fn place(&self) -> &Place {
        match &self.below {
            Some(Below::List(flags)) => &flags.place,
            Some(Below::Show(flags)) => &flags.place,
            Some(Below::Link(flags)) => &flags.place,
            Some(Below::Amend(flags)) => &flags.place,
            Some(Below::Withdraw(flags)) => &flags.place,
            None => &self.ask.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

impl Refuse {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}

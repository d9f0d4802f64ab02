//! A link that asks for a payment, from anybody.

use std::path::{Path, PathBuf};

use clap::Args;
use protocol::bounded::Line;
use protocol::chit::{MAX_REFERENCE_BYTES, Positive};
use protocol::{PayLink, Timestamp, Units};
use serde::Serialize;
use site::Clock as _;

use super::decide::after;
use crate::failure::Failure;
use crate::flags::{As, Place, Span};
use crate::links;
use crate::qr;
use crate::say;
use crate::visit::Visit;
use crate::world::World;

/// Make a link by which anybody may pay you, here or at another site.
///
/// Hand it to whoever is to pay, as text or as a picture. It says who you are and where your site answers,
/// binds nobody, and is kept nowhere: who has it may pay, each payer once, until it expires. Whoever pays by it is found
/// more easily from another site, as both sites look for a way.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  link            what to hand over
  payee, amount, expires, ref  what it says

Examples:
  mychips invoice link 12.50 --as ann --ref 2026-17
  mychips invoice link 12.50 --as ann --qr
  mychips pay 'chip://ann:12D3Koo…#pay/12500/…' --as bob")]
pub(crate) struct LinkInvoice {
    /// How much, in CHIPs: 12, 12.5, 0.001
    amount: Units,
    #[command(flatten)]
    who: As,
    /// What it is for, for machines: an invoice number; whoever pays hands it back to you
    #[arg(long = "ref", value_name = "TEXT")]
    reference: Option<Line<MAX_REFERENCE_BYTES>>,
    /// How long it may be paid: 30d, 12h, 45m
    #[arg(long, value_name = "TIME", default_value = "30d")]
    expires: Span,
    /// Show it as a picture for a telephone
    #[arg(long)]
    qr: bool,
    /// Write the picture into a file, as SVG
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct Made {
    link: String,
    payee: String,
    amount: Units,
    expires: Timestamp,
    r#ref: Option<String>,
}

pub(super) fn make(flags: &LinkInvoice, data: &Path) -> Result<(), Failure> {
    let units = Positive::try_from(flags.amount);
    let units = units.map_err(|_| Failure::misused("AMOUNT must be more than 0"))?;
    if let Some(file) = flags.out.as_deref().filter(|file| file.exists()) {
        return Err(Failure::io("cannot write", file, &"it is there already"));
    }
    let visit = Visit::enter(data)?;
    let expires = after(World.now(), flags.expires)?;
    let Some(link) = visit.pay_link(&flags.who.user, units, expires)? else {
        return Err(links::no_place(""));
    };
    let link = PayLink { r#ref: flags.reference.clone(), ..link };
    let text = link.to_string();
    if let Some(file) = &flags.out {
        links::write(file, &qr::as_svg(&text)?)?;
    }
    if flags.place.json {
        let r#ref = link.r#ref.as_ref().map(ToString::to_string);
        let (payee, amount) = (link.payee.short(), link.units.get());
        return say::json(&Made { link: text, payee, amount, expires, r#ref });
    }
    links::remarks(&visit, &link.endpoint);
    if flags.qr {
        let about = format!(
            "for    {}\nuntil  {}\n\nWhoever has it may pay it, each payer once: mychips pay LINK",
            say::units(link.units.get()),
            say::minute(expires)
        );
        return say::text(&format!("{}\n{text}\n\n{about}", qr::on_terminal(&text)?));
    }
    say::text(&text)
}

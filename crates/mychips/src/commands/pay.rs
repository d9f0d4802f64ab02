//! `mychips pay`: value given to a partner, by a signed chit.

use clap::Args;
use protocol::bounded::{Line, Prose};
use protocol::chit::{Chit, Entry, MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Positive, Written};
use protocol::{ChitId, Cuid, Hash, TallyId, Units};
use serde::Serialize;
use site::{Clock, Command, Wish};

use super::{invoice, tally};
use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place};
use crate::keys::Keys;
use crate::say;
use crate::visit::{self, Visit};
use crate::world::{self, World};

/// Pay a partner: sign a chit by which you owe it more, or it owes you less.
///
/// What is printed as paid is kept, whatever happens to the machine then. Whoever does not see the
/// answer, as the machine stopped, may give the command again and pay no second time, if it had
/// --once. A signed chit is not taken back; a mistake is mended by a chit the other way.
#[derive(Debug, Args)]
#[command(override_usage = "mychips pay [OPTIONS] --as <USER> <PARTNER|TALLY> <AMOUNT>\n       \
                            mychips pay [OPTIONS] --as <USER> --invoice <INVOICE>")]
#[command(after_long_help = "\
JSON:
  chit, tally   uuids
  amount        in milli-CHIPs
  balance       your balance now, in milli-CHIPs: negative where you owe
  status        of the tally

Exit codes:
  0  paid    1  refused, nothing was paid    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips pay bob 12.50 --as ann --memo 'two crates of pears'
  mychips pay 3f2a 100 --as ann --ref INV-2026-17 --once INV-2026-17
  mychips pay --invoice 9c41 --as ann")]
pub(crate) struct Pay {
    /// The partner, or the tally
    #[arg(value_name = "PARTNER|TALLY", required_unless_present = "invoice")]
    to: Option<String>,
    /// How much, in CHIPs: 12, 12.5, 0.001
    #[arg(required_unless_present = "invoice")]
    amount: Option<Units>,
    /// Pay this invoice, exactly what its latest version asks for; given again, nothing more is paid
    #[arg(
        long,
        value_name = "INVOICE",
        conflicts_with_all = ["to", "amount", "memo", "reference", "once"]
    )]
    invoice: Option<String>,
    #[command(flatten)]
    who: As,
    /// What it is for, for people
    #[arg(long, value_name = "TEXT")]
    memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// What it is for, for machines: an invoice number
    #[arg(long = "ref", value_name = "TEXT")]
    reference: Option<Line<MAX_REFERENCE_BYTES>>,
    /// Pay although it goes beyond the limit that the partner granted you
    #[arg(long)]
    over_limit: bool,
    /// Pay this once: given again with all the same words, nothing more is paid
    #[arg(long, value_name = "NAME")]
    once: Option<String>,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Paid {
    chit: ChitId,
    tally: TallyId,
    amount: Units,
    balance: i128,
    status: String,
}

pub(crate) fn run(flags: &Pay) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.who.user;
    let chit = match &flags.invoice {
        Some(invoice) => what_pays(&visit, user, invoice)?,
        None => as_said(&visit, flags)?,
    };
    let signing = tally::signing(&visit.tally(user, chit.tally)?)?;
    let key = keys.for_tally(user, &signing.public)?;
    let chit = chit.with_key(signing.name);
    let (uuid, tally) = (chit.uuid, chit.tally);
    let amount = chit.effect_on(chit.by.other());
    let chit = chit.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?;
    let wish = Wish::Write { chit: Box::new(chit), over_limit: flags.over_limit };
    visit.ask_once(user, &uuid.to_string(), Command::Tally { tally, wish })?;
    let now = visit.tally(user, tally)?;
    let paid = Paid {
        chit: uuid,
        tally: now.tally,
        amount,
        balance: now.balance_milli,
        status: now.status.clone(),
    };
    say::either(flags.place.json, &paid, || {
        let partner = tally::partner_name(&now);
        format!(
            "Paid {} to {partner}: {}\nchit   {uuid}\ntally  {}",
            say::units(amount),
            say::standing(&partner, now.balance_milli),
            now.tally
        )
    })
}

/// The chit that pays an invoice in the version that the user was shown last.
fn what_pays(visit: &Visit, user: &Cuid, named: &str) -> Result<Chit, Failure> {
    let view = invoice::find(visit, user, named)?;
    if view.invoice.by != view.side {
        let text = "it is your own invoice: the partner pays it; you may change it or take it back";
        return Err(Failure::refused("invoice", text));
    }
    Ok(view.invoice.chit(World.now()))
}

/// The chit that the flags say, not signed.
fn as_said(visit: &Visit, flags: &Pay) -> Result<Chit, Failure> {
    let (Some(to), Some(amount)) = (&flags.to, flags.amount) else {
        return Err(Failure::misused("say whom to pay, and how much; or --invoice"));
    };
    let units =
        Positive::try_from(amount).map_err(|_| Failure::misused("AMOUNT must be more than 0"))?;
    let half = tally::find(visit, &flags.who.user, to)?;
    let (reference, memo) = (flags.reference.clone(), flags.memo.clone());
    let written = Written { reference, memo, ..Written::default() };
    Ok(Chit {
        uuid: name(flags, half.tally)?,
        tally: half.tally,
        by: half.side,
        date: World.now(),
        entry: Entry::Tran { units, written },
    })
}

/// The chit's name: a new one, or one that follows from all that was said.
fn name(flags: &Pay, tally: TallyId) -> Result<ChitId, Failure> {
    let Some(once) = &flags.once else {
        let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
        return Ok(ChitId::random(random));
    };
    let memo = flags.memo.as_ref().map(ToString::to_string);
    let reference = flags.reference.as_ref().map(ToString::to_string);
    let said = (once, &flags.who.user, tally, flags.amount, memo, reference);
    let said = serde_json::to_vec(&said).map_err(|error| Failure::misused(error.to_string()))?;
    let mut name = [0; 16];
    name.copy_from_slice(&Hash::of(&said).as_bytes()[..16]);
    Ok(ChitId::derived(name))
}

impl Pay {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}

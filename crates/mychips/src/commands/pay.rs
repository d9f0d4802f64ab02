//! `mychips pay`: value given to a partner, by a signed chit.

use clap::Args;
use protocol::bounded::{Line, Prose};
use protocol::chit::{Chit, Entry, MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Positive, Written};
use protocol::{ChitId, Hash, TallyId, Units};
use serde::Serialize;
use site::{Clock, Command, Wish};

use super::tally;
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
  mychips pay 3f2a 100 --as ann --ref INV-2026-17 --once INV-2026-17")]
pub(crate) struct Pay {
    /// The partner, or the tally
    #[arg(value_name = "PARTNER|TALLY")]
    to: String,
    /// How much, in CHIPs: 12, 12.5, 0.001
    amount: Units,
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
    let units = Positive::try_from(flags.amount)
        .map_err(|_| Failure::misused("AMOUNT must be more than 0"))?;
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter(&data)?;
    let user = &flags.who.user;
    let half = tally::find(&visit, user, &flags.to)?;
    let key = keys.of(user)?;
    let uuid = name(flags, half.tally)?;
    let written =
        Written { reference: flags.reference.clone(), memo: flags.memo.clone(), sign: None };
    let chit = Chit {
        uuid,
        tally: half.tally,
        by: half.side,
        date: World.now(),
        entry: Entry::Tran { units, written },
    };
    let chit = chit.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?;
    let wish = Wish::Write { chit: Box::new(chit), over_limit: flags.over_limit };
    visit.ask_once(user, &uuid.to_string(), Command::Tally { tally: half.tally, wish })?;
    let now = visit.tally(user, half.tally)?;
    let paid = Paid {
        chit: uuid,
        tally: now.tally,
        amount: flags.amount,
        balance: now.balance_milli,
        status: now.status.clone(),
    };
    say::either(flags.place.json, &paid, || {
        let partner = tally::partner_name(&now);
        format!(
            "Paid {} to {partner}: {}\nchit   {uuid}\ntally  {}",
            say::units(flags.amount),
            say::standing(&partner, now.balance_milli),
            now.tally
        )
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

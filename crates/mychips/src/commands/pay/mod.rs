//! `mychips pay`: value given to a partner, by a signed chit; or to somebody else, by a lift over tallies
//! of others.
//!
//! Flags are here; `link.rs` is what a payee's link says, `whom.rs` who is meant, `direct.rs` pays on a tally, `lifted.rs` by a lift;
//! `question.rs` asks before anything is signed, `watch.rs` shows how far it has come.

mod direct;
mod lifted;
mod link;
mod question;
mod watch;
mod whom;

use clap::Args;
use protocol::bounded::{Line, Prose};
use protocol::chit::{MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Positive};
use protocol::{TallyId, Units};
use serde::Serialize;
use site::Hint;

use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place};
use crate::keys::Keys;
use crate::visit::{self, Visit};

/// Pay a partner on the tally with it, or somebody else, here or at another site, over tallies of others.
///
/// With an open tally between you and the partner you sign a chit by which you owe it more, or it owes
/// you less. Where there is none, you sign what the payee is to get and the most that you give, and the
/// site moves it over the cheapest chain of tallies, all at once or not at all: you owe more to a partner
/// of your own, the payee is owed more by one of its. Those between keep to what they signed, and may
/// charge for it; --quote shows what it would cost and how much can be paid, and pays nothing. Without an amount
/// it looks for the most that can be paid now.
///
/// Somebody at another site is named by its address, with the place where that site answers. Partners'
/// sites are asked for ways: one that carries all, or several, over which it goes in parts, all or none.
/// Referees whom all on them accept decide (see mychips referee): what is moved is locked until they have,
/// half a minute at most while they can be reached.
///
/// A link of the payee's (mychips invoice link) says all of it; given again, nothing more is paid.
///
/// At a terminal it shows first what it costs and what you sign, and asks; --yes asks nothing, and --most
/// says what may be given then. Where the input is no terminal, nothing is asked. While it is under way, a
/// terminal shows how far it has come; mychips lift open shows it from elsewhere.
///
/// What is printed as paid is kept, whatever happens to the machine then. Whoever does not see the
/// answer, as the machine stopped, may give the command again and pay no second time, if it had
/// --once. What is signed is not taken back; a mistake is mended by a payment the other way.
#[derive(Clone, Debug, Args)]
#[command(
    override_usage = "mychips pay [OPTIONS] --as <USER> <PARTNER|TALLY|USER|ADDRESS> <AMOUNT>\n       \
                            mychips pay [OPTIONS] --as <USER> <PARTNER|TALLY|USER|ADDRESS> --quote\n       \
                            mychips pay [OPTIONS] --as <USER> <LINK>\n       \
                            mychips pay [OPTIONS] --as <USER> --invoice <INVOICE>"
)]
#[command(after_long_help = "\
JSON, on a tally of your own:
  chit, tally   uuids
  amount        in milli-CHIPs
  balance       your balance now, in milli-CHIPs: negative where you owe
  status        of the tally

JSON, over tallies of others:
  payment, lift  their ids
  payee          its address
  amount         what the payee got, in milli-CHIPs
  given, cost    what you gave, and what of it did not arrive
  most           the most that you signed; null where it was paid before

JSON of --quote:
  by             tally or lift
  payee, amount  as above
  given, cost    what you would give; null where it cannot be paid now
  tally          your own, over which it leaves
  tallies        how many it goes over, to another site at least; shares: what
                 each of those between at this site is left with, by name only
                 your own partner
  parts          in how many parts it goes; more than one only to another site
  possible       the most that can be paid now; to another site no more is
                 looked for than the amount
  why_not        not_connected, too_far, payees_room, payers_room, room_between
  proved         whether all ways were looked at

JSON of --quote without an amount:
  by, payee      as above
  possible       the most that can be paid now, and given: what you would give
                 for it, at most
  leaves_by      your own tallies over which it would leave
  parts, proved  as above

Exit codes:
  0  paid, or quoted    1  refused, or you said no: nothing was paid
  2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips pay bob 12.50 --as ann --memo 'two crates of pears'
  mychips pay 3f2a 100 --as ann --ref INV-2026-17 --once INV-2026-17
  mychips pay --invoice 9c41 --as ann
  mychips pay zoe 40 --as ann --quote
  mychips pay zoe --as ann --quote
  mychips pay zoe 40 --as ann --yes --most 40.50
  mychips pay 'chip://dan:12D3Koo…#pay/12500/…' --as ann
  mychips pay chip://dan:12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X@chips.example.org:8421 5 --as ann")]
pub(crate) struct Pay {
    /// The partner, or the tally; or somebody with whom you have no tally: a user of this site, or the address
    /// of one elsewhere, or a link that asks for a payment
    #[arg(value_name = "PARTNER|TALLY|USER|ADDRESS", required_unless_present = "invoice")]
    to: Option<String>,
    /// How much, in CHIPs: 12, 12.5, 0.001; a link says it itself
    #[arg()]
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
    /// The most that you give, charges included [default: what it would cost at this moment]
    #[arg(long, value_name = "CHIPS", conflicts_with = "invoice")]
    most: Option<Units>,
    /// Show what it would cost and how much can be paid, without an amount the most; pay nothing
    #[arg(long, conflicts_with_all = ["invoice", "over_limit", "most"])]
    quote: bool,
    /// Do not ask before it is signed [default where the input is no terminal]
    #[arg(long, conflicts_with = "quote")]
    yes: bool,
    /// Pay this once: given again with all the same words, nothing more is paid
    #[arg(long, value_name = "NAME")]
    once: Option<String>,
    /// The payee's link, and what it said.
    #[arg(skip)]
    link: Option<(String, Hint)>,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// How much is paid.
#[derive(Clone, Copy)]
struct Amount {
    units: Positive,
}

/// The most that can be paid, as it is written.
#[derive(Serialize)]
struct Most<'a> {
    by: &'static str,
    payee: String,
    possible: Units,
    given: Units,
    leaves_by: &'a [TallyId],
    parts: u32,
    proved: bool,
}

pub(crate) fn run(flags: &Pay) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    if let Some(named) = &flags.invoice {
        return direct::invoice(&visit, &keys, flags, named);
    }
    let Some(to) = &flags.to else {
        return Err(Failure::misused("say whom to pay, and how much; or --invoice"));
    };
    if let Some(link) = link::read(to)? {
        let (to, flags) = link::asked(flags, link)?;
        return amount(&visit, &keys, &flags, &to);
    }
    amount(&visit, &keys, flags, to)
}

fn amount(visit: &Visit, keys: &Keys, flags: &Pay, to: &str) -> Result<(), Failure> {
    let Some(amount) = flags.amount else {
        if flags.quote {
            return whom::most(visit, flags, to);
        }
        return Err(Failure::misused("say how much: mychips pay WHOM AMOUNT"));
    };
    let units =
        Positive::try_from(amount).map_err(|_| Failure::misused("AMOUNT must be more than 0"))?;
    whom::pay(visit, keys, flags, to, Amount { units })
}

impl Pay {
    fn hint(&self) -> Option<Hint> {
        self.link.as_ref().map(|(_, hint)| *hint)
    }

    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}

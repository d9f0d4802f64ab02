//! `mychips lift`: what was cleared and paid over several tallies at the site, and clearing it; `free.rs` is for lifts
//! that nobody decides, `open.rs` for those that are under way, `give.rs` for those that a site has lost with the agent that it was.

mod free;
mod give;
mod open;

use std::collections::BTreeMap;
use std::time::Instant;

use clap::{Args, Subcommand};
use protocol::lift::{Authorisation, Certificate};
use protocol::{Cuid, Lift as Record, LiftId, TallyId, Timestamp, Units};
use serde::Serialize;
use site::{AllowedBy, Answer, Cleared, Command, LegLine, LiftLine, Part};

use super::part;
use crate::failure::Failure;
use crate::flags::Place;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};
use free::Free;
use give::Give;
use open::Open;
pub(super) use open::waits_for;

/// Lifts: value that moves over several tallies at once: debts that vanish round in circles, payments
/// to somebody with whom one has no tally.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Lift {
    Clear(Clear),
    List(List),
    Open(Open),
    Show(Show),
    Free(Free),
    Give(Give),
}

/// Clear the debts between users of this site: the most that can be, exactly.
///
/// Wherever debts run in a circle, everybody in it can be rid of a debt and give up a claim of the
/// same size. All such circles together become one lift: it writes at most one chit on each tally, on
/// all of them or on none, and nobody is richer or poorer by it. It only makes debts smaller, costs
/// nothing, and needs nobody's further word. With nothing to clear, nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  cleared     what debts shrank by, all together, in milli-CHIPs
  total_debt  what was owed before, between users of this site
  share       the one as a fraction of the other
  tallies     that got a chit
  users       who owe less now
  lift        its id; null where there was nothing to clear
  seconds     the whole run

Exit codes:
  0  done, or nothing to clear    1  refused, nothing was written
  2  wrong usage                  3  reading or writing failed, or in use")]
pub(crate) struct Clear {
    #[command(flatten)]
    place: Place,
}

/// List the lifts, newest first.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  lifts   each with lift (its id), mode, status, date, tallies, and moved:
          of a clearing what debts shrank by, in milli-CHIPs; and part: what
          it was for whoever looks: cleared, paid, received or passed_on

Of a payment a user sees its own tallies only. Payer and payee see each other,
what arrived and what it was for; what was given, the payer alone. Those between
see what they are left with.")]
pub(crate) struct List {
    /// Only those that touched this user's tallies
    #[arg(long = "as", value_name = "USER")]
    user: Option<Cuid>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

/// Show a lift: what it moved, by which settings or signature, and the proof of its decision.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  lift, mode, status, date, tallies, moved, part
  record       the lift as it was decided: its hash is its id
  certificate  the decision, signed by the referees
  authorisation  of a payment, for its payer: what it signed
  legs         what it did to each half of a tally: holder, partner, tally,
               effect on the holder's balance, in milli-CHIPs, and allowed_by:
    holder, partner  the settings of both that were in force: counter, chit,
                     date; counter 0 is the signed tally, null is not known
    authorisation    where the holder paid by it: payment, hash, date

Examples:
  mychips lift show 47DEQ
  mychips lift show 47DEQ --as ann --json")]
pub(crate) struct Show {
    /// The lift's id, or how it begins
    #[arg(allow_hyphen_values = true)]
    lift: String,
    /// Only what it did to this user's tallies
    #[arg(long = "as", value_name = "USER")]
    user: Option<Cuid>,
    #[command(flatten)]
    place: Place,
}

/// What a clearing did, in JSON.
#[derive(Serialize)]
struct Done {
    cleared: i128,
    total_debt: i128,
    share: f64,
    tallies: u64,
    users: u64,
    lift: Option<LiftId>,
    seconds: f64,
}

/// A lift, in JSON.
#[derive(Serialize)]
struct Line {
    lift: LiftId,
    mode: String,
    status: String,
    date: Timestamp,
    tallies: u64,
    moved: i128,
    part: Part,
}

#[derive(Serialize)]
struct Lifts {
    lifts: Vec<Line>,
}

#[derive(Serialize)]
struct Leg {
    holder: Cuid,
    partner: Option<String>,
    tally: TallyId,
    effect: Units,
    allowed_by: AllowedBy,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    line: Line,
    record: Record,
    certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorisation: Option<Authorisation>,
    legs: Vec<Leg>,
}

/// How many ids are looked through for one that begins as was said.
const LOOKED_THROUGH: u32 = 500;

pub(crate) fn run(flags: &Lift) -> Result<(), Failure> {
    let started = Instant::now();
    let visit = || Visit::enter(&visit::data(flags.place().data.as_deref())?);
    match flags {
        Lift::Clear(flags) => clear(flags, &visit()?, started),
        Lift::List(flags) => list(flags, &visit()?),
        Lift::Open(flags) => open::run(flags, &visit()?),
        Lift::Show(flags) => show(flags, &visit()?),
        Lift::Free(flags) => free::run(flags),
        Lift::Give(flags) => give::run(flags),
    }
}

fn clear(flags: &Clear, visit: &Visit, started: Instant) -> Result<(), Failure> {
    let Answer::Cleared(found) = visit.administer(Command::Clear)? else {
        return Err(Failure::refused("other_answer", "the site answered another question"));
    };
    let Cleared { lift, cleared, total_debt, tallies, users } = found;
    let share = share(cleared, total_debt);
    let seconds = started.elapsed().as_secs_f64();
    let done = Done { cleared, total_debt, share, tallies, users, lift, seconds };
    say::either(flags.place.json, &done, || {
        let Some(lift) = lift else {
            let owed = say::amount(total_debt);
            return format!("Nothing to clear: {owed} is owed, and no debts run in a circle");
        };
        let tallies = say::counted(tallies, "tally", "tallies");
        let users = say::counted(users, "user owes", "users owe");
        format!(
            "Cleared {} of {} owed ({:.1} %): {users} less, by a chit on {tallies}\nlift  {lift}",
            say::amount(cleared),
            say::amount(total_debt),
            share * 100.0
        )
    })
}

/// What is cleared as a fraction of all, to six places.
fn share(cleared: i128, all: i128) -> f64 {
    let millionths = cleared.saturating_mul(1_000_000).checked_div(all).unwrap_or(0);
    f64::from(i32::try_from(millionths).unwrap_or(1_000_000)) / 1e6
}

fn line(found: LiftLine) -> Line {
    let LiftLine { lift, mode, status, date, tallies, moved, part, .. } = found;
    Line { lift, mode, status, date, tallies, moved, part }
}

fn list(flags: &List, visit: &Visit) -> Result<(), Failure> {
    let user = flags.user.as_ref();
    let lifts = visit.lifts(user, flags.limit)?;
    let lifts: Vec<Line> = lifts.into_iter().map(line).collect();
    if flags.place.json {
        return say::json(&Lifts { lifts });
    }
    if lifts.is_empty() {
        return say::text("No lift yet: mychips lift clear");
    }
    let mut table = Table::new(&[
        ("Lift", Set::Whole),
        ("Date", Set::Whole),
        ("For", Set::Whole),
        ("Status", Set::Whole),
        ("Tallies", Set::Right),
        ("Moved", Set::Right),
    ]);
    for lift in lifts {
        let short = lift.lift.to_string().chars().take(8).collect();
        let (date, moved) = (say::minute(lift.date), say::amount(lift.moved));
        let what = match user {
            Some(_) => part::short(&lift.mode, &lift.part),
            None => lift.mode,
        };
        table.row([short, date, what, lift.status, lift.tallies.to_string(), moved]);
    }
    say::text(&table.render(&Look::of_stdout()))
}

fn show(flags: &Show, visit: &Visit) -> Result<(), Failure> {
    let user = flags.user.as_ref();
    let id = find(visit, user, &flags.lift)?;
    let (found, legs) = visit.lift(user, id)?;
    let line = line(found.line);
    if flags.place.json {
        let leg = |leg: LegLine| {
            let LegLine { holder, partner, tally, effect, allowed_by, .. } = leg;
            Leg { holder, partner, tally, effect, allowed_by }
        };
        let legs = legs.into_iter().map(leg).collect();
        let (record, certificate) = (found.record, found.certificate);
        let authorisation = found.authorisation;
        return say::json(&Whole { line, record, certificate, authorisation, legs });
    }
    let referees: Vec<String> = found.record.referees.iter().map(ToString::to_string).collect();
    let mut rows = vec![
        ("Lift", line.lift.to_string()),
        ("For", line.mode.clone()),
        ("Status", line.status.clone()),
        ("Date", say::minute(line.date)),
    ];
    let signed = found.authorisation.as_ref().map(|signed| signed.date);
    rows.extend(part::rows(&line.part, signed));
    rows.extend([
        ("Tallies", line.tallies.to_string()),
        ("Moved", say::amount(line.moved)),
        ("Referee", referees.join("\n")),
    ]);
    let mut page = say::sheet(&rows);
    let mut table = Table::new(&[
        ("Holder", Set::Left),
        ("Partner", Set::Left),
        ("Tally", Set::Whole),
        ("Balance", Set::Right),
        ("Holder's settings", Set::Whole),
        ("Partner's settings", Set::Whole),
    ]);
    // Of a tally both of whose halves are shown, the one whose holder owes less now says it all.
    let mut halves: BTreeMap<TallyId, u32> = BTreeMap::new();
    for leg in &legs {
        *halves.entry(leg.tally).or_default() += 1;
    }
    let alone = |leg: &LegLine| halves.get(&leg.tally) == Some(&1);
    for leg in legs.iter().filter(|leg| leg.effect > Units::ZERO || alone(leg)) {
        let partner = leg.partner.as_deref().unwrap_or_default();
        let partner = partner.split(':').next().unwrap_or_default().to_owned();
        let tally = leg.tally.to_string().chars().take(8).collect();
        let sign = if leg.effect > Units::ZERO { "+" } else { "" };
        let effect = format!("{sign}{}", say::units(leg.effect));
        let AllowedBy { holder, partner: partners, .. } = &leg.allowed_by;
        let [by, with] = [holder, partners].map(|signed| part::settings(signed.as_ref()));
        table.row([leg.holder.to_string(), partner, tally, effect, by, with]);
    }
    page.push('\n');
    say::text(&(page + &table.render(&Look::of_stdout())))
}

/// The lift that is meant by its id or how that begins.
fn find(visit: &Visit, user: Option<&Cuid>, named: &str) -> Result<LiftId, Failure> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let lifts = visit.lifts(user, LOOKED_THROUGH)?;
    let begins = |lift: &&LiftLine| lift.lift.to_string().starts_with(named);
    let mut found = lifts.iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(lift), None) => Ok(lift.lift),
        (Some(_), Some(_)) => {
            let text = format!("several lifts begin with {named}: say more of it");
            Err(Failure::refused("several_lifts", text))
        }
        (None, _) => {
            let text = format!("no lift begins with {named}: see mychips lift list");
            Err(Failure::refused("no_lift", text))
        }
    }
}

impl Lift {
    const fn place(&self) -> &Place {
        match self {
            Self::Clear(flags) => &flags.place,
            Self::List(flags) => &flags.place,
            Self::Open(flags) => &flags.place,
            Self::Show(flags) => &flags.place,
            Self::Free(flags) => &flags.place,
            Self::Give(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

//! `mychips lift give`: a user says whether it gave by a lift which its partner's site or a device knows, and its own site
//! has lost.

use clap::Args;
use protocol::{LiftId, TallyId, Units};
use serde::Serialize;
use site::{Claimed, Command, Summary, Wish};

use crate::commands::tally;
use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place};
use crate::keys::Keys;
use crate::say;
use crate::visit::{self, Visit};

/// Say whether you gave by a lift that your site has lost.
///
/// For a site that was restored from a backup and has another agent since. Your partner's site, or a device, may then
/// know a lift by which you gave; your own site said so at the time, but as the agent that it was, whose key
/// others may have now. So it takes nobody's word for it but yours: mychips tally show tells which lift and how
/// much, and the tally waits until you say. Say that you gave only where it is so: ask whom you paid, or look at what
/// you have kept. With --not it is left out, and you are not asked again; who was wrong may still say --sure.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  lift, tally, partner
  units     what you are asked about, in milli-CHIPs
  gave      whether you said that you gave it

Exit codes:
  0  said    1  refused: not sure, or nobody asks about such a lift
  2  wrong usage                  3  reading or writing failed, or in use

Examples:
  mychips tally show bob --as ann
  mychips lift give 47DEQ --as ann --tally bob --sure 4.767
  mychips lift give 47DEQ --as ann --tally bob --not")]
pub(crate) struct Give {
    /// The lift's id, or how it begins
    #[arg(allow_hyphen_values = true)]
    lift: String,
    #[command(flatten)]
    who: As,
    /// On which tally: the partner's name, the tally's uuid, or how that begins
    #[arg(long, value_name = "TALLY")]
    tally: String,
    /// It is so: you gave this amount, as you are asked
    #[arg(long, value_name = "AMOUNT", conflicts_with = "not")]
    sure: Option<Units>,
    /// It is not so: you gave nothing by it
    #[arg(long)]
    not: bool,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct Said {
    lift: LiftId,
    tally: TallyId,
    partner: String,
    units: Units,
    gave: bool,
}

pub(super) fn run(flags: &Give) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let half = tally::find(&visit, &flags.who.user, &flags.tally)?;
    let partner = say::partner_name(&half);
    let claimed = claimed(&half, &flags.lift)?;
    let (lift, units) = (claimed.lift, claimed.units);
    let wish = match flags.sure {
        None if flags.not => Wish::Deny(lift),
        // As it was shown before: meanwhile it may be another one whose name begins alike.
        Some(sure) if sure == units => Wish::Give { lift, units },
        _ => return Err(Failure::refused("not_sure", question(&partner, units))),
    };
    visit.ask(&half.holder, Command::Tally { tally: half.tally, wish })?;
    let said = Said { lift, tally: half.tally, partner, units, gave: !flags.not };
    say::either(flags.place.json, &said, || {
        let (amount, partner) = (say::units(said.units), &said.partner);
        match said.gave {
            true => format!(
                "Said: you gave {amount} to {partner} by that lift; it is on your tally again"
            ),
            false => {
                format!("Said: you gave {partner} nothing by that lift; you are not asked again")
            }
        }
    })
}

/// The lift that is meant, among those that the holder is asked about.
fn claimed(half: &Summary, named: &str) -> Result<Claimed, Failure> {
    // An empty word means none, not the only one.
    let means = |one: &&Claimed| !named.is_empty() && one.lift.to_string().starts_with(named);
    let mut meant = half.claimed.iter().filter(means);
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => {
            let text = format!("several lifts begin with {named}: say more of it");
            Err(Failure::refused("several_lifts", text))
        }
        (None, _) => {
            let text = format!(
                "you are asked about no lift that begins with {named} on this tally: see mychips tally show"
            );
            Err(Failure::refused("no_lift", text))
        }
    }
}

/// What whoever says that it gave is asked before.
fn question(partner: &str, units: Units) -> String {
    format!(
        "did you give {0} to {partner} by that lift? Your site said so when it was another agent, whose key others may \
         have now. If it is so, say --sure {0}: you owe that much more, or are owed less. If not, --not",
        say::units(units)
    )
}

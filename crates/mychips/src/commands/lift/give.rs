//! `mychips lift give`: a user says that it gave by a lift which its partner's site knows and its own has lost.

use clap::Args;
use protocol::{LiftId, TallyId, Units};
use serde::Serialize;
use site::{Command, Wish};

use crate::commands::tally;
use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place};
use crate::keys::Keys;
use crate::say;
use crate::visit::{self, Visit};

/// Say that you gave by a lift that your site has lost.
///
/// For a site that was restored from a backup and has another agent since. Your partner's site may then know a lift
/// by which you gave; your own site said so at the time, but as the agent that it was, whose key others may
/// have now. So it takes nobody's word for it but yours: an event told you of it, and your tally waits
/// until you say. Say it only where it is so: ask whom you paid, or look at what you have kept.
///
/// If the amount is another one, or the partner does not show the lift, nothing moves.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  lift, tally, partner
  units     what you gave, in milli-CHIPs

Exit codes:
  0  said; the partner's site is asked for the lift    1  refused: too many are open on the tally
  2  wrong usage                                       3  reading or writing failed, or in use

Examples:
  mychips lift give 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU 4.767 --as ann --tally bob")]
pub(crate) struct Give {
    /// The lift's id, whole
    #[arg(allow_hyphen_values = true)]
    lift: LiftId,
    /// How much you gave, in CHIPs
    #[arg(value_name = "AMOUNT")]
    units: Units,
    #[command(flatten)]
    who: As,
    /// On which tally: the partner's name, the tally's uuid, or how that begins
    #[arg(long, value_name = "TALLY")]
    tally: String,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct Given {
    lift: LiftId,
    tally: TallyId,
    partner: String,
    units: Units,
}

pub(super) fn run(flags: &Give) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    if flags.units <= Units::ZERO {
        return Err(Failure::misused("AMOUNT must be more than 0"));
    }
    let half = tally::find(&visit, &flags.who.user, &flags.tally)?;
    let (lift, units) = (flags.lift, flags.units);
    let wish = Wish::Give { lift, units };
    visit.ask(&half.holder, Command::Tally { tally: half.tally, wish })?;
    let given = Given { lift, tally: half.tally, partner: say::partner_name(&half), units };
    say::either(flags.place.json, &given, || {
        format!(
            "Said: you gave {} to {}. Its site is asked for the lift, and mychips tally show tells when it is there",
            say::units(units),
            given.partner
        )
    })
}

//! `mychips lift free`: a user signs that what a lift has set aside on its tally may be used again, though nobody has
//! decided it.

use clap::Args;
use protocol::{Cuid, Freed, LiftId, TallyId, Units};
use serde::Serialize;
use site::{Clock as _, Command, Promised, Summary, Whose, Wish};

use crate::commands::tally;
use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place};
use crate::keys::Keys;
use crate::say;
use crate::visit::{self, Visit};
use crate::world::World;

/// Sign that what an undecided lift keeps locked on your tally may be used again.
///
/// For a lift whose deadline has passed and whose referees are gone. Once your partner has signed the
/// same, that room is free on both sides of your tally; one of you alone frees nothing. Other tallies of
/// the lift stay as they are.
///
/// The risk: nothing is decided by it. If a referee comes back with the decision that the lift is valid,
/// the amount moves all the same, also where the room has been used meanwhile; your balance may then be
/// beyond your limits and settings. So you are asked to say --sure.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  lift, tally, partner
  effect    what it would add to your balance, in milli-CHIPs; null where your
            half has set nothing aside
  freed_by  who has signed: holder, partner; both: it is free

Exit codes:
  0  signed    1  refused: not sure, too early, decided, nothing locked
  2  wrong usage                  3  reading or writing failed, or in use

Examples:
  mychips lift open --as ann
  mychips lift free 47DEQ --as ann --sure")]
pub(crate) struct Free {
    /// The lift's id, or how it begins
    #[arg(allow_hyphen_values = true)]
    lift: String,
    #[command(flatten)]
    who: As,
    /// On which tally, where you stand between two: the partner's name, the tally's uuid, or how that begins
    #[arg(long, value_name = "TALLY")]
    tally: Option<String>,
    /// You know the risk: what is decided later moves all the same
    #[arg(long)]
    sure: bool,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct Signed {
    lift: LiftId,
    tally: TallyId,
    partner: String,
    effect: Option<Units>,
    freed_by: Vec<Whose>,
}

pub(super) fn run(flags: &Free) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let (half, promised) = find(&visit, flags)?;
    let partner = say::partner_name(&half);
    if !flags.sure {
        return Err(Failure::refused("not_sure", risk(&partner, &promised)));
    }
    let signing = tally::signing(&half)?;
    let freed = Freed {
        tally: half.tally,
        lift: promised.lift,
        by: half.side,
        date: World.now(),
        key: signing.name,
        sign: None,
    };
    let freed = freed.signed(&keys.for_tally(&half.holder, &signing.public)?);
    let freed = freed.map_err(|error| Failure::refused("signature", error.to_string()))?;
    let wish = Wish::Free(Box::new(freed));
    visit.ask(&half.holder, Command::Tally { tally: half.tally, wish })?;
    let now = visit.tally(&half.holder, half.tally)?;
    let now = now.promised.into_iter().find(|one| one.lift == promised.lift);
    let freed_by = now.map(|one| one.freed_by).unwrap_or_default();
    let Promised { lift, effect, .. } = promised;
    let signed = Signed { lift, tally: half.tally, partner, effect, freed_by };
    say::either(flags.place.json, &signed, || page(&signed))
}

/// The tally that is meant, and what the lift has to do with it.
fn find(visit: &Visit, flags: &Free) -> Result<(Summary, Promised), Failure> {
    let user = &flags.who.user;
    let halves = match &flags.tally {
        Some(named) => vec![tally::find(visit, user, named)?],
        None => tally::all(visit, user)?,
    };
    let mut found: Vec<(Summary, Promised)> = Vec::new();
    for half in halves {
        // An empty word means none, not the only one.
        let means = |one: &&Promised| {
            !flags.lift.is_empty() && one.lift.to_string().starts_with(&flags.lift)
        };
        let meant: Vec<Promised> = half.promised.iter().filter(means).cloned().collect();
        found.extend(meant.into_iter().map(|one| (half.clone(), one)));
    }
    if found.len() > 1 {
        let several = found.iter().any(|(_, one)| one.lift != found[0].1.lift);
        return Err(if several {
            let text = format!("several lifts begin with {}: say more of it", flags.lift);
            Failure::refused("several_lifts", text)
        } else {
            Failure::refused("ambiguous", between(user, &found))
        });
    }
    found.pop().ok_or_else(|| {
        let text = format!(
            "nothing is locked on a tally of {user} for a lift that begins with {}: see mychips lift open --as {user}",
            flags.lift
        );
        Failure::refused("no_lift", text)
    })
}

/// Whoever stands between two in a lift says which of them is meant.
fn between(user: &Cuid, found: &[(Summary, Promised)]) -> String {
    let partners: Vec<String> = found.iter().map(|(half, _)| say::partner_name(half)).collect();
    format!(
        "the lift goes over several tallies of {user}, with {}: say which with --tally",
        partners.join(" and ")
    )
}

/// What whoever signs is told before.
fn risk(partner: &str, promised: &Promised) -> String {
    let lift: String = promised.lift.to_string().chars().take(8).collect();
    let Some(effect) = promised.effect else {
        return format!(
            "lift {lift} has nothing set aside on your half of the tally; your partner {partner} says that its half \
             has, and asks you to sign that it is free. If the lift is decided to be valid, what it moves between you \
             moves all the same, and your balance may be beyond your limits and settings. Where its referees are gone \
             for good, and you take that risk, say --sure"
        );
    };
    let (amount, way) = if effect < Units::ZERO {
        (say::units(effect.negated()), format!("from you to {partner}"))
    } else {
        (say::units(effect), format!("from {partner} to you"))
    };
    format!(
        "lift {lift} may still be decided: then {amount} moves {way} all the same, also where you have used the room \
         meanwhile, and your balance may be beyond your limits and settings. Where its referees are gone for good, and \
         you take that risk, say --sure"
    )
}

fn page(signed: &Signed) -> String {
    let Signed { partner, effect, freed_by, .. } = signed;
    let what = effect.map_or_else(
        || "what the lift has set aside there".to_owned(),
        |effect| say::units(if effect < Units::ZERO { effect.negated() } else { effect }),
    );
    if freed_by.len() == 2 {
        format!("Free: you and {partner} have both signed that {what} may be used again")
    } else {
        format!("Signed: {what} is free once {partner} has signed the same")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promised(effect: Option<i64>) -> Promised {
        let effect = effect.map(|milli| Units::new(milli).unwrap());
        Promised { lift: LiftId::from_bytes([9; 32]), effect, freed_by: Vec::new() }
    }

    /// Whoever signs is told before which way how much may still move, and that nothing is decided by it.
    #[test]
    fn the_risk_names_the_amount_and_the_way() {
        let gives = risk("Bob Smith", &promised(Some(-5_000)));
        assert!(gives.contains("then 5.000 moves from you to Bob Smith all the same"), "{gives}");
        let takes = risk("Bob Smith", &promised(Some(5_000)));
        assert!(takes.contains("then 5.000 moves from Bob Smith to you all the same"), "{takes}");
        let nothing = risk("Bob Smith", &promised(None));
        assert!(nothing.contains("nothing set aside on your half"), "{nothing}");
        for text in [gives, takes, nothing] {
            assert!(text.contains("moves") && text.contains("all the same"), "{text}");
            assert!(text.contains("beyond your limits and settings"), "{text}");
            assert!(text.ends_with("say --sure"), "{text}");
        }
    }

    #[test]
    fn only_with_both_words_it_is_said_to_be_free() {
        let signed = |freed_by: &[Whose]| Signed {
            lift: LiftId::from_bytes([9; 32]),
            tally: TallyId::random([1; 16]),
            partner: "Bob Smith".to_owned(),
            effect: Some(Units::new(-5_000).unwrap()),
            freed_by: freed_by.to_vec(),
        };
        let one = page(&signed(&[Whose::Holder]));
        assert_eq!(one, "Signed: 5.000 is free once Bob Smith has signed the same");
        let both = page(&signed(&[Whose::Holder, Whose::Partner]));
        assert_eq!(both, "Free: you and Bob Smith have both signed that 5.000 may be used again");
    }
}

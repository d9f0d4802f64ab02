//! `mychips lift open`: lifts and payments between sites that are under way: how far each has come, why an attempt before
//! came to nothing, and who has yet to decide.

use std::collections::BTreeSet;

use clap::Args;
use protocol::{AgentId, ChipAddress, Cuid, LiftId, Units};
use serde::Serialize;
use site::{Attempt, Making, OpenLeg, OpenLift, Phase};

use crate::failure::Failure;
use crate::flags::Place;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::Visit;

/// List lifts between sites that are not done, the oldest first: what is locked, and who decides.
///
/// A lift that this site has promised keeps its room on each tally until its referees have decided: no
/// clock here frees it. While they can be reached that takes seconds, and half a minute at most. Where
/// they are gone, the two users of a tally free it by both signing: mychips lift free.
///
/// Payments to other sites are there as soon as they are asked for, with their attempts: what stood in the way of
/// the one before, and for which referees it waits.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  open    each with lift (its id), mode, date, deadline, referees, legs,
          since (when it came there) and phase:
          begun     nothing is promised here: something has to come first
          freed     promised, and its users have signed that nothing is locked
          promised  what it moves is locked until it is decided
          refused   somebody refuses: it will be void; what is locked waits
          decided   and what follows is being done
          legs: holder, tally, effect on the holder's balance, in milli-CHIPs,
          and freed_by: who has signed that it is free, holder, partner, both
          unanswered: the referees for whose decision it waits, while it is
          promised; unreached: those of them that could not be reached
          why: why it will be void, or is (see below)
          payment, payer, payee, units: of a payment from here, for its payer;
          attempt: its number, and before: why the one before came to nothing
  making  payments from here to other sites, each with payer, payment, payee,
          units, phase, since, attempt, tallies, parts, lift, unanswered,
          unreached; phase as above, or before there is a lift:
          searching   a way is looked for
          laying_out  it was found, and the sites on it are asked
          resting     an attempt came to nothing; the next begins in a moment

Why an attempt came to nothing:
  room, settings, busy, referees, deadline, payment, unknown
          what a site on the way said that refused
  late    its deadline passed before all on the way had promised
  silent  a site on the way did not answer while it was laid out")]
pub(crate) struct Open {
    /// Only those that wait on this user's tallies
    #[arg(long = "as", value_name = "USER")]
    user: Option<Cuid>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct AllOpen {
    open: Vec<OpenLift>,
    making: Vec<Making>,
}

pub(super) fn run(flags: &Open, visit: &Visit) -> Result<(), Failure> {
    let user = flags.user.as_ref();
    let all = AllOpen { making: visit.making(user)?, open: visit.open_lifts(user)? };
    if flags.place.json {
        return say::json(&all);
    }
    say::text(&page(&all, &Look::of_stdout()))
}

fn page(all: &AllOpen, look: &Look) -> String {
    let is_open = |making: &Making| all.open.iter().any(|open| making.lift == Some(open.lift));
    let unlisted: Vec<&Making> = all.making.iter().filter(|making| !is_open(making)).collect();
    if all.open.is_empty() && unlisted.is_empty() {
        return "No lift between sites is open: nothing is locked".to_owned();
    }
    let mut table = Table::new(&[
        ("Lift", Set::Whole),
        ("Since", Set::Whole),
        ("For", Set::Left),
        ("Phase", Set::Whole),
        ("Locks", Set::Right),
        ("Decided by", Set::Left),
    ]);
    let mut remarks = Vec::new();
    for open in &all.open {
        table.row(row(open));
        remarks.extend(remarks_on(open));
    }
    for making in unlisted {
        table.row([
            making.lift.map_or_else(|| "none yet".to_owned(), short),
            say::minute(making.since),
            payment(making.units, &making.payee),
            word(making.phase),
            "nothing".to_owned(),
            String::new(),
        ]);
        let what = format!("{} to {}", say::units(making.units), making.payee.cuid);
        remarks.extend(before(&what, making.attempt));
    }
    let mut page = table.render(look);
    if !remarks.is_empty() {
        page.push('\n');
    }
    for remark in remarks {
        page.push_str(&remark);
        page.push('\n');
    }
    page
}

fn row(open: &OpenLift) -> [String; 6] {
    let what = match (&open.payee, open.units) {
        (Some(payee), Some(units)) => payment(units, payee),
        _ => open.mode.clone(),
    };
    let locks = |leg: &&OpenLeg| leg.holder.is_some() && leg.freed_by.len() < 2;
    let locked = open.legs.iter().filter(locks);
    let locked = locked.map(|leg| leg.tally).collect::<BTreeSet<_>>().len();
    let locks = say::counted(u64::try_from(locked).unwrap_or(u64::MAX), "tally", "tallies");
    let decided_by = match &open.referees[..] {
        [one] => one.to_string(),
        all => format!("{} referees", all.len()),
    };
    [short(open.lift), say::minute(open.since), what, word(open.phase), locks, decided_by]
}

/// What its row has no room for.
fn remarks_on(open: &OpenLift) -> Vec<String> {
    let lift = short(open.lift);
    let mut remarks: Vec<String> = before(&lift, open.attempt).into_iter().collect();
    remarks.extend(open.why.map(|why| format!("{lift}: nothing comes of it: {why}")));
    let waits = waits_for(&open.unanswered, &open.unreached);
    if !waits.is_empty() {
        remarks.push(format!("{lift}: {waits}"));
    }
    remarks
}

/// Which attempt it is, and why the one before came to nothing.
fn before(what: &str, attempt: Option<Attempt>) -> Option<String> {
    let Attempt { number, before } = attempt?;
    Some(format!("{what}: attempt {number}; the one before came to nothing: {}", before?))
}

fn payment(units: Units, payee: &ChipAddress) -> String {
    format!("{} to {}", say::units(units), payee.cuid)
}

fn short(lift: LiftId) -> String {
    lift.to_string().chars().take(8).collect()
}

fn word(phase: Phase) -> String {
    let word = match phase {
        Phase::Searching => "searching",
        Phase::LayingOut => "laying out",
        Phase::Resting => "resting",
        Phase::Begun => "begun",
        Phase::Freed => "freed",
        Phase::Promised => "promised",
        Phase::Refused => "refused",
        Phase::Decided => "decided",
    };
    word.to_owned()
}

/// Which referees are waited for, and which of them cannot be reached; empty where none is waited for.
pub(in crate::commands) fn waits_for(unanswered: &[AgentId], unreached: &[AgentId]) -> String {
    let named =
        |agents: &[AgentId]| agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (unanswered, unreached) {
        ([], _) => String::new(),
        ([one], []) => format!("its referee {one} has not answered"),
        ([one], _) => format!("its referee {one} has not answered, and cannot be reached"),
        (all, []) => format!("it waits for its referees {}", named(all)),
        (all, gone) => {
            format!("it waits for its referees {}; cannot be reached: {}", named(all), named(gone))
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Hash, PaymentId, SecretKey, Signer as _, Timestamp};
    use site::WhyVoid;

    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::of(&SecretKey::ed25519(&[number; 32]).public_key()).unwrap()
    }

    fn payee(name: &str) -> ChipAddress {
        ChipAddress { cuid: name.parse().unwrap(), agent: agent(9), endpoint: None }
    }

    /// A payment that is promised in its second attempt, while one of its four referees is gone.
    fn promised(name: &str) -> OpenLift {
        let referees: Vec<AgentId> = (1..=4).map(agent).collect();
        OpenLift {
            lift: Hash::of(b"a lift").into(),
            mode: "payment".to_owned(),
            phase: Phase::Promised,
            since: Timestamp::from_ms(1_000).unwrap(),
            date: Timestamp::from_ms(0).unwrap(),
            deadline: Timestamp::from_ms(30_000).unwrap(),
            referees: referees.clone(),
            unanswered: referees.clone(),
            unreached: vec![referees[1]],
            why: None,
            payment: Some(PaymentId::random([1; 16])),
            payer: Some("ann".parse().unwrap()),
            payee: Some(payee(name)),
            attempt: Some(Attempt { number: 2, before: Some(WhyVoid::Busy) }),
            units: Some(Units::new(5_000).unwrap()),
            legs: Vec::new(),
        }
    }

    fn searching(name: &str) -> Making {
        Making {
            payer: "ann".parse().unwrap(),
            payment: PaymentId::random([2; 16]),
            payee: payee(name),
            units: Units::new(7_000).unwrap(),
            phase: Phase::LayingOut,
            since: Timestamp::from_ms(2_000).unwrap(),
            attempt: Some(Attempt { number: 3, before: Some(WhyVoid::Late) }),
            tallies: Some(3),
            parts: Some(1),
            lift: None,
            unanswered: Vec::new(),
            unreached: Vec::new(),
        }
    }

    #[test]
    fn what_is_under_way_is_said_with_why_it_was_begun_anew_and_who_has_not_answered() {
        let all = AllOpen { open: vec![promised("dan")], making: vec![searching("eve")] };
        let page = page(&all, &Look { columns: 80, colour: false });
        let lift: String = all.open[0].lift.to_string().chars().take(8).collect();
        let [one, two, three, four] = [1, 2, 3, 4].map(agent);
        let expected = format!(
            "Lift      Since             For           Phase           Locks  Decided by\n\
             {lift}  1970-01-01 00:00  5.000 to dan  promised    0 tallies  4 referees\n\
             none yet  1970-01-01 00:00  7.000 to eve  laying out    nothing\n\
             \n\
             {lift}: attempt 2; the one before came to nothing: other lifts are under way over the \
             same tallies\n\
             {lift}: it waits for its referees {one}, {two}, {three}, {four}; cannot \
             be reached: {two}\n\
             7.000 to eve: attempt 3; the one before came to nothing: its deadline passed before all \
             sites on the way had promised\n"
        );
        assert_eq!(page, expected);
    }

    #[test]
    fn rows_fit_a_usual_terminal_whatever_names_are_in_them() {
        let long = "n".repeat(40);
        let all = AllOpen { open: vec![promised(&long)], making: vec![searching(&long)] };
        let page = page(&all, &Look { columns: 80, colour: false });
        let rows = page.lines().take(3);
        rows.for_each(|row| assert!(crate::text::width(row) <= 80, "{row}"));
    }

    #[test]
    fn nothing_under_way_is_said_in_a_line() {
        let none = AllOpen { open: Vec::new(), making: Vec::new() };
        let look = Look { columns: 80, colour: false };
        assert_eq!(page(&none, &look), "No lift between sites is open: nothing is locked");
    }
}

//! `mychips key revoke --end`: a key ends, and none comes in its place.

use protocol::chit::{Entry, Written};
use protocol::{Cuid, SecretKey, TallyId};
use serde::Serialize;
use site::{Command, Summary};

use super::revoke::Revoke;
use super::sign;
use crate::commands::tally;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};

#[derive(Serialize)]
struct Ended {
    user: Cuid,
    /// Whether all tallies have it.
    finished: bool,
    /// Whether the user is suspended too.
    suspended: bool,
    tallies: Vec<One>,
}

#[derive(Serialize)]
struct One {
    tally: TallyId,
    partner: String,
    /// `ended`, `on_its_way`, or `waits` with a reason.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn run(flags: &Revoke) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.user;
    visit.user(user)?;
    let key = sign::key(flags.by.as_deref(), &keys, user)?;
    let mut tallies = Vec::new();
    let halves = tally::all(&visit, user)?;
    sign::moved_first(&halves)?;
    for half in halves.iter().filter(|half| sign::is_open(half)) {
        tallies.push(end(&visit, half, &key)?);
    }
    let finished = tallies.iter().all(|one| one.state != "waits");
    let suspended = finished && suspend(&visit, user, !tallies.is_empty())?;
    let ended = Ended { user: user.clone(), finished, suspended, tallies };
    say::either(flags.place.json, &ended, || page(&ended))
}

/// Has the user suspended, now that it has no key; says whether it is. `ended` says whether there were
/// tallies to end it on.
fn suspend(visit: &Visit, user: &Cuid, ended: bool) -> Result<bool, Failure> {
    let suspend = Command::Suspend { cuid: user.clone(), suspended: true };
    match visit.ask(user, suspend) {
        Ok(_) => Ok(true),
        // Before, or by an administrator.
        Err(failure) if failure.is("suspended") => Ok(true),
        // By a key from before, which with its last tally the site does not know any more: all that it
        // could end is ended.
        Err(failure) if ended && (failure.is("not_allowed") || failure.is("proof")) => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn end(visit: &Visit, half: &Summary, key: &SecretKey) -> Result<One, Failure> {
    let (tally, partner) = (half.tally, say::partner_name(half));
    let mut reason = None;
    if half.key.is_some() {
        let head = visit.to_end(&half.holder, tally);
        let ended = head.and_then(|head| {
            let entry = Entry::End { head, written: Written::default() };
            sign::hand_in(visit, half, sign::chit(half, entry, key)?)
        });
        reason = ended.err().map(|failure| failure.text().to_owned());
    }
    let now = visit.tally(&half.holder, tally)?;
    let state = match &reason {
        Some(_) => "waits",
        None if now.agreed < now.chits => "on_its_way",
        None => "ended",
    };
    Ok(One { tally, partner, state, reason })
}

fn page(ended: &Ended) -> String {
    let user = &ended.user;
    let mut text = if ended.finished && !ended.suspended {
        format!(
            "{user} has no key any more on these tallies: nothing is signed in its name there.\n\
             {user} is not suspended: the site knows it by another key.\n\
             With that key:  mychips key lost --as {user}\n"
        )
    } else if ended.finished {
        format!(
            "{user} has no key any more, and is suspended: nothing is signed in its name.\n\
             With another key:  mychips user readmit {user}, then  mychips key lost --as {user}\n"
        )
    } else {
        format!(
            "Not on all tallies yet; when what they wait for is done, give the command again.\n\
             {user} is not suspended yet.\n"
        )
    };
    if ended.tallies.is_empty() {
        return text + "\nNo open tallies.";
    }
    let mut table =
        Table::new(&[("Partner", Set::Left), ("Tally", Set::Whole), ("State", Set::Whole)]);
    for one in &ended.tallies {
        let state = match one.state {
            "ended" => "no key",
            "on_its_way" => "no key, on its way to the partner",
            other => other,
        };
        let [partner, tally] = sign::named(&one.partner, one.tally);
        table.row([partner, tally, state.to_owned()]);
    }
    text.push('\n');
    text += &table.render(&Look::of_stdout());
    for one in &ended.tallies {
        if let Some(reason) = &one.reason {
            text += &format!("\n{}: {reason}", one.partner);
        }
    }
    text
}

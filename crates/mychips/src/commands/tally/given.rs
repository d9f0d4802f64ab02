//! Invitations that are out: listed, and taken back.

use std::path::Path;

use protocol::{Cuid, Hash, Side, TallyId, Timestamp, Units};
use serde::Serialize;
use site::{Clock, Command, Given};

use super::ListTallies;
use super::flags::Revoke;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::Visit;
use crate::world::World;

/// The fewest characters that name an invitation.
const FEWEST: usize = 4;

/// An invitation in JSON; amounts in milli-CHIPs.
#[derive(Serialize)]
struct Shown {
    invitation: Hash,
    tally: Option<TallyId>,
    side: Side,
    /// The most that the inviter would owe.
    may_owe: Units,
    /// The most that whoever answers may owe.
    may_be_owed: Units,
    memo: Option<String>,
    uses: u32,
    used: u32,
    expires: Option<Timestamp>,
    /// `open`, `used up` or `expired`.
    status: &'static str,
}

#[derive(Serialize)]
struct Invitations {
    invitations: Vec<Shown>,
}

pub(super) fn list(flags: &ListTallies, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let now = World.now();
    let invitations: Vec<Shown> =
        visit.invitations(&flags.who.user)?.into_iter().map(|given| shown(given, now)).collect();
    if flags.place.json {
        return say::json(&Invitations { invitations });
    }
    if invitations.is_empty() {
        let user = &flags.who.user;
        return say::text(&format!(
            "No invitation of {user} is out: mychips tally invite --as {user} --limit CHIPS --link"
        ));
    }
    let mut table = Table::new(&[
        ("Invitation", Set::Whole),
        ("They may owe", Set::Right),
        ("You may owe", Set::Right),
        ("Answered", Set::Whole),
        ("Until", Set::Whole),
        ("Status", Set::Whole),
        ("Memo", Set::Left),
    ]);
    for one in &invitations {
        table.row([
            one.invitation.to_string()[..8].to_owned(),
            one.may_be_owed.to_string(),
            one.may_owe.to_string(),
            format!("{} of {}", one.used, one.uses),
            one.expires.map_or_else(String::new, say::minute),
            one.status.to_owned(),
            one.memo.clone().unwrap_or_default(),
        ]);
    }
    say::text(&table.render(&Look::of_stdout()))
}

fn shown(given: Given, now: Timestamp) -> Shown {
    let Given { invitation, tally, side, draft, expires, uses, used } = given;
    let status = if expires.is_some_and(|expires| expires <= now) {
        "expired"
    } else if used >= uses {
        "used up"
    } else {
        "open"
    };
    let (may_owe, may_be_owed) = (draft.partner.limit(), draft.holder.limit());
    let memo = draft.memo.map(|memo| memo.to_string());
    Shown { invitation, tally, side, may_owe, may_be_owed, memo, uses, used, expires, status }
}

pub(super) fn revoke(flags: &Revoke, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let user = &flags.who.user;
    let given = find(&visit, user, &flags.invitation)?;
    let command = Command::TakeBack { invitation: given.invitation };
    visit.ask(user, command)?;
    let shown = shown(given, World.now());
    say::either(flags.place.json, &shown, || {
        let came = match shown.used {
            0 => "nobody had answered it".to_owned(),
            used => {
                format!("{} came of it and stay", say::counted(used.into(), "tally", "tallies"))
            }
        };
        format!("The invitation is worth nothing any more; {came}")
    })
}

fn find(visit: &Visit, user: &Cuid, named: &str) -> Result<Given, Failure> {
    let mut given = visit.invitations(user)?;
    given.retain(|one| {
        let name = one.invitation.to_string();
        name == named || (named.len() >= FEWEST && name.starts_with(named))
    });
    match (given.pop(), given.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), more) => Err(Failure::refused(
            "ambiguous",
            format!("{named:?} means {} invitations of {user}: say more of the name", more + 1),
        )),
        (None, _) => Err(Failure::refused(
            "no_invitation",
            format!(
                "{user} has no invitation out whose name begins with {named:?}: see mychips tally \
                 invitations --as {user}"
            ),
        )),
    }
}

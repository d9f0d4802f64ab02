//! The invitation, and its answer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{TallyId, Terms, Timestamp, Units};
use serde::Serialize;
use site::{Clock, Command, Invitation};

use super::view::{Shown, shown};
use super::{Answer, Invite};
use crate::commands::contract;
use crate::contracts;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::say;
use crate::visit::Visit;
use crate::world::{self, World};

/// The most bytes of an invitation: a cert and a few sentences.
pub(crate) const MAX_INVITATION_BYTES: u64 = 256 * 1024;

#[derive(Serialize)]
struct Invited<'a> {
    tally: TallyId,
    expires: Timestamp,
    file: Option<String>,
    invitation: Option<&'a Invitation>,
}

pub(super) fn invite(flags: &Invite, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let limit = flags.terms.limit.ok_or_else(|| {
        Failure::misused("--limit is needed: the most that your partner may owe you; 0 is nothing")
    })?;
    let their_limit = flags.terms.their_limit.unwrap_or(Units::ZERO);
    let draft = Draft {
        expires: None,
        memo: flags.terms.memo.clone(),
        agree: agree(&visit, flags.terms.contract.as_deref())?,
        holder: terms(limit)?,
        partner: terms(their_limit)?,
    };
    let expires = after(flags.expires.ms)?;
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    let command = Command::Invite {
        tally: TallyId::random(random),
        side: flags.side.into(),
        draft: Box::new(draft),
        expires,
    };
    if let Some(file) = flags.out.as_deref().filter(|file| file.exists()) {
        return Err(Failure::io("cannot write", file, &"it is there already"));
    }
    let site::Answer::Invited(invitation) = visit.ask(&flags.who.user, command)? else {
        return Err(Failure::refused("other_answer", "the site gave no invitation"));
    };
    let text = invitation.to_text()?;
    let Some(file) = &flags.out else {
        if flags.place.json {
            let (tally, expires) = (invitation.tally, invitation.expires);
            let invitation = Some(&*invitation);
            return say::json(&Invited { tally, expires, file: None, invitation });
        }
        return say::text(&text);
    };
    write(file, &text)?;
    let (tally, file) = (invitation.tally, Some(file.display().to_string()));
    let invited = Invited { tally, expires, file, invitation: None };
    say::either(flags.place.json, &invited, || {
        format!(
            "The invitation is in {}\ntally   {}\nuntil   {}\n\nHand it over like a key: whoever \
             holds it can answer it, once.",
            invited.file.as_deref().unwrap_or_default(),
            invited.tally,
            say::minute(expires)
        )
    })
}

/// The moment so long from now.
pub(super) fn after(ms: i64) -> Result<Timestamp, Failure> {
    World.now().plus_ms(ms).map_err(|error| Failure::misused(format!("--expires: {error}")))
}

/// Terms with this limit and nothing else.
pub(super) fn terms(limit: Units) -> Result<Terms, Failure> {
    Terms::new(limit, std::collections::BTreeMap::new())
        .map_err(|error| Failure::misused(format!("--limit, --their-limit: {error}")))
}

/// The contract named, or the usual one.
pub(super) fn agree(visit: &Visit, rid: Option<&str>) -> Result<Agree, Failure> {
    let contract = match rid {
        Some(rid) => Some(contract::find(visit, rid)?),
        None => contracts::own().next(),
    };
    contract.as_ref().and_then(Agree::to).ok_or_else(|| {
        let rid = rid.unwrap_or_default();
        let text = format!("contract {rid} is only for other contracts to include");
        Failure::refused("contract", text)
    })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let mut options = OpenOptions::new();
        let mut open = options.write(true).create_new(true).mode(0o600).open(file)?;
        writeln!(open, "{text}")?;
        open.sync_all()
    };
    write().map_err(|error| Failure::io("cannot write", file, &error))
}

pub(super) fn answer(flags: &Answer, data: &Path) -> Result<(), Failure> {
    let invitation = Box::new(read(&flags.file)?);
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let user = &flags.who.user;
    let tally = invitation.tally;
    visit.ask(user, Command::Answer { invitation })?;
    let summary = visit.tally(user, tally)?;
    let view: Shown = shown(&summary);
    say::either(flags.place.json, &view, || {
        let partner = summary.partner.as_ref().map_or_else(String::new, say::called);
        format!(
            "You answered the invitation of {partner}; nothing binds you yet\n{}\nNext: mychips \
             tally offer {} --as {user}",
            view.terms(),
            &tally.to_string()[..8],
        )
    })
}

fn read(file: &Path) -> Result<Invitation, Failure> {
    let mut bytes = Vec::new();
    let stdin = file.as_os_str() == "-";
    let done: io::Result<usize> = if stdin {
        io::stdin().lock().take(MAX_INVITATION_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(file)
            .and_then(|open| open.take(MAX_INVITATION_BYTES + 1).read_to_end(&mut bytes))
    };
    done.map_err(|error| Failure::io("cannot read", file, &error))?;
    let name = if stdin { "standard input".to_owned() } else { file.display().to_string() };
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::refused("invitation", format!("{name} is no invitation: {reason}"))
    };
    if bytes.len() as u64 > MAX_INVITATION_BYTES {
        return Err(refused(&"it is too long"));
    }
    Invitation::read(&bytes).map_err(|error| refused(&error))
}

//! Invitations as they are given out: as JSON, as a link, as a picture.

use std::num::NonZeroU32;
use std::path::Path;

use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{TallyId, Terms, Timestamp, Units};
use serde::Serialize;
use site::{Answers, Clock, Command, Invitation, Inviting};

use super::disclose;
use super::flags::Invite;
use crate::commands::contract;
use crate::contracts;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::links;
use crate::qr;
use crate::say;
use crate::visit::Visit;
use crate::world::{self, World};

#[derive(Serialize)]
struct Invited<'a> {
    tally: Option<TallyId>,
    expires: Timestamp,
    uses: u32,
    link: Option<String>,
    file: Option<String>,
    invitation: Option<&'a Invitation>,
}

pub(super) fn invite(flags: &Invite, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let inviting = Box::new(inviting(flags, &visit)?);
    if let Some(file) = flags.out.as_deref().filter(|file| file.exists()) {
        return Err(Failure::io("cannot write", file, &"it is there already"));
    }
    let picture = flags.out.as_deref().is_some_and(is_picture);
    // Before anything is promised.
    if flags.link || flags.qr || picture {
        has_place(&visit)?;
    }
    let command = Command::InviteAs { inviting };
    let site::Answer::Invited(invitation) = visit.ask(&flags.who.user, command)? else {
        return Err(Failure::refused("other_answer", "the site gave no invitation"));
    };
    let link = invitation.link().map(|link| link.to_string());
    match (&flags.out, &link) {
        (Some(file), Some(link)) if picture => links::write(file, &qr::as_svg(link)?)?,
        (Some(file), _) => links::write(file, &invitation.to_text()?)?,
        (None, _) => {}
    }
    print(flags, &visit, &invitation, link)
}

fn inviting(flags: &Invite, visit: &Visit) -> Result<Inviting, Failure> {
    let limit = flags.terms.limit.ok_or_else(|| {
        Failure::misused("--limit is needed: the most that your partner may owe you; 0 is nothing")
    })?;
    let their_limit = flags.terms.their_limit.unwrap_or(Units::ZERO);
    let draft = Draft {
        expires: None,
        memo: flags.terms.memo.clone(),
        agree: agree(visit, flags.terms.contract.as_deref())?,
        holder: terms(limit)?,
        partner: terms(their_limit)?,
    };
    let answers = match flags.uses {
        Some(uses) => Answers::Many { uses },
        None => Answers::One { tally: new_tally()? },
    };
    let (side, expires) = (flags.side.into(), after(flags.expires.ms)?);
    let cert = disclose::told(visit, &flags.who.user, flags.disclose.as_ref())?;
    Ok(Inviting { answers, side, draft, expires, cert })
}

/// A name that no tally has.
pub(super) fn new_tally() -> Result<TallyId, Failure> {
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    Ok(TallyId::random(random))
}

fn is_picture(file: &Path) -> bool {
    file.extension().is_some_and(|end| end.eq_ignore_ascii_case("svg"))
}

/// A link says where the site is reached: refuses where nobody knows.
fn has_place(visit: &Visit) -> Result<(), Failure> {
    if visit.status()?.endpoint.is_some() {
        return Ok(());
    }
    Err(links::no_place("; or hand the invitation over as a file (--out FILE)"))
}

fn print(
    flags: &Invite,
    visit: &Visit,
    invitation: &Invitation,
    link: Option<String>,
) -> Result<(), Failure> {
    let uses = flags.uses.map_or(1, NonZeroU32::get);
    let file = flags.out.as_ref().map(|file| file.display().to_string());
    let (tally, expires) = (invitation.tally, invitation.expires);
    if flags.place.json {
        let invitation = flags.out.is_none().then_some(invitation);
        return say::json(&Invited { tally, expires, uses, link, file, invitation });
    }
    let drawn = flags.out.as_deref().is_some_and(is_picture);
    if let Some(endpoint) = invitation.endpoint.as_ref().filter(|_| flags.link || flags.qr || drawn)
    {
        links::remarks(visit, endpoint);
    }
    match link {
        Some(link) if flags.link => say::text(&link),
        Some(link) if flags.qr => {
            let (code, about) = (qr::on_terminal(&link)?, about(invitation, uses));
            say::text(&format!("{code}\n{link}\n\n{about}"))
        }
        _ if file.is_none() => say::text(&invitation.to_text()?),
        link => {
            let file = file.unwrap_or_default();
            let link = link.filter(|_| drawn);
            let link = link.map_or_else(String::new, |link| format!("link    {link}\n"));
            say::text(&format!("The invitation is in {file}\n{link}{}", about(invitation, uses)))
        }
    }
}

/// What whoever hands it over should know.
fn about(invitation: &Invitation, uses: u32) -> String {
    let until = say::minute(invitation.expires);
    let (what, handed) = match invitation.tally {
        Some(tally) => (
            format!("tally   {tally}"),
            "Hand it over like a key: whoever holds it can answer it, once.".to_owned(),
        ),
        None => (
            format!("for     {}", say::counted(uses.into(), "answer", "answers")),
            "Whoever holds it can answer it. It cannot be shown again; mychips tally revoke ends it."
                .to_owned(),
        ),
    };
    format!("{what}\nuntil   {until}\n\n{handed}")
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

//! Answering an invitation: a link that is followed, or JSON in a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use protocol::InviteLink;
use site::{Command, Invitation};

use super::flags::Answer;
use super::view::{Shown, shown};
use super::{disclose, invite};
use crate::failure::{self, Failure};
use crate::keys::Keys;
use crate::say;
use crate::visit::Visit;

/// The most bytes of an invitation: a cert and a few sentences.
pub(crate) const MAX_INVITATION_BYTES: u64 = 256 * 1024;

pub(super) fn answer(flags: &Answer, data: &Path) -> Result<(), Failure> {
    let given = read(&flags.invitation)?;
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let user = &flags.who.user;
    let mut invitation = Box::new(match given {
        Given::Whole(invitation) => *invitation,
        Given::Link(link) => visit.linked(*link)?,
    });
    let inviter = &invitation.cert.chad;
    if inviter.agent == visit.agent() && inviter.cuid == *user {
        let text = "this is your own invitation: hand it to whom it is for";
        return Err(Failure::refused("same_user", text));
    }
    // Where many may answer, whoever does names the tally.
    let tally = match invitation.tally {
        Some(tally) => tally,
        None => invite::new_tally()?,
    };
    invitation.tally = Some(tally);
    let elsewhere = invitation.cert.chad.agent != visit.agent();
    let command = match disclose::told(&visit, user, flags.disclose.as_ref())? {
        Some(cert) => Command::AnswerAs { invitation, cert: Box::new(cert) },
        None => Command::Answer { invitation },
    };
    visit.ask(user, command)?;
    if elsewhere && !visit.is_served() {
        failure::remark("the inviter hears of it while this site is served: mychips serve");
    }
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

/// An invitation as it was handed over.
enum Given {
    Whole(Box<Invitation>),
    Link(Box<InviteLink>),
}

/// The invitation that was meant: a link, or a file or standard input that holds either.
fn read(given: &str) -> Result<Given, Failure> {
    if InviteLink::is_meant(given) {
        return link(given, "this");
    }
    let (stdin, file) = (given == "-", Path::new(given));
    let mut bytes = Vec::new();
    let done: io::Result<usize> = if stdin {
        io::stdin().lock().take(MAX_INVITATION_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(file)
            .and_then(|open| open.take(MAX_INVITATION_BYTES + 1).read_to_end(&mut bytes))
    };
    done.map_err(|error| Failure::io("cannot read", file, &error))?;
    let name = if stdin { "standard input".to_owned() } else { file.display().to_string() };
    if bytes.len() as u64 > MAX_INVITATION_BYTES {
        return Err(no_invitation(&name, &"it is too long"));
    }
    match std::str::from_utf8(&bytes).map(str::trim_start) {
        Ok(text) if InviteLink::is_meant(text) => link(text, &name),
        _ => match Invitation::read(&bytes) {
            Ok(invitation) => Ok(Given::Whole(Box::new(invitation))),
            Err(error) => Err(no_invitation(&name, &error)),
        },
    }
}

/// A link, as mail programs and terminals hand it over: broken into lines, with spaces around it.
fn link(text: &str, name: &str) -> Result<Given, Failure> {
    let whole: String = text.split_whitespace().collect();
    let link = whole.parse().map_err(|error| no_invitation(name, &error))?;
    Ok(Given::Link(Box::new(link)))
}

fn no_invitation(name: &str, reason: &dyn std::fmt::Display) -> Failure {
    Failure::refused("invitation", format!("{name} is no invitation: {reason}"))
}

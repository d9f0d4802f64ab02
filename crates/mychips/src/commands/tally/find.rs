//! Which tally is meant: by its uuid, the beginning of it, or the partner's name.

use protocol::{Cuid, TallyId};
use site::Summary;

use crate::device::Device;
use crate::failure::Failure;
use crate::visit::Visit;

/// The key that the holder's chits on an open tally are signed with.
pub(crate) fn signing(half: &Summary) -> Result<site::Signing, Failure> {
    half.key.ok_or_else(|| {
        if half.key_ended.contains(&half.side) {
            return site::SiteError::from(protocol::ledger::Refusal::KeyEnded).into();
        }
        let (tally, status) = (half.tally, half.status.clone());
        site::SiteError::NotOpen { tally, status }.into()
    })
}

/// The fewest characters of a uuid that name a tally; with fewer a typing error finds one.
const FEWEST: usize = 4;
/// How many tallies a refusal names.
const NAMED: usize = 5;

/// All tallies of a user.
pub(crate) fn all(visit: &Visit, user: &Cuid) -> Result<Vec<Summary>, Failure> {
    // A user that is not here has no tallies, but deserves another word.
    visit.user(user)?;
    let mut tallies = visit.tallies(user)?;
    if let Some(device) = Device::of(visit, user) {
        device.looks_for_lost(&mut tallies);
        tallies = tallies.into_iter().map(|tally| device.looks(tally)).collect();
    }
    Ok(tallies)
}

/// A tally as the user's device sees it: what is new is kept, what the site lost is brought back.
pub(crate) fn seen(visit: &Visit, user: &Cuid, tally: TallyId) -> Result<Summary, Failure> {
    let shown = visit.tally(user, tally)?;
    Ok(match Device::of(visit, user) {
        Some(device) => device.looks(shown),
        None => shown,
    })
}

/// The one tally of a user that `named` means.
pub(crate) fn find(visit: &Visit, user: &Cuid, named: &str) -> Result<Summary, Failure> {
    if let Ok(tally) = named.parse::<TallyId>() {
        return seen(visit, user, tally);
    }
    visit.user(user)?;
    let mut tallies = visit.tallies(user)?;
    let device = Device::of(visit, user);
    if let Some(device) = &device {
        device.looks_for_lost(&mut tallies);
    }
    let mut found: Vec<&Summary> = tallies.iter().filter(|t| is_with(t, named)).collect();
    if found.iter().any(|tally| is_alive(tally)) {
        found.retain(|tally| is_alive(tally));
    }
    if found.is_empty() && named.len() >= FEWEST {
        found = tallies.iter().filter(|t| t.tally.to_string().starts_with(named)).collect();
    }
    match found.as_slice() {
        [tally] => Ok(match &device {
            Some(device) => device.looks((*tally).clone()),
            None => (*tally).clone(),
        }),
        [] => Err(Failure::refused(
            "no_tally",
            format!(
                "{user} has no tally with a partner {named:?}, nor one whose uuid begins so: see \
                 mychips tally list --as {user}"
            ),
        )),
        several => {
            let shown = several.iter().take(NAMED).map(|tally| tally.tally.to_string());
            let more = if several.len() > NAMED { ", …" } else { "" };
            Err(Failure::refused(
                "ambiguous",
                format!(
                    "{named:?} means {} tallies of {user}: {}{more}; name one by its uuid",
                    several.len(),
                    shown.collect::<Vec<_>>().join(", ")
                ),
            ))
        }
    }
}

fn is_with(tally: &Summary, named: &str) -> bool {
    tally.partner.as_ref().is_some_and(|partner| {
        partner.chad.cuid.as_str() == named
            || partner.chad.short() == named
            || partner.name.iter().any(|name| name.as_str() == named)
    })
}

fn is_alive(tally: &Summary) -> bool {
    !matches!(tally.status.as_str(), "close" | "void")
}

//! Offers: signed, answered by another, accepted, refused, asked back.

use std::path::Path;

use protocol::negotiation::Draft;
use protocol::record::Record;
use protocol::{Hash, Tally};
use site::{Command, Summary, Wish};

use super::invite::{after, agree, terms};
use super::view::shown;
use super::{Offer, Refuse, Signing, find, seen};
use crate::device::Device;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::say;
use crate::visit::Visit;

pub(super) fn offer(flags: &Offer, counter: bool, data: &Path) -> Result<(), Failure> {
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let user = &flags.who.user;
    let before = with_own_offer(&visit, find(&visit, user, &flags.tally)?);
    let theirs = partners_offer(&before);
    if theirs.is_some() != counter {
        let text = if counter {
            "there is no offer of the partner's to answer: sign one of your own with mychips tally \
             offer"
        } else {
            "there is an offer of the partner's: mychips tally accept, counter or refuse it"
        };
        return Err(Failure::refused("not_now", text));
    }
    let draft = match theirs {
        Some(tally) => Draft::of(tally, before.side),
        None => before.draft.clone(),
    };
    let draft = Draft {
        expires: flags.expires.map(|span| after(span.ms)).transpose()?,
        memo: flags.terms.memo.clone().or(draft.memo),
        agree: match flags.terms.contract.as_deref() {
            Some(rid) => agree(&visit, Some(rid))?,
            None => draft.agree,
        },
        holder: flags.terms.limit.map_or(Ok(draft.holder), terms)?,
        partner: flags.terms.their_limit.map_or(Ok(draft.partner), terms)?,
    };
    let tally = visit.to_offer(user, before.tally, draft)?;
    let tally = sign(&visit, tally, &before, &keys)?;
    if let Some(device) = Device::of(&visit, user) {
        device.offers(&tally);
    }
    wish(&visit, &before, Wish::Offer(Box::new(tally)))?;
    told(&visit, &before, flags.place.json, |partner| format!("You signed an offer to {partner}"))
}

pub(super) fn accept(flags: &Signing, data: &Path) -> Result<(), Failure> {
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let before = with_own_offer(&visit, find(&visit, &flags.who.user, &flags.tally)?);
    let Some(tally) = partners_offer(&before) else {
        return Err(nothing_to_decide(&before));
    };
    let tally = sign(&visit, tally.clone(), &before, &keys)?;
    wish(&visit, &before, Wish::Accept(Box::new(tally)))?;
    told(&visit, &before, flags.place.json, |partner| {
        format!("You and {partner} have signed: the tally is open")
    })
}

pub(super) fn refuse(flags: &Refuse, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let before = find(&visit, &flags.who.user, &flags.tally)?;
    let Some(tally) = partners_offer(&before) else {
        return Err(nothing_to_decide(&before));
    };
    let (offer, reason) = (tally.hash()?, flags.reason.clone());
    wish(&visit, &before, Wish::Refuse { offer, reason })?;
    told(&visit, &before, flags.place.json, |partner| format!("You refused the offer of {partner}"))
}

pub(super) fn withdraw(flags: &Signing, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter_with(data, &Keys::at(flags.keys.keys.as_deref(), data)?)?;
    let before = find(&visit, &flags.who.user, &flags.tally)?;
    let own = before.offer.as_ref().filter(|(_, by)| *by == before.side);
    let Some((tally, _)) = own else {
        let text = "there is no offer of yours to take back: see mychips tally show";
        return Err(Failure::refused("not_now", text));
    };
    let offer: Hash = tally.hash()?;
    wish(&visit, &before, Wish::Withdraw { offer })?;
    told(&visit, &before, flags.place.json, |partner| {
        format!("You asked {partner} for your offer back")
    })
}

/// The tally as it is once the site knows what the user's device offered.
fn with_own_offer(visit: &Visit, shown: Summary) -> Summary {
    match Device::of(visit, &shown.holder.clone()) {
        Some(device) => device.brings_offer(shown),
        None => shown,
    }
}

/// The offer of the partner's that is on the table.
fn partners_offer(tally: &Summary) -> Option<&Tally> {
    tally.offer.as_ref().filter(|(_, by)| *by != tally.side).map(|(offer, _)| offer)
}

fn nothing_to_decide(tally: &Summary) -> Failure {
    let text = match &tally.offer {
        Some(_) => "the offer is yours: the partner accepts or refuses it, and you may withdraw it",
        None => "there is no offer to decide about: see mychips tally show",
    };
    Failure::refused("not_now", text)
}

fn sign(visit: &Visit, tally: Tally, half: &Summary, keys: &Keys) -> Result<Tally, Failure> {
    if let Some(device) = Device::of(visit, &half.holder) {
        device.may_agree(&tally)?;
    }
    let key = keys.of(&half.holder)?;
    tally.signed(half.side, &key).map_err(|error| Failure::refused("signature", error.to_string()))
}

/// Has the site do what a user wants of one of its tallies.
pub(crate) fn wish(visit: &Visit, half: &Summary, wish: Wish) -> Result<(), Failure> {
    visit.ask(&half.holder, Command::Tally { tally: half.tally, wish })?;
    Ok(())
}

/// Tells where a tally stands now.
pub(super) fn told(
    visit: &Visit,
    half: &Summary,
    json: bool,
    done: impl FnOnce(&str) -> String,
) -> Result<(), Failure> {
    let now = seen(visit, &half.holder, half.tally)?;
    let view = shown(&now);
    say::either(json, &view, || format!("{}\n{}", done(&say::partner_name(&now)), view.terms()))
}

//! Whether a payment may be written: judged anew from the locked halves and the payer's word alone. The
//! search for a path is clever, so it is not believed.

use protocol::lading::{Lading, LadingError};
use protocol::lift::Authorisation;
use protocol::{PublicKey, Side, Units};

use super::bare::Bare;
use super::graph::{Step, Way};
use super::hands::Hands;
use crate::error::SiteError;

/// What a leg does, as both of its halves see it.
struct Judged {
    /// Due to the giver, for letting it go.
    clutch: Units,
    /// Due to the taker, for taking it in.
    reward: Units,
}

/// Every leg within what both of its users signed, everybody between made whole, exactly the amount at
/// the payee, no more from the payer than it allowed, and its key on the tally where it gives.
///
/// # Errors
/// [`SiteError::Unproved`] says what does not hold.
pub(crate) fn judge(
    hands: &Hands,
    way: &Way,
    payment: &Authorisation,
    key: &PublicKey,
) -> Result<(), SiteError> {
    let (Some(first), Some(last)) = (way.steps.first(), way.steps.last()) else {
        return Err(unproved("it has no legs"));
    };
    if first.giver != payment.payer.cuid || last.taker != payment.payee.cuid {
        return Err(unproved("it does not lead from the payer to the payee"));
    }
    if last.units != payment.units.get() || first.units > payment.most.get() {
        return Err(unproved("the amounts are not those that the payer signed"));
    }
    let mut met = vec![&first.giver];
    let mut before: Option<(&Step, Judged)> = None;
    for step in &way.steps {
        if met.contains(&&step.taker) {
            return Err(unproved("somebody is on it twice"));
        }
        met.push(&step.taker);
        let stock = in_hand(hands, step, Side::Stock)?;
        let foil = in_hand(hands, step, Side::Foil)?;
        if before.is_none()
            && [stock, foil].iter().any(|half| half.ledger().key(step.by) != Some(key))
        {
            return Err(unproved("the payer signs with another key on its first tally"));
        }
        let here = leg(step, stock)?;
        let there = leg(step, foil)?;
        if (here.clutch, here.reward) != (there.clutch, there.reward) {
            return Err(unproved("the halves of a tally do not say the same"));
        }
        if let Some((leg, judged)) = &before {
            if leg.taker != step.giver {
                return Err(unproved("its legs do not follow each other"));
            }
            let left = leg.units.milli() - step.units.milli();
            if left < judged.reward.milli() + here.clutch.milli() {
                return Err(unproved("somebody between is not made whole"));
            }
        }
        before = Some((step, here));
    }
    Ok(())
}

fn in_hand<'a>(hands: &'a Hands, step: &Step, side: Side) -> Result<&'a Bare, SiteError> {
    let half = hands.half(*step.halves.of(side));
    let half = half.filter(|bare| {
        let holder = if side == step.by { &step.giver } else { &step.taker };
        let half = &bare.half;
        half.tally == step.tally && half.side == side && half.holder == *holder
    });
    half.ok_or_else(|| unproved("a half of it is not the one that was found"))
}

/// What a leg does, as one half sees it.
fn leg(step: &Step, half: &Bare) -> Result<Judged, SiteError> {
    let ledger = half.ledger();
    let position = ledger.position();
    let position = position.ok_or_else(|| unproved("a tally must not lift"))?;
    let consent = ledger.consent();
    let lading = if half.half.side == step.by {
        Lading::outward(position, &consent)
    } else {
        Lading::inward(position, &consent)
    };
    let cost = lading.cost(step.units).map_err(|error| too_much(&error))?;
    Ok(Judged { clutch: cost.clutch, reward: cost.reward })
}

fn too_much(error: &LadingError) -> SiteError {
    unproved(&error.to_string())
}

fn unproved(reason: &str) -> SiteError {
    SiteError::Unproved { reason: reason.to_owned() }
}

//! Whom a payment goes to: a partner, on the tally with it; or somebody else, at this site or another.

use protocol::{ChipAddress, Cuid};
use site::Summary;

use super::{Amount, Pay, direct, lifted, link};
use crate::commands::tally;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::visit::Visit;

/// Whom is paid, and how.
enum Whom {
    /// A partner, on this tally.
    Partner(Box<Summary>),
    /// Somebody with whom there is no open tally; the failure says why there is none.
    Other(Box<ChipAddress>, Failure),
}

/// Pays an amount to whoever is named, or shows what it would cost.
pub(super) fn pay(
    visit: &Visit,
    keys: &Keys,
    flags: &Pay,
    named: &str,
    amount: Amount,
) -> Result<(), Failure> {
    let whom = find(visit, &flags.who.user, named)?;
    if flags.once.is_some() && !flags.quote && before(visit, keys, flags, &whom, amount)? {
        return Ok(());
    }
    link::in_time(flags)?;
    match whom {
        Whom::Partner(half) if flags.quote => direct::quote(flags, &half, amount),
        Whom::Partner(half) => direct::on(visit, keys, flags, &half, amount),
        Whom::Other(payee, _) if flags.quote => lifted::quote(visit, flags, &payee, amount),
        Whom::Other(payee, instead) => {
            match lifted::pay(visit, keys, flags, &payee, amount) {
                // With a tally that is not open, that is what to go on with.
                Err(failure)
                    if (failure.is("not_connected") || failure.is("no_way"))
                        && !instead.is("no_tally") =>
                {
                    Err(instead)
                }
                // It was asked before, under its name, and that became a payment meanwhile.
                Err(failure) if failure.is("payment_taken") && flags.once.is_some() => {
                    match lifted::before(visit, keys, flags, &payee, amount)? {
                        true => Ok(()),
                        false => lifted::pay(visit, keys, flags, &payee, amount),
                    }
                }
                done => done,
            }
        }
    }
}

/// Shows the most that could be paid to whoever is named.
pub(super) fn most(visit: &Visit, flags: &Pay, named: &str) -> Result<(), Failure> {
    match find(visit, &flags.who.user, named)? {
        Whom::Partner(half) => direct::most(flags, &half),
        Whom::Other(payee, _) => lifted::most(visit, flags, &payee),
    }
}

/// Whether this was paid before under its name, in either way: a tally may have been opened or closed
/// since.
fn before(
    visit: &Visit,
    keys: &Keys,
    flags: &Pay,
    whom: &Whom,
    amount: Amount,
) -> Result<bool, Failure> {
    let payee = match whom {
        Whom::Partner(half) => half.partner.as_ref().map(|partner| partner.chad.clone()),
        Whom::Other(payee, _) => Some(ChipAddress::clone(payee)),
    };
    let Some(payee) = payee else { return Ok(false) };
    if lifted::before(visit, keys, flags, &payee, amount)? {
        return Ok(true);
    }
    let Whom::Other(..) = whom else { return Ok(false) };
    for half in tally::all(visit, &flags.who.user)? {
        let is_with = half.partner.as_ref().is_some_and(|it| it.chad.short() == payee.short());
        if is_with && half.key.is_some() && direct::before(visit, flags, &half, amount.units)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn find(visit: &Visit, user: &Cuid, named: &str) -> Result<Whom, Failure> {
    let found = tally::find(visit, user, named);
    let (partner, instead) = match found {
        // Where it is closing it says so itself. Whoever names a tally means no other way.
        Ok(half) if is_open(&half) || half.tally.to_string().starts_with(named) => {
            return Ok(Whom::Partner(Box::new(half)));
        }
        Ok(half) => {
            let partner = half.partner.as_ref().map(|partner| partner.chad.clone());
            let instead = match tally::signing(&half) {
                Err(failure) => failure,
                // It was closed, and there is no other with this partner.
                Ok(_) => closed(&half),
            };
            (partner, instead)
        }
        Err(failure) if failure.is("no_tally") => (None, failure),
        Err(failure) => return Err(failure),
    };
    let here =
        |cuid: &Cuid| ChipAddress { cuid: cuid.clone(), agent: visit.agent(), endpoint: None };
    let named = named.parse::<ChipAddress>().ok().or_else(|| named.parse().ok().as_ref().map(here));
    match partner.or(named) {
        Some(payee) if payee.agent == visit.agent() => match visit.user(&payee.cuid) {
            Ok(_) => Ok(Whom::Other(Box::new(payee), instead)),
            // No tally with anybody of that name, nor anybody here: the first says more.
            Err(failure) if failure.is("no_user") => Err(instead),
            Err(failure) => Err(failure),
        },
        Some(payee) => Ok(Whom::Other(Box::new(payee), instead)),
        None => Err(instead),
    }
}

fn is_open(half: &Summary) -> bool {
    half.key.is_some() && half.status != "close"
}

fn closed(half: &Summary) -> Failure {
    let text = format!(
        "tally {} with {} is closed, and no tallies of others lead there: agree on a new one",
        half.tally,
        crate::say::partner_name(half)
    );
    Failure::refused("closed", text)
}

//! A payment that its payee asked for by a link.

use protocol::{ChipAddress, PayLink};
use site::{Clock as _, Hint};

use super::Pay;
use crate::failure::Failure;
use crate::say;
use crate::world::World;

/// The link that was given, as mail programs and terminals hand it over: broken into lines, with spaces around it. None
/// where it is something else.
pub(super) fn read(given: &str) -> Result<Option<PayLink>, Failure> {
    let whole: String = given.split_whitespace().collect();
    if !PayLink::is_meant(&whole) {
        return Ok(None);
    }
    let link = whole.parse().map_err(|error| {
        Failure::refused("no_link", format!("this is no link that asks for a payment: {error}"))
    })?;
    Ok(Some(link))
}

/// Whom to pay, and all that the link says as if it had been said here. Its payment has a name that follows from it, so it
/// is made once.
pub(super) fn asked(flags: &Pay, link: PayLink) -> Result<(String, Pay), Failure> {
    let (units, expires, once) = (link.units.get(), link.expires, link.to_string());
    if flags.amount.is_some_and(|amount| amount != units) {
        let text = format!("the link asks for {}: leave the amount out", say::units(units));
        return Err(Failure::misused(text));
    }
    if flags.once.is_some() {
        return Err(Failure::misused("a link is paid once by itself: leave --once out"));
    }
    let PayLink { payee, endpoint, number, r#ref, .. } = link;
    let payee = ChipAddress { endpoint: Some(endpoint), ..payee };
    let flags = Pay {
        to: Some(payee.to_string()),
        amount: Some(units),
        reference: flags.reference.clone().or(r#ref),
        once: Some(once.clone()),
        link: Some((once, Hint { number, expires })),
        ..flags.clone()
    };
    Ok((payee.to_string(), flags))
}

/// Refuses a link that is too old; what was paid by it before is told of all the same.
pub(super) fn in_time(flags: &Pay) -> Result<(), Failure> {
    let Some(Hint { expires, .. }) = flags.hint().filter(|hint| hint.expires <= World.now()) else {
        return Ok(());
    };
    let text =
        format!("the link could be paid until {}: ask for another one", say::minute(expires));
    Err(Failure::refused("expired", text))
}

//! What must hold between the two halves of a tally, and between a half and what it was before.

use std::collections::BTreeSet;

use protocol::{Hash, Side};

use super::book::Book;
use super::half::{Half, is_open};
use crate::net::broken::{Broken, Invariant, Sim};

/// A half goes only where section 4 lets it go.
pub(super) fn lived(name: &str, before: &Half, now: &Half) -> Sim<()> {
    let went = format!("{name} went from {} to {}", before.status, now.status);
    let broken = |invariant, why: &str| Err(Broken::new(invariant, format!("{went}: {why}")));
    if is_open(&before.status) && !is_open(&now.status) {
        return broken(Invariant::Status, "what both signed cannot be undone");
    }
    // A partner that asks for all again does not acknowledge any more what it had.
    let asked = usize::try_from(now.agreed).is_ok_and(|agreed| agreed < now.chits.len());
    let more = now.chits.len() > before.chits.len();
    if before.status == "close" && now.status != "close" && !more && !asked {
        return broken(Invariant::Status, "closed, and opened again without a new chit");
    }
    if before.status != "draft" && now.status == "draft" {
        return broken(Invariant::Status, "its partner was known already");
    }
    let revision = |half: &Half| half.signed.map_or(0, |(revision, _)| revision);
    if revision(now) < revision(before) {
        return broken(Invariant::Agreement, "an older revision governs");
    }
    let ours: BTreeSet<&Hash> = now.chits.iter().collect();
    if before.chits.iter().any(|chit| !ours.contains(chit)) {
        return broken(Invariant::Kept, "a good chit is gone");
    }
    Ok(())
}

/// What people were told is done is there, unless their site went back since.
pub(super) fn kept(name: &str, half: &Half, book: &Book) -> Sim<()> {
    let Some(told) = book.told.get(&(half.who, half.tally)) else { return Ok(()) };
    for told in told.iter().filter(|told| told.epoch == half.epoch) {
        if !half.chits.contains(&told.chit) {
            let what = format!("{name}: its user was told that chit {} is taken", told.chit);
            return Err(Broken::new(Invariant::Kept, what));
        }
    }
    Ok(())
}

/// One name for each beginning of an order.
pub(super) fn orders(chits: &[Hash]) -> impl Iterator<Item = Hash> {
    let next = |before: &mut Hash, chit: &Hash| {
        *before = Hash::of(format!("{before} {chit}").as_bytes());
        Some(*before)
    };
    chits.iter().scan(Hash::of(b""), next)
}

/// What was so when a foil's place went back.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The orders that the foil had: a message of that time may still bring them to the stock.
    pub(super) orders: BTreeSet<Hash>,
    /// The chits that the stock had: the foil asks for them before it orders anything.
    pub(super) at_stock: BTreeSet<Hash>,
}

/// The foil orders, the stock conforms; also to an order of before the foil's place went back, until it hears
/// another one.
pub(super) fn order(name: &str, stock: &Half, foil: &Half, past: Option<&Past>) -> Sim<()> {
    let broken = |what: String| Err(Broken::new(Invariant::Order, format!("{name}: {what}")));
    // Where both went back, nobody knows any more in which order they were.
    if stock.went_back && foil.went_back {
        return Ok(());
    }
    let ordered = usize::try_from(stock.agreed).unwrap_or(usize::MAX);
    let parts = stock.chits.iter().zip(&foil.chits).position(|(ours, theirs)| ours != theirs);
    let conforms = parts.and_then(|place| orders(&stock.chits).nth(place));
    if let (Some(past), Some(order), Some(place)) = (past, conforms, parts) {
        // What the stock knew then the foil has again: only the order is of before. What the stock heard since, of a
        // message of before, it may not have told yet.
        let mut known =
            stock.chits.iter().take(place + 1).filter(|chit| past.at_stock.contains(chit));
        if past.orders.contains(&order) && known.all(|chit| foil.chits.contains(chit)) {
            return Ok(());
        }
    }
    let common = ordered.min(foil.chits.len()).min(stock.chits.len());
    for place in 0..common {
        if stock.chits.get(place) != foil.chits.get(place) {
            let what = format!(
                "link {} is another one at the foil than the stock has in the foil's order",
                place + 1
            );
            return broken(what);
        }
    }
    if !foil.went_back && ordered > foil.chits.len() {
        return broken("the stock has more in the foil's order than the foil".to_owned());
    }
    let acknowledged = usize::try_from(foil.agreed).unwrap_or(usize::MAX);
    if !stock.went_back && stock.chits.get(..acknowledged) != foil.chits.get(..acknowledged) {
        return broken(
            "the foil takes for acknowledged what the stock does not have so".to_owned(),
        );
    }
    Ok(())
}

/// A tally is closed at zero, with one chain that both know of.
pub(super) fn closed(name: &str, half: &Half, other: Option<&Half>) -> Sim<()> {
    if half.status != "close" {
        return Ok(());
    }
    let broken = |what: &str| Err(Broken::new(Invariant::Closed, format!("{name}: {what}")));
    if half.balance != 0 {
        return broken("closed with a balance");
    }
    let Some(other) = other else { return broken("closed, and there is no other half") };
    let both = half.chits.len().min(other.chits.len());
    let one = half.chits.get(..both) == other.chits.get(..both);
    let gone_back = half.went_back || other.went_back;
    if !gone_back && (!one || other.chits.len() < half.chits.len()) {
        return broken("closed, and its partner does not have this chain");
    }
    Ok(())
}

/// Two halves never rest on two tallies of one revision.
pub(super) fn agreement(name: &str, one: &Half, other: &Half) -> Sim<()> {
    match (one.signed, other.signed) {
        (Some((one, first)), Some((two, second))) if one == two && first != second => {
            let what = format!("{name}: two tallies of revision {one} are signed by both");
            Err(Broken::new(Invariant::Agreement, what))
        }
        _ => Ok(()),
    }
}

/// Which of two halves is the stock's, and which the foil's; none where both are on one side.
pub(super) fn by_side<'a>(one: &'a Half, other: &'a Half) -> Option<(&'a Half, &'a Half)> {
    match (one.side, other.side) {
        (Side::Stock, Side::Foil) => Some((one, other)),
        (Side::Foil, Side::Stock) => Some((other, one)),
        _ => None,
    }
}

//! A payment on a tally of one's own: a chit by which one owes more, or is owed less.

use protocol::chit::{Chit, Entry, Positive, Written};
use protocol::record::Record;
use protocol::{ChitId, Cuid, Hash, TallyId, Units};
use serde::Serialize;
use site::{Clock, Command, Summary, Wish};

use super::{Amount, Most, Pay, question};
use crate::commands::{invoice, tally};
use crate::device::Device;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::say;
use crate::visit::Visit;
use crate::world::{self, World};

#[derive(Serialize)]
struct Paid {
    chit: ChitId,
    tally: TallyId,
    amount: Units,
    balance: i128,
    status: String,
}

/// What a payment on this tally would do.
#[derive(Serialize)]
struct Quote {
    by: &'static str,
    payee: String,
    amount: Units,
    given: Units,
    cost: Units,
    tally: TallyId,
    possible: Units,
}

/// Pays an invoice, exactly as its latest version asks.
pub(super) fn invoice(visit: &Visit, keys: &Keys, flags: &Pay, named: &str) -> Result<(), Failure> {
    let view = invoice::find(visit, &flags.who.user, named)?;
    if view.invoice.by != view.side {
        let text = "it is your own invoice: the partner pays it; you may change it or take it back";
        return Err(Failure::refused("invoice", text));
    }
    sign(visit, keys, flags, view.invoice.chit(World.now()))
}

/// Pays an amount on a tally.
pub(super) fn on(
    visit: &Visit,
    keys: &Keys,
    flags: &Pay,
    half: &Summary,
    amount: Amount,
) -> Result<(), Failure> {
    let units = amount.units;
    if let Some(most) = flags.most.filter(|most| *most < units.get()) {
        let text = format!(
            "on your own tally {} gives exactly that, more than the {} of --most",
            say::units(units.get()),
            say::units(most)
        );
        return Err(Failure::refused("too_dear", text));
    }
    // Nobody is asked whether to pay what is paid.
    if flags.once.is_some()
        && question::is_asked(flags)
        && before(visit, flags, half, amount.units)?
    {
        return Ok(());
    }
    let (reference, memo) = (flags.reference.clone(), flags.memo.clone());
    let written = Written { reference, memo, ..Written::default() };
    let chit = Chit {
        uuid: name(flags, half.tally)?,
        tally: half.tally,
        by: half.side,
        date: World.now(),
        entry: Entry::Tran { units, written },
    };
    sign(visit, keys, flags, chit)
}

fn sign(visit: &Visit, keys: &Keys, flags: &Pay, chit: Chit) -> Result<(), Failure> {
    let user = &flags.who.user;
    let half = tally::seen(visit, user, chit.tally)?;
    let signing = tally::signing(&half)?;
    let key = keys.for_tally(user, &signing.public)?;
    let chit = chit.with_key(signing.name);
    let (uuid, tally) = (chit.uuid, chit.tally);
    let amount = chit.effect_on(chit.by.other());
    // What goes beyond the limit is refused, and not asked about before.
    if flags.over_limit || amount <= possible(&half) {
        question::agreed(flags, || Ok(page(&half, amount)), None)?;
    }
    let device = Device::of(visit, user);
    let chit = match device.as_ref().and_then(|device| device.signed_before(&chit)) {
        Some(before) => before,
        None => chit.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?,
    };
    if let Some(device) = &device {
        device.signs(&chit);
    }
    let sent = chit.hash()?;
    let wish = Wish::Write { chit: Box::new(chit), over_limit: flags.over_limit };
    match visit.ask_once(user, &uuid.to_string(), Command::Tally { tally, wish }) {
        // Paid before: a site that went back forgot the answer, and has the chit again.
        Err(taken) if taken.is("name_taken") && is_there(visit, user, tally, sent)? => {}
        asked => drop(asked?),
    }
    told(visit, flags, uuid, tally, amount)
}

/// Whether this very chit is on the tally's chain.
fn is_there(visit: &Visit, user: &Cuid, tally: TallyId, chit: Hash) -> Result<bool, Failure> {
    let history = visit.history(user, tally)?;
    Ok(history.iter().any(|entry| entry.link.chit_hash == chit))
}

/// Says that a chit was written.
fn told(
    visit: &Visit,
    flags: &Pay,
    chit: ChitId,
    tally: TallyId,
    amount: Units,
) -> Result<(), Failure> {
    let now = tally::seen(visit, &flags.who.user, tally)?;
    let (balance, status) = (now.balance_milli, now.status.clone());
    let paid = Paid { chit, tally, amount, balance, status };
    say::either(flags.place.json, &paid, || {
        let partner = say::partner_name(&now);
        format!(
            "Paid {} to {partner}: {}\nchit   {chit}\ntally  {tally}",
            say::units(amount),
            say::standing(&partner, balance)
        )
    })
}

/// Says so where this was paid before, under its name, on a tally that is closed now.
pub(super) fn before(
    visit: &Visit,
    flags: &Pay,
    half: &Summary,
    units: Positive,
) -> Result<bool, Failure> {
    let chit = name(flags, half.tally)?;
    let history = visit.history(&flags.who.user, half.tally)?;
    if !history.iter().any(|entry| entry.link.chit.uuid == chit) {
        return Ok(false);
    }
    told(visit, flags, chit, half.tally, units.get())?;
    Ok(true)
}

/// Shows what a payment on a tally would do.
pub(super) fn quote(flags: &Pay, half: &Summary, amount: Amount) -> Result<(), Failure> {
    tally::signing(half)?;
    let units = amount.units.get();
    let possible = possible(half);
    let partner = half.partner.as_ref().map(|partner| partner.chad.short());
    let quote = Quote {
        by: "tally",
        payee: partner.unwrap_or_default(),
        amount: units,
        given: units,
        cost: Units::ZERO,
        tally: half.tally,
        possible,
    };
    say::either(flags.place.json, &quote, || page(half, units))
}

/// What a payment on a tally would do, for people.
fn page(half: &Summary, units: Units) -> String {
    let (partner, most) = (say::partner_name(half), possible(half));
    let possible = say::units(most);
    if units > most {
        return format!(
            "{} to {partner}, on your own tally, goes beyond your limit: up to {possible} can be \
             paid now\ntally  {}",
            say::units(units),
            half.tally
        );
    }
    format!(
        "To pay {} to {partner} costs nothing: it goes on your own tally. Up to {possible} can \
         be paid now.\ntally  {}",
        say::units(units),
        half.tally
    )
}

/// Shows the most that could be paid on a tally.
pub(super) fn most(flags: &Pay, half: &Summary) -> Result<(), Failure> {
    tally::signing(half)?;
    let possible = possible(half);
    let payee = half.partner.as_ref().map(|partner| partner.chad.short());
    let leaves_by = [half.tally];
    let most = Most {
        by: "tally",
        payee: payee.unwrap_or_default(),
        possible,
        given: possible,
        leaves_by: &leaves_by,
        parts: 1,
        proved: true,
    };
    say::either(flags.place.json, &most, || {
        format!(
            "Up to {} can be paid to {} now, on your own tally. It costs nothing.\ntally  {}",
            say::units(possible),
            say::partner_name(half),
            half.tally
        )
    })
}

/// The most that the holder of a half can pay on its tally: until it owes, it only gives back; then up to what the
/// partner granted, less what lifts that are not decided may take of it.
fn possible(half: &Summary) -> Units {
    let closing = half.status != "open";
    let limit = half.signed.as_ref().filter(|_| !closing);
    let limit = limit.map_or(Units::ZERO, |signed| signed.half(half.side).holder_may_owe());
    let gives = half.promised.iter().filter_map(|promised| promised.effect);
    let promised: i128 = gives.map(|effect| i128::from(effect.milli()).min(0)).sum();
    let room = half.balance_milli.saturating_add(limit.milli().into());
    let room = room.saturating_add(promised).max(0);
    i64::try_from(room).ok().and_then(|milli| Units::new(milli).ok()).unwrap_or(Units::MAX)
}

/// The chit's name: a new one, or one that follows from all that was said.
fn name(flags: &Pay, tally: TallyId) -> Result<ChitId, Failure> {
    let Some(once) = &flags.once else {
        let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
        return Ok(ChitId::random(random));
    };
    // What a link asks for is paid once, whatever else is said of it.
    if let Some((link, _)) = &flags.link {
        let mut name = [0; 16];
        let said = Hash::of(format!("{} {tally} {link}", flags.who.user).as_bytes());
        name.copy_from_slice(&said.as_bytes()[..16]);
        return Ok(ChitId::derived(name));
    }
    let memo = flags.memo.as_ref().map(ToString::to_string);
    let reference = flags.reference.as_ref().map(ToString::to_string);
    let said: (&str, &Cuid, TallyId, Option<Units>, _, _) =
        (once, &flags.who.user, tally, flags.amount, memo, reference);
    let said = serde_json::to_vec(&said).map_err(|error| Failure::misused(error.to_string()))?;
    let mut name = [0; 16];
    name.copy_from_slice(&Hash::of(&said).as_bytes()[..16]);
    Ok(ChitId::derived(name))
}

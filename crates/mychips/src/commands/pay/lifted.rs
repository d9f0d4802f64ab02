//! A payment to somebody with whom one has no tally: over those of others, all at once, by a lift.

use protocol::chit::Positive;
use protocol::lift::Authorisation;
use protocol::{ChipAddress, Cuid, Hash, LiftId, PaymentId, TallyId, Units};
use serde::Serialize;
use site::{Answer, Clock, Command, Paid, Route, WhyNot};

use super::{Amount, Most, Pay, question, watch};
use crate::commands::{lift, tally};
use crate::device;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::progress::Progress;
use crate::say;
use crate::visit::Visit;
use crate::world::{self, World};

/// For how long a payment may be made that was signed, in milliseconds: it is made at once, or not.
const OPEN_MS: i64 = 10 * 60_000;

/// How often an answer is waited for that other sites have to decide: each time as long as a site takes for any.
const MOST_WAITS: u32 = 3;

/// Refusals after which it is sure that what was signed pays nothing, so that something else may be signed in its place.
const NOTHING_PAID: [&str; 9] = [
    "expired",
    "not_allowed",
    "not_connected",
    "not_lifted",
    "no_place",
    "no_way",
    "signature",
    "too_dear",
    "too_little",
];

#[derive(Serialize)]
struct Quote<'a> {
    by: &'static str,
    payee: String,
    amount: Units,
    given: Option<Units>,
    cost: Option<Units>,
    tally: Option<TallyId>,
    tallies: Option<u32>,
    parts: Option<u32>,
    shares: &'a [site::ShareOf],
    possible: Units,
    why_not: Option<WhyNot>,
    proved: bool,
}

#[derive(Serialize)]
struct Done {
    payment: PaymentId,
    lift: LiftId,
    payee: String,
    amount: Units,
    given: Units,
    cost: Units,
    most: Option<Units>,
}

/// Shows what it would cost, and how much could be paid.
pub(super) fn quote(
    visit: &Visit,
    flags: &Pay,
    payee: &ChipAddress,
    amount: Amount,
) -> Result<(), Failure> {
    let route = visit.route(&flags.who.user, payee, amount.units, flags.hint())?;
    let found = route.quote.as_ref();
    let quote = Quote {
        by: "lift",
        payee: payee.short(),
        amount: route.units,
        given: found.map(|quote| quote.given),
        cost: found.map(|quote| quote.cost),
        tally: found.map(|quote| quote.first),
        tallies: found.map(|quote| quote.tallies),
        parts: found.map(|quote| quote.parts),
        shares: found.map_or(&[], |quote| &quote.shares),
        possible: route.most,
        why_not: route.why_not,
        proved: route.proved,
    };
    if flags.place.json {
        return say::json(&quote);
    }
    say::text(&page(visit, flags, payee, &route, None)?)
}

/// What it would cost, for people; `most` is what would be signed.
fn page(
    visit: &Visit,
    flags: &Pay,
    payee: &ChipAddress,
    route: &Route,
    most: Option<Units>,
) -> Result<String, Failure> {
    let Some(quote) = &route.quote else {
        let refusal = route.refusal(&payee.cuid).map(|error| error.to_string());
        return Ok(refusal.unwrap_or_default());
    };
    let first = visit.tally(&flags.who.user, quote.first)?;
    let mut shares = Vec::new();
    for share in &quote.shares {
        let who = share.user.as_ref().map_or("somebody", |user| user.as_str());
        shares.push(format!("{who} {}", say::units(share.units)));
    }
    // Who is beyond the own site and the partner's, it does not know.
    let beyond = shares.is_empty() && quote.tallies > 1;
    let shares = match (beyond, quote.cost.milli()) {
        (_, 0) if shares.is_empty() => "nobody".to_owned(),
        (true, _) => "those between".to_owned(),
        _ => shares.join(", "),
    };
    // To another site no more is searched for than was asked.
    let is_elsewhere = payee.agent != visit.agent();
    let possible = match is_elsewhere {
        true => format!("{} or more now", say::units(route.most)),
        false => format!("{} now, over one path", say::units(route.most)),
    };
    let tallies = tallies(quote, is_elsewhere);
    let mut page = format!(
        "To pay {} to {} you would give {}.\n\n",
        say::units(route.units),
        payee.cuid,
        say::units(quote.given)
    );
    let mut rows = vec![
        ("cost", say::units(quote.cost)),
        ("goes to", shares),
        ("leaves by", format!("your tally with {}", say::partner_name(&first))),
        ("tallies", tallies),
        ("possible", possible),
    ];
    rows.extend(most.map(|most| ("you sign", format!("to give {} at most", say::units(most)))));
    page.push_str(&say::sheet(&rows));
    if !route.proved {
        page.push_str("\nNot all ways could be looked at: there may be a cheaper one.\n");
    }
    Ok(page)
}

/// Over how many tallies it goes, and in how many parts.
fn tallies(quote: &site::Quote, is_elsewhere: bool) -> String {
    let tallies = format!("{}{}", quote.tallies, if is_elsewhere { " or more" } else { "" });
    match quote.parts {
        0 | 1 => tallies,
        parts => format!("{tallies}, in {parts} parts that go all at once or not at all"),
    }
}

/// What it costs, in a line.
fn line(visit: &Visit, payee: &ChipAddress, route: &Route, most: Units) -> Option<String> {
    let quote = route.quote.as_ref()?;
    Some(format!(
        "to pay {} to {} you would give {}, and sign at most {}; it costs {}; tallies: {}",
        say::units(route.units),
        payee.cuid,
        say::units(quote.given),
        say::units(most),
        say::units(quote.cost),
        tallies(quote, payee.agent != visit.agent())
    ))
}

/// Shows the most that could be paid.
pub(super) fn most(visit: &Visit, flags: &Pay, payee: &ChipAddress) -> Result<(), Failure> {
    let found = visit.most(&flags.who.user, payee)?;
    let most = Most {
        by: "lift",
        payee: payee.short(),
        possible: found.units,
        given: found.given,
        leaves_by: &found.by,
        parts: found.parts,
        proved: found.proved,
    };
    if flags.place.json {
        return say::json(&most);
    }
    if found.units == Units::ZERO {
        return say::text(&format!(
            "Nothing can be paid to {} now: no tallies with room lead there.",
            payee.cuid
        ));
    }
    let mut with = Vec::new();
    for tally in &found.by {
        with.push(say::partner_name(&visit.tally(&flags.who.user, *tally)?));
    }
    let cost = Units::new(found.given.milli() - found.units.milli()).unwrap_or(Units::ZERO);
    let parts = match found.parts {
        1 => "one".to_owned(),
        parts => format!("{parts}, all at once or not at all"),
    };
    let mut page = format!(
        "Up to {} can be paid to {} now. You would give {}.\n\n",
        say::units(found.units),
        payee.cuid,
        say::units(found.given)
    );
    page.push_str(&say::sheet(&[
        ("cost", say::units(cost)),
        ("leaves by", format!("your tally with {}", with.join(", with "))),
        ("parts", parts),
    ]));
    if !found.proved {
        page.push_str("\nNot all ways could be looked at: there may be more, or a cheaper one.\n");
    }
    say::text(&page)
}

/// Pays, after looking what it costs.
pub(super) fn pay(
    visit: &Visit,
    keys: &Keys,
    flags: &Pay,
    payee: &ChipAddress,
    amount: Amount,
) -> Result<(), Failure> {
    if flags.over_limit {
        let text = "--over-limit is for a tally of your own, and you have none with this payee";
        return Err(Failure::misused(text));
    }
    let user = &flags.who.user;
    let named = name(flags, payee, amount)?;
    let may_repeat = flags.once.is_some();
    let last = if may_repeat { device::signed_before(keys, user, named)? } else { None };
    let searching = Progress::of("looking what it costs");
    let route = visit.route(user, payee, amount.units, flags.hint())?;
    drop(searching);
    let Some(quote) = &route.quote else {
        return Err(route.refusal(&payee.cuid).map_or_else(
            || Failure::refused("other_answer", "the site answered another question"),
            Failure::from,
        ));
    };
    let most = flags.most.map(Positive::try_from).transpose();
    let most = most.map_err(|_| Failure::misused("--most must be more than 0"))?;
    let given = Positive::try_from(quote.given);
    let given = given.map_err(|error| Failure::refused("other_answer", error.to_string()))?;
    let most = most.unwrap_or(given);
    let signing = tally::signing(&visit.tally(user, quote.first)?)?;
    let key = keys.for_tally(user, &signing.public)?;
    question::agreed(
        flags,
        || page(visit, flags, payee, &route, Some(most.get())),
        line(visit, payee, &route, most.get()).as_deref(),
    )?;
    let date = World.now();
    let authorisation = Authorisation {
        uuid: named,
        payer: ChipAddress { cuid: user.clone(), agent: visit.agent(), endpoint: None },
        // Its own users a site finds without it.
        payee: ChipAddress {
            endpoint: payee.endpoint.clone().filter(|_| payee.agent != visit.agent()),
            ..payee.clone()
        },
        units: amount.units,
        most,
        date,
        expires: date.plus_ms(OPEN_MS).map_err(|e| Failure::misused(e.to_string()))?,
        r#ref: flags.reference.clone(),
        memo: flags.memo.clone(),
        sign: None,
    };
    let signed = authorisation.signed(&key);
    let signed = signed.map_err(|error| Failure::refused("signature", error.to_string()))?;
    if may_repeat {
        device::keep_signed(keys, user, &signed, last.as_ref())?;
    }
    let most = signed.most.get();
    let paid = asked(visit, flags, signed)?;
    told(flags, payee, &paid, Some(most))
}

/// Asks for a payment, and waits while other sites decide it.
fn asked(visit: &Visit, flags: &Pay, signed: Authorisation) -> Result<Paid, Failure> {
    let (user, payment) = (&flags.who.user, signed.uuid);
    let command = Command::PayByLift { authorisation: Box::new(signed), hint: flags.hint() };
    let answer = watch::shown(visit, user, payment, || {
        answer_to(visit, user, &payment.to_string(), &command)
    });
    match answer.map_err(|failure| open(visit, flags, payment, failure))? {
        Answer::Paid(paid) => Ok(paid),
        _ => Err(Failure::refused("other_answer", "the site answered another question")),
    }
}

fn answer_to(visit: &Visit, user: &Cuid, name: &str, command: &Command) -> Result<Answer, Failure> {
    let mut answer = visit.ask_once(user, name, command.clone());
    for _ in 1..MOST_WAITS {
        match answer {
            // It goes on meanwhile: under its name it is the same.
            Err(slow) if slow.is("slow") => answer = visit.ask_once(user, name, command.clone()),
            answer => return answer,
        }
    }
    answer
}

/// Says what to do about a payment that may still be made.
fn open(visit: &Visit, flags: &Pay, name: PaymentId, failure: Failure) -> Failure {
    if !failure.is("slow") && !failure.is("undecided") {
        return failure;
    }
    let advice = if flags.once.is_some() {
        "give the same command again, and nothing more is given for it".to_owned()
    } else {
        format!(
            "mychips lift open --as {} shows it while it is under way, mychips lift list once it is made; \
             with --once a command may be given again",
            flags.who.user
        )
    };
    let waits = watch::making(visit, &flags.who.user, name);
    let waits = waits.map(|making| lift::waits_for(&making.unanswered, &making.unreached));
    let waits = waits.filter(|waits| !waits.is_empty()).map(|waits| format!(" ({waits})"));
    let text = format!(
        "payment {name} is not decided yet{}, and may still be made: {advice}",
        waits.unwrap_or_default()
    );
    Failure::of_site(site::Class::Passing, "undecided", &text)
}

/// Says so where this was paid before, under its name. Where the site knows nothing of it, it is shown what this device signed
/// last under that name: one that was restored finds the payment by that. False where it is sure that nothing was paid.
pub(super) fn before(
    visit: &Visit,
    keys: &Keys,
    flags: &Pay,
    payee: &ChipAddress,
    amount: Amount,
) -> Result<bool, Failure> {
    let (user, name) = (&flags.who.user, name(flags, payee, amount)?);
    if let Some(paid) = watch::shown(visit, user, name, || visit.payment(user, name))? {
        return told(flags, payee, &paid, None).map(|()| true);
    }
    let Some(signed) = device::signed_before(keys, user, name)? else { return Ok(false) };
    let (most, expires) = (signed.most.get(), signed.expires);
    if expires > World.now() && flags.most.is_some_and(|less| most > less) {
        let text = format!(
            "this device signed to give up to {} for this, which may be made until {}; ask again then for less",
            say::units(most),
            say::minute(expires)
        );
        return Err(Failure::refused("signed_before", text));
    }
    match asked(visit, flags, signed) {
        Ok(paid) => told(flags, payee, &paid, Some(most)).map(|()| true),
        Err(failure) if NOTHING_PAID.iter().any(|word| failure.is(word)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn told(flags: &Pay, payee: &ChipAddress, paid: &Paid, most: Option<Units>) -> Result<(), Failure> {
    let &Paid { lift, payment, units, given } = paid;
    let cost = Units::new(given.milli() - units.milli()).unwrap_or(Units::ZERO);
    let done = Done { payment, lift, payee: payee.short(), amount: units, given, cost, most };
    say::either(flags.place.json, &done, || {
        let cost = match cost.milli() {
            0 => "it cost nothing".to_owned(),
            1.. => format!("{} of it for those between", say::units(cost)),
            _ => format!("{} less, as some pay for being used", say::units(cost.negated())),
        };
        let allowed = match (flags.most, most) {
            (Some(most), _) => format!("; at most {}, as you said", say::units(most)),
            (None, Some(most)) => format!("; at most {}, as was quoted", say::units(most)),
            (None, None) => String::new(),
        };
        format!(
            "Paid {} to {}: you gave {}, {cost}{allowed}\npayment  {payment}\nlift     {lift}",
            say::units(units),
            payee.cuid,
            say::units(given)
        )
    })
}

/// The payment's name: a new one, or one that follows from all that was said.
fn name(flags: &Pay, payee: &ChipAddress, amount: Amount) -> Result<PaymentId, Failure> {
    // What a link asks for is paid once, whatever else is said of it.
    if let Some((link, _)) = &flags.link {
        let mut name = [0; 16];
        let said = Hash::of(format!("{} {link}", flags.who.user).as_bytes());
        name.copy_from_slice(&said.as_bytes()[..16]);
        return Ok(PaymentId::derived(name));
    }
    let Some(once) = &flags.once else {
        let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
        return Ok(PaymentId::random(random));
    };
    let memo = flags.memo.as_ref().map(ToString::to_string);
    let reference = flags.reference.as_ref().map(ToString::to_string);
    let units = amount.units.get();
    let said = (once, &flags.who.user, payee.short(), units, memo, reference, flags.most);
    let said = serde_json::to_vec(&said).map_err(|error| Failure::misused(error.to_string()))?;
    let mut name = [0; 16];
    name.copy_from_slice(&Hash::of(&said).as_bytes()[..16]);
    Ok(PaymentId::derived(name))
}

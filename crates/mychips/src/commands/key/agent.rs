//! `mychips key agent`: a user signs, on each of its tallies, that its site has another agent.

use protocol::ledger::Head;
use protocol::record::Record as _;
use protocol::{AgentId, Cert, Cuid, Moved, SecretKey, Side, Signer as _, TallyId};
use serde::Serialize;
use site::{Clock, Command, Summary, Wish};

use super::{Agent, sign};
use crate::commands::tally;
use crate::device::Device;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};
use crate::world::World;

#[derive(Serialize)]
struct Signed {
    user: Cuid,
    agent: AgentId,
    cert: bool,
    tallies: Vec<One>,
}

/// How it stands on a tally.
#[derive(Serialize)]
struct One {
    tally: TallyId,
    partner: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Done,
    Signed,
    Waits,
}

pub(super) fn run(flags: &Agent) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.who.user;
    let known = visit.user(user)?.cert;
    let cert = match known.filter(|cert| cert.chad.agent != visit.agent()) {
        Some(before) => {
            new_cert(&visit, before, &keys.of(user)?)?;
            true
        }
        None => false,
    };
    let halves = tally::all(&visit, user)?;
    let open = halves.iter().filter(|half| half.to_move || sign::is_open(half));
    let tallies = open.map(|half| on_one(&visit, &keys, half, flags.again)).collect();
    let signed = Signed { user: user.clone(), agent: visit.agent(), cert, tallies };
    say::either(flags.place.json, &signed, || page(&signed))
}

/// The user's cert, at this agent, signed with the same key.
fn new_cert(visit: &Visit, before: Cert, key: &SecretKey) -> Result<(), Failure> {
    let refused = |error: protocol::SignError| Failure::refused("signature", error.to_string());
    let user = before.chad.cuid.clone();
    if before.public != key.public_key() {
        return Err(Failure::refused(
            "other_key",
            format!("the key of {user} in the key folder is not the one in its cert at the site"),
        ));
    }
    let mut cert = Cert { date: World.now(), sign: None, ..before };
    cert.chad.agent = visit.agent();
    cert.chad.endpoint = None;
    let cert = cert.signed(key).map_err(refused)?;
    let proof = cert.sign_with(key).map_err(refused)?;
    visit.ask(&user, Command::NewCert { cert: Box::new(cert), proof })?;
    Ok(())
}

fn on_one(visit: &Visit, keys: &Keys, half: &Summary, again: bool) -> One {
    let (tally, partner) = (half.tally, say::partner_name(half));
    if !half.to_move && !again {
        return One { tally, partner, state: State::Done, reason: None };
    }
    match signs(visit, keys, half) {
        Ok(()) => One { tally, partner, state: State::Signed, reason: None },
        Err(failure) => {
            let reason = Some(failure.text().to_owned());
            One { tally, partner, state: State::Waits, reason }
        }
    }
}

fn signs(visit: &Visit, keys: &Keys, half: &Summary) -> Result<(), Failure> {
    // One in the making knows the key in the cert.
    let (key, name) = match half.signed {
        Some(_) => {
            let signing = tally::signing(half)?;
            (keys.for_tally(&half.holder, &signing.public)?, signing.name)
        }
        None => (keys.of(&half.holder)?, None),
    };
    let device = Device::of(visit, &half.holder);
    let kept = device.map(|device| device.words(half.tally)).unwrap_or_default();
    let moved = Moved {
        tally: half.tally,
        by: half.side,
        agent: visit.agent(),
        counter: counter(half, &kept),
        date: World.now(),
        head: rested(visit, half)?,
        key: name,
        sign: None,
    };
    let moved = moved.signed(&key);
    let moved = moved.map_err(|error| Failure::refused("signature", error.to_string()))?;
    let (tally, wish) = (half.tally, Wish::Move(Box::new(moved)));
    visit.ask(&half.holder, Command::Tally { tally, wish })?;
    Ok(())
}

/// The last head that the user rests on: for the stock what both are known to have.
fn rested(visit: &Visit, half: &Summary) -> Result<Option<Head>, Failure> {
    let Some(head) = half.head else { return Ok(None) };
    if half.side == Side::Foil || half.agreed == head.index {
        return Ok(Some(head));
    }
    let Some(before) = half.agreed.checked_sub(1) else { return Ok(None) };
    let links = visit.links(&half.holder, half.tally, before, half.agreed)?;
    Ok(links.first().map(|link| link.head))
}

/// Higher than every one before, also where the site and this device have forgotten those: the minutes since
/// 1970, unless a higher one is known.
fn counter(half: &Summary, kept: &[Moved]) -> std::num::NonZeroU32 {
    let minutes = u32::try_from(World.now().ms() / 60_000).unwrap_or(u32::MAX);
    let before = half.moved.iter().chain(kept).filter(|moved| moved.by == half.side);
    let next = before.map(|moved| moved.counter.get().saturating_add(1)).max();
    std::num::NonZeroU32::MIN.saturating_add(next.unwrap_or(1).max(minutes) - 1)
}

fn page(signed: &Signed) -> String {
    let Signed { user, agent, cert, tallies } = signed;
    let mut text = format!("Agent {agent} speaks for {user}\n");
    if *cert {
        text += "The cert at the site names it from now on.\n";
    }
    if tallies.is_empty() {
        return text + "\nNo tallies.";
    }
    let mut table =
        Table::new(&[("Partner", Set::Left), ("Tally", Set::Whole), ("State", Set::Left)]);
    for one in tallies {
        let state = match (one.state, &one.reason) {
            (State::Waits, Some(reason)) => format!("waits: {reason}"),
            (State::Waits, None) => "waits".to_owned(),
            (State::Done, _) => "done".to_owned(),
            (State::Signed, _) => "signed".to_owned(),
        };
        let [partner, tally] = sign::named(&one.partner, one.tally);
        table.row([partner, tally, state]);
    }
    text + "\n" + &table.render(&Look::of_stdout())
}

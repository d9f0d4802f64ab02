//! `mychips key consent` and `object`: what a partner, and what the old key, say to a new one.

use protocol::chit::{Entry, Written};
use protocol::{Hash, Signer, TallyId, Timestamp};
use serde::Serialize;
use site::{KeyAsked, Summary};

use super::{Consent, Object, sign};
use crate::commands::tally;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::say;
use crate::visit::{self, Visit};

#[derive(Serialize)]
struct Consented {
    tally: TallyId,
    partner: String,
    request: Hash,
    /// From when on the partner may have the key; its own site measures that.
    from: Option<Timestamp>,
}

pub(super) fn consent(flags: &Consent) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let half = tally::find(&visit, &flags.who.user, &flags.tally)?;
    let request = asked(&half, flags.request)?;
    let key = keys.for_tally(&half.holder, &tally::signing(&half)?.public)?;
    let entry = Entry::Consent { request, written: Written::default() };
    sign::hand_in(&visit, &half, sign::chit(&half, entry, &key)?)?;
    let now = visit.tally(&half.holder, half.tally)?;
    let open = now.key_asked.iter().find(|one| one.request == request);
    let (tally, partner) = (half.tally, say::partner_name(&half));
    let from = open.and_then(|one| one.from);
    let consented = Consented { tally, partner, request, from };
    say::either(flags.place.json, &consented, || {
        let partner = &consented.partner;
        let from = from.map_or_else(String::new, |from| format!(" from {} on", sign::from(from)));
        format!("{partner} may have its new key{from}, unless somebody with the old one objects.")
    })
}

/// The partner's request that is meant: the one that is named, or the only one.
fn asked(half: &Summary, named: Option<Hash>) -> Result<Hash, Failure> {
    let theirs = half.key_asked.iter().filter(|one| one.by != half.side);
    let meant: Vec<&KeyAsked> =
        theirs.filter(|one| named.is_none_or(|named| one.request == named)).collect();
    match meant.as_slice() {
        [one] => Ok(one.request),
        [] => Err(Failure::refused(
            "no_request",
            format!("{} asks for no such key on this tally", say::partner_name(half)),
        )),
        several => {
            let all: Vec<String> = several.iter().map(|one| one.request.to_string()).collect();
            let all = all.join(", ");
            let text = format!("there are several requests: {all}; name one with --request");
            Err(Failure::refused("ambiguous", text))
        }
    }
}

#[derive(Serialize)]
struct Objected {
    objections: Vec<One>,
}

#[derive(Serialize)]
struct One {
    tally: TallyId,
    partner: String,
    request: Hash,
}

pub(super) fn object(flags: &Object) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.who.user;
    let halves = match &flags.tally {
        Some(named) => vec![tally::find(&visit, user, named)?],
        None => tally::all(&visit, user)?,
    };
    let key = sign::key(flags.by.as_deref(), &keys, user)?;
    let mut objections = Vec::new();
    for half in &halves {
        let own = half.key_asked.iter().filter(|one| one.by == half.side);
        // What this device asked for itself it would not object to.
        for one in own.filter(|one| one.public != key.public_key()) {
            let request = one.request;
            let entry = Entry::Object { request, written: Written::default() };
            sign::hand_in(&visit, half, sign::chit(half, entry, &key)?)?;
            let (tally, partner) = (half.tally, say::partner_name(half));
            objections.push(One { tally, partner, request });
        }
    }
    if objections.is_empty() {
        let text = format!("nobody else asks for a key of {user}'s: nothing to object to");
        return Err(Failure::refused("no_request", text));
    }
    let objected = Objected { objections };
    say::either(flags.place.json, &objected, || {
        let lines = objected.objections.iter().map(|one| {
            format!("{}: nothing comes of the request for another key of yours", one.partner)
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

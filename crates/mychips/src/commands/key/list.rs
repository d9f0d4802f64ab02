//! `mychips key list`: how the keys of a user and its partners stand, tally by tally.

use protocol::{Cuid, Hash, PublicKey, Signer, TallyId};
use serde::Serialize;
use site::KeyAsked;

use super::{ListKeys, sign};
use crate::commands::tally;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};

#[derive(Serialize)]
struct Listed {
    user: Cuid,
    /// Names of the keys: in the user's cert at the site, and in the key folder.
    cert: Option<Hash>,
    folder: Option<Hash>,
    tallies: Vec<One>,
}

#[derive(Serialize)]
struct One {
    tally: TallyId,
    partner: String,
    /// The name of the key that signs on this tally; null where it was ended.
    key: Option<Hash>,
    partner_ended: bool,
    asked: Vec<KeyAsked>,
    #[serde(skip)]
    notes: Vec<String>,
}

pub(super) fn run(flags: &ListKeys) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.who.user;
    let cert = visit.user(user)?.cert.map(|cert| cert.public.name());
    let folder = match keys.of(user) {
        Err(failure) if failure.is("no_key") => None,
        found => Some(found?.public_key().name()),
    };
    let halves = visit.tallies(user)?;
    let tallies = halves.iter().filter(|half| sign::is_open(half)).map(|half| One {
        tally: half.tally,
        partner: say::partner_name(half),
        key: half.key.as_ref().map(|signing| PublicKey::name(&signing.public)),
        partner_ended: half.key_ended.iter().any(|side| *side != half.side),
        asked: half.key_asked.clone(),
        notes: tally::key_notes(half),
    });
    let tallies = tallies.collect();
    let listed = Listed { user: user.clone(), cert, folder, tallies };
    say::either(flags.place.json, &listed, || page(&listed))
}

fn page(listed: &Listed) -> String {
    let shown = |name: &Option<Hash>| name.map_or_else(|| "none".to_owned(), |n| n.to_string());
    let sheet = say::sheet(&[
        ("In the cert", shown(&listed.cert)),
        ("In the key folder", shown(&listed.folder)),
    ]);
    let mut text = sheet.trim_end().to_owned() + "\n";
    if listed.tallies.is_empty() {
        return text + "\nNo open tallies.";
    }
    let mut table = Table::new(&[
        ("Partner", Set::Left),
        ("Tally", Set::Whole),
        ("Key in force", Set::Whole),
        ("Here", Set::Whole),
    ]);
    for one in &listed.tallies {
        let here = one.key.is_some() && one.key == listed.folder;
        let [partner, tally] = sign::named(&one.partner, one.tally);
        let here = if here { "yes" } else { "no" };
        table.row([partner, tally, shown(&one.key), here.to_owned()]);
    }
    text.push('\n');
    text += &table.render(&Look::of_stdout());
    for one in &listed.tallies {
        for note in &one.notes {
            text += &format!("\n{}: {note}", one.partner);
        }
    }
    text
}

//! A tally with all that proves it, and all of a user's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use protocol::chit::Entry;
use protocol::export::{TallyExport, ToExport, USER_KIND, UserExport, VERSION};
use protocol::{Contract, Verified};
use serde::Serialize;
use site::{Clock, Summary};

use super::{Tally, User, write};
use crate::commands::tally;
use crate::failure::Failure;
use crate::say;
use crate::visit::Visit;
use crate::world::World;

#[derive(Serialize)]
struct Written {
    file: String,
    tallies: u64,
    chits: u64,
}

pub(super) fn one(flags: &Tally, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let half = tally::find(&visit, &flags.who.user, &flags.tally)?;
    let contracts = visit.contracts()?;
    let Some(export) = export(&visit, &half, &contracts)? else {
        let (tally, status) = (half.tally, half.status);
        return Err(site::SiteError::NotOpen { tally, status }.into());
    };
    put(flags.file.as_ref(), flags.place.json, &export, std::slice::from_ref(&export))
}

pub(super) fn all(flags: &User, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let user = &flags.who.user;
    let cert = visit.user(user)?.cert;
    let cert =
        cert.ok_or_else(|| Failure::refused("no_user", format!("{user} has no cert yet")))?;
    let contracts = visit.contracts()?;
    let mut tallies = Vec::new();
    for half in tally::all(&visit, user)? {
        tallies.extend(export(&visit, &half, &contracts)?);
    }
    let (kind, v, date, agent) = (USER_KIND.to_owned(), VERSION, World.now(), visit.agent());
    let export = UserExport { kind, v, date, agent, cert, tallies };
    export.check().map_err(|fault| not_proved(&fault))?;
    put(flags.file.as_ref(), flags.place.json, &export, &export.tallies)
}

/// A tally that both signed, with what proves all of it.
fn export(
    visit: &Visit,
    half: &Summary,
    contracts: &[Verified<Contract>],
) -> Result<Option<TallyExport>, Failure> {
    let Some(signed) = &half.signed else { return Ok(None) };
    let (user, tally) = (&half.holder, half.tally);
    // The links are those that the word is for, whatever comes meanwhile.
    let word = visit.vouched(user, tally)?;
    let links = visit.links(user, tally, 0, word.head.index)?;
    let lifts: BTreeSet<_> = links
        .iter()
        .filter_map(|link| match link.chit.entry {
            Entry::Lift { lift, .. } => Some(lift),
            _ => None,
        })
        .collect();
    let lifts = lifts.into_iter().map(|lift| visit.proof(user, tally, lift));
    let rid = signed.members().agree.rid;
    let contract = contracts.iter().find(|contract| contract.rid == Some(rid));
    let to_export = ToExport {
        date: World.now(),
        agent: visit.agent(),
        side: half.side,
        tally: signed.clone(),
        contract: contract.map(|contract| (**contract).clone()),
        lifts: lifts.collect::<Result<_, _>>()?,
        links,
        moved: half.moved.clone(),
        word: Some(word),
    };
    to_export.export().map(Some).map_err(|fault| not_proved(&fault))
}

fn not_proved(fault: &protocol::export::ExportFault) -> Failure {
    Failure::refused("not_proved", format!("the site shows what is not proved: {fault}"))
}

fn put(
    file: Option<&PathBuf>,
    json: bool,
    export: &impl Serialize,
    tallies: &[TallyExport],
) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(export);
    let text = text.map_err(|error| Failure::refused("system", error.to_string()))? + "\n";
    if !write(file.map(PathBuf::as_path), text.as_bytes())? {
        return Ok(());
    }
    let written = Written {
        file: file.map(|file| file.display().to_string()).unwrap_or_default(),
        tallies: tallies.len() as u64,
        chits: tallies.iter().map(|tally| tally.links.len() as u64).sum(),
    };
    say::either(json, &written, || {
        format!(
            "{} with {} in {}; mychips verify checks it anywhere",
            say::counted(written.tallies, "tally", "tallies"),
            say::counted(written.chits, "chit", "chits"),
            written.file
        )
    })
}

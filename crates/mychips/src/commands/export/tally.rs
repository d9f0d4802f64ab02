//! A tally with all that proves it, and all of a user's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use protocol::chit::Entry;
use protocol::export::{Checked, TallyExport, ToExport, USER_KIND, UserExport, VERSION};
use protocol::{ChitId, Contract, Verified};
use serde::Serialize;
use site::{Clock, Summary};

use super::{Tally, User, write};
use crate::commands::tally;
use crate::commands::verify::not_proved;
use crate::failure::{Failure, remark};
use crate::say;
use crate::visit::Visit;
use crate::world::World;

#[derive(Serialize)]
struct Written {
    file: String,
    tallies: u64,
    chits: u64,
    unproved: Vec<ChitId>,
}

pub(super) fn one(flags: &Tally, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let half = tally::find(&visit, &flags.who.user, &flags.tally)?;
    let contracts = visit.contracts()?;
    let Some(export) = export(&visit, &half, &contracts)? else {
        let (tally, status) = (half.tally, half.status);
        return Err(site::SiteError::NotOpen { tally, status }.into());
    };
    let checked = export.check().map_err(|fault| fault_of(&fault))?;
    put(flags.file.as_ref(), flags.place.json, &export, &[checked])
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
    let checked = export.check().map_err(|fault| fault_of(&fault))?;
    put(flags.file.as_ref(), flags.place.json, &export, &checked)
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
    to_export.export().map(Some).map_err(|fault| fault_of(&fault))
}

fn fault_of(fault: &protocol::export::ExportFault) -> Failure {
    Failure::refused("not_proved", format!("the site shows what is not proved: {fault}"))
}

fn put(
    file: Option<&PathBuf>,
    json: bool,
    export: &impl Serialize,
    checked: &[Checked],
) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(export);
    let text = text.map_err(|error| Failure::refused("system", error.to_string()))? + "\n";
    let written_there = write(file.map(PathBuf::as_path), text.as_bytes())?;
    let unproved: usize = checked.iter().map(|it| it.unproved.len()).sum();
    if unproved > 0 {
        remark(&not_proved(unproved as u64));
    }
    if !written_there {
        return Ok(());
    }
    let written = Written {
        file: file.map(|file| file.display().to_string()).unwrap_or_default(),
        tallies: checked.len() as u64,
        chits: checked.iter().map(|it| it.half.head().index).sum(),
        unproved: checked.iter().flat_map(|it| it.unproved.clone()).collect(),
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

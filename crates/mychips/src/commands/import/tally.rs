//! `mychips import tally`: what a site lost of a tally, brought back from an exported file.

use std::path::PathBuf;

use clap::Args;
use protocol::export::TallyExport;
use protocol::{ChitId, TallyId};
use serde::Serialize;

use crate::commands::verify::Export;
use crate::device;
use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place};
use crate::keys::Keys;
use crate::say;
use crate::visit::{self, Visit};

/// Bring back what the site lost of a tally, from a file that mychips export wrote.
///
/// All of the file is checked first. A tally that the site does not have is there again then, and chits
/// that it does not have are linked; what it has stays as it is. Lifts between sites come back with their proof;
/// those of the site alone do not.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  tallies   tally, partner, reopened (whether the site had no half of it),
            revision (what both signed, where the site had an older one or
            none; null otherwise), new (uuids of chits that it did not have),
            proved (how many lifts between sites it did not have; their chits
            follow), lifts (chits of lifts that it does not have, and that
            cannot be brought back), balance

Exit codes:
  0  done, also where nothing was missing    1  refused: not proved, or not yours
  2  wrong usage    3  reading or writing failed, or the site is in use

Examples:
  mychips import tally tally-with-bob.json --as ann")]
pub(crate) struct Tally {
    /// The file: of one tally, or of a user with all its tallies
    file: PathBuf,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct Report {
    tallies: Vec<Back>,
}

#[derive(Serialize)]
struct Back {
    tally: TallyId,
    partner: String,
    reopened: bool,
    revision: Option<u32>,
    new: Vec<ChitId>,
    proved: usize,
    lifts: usize,
    balance: i128,
}

pub(super) fn run(flags: &Tally) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let export = Export::read(&flags.file)?;
    export.check(&flags.file)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.who.user;
    visit.user(user)?;
    let mut report = Report { tallies: Vec::new() };
    let mut tallies: Vec<_> = export.tallies().iter().collect();
    // A lift between two users here is taken once one of its legs to another site is known.
    tallies.sort_by_key(|export| is_inner(export));
    for export in tallies {
        let chits = export.links.iter().map(|link| link.chit.clone()).collect();
        let (lifts, moved) = (&export.lifts, &export.moved);
        let brought = device::bring_back(&visit, user, &export.tally, (chits, lifts), moved);
        let (now, brought) = brought?;
        report.tallies.push(Back {
            tally: now.tally,
            partner: now.partner.as_ref().map(say::called).unwrap_or_default(),
            reopened: brought.reopened,
            revision: brought.revision,
            new: brought.new,
            proved: brought.proved,
            lifts: brought.lifts,
            balance: now.balance_milli,
        });
    }
    say::either(flags.place.json, &report, || report.page())
}

/// Whether both users are at the site.
fn is_inner(export: &TallyExport) -> bool {
    export.tally.party(export.side.other()).cert.chad.agent == export.agent
}

impl Report {
    fn page(&self) -> String {
        let mut page = String::new();
        for back in &self.tallies {
            let reopened = if back.reopened { ", which the site had lost" } else { "" };
            page += &format!("Tally with {}{reopened}: ", back.partner);
            if let Some(revision) = back.revision {
                page += &format!("revision {revision} is back; ");
            }
            page += &match back.new.len() {
                0 => "nothing was missing".to_owned(),
                many => {
                    let were = if many == 1 { "was" } else { "were" };
                    let chits = say::counted(many as u64, "chit", "chits");
                    format!(
                        "{chits} {were} missing and {} back",
                        if many == 1 { "is" } else { "are" }
                    )
                }
            };
            if back.proved > 0 {
                let lifts = say::counted(back.proved as u64, "lift", "lifts");
                let come = if back.proved == 1 { "comes" } else { "come" };
                page += &format!("; {lifts} {come} back with proof");
            }
            if back.lifts > 0 {
                let lifts = say::counted(back.lifts as u64, "lift", "lifts");
                page += &format!("; {lifts} cannot be brought back");
            }
            page += &format!("\n  {}\n", say::standing(&back.partner, back.balance));
            for chit in &back.new {
                page += &format!("  {chit}\n");
            }
        }
        if self.tallies.is_empty() { "No tallies in the file.".to_owned() } else { page }
    }
}

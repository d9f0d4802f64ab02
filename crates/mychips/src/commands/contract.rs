//! `mychips contract`: the texts that tallies agree to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use protocol::contract::Document;
use protocol::json::MAX_RECORD_BYTES;
use protocol::{Contract as Text, ContractId, Record, Verified};
use serde::Serialize;
use site::{Answer, Command, SiteError};

use crate::failure::Failure;
use crate::flags::Place;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};

/// The contracts that tallies agree to, each known by the hash of its text (rid).
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Contract {
    /// List the contracts that the site knows.
    List(ListContracts),
    /// Print a contract to read, with all that it includes; --json prints the record.
    Show(Show),
    /// Compute the rid of a contract in a file; a rid in the file must be right.
    Hash(InFile),
    /// Add a contract from a file, so that tallies of this site can agree to it.
    Add(InFile),
}

/// Where the site is.
#[derive(Debug, Args)]
pub(crate) struct ListContracts {
    #[command(flatten)]
    place: Place,
}

/// Which contract.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its rid, or the first characters of it
    #[arg(allow_hyphen_values = true)]
    rid: String,
    #[command(flatten)]
    place: Place,
}

/// A contract in a file.
#[derive(Debug, Args)]
pub(crate) struct InFile {
    /// JSON, as the chapter on contracts describes
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Shown {
    rid: Option<ContractId>,
    host: String,
    name: String,
    version: u32,
    language: String,
    title: String,
    top: bool,
}

#[derive(Serialize)]
struct Contracts {
    contracts: Vec<Shown>,
}

pub(crate) fn run(flags: &Contract) -> Result<(), Failure> {
    let json = flags.json();
    let enter = || Visit::enter(&visit::data(flags.place().data.as_deref())?);
    match flags {
        Contract::List(_) => list(&enter()?, json),
        Contract::Show(flags) => show(&enter()?, &flags.rid, json),
        Contract::Hash(flags) => {
            let contract = read(&flags.file)?;
            say::either(json, &shown(&contract), || rid(&contract))
        }
        Contract::Add(flags) => {
            let contract = read(&flags.file)?;
            let visit = enter()?;
            let command = Command::AddContract { contract: Box::new((*contract).clone()) };
            let new = matches!(visit.administer(command)?, Answer::Contract { new: true });
            say::either(json, &shown(&contract), || {
                let how = if new { "is known here now" } else { "was known here already" };
                format!("{} {how}\nrid  {}", contract.title, rid(&contract))
            })
        }
    }
}

fn rid(contract: &Text) -> String {
    contract.rid.map_or_else(String::new, |rid| rid.to_string())
}

fn shown(contract: &Text) -> Shown {
    Shown {
        rid: contract.rid,
        host: contract.host.to_string(),
        name: contract.name.to_string(),
        version: contract.version.get(),
        language: contract.language.to_string(),
        title: contract.title.to_string(),
        top: contract.top,
    }
}

/// A contract in a file, sealed where it has no rid yet.
fn read(file: &Path) -> Result<Verified<Text>, Failure> {
    let mut bytes = Vec::new();
    // One byte more than a record may have: its reader says that it is too long.
    let most = u64::try_from(MAX_RECORD_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| Failure::io("cannot read", file, &error))?;
    let refused = |error: &dyn std::fmt::Display| {
        Failure::refused("contract", format!("{}: {error}", file.display()))
    };
    let contract = Text::read(&bytes).map_err(|error| refused(&error))?;
    if contract.rid.is_none() {
        return contract.seal().map_err(|error| refused(&error));
    }
    Verified::check(contract, &()).map_err(|error| {
        refused(&format!("{error}: leave rid out of a changed text, it is computed anew"))
    })
}

fn list(visit: &Visit, json: bool) -> Result<(), Failure> {
    let contracts = visit.contracts()?;
    let contracts: Vec<Shown> = contracts.iter().map(|contract| shown(contract)).collect();
    if json {
        return say::json(&Contracts { contracts });
    }
    let mut table = Table::new(&[
        ("rid", Set::Whole),
        ("Name", Set::Left),
        ("Version", Set::Right),
        ("Language", Set::Whole),
        ("Title", Set::Left),
    ]);
    for contract in contracts {
        let rid = contract.rid.map_or_else(String::new, |rid| rid.to_string()[..8].to_owned());
        let name = format!("{}/{}", contract.host, contract.name);
        table.row([rid, name, contract.version.to_string(), contract.language, contract.title]);
    }
    say::text(&table.render(&Look::of_stdout()))
}

/// A contract by its rid or the beginning of it.
pub(crate) fn find(visit: &Visit, rid: &str) -> Result<Verified<Text>, Failure> {
    let fits = |contract: &Text| {
        contract.rid.is_some_and(|known| !rid.is_empty() && known.to_string().starts_with(rid))
    };
    let mut found = visit.contracts()?;
    found.retain(|contract| fits(contract));
    match (found.pop(), found.len()) {
        (Some(contract), 0) => Ok(contract),
        (Some(_), others) => Err(Failure::refused(
            "ambiguous",
            format!("{} contracts have a rid that begins with {rid}: write more of it", others + 1),
        )),
        (None, _) => Err(Failure::refused(
            "no_contract",
            format!("no contract {rid} is known here: see mychips contract list, or add it"),
        )),
    }
}

fn show(visit: &Visit, rid: &str, json: bool) -> Result<(), Failure> {
    let contract = find(visit, rid)?;
    if json {
        return say::json(&*contract);
    }
    let known: BTreeMap<ContractId, Verified<Text>> = visit
        .contracts()?
        .into_iter()
        .filter_map(|contract| Some((contract.rid?, contract)))
        .collect();
    let document = Document::of(contract, |rid| known.get(&rid).cloned());
    let document = document.map_err(|error| Failure::refused("contract", error.to_string()))?;
    say::text(&document.to_string())
}

impl From<protocol::JsonError> for Failure {
    fn from(error: protocol::JsonError) -> Self {
        SiteError::from(error).into()
    }
}

impl Contract {
    const fn place(&self) -> &Place {
        match self {
            Self::List(flags) => &flags.place,
            Self::Show(flags) => &flags.place,
            Self::Hash(flags) | Self::Add(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

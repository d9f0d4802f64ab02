//! `mychips user`: whom the site hosts.

use std::str::FromStr;

use clap::{Args, Subcommand};
use protocol::bounded::{Line, List};
use protocol::cert::{Connect, Identity, MAX_NAME_BYTES, Names, Type};
use protocol::{Cert, ChipAddress, Cuid, Signer};
use serde::Serialize;
use site::{Clock, Command, Resident};
use store::UserKind;

use crate::failure::Failure;
use crate::flags::{KeyFolder, Place};
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};
use crate::world::World;

/// The people and firms that the site hosts.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum User {
    Add(Add),
    List(ListUsers),
    Show(Named),
    Readmit(Readmit),
    /// Suspend a user: its tallies stay, it can start nothing.
    Suspend(Named),
    /// Let a suspended user act again.
    Resume(Named),
}

/// Take in a user, with a cert (an identity card) signed by its own key.
///
/// The key is read from the key folder to sign the cert, and stays there; make it first with
/// `mychips key new USER`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips user add ann --name 'Ann Baker' --connect email=ann@quernby.example
  mychips user add mill --name 'Quern Mill' --organisation")]
pub(crate) struct Add {
    /// The user's name at this site; never changes
    user: Cuid,
    /// How people call it; may be given again for further names
    #[arg(long, value_name = "NAME", required = true)]
    name: Vec<Line<MAX_NAME_BYTES>>,
    /// A way to reach it outside the network, like email=ann@quernby.example; may be given again
    #[arg(long, value_name = "WORD=ADDRESS")]
    connect: Vec<Way>,
    /// A firm, a club, a household; without this flag a person
    #[arg(long)]
    organisation: bool,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Give a user that has lost its key another cert; make sure that you know who asks.
///
/// The key is read from the key folder to sign the cert; the user makes it with mychips key new. The
/// user may act at the site again, and asks its partners with mychips key lost. Whoever has the old
/// key may look at the user's tallies and object there, until none of them has it any more.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips user readmit ann")]
pub(crate) struct Readmit {
    /// The user's name at this site
    user: Cuid,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// List the users, by name.
#[derive(Debug, Args)]
pub(crate) struct ListUsers {
    #[command(flatten)]
    place: Place,
}

/// One user.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The user's name at this site
    user: Cuid,
    #[command(flatten)]
    place: Place,
}

/// A way to reach a user, as written.
#[derive(Clone, Debug)]
struct Way(Connect);

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, address) = text.split_once('=').ok_or("not like email=ann@quernby.example")?;
        let media = word.parse().map_err(|error| format!("{word:?}: {error}"))?;
        let address = address.parse().map_err(|error| format!("{address:?}: {error}"))?;
        Ok(Self(Connect { media, address }))
    }
}

/// A user, in JSON.
#[derive(Serialize)]
struct Shown {
    user: Cuid,
    name: String,
    kind: &'static str,
    status: &'static str,
    address: String,
    created: protocol::Timestamp,
}

#[derive(Serialize)]
struct Users {
    users: Vec<Shown>,
}

pub(crate) fn run(flags: &User) -> Result<(), Failure> {
    let data = visit::data(flags.place().data.as_deref())?;
    let json = flags.json();
    match flags {
        User::Add(flags) => {
            let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
            let visit = Visit::enter(&data)?;
            add(flags, &keys, &visit)
        }
        User::Readmit(flags) => {
            let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
            readmit(flags, &keys, &Visit::enter(&data)?)
        }
        User::List(_) => list(&Visit::enter(&data)?, json),
        User::Show(flags) => show(&Visit::enter(&data)?, &flags.user, json),
        User::Suspend(flags) => suspend(&Visit::enter(&data)?, &flags.user, true, json),
        User::Resume(flags) => suspend(&Visit::enter(&data)?, &flags.user, false, json),
    }
}

fn add(flags: &Add, keys: &Keys, visit: &Visit) -> Result<(), Failure> {
    let key = keys.of(&flags.user)?;
    let names =
        List::new(flags.name.clone()).map_err(|e| Failure::misused(format!("--name: {e}")))?;
    let name = Names::try_from(names).map_err(|e| Failure::misused(format!("--name: {e}")))?;
    let (kind, r#type) = if flags.organisation {
        (UserKind::Organisation, Type::Organisation)
    } else {
        (UserKind::Person, Type::Person)
    };
    let chad = ChipAddress { cuid: flags.user.clone(), agent: visit.agent(), endpoint: None };
    let cert = Cert {
        chad,
        r#type,
        name,
        connect: List::new(flags.connect.iter().map(|way| way.0.clone()).collect())
            .map_err(|e| Failure::misused(format!("--connect: {e}")))?,
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: World.now(),
        sign: None,
    };
    let cert = cert.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?;
    visit.administer(Command::AddUser { kind, cert: Box::new(cert) })?;
    let shown = find(visit, &flags.user)?.1;
    say::either(flags.place.json, &shown, || {
        format!("{} lives here now as {}\naddress  {}", shown.name, shown.user, shown.address)
    })
}

fn readmit(flags: &Readmit, keys: &Keys, visit: &Visit) -> Result<(), Failure> {
    let (user, key) = (&flags.user, keys.of(&flags.user)?);
    let before = visit.user(user)?.cert;
    let before =
        before.ok_or_else(|| Failure::refused("no_user", format!("{user} has no cert yet")))?;
    let cert = Cert { public: key.public_key(), date: World.now(), sign: None, ..before };
    let cert = cert.signed(&key).map_err(|e| Failure::refused("signature", e.to_string()))?;
    visit.administer(Command::Readmit { cert: Box::new(cert) })?;
    let shown = find(visit, user)?.1;
    say::either(flags.place.json, &shown, || {
        format!("{user} has a cert with its new key now; on to:  mychips key lost --as {user}")
    })
}

fn shown(visit: &Visit, row: &Resident) -> Shown {
    let agent = visit.agent();
    let address = ChipAddress { cuid: row.user.clone(), agent, endpoint: None };
    Shown {
        user: row.user.clone(),
        name: row.name.clone(),
        kind: row.kind.word(),
        status: row.status.word(),
        address: address.short(),
        created: row.created,
    }
}

fn find(visit: &Visit, user: &Cuid) -> Result<(Resident, Shown), Failure> {
    let resident = visit.user(user)?;
    let shown = shown(visit, &resident);
    Ok((resident, shown))
}

fn list(visit: &Visit, json: bool) -> Result<(), Failure> {
    let users: Vec<Shown> = visit.users()?.iter().map(|row| shown(visit, row)).collect();
    if json {
        return say::json(&Users { users });
    }
    if users.is_empty() {
        return say::text("Nobody lives here yet: mychips user add USER --name NAME");
    }
    let mut table = Table::new(&[
        ("User", Set::Left),
        ("Name", Set::Left),
        ("Kind", Set::Whole),
        ("Status", Set::Whole),
        ("Since", Set::Whole),
    ]);
    for user in &users {
        let since = user.created.to_string()[..10].to_owned();
        let (kind, status) = (user.kind.to_owned(), user.status.to_owned());
        table.row([user.user.to_string(), user.name.clone(), kind, status, since]);
    }
    say::text(&table.render(&Look::of_stdout()))
}

fn show(visit: &Visit, user: &Cuid, json: bool) -> Result<(), Failure> {
    let (row, shown) = find(visit, user)?;
    let cert = row.cert;
    if json {
        #[derive(Serialize)]
        struct WithCert {
            #[serde(flatten)]
            user: Shown,
            cert: Option<Cert>,
        }
        return say::json(&WithCert { user: shown, cert });
    }
    let key = cert.as_ref().map_or("none", |cert| cert.public.algorithm());
    say::text(&say::sheet(&[
        ("User", shown.user.to_string()),
        ("Name", shown.name),
        ("Kind", shown.kind.to_owned()),
        ("Status", shown.status.to_owned()),
        ("Address", shown.address),
        ("Key", key.to_owned()),
        ("Since", say::minute(shown.created)),
    ]))
}

fn suspend(visit: &Visit, user: &Cuid, suspended: bool, json: bool) -> Result<(), Failure> {
    visit.administer(Command::Suspend { cuid: user.clone(), suspended })?;
    let shown = find(visit, user)?.1;
    say::either(json, &shown, || {
        if suspended {
            format!("{user} is suspended: its tallies stay, it can start nothing")
        } else {
            format!("{user} may act again")
        }
    })
}

impl User {
    const fn place(&self) -> &Place {
        match self {
            Self::Add(flags) => &flags.place,
            Self::Readmit(flags) => &flags.place,
            Self::List(flags) => &flags.place,
            Self::Show(flags) | Self::Suspend(flags) | Self::Resume(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

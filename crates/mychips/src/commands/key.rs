//! `mychips key`: users' signing keys, in a folder of their own.

use clap::{Args, Subcommand};
use protocol::{Cuid, PublicKey, Signer};
use serde::Serialize;

use super::carry::{self, Export, Import};
use super::revoke::{self, Revoke};
use crate::failure::Failure;
use crate::flags::{KeyFolder, Place};
use crate::keys::Keys;
use crate::{say, visit};

/// Users' signing keys, kept in a folder apart from the site.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Key {
    New(New),
    Revoke(Revoke),
    Export(Export),
    Import(Import),
}

/// Make a signing key for a user: USER.jwk in the key folder, readable by you only.
///
/// Whoever has this file can sign for the user; who loses it cannot sign for its tallies any more.
/// Keep a copy in a safe place. The folder is a device like a phone: a site never reads it, and it
/// may not lie in a site's data directory. No site is needed to make a key.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Exit codes:
  0  done    1  refused: the user has a key in the folder already    2  wrong usage
  3  the folder cannot be written

Examples:
  mychips key new ann
  mychips key new ann --keys /media/stick/keys")]
pub(crate) struct New {
    /// The user's name at its site: small letters, digits, '.', '_' and '-'
    user: Cuid,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Made {
    user: Cuid,
    file: String,
    public: PublicKey,
}

pub(crate) fn run(flags: &Key) -> Result<(), Failure> {
    match flags {
        Key::New(flags) => new(flags),
        Key::Revoke(flags) => revoke::run(flags),
        Key::Export(flags) => carry::export(flags),
        Key::Import(flags) => carry::import(flags),
    }
}

fn new(flags: &New) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let key = keys.make(&flags.user)?;
    let file = keys.file(&flags.user).display().to_string();
    let made = Made { user: flags.user.clone(), file, public: key.public_key() };
    say::either(flags.place.json, &made, || {
        format!(
            "A key for {} is in {}\nKeep a copy of it in a safe place: nobody can make it again.",
            made.user, made.file
        )
    })
}

impl Key {
    pub(crate) const fn json(&self) -> bool {
        match self {
            Self::New(flags) => flags.place.json,
            Self::Revoke(flags) => flags.json(),
            Self::Export(flags) => flags.json(),
            Self::Import(flags) => flags.json(),
        }
    }
}

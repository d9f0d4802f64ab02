//! `mychips key`: users' signing keys, in a folder of their own.
//!
//! `revoke.rs` puts another one in a key's place, `end.rs` none; `lost.rs` asks for one in the place of
//! a lost one, `answer.rs` is what partners and old keys say to that; `agent.rs` says that the site has another
//! agent; `list.rs` shows how things stand;
//! `carry.rs` takes keys from device to device.

mod agent;
mod answer;
mod carry;
mod end;
mod list;
mod lost;
mod revoke;
mod sign;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protocol::{Cuid, Hash, PublicKey, Signer};
use serde::Serialize;

use carry::{Export, Import};
use revoke::Revoke;

use crate::failure::Failure;
use crate::flags::As;
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
    Lost(Lost),
    Consent(Consent),
    Object(Object),
    Agent(Agent),
    List(ListKeys),
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

/// Ask for a new key in the place of one that is lost, on all tallies or one.
///
/// Makes a key in the key folder where there is none, and asks each partner for its consent. Then a
/// time has to pass in which any device that still has the old key may object: give the command
/// again to see how things stand, and, once the time has passed, to have the new key. Ask your
/// partners by voice or in person: they cannot know otherwise that it is you.
///
/// The site knows you by your cert, which has the lost key. So an administrator, who knows you, gives
/// you another one first: mychips user readmit.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  user, file   whose key, and where the new one is
  finished     whether all tallies have it; otherwise give the command again
  tallies      tally, partner, state: 'done', 'on_its_way' (this side has it, the
               partner has not confirmed it), 'asked', 'consented' with the time
               'from' which on it can be had, 'over' (objected to, or too late:
               see --again), 'waits' with a reason

Exit codes:
  0  done, or as far as it can be now    1  refused    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips key lost --as ann
  mychips key lost bob --as ann --wait 30")]
pub(crate) struct Lost {
    /// Only this tally: the partner's name, or the beginning of the tally's uuid
    tally: Option<String>,
    #[command(flatten)]
    who: As,
    /// How many days to wait after the partner's consent
    #[arg(long, value_name = "DAYS", default_value_t = protocol::chit::DEFAULT_WAIT_DAYS,
        value_parser = clap::value_parser!(u16).range(
            protocol::chit::MIN_WAIT_DAYS as i64..=protocol::chit::MAX_WAIT_DAYS as i64))]
    wait: u16,
    /// Ask anew where somebody objected, or something came in between
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Consent to a partner's new key, in the place of one that it has lost.
///
/// Make sure that it is your partner who asks: call it, or meet it. Whoever gets the key signs for
/// your partner from then on, and what you are owed by your partner, you are owed by whom it is.
/// Before that, a time passes in which your partner may object, if it was not the one that asked.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips key consent ann --as bob")]
pub(crate) struct Consent {
    /// The partner's name, or the beginning of the tally's uuid
    tally: String,
    #[command(flatten)]
    who: As,
    /// Which request, where there are several: as mychips key list --json shows it
    #[arg(long, value_name = "REQUEST", allow_hyphen_values = true)]
    request: Option<Hash>,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Object to a new key that somebody asked for in your name: nothing comes of it.
///
/// It takes the old key, which is still in force. A device that has it can do this also where an
/// administrator has given your name another cert.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips key object --as ann
  mychips key object bob --as ann")]
pub(crate) struct Object {
    /// Only on this tally: the partner's name, or the beginning of the tally's uuid
    tally: Option<String>,
    #[command(flatten)]
    who: As,
    /// The old key, where it is not the one in the key folder
    #[arg(long, value_name = "FILE")]
    by: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Sign, on each of a user's tallies, that its site has another agent.
///
/// A tally names the agents of both users' sites, and the partner's site hears nobody else. Where your
/// site's agent key was changed or lost, your signature tells the partner's site whom to hear from now
/// on. Your cert at the site is signed anew too, for tallies to come.
///
/// Ask your site's administrator first whether the site really has another agent: whoever speaks for
/// you can keep your partners' chits from you, though it can sign nothing in your name.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  user, agent  whose tallies, and the agent that speaks for it from now on
  cert         whether its cert was signed anew
  tallies      tally, partner, state: 'signed' now, 'done' before, 'waits' with a
               reason

Exit codes:
  0  done    1  refused    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips key agent --as ann
  mychips key agent --as ann --again")]
pub(crate) struct Agent {
    #[command(flatten)]
    who: As,
    /// Sign also where this site's agent is the one that speaks already: after somebody else had your key, and may
    /// have signed for another one at your partners' sites
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Show a user's keys, tally by tally: which is in force, and who asks for another one.
///
/// Keys are called by their names, the thumbprints of their JWK. 'Here' is in the key folder, under
/// the user's name.
#[derive(Debug, Args)]
pub(crate) struct ListKeys {
    #[command(flatten)]
    who: As,
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
        Key::Revoke(flags) if flags.ends() => end::run(flags),
        Key::Revoke(flags) => revoke::run(flags),
        Key::Lost(flags) => lost::run(flags),
        Key::Consent(flags) => answer::consent(flags),
        Key::Object(flags) => answer::object(flags),
        Key::Agent(flags) => agent::run(flags),
        Key::List(flags) => list::run(flags),
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
            Self::Lost(flags) => flags.place.json,
            Self::Consent(flags) => flags.place.json,
            Self::Object(flags) => flags.place.json,
            Self::Agent(flags) => flags.place.json,
            Self::List(flags) => flags.place.json,
            Self::Export(flags) => flags.json(),
            Self::Import(flags) => flags.json(),
        }
    }
}

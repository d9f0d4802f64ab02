//! The flags of invitations: of those who give them out and of those who answer.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

use super::disclose::Told;
use super::{SideFlag, Terms};
use crate::flags::{As, KeyFolder, Place, Span};

/// Invite somebody to a tally, with a link, a picture of it (QR code) or a file.
///
/// Whoever holds the invitation can answer it, once: hand it over like a key. It says what you
/// would agree to and binds nobody yet. With --uses several can answer it, each for a tally of its
/// own. The link is short: the rest is with your site, so the site has to be served, where the
/// other one reaches it, when the link is followed. The file holds everything.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips tally invite --as ann --limit 100 --link
  mychips tally invite --as ann --limit 100 --qr
  mychips tally invite --as hearth --limit 20 --uses 50 --expires 90d --out counter.svg
  mychips tally invite --as ann --limit 50 --their-limit 20 --out for-bob.json
  mychips tally invitations --as ann")]
pub(crate) struct Invite {
    #[command(flatten)]
    pub(super) who: As,
    #[command(flatten)]
    pub(super) terms: Terms,
    /// Your side: 'stock' is usually owed (a seller), 'foil' usually owes (a buyer)
    #[arg(long, value_name = "SIDE", default_value = "stock")]
    pub(super) side: SideFlag,
    /// How long it may be answered: 30d, 12h, 45m
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub(super) expires: Span,
    /// How many may answer it, each for a tally of its own; without this flag one
    #[arg(long, value_name = "N")]
    pub(super) uses: Option<NonZeroU32>,
    /// What whoever reads it is told of you beside your name, parted by commas: names, connect,
    /// place, state, birth, all, or a word of your cert like email [default: all]
    #[arg(long, value_name = "LIST")]
    pub(super) disclose: Option<Told>,
    /// Print the link to it, instead of the whole invitation
    #[arg(long, conflicts_with = "qr")]
    pub(super) link: bool,
    /// Draw the link as a QR code on the terminal, for a telephone to read
    #[arg(long, conflicts_with = "json")]
    pub(super) qr: bool,
    /// Write the invitation into a new FILE, readable by you only, instead of printing it; a FILE
    /// that ends in .svg gets the QR code of the link, to be printed on paper
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Answer an invitation. It binds nobody yet: either of you signs an offer then.
///
/// A link is followed to the inviter's site, which has to be served then. The inviter learns who
/// you are when it gets your answer: while your own site is served too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips tally answer 'chip://ann:12D3Koo…@ann.example:8421#invite/…' --as bob
  mychips tally answer for-bob.json --as bob
  wl-paste | mychips tally answer - --as bob --disclose email")]
pub(crate) struct Answer {
    /// The link, or the file that the invitation is in; '-' for either on standard input
    #[arg(value_name = "LINK|FILE")]
    pub(super) invitation: String,
    /// What the inviter is told of you beside your name, parted by commas: names, connect, place,
    /// state, birth, all, or a word of your cert like email [default: all]
    #[arg(long, value_name = "LIST")]
    pub(super) disclose: Option<Told>,
    #[command(flatten)]
    pub(super) who: As,
    #[command(flatten)]
    pub(super) keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Take back an invitation: nobody can answer it any more; tallies that came of it stay.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The invitation's name or the first characters of it, at least four: see mychips tally
    /// invitations
    #[arg(value_name = "INVITATION", allow_hyphen_values = true)]
    pub(super) invitation: String,
    #[command(flatten)]
    pub(super) who: As,
    #[command(flatten)]
    pub(super) keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

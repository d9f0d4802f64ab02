//! `mychips tally`: agreements with partners, from the invitation to the end.
//!
//! Flags are here, those of invitations in `flags.rs`; `find.rs` is how a tally is named, `view.rs` how it is
//! shown, `invite.rs`, `answer.rs`, `given.rs`, `decide.rs` and `settings.rs` what is done, `disclose.rs` what
//! partners are told.

mod answer;
mod decide;
mod disclose;
mod find;
mod flags;
mod given;
mod invite;
mod settings;
mod view;

use clap::{Args, Subcommand, ValueEnum};
use protocol::bounded::Prose;
use protocol::negotiation::Reason;
use protocol::tally::MAX_MEMO_BYTES;
use protocol::{Rate, Side, Units};

use crate::failure::Failure;
use crate::flags::{As, KeyFolder, Place, Span};
use crate::visit;

pub(crate) use answer::MAX_INVITATION_BYTES;
pub(crate) use find::{all, find, seen, signing};
use flags::{Answer, Invite, Revoke};
pub(crate) use view::key_notes;

/// Agreements with partners: invite, sign, set, close.
///
/// An invitation is answered; either of the two signs an offer; the other accepts it by signing
/// too, and the tally is open. TALLY is the partner's name (its user name or its full name), the
/// tally's uuid, or the first characters of that, at least four.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_long_help = "\
The way to an open tally:
  mychips tally invite --as ann --limit 100 --link
  mychips tally answer 'chip://ann:12D3Koo…' --as bob
  mychips tally offer ann --as bob
  mychips tally accept bob --as ann"
)]
pub(crate) enum Tally {
    Invite(Invite),
    Answer(Answer),
    /// List a user's invitations that are out: how many answered, until when they may.
    Invitations(ListTallies),
    Revoke(Revoke),
    Offer(Offer),
    /// Answer the partner's offer with one of your own.
    ///
    /// It begins with the wording of the partner's offer and has the changes that you name. The
    /// partner may accept it, refuse it, or counter it in turn.
    Counter(Offer),
    /// Sign the partner's offer: the tally is open.
    Accept(Signing),
    Refuse(Refuse),
    /// Ask for your own offer back; the partner may have accepted it meanwhile.
    Withdraw(Signing),
    List(ListTallies),
    /// Show a tally: who, terms, balance, settings, offer on the table.
    Show(Deciding),
    Set(SetFlags),
    Close(Close),
}

/// What is negotiated.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// The most that your partner may owe you, in CHIPs: 100, 12.5
    #[arg(long, value_name = "CHIPS")]
    limit: Option<Units>,
    /// The most that you may owe your partner, for it to grant
    #[arg(long, value_name = "CHIPS")]
    their_limit: Option<Units>,
    /// A word to the partner; it is part of what both sign
    #[arg(long, value_name = "TEXT")]
    memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// The contract to agree to, by its rid or the first characters of it
    #[arg(long, value_name = "RID", allow_hyphen_values = true)]
    contract: Option<String>,
}

/// Sign an offer: the wording as it stands, with the changes that you name.
///
/// It is for a tally with no offer of the partner's on the table; `mychips tally counter` answers
/// one. On an open tally an offer proposes changed terms; until the partner accepts, what both
/// signed before stands.
#[derive(Debug, Args)]
pub(crate) struct Offer {
    /// The tally, or the partner
    tally: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    terms: Terms,
    /// How long the offer may be accepted: 30d, 12h, 45m [default: for ever]
    #[arg(long, value_name = "TIME")]
    expires: Option<Span>,
    #[command(flatten)]
    place: Place,
}

/// Which tally, and the key to sign with.
#[derive(Debug, Args)]
pub(crate) struct Signing {
    /// The tally, or the partner
    tally: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Say no to the partner's offer; both may offer anew.
#[derive(Debug, Args)]
pub(crate) struct Refuse {
    /// The tally, or the partner
    tally: String,
    /// Why, for the partner to read
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// Which tally.
#[derive(Debug, Args)]
pub(crate) struct Deciding {
    /// The tally, or the partner
    tally: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    place: Place,
}

/// List a user's tallies.
#[derive(Debug, Args)]
pub(crate) struct ListTallies {
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    place: Place,
}

/// Sign new trading variables; those that are not named stay as they are.
///
/// They tell lifts what may move over your half of the tally: up to the target for nothing, up to
/// the bound for the reward; the clutch is what you charge for what you let go.
#[derive(Debug, Args)]
#[command(override_usage = "mychips tally set [OPTIONS] --as <USER> <TALLY>")]
#[command(after_long_help = "\
Examples:
  mychips tally set bob --as ann --target 20 --bound 80
  mychips tally set bob --as ann --reward 0.5% --clutch=-0.2%")]
pub(crate) struct SetFlags {
    /// The tally, or the partner
    tally: String,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    place: Place,
}

/// The trading variables, at least one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Values {
    /// The balance that you would like to hold, in CHIPs; a bound below it is raised to it
    #[arg(long, value_name = "CHIPS")]
    target: Option<Units>,
    /// The highest balance to which lifts may bring you, in CHIPs
    #[arg(long, value_name = "CHIPS")]
    bound: Option<Units>,
    /// What you charge for value that comes in above the target: 0.5%, 5000ppm
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    reward: Option<Rate>,
    /// What you charge for value that you let go: 0.5%, 5000ppm; -0.2% pays for it
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    clutch: Option<Rate>,
}

/// Ask to close a tally: from then on it takes only what brings its balance toward zero.
///
/// It is closed as soon as the balance is zero and both halves agree. Until then you may take it
/// back with --undo.
#[derive(Debug, Args)]
pub(crate) struct Close {
    /// The tally, or the partner
    tally: String,
    /// Take back what you asked
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

/// A side, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SideFlag {
    /// Usually owed
    Stock,
    /// Usually owes
    Foil,
}

impl From<SideFlag> for Side {
    fn from(side: SideFlag) -> Self {
        match side {
            SideFlag::Stock => Self::Stock,
            SideFlag::Foil => Self::Foil,
        }
    }
}

pub(crate) fn run(flags: &Tally) -> Result<(), Failure> {
    let data = visit::data(flags.place().data.as_deref())?;
    match flags {
        Tally::Invite(flags) => invite::invite(flags, &data),
        Tally::Answer(flags) => answer::answer(flags, &data),
        Tally::Invitations(flags) => given::list(flags, &data),
        Tally::Revoke(flags) => given::revoke(flags, &data),
        Tally::Offer(flags) => decide::offer(flags, false, &data),
        Tally::Counter(flags) => decide::offer(flags, true, &data),
        Tally::Accept(flags) => decide::accept(flags, &data),
        Tally::Refuse(flags) => decide::refuse(flags, &data),
        Tally::Withdraw(flags) => decide::withdraw(flags, &data),
        Tally::List(flags) => view::list(flags, &data),
        Tally::Show(flags) => view::show(flags, &data),
        Tally::Set(flags) => settings::set(flags, &data),
        Tally::Close(flags) => settings::close(flags, &data),
    }
}

impl Tally {
    const fn place(&self) -> &Place {
        match self {
            Self::Invite(flags) => &flags.place,
            Self::Answer(flags) => &flags.place,
            Self::Offer(flags) | Self::Counter(flags) => &flags.place,
            Self::Accept(flags) | Self::Withdraw(flags) => &flags.place,
            Self::Refuse(flags) => &flags.place,
            Self::Show(flags) => &flags.place,
            Self::List(flags) | Self::Invitations(flags) => &flags.place,
            Self::Revoke(flags) => &flags.place,
            Self::Set(flags) => &flags.place,
            Self::Close(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

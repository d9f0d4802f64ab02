//! `mychips key revoke`: another key in the place of one that was stolen, or is old.

use std::path::PathBuf;

use clap::Args;
use protocol::chit::{Entry, Rekey, Written};
use protocol::ledger::Rekeying;
use protocol::record::Record;
use protocol::{Cuid, PublicKey, SecretKey, Signer, TallyId, Units};
use serde::Serialize;
use site::{Clock, Command, Summary};

use super::sign;
use crate::commands::tally;
use crate::failure::Failure;
use crate::flags::{KeyFolder, Place};
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};
use crate::world::World;

/// Give up a user's key for a new one, on all its open tallies.
///
/// Makes a new key in the key folder, and has both keys sign the change on every open tally and a
/// new cert. From then on nothing that the old key signs counts; what both halves of a tally had
/// before does. Payments that were still on their way are named: they do not count, pay them again.
/// Where something has to wait, give the command again: it goes on where it stopped. The old key
/// stays in the folder, under another name. Invitations that nobody has answered, and drafts, bear
/// the old key: withdraw them and invite anew.
///
/// With --end no new key comes in its place: the user signs nothing more on its tallies, and is
/// suspended at the site, until it has another key by mychips user readmit and mychips key lost, with
/// the consent of its partners. So it stops a thief who has changed the key before you could.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  user       whose key
  finished   whether all is done; otherwise give the command again
  file       where the key is that is to be used
  old        where the old key is now; null until finished
  tallies    tally, partner, state: 'done', 'on_its_way' (this side has the new
             key, the partner has not confirmed it), 'waits' with a reason;
             void: payments that do not count any more, void_amount their sum
             in milli-CHIPs

  With --end: user, finished; suspended (whether the site does nothing more in
  the user's name); tallies with tally, partner, state: 'ended', 'on_its_way',
  'waits' with a reason

Exit codes:
  0  done, or as far as it can be now    1  refused    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips key revoke ann
  mychips key revoke ann --end
  mychips key revoke ann --end --by ann~old-1.jwk")]
pub(crate) struct Revoke {
    /// The user whose key it is
    pub(super) user: Cuid,
    /// End the key, with no new one in its place
    #[arg(long)]
    end: bool,
    /// With --end: the key that signs it, where it is not the one in the key folder; the one in
    /// force, or one that this came from
    #[arg(long, value_name = "FILE", requires = "end")]
    pub(super) by: Option<PathBuf>,
    #[command(flatten)]
    pub(super) keys: KeyFolder,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Serialize)]
struct Revoked {
    user: Cuid,
    finished: bool,
    file: String,
    old: Option<String>,
    tallies: Vec<Changed>,
}

/// What became of a tally.
#[derive(Serialize)]
struct Changed {
    tally: TallyId,
    partner: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    void: usize,
    void_amount: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Done,
    OnItsWay,
    Waits,
}

pub(crate) fn run(flags: &Revoke) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.user;
    let (key, cert) = (keys.of(user)?, visit.user(user)?.cert);
    let cert =
        cert.ok_or_else(|| Failure::refused("no_user", format!("{user} has no cert yet")))?;
    // What the site lost is brought back first: after the change of key it would be void.
    let halves = tally::all(&visit, user)?;
    sign::moved_first(&halves)?;
    let ended = |half: &&Summary| half.key_ended.contains(&half.side) && sign::is_open(half);
    if let Some(half) = halves.iter().find(ended) {
        let partner = say::partner_name(half);
        let text = format!(
            "{user}'s key on its tally with {partner} was ended: with the partner's consent it gets \
             another one by mychips key lost --as {user}"
        );
        return Err(Failure::refused("key_ended", text));
    }
    let next = keys.next(user)?;
    let mut tallies = Vec::new();
    for half in halves {
        if let Some(signing) = half.key.filter(|_| half.status != "close") {
            tallies.push(change(&visit, &half, signing.public, &key, &next)?);
        }
    }
    if cert.public != next.public_key() {
        let signed = |error: protocol::SignError| Failure::refused("signature", error.to_string());
        let mut new = protocol::Cert { public: next.public_key(), date: World.now(), ..cert };
        new.sign = None;
        let new = new.signed(&next).map_err(signed)?;
        let proof = new.sign_with(&key).map_err(signed)?;
        visit.ask(user, Command::NewCert { cert: Box::new(new), proof })?;
    }
    let finished = tallies.iter().all(|changed| changed.state != State::Waits);
    let old = finished.then(|| keys.advance(user)).transpose()?;
    let file = if finished { keys.file(user) } else { keys.next_file(user) };
    let (file, old) = (file.display().to_string(), old.map(|old| old.display().to_string()));
    let revoked = Revoked { user: user.clone(), finished, file, old, tallies };
    say::either(flags.place.json, &revoked, || page(&revoked))
}

/// The new key on one tally, as far as it goes now.
fn change(
    visit: &Visit,
    half: &Summary,
    taken: PublicKey,
    key: &SecretKey,
    next: &SecretKey,
) -> Result<Changed, Failure> {
    let mut reason = None;
    if taken == key.public_key() {
        reason = change_key(visit, half, key, next).err().map(|error| error.text().to_owned());
    } else if taken != next.public_key() {
        reason = Some("it takes chits with a key that is not in this folder".to_owned());
    }
    let now = visit.tally(&half.holder, half.tally)?;
    let state = match &reason {
        Some(_) => State::Waits,
        None if now.agreed < now.chits => State::OnItsWay,
        None => State::Done,
    };
    let (mut void, mut void_amount) = (0, 0);
    for entry in visit.history(&half.holder, half.tally)? {
        let chit = entry.link.chit;
        if entry.void && chit.by == half.side && matches!(chit.entry, Entry::Tran { .. }) {
            void += 1;
            void_amount -= i128::from(chit.effect_on(half.side).milli());
        }
    }
    let (tally, partner) = (half.tally, say::partner_name(half));
    Ok(Changed { tally, partner, state, reason, void, void_amount })
}

/// Has both keys sign the change, and hands it in.
fn change_key(
    visit: &Visit,
    half: &Summary,
    key: &SecretKey,
    next: &SecretKey,
) -> Result<(), Failure> {
    let Rekeying { counter, head, .. } = visit.to_rekey(&half.holder, half.tally)?;
    let rekey = Rekey { counter, head, public: next.public_key(), proof: None };
    let entry = Entry::Key { rekey: Box::new(rekey), written: Written::default() };
    let chit = sign::chit(half, entry, key)?.proved(next);
    let chit = chit.map_err(|error| Failure::refused("signature", error.to_string()))?;
    sign::hand_in(visit, half, chit)
}

fn page(revoked: &Revoked) -> String {
    let user = &revoked.user;
    let mut text = if revoked.finished {
        let old = revoked.old.as_deref().unwrap_or_default();
        format!("{user} signs with a new key now.\nkey  {}\nold  {old}\n", revoked.file)
    } else {
        format!(
            "Not on all tallies yet; when what they wait for is done:  mychips key revoke {user}\n\
             key  {}\n",
            revoked.file
        )
    };
    if revoked.tallies.is_empty() {
        return text + "\nNo open tallies.";
    }
    let mut table =
        Table::new(&[("Partner", Set::Left), ("Tally", Set::Whole), ("State", Set::Whole)]);
    for changed in &revoked.tallies {
        let state = match changed.state {
            State::Done => "new key",
            State::OnItsWay => "new key, on its way to the partner",
            State::Waits => "waits",
        };
        let tally = changed.tally.to_string()[..8].to_owned();
        table.row([changed.partner.clone(), tally, state.to_owned()]);
    }
    text.push('\n');
    text += &table.render(&Look::of_stdout());
    for changed in &revoked.tallies {
        let partner = &changed.partner;
        if let Some(reason) = &changed.reason {
            text += &format!("\n{partner}: {reason}");
        }
        let units = i64::try_from(changed.void_amount).ok().and_then(|sum| Units::new(sum).ok());
        if let (1.., Some(units)) = (changed.void, units) {
            text += &format!(
                "\n{partner}: {} by the old key, {} in all, had not been confirmed and do not \
                 count: pay again what you meant",
                if changed.void == 1 {
                    "1 payment".to_owned()
                } else {
                    format!("{} payments", changed.void)
                },
                say::units(units)
            );
        }
    }
    text
}

impl Revoke {
    pub(super) const fn ends(&self) -> bool {
        self.end
    }

    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}

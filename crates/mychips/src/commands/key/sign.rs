//! Chits about keys, signed by one of the keys that a user has or had on a tally.

use std::path::Path;

use protocol::chit::{Chit, Entry};
use protocol::{ChitId, Hash, PublicKey, SecretKey, Signer};
use site::{Clock, Command, Summary, Wish};

use crate::failure::Failure;
use crate::keys::Keys;
use crate::visit::Visit;
use crate::world::{self, World};
use crate::{home, say};

/// A chit of the holder's, signed with this key.
pub(super) fn chit(half: &Summary, entry: Entry, key: &SecretKey) -> Result<Chit, Failure> {
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    let chit = Chit {
        uuid: ChitId::random(random),
        tally: half.tally,
        by: half.side,
        date: World.now(),
        entry,
    };
    let chit = chit.with_key(name(half, &key.public_key())).signed(key);
    chit.map_err(|error| Failure::refused("signature", error.to_string()))
}

/// How chits name this key: not, where it is the one in the signed tally.
fn name(half: &Summary, key: &PublicKey) -> Option<Hash> {
    let first = half.signed.as_ref().map(|signed| signed.half(half.side).holder().cert.public);
    (first != Some(*key)).then(|| key.name())
}

/// Hands in a chit of the holder's.
pub(super) fn hand_in(visit: &Visit, half: &Summary, chit: Chit) -> Result<(), Failure> {
    let wish = Wish::Write { chit: Box::new(chit), over_limit: false };
    visit.ask(&half.holder, Command::Tally { tally: half.tally, wish })?;
    Ok(())
}

/// The key in a file, or the user's in the key folder.
pub(super) fn key(
    by: Option<&Path>,
    keys: &Keys,
    user: &protocol::Cuid,
) -> Result<SecretKey, Failure> {
    by.map_or_else(|| keys.of(user), home::read_key)
}

/// Refuses what is about keys while a tally names another agent than this site's: its partner would not hear of it.
pub(super) fn moved_first(halves: &[Summary]) -> Result<(), Failure> {
    match halves.iter().find(|half| half.to_move) {
        Some(half) => Err(site::SiteError::ToMove { tally: half.tally }.into()),
        None => Ok(()),
    }
}

/// Whether a tally takes chits about keys: it was signed, and is not closed.
pub(super) fn is_open(half: &Summary) -> bool {
    half.signed.is_some() && half.status != "close"
}

/// A tally in a table: its partner and the beginning of its uuid.
pub(super) fn named(partner: &str, tally: protocol::TallyId) -> [String; 2] {
    [partner.to_owned(), tally.to_string()[..8].to_owned()]
}

/// A moment in a sentence.
pub(super) fn from(at: protocol::Timestamp) -> String {
    format!("{} UTC", say::minute(at))
}

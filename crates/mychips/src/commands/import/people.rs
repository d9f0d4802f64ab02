//! The participants of a file as users: their names at the site, and their keys.

use std::collections::BTreeMap;

use protocol::{Cuid, Hash, SecretKey};

use super::ties::Ties;
use crate::failure::Failure;
use crate::imported::Imported;
use crate::keys::Keys;

/// The most characters of a made name that come from the participant's own.
const MAX_OWN: usize = 40;
/// How many characters of the hash tell names apart that look the same without accents.
const TELL_APART: usize = 12;

/// The participants, by number.
pub(super) struct People<'a> {
    ties: &'a Ties,
    cuids: BTreeMap<u32, Cuid>,
    keys: Imported,
}

impl<'a> People<'a> {
    /// Gives everybody a name, and finds or makes what their keys are made from.
    pub(super) fn of(ties: &'a Ties, keys: &Keys) -> Result<Self, Failure> {
        let mut cuids = BTreeMap::new();
        let mut taken: BTreeMap<Cuid, u32> = BTreeMap::new();
        for participant in ties.list.iter().flat_map(|tie| tie.between) {
            let name = ties.names.get(participant);
            let cuid = cuid_of(name)?;
            let other = *taken.entry(cuid.clone()).or_insert(participant);
            if other != participant {
                let other = ties.names.get(other);
                let text = format!("{name} and {other} would both be the user {cuid}: rename one");
                return Err(Failure::refused("same_user", text));
            }
            cuids.insert(participant, cuid);
        }
        Ok(Self { ties, cuids, keys: keys.imported()? })
    }

    pub(super) fn name(&self, participant: u32) -> &'a str {
        self.ties.names.get(participant)
    }

    pub(super) fn cuid(&self, participant: u32) -> Result<&Cuid, Failure> {
        let known = self.cuids.get(&participant);
        known.ok_or_else(|| Failure::refused("no_user", "a participant without a name"))
    }

    /// Since when these keys are in use.
    pub(super) const fn since(&self) -> protocol::Timestamp {
        self.keys.since()
    }

    pub(super) fn key(&self, participant: u32) -> Result<SecretKey, Failure> {
        self.keys.key(self.cuid(participant)?)
    }

    /// Notes whose keys are in use from now on.
    pub(super) fn note(&mut self, participants: &[u32]) -> Result<(), Failure> {
        let cuids = participants.iter().filter_map(|participant| self.cuids.get(participant));
        self.keys.note(cuids)
    }
}

/// The name at the site: the participant's own where it can be one, else what is left of it without
/// capitals, accents and signs, and something of its hash.
fn cuid_of(name: &str) -> Result<Cuid, Failure> {
    if let Ok(cuid) = name.parse() {
        return Ok(cuid);
    }
    let mut own = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            own.push(c);
        } else if !own.is_empty() && !own.ends_with('-') {
            own.push('-');
        }
        if own.len() == MAX_OWN {
            break;
        }
    }
    let own = own.trim_end_matches('-');
    let own = if own.is_empty() { "user" } else { own };
    let hash = Hash::of(name.as_bytes());
    let hex: String = hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let made = format!("{own}.{}", &hex[..TELL_APART]);
    made.parse().map_err(|error| Failure::refused("no_user", format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_where_they_can_be_and_made_where_not() {
        let made = |name: &str| cuid_of(name).unwrap().to_string();
        assert_eq!(made("44915"), "44915");
        assert_eq!(made("ann"), "ann");
        assert!(made("Ann Baker").starts_with("ann-baker."), "{}", made("Ann Baker"));
        assert!(made("Größe & Söhne GmbH").starts_with("gr-e-s-hne-gmbh."));
        assert!(made("株式会社").starts_with("user."));
        assert_ne!(made("Ann"), made("ANN"));
        for name in ["x".repeat(200), "é".repeat(100), " ".to_owned(), "-".to_owned()] {
            cuid_of(&name).unwrap();
        }
    }
}

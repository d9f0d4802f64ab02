//! Telling a partner less: a cert with fewer members, for the user to sign again (ADR 0003).

use std::collections::BTreeSet;

use thiserror::Error;

use super::{Birth, Cert, Identity, Names};
use crate::bounded::List;

/// What a user tells a partner, out of its full cert. Lists are told item by item, by their index
/// in the full cert; `chad`, `type`, `public` and `date` are always told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosure {
    /// Which names; at least one.
    pub name: BTreeSet<usize>,
    /// Which ways to reach it.
    pub connect: BTreeSet<usize>,
    /// Which places.
    pub place: BTreeSet<usize>,
    /// Whether its number with a state.
    pub state: bool,
    /// Whether its birth.
    pub birth: bool,
}

/// Why nothing can be told in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DisclosureError {
    /// A partner must at least know a name.
    #[error("choose at least one name to tell")]
    NoName,
    /// The full cert has no such item: what is told must be true of it.
    #[error("the cert has no {member}[{index}]")]
    NoSuchItem {
        /// Which list.
        member: &'static str,
        /// The index asked for.
        index: usize,
    },
}

impl Disclosure {
    /// As little as a cert may tell: the usual name.
    #[must_use]
    pub fn least() -> Self {
        Self { name: BTreeSet::from([0]), ..Self::default() }
    }

    /// All that `cert` tells.
    #[must_use]
    pub fn everything(cert: &Cert) -> Self {
        Self {
            name: (0..cert.name.len()).collect(),
            connect: (0..cert.connect.len()).collect(),
            place: (0..cert.place.len()).collect(),
            state: true,
            birth: true,
        }
    }
}

impl Cert {
    /// A cert that tells only what `disclosure` names of this one, not yet signed: the user's own
    /// key signs it, so that a partner cannot see that, or how much, is left out.
    ///
    /// # Errors
    /// [`DisclosureError`] where an item is not there, or no name is told.
    pub fn disclose(&self, disclosure: &Disclosure) -> Result<Self, DisclosureError> {
        let name = chosen("name", self.name.clone().into(), &disclosure.name)?;
        Ok(Self {
            chad: self.chad.clone(),
            r#type: self.r#type,
            name: Names::try_from(name).map_err(|_| DisclosureError::NoName)?,
            connect: chosen("connect", self.connect.clone(), &disclosure.connect)?,
            place: chosen("place", self.place.clone(), &disclosure.place)?,
            identity: Identity {
                state: self.identity.state.clone().filter(|_| disclosure.state),
                birth: if disclosure.birth {
                    self.identity.birth.clone()
                } else {
                    Birth::default()
                },
            },
            public: self.public,
            date: self.date,
            sign: None,
        })
    }
}

fn chosen<T, const MAX: usize>(
    member: &'static str,
    items: List<T, MAX>,
    wanted: &BTreeSet<usize>,
) -> Result<List<T, MAX>, DisclosureError> {
    if let Some(&index) = wanted.last().filter(|&&last| last >= items.len()) {
        return Err(DisclosureError::NoSuchItem { member, index });
    }
    let mut index = 0..;
    Ok(items.keep(|_| index.next().is_some_and(|index| wanted.contains(&index))))
}

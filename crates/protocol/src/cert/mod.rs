//! Certs: a user's identity card, signed with the key that is in it (protocol §3).
//! What a user tells about itself is in `about.rs`, telling less of it in `disclosure.rs`.

mod about;
mod disclosure;

pub use about::{
    Birth, Connect, Country, CountryError, Day, DayError, Identity, MAX_ADDRESS_BYTES,
    MAX_CONNECTS, MAX_NAME_BYTES, MAX_NAMES, MAX_PLACES, Names, NoName, Place, StateId, Type,
};
pub use disclosure::{Disclosure, DisclosureError};

use serde::{Deserialize, Serialize};

use crate::address::ChipAddress;
use crate::bounded::List;
use crate::record::{Record, record};
use crate::{PublicKey, SignError, Signature, SignatureFault, Signed, Signer, Timestamp};

/// A user's identity card: who it is, in its own words, and the key that it signs with.
///
/// Nobody vouches for it but its own signature: the partner who knows the user checks the rest. A
/// user has as many certs as it tells different partners different things; see [`Cert::disclose`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Cert {
    /// Where the user is found: its name, its agent, and where to reach that.
    pub chad: ChipAddress,
    /// What kind of user it is.
    pub r#type: Type,
    /// The names it goes by, the usual one first.
    pub name: Names,
    /// Ways to reach it outside the network.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub connect: List<Connect, MAX_CONNECTS>,
    /// Where it lives or does business.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub place: List<Place, MAX_PLACES>,
    /// By what else it can be told from others of its name.
    #[serde(default, skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    /// The key that its signatures are checked with.
    pub public: PublicKey,
    /// When it was written.
    pub date: Timestamp,
    /// The signature with that key; without it this is only a draft.
    pub sign: Option<Signature>,
}
record!(Cert, "cert", 1);

impl Cert {
    /// This cert signed by its user.
    ///
    /// # Errors
    /// [`SignError`], also where the signer's key is not the one in the cert.
    pub fn signed(mut self, signer: &dyn Signer) -> Result<Self, SignError> {
        if signer.public_key() != self.public {
            return Err(SignError::Refused {
                reason: format!("the cert of {} names another key", self.chad.short()),
            });
        }
        self.sign = Some(self.sign_with(signer)?);
        Ok(self)
    }

    /// Whether both are certs of one user, however much each tells: same name at the same agent.
    /// Where the agent answers does not matter.
    #[must_use]
    pub fn same_user(&self, other: &Self) -> bool {
        self.chad.same_user(&other.chad)
    }
}

impl Signed for Cert {
    /// The key is in the cert itself.
    type Keys = ();

    fn check_signatures(&self, (): &()) -> Result<(), SignatureFault> {
        self.check_signature("the cert's user", &self.public, self.sign.as_ref())
    }
}

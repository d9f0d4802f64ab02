//! Whether a record belongs to this half of this negotiation, and is still in time.

use super::Negotiation;
use super::refusal::Refusal;
use crate::cert::Cert;
use crate::{Tally, Timestamp};

impl Negotiation {
    /// Whether a user may be this half's partner.
    pub(super) fn meets(&self, cert: &Cert) -> Result<(), Refusal> {
        if self.holder.same_user(cert) || self.holder.public == cert.public {
            return Err(Refusal::SameUser);
        }
        Ok(())
    }

    fn names(&self, tally: &Tally) -> Result<(), Refusal> {
        let named = tally.members().uuid;
        if named == self.tally {
            Ok(())
        } else {
            Err(Refusal::OtherTally { named, tally: self.tally })
        }
    }

    /// Whether an offer is of this tally and between these two users.
    pub(super) fn belongs(&self, tally: &Tally) -> Result<(), Refusal> {
        self.names(tally)?;
        let half = tally.half(self.side);
        let Some(partner) = &self.partner else {
            return Err(Refusal::NoPartner { tally: self.tally });
        };
        if half.holder().cert != self.holder {
            return Err(Refusal::OtherCert { side: self.side });
        }
        if half.partner().cert != *partner {
            return Err(Refusal::OtherCert { side: self.side.other() });
        }
        Ok(())
    }

    /// Whether a tally that both signed is this one: our key is under it, and that of the partner
    /// where we know who that is.
    pub(super) fn has_our_keys(&self, tally: &Tally) -> Result<(), Refusal> {
        self.names(tally)?;
        let half = tally.half(self.side);
        if half.holder().cert.public != self.holder.public {
            return Err(Refusal::OtherCert { side: self.side });
        }
        match &self.partner {
            Some(partner) if partner.public != half.partner().cert.public => {
                Err(Refusal::OtherCert { side: self.side.other() })
            }
            _ => Ok(()),
        }
    }
}

/// Whether an offer may still be accepted.
pub(super) fn in_time(tally: &Tally, now: Timestamp) -> Result<(), Refusal> {
    match tally.members().expires {
        Some(expires) if expires <= now => {
            Err(Refusal::Expired { revision: tally.members().revision.get(), expires })
        }
        _ => Ok(()),
    }
}

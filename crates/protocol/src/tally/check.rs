//! Who signed a tally, and whether rightly: nobody yet, one side (an offer), or both (open).

use super::{Sign, Tally};
use crate::record::Record;
use crate::side::Side;
use crate::{SignError, Signature, SignatureFault, Signed, Signer, Verified};

/// A tally that one side signed rightly, and the other not at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Offer {
    tally: Tally,
    by: Side,
}

impl Offer {
    /// The tally offered.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The side that offers it.
    #[must_use]
    pub const fn by(&self) -> Side {
        self.by
    }
}

/// A tally by who signed it; every signature on it was checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SignedBy {
    /// Nobody: a draft, which binds nobody.
    Nobody(Tally),
    /// One side.
    One(Offer),
    /// Both: it opens.
    Both(Verified<Tally>),
}

impl SignedBy {
    /// Checks every signature on a tally: a wrong one is refused, a missing one is not. Whatever is
    /// signed needs both certs signed and the right hash.
    ///
    /// # Errors
    /// [`SignatureFault`] names the first that is wrong.
    pub fn check(tally: Tally) -> Result<Self, SignatureFault> {
        let Some(sign) = &tally.members.sign else { return Ok(Self::Nobody(tally)) };
        let by = match (sign.of(Side::Stock), sign.of(Side::Foil)) {
            (Some(_), Some(_)) => return Verified::check(tally, &()).map(Self::Both),
            (Some(_), None) => Side::Stock,
            (None, Some(_)) => Side::Foil,
            (None, None) => return Ok(Self::Nobody(tally)),
        };
        tally.check_certs()?;
        tally.check_hash(sign)?;
        tally.check_side(by, sign)?;
        Ok(Self::One(Offer { tally, by }))
    }
}

impl Signed for Tally {
    /// The keys are in the certs.
    type Keys = ();

    /// Both certs by their own users, the hash, and both signatures.
    fn check_signatures(&self, (): &()) -> Result<(), SignatureFault> {
        self.check_certs()?;
        let missing = SignatureFault::Missing { by: Side::Stock.word() };
        let sign = self.members.sign.as_ref().ok_or(missing)?;
        self.check_hash(sign)?;
        self.check_side(Side::Stock, sign)?;
        self.check_side(Side::Foil, sign)
    }
}

impl Tally {
    /// This tally with the signature of the user on `side` added. A signature that is there already
    /// stays only where it is over this same text.
    ///
    /// # Errors
    /// [`SignError`], also where the signer's key is not the one in that side's cert.
    pub fn signed(mut self, side: Side, signer: &dyn Signer) -> Result<Self, SignError> {
        if signer.public_key() != self.party(side).cert.public {
            return Err(SignError::Refused {
                reason: format!(
                    "the {side}'s cert in tally {} names another key",
                    self.members.uuid
                ),
            });
        }
        let hash = self.hash()?;
        let signature = Some(self.sign_with(signer)?);
        let kept = self.members.sign.take().filter(|sign| sign.hash == hash);
        let mut sign = kept.unwrap_or(Sign { hash, stock: None, foil: None });
        match side {
            Side::Stock => sign.stock = signature,
            Side::Foil => sign.foil = signature,
        }
        self.members.sign = Some(sign);
        Ok(self)
    }

    fn check_certs(&self) -> Result<(), SignatureFault> {
        for side in Side::BOTH {
            self.party(side).cert.check_signatures(&())?;
        }
        Ok(())
    }

    fn check_hash(&self, sign: &Sign) -> Result<(), SignatureFault> {
        if sign.hash == self.hash()? {
            Ok(())
        } else {
            Err(SignatureFault::Hash { member: "sign.hash" })
        }
    }

    fn check_side(&self, side: Side, sign: &Sign) -> Result<(), SignatureFault> {
        self.check_signature(side.word(), &self.party(side).cert.public, sign.of(side))
    }
}

impl Sign {
    /// The signature of one side.
    #[must_use]
    pub const fn of(&self, side: Side) -> Option<&Signature> {
        match side {
            Side::Stock => self.stock.as_ref(),
            Side::Foil => self.foil.as_ref(),
        }
    }
}

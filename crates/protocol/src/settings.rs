//! Settings, or trading variables: what each holder signs about how its half may be traded (§6).
//!
//! [`InForce`] adds what the holder signed to owe, [`Consent`] is that of both sides. `lading` reads
//! them, a `set` chit (`chit`) carries them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Rate, Units};

/// The four variables of one holder; `0 <= target <= bound` and `reward + clutch >= 0` always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Members")]
pub struct Settings {
    target: Units,
    bound: Units,
    reward: Rate,
    clutch: Rate,
}

/// The variables as a record has them, before they are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    target: Units,
    bound: Units,
    reward: Rate,
    clutch: Rate,
}

impl TryFrom<Members> for Settings {
    type Error = SettingsError;

    fn try_from(members: Members) -> Result<Self, SettingsError> {
        Self::as_signed(members.target, members.bound, members.reward, members.clutch)
    }
}

/// Why four numbers are no settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Nobody aims at owing: what one may owe is the partner's bound.
    #[error("target {0} is negative; it is the balance that the holder would like to hold")]
    NegativeTarget(Units),
    /// A bound below zero would force value out.
    #[error("bound {0} is negative; 0 lets nothing in beyond the holder's own debts")]
    NegativeBound(Units),
    /// Written with a bound that its target passes; see [`Settings::new`], which raises the bound.
    #[error("bound {bound} is below target {target}; sign it with a bound of at least {target}")]
    BoundBelowTarget {
        /// The bound as written.
        bound: Units,
        /// The target as written.
        target: Units,
    },
    /// Value could go round through the holder and cost it something each time.
    #[error(
        "reward {reward} and clutch {clutch} sum to less than 0: every round would cost the holder"
    )]
    CostsTheHolder {
        /// The reward as written.
        reward: Rate,
        /// The clutch as written.
        clutch: Rate,
    },
}

impl Settings {
    /// Settings as a holder wishes them. A target above the bound raises the bound: whoever wants
    /// to hold so much lets it in. This happens here, before anybody signs.
    ///
    /// # Errors
    /// A negative target or bound, or rates by which every round would cost the holder.
    pub fn new(
        target: Units,
        bound: Units,
        reward: Rate,
        clutch: Rate,
    ) -> Result<Self, SettingsError> {
        if bound < Units::ZERO {
            return Err(SettingsError::NegativeBound(bound));
        }
        Self::as_signed(target, bound.max(target), reward, clutch)
    }

    /// Settings exactly as a record has them: nothing is raised, as the signature covers the
    /// numbers that were written.
    ///
    /// # Errors
    /// As [`Settings::new`], and [`SettingsError::BoundBelowTarget`].
    pub fn as_signed(
        target: Units,
        bound: Units,
        reward: Rate,
        clutch: Rate,
    ) -> Result<Self, SettingsError> {
        if target < Units::ZERO {
            return Err(SettingsError::NegativeTarget(target));
        }
        if bound < Units::ZERO {
            return Err(SettingsError::NegativeBound(bound));
        }
        if bound < target {
            return Err(SettingsError::BoundBelowTarget { bound, target });
        }
        if reward.ppm() + clutch.ppm() < 0 {
            return Err(SettingsError::CostsTheHolder { reward, clutch });
        }
        Ok(Self { target, bound, reward, clutch })
    }

    /// What holds before a holder's first `set`: take the partner's IOUs up to the limit granted to
    /// it, want none of them, charge nothing. A limit is never negative (see `terms`).
    #[must_use]
    pub fn default_for(granted: Units) -> Self {
        Self {
            target: Units::ZERO,
            bound: granted.max(Units::ZERO),
            reward: Rate::ZERO,
            clutch: Rate::ZERO,
        }
    }

    /// The balance that the holder would like to hold.
    #[must_use]
    pub const fn target(&self) -> Units {
        self.target
    }

    /// The highest balance to which lifts may bring the holder.
    #[must_use]
    pub const fn bound(&self) -> Units {
        self.bound
    }

    /// What the holder charges for value that comes in above its target; negative: it pays.
    #[must_use]
    pub const fn reward(&self) -> Rate {
        self.reward
    }

    /// What the holder charges for value that it lets go; negative: it pays, for what it holds
    /// above its target only.
    #[must_use]
    pub const fn clutch(&self) -> Rate {
        self.clutch
    }
}

/// What one holder's signatures allow at this moment: its settings, and the most it will owe.
///
/// It follows from the signed tally and, once there is one, the holder's `set` chit with the
/// highest counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InForce {
    settings: Settings,
    owe: Units,
}

impl InForce {
    /// Before the holder's first `set`: `granted` is the limit in the terms that it grants its
    /// partner, `received` the limit that its partner grants it; it signed both with the tally.
    #[must_use]
    pub fn at_opening(granted: Units, received: Units) -> Self {
        Self { settings: Settings::default_for(granted), owe: received.max(Units::ZERO) }
    }

    /// After a `set`: the settings in it, and what it raises the most to owe to. `received` is the
    /// limit in the signed tally, below which no `set` takes it: the partner relies on it.
    #[must_use]
    pub fn after_set(received: Units, settings: Settings, owe: Option<Units>) -> Self {
        let limit = received.max(Units::ZERO);
        Self { settings, owe: owe.map_or(limit, |owe| owe.max(limit)) }
    }

    /// The holder's settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same where the tally is closing: the holder will owe nothing more. Its settings stay as
    /// they were signed; a lower target would make it pay for what it wished to keep.
    #[must_use]
    pub const fn toward_zero(self) -> Self {
        Self { settings: self.settings, owe: Units::ZERO }
    }

    /// The most that the holder has signed to owe its partner on this tally (`owe_P` in §6).
    #[must_use]
    pub const fn owe(&self) -> Units {
        self.owe
    }
}

/// What the signatures of both sides allow, seen from one half; all that lading needs to know
/// besides the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Consent {
    /// What is in force for the user whose half it is.
    pub holder: InForce,
    /// What is in force for the other one.
    pub partner: InForce,
}

impl Consent {
    /// What is left of it where the tally is closing (protocol §4).
    #[must_use]
    pub const fn toward_zero(self) -> Self {
        Self { holder: self.holder.toward_zero(), partner: self.partner.toward_zero() }
    }

    /// The same, seen from the other half.
    #[must_use]
    pub const fn seen_by_partner(&self) -> Self {
        Self { holder: self.partner, partner: self.holder }
    }
}

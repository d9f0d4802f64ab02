//! Why a lift between sites came to nothing, as its payer is told.

use std::fmt::{self, Display, Formatter};

use protocol::lift::{Certificate, Reason};
use serde::{Deserialize, Serialize};

/// Why a lift between sites moved nothing. As JSON one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyVoid {
    /// A site on the way refused: less can be moved than the lift asks for.
    Room,
    /// … somebody there would end with less than its settings allow.
    Settings,
    /// … something else is under way on one of its tallies.
    Busy,
    /// … it accepts none of these referees, or not for so much.
    Referees,
    /// … the deadline is too far for it, or too near.
    Deadline,
    /// … the payment was promised before, or is not what its payer signed.
    Payment,
    /// … it knows of no such search, or has forgotten it.
    Unknown,
    /// Nobody refused, but not all had promised when its deadline passed: its referees decided then that it is void.
    Late,
    /// A site on the way said nothing while it was laid out: nothing was proposed, nor promised by anybody.
    Silent,
}

impl WhyVoid {
    /// What a certificate says of a lift that is void by it.
    pub(super) fn of(certificate: &Certificate) -> Self {
        certificate.refused.map_or(Self::Late, |refused| refused.reason.into())
    }
}

impl From<Reason> for WhyVoid {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Room => Self::Room,
            Reason::Settings => Self::Settings,
            Reason::Busy => Self::Busy,
            Reason::Referees => Self::Referees,
            Reason::Deadline => Self::Deadline,
            Reason::Payment => Self::Payment,
            Reason::Unknown => Self::Unknown,
        }
    }
}

/// What stood in the way, for people.
impl Display for WhyVoid {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Room => "there is less room on the way than there was",
            Self::Settings => "somebody on the way has changed its settings",
            Self::Busy => "other lifts are under way over the same tallies",
            Self::Referees => "a site on the way does not accept its referees, or not for so much",
            Self::Deadline => "a site on the way has another time, or wants to wait less long",
            Self::Payment => "the payee's site does not take the payment as it was signed",
            Self::Unknown => "a site on the way has forgotten the search",
            Self::Late => "its deadline passed before all sites on the way had promised",
            Self::Silent => "a site on the way did not answer in time",
        })
    }
}

impl WhyVoid {
    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Room => Some("try again, or pay less"),
            Self::Busy => Some("try again in a moment"),
            Self::Settings | Self::Unknown | Self::Late | Self::Silent => Some("try again"),
            Self::Referees | Self::Deadline | Self::Payment => None,
        }
    }
}

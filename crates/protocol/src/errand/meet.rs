//! Both ends search: the payer's site tells the payee's that it looks for a way now, with the number that came in the
//! payee's link ([`crate::PayLink`]).

use serde::{Deserialize, Serialize};

use crate::chit::Positive;
use crate::record::record;
use crate::{Cuid, PayNumber, Timestamp};

/// From the payer's site to the payee's: a payment that you asked for is being looked for; search from your end too.
///
/// It says nothing that stands not in the link. Only the payee's site can tell whether it made the number, for this payee,
/// amount and time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Meet {
    /// The payee's name at its site.
    pub payee: Cuid,
    /// What is to arrive.
    pub units: Positive,
    /// Until when it may be paid.
    pub expires: Timestamp,
    /// The number in the link.
    pub number: PayNumber,
    /// Which search it is: each has sessions of its own ([`PayNumber::chance`]).
    pub attempt: u8,
}
record!(Meet, "meet", 1, outside: []);

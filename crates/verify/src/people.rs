//! Who signs in small worlds: users with their certs, and what is fixed about them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use protocol::bounded::List;
use protocol::cert::{Identity, Names, Type};
use protocol::tally::Agree;
use protocol::{
    AgentId, Cert, ChipAddress, ContractId, SecretKey, Signer as _, Terms, Units, Verified,
};

/// What cannot fail, as it is the same in every run.
pub(crate) fn fixed<T, E: Debug>(made: Result<T, E>) -> T {
    made.expect("a fixed world is well made")
}

/// A fixed text.
pub(crate) fn text<T: FromStr<Err: Debug>>(text: &str) -> T {
    fixed(text.parse())
}

/// The cert of a user at an agent.
pub(crate) fn cert(
    (cuid, name): (&str, &str),
    r#type: Type,
    key: &SecretKey,
    agent: AgentId,
) -> Verified<Cert> {
    let names = fixed(List::new(vec![text(name)]));
    let cert = Cert {
        chad: ChipAddress { cuid: text(cuid), agent, endpoint: None },
        r#type,
        name: fixed(Names::try_from(names)),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: text("2026-11-01T08:00:00.000Z"),
        sign: None,
    };
    fixed(Verified::check(fixed(cert.signed(key)), &()))
}

/// Terms that are a limit alone.
pub(crate) fn limit(milli: i64) -> Terms {
    fixed(Terms::new(fixed(Units::new(milli)), BTreeMap::new()))
}

/// The contract of every tally.
pub(crate) fn agreed() -> Agree {
    Agree {
        host: text("mychips.org"),
        name: text("neighbours"),
        rid: ContractId::from_bytes([4; 32]),
    }
}

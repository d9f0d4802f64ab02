//! Where a lift begins and ends, as the sites there know it: what its payer signed, and that it comes to the payee's site, or
//! back, by the rules that sites ask too.

use std::cmp::Ordering;

use protocol::bounded::List;
use protocol::errand::Expected;
use protocol::lift::{Authorisation, Leg};
use protocol::{
    ChipAddress, Hash, PaymentId, PublicKey, SecretKey, Side, Signer as _, record::Record as _,
};

use super::cast::{AGENT, Cast, Lay, PARTICIPANT, agent_of, key, leg, units};
use super::setting::{Shape, Signed, Sites};
use crate::people::{fixed, text};

/// The seed of the payer's key.
const PAYER: u8 = 101;

/// The number of a participant of the payee's site that was laid out, and left out of the record.
const LEFT_OUT: usize = 99;

/// What is known where a lift begins and ends.
pub(super) struct Ends {
    /// Of a payment: what its payer signed.
    signed: Option<Authorisation>,
    /// Whether the site where it begins knows that the lift cannot be valid without those for whom it is.
    pub(super) is_sure: bool,
}

fn authorisation(signed: Signed) -> Authorisation {
    let user = |cuid, site| ChipAddress { cuid: text(cuid), agent: agent_of(site), endpoint: None };
    let authorisation = Authorisation {
        uuid: PaymentId::random([7; 16]),
        payer: user("payer", 0),
        payee: user("payee", signed.payee),
        units: units(signed.units_milli),
        most: units(signed.most_milli),
        date: text("2026-11-26T12:00:00.000Z"),
        expires: text("2026-11-27T12:00:00.000Z"),
        r#ref: None,
        memo: None,
        sign: None,
    };
    fixed(authorisation.signed(&SecretKey::ed25519(&[PAYER; 32])))
}

impl Sites {
    /// How such a lift is laid out.
    pub(super) fn lay(&self, shape: Shape) -> Lay {
        let leg = |number: usize| {
            let leg = leg(number, Side::Foil);
            let leaves = shape.begins(shape.ends(number)[0]);
            if leaves { Leg { units: units(self.gives_milli), ..leg } } else { leg }
        };
        let legs = (0..shape.legs()).map(leg).collect();
        let payment = self.signed.map(|signed| fixed(authorisation(signed).hash()));
        Lay { payment, legs, agents: self.of.to_vec(), ..Lay::of(shape) }
    }

    /// What is known of it where it begins and ends.
    pub(super) fn ends(&self, cast: &Cast) -> Ends {
        let at = |site| {
            let parts = (0..self.of.len()).filter(move |part| self.of[*part] == site);
            parts.filter(|part| cast.shape.collects(*part)).map(|part| cast.key(part))
        };
        let Some(signed) = self.signed else {
            // A clearing comes back to where it begins.
            let participants = &cast.lift().participants;
            return Ends { signed: None, is_sure: at(0).any(|key| participants.contains(&key)) };
        };
        let authorisation = authorisation(signed);
        let payment = fixed(authorisation.hash());
        let expected = expected(cast.lift().nonce, payment, at(signed.payee).collect(), signed);
        let is_sure = expected.proves_part(cast.lift(), &authorisation.payee.agent);
        Ends { signed: Some(authorisation), is_sure }
    }
}

/// What the payee's site answers when it is asked by which keys it takes part.
fn expected(nonce: Hash, payment: Hash, mut keys: Vec<PublicKey>, signed: Signed) -> Expected {
    if keys.is_empty() {
        keys.push(key(PARTICIPANT, LEFT_OUT).public_key());
    }
    keys.sort_unstable();
    let expected = Expected { nonce, payment, keys: fixed(List::new(keys)), sign: None };
    fixed(expected.signed(&key(AGENT, signed.payee)))
}

impl Ends {
    pub(super) const fn is_payment(&self) -> bool {
        self.signed.is_some()
    }

    /// Whether the payer signed to give as much as by these legs.
    pub(super) fn allows<'a>(&self, gives: impl IntoIterator<Item = &'a Leg>) -> bool {
        self.signed.as_ref().is_none_or(|signed| signed.allows(gives))
    }

    /// How what arrives by these legs compares to what the payee is to get.
    pub(super) fn compare<'a>(&self, gets: impl IntoIterator<Item = &'a Leg>) -> Ordering {
        self.signed.as_ref().map_or(Ordering::Equal, |signed| signed.compare(gets))
    }
}

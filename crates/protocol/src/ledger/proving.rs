//! Whose signatures make a chit good: by which of the keys that its user ever had here.

use std::collections::BTreeMap;

use super::Ledger;
use super::chain::{Good, Head};
use super::message::Message;
use crate::chit::{Chit, Entry};
use crate::invoice::Invoice;
use crate::lift::{Committed, Conditional, LiftFault, Way};
use crate::side::{Side, Sides};
use crate::{Hash, PublicKey, SignatureFault, Tally, Verified};

impl Ledger {
    /// The same half, told whose sites the users in the signed tally are at, where it comes from
    /// somewhere that does not keep it: no claim is good without that.
    #[must_use]
    pub fn with_agents_of(self, signed: &Tally) -> Self {
        Self { agents: Some(super::agents_of(signed)), ..self }
    }

    /// The key that a chit names as its user's; none where its user never had such a key here. A
    /// request for another key shows it.
    #[must_use]
    pub fn key_for(&self, chit: &Chit) -> Option<PublicKey> {
        match &chit.entry {
            Entry::Lost { lost, .. } => Some(lost.public),
            _ => self.keys.of(chit.by).named(chit.written().and_then(|written| written.key)),
        }
    }

    /// Checks the signatures of a chit by this key, and where one is due, by the user's site.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn prove_by(&self, chit: Chit, key: &PublicKey) -> Result<Good, SignatureFault> {
        if !matches!(chit.entry, Entry::Claim { .. }) {
            return Good::prove(chit, key);
        }
        // By the agent that spoke for the user then; which that was, the signature says.
        let mut fault = SignatureFault::Missing { by: "the user's site" };
        for agent in self.agents_had(chit.by) {
            match Good::of_claim(chit.clone(), key, &agent) {
                Ok(good) => return Ok(good),
                Err(found) => fault = found,
            }
        }
        Err(fault)
    }

    /// Checks the signature of a chit, by whichever key its user had here that it names.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn prove(&self, chit: Chit) -> Result<Good, SignatureFault> {
        Proving::by(self).prove(chit)
    }

    /// Checks the signatures of the chits that a device brings back; gives one for each, in the order
    /// to link them in: theirs, since a change of key counts at its place only; but a chit comes
    /// after the one that brings its key.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that no key fits.
    pub fn prove_all(&self, chits: Vec<Chit>) -> Result<Vec<Good>, SignatureFault> {
        let mut proving = Proving::by(self);
        let mut good = Vec::with_capacity(chits.len());
        let of = |chit: &Chit| Some((chit.by, brought(chit)?.name()));
        let bringers =
            chits.iter().enumerate().filter_map(|(place, chit)| Some((of(chit)?, place)));
        let bringers: BTreeMap<(Side, Hash), usize> = bringers.collect();
        let mut chits: Vec<Option<Chit>> = chits.into_iter().map(Some).collect();
        for place in 0..chits.len() {
            let mut before = vec![place];
            while let Some(&last) = before.last() {
                let Some(chit) = &chits[last] else {
                    before.pop();
                    continue;
                };
                let named = key_name(chit).filter(|_| proving.key(chit).is_none());
                let bringer = named.and_then(|name| bringers.get(&(chit.by, name)));
                match bringer.filter(|place| chits[**place].is_some() && !before.contains(place)) {
                    Some(place) => before.push(*place),
                    None => good.extend(chits[last].take().map(|chit| proving.prove(chit))),
                }
            }
        }
        good.into_iter().collect()
    }

    /// Checks the signatures of chits in the order that they are told in, also by keys that come
    /// with them; gives one for each.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that no key fits.
    pub fn prove_in_order(&self, chits: Vec<Chit>) -> Result<Vec<Good>, SignatureFault> {
        let mut proving = Proving::by(self);
        chits.into_iter().map(|chit| proving.prove(chit)).collect()
    }

    /// Checks the signatures of the chits in a message, also by keys that come with it.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that no key fits. Where a half went back to before a change
    /// of key that is no lie: [`super::Input::Compare`] brings what is missing.
    pub fn prove_message(&self, message: Message) -> Result<Message<Good>, SignatureFault> {
        let mut proving = Proving::by(self);
        message.try_map(|chit| proving.prove(chit))
    }

    /// The chit of a leg between the two sites of this tally, where the lift was decided to be valid: `giver` is what the
    /// giver's site said of the leg, by the agent that speaks for the giver, or by an earlier one where `rested` says of the
    /// head that the word in its place rests on that the chit stands at or below it. Whoever holds a key from before
    /// proves nothing new with it.
    ///
    /// # Errors
    /// [`LiftFault`] names what does not hold.
    pub fn prove_leg(
        &self,
        lift: &Committed,
        way: &Way,
        giver: Conditional,
        rested: impl Fn(Head) -> bool,
    ) -> Result<Good, LiftFault> {
        let tally = giver.leg.tally;
        if tally != self.tally || giver.users != self.users() {
            return Err(LiftFault::NotGivers { lift: lift.id(), tally });
        }
        let mut fault = SignatureFault::Missing { by: "the giver's site" };
        for agent in self.agents_at(giver.leg.by, &rested) {
            match Verified::check(giver, &agent) {
                Ok(giver) => return Good::of_leg(lift, way, &giver),
                Err(found) => fault = found,
            }
        }
        Err(fault.into())
    }

    /// Checks the signature of an invoice, by any key that its payee ever had here: it binds nobody,
    /// and what it asks for goes to the payee, whoever asks.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn prove_invoice(&self, invoice: &Invoice) -> Result<Verified<Invoice>, SignatureFault> {
        let mut fault = SignatureFault::Wrong { by: invoice.payee().word() };
        for key in self.keys.of(invoice.payee()).had().rev() {
            match Verified::check(invoice.clone(), &Sides { stock: *key, foil: *key }) {
                Ok(invoice) => return Ok(invoice),
                Err(found) => fault = found,
            }
        }
        Err(fault)
    }
}

/// Keys that signatures are checked with, one chit after another.
struct Proving<'a> {
    ledger: &'a Ledger,
    /// By their sides and names.
    new: BTreeMap<(Side, Hash), PublicKey>,
}

impl<'a> Proving<'a> {
    const fn by(ledger: &'a Ledger) -> Self {
        Self { ledger, new: BTreeMap::new() }
    }

    /// The key that a chit names, of those that are known by now.
    fn key(&self, chit: &Chit) -> Option<PublicKey> {
        let known = self.ledger.key_for(chit);
        known.or_else(|| self.new.get(&(chit.by, key_name(chit)?)).copied())
    }

    fn prove(&mut self, chit: Chit) -> Result<Good, SignatureFault> {
        let by = chit.by;
        let key = self.key(&chit).ok_or(SignatureFault::Wrong { by: by.word() })?;
        let good = self.ledger.prove_by(chit, &key)?;
        if let Some(key) = brought(good.chit()) {
            self.new.insert((by, key.name()), key);
        }
        Ok(good)
    }
}

/// How a chit names the key that signed it.
fn key_name(chit: &Chit) -> Option<Hash> {
    chit.written().and_then(|written| written.key)
}

/// The key that others may be signed with once this chit is there.
const fn brought(chit: &Chit) -> Option<PublicKey> {
    match &chit.entry {
        Entry::Key { rekey, .. } => Some(rekey.public),
        Entry::Lost { lost, .. } => Some(lost.public),
        _ => None,
    }
}

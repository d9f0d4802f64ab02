//! How many bytes a lift's records have: real ones, signed, of as many participants and leaves, written once for each shape
//! and counted again and again. Which words there are is what `protocol::participant` says where nothing is lost: with
//! all promises so far to the taker of each leg, with the certificate to its giver.

use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::errand::{Ask, Compose, Composed, Drawn, Laid};
use protocol::lift::{Authorisation, Certificate, Conditional, Evidence, Leg, Lift, Mode, Promise};
use protocol::participant::Word;
use protocol::{
    AgentId, Hash, PaymentId, PublicKey, Record, SecretKey, Side, Signer as _, Timestamp, Units,
};

use super::{REFEREE, agent, agent_key, cuid, tally_id};
use crate::lines::Failure;

/// What is known of shapes that were met.
#[derive(Default)]
pub(crate) struct Records {
    composing: BTreeMap<usize, [u64; 2]>,
    lifts: BTreeMap<(usize, usize, bool), [u64; 2]>,
}

impl Records {
    /// The bytes of all `compose` over so many tallies, and of all `composed`.
    pub(super) fn composing(
        &mut self,
        between: usize,
        amounts: [Positive; 2],
    ) -> Result<[u64; 2], Failure> {
        if let Some(known) = self.composing.get(&between) {
            return Ok(*known);
        }
        let counted = composing(between, amounts)?;
        self.composing.insert(between, counted);
        Ok(counted)
    }

    /// The bytes of all words of a lift over so many tallies between sites, with so many sites in which something moves
    /// as well; and what goes to the referee and comes from it, with the payer's word in a payment.
    pub(super) fn lift(
        &mut self,
        between: usize,
        inner: usize,
        is_payment: bool,
    ) -> Result<[u64; 2], Failure> {
        if let Some(known) = self.lifts.get(&(between, inner, is_payment)) {
            return Ok(*known);
        }
        let counted = lift(between, inner, is_payment)?;
        self.lifts.insert((between, inner, is_payment), counted);
        Ok(counted)
    }
}

fn bytes(record: &impl Record) -> Result<u64, Failure> {
    Ok(record.to_text()?.as_str().len() as u64)
}

fn number(at: usize) -> Hash {
    Hash::of(&at.to_le_bytes())
}

fn numbers(many: usize) -> Vec<Hash> {
    let mut all: Vec<Hash> = (0..many).map(number).collect();
    all.sort_unstable();
    all
}

fn keys(many: usize) -> Vec<SecretKey> {
    let mut all: Vec<SecretKey> =
        (0..many).map(|at| SecretKey::ed25519(number(at).as_bytes())).collect();
    all.sort_by_key(protocol::Signer::public_key);
    all
}

fn publics(keys: &[SecretKey]) -> Vec<PublicKey> {
    keys.iter().map(protocol::Signer::public_key).collect()
}

fn composing(between: usize, [amount, most]: [Positive; 2]) -> Result<[u64; 2], Failure> {
    let (token, nonce) = (number(1), number(2));
    let compose = bytes(&Compose { token, nonce, amount, most })?;
    let mut composed = 0;
    for beyond in 1..=between {
        let laid = Laid {
            enters: amount,
            participants: List::new(publics(&keys(beyond)))?,
            branches: List::new(numbers(beyond))?,
        };
        composed += bytes(&Composed { token, nonce, drawn: Drawn::Laid(laid) })?;
    }
    Ok([compose * between as u64, composed])
}

fn lift(between: usize, inner: usize, is_payment: bool) -> Result<[u64; 2], Failure> {
    let keys = keys(between + 1);
    let date = Timestamp::from_ms(1_764_000_000_000)?;
    let referee = agent_key(REFEREE);
    let branches = List::new(numbers(between + inner))?;
    let lift = Lift {
        nonce: number(3),
        mode: if is_payment { Mode::Payment } else { Mode::Clearing },
        date,
        deadline: date,
        legs: number(4),
        participants: List::new(publics(&keys))?,
        referees: List::new(vec![AgentId::of(&referee.public_key())?])?,
        quorum: 1,
        payment: is_payment.then(|| number(5)),
    };
    let id = lift.id()?;
    let promise = |key: &SecretKey| -> Result<Promise, Failure> {
        let unsigned = Promise { lift: id, by: key.public_key(), judged: number(6), sign: None };
        Ok(unsigned.signed(key)?)
    };
    let promises = keys.iter().map(promise).collect::<Result<Vec<_>, _>>()?;
    let evidence = Evidence::Promises(List::new(promises.clone())?);
    let certificate = Certificate::by_sole_referee(id, evidence.clone(), &referee)?;
    let units = Positive::try_from(Units::new(100_000)?)?;
    let leg = Leg { tally: tally_id(0)?, by: Side::Stock, units };
    let mut words = 0;
    for (before, key) in keys.iter().enumerate().take(between) {
        let (side, users, key) = (Side::Stock, number(7), key.public_key());
        let conditional = Conditional { lift: id, leg, users, side, key, anew: false, sign: None };
        let word = Word {
            lift: lift.clone(),
            branches: branches.clone(),
            conditional: conditional.signed(&agent_key(before))?,
            promises: List::new(promises[..=before].to_vec())?,
            refused: None,
            certificate: None,
            given: None,
        };
        let certificate = Some(certificate.clone());
        // The taker's site hands back what the giver's said: as long as its own.
        let given = Some(word.conditional);
        words +=
            bytes(&word)? + bytes(&Word { promises: List::default(), certificate, given, ..word })?;
    }
    let asked = bytes(&Ask::new(lift, Some(evidence)))?;
    let authorised = if is_payment { authorised(&keys[0], date, units)? } else { 0 };
    Ok([words, asked + bytes(&certificate)? + authorised])
}

fn authorised(payer: &SecretKey, date: Timestamp, units: Positive) -> Result<u64, Failure> {
    let chad = |user: u32| -> Result<_, Failure> {
        Ok(format!("{}:{}", cuid(user)?, agent(user as usize)?).parse()?)
    };
    let unsigned = Authorisation {
        uuid: PaymentId::random([7; 16]),
        payer: chad(0)?,
        payee: chad(1)?,
        units,
        most: units,
        date,
        expires: date,
        r#ref: None,
        memo: None,
        sign: None,
    };
    bytes(&unsigned.signed(payer)?)
}

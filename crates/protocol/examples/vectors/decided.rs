//! A lift between two sites for the vectors: what both say before it is decided, and what four referees may
//! decide: valid with every promise, void with a refusal, void after the deadline.

use protocol::bounded::List;
use protocol::ledger::Head;
use protocol::lift::{
    Certificate, Conditional, Evidence, Judged, JudgedBy, Late, Leg, Legs, Mode, Promise, Reason,
    Refused, Vote,
};
use protocol::{AgentId, Hash, Lift, PublicKey, Record, SecretKey, Side, Sides, Signer as _};
use serde_json::{Value, json};

use super::Result;
use super::lift::entry;

fn key(number: u8) -> SecretKey {
    SecretKey::ed25519(&[number; 32])
}

fn agent(number: u8) -> Result<AgentId> {
    Ok(AgentId::of(&key(number).public_key())?)
}

/// Numbers of keys, in the order of what is made of each.
fn sorted<T: Ord>(numbers: [u8; 4], what: impl Fn(u8) -> Result<T>) -> Result<Vec<u8>> {
    let mut with = numbers.into_iter().map(|n| Ok((what(n)?, n))).collect::<Result<Vec<_>>>()?;
    with.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(with.into_iter().map(|(_, number)| number).collect())
}

struct World {
    lift: Lift,
    leg: Leg,
    participants: Vec<SecretKey>,
    referees: Vec<u8>,
}

fn world() -> Result<World> {
    let nonce = Hash::of(b"between two sites");
    let leg = Leg {
        tally: "6b0f5c1e-7d52-4c0b-9a53-0c8d5a3f2e11".parse()?,
        by: Side::Foil,
        units: protocol::Units::new(7_250)?.try_into()?,
    };
    let mut participants = vec![key(21), key(22)];
    participants.sort_by_key(protocol::Signer::public_key);
    let keys: Vec<PublicKey> = participants.iter().map(protocol::Signer::public_key).collect();
    let referees = sorted([31, 32, 33, 34], agent)?;
    let ids = referees.iter().map(|&number| agent(number)).collect::<Result<Vec<_>>>()?;
    let lift = Lift {
        nonce,
        mode: Mode::Clearing,
        date: "2026-11-26T12:00:00.000Z".parse()?,
        deadline: "2026-11-26T12:00:30.000Z".parse()?,
        legs: Legs::new(vec![leg], Some(nonce))?.root(),
        participants: List::new(keys)?,
        referees: List::new(ids)?,
        quorum: 3,
        payment: None,
    };
    Ok(World { lift, leg, participants, referees })
}

impl World {
    /// Decided by three of the four, checked.
    fn decided(&self, evidence: Evidence, round: u32) -> Result<Value> {
        let mut certificate = Certificate::unsigned(self.lift.id()?, evidence, round);
        let vote = |&number: &u8| {
            let sign = certificate.sign_with(&key(number))?;
            Ok(Vote { referee: agent(number)?, sign })
        };
        let votes = self.referees[1..].iter().map(vote).collect::<Result<Vec<_>>>()?;
        certificate.sign = List::new(votes)?;
        certificate.check(&self.lift)?;
        entry(&certificate)
    }

    fn conditional(&self, side: Side, who: usize, agent: &SecretKey) -> Result<Conditional> {
        let key = self.participants[who].public_key();
        let (lift, leg, users) = (self.lift.id()?, self.leg, Hash::of(b"users"));
        let said = Conditional { lift, leg, users, side, key, anew: false, sign: None };
        Ok(said.signed(agent)?)
    }
}

/// The two sites' agents are keys 41 (the stock's) and 42; everybody's public keys are in the file.
pub(crate) fn decided() -> Result<Value> {
    let world = world()?;
    let id = world.lift.id()?;
    let head = Head { index: 3, hash: Hash::of(b"the last link") };
    let counters = Sides { stock: None, foil: Some(std::num::NonZeroU32::MIN) };
    let by = List::new(vec![JudgedBy { tally: world.leg.tally, head, counters }])?;
    let judged = Judged { lift: id, nonce: Hash::of(b"judged"), by };
    let promise = |participant: &SecretKey| {
        let by = participant.public_key();
        Ok(Promise { lift: id, by, judged: judged.hash()?, sign: None }.signed(participant)?)
    };
    let promises = world.participants.iter().map(promise).collect::<Result<Vec<_>>>()?;
    let by = world.participants[0].public_key();
    let refused = Refused { lift: id, by, reason: Reason::Room, sign: None };
    let refused = refused.signed(&world.participants[0])?;
    let late = |&number: &u8| {
        let late = Late { lift: id, referee: agent(number)?, sign: None };
        Ok(late.signed(&key(number))?)
    };
    let late = world.referees[..2].iter().map(late).collect::<Result<Vec<_>>>()?;
    let (stock, foil) = (key(41), key(42));
    let conditionals =
        [world.conditional(Side::Stock, 0, &stock)?, world.conditional(Side::Foil, 1, &foil)?];
    Ok(json!({
        "agents": { "stock": stock.public_key(), "foil": foil.public_key() },
        "referees": world.referees.iter().map(|&number| key(number).public_key()).collect::<Vec<_>>(),
        "lift": entry(&world.lift)?,
        "conditionals": conditionals.iter().map(entry).collect::<Result<Vec<_>>>()?,
        "judged": entry(&judged)?,
        "promises": promises.iter().map(entry).collect::<Result<Vec<_>>>()?,
        "refused": entry(&refused)?,
        "late": late.iter().map(entry).collect::<Result<Vec<_>>>()?,
        "valid": world.decided(Evidence::Promises(List::new(promises)?), 1)?,
        "void": world.decided(Evidence::Refused(refused), 0)?,
        "too_late": world.decided(Evidence::Late(List::new(late)?), 0)?,
    }))
}

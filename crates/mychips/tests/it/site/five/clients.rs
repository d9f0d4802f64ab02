//! Clients that pay strangers over HTTP, each payment asked under its name until it is made.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{As, Client, ClientError};
use protocol::chit::Positive;
use protocol::lift::Authorisation;
use protocol::{ChipAddress, Hash, LiftId, PaymentId, SecretKey, Timestamp, Units};
use site::{Answer, Class, Command};

use super::row::{Row, USERS};

/// For how long what was signed may be tried.
const OPEN_MS: i64 = 3_600_000;

/// Chance from a seed.
pub(super) struct Chance(AtomicU64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 32))
    }

    pub(super) fn below(&self, most: u64) -> u64 {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        u64::from_le_bytes(*Hash::of(&number.to_le_bytes()).as_bytes().first_chunk().unwrap())
            % most
    }
}

/// A payment that was made: who paid whom, how much, by which lift.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) ends: [usize; 2],
    pub(super) milli: i64,
    pub(super) lift: LiftId,
}

pub(super) struct Clients {
    pub(super) row: Arc<Row>,
    pub(super) chance: Chance,
    pub(super) over: AtomicBool,
    /// All that were answered as paid.
    pub(super) made: Mutex<BTreeMap<PaymentId, Made>>,
    /// How often somebody asked again, and what was answered then.
    pub(super) again: Mutex<BTreeMap<String, u64>>,
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_ms(since.as_millis().try_into().unwrap()).unwrap()
}

impl Clients {
    /// Pays until it is over; what it began it ends, however often it has to ask.
    pub(super) async fn pay(self: Arc<Self>, client: u64, ends: [usize; 2]) {
        let key = self.row.towns[ends[0]].key(USERS[ends[0]]);
        let mut number = 0_u64;
        while !self.over.load(Ordering::Relaxed) {
            number += 1;
            let milli = 1 + i64::try_from(self.chance.below(500)).unwrap();
            let name = Hash::of(format!("{client} {number}").as_bytes());
            let uuid = PaymentId::random(*name.as_bytes().first_chunk().unwrap());
            let signed = self.signed(uuid, ends, milli, &key);
            let lift = self.ask(ends[0], &signed, &key).await;
            let made = self.made.lock().unwrap().insert(uuid, Made { ends, milli, lift });
            assert!(made.is_none());
        }
    }

    fn signed(
        &self,
        uuid: PaymentId,
        ends: [usize; 2],
        milli: i64,
        key: &SecretKey,
    ) -> Authorisation {
        let units = Positive::try_from(Units::new(milli).unwrap()).unwrap();
        let payer = self.row.address(ends[0]);
        let authorisation = Authorisation {
            uuid,
            payer: ChipAddress { endpoint: None, ..payer },
            payee: self.row.address(ends[1]),
            units,
            most: units,
            date: now(),
            expires: now().plus_ms(OPEN_MS).unwrap(),
            r#ref: None,
            memo: None,
            sign: None,
        };
        authorisation.signed(key).unwrap()
    }

    /// Asks under the payment's name until it is made.
    async fn ask(&self, site: usize, signed: &Authorisation, key: &SecretKey) -> LiftId {
        let id = signed.uuid.to_string();
        loop {
            let Some(address) = self.row.door(site) else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let (agent, cuid) = (self.row.agents[site], signed.payer.cuid.clone());
            let who = As { agent, cuid, id: &id, date: now(), key };
            let command =
                Command::PayByLift { authorisation: Box::new(signed.clone()), hint: None };
            let why = match Client::new(address, None).command_as(&who, command).await {
                Ok(Answer::Paid(paid)) => {
                    assert_eq!((paid.payment, paid.units), (signed.uuid, signed.units.get()));
                    return paid.lift;
                }
                Ok(other) => panic!("{id}: {other:?}"),
                Err(ClientError::Lost { .. }) => "lost".to_owned(),
                Err(ClientError::Refused { class: Class::Passing, word, .. }) => word.clone(),
                // Not made, for now: what was in its way passes.
                Err(ClientError::Refused { word, .. })
                    if word == "no_way" || word == "not_lifted" =>
                {
                    word
                }
                Err(other) => panic!("{id}: {other}"),
            };
            *self.again.lock().unwrap().entry(why).or_default() += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

//! Both ends search where the payee asked for the payment: its link has a number that its site made, and knows again. The
//! payer's site shows that number to the payee's, which then makes adverts for the same sessions.

use std::collections::BTreeMap;
use std::sync::Mutex;

use protocol::chit::Positive;
use protocol::errand::{Errand, Meet};
use protocol::{AgentId, ChipAddress, Cuid, Hash, PayLink, PayNumber, Timestamp, Units};
use serde::{Deserialize, Serialize};

use super::planned::Planned;
use crate::door::Site;
use crate::error::SiteError;

/// How long the payer's site waits after it has told the payee's, in milliseconds: adverts travel in the meantime.
const AHEAD_MS: i64 = 500;

/// For how long adverts are remembered where they came, in milliseconds.
const ADVERTISED_MS: i64 = 30_000;

/// How many searches payees' links may cause here within the time that adverts are remembered: each has some hundred
/// adverts made by other sites.
pub const MAX_MET: usize = 64;

/// How many of them one link may cause: a quote, a payment, and what either tries again.
pub const MAX_MET_OF_ONE: usize = 6;

/// What a payee's link says beside whom to pay, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// The number that the payee's site made.
    pub number: PayNumber,
    /// Until when it may be paid.
    pub expires: Timestamp,
}

/// How many of them one agent may cause.
pub const MAX_MET_OF_ONE_AGENT: usize = 16;

/// For which searches adverts were made lately, when, and who asked.
#[derive(Default)]
pub(crate) struct Met(Mutex<BTreeMap<(PayNumber, u8), (Timestamp, AgentId)>>);

impl Met {
    /// Whether adverts may be made for this search; remembers that they are.
    fn may(&self, from: AgentId, number: PayNumber, attempt: u8, now: Timestamp) -> bool {
        let mut met = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A clock that was set back forgets too early, which costs adverts.
        let is_lately = |at: &Timestamp| (0..ADVERTISED_MS).contains(&(now.ms() - at.ms()));
        met.retain(|_, (at, _)| is_lately(at));
        let of_agent = met.values().filter(|(_, agent)| *agent == from).count();
        let of_one = met.range((number, 0)..=(number, u8::MAX)).count();
        let known = met.contains_key(&(number, attempt));
        let few = of_one < MAX_MET_OF_ONE && of_agent < MAX_MET_OF_ONE_AGENT;
        let may = !known && met.len() < MAX_MET && few;
        if may {
            met.insert((number, attempt), (now, from));
        }
        may
    }
}

impl Site {
    /// A link by which anybody may pay a user here; nothing is kept of it. It says where this site answers, so there is none
    /// where nobody knows.
    ///
    /// # Errors
    /// [`SiteError::NoUser`] and [`SiteError::PayeeSuspended`]; [`SiteError::NoAgentKey`].
    pub(crate) async fn pay_link(
        &self,
        payee: &Cuid,
        units: Positive,
        expires: Timestamp,
    ) -> Result<Option<PayLink>, SiteError> {
        let known = self.store.read().await?.user(payee).await?;
        crate::lift::may_be_paid(known.as_ref(), payee)?;
        let number = self.pay_number(payee, units, expires)?;
        let payee = ChipAddress { cuid: payee.clone(), agent: self.agent, endpoint: None };
        let link = |endpoint| PayLink { payee, endpoint, units, expires, number, r#ref: None };
        Ok(self.endpoint().map(link))
    }

    /// The number of a link: nobody else can make it, and it fits nothing else.
    fn pay_number(
        &self,
        payee: &Cuid,
        units: Positive,
        expires: Timestamp,
    ) -> Result<PayNumber, SiteError> {
        let secret = self.own_secret(b"mychips secret of links that ask for a payment v1")?;
        let text = format!("{payee} {} {}", units.get().milli(), expires.ms());
        Ok(PayNumber::of(&Hash::of(&[&secret.as_bytes()[..], text.as_bytes()].concat())))
    }

    /// Somebody looks for a way to pay what a user here asked for.
    pub(crate) async fn hear_meet(&self, from: AgentId, asked: Meet) -> Result<(), SiteError> {
        let Meet { payee, units, expires, number, attempt } = asked;
        let now = self.clock.now();
        if now >= expires || self.pay_number(&payee, units, expires)? != number {
            return Ok(());
        }
        if self.known.met.may(from, number, attempt, now) {
            self.advertise(&payee, units, number.chance(attempt)).await?;
        }
        Ok(())
    }

    /// Looks for ways to a payee elsewhere ([`Site::find_ways`]); with the payee's hint, from both ends.
    pub(crate) async fn find_hinted(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Units,
        most: Units,
        hint: Option<Hint>,
    ) -> Result<Vec<Planned>, SiteError> {
        let (Some(Hint { number, expires }), Ok(asked)) = (hint, Positive::try_from(units)) else {
            return self.find_ways(payer, payee, units, most).await;
        };
        // Drawn, so that a second search is not taken for the first.
        let attempt = self.chance.bytes()[0];
        let meet = Meet { payee: payee.cuid.clone(), units: asked, expires, number, attempt };
        let (to, at) = (payee.agent, payee.endpoint.clone());
        self.known.errands.push_at(to, at, Errand::Meet(Box::new(meet)));
        self.waits_for_ms(AHEAD_MS).await;
        self.find_advertised(payer, payee, units, most, number.chance(attempt)).await
    }
}

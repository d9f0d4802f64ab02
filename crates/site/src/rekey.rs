//! Keys that were lost: a user that an administrator readmits, what a key from before may still do,
//! and how long is waited for a new key on a tally.
//!
//! The site's agent signs a claim as its witness, by its own clock, from the moment that the user's
//! own half first held the partner's consent. No machine in `protocol` reads a clock.

use protocol::chit::{Chit, Entry};
use protocol::half::HalfTally;
use protocol::ledger::{KeyRequest, Ledger, Status};
use protocol::{Cert, Cuid, Hash, PublicKey, Side, Signer, TallyId, Timestamp, Verified};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{HalfFilter, UserStatus, View};

use crate::batch::{Batch, Held, Work};
use crate::command::{Answer, Wish};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::{self, Kept};
use crate::moved::has_to_move;
use crate::read::Summary;
use crate::users::{cert_of, put_cert, user};

/// The most keys that a user had before and that may still stop things: the last ones.
pub const MAX_FORMER_KEYS: usize = 4;

/// How many halves are read at once.
const AT_ONCE: u32 = 64;

/// A request for a key in the place of a lost one, while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyAsked {
    /// Whose key is said to be lost.
    pub by: Side,
    /// The request's name: the hash of its chit.
    pub request: Hash,
    /// The key that is asked for.
    pub public: PublicKey,
    /// When it was asked for, by the request's own word.
    pub date: Timestamp,
    /// How many days are waited once the partner has consented.
    pub wait_days: u16,
    /// When the partner consented, by its own word; none where it has not.
    pub consented: Option<Timestamp>,
    /// From when on the key can be claimed: for the holder's own by this site's clock; for the
    /// partner's by the date of the consent, as its own site decides.
    pub from: Option<Timestamp>,
}

/// Whose key was ended.
pub(crate) fn ended(ledger: &Ledger) -> Vec<Side> {
    Side::BOTH.into_iter().filter(|side| ledger.key(*side).is_none()).collect()
}

/// The requests that are open.
pub(crate) fn asked(ledger: &Ledger) -> Vec<KeyAsked> {
    let of = |by| ledger.requests(by).map(move |request| shown(by, request));
    Side::BOTH.into_iter().flat_map(of).collect()
}

fn shown(by: Side, request: &KeyRequest) -> KeyAsked {
    let consented = request.consent.map(|consent| consent.date);
    let from = consented.map(|date| later(date, request));
    let KeyRequest { chit, public, date, wait, .. } = *request;
    KeyAsked { by, request: chit, public, date, wait_days: wait.days(), consented, from }
}

fn later(since: Timestamp, request: &KeyRequest) -> Timestamp {
    since.plus_ms(request.wait.ms()).unwrap_or(Timestamp::MAX)
}

/// The summary of a tally with the times from when on keys of its holder's can be claimed.
pub(crate) async fn waited(view: &mut View, mut found: Summary) -> Result<Summary, SiteError> {
    let own = |one: &&mut KeyAsked| one.by == found.side && one.consented.is_some();
    for one in found.key_asked.iter_mut().filter(own) {
        let key = wait_key(&found.holder, &found.tally);
        let since = view.setting(&key).await?.and_then(|text| since(&text, &one.request));
        let wait_ms = i64::from(one.wait_days) * 24 * 60 * 60_000;
        one.from = since.and_then(|since| since.plus_ms(wait_ms).ok());
    }
    Ok(found)
}

/// The setting under which a half remembers since when it has held its partner's consent.
fn wait_key(holder: &Cuid, tally: &TallyId) -> String {
    format!("wait:{holder}:{tally}")
}

/// Since when the consent to this request has been held.
fn since(text: &str, request: &Hash) -> Option<Timestamp> {
    let (named, date) = text.split_once(' ')?;
    (named == request.to_string()).then(|| date.parse().ok())?
}

/// The setting under which the keys are that a user had before.
fn former_key(cuid: &Cuid) -> String {
    format!("former:{cuid}")
}

/// The keys that a user had before an administrator gave it another cert, newest last, while a tally
/// of its still has them.
pub(crate) async fn former(view: &mut View, cuid: &Cuid) -> Result<Vec<PublicKey>, SiteError> {
    let Some(text) = view.setting(&former_key(cuid)).await? else { return Ok(Vec::new()) };
    Ok(protocol::json::parse(text.as_bytes())?.read()?)
}

/// Whether a wish only stops things: an end, or an objection.
pub(crate) fn may_stop(wish: &Wish) -> bool {
    let Wish::Write { chit, .. } = wish else { return false };
    matches!(chit.entry, Entry::End { .. } | Entry::Object { .. })
}

impl Site {
    /// An administrator gives a user another cert, whose key it had not before.
    pub(crate) async fn readmit(&self, batch: &mut Batch, cert: Cert) -> Result<Answer, SiteError> {
        let cert = Verified::check(cert, &())?;
        let mut known = user(batch, &cert.chad.cuid).await?.clone();
        let before = cert_of(&known)?;
        if cert.chad.agent != self.agent || !self.same_user(&cert.chad, &before.chad) {
            return Err(SiteError::OtherSite { named: cert.chad.agent, site: self.agent });
        }
        if cert.public == before.public {
            return Err(SiteError::SameKey(known.cuid));
        }
        put_cert(&mut known, &cert)?;
        known.status = UserStatus::Active;
        let cuid = known.cuid.clone();
        let mut keys = former(batch.work.view(), &cuid).await?;
        keys.retain(|key| *key != before.public && *key != cert.public);
        keys.push(before.public);
        keys.drain(..keys.len().saturating_sub(MAX_FORMER_KEYS));
        batch.put_user(known).await?;
        self.put_former(batch, &cuid, &keys).await?;
        self.forget_former(batch, &cuid).await?;
        let event = self.event(&cuid, "readmitted", json!({}).to_string());
        batch.work.tx().tell([event]);
        Ok(Answer::Done)
    }

    async fn put_former(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        keys: &[PublicKey],
    ) -> Result<(), SiteError> {
        let text = serde_json::to_string(keys).map_err(|error| protocol::JsonError::Shape {
            path: "former".to_owned(),
            reason: error.to_string(),
        })?;
        let text = (!keys.is_empty()).then_some(text.as_str());
        Ok(batch.work.tx().set(&former_key(cuid), text).await?)
    }

    /// Forgets those of a user's former keys that no tally of its has any more.
    pub(crate) async fn forget_former(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
    ) -> Result<(), SiteError> {
        let before = former(batch.work.view(), cuid).await?;
        if before.is_empty() {
            return Ok(());
        }
        let in_force = self.keys_in_force(batch, cuid).await?;
        let mut keys = before.clone();
        keys.retain(|key| in_force.contains(key));
        if keys == before { Ok(()) } else { self.put_former(batch, cuid, &keys).await }
    }

    /// The keys that a user can sign with on its tallies that are not closed.
    pub(crate) async fn keys_in_force(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
    ) -> Result<Vec<PublicKey>, SiteError> {
        let filter = HalfFilter { holder: Some(cuid.clone()), ..HalfFilter::default() };
        let (mut after, mut in_force) = (None, Vec::new());
        loop {
            let page = batch.work.view().halves(&filter, after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for row in &page {
                let held = batch.held(cuid, row.tally).map(|held| held.state.ledger.clone());
                let ledger = match held {
                    Some(ledger) => ledger,
                    None => half::ledger(row)?,
                };
                let ledger = ledger.filter(|ledger| ledger.status() != Status::Closed);
                in_force.extend(ledger.and_then(|ledger| ledger.key(row.side).copied()));
            }
        }
        Ok(in_force)
    }

    /// A chit as its own half may take it: one about keys not while the holder's offer is out; a
    /// claim with this site's word, once the time has passed.
    pub(crate) async fn ready(
        &self,
        work: &mut Work,
        held: &Held,
        chit: Chit,
    ) -> Result<Chit, SiteError> {
        match &chit.entry {
            Entry::Claim { request, .. } => {
                let ledger = held.state.open()?;
                let pending = ledger.may_claim(request)?;
                let key = wait_key(&held.half.holder, &held.half.tally);
                let now = self.clock.now();
                let since = work.view().setting(&key).await?.and_then(|text| since(&text, request));
                let from = later(since.unwrap_or(now), pending);
                if now < from {
                    return Err(SiteError::Waiting { from });
                }
                let agent = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
                Ok(chit.witnessed(agent as &dyn Signer)?)
            }
            Entry::Tran { .. } | Entry::Set { .. } | Entry::Lift { .. } | Entry::Object { .. } => {
                Ok(chit)
            }
            Entry::Key { .. } | Entry::End { .. } | Entry::Lost { .. } | Entry::Consent { .. } => {
                held.state.may_rekey()?;
                // The key in force has to say first by which agent what comes now is heard.
                if has_to_move(&held.state, self.agent) {
                    return Err(SiteError::ToMove { tally: held.half.tally });
                }
                Ok(chit)
            }
        }
    }

    /// Remembers since when the holder's half has held the consent to a key of its holder's; `now`
    /// is what it is about to be. After a restore that counts anew, once the partner's half and a
    /// device were heard: an objection may have been lost with the rest.
    pub(crate) async fn wait_for_key(
        &self,
        work: &mut Work,
        held: &Held,
        now: &HalfTally,
    ) -> Result<(), SiteError> {
        let side = held.half.side;
        let pending = |half: &HalfTally| -> Option<Hash> {
            let ledger = half.ledger.as_ref().filter(|ledger| ledger.waiting().is_over())?;
            ledger.pending(side).map(|pending| pending.chit)
        };
        let key = wait_key(&held.half.holder, &held.half.tally);
        match (pending(&held.state), pending(now)) {
            (before, now) if before == now => {}
            (_, None) => work.tx().set(&key, None).await?,
            (_, Some(request)) => {
                let text = format!("{request} {}", self.clock.now());
                work.tx().set(&key, Some(&text)).await?;
            }
        }
        Ok(())
    }
}

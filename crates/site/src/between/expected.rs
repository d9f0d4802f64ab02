//! That a lift of this site's making ends where it is meant to. Those on the way lay out the rest of it, and could leave out
//! the payee's site, or the way back: then it would be valid without anybody's say to whom it matters.

use std::collections::BTreeSet;

use protocol::bounded::List;
use protocol::errand::{Errand, Expect, Expected};
use protocol::lift::{Authorisation, Reason};
use protocol::{AgentId, Hash, PublicKey, Signer as _, Timestamp, Verified};

use super::lock;
use crate::door::Site;
use crate::error::SiteError;

/// How long is waited for the payee's site to say that it takes part, in milliseconds; …
const ANSWER_MS: i64 = 5_000;

/// … and after how long it is asked again: errands get lost.
const ASK_AGAIN_MS: i64 = 1_000;

impl Site {
    /// The payee's site says that it takes part in a lift of this nonce, by one of these keys.
    ///
    /// # Errors
    /// Why it does not; none where it does not answer.
    pub(super) async fn expected(
        &self,
        nonce: Hash,
        authorisation: &Authorisation,
        payment: Hash,
    ) -> Result<Expected, Option<Reason>> {
        let payee = &authorisation.payee;
        let asked = Asked { site: self, nonce };
        lock(&self.known.under_way.expected).insert(nonce, (payee.agent, None));
        let begun = self.clock.now();
        let until = begun.plus_ms(ANSWER_MS).unwrap_or(Timestamp::MAX);
        let mut again = begun;
        loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let answer = lock(&self.known.under_way.expected).get(&nonce).cloned();
            if let Some((_, Some(answer))) = answer {
                drop(asked);
                let checked = Verified::check(answer, &payee.agent);
                return checked.map(Verified::into_inner).map_err(|_| Some(Reason::Unknown));
            }
            let now = self.clock.now();
            if now > until {
                return Err(None);
            }
            if now >= again {
                let errand = Errand::Expect(Box::new(Expect { nonce, payment }));
                self.known.errands.push_at(payee.agent, payee.endpoint.clone(), errand);
                again = now.plus_ms(ASK_AGAIN_MS).unwrap_or(Timestamp::MAX);
            }
            moved.await;
        }
    }

    /// The payee's site has answered.
    pub(crate) fn hear_expected(&self, from: AgentId, answer: Expected) {
        let mut expected = lock(&self.known.under_way.expected);
        if let Some((payee, kept)) = expected.get_mut(&answer.nonce)
            && *payee == from
        {
            *kept = Some(answer);
            drop(expected);
            self.known.under_way.has_moved();
        }
    }

    /// A payer's site asks by which keys this one takes part in a lift that ends here.
    pub(crate) fn hear_expect(&self, asked: &Expect) -> Result<Option<Errand>, SiteError> {
        let Expect { nonce, payment } = *asked;
        let keys = List::new(self.ending_keys(nonce)?).unwrap_or_default();
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let expected = Expected { nonce, payment, keys, sign: None }.signed(signer)?;
        Ok(Some(Errand::Expected(Box::new(expected))))
    }

    /// The keys of this site in a lift of this nonce, where it ends here, in order.
    fn ending_keys(&self, nonce: Hash) -> Result<Vec<PublicKey>, SiteError> {
        let over = self.known.drafts.ending(&nonce).into_iter();
        let keys = over.map(|tally| Ok(self.lift_key(nonce, tally)?.public_key()));
        let mut keys = keys.collect::<Result<Vec<_>, SiteError>>()?;
        keys.sort_unstable();
        Ok(keys)
    }

    /// The key of this site by which a clearing of its own making comes back; none where those on the way left that out.
    pub(super) fn comes_back_by(
        &self,
        nonce: Hash,
        participants: &BTreeSet<PublicKey>,
    ) -> Result<Option<PublicKey>, SiteError> {
        Ok(self.ending_keys(nonce)?.into_iter().find(|key| participants.contains(key)))
    }
}

/// Whoever waits for an answer, until it is there or given up.
struct Asked<'a> {
    site: &'a Site,
    nonce: Hash,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        lock(&self.site.known.under_way.expected).remove(&self.nonce);
    }
}

//! A higher revision of an open tally: its terms hold from now on, and the chain begins with it.

use super::chain::{Head, Link, Links};
use super::refusal::{Refusal, Stop};
use super::step::{Change, Step};
use super::{Ledger, Message};
use crate::side::Side;
use crate::{Tally, Verified};

impl Ledger {
    /// This half under a higher revision that both signed. Every chit stays, in its order; only the
    /// links are reckoned anew, from the new genesis. Until the partner has done the same, the two
    /// find no common head and wait.
    ///
    /// A revision changes no keys: that has a chit of its own, and names a head of the chain as it
    /// was signed. Once something was said about keys there is no further revision.
    ///
    /// # Errors
    /// [`Refusal::OtherKeys`]; [`Stop::Missing`] until the whole history is at hand.
    pub fn rebase(&self, tally: &Verified<Tally>, links: &impl Links) -> Result<Step, Stop> {
        let fresh = Self::open(tally, self.side)?;
        let first = |ledger: &Self| Side::BOTH.map(|side| *ledger.keys.of(side).first());
        if self.is_about_keys() || first(&fresh) != first(self) {
            return Err(Refusal::OtherKeys.into());
        }
        let mut head = fresh.head;
        let mut then = Vec::new();
        for good in self.unlinked_after(0, links)? {
            let link = Link::after(head, good);
            head = link.head;
            then.push(link);
        }
        let Self { genesis, may_owe, agents, .. } = fresh;
        let ledger = Self { genesis, may_owe, agents, head, agreed: 0, rested: 0, ..self.clone() };
        let send = vec![Message::Req { locator: vec![Head { index: 0, hash: genesis }] }];
        let change = (!then.is_empty()).then_some(Change { keep: 0, then });
        Ok(Step { ledger, change, send, events: Vec::new() })
    }
}

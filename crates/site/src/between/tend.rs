//! What time brings to lifts under way: what is due is done, referees are asked, and what may have been lost is said again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use protocol::errand::Errand;
use protocol::lift::Outcome;
use protocol::{LiftId, Timestamp};

use super::part::Part;
use super::repeated::GONE_MS;
use super::{Asked, LONGEST_MS, Open, UnderWay, lock};
use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;
use store::LiftPart;

/// After how long all open parts are looked at again, in milliseconds.
const LOOK_MS: i64 = 1_000;

/// After how long referees are asked again, in milliseconds; then after twice as long each time, …
const ASK_AGAIN_MS: i64 = 1_000;

/// … up to this, …
const LONGEST_ASK_AGAIN_MS: i64 = 8_000;

/// … and up to this once a lift's time is long over, or they were asked for as long: they may be gone for days.
const LONGEST_WHEN_OVER_MS: i64 = 64_000;

/// How long whoever has promised waits for its neighbours, in milliseconds, before it asks the referees itself.
pub(super) const WAIT_MS: i64 = 5_000;

/// How many parts are read at once.
const AT_ONCE: u32 = 64;

/// How often what is due is done at most in one go: what still follows is done in the next.
const ROUNDS: usize = 16;

/// About how many lifts something is done in one transaction at most: beyond, the disk is no longer what is waited for,
/// and whoever comes next waits for all of them.
const TOGETHER: usize = 16;

/// A look at all open parts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Since this program began: what another one had begun to do may be left.
    First,
    Again,
}

impl UnderWay {
    /// Whether it is time to ask a lift's referees: for the first time, as there is something new to bring or the deadline
    /// has passed, or the same again after a while, longer each time. Remembers that they are asked.
    pub(super) fn may_ask(&self, part: &Part, brought: bool, now: Timestamp) -> bool {
        let deadline = part.participant.part().lift().deadline;
        let late = now > deadline;
        let mut asked = lock(&self.asked);
        let before = asked.get(&part.lift()).copied();
        // As a clock that was set back has it, that may lie ahead.
        let since = before.map_or(now, |before| before.since.min(now));
        // A deadline that lies far ahead was set by a clock that was wrong.
        let over = is_long_over(deadline, now) || is_long_over(since, now);
        let longest_ms = if over { LONGEST_WHEN_OVER_MS } else { LONGEST_ASK_AGAIN_MS };
        // What one part brought, another need not ask without.
        let news =
            before.is_none_or(|before| (brought && !before.brought) || (late && !before.late));
        let waits = before.is_some_and(|before| is_within(before.wait_ms, before.at, now));
        if !news && waits {
            return false;
        }
        let longer = |before: Asked| (2 * before.wait_ms).min(longest_ms);
        let wait_ms = before.filter(|_| !news).map_or(ASK_AGAIN_MS, longer);
        let brought = brought || before.is_some_and(|before| before.brought);
        asked.insert(part.lift(), Asked { since, at: now, wait_ms, brought, late });
        true
    }

    /// Whether it is time to tell a payee's site what was signed. Remembers that it is told.
    fn may_tell(&self, lift: LiftId, now: Timestamp) -> bool {
        is_time(&mut lock(&self.told), lift, now)
    }

    /// Whether it is time to try to do all that a decided lift means here: where it could not be done, a partner may see to it
    /// that it never can. Remembers that it is tried.
    fn may_settle(&self, lift: LiftId, now: Timestamp) -> bool {
        is_time(&mut lock(&self.settling), lift, now)
    }

    /// Nobody has to be asked or told about a lift any more.
    pub(super) fn is_over(&self, lift: &LiftId) {
        lock(&self.asked).remove(lift);
        lock(&self.told).remove(lift);
    }

    /// Whether all open parts were read since this program began.
    fn has_looked(&self) -> bool {
        self.is_open_known.load(Ordering::Relaxed)
    }

    /// Whether it is time to look at all open parts: for the first time, or again.
    fn may_look(&self, now: Timestamp) -> Option<Look> {
        let mut looked = lock(&self.looked);
        let look = match *looked {
            None => Look::First,
            Some(last) if is_within(LOOK_MS, last, now) => return None,
            Some(_) => Look::Again,
        };
        *looked = Some(now);
        Some(look)
    }
}

impl Site {
    /// Waits until something is due about a lift with other sites.
    pub async fn lifts_due(&self) {
        self.known.under_way.work.notified().await;
    }

    /// Does what is due about lifts with other sites, and says about how many: then letters wait to be sent. To be called
    /// whenever something [is due](Site::lifts_due), and several times a second.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; what is due stays so.
    pub async fn tend_lifts(&self, now: Timestamp) -> Result<usize, SiteError> {
        self.look_again(now).await?;
        let mut done = 0;
        for _ in 0..ROUNDS {
            // Also what was asked by what was done elsewhere, before chits were heard.
            self.ask_at_home().await;
            let due = self.known.under_way.all_due();
            if due.is_empty() {
                break;
            }
            done += self.act_on_all(&due).await?;
        }
        self.known.under_way.has_moved();
        Ok(done)
    }

    /// Does what is due about those of these lifts about which something is: before their chits are heard, which are good by
    /// what was said of the lift just before.
    pub(crate) async fn tend_these(&self, lifts: &[LiftId]) {
        let due = self.known.under_way.due_of(lifts);
        if due.is_empty() {
            return;
        }
        // Before anything new is promised it is known what is open since before this program began: that has its limits.
        let looked = match self.known.under_way.has_looked() {
            true => Ok(()),
            false => self.look_at_open_parts(Look::First, self.clock.now()).await,
        };
        let done = match looked {
            Ok(()) => self.act_on_all(&due).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::debug!(error = error.word(), "what is due about lifts is done later: {error}");
        }
    }

    /// Does what is to be done about lifts, several at once; says about how many. What the store could not do stays due.
    async fn act_on_all(&self, lifts: &[LiftId]) -> Result<usize, SiteError> {
        let (mut done, mut failed) = (0, None);
        for together in lifts.chunks(TOGETHER) {
            if let Ok(many) = self.act(together).await {
                done += many;
                continue;
            }
            // One that cannot go on must not keep the others back.
            for lift in together {
                match self.act(&[*lift]).await {
                    Ok(many) => done += many,
                    Err(error @ SiteError::Store(_)) => failed = Some(error),
                    Err(error) => {
                        // Damaged: doctor says so.
                        self.known.under_way.take_due_of(&[*lift]).end();
                        tracing::warn!(%lift, "a part in a lift cannot go on: {error}");
                    }
                }
            }
        }
        failed.map_or(Ok(done), Err)
    }

    /// What this site's agent is asked by the site itself goes over no wire.
    async fn ask_at_home(&self) {
        for errand in self.known.errands.take_for(self.agent) {
            if let Some(answer) = self.hear_errand(self.agent, errand).await {
                self.hear_errand(self.agent, answer).await;
            }
        }
    }

    /// Looks at all open parts, where it is time to.
    async fn look_again(&self, now: Timestamp) -> Result<(), SiteError> {
        match self.known.under_way.may_look(now) {
            None => Ok(()),
            Some(look) => self.look_at_open_parts(look, now).await,
        }
    }

    async fn look_at_open_parts(&self, look: Look, now: Timestamp) -> Result<(), SiteError> {
        let mut after = None;
        let mut open = BTreeMap::new();
        let mut decided = BTreeSet::new();
        loop {
            let page = self.store.read().await?.open_parts(after, AT_ONCE).await?;
            let Some(last) = page.last() else {
                *lock(&self.known.under_way.open) = open;
                lock(&self.known.under_way.settling).retain(|lift, _| decided.contains(lift));
                self.known.under_way.is_open_known.store(true, Ordering::Relaxed);
                return Ok(());
            };
            after = Some((last.lift, last.key));
            for row in &page {
                // What cannot be read takes no part; doctor says so.
                let Ok(part) = self.known.part(row) else { continue };
                // After the deadline its site promises nothing more, whatever it is told.
                if now <= row.deadline {
                    self.tell_payees_site(&part);
                }
                if part.participant.is_locked() {
                    for with in part.open_with() {
                        open.entry(with).or_insert_with(Open::default).add(&part);
                    }
                }
                // What could not be done when it was decided.
                if part.outcome().is_some() {
                    decided.insert(row.lift);
                    if !self.known.under_way.may_settle(row.lift, now) && look == Look::Again {
                        continue;
                    }
                }
                let waits = part.participant.is_locked()
                    && now.ms().saturating_sub(row.changed.ms()) > WAIT_MS;
                let unsettled = part.outcome().is_some() || part.participant.is_refused();
                let due =
                    waits || unsettled || now > row.deadline || part.participant.wants().is_some();
                // Where this site refused, and said so, there is nothing to do but to forget it in the end.
                let rests = part.outcome().is_none()
                    && part.participant.came_to_nothing()
                    && look == Look::Again;
                if (due && !rests) || is_long_over(row.deadline, now) {
                    self.known.under_way.is_due(row.lift);
                }
            }
        }
    }

    /// The payer's site tells the payee's what was signed, again and again while it can become valid: it may be lost.
    pub(super) fn tell_payees_site(&self, part: &Part) {
        let Some(signed) = part.more.authorisation.as_deref() else { return };
        let is_payers = signed.payer.agent == self.agent && signed.payee.agent != self.agent;
        let may_be = part.outcome().is_none() && !part.participant.is_refused();
        if is_payers
            && may_be
            && !part.participant.part().collects()
            && self.known.under_way.may_tell(part.lift(), self.clock.now())
        {
            let (to, at) = (signed.payee.agent, signed.payee.endpoint.clone());
            let errand = Errand::Authorisation(Box::new(signed.clone()));
            if self.has(Planted::ToldOn) {
                part.more
                    .agents
                    .values()
                    .for_each(|next| self.known.errands.push(*next, errand.clone()));
            }
            self.known.errands.push_at(to, at, errand);
        }
    }
}

/// Whether it is time for something about a lift: for the first time, or again after a while, longer each time. Remembers that it
/// is done.
fn is_time(done: &mut BTreeMap<LiftId, (Timestamp, i64)>, lift: LiftId, now: Timestamp) -> bool {
    let before = done.get(&lift).copied();
    if before.is_some_and(|(at, wait_ms)| is_within(wait_ms, at, now)) {
        return false;
    }
    let longer = |(_, wait_ms): (Timestamp, i64)| (2 * wait_ms).min(LONGEST_WHEN_OVER_MS);
    done.insert(lift, (now, before.map_or(ASK_AGAIN_MS, longer)));
    true
}

/// Whether so many milliseconds have not passed since. A clock that was set back stops nobody.
fn is_within(ms: i64, since: Timestamp, now: Timestamp) -> bool {
    (0..ms).contains(&now.ms().saturating_sub(since.ms()))
}

/// Whether a lift's time, or some other one, is long over.
fn is_long_over(time: Timestamp, now: Timestamp) -> bool {
    now.ms().saturating_sub(time.ms()) > LONGEST_MS
}

/// Whether a lift's time is so long over that what is not done about it never is.
pub(super) fn is_gone(deadline: Timestamp, now: Timestamp) -> bool {
    now.ms().saturating_sub(deadline.ms()) > GONE_MS
}

/// Since when a week is counted in which all that a lift means can be done: its deadline; of one that this site has lost, and whose
/// deadline may be any, no later than something changed about it here.
pub(super) fn counted_from(part: &Part, row: &LiftPart) -> Timestamp {
    if part.is_lost() { row.deadline.min(row.changed) } else { row.deadline }
}

/// Whether nobody needs this part any more, but to judge it: nothing was promised, and it is void, or its time is long over. Of a
/// valid lift that this site had lost all has to be done first, however late it is told of it; what cannot be done in a week
/// never is.
pub(super) fn is_dead(part: &Part, deadline: Timestamp, now: Timestamp) -> bool {
    let is_void = part.outcome() == Some(Outcome::Void) && part.more.settled;
    let is_done =
        part.outcome() != Some(Outcome::Commit) || part.more.settled || is_gone(deadline, now);
    part.participant.promise().is_none() && is_done && (is_void || is_long_over(deadline, now))
}

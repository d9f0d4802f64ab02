//! Which lifts this referee judges at all, and how many at once: whoever is asked by anybody must be filled by nobody.

use protocol::lift::Lift;
use protocol::{AgentId, LiftId, Timestamp};
use store::{CaseCount, View};
use thiserror::Error;

use super::Brought;
use super::accepted::is_accepted;
use crate::abroad::is_known;
use crate::door::Site;
use crate::epoch::restored_at;
use crate::error::SiteError;

/// How far ahead of this site's clock the date of a lift may be, in milliseconds: clocks differ.
pub const MAX_AHEAD_MS: i64 = 2 * 60 * 1_000;

/// How long after its date a lift's deadline may be, in milliseconds: so long, all that it moves is locked.
pub const MAX_SPAN_MS: i64 = 60 * 60 * 1_000;

/// How many cases may be open that one agent was the first to ask about which is known here; this site's own is not counted.
pub const MAX_OPEN_OF_ONE: u64 = 256;

/// How many cases may be open that one stranger was the first to ask about.
pub const MAX_OPEN_OF_ONE_STRANGER: u64 = 64;

/// How many cases may be open that strangers were the first to ask about: the rest of the room is only for those of others, and
/// takes nothing from theirs.
pub const MAX_OPEN_OF_STRANGERS: u64 = 1_024;

/// How many cases may be open: those of sole referees never are.
pub const MAX_OPEN: u64 = 8_192;

/// How many cases may be open whose asker was known here.
pub(super) const OPEN_OF_KNOWN: u64 = MAX_OPEN - MAX_OPEN_OF_STRANGERS;

/// About how many lifts strangers, all together, may be the first to ask within an hour; they are kept
/// for ever, each of at most some tens of KiB, most of one or two.
pub const MAX_STRANGERS: u64 = 1_024;

/// About how many lifts one agent that is known here may be the first to ask about within an hour, decided or not; this
/// site's own is not counted.
pub const MAX_OF_ONE: u64 = 65_536;

/// Within which time lifts are counted that are kept for ever, in milliseconds.
const KEPT_WITHIN_MS: i64 = 60 * 60 * 1_000;

/// For how long after its deadline a case that is open counts, and the other referees are told of it, in
/// milliseconds: later, somebody has to ask.
pub(super) const GIVES_UP_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why a referee does not judge a lift that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unjudged {
    /// Its date is in time to come.
    #[error("its date {date} is more than {} minutes after {now}, as it is here", MAX_AHEAD_MS / 60_000)]
    Ahead {
        /// Its date.
        date: Timestamp,
        /// The time here.
        now: Timestamp,
    },
    /// Its deadline is too long after its date.
    #[error("its deadline is more than {} minutes after its date", MAX_SPAN_MS / 60_000)]
    Long,
    /// It may have been judged here, and forgotten.
    #[error(
        "it may have been judged before {since}, when this site began or was restored from a backup, and what was \
         signed then is not known any more: this referee says nothing new about it"
    )]
    Forgotten {
        /// What was signed before is not known.
        since: Timestamp,
    },
    /// Too many are open or new.
    #[error(
        "too many lifts are undecided here, or were brought by strangers lately; ask again later"
    )]
    TooMany,
    /// One agent that is known here brings too many.
    #[error(
        "{agent} was the first to ask about {MAX_OF_ONE} lifts within an hour, and no agent may about more; ask again later"
    )]
    TooManyOfOne {
        /// Which one.
        agent: AgentId,
    },
}

impl Site {
    /// Whether a lift that is not known here has dates to be judged by.
    pub(super) async fn check_dates(
        &self,
        view: &mut View,
        lift: &Lift,
        id: LiftId,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let date = lift.date;
        let reason = if date.ms() - now.ms() > MAX_AHEAD_MS {
            Unjudged::Ahead { date, now }
        } else if lift.deadline.ms() - date.ms() > MAX_SPAN_MS {
            Unjudged::Long
        } else if let Some(since) = self.may_have_forgotten(view, lift.date).await? {
            Unjudged::Forgotten { since }
        } else {
            return Ok(());
        };
        Err(SiteError::NotJudged { lift: id, reason })
    }

    /// Since when everything is known that this agent signed, where a lift of that date may have been judged before: this
    /// store did not exist then, or went back since. A lift may have been judged a little before its date.
    pub(crate) async fn may_have_forgotten(
        &self,
        view: &mut View,
        date: Timestamp,
    ) -> Result<Option<Timestamp>, SiteError> {
        let restored = restored_at(view).await?;
        let founded = view.meta().await?.founded.map(|founded| founded.at);
        // What was dated ahead may have been judged just before.
        let restored = restored.filter(|at| date.ms() <= at.ms() + MAX_AHEAD_MS);
        Ok(restored.or(founded.filter(|at| date < *at)))
    }

    /// Whether there is room for a case that is new.
    pub(super) async fn check_room(
        &self,
        brought: &Brought,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let (asked_by, ago) = (brought.from, |ms: i64| now.plus_ms(-ms).unwrap_or(now));
        if asked_by == self.agent {
            return Ok(());
        }
        let (deadline, asked) = (ago(GIVES_UP_AFTER_MS), ago(KEPT_WITHIN_MS));
        let mut view = self.store.read().await?;
        let counts = view.count_cases(&CaseCount { asked_by, deadline, asked }).await?;
        let known = self.knows_asker(&mut view, asked_by).await?;
        if known && self.has_brought_many(&mut view, asked_by, (asked, now)).await? {
            let reason = Unjudged::TooManyOfOne { agent: asked_by };
            return Err(SiteError::NotJudged { lift: brought.id, reason });
        }
        let room = if known {
            let of_known = counts.open.saturating_sub(counts.open_of_strangers);
            of_known < OPEN_OF_KNOWN && counts.open_of_one < MAX_OPEN_OF_ONE
        } else {
            counts.open_of_strangers < MAX_OPEN_OF_STRANGERS
                && counts.open_of_one < MAX_OPEN_OF_ONE_STRANGER
                && counts.of_strangers < MAX_STRANGERS
        };
        if room {
            return Ok(());
        }
        Err(SiteError::NotJudged { lift: brought.id, reason: Unjudged::TooMany })
    }

    /// Whether one that is known here was the first to ask about as many lifts lately as one may. There may be tens of thousands,
    /// so they are counted once in a while, and what comes meanwhile is added.
    async fn has_brought_many(
        &self,
        view: &mut View,
        agent: AgentId,
        (since, now): (Timestamp, Timestamp),
    ) -> Result<bool, SiteError> {
        let brings = &self.known.brings;
        let many = match brings.counted(agent, now) {
            Some(many) => many,
            None => {
                let many = view.cases_of_one(agent, since).await?;
                brings.count(agent, many, now);
                if many >= MAX_OF_ONE {
                    // Who asks is told nothing: an administrator may speak with its site's.
                    tracing::warn!(%agent, many, "brings too many lifts to be decided here");
                }
                many
            }
        };
        Ok(many >= MAX_OF_ONE)
    }

    /// Whether an agent is no stranger: this one, one that users here have dealings with, or an accepted referee.
    pub(super) async fn knows_asker(
        &self,
        view: &mut View,
        agent: AgentId,
    ) -> Result<bool, SiteError> {
        Ok(agent == self.agent || is_known(view, agent).await? || is_accepted(view, agent).await?)
    }
}

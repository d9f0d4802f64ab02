//! How rows are read. Whoever answers others asks through [`Site::query`], which applies the rights
//! of the caller; what is here is for code of the site's own.

use std::collections::{BTreeMap, BTreeSet};

use protocol::half::HalfTally;
use protocol::ledger::{Head, Ledger, Link, Waiting};
use protocol::negotiation::Draft;
use protocol::{
    AgentId, Cert, Cuid, Hash, LiftId, Moved, PublicKey, Side, Sides, Tally, TallyId, Timestamp,
    Units, chit,
};
use serde::{Deserialize, Serialize};
use store::{Half, HalfFilter, LinkRow, Totals, User, View};

use crate::between::{AllClaimed, Claimed, Whose, claimed_of};
use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::found::Seen;
use crate::half::{ledger, one, states};
use crate::history;
use crate::lift::Part;
use crate::moved::has_to_move;
use crate::query::administrator;
use crate::rekey::{self, KeyAsked, waited};

/// A tally as one of its users sees it, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Whose half it is.
    pub holder: Cuid,
    /// The tally.
    pub tally: TallyId,
    /// The holder's side.
    pub side: Side,
    /// Where it stands, one word.
    pub status: String,
    /// The partner, once it is known.
    pub partner: Option<Cert>,
    /// The balance in milli-CHIPs: positive when the partner owes.
    #[serde(rename = "balance")]
    pub balance_milli: i128,
    /// The wording that was written or offered last.
    pub draft: Draft,
    /// What both signed, once they have.
    pub signed: Option<Tally>,
    /// The offer on the table, and whose it is.
    #[serde(with = "crate::words::on_table")]
    pub offer: Option<(Tally, Side)>,
    /// How many chits it has.
    pub chits: u64,
    /// The last of them on its chain; none before the tally is open.
    pub head: Option<Head>,
    /// How many of them the partner is known to have.
    pub agreed: u64,
    /// How many invoices it has, those included that are over but have not expired.
    pub invoices: u64,
    /// The key that the holder signs chits with; none before the tally is open, and where the key
    /// was ended.
    pub key: Option<Signing>,
    /// What it waits for, where it was restored from a backup.
    pub waiting: Waiting,
    /// Whose key on an open tally was ended: it signs nothing until it has another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_ended: Vec<Side>,
    /// Requests for keys in the place of lost ones that are open: the partner may consent, whoever
    /// has the old key may object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_asked: Vec<KeyAsked>,
    /// The agents that speak for the two users, once the tally is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<Sides<AgentId>>,
    /// What the two users said about their agents, where those are not the ones in the signed tally; of each
    /// side oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    /// Whether the holder has yet to sign that this site's agent speaks for it: until then its partner's hears
    /// nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_move: bool,
    /// Lifts with other sites that are not decided and have set something aside here, or of which a user said that they
    /// have not any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promised: Vec<Promised>,
    /// Lifts that this site lost, and of which the holder is asked whether it gave by them ([`crate::Wish::Give`],
    /// [`crate::Wish::Deny`]), or said that it gave nothing, which it may take back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claimed: Vec<Claimed>,
    /// When it changed last.
    pub changed: Timestamp,
}

/// What a lift that is not decided has to do with a half of a tally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promised {
    /// The lift.
    pub lift: LiftId,
    /// What it would add to the holder's balance, where that is set aside: room that nothing else may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Units>,
    /// Who has signed that it is free though nothing is decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freed_by: Vec<Whose>,
}

/// The key that a holder's chits are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// The key.
    pub public: PublicKey,
    /// How chits name it; none where it is the one in the signed tally.
    pub name: Option<Hash>,
}

/// A chit of a tally's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place on the chain, and the chit.
    pub link: Link,
    /// Whether it does not count, as its user gave up the key that it is signed with.
    pub void: bool,
    /// Of a lift's chit: what the lift was for the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

impl Site {
    /// The users, by name, after one; for an administrator.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::Store`].
    pub async fn users(
        &self,
        caller: &Caller,
        after: Option<&Cuid>,
        limit: u32,
    ) -> Result<Vec<User>, SiteError> {
        administrator(caller)?;
        Ok(self.store.read().await?.users(after, limit).await?)
    }

    /// Counts and sums over the whole site; for an administrator.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::Store`].
    pub async fn totals(&self, caller: &Caller) -> Result<Totals, SiteError> {
        administrator(caller)?;
        Ok(self.store.read().await?.totals().await?)
    }

    /// The tallies that the caller may see, at most `limit` of them after one that was seen last.
    ///
    /// # Errors
    /// [`SiteError::State`], [`SiteError::Store`].
    pub async fn tallies(
        &self,
        caller: &Caller,
        after: Option<(&Cuid, TallyId)>,
        limit: u32,
    ) -> Result<Vec<Summary>, SiteError> {
        let holder = match caller {
            Caller::Administrator => None,
            Caller::User(cuid) | Caller::Former(cuid) => Some(cuid.clone()),
        };
        let after = after.map(|(holder, tally)| Seen { holder: holder.clone(), tally });
        let filter = HalfFilter { holder, ..HalfFilter::default() };
        self.filtered(&filter, after.as_ref(), limit).await
    }

    /// The tallies that a filter lets through, at most `limit` of them after one.
    pub(crate) async fn filtered(
        &self,
        filter: &HalfFilter,
        after: Option<&Seen>,
        limit: u32,
    ) -> Result<Vec<Summary>, SiteError> {
        let mut view = self.store.read().await?;
        let after = match after {
            None => None,
            Some(Seen { holder, tally }) => view.half_of(holder, tally).await?.map(|half| half.id),
        };
        let halves = view.halves(filter, after, limit).await?;
        let states = states(&mut view, &halves).await?;
        let claimed = AllClaimed::read(&mut view).await?;
        let mut found = Vec::with_capacity(halves.len());
        for (half, state) in halves.iter().zip(states) {
            let mut seen = summary(half, &state?, self.agent);
            seen.claimed = claimed.of(&half.holder, half.tally);
            found.push(waited(&mut view, seen).await?);
        }
        Ok(found)
    }

    /// One tally of a user.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::State`], [`SiteError::Store`].
    pub async fn tally(&self, holder: &Cuid, tally: TallyId) -> Result<Summary, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        let mut found = summary(&half, &one(&mut view, &half).await?, self.agent);
        found.claimed = claimed_of(&mut view, &half.holder, half.tally).await?;
        waited(&mut view, found).await
    }

    /// A page of a user's tally, newest chit first, of those before an index.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::Record`], [`SiteError::Store`].
    pub async fn history(
        &self,
        holder: &Cuid,
        tally: TallyId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        let rows = view.history(half.id, before, limit).await?;
        self.entries(&mut view, &half, &rows).await
    }

    /// The chits of a user's tally that are dated within a time, of those after an index, in the
    /// order of the chain; and the sum of those dated before it, in milli-CHIPs.
    ///
    /// # Errors
    /// As [`Site::history`].
    pub async fn period(
        &self,
        holder: &Cuid,
        tally: TallyId,
        dates: std::ops::Range<Timestamp>,
        after: u64,
        limit: u32,
    ) -> Result<(i128, Vec<Entry>), SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        let opening = view.balance_before(half.id, dates.start).await?;
        let rows = view.period(half.id, dates, after, limit).await?;
        Ok((opening, self.entries(&mut view, &half, &rows).await?))
    }

    /// Links as their holder sees them.
    async fn entries(
        &self,
        view: &mut View,
        half: &Half,
        rows: &[LinkRow],
    ) -> Result<Vec<Entry>, SiteError> {
        let ledger = ledger(half)?;
        let links: Vec<Link> = rows.iter().map(history::link).collect::<Result<_, _>>()?;
        let lift = |link: &Link| match link.chit.entry {
            chit::Entry::Lift { lift, .. } => Some(lift),
            _ => None,
        };
        let lifts: Vec<LiftId> = links.iter().filter_map(lift).collect();
        let parts = if lifts.is_empty() {
            BTreeMap::new()
        } else {
            self.parts(view, &Caller::User(half.holder.clone()), &lifts).await?
        };
        let entry = |link: Link| {
            let void = ledger.as_ref().is_some_and(|ledger| !ledger.counts(&link));
            let part = lift(&link).and_then(|lift| parts.get(&lift).cloned());
            Entry { link, void, part }
        };
        Ok(links.into_iter().map(entry).collect())
    }
}

fn promised(ledger: &Ledger) -> Vec<Promised> {
    let lifts = ledger.aside().map(|(lift, _)| lift).chain(ledger.freed().map(|(lift, _)| lift));
    let lifts: BTreeSet<&LiftId> = lifts.collect();
    let one = |lift: &LiftId| {
        let effect = ledger.aside_for(lift).map(|aside| {
            let units = aside.units.get();
            if aside.by == ledger.side() { units.negated() } else { units }
        });
        let freed_by = Whose::of(ledger.side(), ledger.freed_by(lift).into_iter());
        Promised { lift: *lift, effect, freed_by }
    };
    lifts.into_iter().map(one).collect()
}

fn summary(half: &Half, state: &HalfTally, agent: AgentId) -> Summary {
    let ledger = state.ledger.as_ref();
    let status = state.status().to_owned();
    let (chits, agreed) = ledger.map_or((0, 0), |l| (l.head().index, l.agreed()));
    let negotiation = &state.negotiation;
    Summary {
        holder: half.holder.clone(),
        tally: half.tally,
        side: half.side,
        status,
        partner: negotiation.partner().cloned(),
        balance_milli: half.row.balance,
        draft: negotiation.draft().clone(),
        signed: negotiation.signed().cloned(),
        offer: state.offer().map(|(tally, side)| (tally.clone(), side)),
        chits,
        head: ledger.map(Ledger::head),
        agreed,
        invoices: half.invoices,
        key: ledger.and_then(|l| {
            Some(Signing { public: *l.key(half.side)?, name: l.key_name(half.side) })
        }),
        key_ended: ledger.map(rekey::ended).unwrap_or_default(),
        key_asked: ledger.map(rekey::asked).unwrap_or_default(),
        waiting: state.waiting(),
        agents: ledger.and_then(|_| {
            let (stock, foil) = (state.agent(Side::Stock)?, state.agent(Side::Foil)?);
            Some(Sides { stock, foil })
        }),
        moved: match ledger {
            Some(ledger) => Side::BOTH.map(|side| ledger.all_moved(side)).concat(),
            None => Side::BOTH.into_iter().filter_map(|side| state.moved(side).copied()).collect(),
        },
        to_move: has_to_move(state, agent),
        promised: ledger.map(promised).unwrap_or_default(),
        claimed: Vec::new(),
        changed: half.row.changed,
    }
}

//! What a caller may see: a user its own rows, an administrator all of them.

use protocol::half::HalfTally;
use protocol::ledger::Link;
use protocol::negotiation::Draft;
use protocol::{Cert, Cuid, Side, Tally, TallyId, Timestamp};
use store::{Half, HalfFilter, Totals, User};

use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::{one, states};
use crate::history;

/// A tally as one of its users sees it, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub balance_milli: i128,
    /// The wording that was written or offered last.
    pub draft: Draft,
    /// What both signed, once they have.
    pub signed: Option<Tally>,
    /// The offer on the table, and whose it is.
    pub offer: Option<(Tally, Side)>,
    /// How many chits it has.
    pub chits: u64,
    /// How many of them the partner is known to have.
    pub agreed: u64,
    /// When it changed last.
    pub changed: Timestamp,
}

/// A chit of a tally's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place on the chain, and the chit.
    pub link: Link,
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
        let mut view = self.store.read().await?;
        let holder = match caller {
            Caller::Administrator => None,
            Caller::User(cuid) => Some(cuid.clone()),
        };
        let after = match after {
            None => None,
            Some((holder, tally)) => view.half_of(holder, &tally).await?.map(|half| half.id),
        };
        let filter = HalfFilter { holder, ..HalfFilter::default() };
        let halves = view.halves(&filter, after, limit).await?;
        let states = states(&mut view, &halves).await?;
        halves.iter().zip(states).map(|(half, state)| Ok(summary(half, &state?))).collect()
    }

    /// One tally of a user.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::State`], [`SiteError::Store`].
    pub async fn tally(&self, holder: &Cuid, tally: TallyId) -> Result<Summary, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        Ok(summary(&half, &one(&mut view, &half).await?))
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
        rows.iter().map(|row| Ok(Entry { link: history::link(row)? })).collect()
    }
}

fn administrator(caller: &Caller) -> Result<(), SiteError> {
    match caller {
        Caller::Administrator => Ok(()),
        Caller::User(_) => Err(SiteError::NotAllowed { who: "an administrator" }),
    }
}

fn summary(half: &Half, state: &HalfTally) -> Summary {
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
        offer: negotiation.offer().map(|(tally, side)| (tally.clone(), side)),
        chits,
        agreed,
        changed: half.row.changed,
    }
}

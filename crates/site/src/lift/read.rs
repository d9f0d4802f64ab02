//! What may be seen of lifts: an administrator sees all, a user those that touched its tallies, and of
//! them its own legs.

use protocol::lift::Certificate;
use protocol::record::Record;
use protocol::{Cuid, Lift, LiftId, TallyId, Timestamp, Units};
use serde::{Deserialize, Serialize};
use store::LegSum;

use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;

/// A lift in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftLine {
    /// Its name.
    pub lift: LiftId,
    /// What it is for: `clearing` or `payment`.
    pub mode: String,
    /// Where it stands: `commit` or `void`, once it is decided.
    pub status: String,
    /// When it was proposed.
    pub date: Timestamp,
    /// How many legs are kept; of a tally whose halves both are here, two.
    pub legs: u64,
    /// What moved, over all its tallies here, in milli-CHIPs, as text: of a clearing, what debts
    /// shrank by.
    #[serde(with = "crate::words::sum")]
    pub moved: i128,
}

/// A leg, as the holder of one half sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegLine {
    /// The half's number here: what the next page is asked for with.
    pub half: i64,
    /// Whose half.
    pub holder: Cuid,
    /// The partner's short address.
    pub partner: Option<String>,
    /// The tally.
    pub tally: TallyId,
    /// What it added to the holder's balance.
    pub effect: Units,
}

/// A lift with the proof of its decision, and a page of its legs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftFound {
    /// In one line.
    pub line: LiftLine,
    /// Its record.
    pub record: Lift,
    /// The decision; none before there is one.
    pub certificate: Option<Certificate>,
    /// Legs that the caller may see, by half.
    pub legs: Vec<LegLine>,
}

impl Site {
    pub(crate) async fn lifts(
        &self,
        caller: &Caller,
        before: Option<LiftId>,
        limit: u32,
    ) -> Result<Vec<LiftLine>, SiteError> {
        let mut view = self.store.read().await?;
        let before = match before {
            None => None,
            Some(id) => {
                let lift = view.lift(&id).await?.ok_or(SiteError::NoLift(id))?;
                Some((lift.date, id))
            }
        };
        let lifts = match caller {
            Caller::Administrator => view.lifts(before, limit).await?,
            Caller::User(cuid) | Caller::Former(cuid) => view.lifts_of(cuid, before, limit).await?,
        };
        let ids: Vec<LiftId> = lifts.iter().map(|lift| lift.id).collect();
        let sums = view.leg_sums(&ids).await?;
        let sum = |id| sums.iter().find(|sum| sum.lift == id);
        Ok(lifts.iter().map(|lift| line(lift, sum(lift.id))).collect())
    }

    pub(crate) async fn lift(
        &self,
        caller: &Caller,
        id: LiftId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<LiftFound, SiteError> {
        let mut view = self.store.read().await?;
        let kept = view.lift(&id).await?.ok_or(SiteError::NoLift(id))?;
        let rows = view.legs_at(&id).await?;
        let own = rows.iter().filter(|row| match caller {
            Caller::Administrator => true,
            Caller::User(cuid) | Caller::Former(cuid) => row.holder == *cuid,
        });
        let own: Vec<_> = own.collect();
        // A lift that did not touch the caller is not the caller's to know of.
        if own.is_empty() && *caller != Caller::Administrator {
            return Err(SiteError::NoLift(id));
        }
        let later =
            own.into_iter().filter(|row| after.is_none_or(|after| row.leg.half.get() > after));
        let later = later.take(usize::try_from(limit).unwrap_or(usize::MAX));
        let legs = later.map(|row| LegLine {
            half: row.leg.half.get(),
            holder: row.holder.clone(),
            partner: row.partner.clone(),
            tally: row.tally,
            effect: row.leg.effect,
        });
        let certificate = kept.certificate.as_deref();
        let certificate = certificate.map(|text| Certificate::read(text.as_bytes())).transpose()?;
        let sums = view.leg_sums(&[id]).await?;
        Ok(LiftFound {
            line: line(&kept, sums.first()),
            record: Lift::read(kept.record.as_bytes())?,
            certificate,
            legs: legs.collect(),
        })
    }
}

fn line(lift: &store::Lift, sum: Option<&LegSum>) -> LiftLine {
    LiftLine {
        lift: lift.id,
        mode: lift.kind.clone(),
        status: lift.status.clone(),
        date: lift.date,
        legs: sum.map_or(0, |sum| sum.legs),
        moved: sum.map_or(0, |sum| sum.raised),
    }
}

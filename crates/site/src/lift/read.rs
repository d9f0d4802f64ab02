//! What may be seen of lifts: an administrator sees all, a user those that touched its tallies, and of
//! them its own legs.

use std::collections::BTreeSet;

use protocol::lift::{Authorisation, Certificate};
use protocol::record::Record;
use protocol::{Cuid, Lift, LiftId, TallyId, Timestamp, Units};
use serde::{Deserialize, Serialize};
use store::{LegAt, LegSum, View};

use super::by::AllowedBy;
use super::part::Part;
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
    /// How many legs are kept; of a tally whose halves both are here, two. Of a payment a user knows
    /// its own only.
    pub legs: u64,
    /// On how many tallies they are.
    pub tallies: u64,
    /// What moved, over all its tallies here, in milli-CHIPs, as text: of a clearing, what debts
    /// shrank by; of a payment, for a user, what came in to its own tallies or else left them, and for an administrator
    /// the same of all tallies here where other sites take part.
    #[serde(with = "crate::words::sum")]
    pub moved: i128,
    /// What it was for whoever looks.
    pub part: Part,
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
    /// By what it was allowed.
    pub allowed_by: AllowedBy,
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
    /// What the payer signed; only for itself.
    pub authorisation: Option<Authorisation>,
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
        self.lines(&mut view, caller, &lifts).await
    }

    /// Lifts in one line each, as a caller may see them.
    async fn lines(
        &self,
        view: &mut View,
        caller: &Caller,
        lifts: &[store::Lift],
    ) -> Result<Vec<LiftLine>, SiteError> {
        let ids: Vec<LiftId> = lifts.iter().map(|lift| lift.id).collect();
        let parts = self.parts(view, caller, &ids).await?;
        let sums = view.leg_sums(&ids).await?;
        let mut lines = Vec::with_capacity(lifts.len());
        for lift in lifts {
            let part = parts.get(&lift.id).cloned().unwrap_or(Part::Cleared);
            let (sum, tallies) = match caller {
                // How far a payment went, and over what, is not for those on its way.
                Caller::User(user) if part != Part::Cleared => {
                    own_sum(lift.id, &view.legs_of_holder(user, &[lift.id]).await?)
                }
                // Of some tallies one half is elsewhere.
                Caller::User(_) | Caller::Former(_) | Caller::Administrator
                    if is_between_sites(lift)? =>
                {
                    own_sum(lift.id, &view.legs_at(&lift.id).await?)
                }
                _ => {
                    let sum = sums.iter().find(|sum| sum.lift == lift.id).copied();
                    let sum = sum.unwrap_or(LegSum { lift: lift.id, legs: 0, raised: 0 });
                    (sum, sum.legs.div_ceil(2))
                }
            };
            lines.push(line(lift, sum, tallies, part));
        }
        Ok(lines)
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
        let later: Vec<&LegAt> = later.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
        let certificate = kept.certificate.as_deref();
        let certificate = certificate.map(|text| Certificate::read(text.as_bytes())).transpose()?;
        let lines = self.lines(&mut view, caller, std::slice::from_ref(&kept)).await?;
        let line = lines.into_iter().next().ok_or(SiteError::NoLift(id))?;
        let authorisation = match &line.part {
            Part::Paid(_) => view.payments_by_lift(&[id]).await?.into_iter().next(),
            Part::Cleared | Part::Received(_) | Part::PassedOn { .. } => None,
        };
        let authorisation =
            authorisation.map(|kept| Authorisation::read(kept.authorisation.as_bytes()));
        let (record, authorisation) =
            (Lift::read(kept.record.as_bytes())?, authorisation.transpose()?);
        let allowed_by = self.allowed_by(&mut view, id, &later, authorisation.as_ref()).await?;
        let legs = later.into_iter().zip(allowed_by).map(|(row, allowed_by)| LegLine {
            half: row.leg.half.get(),
            holder: row.holder.clone(),
            partner: row.partner.clone(),
            tally: row.tally,
            effect: row.leg.effect,
            allowed_by,
        });
        let legs = legs.collect();
        Ok(LiftFound { line, record, certificate, authorisation, legs })
    }
}

/// Whether other sites take part in a lift.
fn is_between_sites(lift: &store::Lift) -> Result<bool, SiteError> {
    Ok(!Lift::read(lift.record.as_bytes())?.participants.is_empty())
}

/// What the legs of one user come to, or all here, and on how many tallies they are.
fn own_sum(lift: LiftId, legs: &[LegAt]) -> (LegSum, u64) {
    let sum = |sign: i64| -> i128 {
        legs.iter().map(|leg| i128::from((leg.leg.effect.milli() * sign).max(0))).sum()
    };
    let raised = if sum(1) > 0 { sum(1) } else { sum(-1) };
    let tallies: BTreeSet<TallyId> = legs.iter().map(|leg| leg.tally).collect();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    (LegSum { lift, legs: number(legs.len()), raised }, number(tallies.len()))
}

fn line(lift: &store::Lift, sum: LegSum, tallies: u64, part: Part) -> LiftLine {
    LiftLine {
        lift: lift.id,
        mode: lift.kind.clone(),
        status: lift.status.clone(),
        date: lift.date,
        legs: sum.legs,
        tallies,
        moved: sum.raised,
        part,
    }
}

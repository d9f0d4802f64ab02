//! Lifts by which, a partner's site says, a user here gave, and which this site has lost. What it said itself then, as an
//! agent of before, counts only as far as that agent did (`lost.rs`). Of all others the user is told, and says whether it
//! gives: nobody else can know, and until then its half waits for them.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ledger::Input as LedgerInput;
use protocol::lift::{Leg, Outcome};
use protocol::participant::Word;
use protocol::{Cuid, LiftId, Side, TallyId, Units};
use serde::{Deserialize, Serialize};
use store::View;

use super::lost::is_said;
use crate::batch::{Held, Work};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;
use crate::post::Input;

/// Of how many such lifts a user is told on one tally, and to how many it may say that it gives, until those are there.
pub const MAX_CLAIMS: usize = 16;

/// What is kept of them for one half.
#[derive(Default, Serialize, Deserialize)]
struct Claims {
    /// Of which the user was told.
    told: BTreeSet<LiftId>,
    /// To which it said that it gives so much.
    gives: BTreeMap<LiftId, Units>,
}

/// A half: whose, and of which tally.
type Of<'a> = (&'a Cuid, TallyId);

fn setting((holder, tally): Of<'_>) -> String {
    format!("claims:{tally}:{holder}")
}

async fn claims(view: &mut View, of: Of<'_>) -> Result<Claims, SiteError> {
    let Some(text) = view.setting(&setting(of)).await? else { return Ok(Claims::default()) };
    Ok(protocol::json::parse(text.as_bytes())?.read()?)
}

async fn keep(work: &mut Work, of: Of<'_>, claims: &Claims) -> Result<(), SiteError> {
    let text = match claims.told.is_empty() && claims.gives.is_empty() {
        true => None,
        false => Some(protocol::CanonicalText::of(&protocol::Json::of(claims)?)?.to_string()),
    };
    Ok(work.tx().set(&setting(of), text.as_deref()).await?)
}

/// Whether the user has said that it gives so much by this lift.
pub(super) async fn gives(
    view: &mut View,
    of: Of<'_>,
    (lift, leg): (LiftId, &Leg),
) -> Result<bool, SiteError> {
    Ok(claims(view, of).await?.gives.get(&lift) == Some(&leg.units.get()))
}

/// It is known here now: nothing is left to say about it.
pub(super) async fn is_there(work: &mut Work, of: Of<'_>, lift: LiftId) -> Result<(), SiteError> {
    let mut all = claims(work.view(), of).await?;
    if all.told.remove(&lift) | all.gives.remove(&lift).is_some() {
        keep(work, of, &all).await?;
    }
    Ok(())
}

impl Site {
    /// A neighbour's word, which holds, on a lift that is valid and not taken: where its holder gives by what this site said
    /// as an agent of before, it is told, once.
    pub(super) async fn claimed(
        &self,
        work: &mut Work,
        (of, side): (Of<'_>, Side),
        word: &Word,
    ) -> Result<(), SiteError> {
        let (leg, lift) = (word.conditional.leg, word.lift.id()?);
        let shown = word.certificate.as_ref().map(|shown| shown.outcome);
        let agents: Vec<_> = self.agents_here().collect();
        let on = (&leg, word.conditional.users);
        if shown != Some(Outcome::Commit)
            || (leg.tally, leg.by) != (of.1, side)
            || word.conditional.side == side
            || !is_said(word.given, on, lift, &agents)
        {
            return Ok(());
        }
        let mut all = claims(work.view(), of).await?;
        if all.told.len() >= MAX_CLAIMS || !all.told.insert(lift) {
            return Ok(());
        }
        let said = serde_json::json!({
            "tally": of.1.to_string(),
            "lift": lift.to_string(),
            "units": leg.units.get().milli(),
            "deadline": word.lift.deadline.to_string(),
        });
        let event = self.event(of.0, "lift_claimed", said.to_string());
        work.tx().tell([event]);
        keep(work, of, &all).await
    }

    /// The holder says that it gives so much by a lift which its partner's site knows and this one lost: the partner is
    /// asked for it.
    ///
    /// # Errors
    /// [`SiteError::TooManyClaims`].
    pub(crate) async fn give(
        &self,
        work: &mut Work,
        held: &mut Held,
        (lift, units): (LiftId, Units),
    ) -> Result<(), SiteError> {
        held.state.open()?;
        let (holder, tally) = (held.half.holder.clone(), held.half.tally);
        let mut all = claims(work.view(), (&holder, tally)).await?;
        if !all.gives.contains_key(&lift) && all.gives.len() >= MAX_CLAIMS {
            return Err(SiteError::TooManyClaims { tally });
        }
        all.gives.insert(lift, units);
        keep(work, (&holder, tally), &all).await?;
        self.take(work, held, Input::Ledger(LedgerInput::Compare)).await
    }
}

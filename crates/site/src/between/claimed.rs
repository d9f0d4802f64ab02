//! Lifts by which, their partners say, users here gave, and which this site has lost. What it said itself then, as an agent
//! of before, counts for nothing: others may have its key. So the user is asked whether it gave: nobody else can know, and
//! until then its half waits.

use std::collections::BTreeMap;

use protocol::export::LiftProof;
use protocol::lift::{Leg, Outcome, Tree};
use protocol::participant::Word;
use protocol::{Cuid, LiftId, TallyId, Timestamp, Units};
use serde::{Deserialize, Serialize};
use store::View;

use super::brought::said_in;
use crate::batch::{Batch, Held, Work};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;

/// Of how many such lifts a user is asked at once on one tally, and how many of those that it gave nothing by are remembered.
pub const MAX_CLAIMS: usize = 32;

/// How many bytes of them are kept for one half, about; a setting takes some more.
const MOST_BYTES: usize = 200 * 1024;

/// What the name of a setting begins with that keeps them for one half.
const CLAIMS: &str = "claims:";

/// What is kept of them for one half.
#[derive(Default, Serialize, Deserialize)]
struct Claims {
    /// Of which the user is asked, with what proves them but for whose word it is.
    asked: BTreeMap<LiftId, LiftProof>,
    /// Those by which it says that it gave nothing, oldest first: whoever was wrong may still say that it gave.
    denied: Vec<Denied>,
}

/// A lift by which a user says that it gave nothing.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Denied {
    /// With what proves it.
    Whole(LiftId, Box<LiftProof>),
    /// As programs kept it until November 2026, or where there was no room for more.
    Named(LiftId),
}

impl Denied {
    const fn lift(&self) -> &LiftId {
        match self {
            Self::Whole(lift, _) | Self::Named(lift) => lift,
        }
    }
}

/// What a user is asked: whether it gave so much by a lift that its site has lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// The lift.
    pub lift: LiftId,
    /// How much.
    pub units: Units,
    /// Until when it could be decided.
    pub deadline: Timestamp,
    /// Whether the user has said that it gave nothing by it.
    pub denied: bool,
}

impl Claimed {
    fn of(lift: LiftId, proof: &LiftProof, denied: bool) -> Self {
        let (units, deadline) = (proof.leg.units.get(), proof.record.deadline);
        Self { lift, units, deadline, denied }
    }
}

/// A half: whose, and of which tally.
type Of<'a> = (&'a Cuid, TallyId);

fn setting((holder, tally): Of<'_>) -> String {
    format!("{CLAIMS}{tally}:{holder}")
}

fn read(text: &str) -> Result<Claims, SiteError> {
    Ok(protocol::json::parse(text.as_bytes())?.read()?)
}

async fn claims(view: &mut View, of: Of<'_>) -> Result<Claims, SiteError> {
    let text = view.setting(&setting(of)).await?;
    text.map_or_else(|| Ok(Claims::default()), |text| read(&text))
}

async fn keep(work: &mut Work, of: Of<'_>, claims: &mut Claims) -> Result<(), SiteError> {
    let text = claims.text()?;
    Ok(work.tx().set(&setting(of), text.as_deref()).await?)
}

/// What all holders of halves are asked: few settings are claims, and few halves have any.
pub(crate) struct AllClaimed(BTreeMap<String, Claims>);

impl AllClaimed {
    /// Reads them.
    ///
    /// # Errors
    /// [`SiteError::Store`]; [`SiteError::Json`] where a setting was written by other hands.
    pub(crate) async fn read(view: &mut View) -> Result<Self, SiteError> {
        let settings = view.settings().await?;
        let of_claims = settings.into_iter().filter(|(key, _)| key.starts_with(CLAIMS));
        let read = of_claims.map(|(key, text)| Ok((key, read(&text)?)));
        Ok(Self(read.collect::<Result<_, SiteError>>()?))
    }

    /// What the holder of a half is asked.
    pub(crate) fn of(&self, holder: &Cuid, tally: TallyId) -> Vec<Claimed> {
        self.0.get(&setting((holder, tally))).map_or_else(Vec::new, Claims::shown)
    }
}

impl Claims {
    /// What the holder sees of them: first what it is asked.
    fn shown(&self) -> Vec<Claimed> {
        let asked = self.asked.iter().map(|(lift, proof)| Claimed::of(*lift, proof, false));
        let denied = self.denied.iter().filter_map(|denied| match denied {
            Denied::Whole(lift, proof) => Some(Claimed::of(*lift, proof, true)),
            Denied::Named(_) => None,
        });
        asked.chain(denied).collect()
    }

    fn is_denied(&self, lift: &LiftId) -> bool {
        self.denied.iter().any(|denied| denied.lift() == lift)
    }

    /// The lift with this leg, asked about or denied, which is so no more.
    fn take(&mut self, lift: LiftId, is_it: impl Fn(&Leg) -> bool) -> Option<LiftProof> {
        if self.asked.get(&lift).is_some_and(|proof| is_it(&proof.leg)) {
            return self.asked.remove(&lift);
        }
        let is_its = |denied: &Denied| match denied {
            Denied::Whole(id, proof) => *id == lift && is_it(&proof.leg),
            Denied::Named(_) => false,
        };
        let place = self.denied.iter().position(is_its)?;
        match self.denied.remove(place) {
            Denied::Whole(_, proof) => Some(*proof),
            Denied::Named(_) => None,
        }
    }

    /// As it is kept; none where that is nothing. What was denied keeps its proof as long as there is room: others are asked
    /// about first.
    fn text(&mut self) -> Result<Option<String>, SiteError> {
        if self.asked.is_empty() && self.denied.is_empty() {
            return Ok(None);
        }
        loop {
            let text =
                protocol::Json::of(&*self).and_then(|json| protocol::CanonicalText::of(&json));
            if let Ok(text) = &text
                && text.to_string().len() <= MOST_BYTES
            {
                return Ok(Some(text.to_string()));
            }
            let whole = self.denied.iter_mut().find(|one| matches!(one, Denied::Whole(..)));
            match whole {
                Some(one) => *one = Denied::Named(*one.lift()),
                None => return Ok(Some(text?.to_string())),
            }
        }
    }
}

/// What the holder of one half is asked.
///
/// # Errors
/// As [`AllClaimed::read`].
pub(crate) async fn claimed_of(
    view: &mut View,
    holder: &Cuid,
    tally: TallyId,
) -> Result<Vec<Claimed>, SiteError> {
    Ok(claims(view, (holder, tally)).await?.shown())
}

/// The leg is here now: nothing is left to ask.
pub(super) async fn is_there(
    work: &mut Work,
    of: Of<'_>,
    (lift, leg): (LiftId, &Leg),
) -> Result<(), SiteError> {
    let mut all = claims(work.view(), of).await?;
    if all.take(lift, |asked| asked == leg).is_some() {
        keep(work, of, &mut all).await?;
    }
    Ok(())
}

impl Site {
    /// The giver of a leg is asked, once, whether it gave by it: all that the proof says holds, but that its site said so as an
    /// agent that it is no more.
    pub(super) async fn asks_the_giver(
        &self,
        work: &mut Work,
        of: Of<'_>,
        proof: LiftProof,
    ) -> Result<(), SiteError> {
        let (lift, units) = (proof.record.id()?, proof.leg.units.get());
        let mut all = claims(work.view(), of).await?;
        let known = all.asked.contains_key(&lift) || all.is_denied(&lift);
        if known || all.asked.len() >= MAX_CLAIMS {
            return Ok(());
        }
        let said = serde_json::json!({
            "tally": of.1.to_string(),
            "lift": lift.to_string(),
            "units": units.milli(),
            "deadline": proof.record.deadline.to_string(),
        });
        let event = self.event(of.0, "lift_claimed", said.to_string());
        work.tx().tell([event]);
        all.asked.insert(lift, proof);
        keep(work, of, &mut all).await
    }

    /// A neighbour's word, which holds, on a lift that is valid and was not taken: where the holder gives by what this site said
    /// as an agent of before, it is asked.
    pub(super) async fn hear_claim(
        &self,
        work: &mut Work,
        held: &Held,
        word: Word,
    ) -> Result<(), SiteError> {
        let (half, leg) = (&held.half, word.conditional.leg);
        let (Some(certificate), Some(giver)) = (word.certificate, word.given) else {
            return Ok(());
        };
        if certificate.outcome != Outcome::Commit || (leg.tally, leg.by) != (half.tally, half.side)
        {
            return Ok(());
        }
        let tree = Tree::new(word.branches.to_vec())?;
        let Some(place) = tree.place(&leg.leaf(word.lift.salt())?) else { return Ok(()) };
        let proof = LiftProof {
            record: word.lift,
            certificate,
            leg,
            way: tree.way(place),
            giver: Some(giver),
            branches: word.branches,
        };
        let users = held.state.open()?.users();
        if said_in(&proof, (half.tally, users), self.former_agents()).is_err() {
            return Ok(());
        }
        self.asks_the_giver(work, (&half.holder, half.tally), proof).await
    }

    /// The holder says that it gave by a lift of which it is asked, so much: it is taken as if its site had said so now. It may
    /// have denied that before.
    ///
    /// # Errors
    /// [`SiteError::NotClaimed`]; as [`Site::bring_lift`].
    pub(crate) async fn give(
        &self,
        batch: &mut Batch,
        of: Of<'_>,
        (lift, units): (LiftId, Units),
    ) -> Result<(), SiteError> {
        let (_, work) = batch.hold(of.0, of.1).await?;
        let mut all = claims(work.view(), of).await?;
        let proof = all.take(lift, |leg| leg.units.get() == units);
        let proof = proof.ok_or(SiteError::NotClaimed { lift, tally: of.1 })?;
        keep(work, of, &mut all).await?;
        self.take_proof(batch, of, proof, self.former_agents()).await
    }

    /// The holder says that it gave nothing by a lift of which it is asked.
    ///
    /// # Errors
    /// [`SiteError::NotClaimed`].
    pub(crate) async fn deny(
        &self,
        work: &mut Work,
        held: &Held,
        lift: LiftId,
    ) -> Result<(), SiteError> {
        let of = (&held.half.holder, held.half.tally);
        let mut all = claims(work.view(), of).await?;
        let proof = all.asked.remove(&lift);
        let proof = proof.ok_or(SiteError::NotClaimed { lift, tally: of.1 })?;
        all.denied.push(Denied::Whole(lift, Box::new(proof)));
        let more = all.denied.len().saturating_sub(MAX_CLAIMS);
        all.denied.drain(..more);
        keep(work, of, &mut all).await
    }
}

//! What may be seen of lifts between sites before they are done: an administrator sees all that this site takes part in, a
//! user those that wait on its own tallies, and of them its own legs.

use protocol::lift::Outcome;
use protocol::{AgentId, ChipAddress, Cuid, LiftId, PaymentId, Side, TallyId, Timestamp, Units};
use serde::{Deserialize, Serialize};

use super::making::Attempt;
use super::part::Part;
use super::why::WhyVoid;
use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;

/// How many parts are read at once.
const AT_ONCE: u32 = 256;

/// How far a lift has come at this site, or a payment for which there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Of a payment that somebody waits for: a way is looked for.
    Searching,
    /// Of such a payment: a way was found, and the sites on it are asked to lay it out.
    LayingOut,
    /// Of such a payment: an attempt came to nothing, and the next begins in a moment.
    Resting,
    /// This site has promised nothing: something that comes first is missing.
    Begun,
    /// Promised and not decided, and by signatures of users on both sides of each tally nothing is locked here.
    Freed,
    /// Promised, and what it moves is locked until it is decided.
    Promised,
    /// Somebody refuses: it will be void, and what was promised waits for the certificate.
    Refused,
    /// Decided, and not all that follows is done here.
    Decided,
}

/// What an open lift does to one tally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenLeg {
    /// Whose half, and where nothing is promised yet nobody's.
    pub holder: Option<Cuid>,
    /// The tally.
    pub tally: TallyId,
    /// What it would add to the holder's balance; where there is no holder, what would move.
    pub effect: Units,
    /// Who has signed that it is free though nothing is decided; both: nothing is locked by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freed_by: Vec<Whose>,
}

/// One of the two users of a tally, as seen by the holder of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The holder itself.
    Holder,
    /// Its partner.
    Partner,
}

impl Whose {
    /// These sides, as the holder on a side sees them; the holder first.
    pub(crate) fn of(holder: Side, sides: impl Iterator<Item = Side>) -> Vec<Self> {
        let whose = |side| if side == holder { Self::Holder } else { Self::Partner };
        let mut all: Vec<_> = sides.map(whose).collect();
        all.sort_unstable();
        all
    }
}

/// A lift between sites that is not done here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenLift {
    /// Its name.
    pub lift: LiftId,
    /// What it is for: `clearing` or `payment`.
    pub mode: String,
    /// How far it has come.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// When it was proposed.
    pub date: Timestamp,
    /// From when on its referees decide it void if nothing else was decided.
    pub deadline: Timestamp,
    /// Who decides it.
    pub referees: Vec<AgentId>,
    /// Those of them of which nothing was heard, while what it moves is promised here; one that decides says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<AgentId>,
    /// Those of these that could not be reached last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreached: Vec<AgentId>,
    /// Why it will be void, or is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<WhyVoid>,
    /// The payment's name, payer and payee, where whoever looks is the payer or an administrator of its site.
    pub payment: Option<PaymentId>,
    /// See `payment`.
    pub payer: Option<Cuid>,
    /// See `payment`.
    pub payee: Option<ChipAddress>,
    /// Which attempt at the payment it is; see `payment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// What the payee is to get; see `payment`.
    pub units: Option<Units>,
    /// What it would do here.
    pub legs: Vec<OpenLeg>,
}

impl Site {
    /// Lifts between sites that are not done here, the oldest first, at most so many.
    pub(crate) async fn open_lifts(
        &self,
        caller: &Caller,
        limit: u32,
    ) -> Result<Vec<OpenLift>, SiteError> {
        let (mut found, mut after): (Vec<OpenLift>, _) = (Vec::new(), None);
        let mut view = self.store.read().await?;
        loop {
            let page = view.open_parts(after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.lift, last.key));
            for row in &page {
                // What cannot be read, doctor tells.
                let Ok(part) = self.known.part(row) else { continue };
                let Some(open) = self.seen(&part, row.changed, caller) else { continue };
                match found.last_mut().filter(|before| before.lift == open.lift) {
                    // Several parts of this site's are one lift.
                    Some(before) => {
                        before.phase = before.phase.max(open.phase);
                        before.since = before.since.max(open.since);
                        before.why = before.why.or(open.why);
                        before.legs.extend(open.legs);
                    }
                    None => found.push(open),
                }
            }
        }
        found.sort_by_key(|open| (open.date, open.lift));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// What a caller may see of a part; none where that is nothing.
    fn seen(&self, part: &Part, since: Timestamp, caller: &Caller) -> Option<OpenLift> {
        let user = match caller {
            Caller::Administrator => None,
            Caller::User(user) | Caller::Former(user) => Some(user),
        };
        let signed = part.more.authorisation.as_deref().filter(|signed| {
            let is_payers = part.more.proposed && self.is_ours(&signed.payer.agent);
            is_payers && user.is_none_or(|user| *user == signed.payer.cuid)
        });
        let legs = legs(part, user);
        if user.is_some() && legs.is_empty() && signed.is_none() {
            return None;
        }
        let lift = part.participant.part().lift();
        let unanswered = if part.participant.is_locked() && part.outcome().is_none() {
            lift.referees.to_vec()
        } else {
            Vec::new()
        };
        Some(OpenLift {
            lift: part.lift(),
            mode: lift.mode.word().to_owned(),
            phase: phase(part),
            since,
            date: lift.date,
            deadline: lift.deadline,
            referees: lift.referees.to_vec(),
            unreached: self.known.errands.unreached(&unanswered),
            unanswered,
            why: why(part),
            payment: signed.map(|signed| signed.uuid),
            payer: signed.map(|signed| signed.payer.cuid.clone()),
            attempt: signed.and(part.more.attempt),
            payee: signed.map(|signed| signed.payee.clone()),
            units: signed.map(|signed| signed.units.get()),
            legs,
        })
    }
}

fn phase(part: &Part) -> Phase {
    if part.outcome().is_some() {
        Phase::Decided
    } else if part.participant.is_refused() {
        Phase::Refused
    } else if part.participant.is_locked() && part.locking().next().is_none() {
        Phase::Freed
    } else if part.participant.is_locked() {
        Phase::Promised
    } else {
        Phase::Begun
    }
}

/// Why a lift will be void, or is, as far as is known here.
fn why(part: &Part) -> Option<WhyVoid> {
    match part.participant.decided() {
        Some(decided) if decided.outcome() == Outcome::Void => {
            Some(WhyVoid::of(decided.certificate()))
        }
        Some(_) => None,
        None => part.participant.refusal().map(|refused| refused.reason.into()),
    }
}

/// What a part does to the halves here, or to those of one user.
fn legs(part: &Part, user: Option<&Cuid>) -> Vec<OpenLeg> {
    let mut legs = Vec::new();
    for leg in part.more.path.iter() {
        let (tally, units) = (leg.tally, leg.units.get());
        match part.more.halves.get(&tally) {
            Some(halves) => {
                for (holder, side) in halves {
                    let effect = if *side == leg.by { units.negated() } else { units };
                    if user.is_none_or(|user| user == holder) {
                        let freed_by = part.more.freed_by(&tally, *side);
                        let holder = Some(holder.clone());
                        legs.push(OpenLeg { holder, tally, effect, freed_by });
                    }
                }
            }
            None if user.is_none() => {
                legs.push(OpenLeg { holder: None, tally, effect: units, freed_by: Vec::new() });
            }
            None => {}
        }
    }
    legs
}

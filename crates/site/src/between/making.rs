//! Payments to users of other sites that are being made: how far each has come, in which attempt, why the one before came
//! to nothing, and who has yet to decide. What is told here is for whoever waits; nothing follows from it.

use std::collections::BTreeMap;

use protocol::lift::Authorisation;
use protocol::{AgentId, ChipAddress, Cuid, LiftId, PaymentId, Timestamp, Units};
use serde::{Deserialize, Serialize};

use super::quote::divided;
use super::{OpenLift, Phase, UnderWay, WhyVoid, lock};
use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::query::MAX_ROWS;
use crate::seek::Planned;

/// Which attempt at a payment a lift is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// From 1, since the payment was asked for last.
    pub number: u32,
    /// Why the one before came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<WhyVoid>,
}

/// A payment to a user of another site that is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Making {
    /// Who pays.
    pub payer: Cuid,
    /// Its name.
    pub payment: PaymentId,
    /// Whom.
    pub payee: ChipAddress,
    /// What the payee is to get.
    pub units: Units,
    /// How far it has come.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// Which attempt it is; none where nobody here waits for it, and it began before this was kept.
    pub attempt: Option<Attempt>,
    /// How many tallies the way that was found goes over, at least; none before one is found, and where nobody here waits.
    pub tallies: Option<u32>,
    /// In how many parts it goes; see `tallies`.
    pub parts: Option<u32>,
    /// The lift of this attempt, once it is proposed.
    pub lift: Option<LiftId>,
    /// Its referees, while it is promised and nothing was heard of them.
    pub unanswered: Vec<AgentId>,
    /// Those of them that could not be reached last.
    pub unreached: Vec<AgentId>,
}

/// What is remembered of a payment that somebody here waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    payee: ChipAddress,
    units: Units,
    step: Step,
    since: Timestamp,
    attempt: Attempt,
    /// Tallies and parts of the way.
    way: Option<(u32, u32)>,
}

/// What is being done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Searching,
    LayingOut,
    Resting,
    Lift(LiftId),
}

impl Step {
    /// The phase; of a lift, where nothing of it is open any more.
    const fn phase(self) -> Phase {
        match self {
            Self::Searching => Phase::Searching,
            Self::LayingOut => Phase::LayingOut,
            Self::Resting => Phase::Resting,
            Self::Lift(_) => Phase::Decided,
        }
    }

    const fn lift(self) -> Option<LiftId> {
        match self {
            Self::Lift(lift) => Some(lift),
            Self::Searching | Self::LayingOut | Self::Resting => None,
        }
    }
}

/// Whoever makes a payment, until it is done or given up.
pub(super) struct Alone {
    site: Site,
    name: (Cuid, PaymentId),
}

impl Alone {
    /// One payment is made once at a time: none where somebody makes it.
    pub(super) fn begin(site: &Site, payer: &Cuid, asked: &Authorisation) -> Option<Self> {
        let name = (payer.clone(), asked.uuid);
        let mut paying = lock(&site.known.under_way.paying);
        if paying.contains_key(&name) {
            return None;
        }
        let course = Course {
            payee: asked.payee.clone(),
            units: asked.units.get(),
            step: Step::Searching,
            since: site.clock.now(),
            attempt: Attempt { number: 1, before: None },
            way: None,
        };
        paying.insert(name.clone(), course);
        drop(paying);
        Some(Self { site: site.clone(), name })
    }

    /// A way is looked for.
    pub(super) fn searches(&self) {
        self.goes_on(|course| {
            course.way = None;
            Step::Searching
        });
    }

    /// These ways were found, and a lift is laid out along them.
    pub(super) fn lays_out(&self, ways: &[Planned], units: Units, most: Units) -> Attempt {
        let way = divided(ways, units, most).quote();
        self.goes_on(|course| {
            course.way = way.map(|way| (way.tallies, way.parts));
            Step::LayingOut
        })
    }

    /// A lift is proposed, in this attempt, or was before anybody waited here.
    pub(super) fn waits_for(&self, lift: LiftId, attempt: Option<Attempt>) {
        self.goes_on(|course| {
            course.attempt = attempt.unwrap_or(course.attempt);
            Step::Lift(lift)
        });
    }

    /// The attempt came to nothing: what follows is the next.
    pub(super) fn fails(&self, why: WhyVoid) {
        self.goes_on(|course| {
            course.attempt = Attempt { number: course.attempt.number + 1, before: Some(why) };
            Step::Resting
        });
    }

    fn goes_on(&self, to: impl FnOnce(&mut Course) -> Step) -> Attempt {
        let mut paying = lock(&self.site.known.under_way.paying);
        let Some(course) = paying.get_mut(&self.name) else {
            return Attempt { number: 1, before: None };
        };
        let step = to(course);
        if step != course.step {
            (course.step, course.since) = (step, self.site.clock.now());
        }
        course.attempt
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let under_way = &self.site.known.under_way;
        lock(&under_way.paying).remove(&self.name);
        under_way.has_moved();
    }
}

impl UnderWay {
    /// The lifts of payments that are being made, and all that have none yet, as far as a caller may see them.
    fn courses(&self, caller: &Caller) -> Vec<((Cuid, PaymentId), Course)> {
        let paying = lock(&self.paying);
        let seen = paying.iter().filter(|((payer, _), _)| match caller {
            Caller::Administrator => true,
            Caller::User(user) | Caller::Former(user) => user == payer,
        });
        seen.map(|(name, course)| (name.clone(), course.clone())).collect()
    }
}

impl Site {
    /// Payments to users of other sites that are being made, by payer and name: those that somebody waits for, and lifts that
    /// are under way though nobody does.
    pub(crate) async fn making(
        &self,
        caller: &Caller,
        limit: u32,
    ) -> Result<Vec<Making>, SiteError> {
        let mut all: BTreeMap<(Cuid, PaymentId), Making> = BTreeMap::new();
        let courses = self.known.under_way.courses(caller);
        all.extend(courses.into_iter().map(|(name, course)| (name.clone(), course.seen(name))));
        for open in self.open_lifts(caller, MAX_ROWS).await? {
            let Some(new) = Making::of(&open) else { continue };
            match all.get_mut(&(new.payer.clone(), new.payment)) {
                None => _ = all.insert((new.payer.clone(), new.payment), new),
                Some(known) if known.lift == new.lift => {
                    let Making { tallies, parts, .. } = *known;
                    *known = Making { tallies, parts, ..new };
                }
                // Of an attempt that came to nothing.
                Some(_) => {}
            }
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(all.into_values().take(limit).collect())
    }
}

impl Course {
    fn seen(self, (payer, payment): (Cuid, PaymentId)) -> Making {
        let Self { payee, units, step, since, attempt, way } = self;
        Making {
            payer,
            payment,
            payee,
            units,
            phase: step.phase(),
            since,
            attempt: Some(attempt),
            tallies: way.map(|(tallies, _)| tallies),
            parts: way.map(|(_, parts)| parts),
            lift: step.lift(),
            unanswered: Vec::new(),
            unreached: Vec::new(),
        }
    }
}

impl Making {
    /// The payment of a lift that is under way; none where it has none that may be seen.
    fn of(open: &OpenLift) -> Option<Self> {
        let OpenLift { payer, payment, payee, units, phase, since, attempt, lift, .. } = open;
        Some(Self {
            payer: payer.clone()?,
            payment: (*payment)?,
            payee: payee.clone()?,
            units: (*units)?,
            phase: *phase,
            since: *since,
            attempt: *attempt,
            tallies: None,
            parts: None,
            lift: Some(*lift),
            unanswered: open.unanswered.clone(),
            unreached: open.unreached.clone(),
        })
    }
}

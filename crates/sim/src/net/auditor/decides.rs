//! Which lifts end, as long as whoever has to decide them lives and has forgotten nothing (protocol, section 7, "Decide" and
//! invariant 9).

use protocol::LiftId;
use store::HalfId;

use super::lifts::Lifts;
use crate::net::place::Place;
use crate::net::world::START_MS;

/// How long before now a lift's date may be ahead so that its referees judge it, and how long after the beginning, in
/// milliseconds: no referee judges what is dated before it began.
const DATES_MS: i64 = 100_000;

/// How long after a referee went back a lift has to be dated so that the referee decides it, in milliseconds. "One that lost
/// its state never decides lifts named under its old key": of what is dated later it cannot have signed anything before, as it
/// judges nothing that is dated two minutes ahead.
const FORGOTTEN_MS: i64 = 130_000;

impl Lifts {
    /// Whether a lift's referees are there to decide it: as many as it takes, none of which may have forgotten what it said of it.
    pub(crate) fn can_be_decided(&self, lift: &LiftId, places: &[Place], now: i64) -> bool {
        let Some(known) = self.known.get(lift) else { return true };
        let (all, date) = (known.lift.referees.len(), known.lift.date.ms());
        let lives = |(at, place): &(usize, &Place)| {
            !self.false_referees.contains(at)
                && known.lift.referees.contains(&place.agent)
                && place.went_back_ms.is_none_or(|back| date > back + FORGOTTEN_MS)
                && place.founded_ms.is_some_and(|founded| date >= founded)
                && place.site.is_some()
        };
        let dated = (START_MS + 10_000..now + DATES_MS).contains(&date);
        dated && places.iter().enumerate().filter(lives).count() >= all - (all - 1) / 3
    }

    /// What is set aside for lifts, by half.
    pub(super) fn set_aside(&self) -> impl Iterator<Item = ((usize, HalfId), &LiftId)> {
        self.aside.iter().flat_map(|(half, lifts)| lifts.keys().map(|id| (*half, id)))
    }

    /// Lifts that wait somewhere, by place.
    fn waiting(&self) -> impl Iterator<Item = (usize, &LiftId)> {
        let aside = self.set_aside().map(|((at, _), id)| (at, id));
        let locked = self.locked.iter().flat_map(|(at, lifts)| lifts.iter().map(|id| (*at, id)));
        aside.chain(locked)
    }

    /// One that waits though its referees live.
    pub(super) fn undecided(&self, places: &[Place], now: i64) -> Option<(usize, &LiftId)> {
        self.waiting().find(|(_, id)| self.can_be_decided(id, places, now))
    }

    /// Whether all are decided whose referees live.
    pub(crate) fn are_decided(&self, places: &[Place], now: i64) -> bool {
        self.undecided(places, now).is_none()
    }

    /// Whether a lift waits somewhere.
    pub(super) fn waits(&self, lift: &LiftId) -> bool {
        self.waiting().any(|(_, id)| id == lift)
    }
}

//! One site's step on the way of a payment that no site knows as a whole: from the tally over which it comes in to
//! its payee here, or to each tally over which it can go on.
//!
//! A tally with another site is a *gate*: a participant that stands for all that is beyond it, with one tally. So a
//! crossing is a path like any other, by the same rules. What happens beyond is told by an answer: so much has to
//! go out there for so much to arrive. Priced along the way in here, that is what has to come in. Ways over all gates
//! are looked for at once in `fans.rs`.

mod fans;

use protocol::chit::Positive;
use protocol::query::{Curve, Point};
use protocol::{Lading, Units};

use crate::path::{Back, Hop, Hops, HopsError, LONGEST_PATH, NOTHING, On, best, moves};
pub use fans::{Entries, Exits};

/// A site's users, and its tallies with other sites.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    hops: Hops,
    gates: Vec<Gate>,
}

/// A tally with another site.
#[derive(Clone, Copy, Debug)]
struct Gate {
    /// The participant that stands for what is beyond.
    beyond: u32,
    /// The place of the hop over which value comes in; the one over which it goes out is the next.
    inward: usize,
}

/// Where a way begins, or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With a user here.
    User(u32),
    /// Beyond the gate of this number.
    Gate(usize),
}

/// A way: the places of its hops, in their order.
pub type Way = Vec<usize>;

impl Gates {
    /// A site whose users have these tallies with each other, and none with other sites yet.
    #[must_use]
    pub const fn new(hops: Hops) -> Self {
        Self { hops, gates: Vec::new() }
    }

    /// One more tally with another site: what can come in to `user` and what can go out. Says the number of the gate,
    /// counted from 0.
    ///
    /// # Errors
    /// [`HopsError`], as for [`Hops::put`].
    pub fn join(&mut self, user: u32, inward: Lading, outward: Lading) -> Result<usize, HopsError> {
        let place = self.hops.list().len();
        if user >= self.hops.participants() {
            return Err(HopsError::UnknownParticipant { hop: place, participant: user });
        }
        let beyond = self.hops.join()?;
        self.hops.put(place, Hop { giver: beyond, taker: user, lading: inward })?;
        self.hops.put(place + 1, Hop { giver: user, taker: beyond, lading: outward })?;
        self.gates.push(Gate { beyond, inward: place });
        Ok(self.gates.len() - 1)
    }

    /// The participants and their hops, those of gates among them.
    #[must_use]
    pub const fn hops(&self) -> &Hops {
        &self.hops
    }

    /// The same, to keep up with what moves; the ends of a gate's hops stay what they are.
    pub const fn hops_mut(&mut self) -> &mut Hops {
        &mut self.hops
    }

    /// How many gates there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.gates.len()
    }

    /// The places of the hops of a gate: inward and outward.
    #[must_use]
    pub fn places(&self, gate: usize) -> Option<[usize; 2]> {
        self.gates.get(gate).map(|gate| [gate.inward, gate.inward + 1])
    }

    fn vertex(&self, start: Start) -> Option<u32> {
        match start {
            Start::User(user) => Some(user).filter(|user| *user < self.hops.participants()),
            Start::Gate(gate) => self.gates.get(gate).map(|gate| gate.beyond),
        }
    }

    /// How a payment of about `amount` can go on over each other gate, of at most `most` that comes in.
    #[must_use]
    pub fn exits(&self, start: Start, amount: Units, most: Units) -> Exits<'_> {
        Exits::of(self, self.vertex(start), amount, most)
    }

    /// The most of `most` that arrives over these hops, in their order.
    fn carried(&self, hops: &[u32], most: Units) -> Option<Units> {
        let rule = On { gifts: true, carried: &NOTHING, most };
        moves(&rule, &self.hops, hops)?.last().copied()
    }

    /// The cheapest way by which `amount` arrives at a payee here, and the widest for at most `most` where that is
    /// another; with how much arrives by it, at most `amount`.
    #[must_use]
    pub fn arrivals(
        &self,
        start: Start,
        payee: u32,
        amount: Units,
        most: Units,
    ) -> Vec<(Way, Units)> {
        let Some(from) = self.vertex(start) else { return Vec::new() };
        if payee >= self.hops.participants() || from == payee {
            return Vec::new();
        }
        let cheapest = best(&self.hops, Back::of(amount), [payee, from], LONGEST_PATH).hops;
        let cheapest = cheapest.map(|hops| hops.into_iter().rev().collect::<Vec<_>>());
        if let Some(hops) = cheapest {
            let way = way(hops);
            if self.given(&way, amount).is_some_and(|given| given <= most) {
                return vec![(way, amount)];
            }
        }
        let widest = On { gifts: true, carried: &NOTHING, most };
        let widest = best(&self.hops, widest, [from, payee], LONGEST_PATH).hops;
        let arrives = |hops: Vec<u32>| self.carried(&hops, most).map(|units| (way(hops), units));
        widest.and_then(arrives).map(|(way, units)| (way, units.min(amount))).into_iter().collect()
    }

    /// The cheapest way from each other gate by which `amount` can arrive at the end: at a user here, or beyond a gate.
    #[must_use]
    pub fn entries(&self, end: Start, amount: Units) -> Entries<'_> {
        Entries::of(self, self.vertex(end).filter(|_| amount > Units::ZERO), amount)
    }

    /// The most that can come in over a gate.
    #[must_use]
    pub fn most_in(&self, gate: usize) -> Units {
        let gate = self.gates.get(gate).and_then(|gate| self.hops.list().get(gate.inward));
        gate.map_or(Units::ZERO, |hop| hop.lading.most())
    }

    /// What has to be given at the beginning of a way so that this arrives at its end.
    fn given(&self, way: &[usize], arrives: Units) -> Option<Units> {
        self.hops.given_along(way, arrives)
    }

    /// The curve of a way that ends at the payee, up to what arrives there: in quarters of it.
    #[must_use]
    pub fn curve(&self, way: &[usize], arrives: Units, most: Units) -> Option<Curve> {
        let ends = (1..=4).filter_map(|part| quarters(arrives, part)).map(|units| (units, units));
        self.priced(way, ends, most)
    }

    /// The curve of a way that ends at a gate: of what is asked there, at most `amount` arriving at the payee, and what
    /// has to come in for it, at most `most`. None where not even the least of it is possible.
    #[must_use]
    pub fn composed(
        &self,
        way: &[usize],
        beyond: &Curve,
        amount: Units,
        most: Units,
    ) -> Option<Curve> {
        let points = beyond.points().iter().map(|point| (point.arrives.get(), point.enters.get()));
        self.priced(way, points.filter(|(arrives, _)| *arrives <= amount), most)
    }

    /// The curve of a way over what only makes debts smaller, up to `amount`, and to what goes on `beyond` if it does. Nobody
    /// charges there, so what comes in arrives, and its last point is exactly as much as the way carries.
    #[must_use]
    pub fn round(
        &self,
        way: &[usize],
        beyond: Option<&Curve>,
        amount: Units,
        most: Units,
    ) -> Option<Curve> {
        let ends: Vec<Units> = match beyond {
            Some(curve) => curve.points().iter().map(|point| point.arrives.get()).collect(),
            None => (1..=4).filter_map(|part| quarters(amount, part)).collect(),
        };
        let carries = self.carries(way, (*ends.last()?).min(amount).min(most))?;
        let less = ends.into_iter().filter(|units| *units < carries);
        let free = |units: Units| {
            let units = Positive::try_from(units).ok()?;
            Some(Point { arrives: units, enters: units })
        };
        let mut points: Vec<Point> = less.chain([carries]).filter_map(free).collect();
        points.dedup_by_key(|point| point.arrives);
        Curve::new(points).ok()
    }

    /// As much as a way carries, up to a most; none where it carries nothing.
    fn carries(&self, way: &[usize], most: Units) -> Option<Units> {
        let does = |milli: i64| {
            let units = Units::new(milli).ok();
            units.is_some_and(|units| self.given(way, units).is_some())
        };
        if does(most.milli()) {
            return Some(most);
        }
        // The first is carried, or nothing is; the last is not.
        let (mut carried, mut not) = (0, most.milli());
        while not - carried > 1 {
            let middle = carried + (not - carried) / 2;
            if does(middle) { carried = middle } else { not = middle }
        }
        Units::new(carried).ok().filter(|units| *units > Units::ZERO)
    }

    /// The curve through what has to be given for each of these: what arrives at the payee in the end, and what at the
    /// end of this way for it.
    fn priced(
        &self,
        way: &[usize],
        ends: impl Iterator<Item = (Units, Units)>,
        most: Units,
    ) -> Option<Curve> {
        let point = |(arrives, end): (Units, Units)| {
            let enters = self.given(way, end).filter(|given| *given <= most)?;
            let positive = |units: Units| Positive::try_from(units).ok();
            Some(Point { arrives: positive(arrives)?, enters: positive(enters)? })
        };
        let mut points: Vec<Point> = ends.filter_map(point).collect();
        points.dedup_by_key(|point| point.arrives);
        Curve::new(points).ok()
    }
}

/// So many quarters of an amount.
fn quarters(units: Units, part: i64) -> Option<Units> {
    let milli = units.milli();
    Units::new(milli / 4 * part + milli % 4 * part / 4).ok()
}

fn way(hops: Vec<u32>) -> Way {
    hops.into_iter().map(|place| place as usize).collect()
}

//! What a plan costs: some amounts that can arrive, each with exactly what has to enter for it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Units;
use crate::bounded::List;
use crate::chit::Positive;

/// The most points of one curve.
pub const MOST_POINTS: usize = 8;

/// So much arrives if so much enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// What arrives at whom a query seeks.
    pub arrives: Positive,
    /// What has to move over the tally that the query came over.
    pub enters: Positive,
}

/// The cost of a plan as a curve through points, in the order of what arrives; at least one.
///
/// At a point it is exact: each leg is rounded once. Between two points a straight line says what it costs about
/// ([`Curve::about`]); that it costs no more than the upper of the two is sure ([`Curve::at_most`]), as less never
/// costs more. So a curve keeps its meaning from site to site, whatever each charges.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "List<Point, MOST_POINTS>")]
pub struct Curve(List<Point, MOST_POINTS>);

/// Why some points are no curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CurveFault {
    /// None, or more than [`MOST_POINTS`].
    #[error("a curve goes through 1 to {MOST_POINTS} points, not {0}")]
    Number(usize),
    /// Less arrives at a later point, or as much, or more for less.
    #[error("from point to point of a curve more arrives, and no less enters")]
    Order,
}

impl Curve {
    /// The curve through these points.
    ///
    /// # Errors
    /// [`CurveFault`] says what is wrong with them.
    pub fn new(points: Vec<Point>) -> Result<Self, CurveFault> {
        let number = points.len();
        let list = List::new(points).map_err(|_| CurveFault::Number(number))?;
        Self::try_from(list)
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.0
    }

    /// The most that can arrive, and what has to enter for it.
    #[must_use]
    pub fn top(&self) -> Point {
        // There is one: the type says so.
        self.0[self.0.len() - 1]
    }

    /// What is enough for this to arrive; none where so much cannot.
    #[must_use]
    pub fn at_most(&self, arrives: Units) -> Option<Units> {
        let point = self.0.iter().find(|point| arrives <= point.arrives.get())?;
        Some(point.enters.get())
    }

    /// About what is needed for this to arrive, by a straight line, rounded up; none where so much cannot. Nothing
    /// is promised between two points: charges may begin there.
    #[must_use]
    pub fn about(&self, arrives: Units) -> Option<Units> {
        if arrives <= Units::ZERO {
            return Some(Units::ZERO);
        }
        let at = self.0.iter().position(|point| arrives <= point.arrives.get())?;
        let of = |point: &Point| (point.arrives.get().milli(), point.enters.get().milli());
        let (a0, e0) = at.checked_sub(1).map_or((0, 0), |before| of(&self.0[before]));
        let (a1, e1) = of(&self.0[at]);
        let (run, rise) = (i128::from(a1 - a0), i128::from(e1 - e0));
        // All of them are amounts in order: the sum is between e0 and e1.
        let more = (i128::from(arrives.milli() - a0) * rise + run - 1) / run;
        i64::try_from(i128::from(e0) + more).ok().and_then(|milli| Units::new(milli).ok())
    }
}

impl TryFrom<List<Point, MOST_POINTS>> for Curve {
    type Error = CurveFault;

    fn try_from(points: List<Point, MOST_POINTS>) -> Result<Self, CurveFault> {
        if points.is_empty() {
            return Err(CurveFault::Number(0));
        }
        let rises = |a: &Point, b: &Point| a.arrives < b.arrives && a.enters <= b.enters;
        if points.is_sorted_by(rises) { Ok(Self(points)) } else { Err(CurveFault::Order) }
    }
}

//! The search from both ends: a shortest way with room, and of several such the one that leaves the
//! network in the best balance; or the side that it got stuck on, which is a cut.
//!
//! Breadth first, layer by layer, always on the side that looks at fewer hops next (Pohl 1971). What was seen is
//! marked with the number of the search, so that nothing is wiped between searches.

use std::cmp::Reverse;

use super::flow::Flow;
use crate::path::{Hops, Way};

/// What a search asks.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) payer: u32,
    pub(super) payee: u32,
    /// Every step must have room for so much; above zero, in milli-CHIPs.
    pub(super) least: i64,
    /// The most steps.
    pub(super) longest: u32,
}

/// A step from one participant to the next: over a hop, or back over what was sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) place: u32,
    pub(super) back: bool,
}

/// What a search found.
pub(super) enum Found {
    /// The steps are in [`Reach::steps`].
    Way,
    /// All that was seen from one end, and no further step from there has room.
    Stuck(Way),
    /// The way, if there is one, has too many steps.
    TooLong,
}

/// How well a way keeps the balance: over how few steps it goes beyond what the taker wants, and then how
/// much room its narrowest step has. The greater the better.
type Quality = (Reverse<u32>, i64);

/// Where a search begins.
const START: Quality = (Reverse(0), i64::MAX);

#[derive(Clone, Copy)]
struct Mark {
    /// The search that saw the participant last.
    number: u32,
    layer: u32,
    by: Step,
    quality: Quality,
}

const UNSEEN: Mark =
    Mark { number: 0, layer: 0, by: Step { place: 0, back: false }, quality: START };

/// What one end has seen.
struct Side {
    way: Way,
    marks: Vec<Mark>,
    /// Everybody seen, nearest first; `layer` of them, from `begin`, are the farthest.
    seen: Vec<u32>,
    begin: usize,
    layer: u32,
    /// How many hops the next layer looks at.
    width: usize,
}

/// The memory of the searches.
pub(super) struct Reach {
    number: u32,
    on: Side,
    back: Side,
    /// Those in the middle, where the two sides meet.
    meetings: Vec<u32>,
    /// Whether they are sorted, the best last.
    sorted: bool,
    /// The way found last, from the payer on.
    pub(super) steps: Vec<Step>,
}

impl Default for Reach {
    fn default() -> Self {
        let side =
            |way| Side { way, marks: Vec::new(), seen: Vec::new(), begin: 0, layer: 0, width: 0 };
        let (on, back) = (side(Way::On), side(Way::Back));
        Self { number: 0, on, back, meetings: Vec::new(), sorted: false, steps: Vec::new() }
    }
}

impl Reach {
    /// A shortest way as asked, in what `flow` leaves of the room.
    pub(super) fn search(&mut self, graph: &Hops, flow: &Flow, asked: Asked) -> Found {
        self.begin(graph, asked);
        while self.on.layer + self.back.layer < asked.longest {
            let (near, far) = if self.on.width <= self.back.width {
                (&mut self.on, &self.back)
            } else {
                (&mut self.back, &self.on)
            };
            self.meetings.clear();
            near.advance(graph, flow, asked, far, self.number, &mut self.meetings);
            if self.take_best(graph, asked) {
                return Found::Way;
            }
            for side in [&self.on, &self.back] {
                if side.begin == side.seen.len() {
                    return Found::Stuck(side.way);
                }
            }
        }
        Found::TooLong
    }

    fn begin(&mut self, graph: &Hops, asked: Asked) {
        if self.number == u32::MAX {
            (self.number, self.on.marks, self.back.marks) = (0, Vec::new(), Vec::new());
        }
        self.number += 1;
        self.on.begin(graph, asked.payer, self.number);
        self.back.begin(graph, asked.payee, self.number);
    }

    /// The next best way that the last search has met, no longer than the first; none if that was all. What
    /// was sent since may have taken its room.
    pub(super) fn next_way(&mut self, graph: &Hops, asked: Asked) -> bool {
        if !self.sorted {
            let (on, back) = (&self.on, &self.back);
            // Worst first; of equals the one that was met first comes last.
            self.meetings.reverse();
            self.meetings.sort_by_key(|&v| joined(on, back, v));
            self.sorted = true;
        }
        let Some(meeting) = self.meetings.pop() else { return false };
        self.trace(graph, asked, meeting);
        true
    }

    /// Takes the best way through one of those in the middle; of equals the one that was met first.
    fn take_best(&mut self, graph: &Hops, asked: Asked) -> bool {
        let quality = |v: u32| joined(&self.on, &self.back, v);
        let qualities = self.meetings.iter().enumerate().map(|(at, &v)| (quality(v), at));
        let best = qualities.reduce(|a, b| if b.0 > a.0 { b } else { a });
        let Some((_, at)) = best else { return false };
        let meeting = self.meetings.remove(at);
        self.sorted = false;
        self.trace(graph, asked, meeting);
        true
    }

    fn trace(&mut self, graph: &Hops, asked: Asked, meeting: u32) {
        self.steps.clear();
        let mut at = meeting;
        while at != asked.payer {
            let by = self.on.marks[at as usize].by;
            self.steps.push(by);
            at = by.start(graph);
        }
        self.steps.reverse();
        at = meeting;
        while at != asked.payee {
            let by = self.back.marks[at as usize].by;
            self.steps.push(by);
            at = by.end(graph);
        }
    }

    /// Everybody that was seen from one end, and whether somebody is among them.
    pub(super) fn seen(&self, way: Way) -> (&[u32], impl Fn(u32) -> bool) {
        let side = match way {
            Way::On => &self.on,
            Way::Back => &self.back,
        };
        (&side.seen, |v| side.marks[v as usize].number == self.number)
    }
}

/// The quality of the way through one whom both sides have seen.
fn joined(on: &Side, back: &Side, v: u32) -> Quality {
    let [on, back] = [on, back].map(|side| side.marks[v as usize].quality);
    (Reverse(on.0.0 + back.0.0), on.1.min(back.1))
}

impl Step {
    pub(super) fn start(self, graph: &Hops) -> u32 {
        let hop = graph.hop(self.place);
        if self.back { hop.taker } else { hop.giver }
    }

    pub(super) fn end(self, graph: &Hops) -> u32 {
        let hop = graph.hop(self.place);
        if self.back { hop.giver } else { hop.taker }
    }
}

impl Side {
    fn begin(&mut self, graph: &Hops, from: u32, number: u32) {
        self.marks.resize(graph.participants() as usize, UNSEEN);
        self.seen.clear();
        self.seen.push(from);
        (self.begin, self.layer) = (0, 0);
        self.width = graph.beside(self.way, from).len();
        self.marks[from as usize] = Mark { number, ..UNSEEN };
    }

    /// Looks one step further; notes where it meets the other side.
    fn advance(
        &mut self,
        graph: &Hops,
        flow: &Flow,
        asked: Asked,
        other: &Self,
        number: u32,
        meetings: &mut Vec<u32>,
    ) {
        let layer = self.begin..self.seen.len();
        (self.begin, self.width) = (layer.end, 0);
        self.layer += 1;
        for at in layer {
            let v = self.seen[at];
            let quality = self.marks[v as usize].quality;
            let mut see = |far: u32, by: Step, room: i64, wanted: i64| {
                let (Reverse(beyond), narrowest) = quality;
                let beyond = beyond + u32::from(wanted < asked.least);
                let mark = &mut self.marks[far as usize];
                let new = Mark {
                    number,
                    layer: self.layer,
                    by,
                    quality: (Reverse(beyond), room.min(narrowest)),
                };
                if mark.number != number {
                    *mark = new;
                    self.seen.push(far);
                    self.width += graph.beside(self.way, far).len();
                    if other.marks[far as usize].number == number {
                        meetings.push(far);
                    }
                } else if mark.layer == new.layer && mark.quality < new.quality {
                    *mark = new;
                }
            };
            // Both are in the order of places.
            let mut sent = flow.sent_beside(graph, self.way, v).peekable();
            for beside in graph.beside(self.way, v) {
                let taken = sent.next_if(|&(place, _)| place == beside.place);
                let room = flow.room(graph, self.way, v, beside) - taken.map_or(0, |sent| sent.1);
                if room >= asked.least {
                    let by = Step { place: beside.place, back: false };
                    see(beside.far, by, room, beside.wanted);
                }
            }
            flow.back(graph, self.way, v, |far, place, sent| {
                if sent >= asked.least {
                    see(far, Step { place, back: true }, sent, i64::MAX);
                }
            });
        }
    }
}

//! What is sent over each hop: found way by way, each of which may take back what another sent
//! (Ford and Fulkerson 1956, shortest first: Edmonds and Karp 1972). When no way is left, there is a cut.

use super::reach::{Asked, Found, Reach, Step};
use crate::path::{Beside, Hop, Hops, Way, gratis, gratis_at_end, gratis_at_start};

/// Which room counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rooms {
    /// What moves free of charge.
    Gratis,
    /// All that moves.
    All,
}

/// Wide ways come first: by how much narrower the next ones may be when there are no more (capacity scaling:
/// Gabow 1985, Ahuja and Orlin 1991). That makes for few parts, and few searches.
const FINER: i64 = 8;

/// An amount on its way, over as many hops as it needs.
pub(super) struct Flow {
    payer: u32,
    payee: u32,
    rooms: Rooms,
    /// Where something is sent, by place of the hop; above zero, in milli-CHIPs.
    sent: Vec<(u32, i64)>,
    /// Those whose hops it is sent over, in order.
    touched: Vec<u32>,
    /// How much arrives.
    pub(super) amount: i64,
    /// Whether what was sent may be taken back.
    may_take_back: bool,
}

impl Flow {
    /// Nothing is sent yet.
    pub(super) const fn new(payer: u32, payee: u32, rooms: Rooms) -> Self {
        Self {
            payer,
            payee,
            rooms,
            sent: Vec::new(),
            touched: Vec::new(),
            amount: 0,
            may_take_back: true,
        }
    }

    /// From now on nothing is taken back.
    pub(super) const fn keep(&mut self) {
        self.may_take_back = false;
    }

    pub(super) const fn ends(&self) -> (u32, u32) {
        (self.payer, self.payee)
    }

    /// The room that is left for a step.
    fn step_room(&self, graph: &Hops, step: Step) -> i64 {
        let sent = self.sent(step.place);
        if step.back {
            return sent;
        }
        let Hop { giver, taker, lading } = graph.hop(step.place);
        self.whole_room(graph, *giver, *taker, step.place, gratis(lading)) - sent
    }

    /// The room of a hop beside `v` before anything was sent.
    pub(super) fn room(&self, graph: &Hops, way: Way, v: u32, beside: &Beside) -> i64 {
        let (giver, taker) = match way {
            Way::On => (v, beside.far),
            Way::Back => (beside.far, v),
        };
        self.whole_room(graph, giver, taker, beside.place, beside.gratis)
    }

    /// What is sent over the hops beside `v`, in the order of their places.
    pub(super) fn sent_beside<'a>(
        &'a self,
        graph: &'a Hops,
        way: Way,
        v: u32,
    ) -> impl Iterator<Item = (u32, i64)> + 'a {
        let sent = if self.touches(v) { &self.sent[..] } else { &[] };
        sent.iter().copied().filter(move |&(place, _)| {
            let hop = graph.hop(place);
            v == if way == Way::On { hop.giver } else { hop.taker }
        })
    }

    /// The room before anything was sent; `gratis` is what moves free of charge in the middle of a path.
    fn whole_room(&self, graph: &Hops, giver: u32, taker: u32, place: u32, gratis: i64) -> i64 {
        if !graph.charges() {
            return gratis;
        }
        let lading = &graph.hop(place).lading;
        match (self.rooms, giver == self.payer, taker == self.payee) {
            (Rooms::All, ..) | (_, true, true) => lading.most().milli(),
            (_, true, _) => gratis_at_start(lading),
            (_, _, true) => gratis_at_end(lading),
            _ => gratis,
        }
    }

    /// Calls with every step over which something can be taken back: where it leads, the hop, how much.
    pub(super) fn back(
        &self,
        graph: &Hops,
        way: Way,
        v: u32,
        mut visit: impl FnMut(u32, u32, i64),
    ) {
        if !self.may_take_back || !self.touches(v) {
            return;
        }
        for &(place, sent) in &self.sent {
            let hop = graph.hop(place);
            let (here, far) = match way {
                Way::On => (hop.taker, hop.giver),
                Way::Back => (hop.giver, hop.taker),
            };
            if here == v {
                visit(far, place, sent);
            }
        }
    }

    /// Sends up to `goal` in all, over ways of at most `longest` steps; where less is possible, says what the
    /// last search found instead.
    pub(super) fn send(
        &mut self,
        graph: &Hops,
        reach: &mut Reach,
        goal: i64,
        longest: u32,
    ) -> Option<Found> {
        let (payer, payee, least) = (self.payer, self.payee, (goal / FINER).max(1));
        let mut asked = Asked { payer, payee, least, longest };
        while self.amount < goal {
            match reach.search(graph, self, asked) {
                Found::Way => self.add(graph, &reach.steps, goal - self.amount),
                _ if asked.least > 1 => {
                    asked.least = (asked.least / FINER).max(1);
                    continue;
                }
                found => return Some(found),
            }
            while self.amount < goal && reach.next_way(graph, asked) {
                self.add(graph, &reach.steps, goal - self.amount);
            }
        }
        None
    }

    /// Sends as much over these steps as fits, and not more than `most`.
    fn add(&mut self, graph: &Hops, steps: &[Step], most: i64) {
        let room = |&step: &Step| self.step_room(graph, step);
        let more = steps.iter().map(room).min().map_or(0, |room| room.min(most));
        if more == 0 {
            return;
        }
        self.amount += more;
        for &step in steps {
            let more = if step.back { -more } else { more };
            match self.sent.binary_search_by_key(&step.place, |&(place, _)| place) {
                Ok(at) if self.sent[at].1 + more == 0 => {
                    self.sent.remove(at);
                }
                Ok(at) => self.sent[at].1 += more,
                Err(at) => self.sent.insert(at, (step.place, more)),
            }
            for v in [step.start(graph), step.end(graph)] {
                if let Err(at) = self.touched.binary_search(&v) {
                    self.touched.insert(at, v);
                }
            }
        }
    }

    /// What is sent, by place of the hop.
    pub(super) fn all_sent(&self) -> &[(u32, i64)] {
        &self.sent
    }

    fn touches(&self, v: u32) -> bool {
        !self.touched.is_empty() && self.touched.binary_search(&v).is_ok()
    }

    fn sent(&self, place: u32) -> i64 {
        let at = self.sent.binary_search_by_key(&place, |&(place, _)| place);
        at.map_or(0, |at| self.sent[at].1)
    }
}

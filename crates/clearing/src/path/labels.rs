//! The search: the best value at every participant for every number of legs, layer by layer.
//!
//! What Bellman and Ford do, bounded in legs. A label is one end of one walk. It stays out where
//! another at the same participant is no longer, no worse, and has met none of the *named* participants
//! that it has not met as well; `simple` says who is named and why.

use super::hops::{Beside, Hops, Way};
use super::legs::Rule;
use super::{LONGEST_PATH, MOST_LABELS, MOST_LOOKS, MOST_NAMED};

/// No label, or the label where the search starts.
const NONE: u32 = u32::MAX;
/// Not a named participant.
const UNNAMED: u8 = u8::MAX;

/// One end of one walk.
struct Label {
    value: i64,
    /// Which of the named participants the walk has met.
    met: u64,
    node: u32,
    /// The hop it came by.
    hop: u32,
    /// The label it came from.
    from: u32,
    /// The next label at the same participant.
    other: u32,
    /// A better one came before it was looked at.
    dropped: bool,
}

/// A walk from start to target.
#[derive(Clone)]
pub(super) struct Walk {
    pub(super) value: i64,
    /// In the order of the search.
    pub(super) hops: Vec<u32>,
}

/// What a search found.
pub(super) struct Found {
    /// The best walk that meets no named participant twice.
    pub(super) walk: Option<Walk>,
    /// The best of the walks met on the way that meet nobody twice.
    pub(super) simple: Option<Walk>,
    /// Whether the search ended before it was through.
    pub(super) cut: bool,
}

/// The search and its memory.
pub(super) struct Labels<'a, R> {
    graph: &'a Hops,
    rule: R,
    start: u32,
    target: u32,
    /// Whether a value can become better along a walk.
    gifts: bool,
    /// The most legs.
    longest: u32,
    labels: Vec<Label>,
    /// The newest label of each participant.
    newest: Vec<u32>,
    /// The best value of each participant.
    least: Vec<i64>,
    /// The number of each participant that is named.
    number: Vec<u8>,
    named: usize,
    /// How many hops may still be looked at, all runs together.
    looks: usize,
    found: Found,
}

impl<'a, R: Rule> Labels<'a, R> {
    pub(super) fn new(
        graph: &'a Hops,
        rule: R,
        gifts: bool,
        [start, target]: [u32; 2],
        longest: u32,
    ) -> Self {
        let n = graph.participants() as usize;
        Self {
            graph,
            rule,
            start,
            target,
            gifts,
            longest: longest.min(LONGEST_PATH),
            labels: Vec::new(),
            newest: vec![NONE; n],
            least: vec![i64::MAX; n],
            number: vec![UNNAMED; n],
            named: 0,
            looks: graph.list().len() * LONGEST_PATH as usize + MOST_LOOKS,
            found: Found { walk: None, simple: None, cut: false },
        }
    }

    /// The best walk of a run without a target that ends over this hop, where no walk was kept that is merely
    /// other: without gifts, and with nobody named.
    pub(super) fn over(&self, place: u32) -> Option<Walk> {
        let value = self.value_over(place)?;
        Some(self.trace(self.before(place), place, value))
    }

    /// The value of that walk.
    pub(super) fn value_over(&self, place: u32) -> Option<i64> {
        let value = match self.before(place) {
            Some(at) => Some(self.labels.get(at)?.value),
            None => None,
        };
        self.rule.end(value, place, &self.graph.hop(place).lading)
    }

    /// The label from which a walk takes this hop; none where the search starts. There may be no label of that number.
    fn before(&self, place: u32) -> Option<usize> {
        let hop = self.graph.hop(place);
        let from = match R::WAY {
            Way::On => hop.giver,
            Way::Back => hop.taker,
        };
        (from != self.start).then(|| self.newest[from as usize] as usize)
    }

    /// Names a participant, which no walk then meets twice; false if there are too many.
    pub(super) fn name(&mut self, participant: u32) -> bool {
        if self.named >= MOST_NAMED {
            return false;
        }
        self.number[participant as usize] = u8::try_from(self.named).unwrap_or(UNNAMED);
        self.named += 1;
        true
    }

    /// Looks at every walk of at most so many legs that matters.
    pub(super) fn run(&mut self) -> Found {
        self.labels.clear();
        self.newest.fill(NONE);
        self.least.fill(i64::MAX);
        self.found = Found { walk: None, simple: None, cut: false };
        if self.longest > 0 {
            self.expand(None, self.longest, 0);
        }
        let mut layer = 0..self.labels.len();
        for left in (1..self.longest).rev() {
            for at in layer.clone() {
                self.expand(Some(at), left, layer.end);
            }
            layer = layer.end..self.labels.len();
        }
        std::mem::replace(&mut self.found, Found { walk: None, simple: None, cut: false })
    }

    /// Takes one more leg from the label at `at`, of `left` that there may still be.
    fn expand(&mut self, at: Option<usize>, left: u32, next: usize) {
        let (node, value, met) = match at.map(|at| &self.labels[at]) {
            Some(label) if label.dropped || self.hopeless(label.node, label.value) => return,
            Some(label) => (label.node, Some(label.value), label.met),
            None => (self.start, None, 0),
        };
        let graph = self.graph;
        let beside = graph.beside(R::WAY, node);
        if beside.len() > self.looks || self.full() {
            self.found.cut = true;
            return;
        }
        self.looks -= beside.len();
        for beside in beside {
            let &Beside { far, place, .. } = beside;
            if !self.rule.is_open(node, place) {
                continue;
            }
            if far == self.target {
                if let Some(value) = self.rule.end(value, place, &graph.hop(place).lading) {
                    self.arrive(at, place, value);
                }
                continue;
            }
            // Without gifts no leg makes a value better.
            let known = !self.gifts && value.is_some_and(|value| self.least[far as usize] <= value);
            if left <= 1 || far == self.start || known || self.is_dead_end(node, far) {
                continue;
            }
            let bit = 1_u64.checked_shl(self.number[far as usize].into()).unwrap_or(0);
            if met & bit != 0 {
                continue;
            }
            let behind = match value.filter(|value| self.rule.is_gratis(*value, beside)) {
                Some(value) => Some(value),
                None => self.behind(value, place),
            };
            let Some(value) = behind else { continue };
            if !self.hopeless(far, value) {
                self.keep(far, value, met | bit, place, at, next);
            }
        }
    }

    fn behind(&self, value: Option<i64>, place: u32) -> Option<i64> {
        let lading = &self.graph.hop(place).lading;
        let units = self.rule.leg(value, place, lading)?;
        Some(self.rule.behind(units, place, lading))
    }

    /// Whether the only way on from `far` leads back to `node`, where no walk is better for it without gifts.
    fn is_dead_end(&self, node: u32, far: u32) -> bool {
        !self.gifts
            && match self.graph.beside(R::WAY, far) {
                [] => true,
                [only] => only.far == node,
                _ => false,
            }
    }

    /// Whether a walk with this value at `v` cannot become better than what was found or is asked for.
    fn hopeless(&self, v: u32, value: i64) -> bool {
        if self.gifts {
            return false;
        }
        let best = self.found.simple.as_ref().map_or(i64::MAX, |best| best.value);
        best.min(self.rule.below()) <= self.rule.at_best(v, value)
    }

    fn full(&self) -> bool {
        let always = self.newest.len() * LONGEST_PATH as usize;
        self.labels.len() > always + MOST_LABELS || self.labels.len() >= NONE as usize
    }

    /// Keeps a label unless there is one as good; `next` is where the labels of its layer begin.
    fn keep(&mut self, node: u32, value: i64, met: u64, hop: u32, at: Option<usize>, next: usize) {
        let (mut before, mut place) = (NONE, self.newest[node as usize]);
        while place != NONE {
            let other = &self.labels[place as usize];
            let behind = other.other;
            if other.value <= value && other.met & !met == 0 {
                return;
            }
            if value <= other.value && met & !other.met == 0 {
                // Later ones are measured by the new label; and it need not be looked at, if not yet begun.
                self.labels[place as usize].dropped = place as usize >= next;
                match before {
                    NONE => self.newest[node as usize] = behind,
                    _ => self.labels[before as usize].other = behind,
                }
            } else {
                before = place;
            }
            place = behind;
        }
        // `full` keeps the number below that of no label.
        let number = |at: usize| u32::try_from(at).unwrap_or(NONE);
        let (here, from) = (number(self.labels.len()), at.map_or(NONE, number));
        let least = &mut self.least[node as usize];
        *least = value.min(*least);
        let other = std::mem::replace(&mut self.newest[node as usize], here);
        self.labels.push(Label { value, met, node, hop, from, other, dropped: false });
    }

    /// Notes a walk that has reached the target.
    fn arrive(&mut self, at: Option<usize>, hop: u32, value: i64) {
        let better = |best: &Option<Walk>| best.as_ref().is_none_or(|best| value < best.value);
        let (any, simple) = (better(&self.found.walk), better(&self.found.simple));
        if !any && !simple {
            return;
        }
        let walk = self.trace(at, hop, value);
        if simple && self.repeated(&walk).is_empty() {
            self.found.simple = Some(walk.clone());
        }
        if any {
            self.found.walk = Some(walk);
        }
    }

    fn trace(&self, at: Option<usize>, hop: u32, value: i64) -> Walk {
        let mut hops = vec![hop];
        let mut label = at.and_then(|at| self.labels.get(at));
        while let Some(here) = label {
            hops.push(here.hop);
            label = self.labels.get(here.from as usize);
        }
        hops.reverse();
        Walk { value, hops }
    }

    /// Those whom a walk meets more than once.
    pub(super) fn repeated(&self, walk: &Walk) -> Vec<u32> {
        // Whether taker or giver: the ends of a walk are met by one hop only.
        let mut met: Vec<u32> = walk.hops.iter().map(|&hop| self.graph.hop(hop).taker).collect();
        met.sort_unstable();
        let mut repeated: Vec<u32> =
            met.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        repeated.dedup();
        repeated
    }
}

//! Many ways of reduced cost zero from one participant to another, one after another, each found from
//! what the one before has left.
//!
//! Two trees, of who is reached from the source and of who reaches the sink, grow until they touch:
//! there is a way. Who loses its parent, because nothing more can move over that arc, looks for another
//! one in its tree, and leaves the tree if there is none (Boykov and Kolmogorov 2004).

use std::collections::VecDeque;

use super::adjacency::Half;
use super::residual::{Member, Residual};

/// No parent: the source or the sink.
const ROOT: u32 = u32::MAX;
/// No parent any more.
const ORPHAN: u32 = u32::MAX - 1;

/// Working memory, wiped by counting.
#[derive(Clone, Default)]
pub(super) struct Trees {
    /// The number of the source's tree; the sink's has the next one.
    pub(super) number: u32,
    sides: [Growth; 2],
    orphans: VecDeque<u32>,
    /// Counts the ways found: who was seen to hang on its root since, need not be followed there again.
    round: u32,
    /// The way found: pairs, and whether value goes from their debtor to their creditor; first the pair
    /// where the trees touch.
    pub(super) way: Vec<(u32, bool)>,
    /// The others again, each with who hangs on it.
    hanging: Vec<(u32, u32)>,
    /// Participants looked at since this was set to 0.
    pub(super) looks: u64,
}

#[derive(Clone, Default)]
struct Growth {
    /// Who may have neighbours outside the tree.
    active: VecDeque<u32>,
    /// How many arcs of the first of them were looked at.
    place: usize,
    work: usize,
}

impl Trees {
    pub(super) fn start(&mut self, net: &mut Residual, from: u32, to: u32) {
        if self.number >= u32::MAX - 3 {
            net.nodes.iter_mut().for_each(|node| node.member.tree = 0);
            self.number = 0;
        }
        self.number += 2;
        self.round = 1;
        for (side, v) in [from, to].into_iter().enumerate() {
            let growth = &mut self.sides[side];
            growth.active.clear();
            (growth.place, growth.work) = (0, 0);
            let tree = self.number + u32::from(side == 1);
            self.join(net, v, Member { tree, parent: ROOT, depth: 0, round: 0 });
        }
    }

    fn join(&mut self, net: &mut Residual, v: u32, member: Member) {
        net.nodes[v as usize].member = member;
        self.sides[usize::from(member.tree != self.number)].active.push_back(v);
    }

    /// Finds the next way, if there is one, after [`Self::mend`] if there was one before.
    pub(super) fn next_way(&mut self, net: &mut Residual) -> bool {
        loop {
            let found = if self.sides[0].work <= self.sides[1].work {
                self.grow::<false>(net)
            } else {
                self.grow::<true>(net)
            };
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Looks at the neighbours of one participant; says whether there is a way, once that is known.
    fn grow<const BACK: bool>(&mut self, net: &mut Residual) -> Option<bool> {
        let side = usize::from(BACK);
        let (mine, other) = (self.number + u32::from(BACK), self.number + u32::from(!BACK));
        let Some(&v) = self.sides[side].active.front() else { return Some(false) };
        let node = net.nodes[v as usize];
        if node.member.tree == mine {
            for place in self.sides[side].place..node.arcs.len as usize {
                let half = net.lists.of(node.arcs)[place];
                if !half.open::<BACK>() || !net.costs_nothing(v, half) {
                    continue;
                }
                let head = net.nodes[half.head as usize].member.tree;
                if head == other {
                    self.sides[side].place = place;
                    let ends = if BACK { [half.head, v] } else { [v, half.head] };
                    self.trace(net, ends, half.pair());
                    return Some(true);
                }
                if head != mine {
                    let depth = node.member.depth + 1;
                    let member = Member { tree: mine, parent: half.pair(), depth, round: 0 };
                    self.join(net, half.head, member);
                }
            }
            self.sides[side].work += node.arcs.len as usize + 1;
            self.looks += 1;
        }
        self.sides[side].active.pop_front();
        self.sides[side].place = 0;
        None
    }

    /// Writes down the way over `pair`, from the first of `ends`, in the source's tree, to the second.
    fn trace(&mut self, net: &Residual, ends: [u32; 2], pair: u32) {
        self.way.clear();
        self.hanging.clear();
        self.way.push((pair, net.pairs[pair as usize].debtor == ends[0]));
        for (side, mut at) in ends.into_iter().enumerate() {
            loop {
                let via = net.nodes[at as usize].member.parent;
                let Some(pair) = net.pairs.get(via as usize) else { break };
                // In the source's tree value arrives at `at`; in the sink's it leaves there.
                let end = if side == 0 { pair.creditor } else { pair.debtor };
                self.hanging.push((via, at));
                self.way.push((via, end == at));
                at = pair.other(at);
            }
        }
    }

    /// After something was moved over the way: whoever hung on an arc that has no more room is hung
    /// elsewhere, or let go.
    pub(super) fn mend(&mut self, net: &mut Residual) {
        self.round += 1;
        for ((via, v), (_, more)) in self.hanging.iter().zip(&self.way[1..]) {
            let pair = &net.pairs[*via as usize];
            if pair.room(*more) == 0 {
                net.nodes[*v as usize].member.parent = ORPHAN;
                self.orphans.push_back(*v);
            }
        }
        while let Some(v) = self.orphans.pop_front() {
            self.looks += 1;
            if net.nodes[v as usize].member.tree == self.number {
                self.adopt::<false>(net, v);
            } else {
                self.adopt::<true>(net, v);
            }
        }
    }

    /// Finds another parent for `v`, the nearest to the root; or lets it go.
    fn adopt<const BACK: bool>(&mut self, net: &mut Residual, v: u32) {
        let node = net.nodes[v as usize];
        let mut best: Option<(u32, Half)> = None;
        for place in 0..node.arcs.len as usize {
            let half = net.lists.of(node.arcs)[place];
            let head = net.nodes[half.head as usize].member;
            if head.tree == node.member.tree
                && leads_here::<BACK>(net, v, half)
                && best.is_none_or(|(depth, _)| head.depth < depth)
                && let Some(depth) = self.depth(net, half.head)
                && best.is_none_or(|(least, _)| depth < least)
            {
                best = Some((depth, half));
            }
        }
        let tree = node.member.tree;
        if let Some((depth, half)) = best {
            let member = Member { tree, parent: half.pair(), depth: depth + 1, round: self.round };
            net.nodes[v as usize].member = member;
            return;
        }
        net.nodes[v as usize].member.tree = 0;
        for place in 0..node.arcs.len as usize {
            let half = net.lists.of(node.arcs)[place];
            let head = &mut net.nodes[half.head as usize].member;
            if head.tree != tree {
                continue;
            }
            if head.parent == half.pair() {
                head.parent = ORPHAN;
                self.orphans.push_back(half.head);
            }
            if leads_here::<BACK>(net, v, half) {
                self.sides[usize::from(BACK)].active.push_back(half.head);
            }
        }
    }

    /// How far `v` is from its root; none if it does not hang there.
    fn depth(&mut self, net: &mut Residual, v: u32) -> Option<u32> {
        let (mut at, mut steps) = (v, 0);
        let base = loop {
            let member = net.nodes[at as usize].member;
            if member.round == self.round {
                break member.depth;
            }
            match member.parent {
                ROOT => break 0,
                ORPHAN => return None,
                via => at = net.pairs[via as usize].other(at),
            }
            steps += 1;
        };
        let depth = base + steps;
        (at, steps) = (v, depth);
        while net.nodes[at as usize].member.round != self.round {
            let member = &mut net.nodes[at as usize].member;
            (member.round, member.depth) = (self.round, steps);
            let Some(pair) = net.pairs.get(member.parent as usize) else { break };
            (at, steps) = (pair.other(at), steps - 1);
        }
        Some(depth)
    }
}

/// Whether value may come to `v` from the head, at no cost, in the source's tree; in the sink's, go there.
fn leads_here<const BACK: bool>(net: &Residual, v: u32, half: Half) -> bool {
    let open = if BACK { half.open::<false>() } else { half.open::<true>() };
    open && net.costs_nothing(v, half)
}

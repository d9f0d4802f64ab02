//! The tight graph: the arcs of reduced cost zero among those from whom a want can be reached, without
//! dead ends. All that a phase of the search may route goes over these.

use super::network::Network;
use crate::amount::Amount;

/// What a participant is in the tight graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Not in it, or in a dead end: nothing passes here.
    Outside,
    /// What comes in by one arc goes out by the other.
    Link,
    /// Excess or want, or a place where ways part.
    Junction,
}

/// One tight arc, as its tail lists it.
#[derive(Clone, Copy)]
pub(crate) struct Tight {
    pub(crate) head: u32,
    /// Its place in the network.
    pub(crate) place: u32,
}

/// The tight graph and the memory it is made in.
#[derive(Default)]
pub(crate) struct TightGraph {
    first: Vec<u32>,
    arcs: Vec<Tight>,
    /// How many arcs lead on from each participant, dead ends left out.
    degree: Vec<u32>,
    roles: Vec<Role>,
    ends: Vec<u32>,
}

impl TightGraph {
    /// Gathers the tight graph of a network whose potentials were just raised. What is to be routed from
    /// or to a dead end is brought to where it begins: it can go no other way.
    pub(crate) fn gather<A: Amount>(&mut self, net: &mut Network<A>) {
        self.first.clear();
        self.arcs.clear();
        self.degree.clear();
        for (v, mark) in net.marks.iter().enumerate() {
            let first = self.arcs.len();
            self.first.push(number(first));
            if mark.is_settled() {
                for place in net.arcs_of(v) {
                    let way = net.ways[place];
                    let to = net.marks[way.head()];
                    if to.potential + way.cost() == mark.potential && to.is_settled() {
                        self.arcs.push(Tight { head: number(way.head()), place: number(place) });
                    }
                }
            }
            self.degree.push(number(self.arcs.len() - first));
        }
        self.first.push(number(self.arcs.len()));
        self.prune(net);
        let is_junction = |v: usize| self.degree[v] > 2 || net.excess[v] != A::ZERO;
        for (v, role) in self.roles.iter_mut().enumerate() {
            if *role == Role::Link && is_junction(v) {
                *role = Role::Junction;
            }
        }
    }

    /// Takes dead ends away, again and again: whoever has one way only.
    fn prune<A: Amount>(&mut self, net: &mut Network<A>) {
        self.roles.clear();
        self.roles.resize(self.degree.len(), Role::Link);
        self.ends.clear();
        for (v, &degree) in self.degree.iter().enumerate() {
            if degree <= 1 {
                self.ends.push(number(v));
            }
        }
        while let Some(v) = self.ends.pop() {
            self.roles[v as usize] = Role::Outside;
            let Some(way) = self.arcs_of(v).next() else { continue };
            pass_on(net, v, way);
            let head = way.head as usize;
            self.degree[head] -= 1;
            if self.degree[head] == 1 {
                self.ends.push(way.head);
            }
        }
    }

    pub(crate) fn role(&self, v: u32) -> Role {
        self.roles[v as usize]
    }

    /// The participants of the tight graph at which ways part, begin or end.
    pub(crate) fn junctions(&self) -> impl Iterator<Item = u32> {
        let is_junction = |(v, role): (u32, &Role)| (*role == Role::Junction).then_some(v);
        (0..).zip(&self.roles).filter_map(is_junction)
    }

    /// The tight arcs of `v`, dead ends left out.
    pub(crate) fn arcs_of(&self, v: u32) -> impl Iterator<Item = Tight> {
        let arcs = self.first[v as usize] as usize..self.first[v as usize + 1] as usize;
        self.arcs[arcs].iter().copied().filter(|arc| self.role(arc.head) != Role::Outside)
    }
}

/// Brings what a dead end has too much or too little over its only way, as far as that lets it pass.
fn pass_on<A: Amount>(net: &mut Network<A>, v: u32, way: Tight) {
    let (excess, (on, back, _)) = (net.excess[v as usize], net.lets_pass(way.place));
    let units = if excess > A::ZERO { excess.min(on) } else { excess.max(-back) };
    if units != A::ZERO {
        net.push(way.place, units);
        net.excess[v as usize] -= units;
        net.excess[way.head as usize] += units;
    }
}

/// Arcs and participants have numbers that fit.
fn number(place: usize) -> u32 {
    u32::try_from(place).expect("arcs and participants are numbered")
}

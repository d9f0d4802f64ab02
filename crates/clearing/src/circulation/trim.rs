//! Who is on no circle: whoever owes nobody or is owed by nobody, and who is left so without them.
//!
//! Nothing of their debts can be cleared, so the search need not look at them. In the graphs of real
//! trade that is every tenth debt or more.

use crate::lists::Lists;
use crate::pairs::Pair;

/// Participants on no circle, in the order they fell off.
pub(crate) struct Trim {
    gone: Vec<bool>,
    order: Vec<u32>,
    out_of: Lists,
    into: Lists,
}

impl Trim {
    pub(crate) fn new<A>(participants: u32, pairs: &[Pair<A>]) -> Self {
        let out_of = Lists::new(participants, pairs, |pair| pair.debtor);
        let into = Lists::new(participants, pairs, |pair| pair.creditor);
        let n = participants as usize;
        let mut owes: Vec<u32> = (0..n).map(|v| out_of.len_of(v)).collect();
        let mut owed: Vec<u32> = (0..n).map(|v| into.len_of(v)).collect();
        let mut trim = Self { gone: vec![false; n], order: Vec::new(), out_of, into };
        for v in 0..participants {
            if owes[v as usize] == 0 || owed[v as usize] == 0 {
                trim.drop(v);
            }
        }
        let mut next = 0;
        while let Some(&v) = trim.order.get(next) {
            next += 1;
            for place in 0..trim.out_of.of(v).len() {
                let u = pairs[trim.out_of.of(v)[place] as usize].creditor;
                owed[u as usize] -= 1;
                if owed[u as usize] == 0 {
                    trim.drop(u);
                }
            }
            for place in 0..trim.into.of(v).len() {
                let u = pairs[trim.into.of(v)[place] as usize].debtor;
                owes[u as usize] -= 1;
                if owes[u as usize] == 0 {
                    trim.drop(u);
                }
            }
        }
        trim
    }

    fn drop(&mut self, v: u32) {
        if !std::mem::replace(&mut self.gone[v as usize], true) {
            self.order.push(v);
        }
    }

    /// Whether a pair may lie on a circle.
    pub(crate) fn keeps<A>(&self, pair: &Pair<A>) -> bool {
        !self.gone[pair.debtor as usize] && !self.gone[pair.creditor as usize]
    }

    /// Gives those on no circle potentials that prove it: a debtor's is at least one more than its
    /// creditor's. Whoever fell off last is given one first: at that moment it was owed by nobody who
    /// was left, or owed nobody, so only one side binds it.
    pub(crate) fn potentials<A>(mut self, pairs: &[Pair<A>], potentials: &mut [i32]) {
        for v in std::mem::take(&mut self.order).into_iter().rev() {
            let known = |u: u32| (!self.gone[u as usize]).then(|| potentials[u as usize]);
            let creditors = self.out_of.of(v).iter().map(|&pair| pairs[pair as usize].creditor);
            let debtors = self.into.of(v).iter().map(|&pair| pairs[pair as usize].debtor);
            let above = creditors.filter_map(known).max().map(|most| most + 1);
            let below = debtors.filter_map(known).min().map(|least| least - 1);
            potentials[v as usize] = above.or(below).unwrap_or(0);
            self.gone[v as usize] = false;
        }
    }
}

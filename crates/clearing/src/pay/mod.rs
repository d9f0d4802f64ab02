//! Payments: the exact amount to the payee, over as many paths as it needs, within the payer's limits; how
//! much can be paid at all; other ways to pay; and where the room ends.
//!
//! `reach` searches from both ends, `flow` adds up what is sent, `parts` makes paths of it, `cut` says where the
//! room ends. Where somebody charges, `charged` asks for the cheapest flow with losses, `laid` makes whole
//! milli-CHIPs of it, part upon part, and `improve` wins back what rounding took. The book's chapter on payments has
//! the reasons and the sources.

mod alternatives;
mod charged;
mod cut;
mod flow;
mod improve;
mod laid;
mod parts;
mod reach;
mod refusal;

use protocol::Units;

use crate::lossy::Prices;
use crate::path::{Hops, LONGEST_PATH, Path};
pub use alternatives::MOST_ALTERNATIVES;
pub use cut::{Cut, Payable};
pub use refusal::Unpaid;

use flow::{Flow, Rooms};
use reach::{Asked, Found, Reach};

/// The most parts of a payment unless the request says otherwise.
///
/// Each part is one more chain of people who have to agree. In a real network of 67,000 accounts 38,801
/// of 39,075 payments that could be made needed one part, and none more than 63.
pub const MOST_PARTS: u32 = 64;

/// What is asked: who pays whom how much, and what the payer accepts for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who pays.
    pub payer: u32,
    /// Who is paid.
    pub payee: u32,
    /// What is to arrive, exactly; above zero.
    pub amount: Units,
    /// The most that the payer gives for it, charges included.
    pub most_given: Units,
    /// The most legs of each part; more than [`LONGEST_PATH`] are never used.
    pub longest: u32,
    /// The most parts; none is as good as one.
    pub parts: u32,
}

impl Request {
    /// At any cost, with as many legs and parts as there may be: [`LONGEST_PATH`], [`MOST_PARTS`].
    #[must_use]
    pub const fn new(payer: u32, payee: u32, amount: Units) -> Self {
        Self {
            payer,
            payee,
            amount,
            most_given: Units::MAX,
            longest: LONGEST_PATH,
            parts: MOST_PARTS,
        }
    }

    fn legs(&self) -> u32 {
        self.longest.min(LONGEST_PATH)
    }
}

/// A way to pay: paths that are taken all at once, or none of them.
///
/// No two participants have value moving between them both ways. Where several parts use a tally, its charge is
/// that for the sum, rounded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The parts, at least one. A part is priced on top of those before it.
    pub parts: Vec<Path>,
    /// What the payer gives at least, whatever the plan within the request's limits.
    ///
    /// It is [`Plan::given`] wherever nobody charges, and where one part was asked for and found. Elsewhere it
    /// is a bound without rounding and for any number of legs, so that the better plan that it leaves room for need
    /// not exist.
    pub at_least: Units,
}

impl Plan {
    /// What the payer gives, in milli-CHIPs.
    #[must_use]
    pub fn given(&self) -> Units {
        sum(self.parts.iter().map(Path::given))
    }

    /// Whether it is known that nothing within the limits needs less from the payer.
    #[must_use]
    pub fn proved(&self) -> bool {
        self.given() <= self.at_least
    }

    /// What arrives at the payee.
    #[must_use]
    pub fn arrives(&self) -> Units {
        sum(self.parts.iter().map(Path::arrives))
    }

    /// The most legs of a part.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.parts.iter().map(|part| part.legs.len()).max().unwrap_or(0)
    }

    /// What moves over each hop in all, in the order of their places: one chit each.
    #[must_use]
    pub fn moves(&self) -> Vec<(usize, Units)> {
        let legs = self.parts.iter().flat_map(|part| &part.legs);
        let mut moves: Vec<(usize, Units)> = legs.map(|leg| (leg.hop, leg.units)).collect();
        moves.sort_unstable_by_key(|&(hop, _)| hop);
        moves.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = sum([kept.1, next.1].into_iter());
            }
            same
        });
        moves
    }
}

/// A sum that a plan keeps within the range of an amount: no plan gives more than a record holds.
fn sum(units: impl Iterator<Item = Units>) -> Units {
    let total: i128 = units.map(|units| i128::from(units.milli())).sum();
    i64::try_from(total).ok().and_then(|milli| Units::new(milli).ok()).unwrap_or(Units::MAX)
}

/// Plans payments. Keeps the memory of its searches, so that small ones cost little in large graphs; what it
/// answers depends on the graph and the request alone.
#[derive(Default)]
pub struct Planner {
    reach: Reach,
    prices: Prices,
}

impl Planner {
    /// A plan by which exactly the amount arrives, for the least that is found.
    ///
    /// Where nobody charges: one path if one can carry all of it, the shortest; among equals the one that goes least often beyond what takers
    /// want (their target), then the one whose narrowest tally has the most room. Otherwise several.
    /// A plan is found then whenever the room is there and the limits on legs and parts
    /// allow the one that is found.
    ///
    /// # Errors
    /// [`Unpaid`] says why there is none, how much can be paid at this moment and where the room ends.
    pub fn plan(&mut self, graph: &Hops, request: &Request) -> Result<Plan, Unpaid> {
        self.check(graph, request)?;
        if !graph.gifts() && request.most_given < request.amount {
            // No charge is negative, so no plan gives less than what arrives.
            return Err(Unpaid::TooCostly { least: request.amount, at_least: request.amount });
        }
        let free = self.free_of_charge(graph, request);
        if !graph.charges() || (free.is_ok() && !graph.gifts()) {
            return free;
        }
        charged::plan(self, graph, request, free)
    }

    /// A plan for which nobody charges or pays.
    fn free_of_charge(&mut self, graph: &Hops, request: &Request) -> Result<Plan, Unpaid> {
        let Request { payer, payee, amount, .. } = *request;
        let at_least = if graph.gifts() { Units::ZERO } else { amount };
        let mut flow = Flow::new(payer, payee, Rooms::Gratis);
        let asked = Asked { payer, payee, least: amount.milli(), longest: request.legs() };
        let one = self.reach.search(graph, &flow, asked);
        if let Found::Way = one {
            let hops: Vec<u32> = self.reach.steps.iter().map(|step| step.place).collect();
            return Ok(Plan { parts: vec![parts::path(graph, &hops, amount)], at_least });
        }
        let payable = self.fill(graph, &mut flow, amount.milli());
        if let Some(cut) = payable {
            let most = parts::units(flow.amount);
            return Err(Unpaid::TooLittle { most, cut: Some(cut), proved: !graph.charges() });
        }
        if request.parts <= 1 && matches!(one, Found::Stuck(_)) {
            return Err(Unpaid::TooManyParts { parts: 2 });
        }
        let parts = parts::split(graph, request, &flow)
            .or_else(|_| parts::split(graph, request, &self.short_ways(graph, request)))?;
        Ok(Plan { parts, at_least })
    }

    /// What can be sent over ways of few legs, one after the other, nothing of it taken back.
    fn short_ways(&mut self, graph: &Hops, request: &Request) -> Flow {
        let Request { payer, payee, amount, .. } = *request;
        let mut flow = Flow::new(payer, payee, Rooms::Gratis);
        flow.keep();
        flow.send(graph, &mut self.reach, amount.milli(), request.legs());
        flow
    }

    fn check(&self, graph: &Hops, request: &Request) -> Result<(), Unpaid> {
        let Request { payer, payee, amount, .. } = *request;
        if let Some(participant) = [payer, payee].into_iter().find(|p| *p >= graph.participants()) {
            return Err(Unpaid::Unknown { participant });
        }
        if payer == payee {
            return Err(Unpaid::ToOneself);
        }
        if amount <= Units::ZERO {
            return Err(Unpaid::NothingToPay { amount });
        }
        Ok(())
    }
}

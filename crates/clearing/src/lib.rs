//! What may move: the graph of debts, the largest circulation in it, found at once or held while debts
//! change, its proof, its circles; the cheapest path for a payment; and how sites find one together, none of
//! which knows more than its own users (`seek`, and `crossing` for one of them).
//!
//! Pure and deterministic: the same graph gives the same answer on every machine.

mod amount;
mod balance;
mod bounded;
mod certificate;
mod circles;
mod circulation;
mod convex;
mod crossing;
mod debt;
mod even;
mod kept;
mod lists;
mod lossy;
mod pairs;
mod path;
mod pay;
mod search;
mod seek;
mod support;
mod tries;

pub use balance::{
    BalanceFault, BalanceLimits, BalanceProof, Balanced, Gather, MOST_BALANCE_LOOKS, NoShift,
    Round, Shift, verify_balanced,
};
pub use bounded::{Bounded, MOST_SWAP_LOOKS, best_within};
pub use certificate::{CertificateFault, Proof, verify};
pub use circles::{Circle, Explanation, MAX_TOLD_MEMBERS, circles, circles_within};
pub use circulation::{Circulation, best_circulation};
pub use crossing::{Entries, Exits, Gates, Start, Way};
pub use debt::{Debt, GraphError};
pub use even::spread_evenly;
pub use kept::{Change, ChangeError, DynamicCirculation, Moved, ResumeError, Standing, TakeError};
pub use path::{
    Hop, Hops, HopsError, LONGEST_PATH, Leg, Limit, MOST_LABELS, MOST_LOOKS, MOST_NAMED, NoPath,
    Path, Share,
};
pub use pay::{Cut, MOST_ALTERNATIVES, MOST_PARTS, Payable, Plan, Planner, Request, Unpaid};
pub use seek::{
    Advertising, Counts, Door, Effect, Found, Here, Input, Kept, Limits, SearchId, Seeker, To,
    Wanted,
};
pub use tries::{LEAST_PART_MILLI, ROUND_BUDGET, Stands, TRIED_AT_ONCE, Tries};

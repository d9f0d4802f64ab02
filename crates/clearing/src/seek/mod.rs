//! How a site searches for a way for a payment, or a way round, and helps others search (protocol §7, "Discovery").
//!
//! Nobody has a map. Whoever begins asks its partners' sites, tally by tally, and these ask theirs: first no
//! farther than one tally, then two, four and eight. The machine is in `step.rs`; a search of one's own in
//! `own.rs`, and the payee's end of one in
//! `advertised.rs`; what is asked on in `spread.rs`; what is made of the answers in `gather.rs`; what a site knows that the
//! machine may read in `here.rs`, how many queries a partner may cause in `allowance.rs`, where ways round are known to end in
//! `dead.rs`, and what is forgotten when a site numbers its users and gates anew in `anew.rs`.
//!
//! What a search costs is bounded twice. A query has a budget of queries, itself included, which is divided among
//! those that it causes: one search of budget *b* causes at most *b* queries and as many answers, wherever they go.
//! And each partner has an allowance, so whoever asks too much is refused, and nobody else.

mod advertised;
mod allowance;
mod anew;
mod dead;
mod gather;
mod here;
mod own;
mod spread;
mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::query::{Query, Sought, Why};
use protocol::{AgentId, Hash, Units};

pub use advertised::Advertising;
pub use gather::Kept;
pub use here::{Door, Here};
pub use own::{Found, SearchId, To, Wanted};
pub use step::{Effect, Input};

use crate::crossing::{Start, Way};
use advertised::Advertised;
use allowance::Allowances;
pub(crate) use dead::LEAST_PART;
use dead::{DeadEnds, least_round};
use gather::Heard;
use here::Whom;
use own::Search;

/// What a site allows itself and its partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Over how many tallies one query is handed on at most, and over how many what is advertised is looked at for it.
    pub exits: usize,
    /// How many queries a partner may cause at once.
    pub allowance: u32,
    /// How many more each second.
    pub refill_a_second: u32,
    /// How long answers are waited for, for each tally that a query may still go over, in milliseconds.
    pub hop_ms: i64,
    /// For how long a query that led to plans is remembered with them, in milliseconds from when it came. Others are only for as
    /// long as they may take.
    pub keep_ms: i64,
    /// How many queries of one partner, and searches of one's own, are remembered at once: each takes some kilobytes, and with
    /// four plans, all as long as can be, some 17.
    pub open: usize,
    /// For how long it is remembered that no way round goes on beyond a tally, in milliseconds.
    pub end_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            exits: 16,
            allowance: 8_192,
            refill_a_second: 1_024,
            hop_ms: 1_000,
            keep_ms: 30_000,
            open: 2_048,
            end_ms: 600_000,
        }
    }
}

/// What has been counted since the machine began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Queries asked, one's own and for others.
    pub asked: u64,
    /// Adverts made, for one's own users and handed on.
    pub advertised: u64,
    /// Queries answered with plans.
    pub answered: u64,
    /// Queries refused, by reason.
    pub refused: BTreeMap<Why, u64>,
    /// Queries over no tally that is known, and answers to what was not asked, or too late: nothing is said to them.
    pub strays: u64,
}

/// The machine: all that a site remembers of searches. Losing it loses no money; searches under way end without
/// result.
#[derive(Clone, Debug)]
pub struct Seeker {
    /// What nobody else knows: marks and tokens are made with it.
    secret: Hash,
    limits: Limits,
    sessions: BTreeMap<Hash, Session>,
    /// The partners as they were last.
    partners: Arc<[AgentId]>,
    searches: BTreeMap<SearchId, Search>,
    /// How many queries of each partner are remembered.
    remembered: BTreeMap<AgentId, usize>,
    /// Plans that were answered, by token, and until when; and which tokens may expire then.
    kept: BTreeMap<Hash, (i64, Kept)>,
    expiring: BTreeMap<i64, Vec<Hash>>,
    allowances: Allowances,
    ends: DeadEnds,
    counts: Counts,
}

/// What is known of one session.
#[derive(Clone, Debug, Default)]
struct Session {
    /// Whom its queries seek.
    whom: Whom,
    /// How many queries have gone out over each gate.
    turns: BTreeMap<usize, u8>,
    /// The queries that came in, by nonce; that of one's own search is its own session.
    open: BTreeMap<Hash, Open>,
    /// How many of them are not over.
    waiting: usize,
    /// When the first of them expires, or before; none where there is none.
    first_expires_ms: Option<i64>,
    /// What was advertised, in the order in which it came.
    adverts: Vec<Advertised>,
    /// Until when that is remembered, and what was advertised to others.
    adverts_until_ms: i64,
}

/// Whose question it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Partner(AgentId),
    Own(SearchId),
}

/// A query, and what was asked on for it.
#[derive(Clone, Debug)]
struct Open {
    origin: Origin,
    start: Start,
    query: Query,
    branches: BTreeMap<Hash, Branch>,
    /// The plans that end here.
    here: Vec<Kept>,
    /// Whether some way was not asked because of depth or budget, or because partners have no allowance left.
    left_out: Option<Why>,
    until_ms: i64,
    expires_ms: i64,
    is_over: bool,
}

/// What was asked over one gate.
#[derive(Clone, Debug)]
struct Branch {
    gate: usize,
    partner: AgentId,
    ways: Vec<Way>,
    /// How many queries it may cause.
    granted: u32,
    /// How many it caused; all that it may until it is answered.
    used: u32,
    heard: Option<Heard>,
}

impl Session {
    /// One more query, which is not over.
    fn add(&mut self, nonce: Hash, open: Open) {
        self.waiting += 1;
        let before = self.remembers(nonce, open);
        self.waiting -= usize::from(before.is_some_and(|before| !before.is_over));
    }

    /// Remembers a query until it expires; gives the one of before.
    fn remembers(&mut self, nonce: Hash, open: Open) -> Option<Open> {
        let first = self.first_expires_ms.unwrap_or(i64::MAX);
        self.first_expires_ms = Some(first.min(open.expires_ms));
        self.open.insert(nonce, open)
    }
}

impl Origin {
    const fn partner(self) -> Option<AgentId> {
        match self {
            Self::Partner(agent) => Some(agent),
            Self::Own(_) => None,
        }
    }
}

impl Open {
    /// How many queries it caused, itself included.
    fn used(&self) -> u32 {
        1 + self.branches.values().map(|branch| branch.used).sum::<u32>()
    }

    /// How many of those that it was to cause it did not.
    fn unused(&self) -> u32 {
        self.branches.values().map(|branch| branch.granted - branch.used).sum()
    }

    /// So much is enough that nobody else need be asked: for a payee the whole amount, for a way round a part.
    fn enough(&self) -> Units {
        let amount = self.query.amount.get();
        match self.query.sought {
            Sought::Payee(_) => amount,
            Sought::Circle => least_round(amount),
        }
    }
}

impl Seeker {
    /// A machine that remembers nothing yet; `secret` is drawn at random.
    #[must_use]
    pub fn new(secret: Hash, limits: Limits) -> Self {
        Self {
            secret,
            limits,
            sessions: BTreeMap::new(),
            partners: Arc::from([]),
            searches: BTreeMap::new(),
            remembered: BTreeMap::new(),
            kept: BTreeMap::new(),
            expiring: BTreeMap::new(),
            allowances: Allowances::default(),
            ends: DeadEnds::default(),
            counts: Counts::default(),
        }
    }

    /// What has been counted.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The plan that was answered under this token, while it is remembered.
    #[must_use]
    pub fn plan(&self, token: &Hash) -> Option<&Kept> {
        self.kept.get(token).map(|(_, kept)| kept)
    }

    /// What the machine marks queries of a session with, to know them again if they come round.
    fn mark(&self, session: Hash) -> Hash {
        Hash::of(&[&self.secret.as_bytes()[..], session.as_bytes()].concat())
    }

    fn token(&self, session: Hash, nonce: Hash, place: u8) -> Hash {
        let parts = [self.secret, session, nonce].map(|hash| *hash.as_bytes());
        Hash::of(&[&parts.concat()[..], &[place]].concat())
    }
}

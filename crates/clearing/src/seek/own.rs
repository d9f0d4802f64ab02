//! A search of one of this site's users: rounds of growing depth, until the whole amount can be paid or nobody
//! knows more.

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::lift::MAX_REFEREES;
use protocol::query::{Budget, Depth, Payee, Query, Sought, Why};
use protocol::{AgentId, Cuid, Hash};

use super::dead::least_round;
use super::gather::Kept;
use super::spread::Spread;
use super::{Effect, Here, Origin, Seeker};
use crate::crossing::Start;

/// A search of one's own, by a number that its site chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(pub u64);

/// To whom a way is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A user of another site.
    Payee {
        /// Its name there.
        cuid: Cuid,
        /// The site's agent.
        agent: AgentId,
    },
    /// Back to whoever begins, over tallies that only make debts smaller.
    Round,
}

/// What a user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The search; none that is under way has this number.
    pub id: SearchId,
    /// The user, by number.
    pub payer: u32,
    /// To whom.
    pub to: To,
    /// How much is to arrive.
    pub amount: Positive,
    /// The most that the payer gives.
    pub most: Positive,
    /// Who may decide it, in order.
    pub referees: List<AgentId, MAX_REFEREES>,
    /// How far it goes in the first round: one tally, or as far as the payee's site has made adverts
    /// ([`super::Advertising`]).
    pub first: Depth,
    /// How far it goes at the end.
    pub deepest: Depth,
    /// How many queries it may cause, all rounds together.
    pub budget: Budget,
    /// Drawn at random, by the payee for its invoice or by whoever begins; the sessions follow from it.
    pub chance: Hash,
}

/// A plan for a payer here: its curve says what it gives; it goes on over a gate.
pub type Found = Kept;

#[derive(Clone, Debug)]
pub(super) struct Search {
    pub(super) wanted: Wanted,
    /// That of the round.
    pub(super) session: Hash,
    depth: Depth,
    /// What is left of the budget.
    left: u32,
    /// The best plans of earlier rounds.
    best: Vec<Found>,
}

impl Seeker {
    pub(super) fn begin(&mut self, wanted: Wanted, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        let id = wanted.id;
        if self.searches.contains_key(&id) || self.searches.len() >= self.limits.open {
            return vec![Effect::NotFound { search: id, why: Why::Busy }];
        }
        let depth = wanted.first.min(wanted.deepest);
        let session = session(&wanted.chance, depth);
        let left = wanted.budget.get();
        self.searches.insert(id, Search { wanted, session, depth, left, best: Vec::new() });
        self.round(id, here, now_ms)
    }

    /// Asks one round, and ends it at once where nobody is to be asked.
    fn round(&mut self, id: SearchId, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        let Some(search) = self.searches.get(&id) else { return Vec::new() };
        let (session, depth, part) = (search.session, search.depth, search.part());
        let (start_of, to_round) = (search.wanted.payer, search.wanted.to == To::Round);
        let start = Start::User(start_of);
        let query = search.query();
        // Nothing that comes back could get home: nobody need be asked.
        let comes_home = query.sought != Sought::Circle
            || here.debts.entries(start, least_round(query.amount.get())).all().next().is_some();
        let mut open = self.open(Origin::Own(id), start, query, now_ms);
        let (mut spread, mut adverts) = (Spread::default(), Vec::new());
        if comes_home {
            let (on, back) = if to_round { halves(depth) } else { (depth, None) };
            // The two ends of a way round are here: both search, with half of what may be spent.
            let behind = back.map_or(0, |_| part / 2);
            spread = self.spread(&mut open, Some(on), part - behind, here, now_ms);
            if let Some(back) = back.filter(|_| !spread.effects.is_empty()) {
                let end = (&open.query, start_of);
                adverts = self.adverts_home(end, (back, behind), here, now_ms);
                spread.used += behind;
            }
        }
        if let Some(search) = self.searches.get_mut(&id) {
            search.left -= spread.used;
        }
        // What is advertised goes first, so that it is there when a question comes.
        let mut effects = adverts;
        effects.extend(spread.effects);
        self.sessions.entry(session).or_default().add(session, open);
        effects.extend(self.finish_all(session, here, now_ms));
        effects
    }

    /// So much of what a round might have spent of a search's budget it did not.
    pub(super) fn has_back(&mut self, id: SearchId, queries: u32) {
        if let Some(search) = self.searches.get_mut(&id) {
            search.left += queries;
        }
    }

    /// A round is over: the search ends, or the next begins.
    pub(super) fn own_finished(
        &mut self,
        id: SearchId,
        plans: Vec<Found>,
        why: Why,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let Some(search) = self.searches.get_mut(&id) else { return Vec::new() };
        // Where somebody has found a part, somebody may find more beyond; a way round for a part is as good as one for the
        // whole, as there are other ways for the rest.
        let is_round = search.wanted.to == To::Round;
        let more = if is_round {
            plans.is_empty() && why == Why::Deep
        } else {
            why == Why::Deep || !plans.is_empty()
        };
        search.take(plans);
        if more && !search.is_whole() && search.deepens() {
            return self.round(id, here, now_ms);
        }
        let plans = self.searches.remove(&id).map(|search| search.best).unwrap_or_default();
        if plans.is_empty() {
            return vec![Effect::NotFound { search: id, why }];
        }
        vec![Effect::Found { search: id, plans }]
    }
}

impl Search {
    /// What of the budget this round may use: half of what is left, as often as rounds are to come after it.
    fn part(&self) -> u32 {
        let deepest = self.wanted.deepest.get();
        let rounds = (0..).take_while(|more| self.depth.get() << more < deepest).count();
        (self.left >> rounds).max(1).min(self.left)
    }

    /// Goes twice as deep, if it may and has something to spend.
    fn deepens(&mut self) -> bool {
        let deepest = self.wanted.deepest.get();
        let deeper = Depth::try_from((2 * self.depth.get()).min(deepest));
        match deeper {
            Ok(deeper) if deeper > self.depth && self.left > 0 => {
                self.depth = deeper;
                self.session = session(&self.wanted.chance, deeper);
                true
            }
            _ => false,
        }
    }

    fn is_whole(&self) -> bool {
        self.best.first().is_some_and(|plan| plan.curve.top().arrives >= self.wanted.amount)
    }

    fn take(&mut self, plans: Vec<Found>) {
        self.best.extend(plans);
        self.best.sort_by_key(Kept::rank);
        self.best.truncate(protocol::query::MOST_PLANS);
    }

    /// The question, as if somebody had asked it of this site.
    fn query(&self) -> Query {
        let Wanted { to, amount, most, referees, budget, .. } = &self.wanted;
        let (session, depth) = (self.session, self.depth);
        let sought = match to {
            To::Payee { cuid, agent } => Sought::Payee(Payee::of(cuid, agent, session)),
            To::Round => Sought::Circle,
        };
        let (trail, turn, referees) = (List::default(), 0, referees.clone());
        let (amount, most, budget, nonce) = (*amount, *most, *budget, session);
        Query { session, nonce, turn, sought, amount, most, depth, budget, referees, trail }
    }
}

/// How far each of the two ends of a way round goes: on, and back.
fn halves(depth: Depth) -> (Depth, Option<Depth>) {
    let back = depth.get() / 2;
    let on = Depth::try_from(depth.get() - back).unwrap_or(Depth::ONE);
    (on, Depth::try_from(back).ok())
}

/// The session of one round: without the number it follows from nobody can tell that two rounds are of one search.
pub(super) fn session(chance: &Hash, depth: Depth) -> Hash {
    Hash::of(&[&chance.as_bytes()[..], &[depth.get()]].concat())
}

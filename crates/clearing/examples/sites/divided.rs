//! A network divided among sites, and the messages between them.

use std::collections::{BTreeSet, VecDeque};

use clearing::{
    Advertising, Door, Effect, Gates, Here, Hop, Hops, Input, Limits, SearchId, Seeker, To, Wanted,
};
use protocol::bounded::List;
use protocol::query::Depth;
use protocol::{AgentId, Cuid, Hash, Record as _, SecretKey, Signer as _, TallyId, Units};

use crate::families::Chance;
use crate::lines::Failure;

pub(crate) struct Divided {
    at: Vec<u32>,
    /// The number of each participant at its site.
    local: Vec<u32>,
    sites: Vec<Site>,
    budget: u32,
    both_ends: bool,
    begun: u64,
}

struct Site {
    agent: AgentId,
    users: Vec<Option<Cuid>>,
    gates: Gates,
    doors: Vec<Door>,
    partners: Vec<AgentId>,
    seeker: Seeker,
}

/// What a search came to.
pub(crate) struct Search {
    pub(crate) found: Option<Way>,
    pub(crate) queries: usize,
    pub(crate) adverts: usize,
    pub(crate) bytes: usize,
}

/// The best way for the whole amount.
pub(crate) struct Way {
    pub(crate) given: Units,
    pub(crate) legs: usize,
}

/// Divides a network so that neighbours are often together: sites grow from random users, in turn.
pub(crate) fn near(graph: &Hops, sites: u32, chance: &mut Chance) -> Vec<u32> {
    let all = graph.participants();
    let mut at = vec![u32::MAX; all as usize];
    let most = all.div_ceil(sites) as usize;
    let mut growing: Vec<VecDeque<u32>> =
        (0..sites).map(|_| VecDeque::from([chance.below(all)])).collect();
    let (mut sizes, mut left) = (vec![0; sites as usize], 0);
    while growing.iter().any(|edge| !edge.is_empty()) {
        for (site, edge) in (0..).zip(&mut growing) {
            let Some(user) = edge.pop_front() else { continue };
            let size: &mut usize = &mut sizes[site as usize];
            if at[user as usize] != u32::MAX || *size >= most {
                continue;
            }
            (at[user as usize], *size) = (site, *size + 1);
            edge.extend(graph.leaving(user).map(|hop| graph.list()[hop].taker));
        }
    }
    // Whoever is joined to nobody, or only to sites that are full.
    for site in at.iter_mut().filter(|site| **site == u32::MAX) {
        (*site, left) = (left % sites, left + 1);
    }
    at
}

fn agent(site: u32) -> Result<AgentId, Failure> {
    let seed = Hash::of(format!("agent {site}").as_bytes());
    Ok(AgentId::of(&SecretKey::ed25519(seed.as_bytes()).public_key())?)
}

fn cuid(user: u32) -> Result<Cuid, Failure> {
    Ok(format!("user{user}").parse()?)
}

impl Divided {
    pub(crate) fn new(
        graph: &Hops,
        at: Vec<u32>,
        budget: u32,
        both_ends: bool,
    ) -> Result<Self, Failure> {
        let count = at.iter().max().map_or(0, |most| most + 1);
        let mut users: Vec<Vec<Option<Cuid>>> = vec![Vec::new(); count as usize];
        let mut local = Vec::with_capacity(at.len());
        for (user, site) in (0..).zip(&at) {
            let there = &mut users[*site as usize];
            local.push(u32::try_from(there.len())?);
            there.push(Some(cuid(user)?));
        }
        let mut sites = Vec::new();
        for (number, users) in (0..).zip(users) {
            sites.push(Site::new(number, users, graph, &at, &local)?);
        }
        Ok(Self { at, local, sites, budget, both_ends, begun: 0 })
    }

    pub(crate) fn apart(&self, a: u32, b: u32) -> bool {
        self.at[a as usize] != self.at[b as usize]
    }

    /// How many sites; of how many tallies between them; of how many in all.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        let gates: usize = self.sites.iter().map(|site| site.doors.len()).sum();
        let hops: usize = self.sites.iter().map(|site| site.gates.hops().list().len()).sum();
        (self.sites.len(), gates / 2, hops / 2 - gates / 2)
    }

    pub(crate) fn search(
        &mut self,
        payer: u32,
        payee: u32,
        amount: Units,
        most: Units,
    ) -> Result<Search, Failure> {
        self.begun += 1;
        let [from, to] = [payer, payee].map(|user| self.at[user as usize]);
        let wanted = Wanted {
            id: SearchId(self.begun),
            payer: self.local[payer as usize],
            to: To::Payee { cuid: cuid(payee)?, agent: agent(to)? },
            amount: amount.try_into()?,
            most: most.try_into()?,
            referees: List::new(vec![agent(u32::MAX)?])?,
            first: Depth::ONE,
            deepest: 8.try_into()?,
            budget: self.budget.try_into()?,
            chance: Hash::of(&self.begun.to_le_bytes()),
        };
        let mut adverts = Vec::new();
        if self.both_ends {
            for depth in [1, 2, 4] {
                let (amount, referees) = (wanted.amount, wanted.referees.clone());
                let (payee, chance) = (self.local[payee as usize], wanted.chance);
                let depth = u8::try_from(depth)?.try_into()?;
                // As much for all of them as the payer's site has.
                let budget = (self.budget / 3).max(1).try_into()?;
                adverts.push(Advertising { payee, amount, referees, depth, budget, chance });
            }
        }
        self.run((from as usize, wanted), (to as usize, adverts))
    }

    fn run(
        &mut self,
        (from, wanted): (usize, Wanted),
        (payees, adverts): (usize, Vec<Advertising>),
    ) -> Result<Search, Failure> {
        // Long enough for everything that was used to come back.
        let now_ms = i64::try_from(self.begun)? * 1_000_000;
        let amount = wanted.amount;
        let mut search = Search { found: None, queries: 0, adverts: 0, bytes: 0 };
        for site in &mut self.sites {
            site.step(Input::Tick, now_ms)?;
        }
        // The adverts are on their way before the payer's site begins.
        let mut post: VecDeque<(usize, Input)> =
            adverts.into_iter().map(|advert| (payees, Input::Advert(advert))).collect();
        let mut begins = Some(wanted);
        loop {
            let next = post.pop_front();
            let begin = || begins.take().map(|wanted| (from, Input::Begin(wanted)));
            let Some((at, input)) = next.or_else(begin) else { break };
            let from_agent = self.sites[at].agent;
            for effect in self.sites[at].step(input, now_ms)? {
                let (to, input) = match effect {
                    Effect::Ask { to, query } => {
                        search.queries += 1;
                        search.bytes += query.to_text()?.as_str().len();
                        (to, Input::Asked { from: from_agent, query })
                    }
                    Effect::Advert { to, advert } => {
                        search.adverts += 1;
                        search.bytes += advert.to_text()?.as_str().len();
                        (to, Input::Advertised { from: from_agent, advert })
                    }
                    Effect::Answer { to, answer } => {
                        search.bytes += answer.to_text()?.as_str().len();
                        (to, Input::Answered { from: from_agent, answer })
                    }
                    Effect::Found { plans, .. } => {
                        let best = plans.first().filter(|p| p.curve.top().arrives == amount);
                        search.found = best.map(|best| self.way(at, best)).transpose()?;
                        continue;
                    }
                    Effect::NotFound { .. } => continue,
                };
                post.push_back((self.site_of(to)?, input));
            }
        }
        Ok(search)
    }

    fn site_of(&self, agent: AgentId) -> Result<usize, Failure> {
        Ok(self.sites.iter().position(|site| site.agent == agent).ok_or("no such site")?)
    }

    fn way(&self, site: usize, plan: &clearing::Kept) -> Result<Way, Failure> {
        let given = plan.curve.top().enters.get();
        let (mut legs, mut on, mut here) = (plan.way.len(), plan.on, &self.sites[site]);
        while let Some((gate, token)) = on {
            here = &self.sites[self.site_of(here.doors[gate].partner)?];
            let kept = here.seeker.plan(&token).ok_or("a plan is forgotten")?;
            // The tally between the two is on both ways.
            (legs, on) = (legs + kept.way.len() - 1, kept.on);
        }
        Ok(Way { given, legs })
    }
}

impl Site {
    fn new(
        number: u32,
        users: Vec<Option<Cuid>>,
        graph: &Hops,
        at: &[u32],
        local: &[u32],
    ) -> Result<Self, Failure> {
        let here = |user: u32| (at[user as usize] == number).then(|| local[user as usize]);
        let mut inside = Vec::new();
        for hop in graph.list() {
            if let (Some(giver), Some(taker)) = (here(hop.giver), here(hop.taker)) {
                inside.push(Hop { giver, taker, lading: hop.lading });
            }
        }
        let mut gates = Gates::new(Hops::new(u32::try_from(users.len())?, inside)?);
        let mut doors = Vec::new();
        for (tally, pair) in graph.list().chunks(2).enumerate() {
            let [first, second] = pair else { continue };
            let (user, far, inward, outward) = match (here(first.giver), here(first.taker)) {
                (None, Some(user)) => (user, first.giver, first, second),
                (Some(user), None) => (user, first.taker, second, first),
                _ => continue,
            };
            gates.join(user, inward.lading, outward.lading)?;
            let name = Hash::of(format!("tally {tally}").as_bytes());
            let tally = TallyId::random(name.as_bytes()[..16].try_into()?);
            doors.push(Door { tally, partner: agent(at[far as usize])? });
        }
        let partners: BTreeSet<AgentId> = doors.iter().map(|door| door.partner).collect();
        let partners = partners.into_iter().collect();
        let secret = Hash::of(format!("secret {number}").as_bytes());
        let seeker = Seeker::new(secret, Limits::default());
        Ok(Self { agent: agent(number)?, users, gates, doors, partners, seeker })
    }

    fn step(&mut self, input: Input, now_ms: i64) -> Result<Vec<Effect>, Failure> {
        let referee = [agent(u32::MAX)?];
        let here = Here {
            me: self.agent,
            users: &self.users,
            payments: &self.gates,
            debts: &self.gates,
            doors: &self.doors,
            partners: &self.partners,
            referees: &referee,
        };
        Ok(self.seeker.step(input, &here, now_ms))
    }
}

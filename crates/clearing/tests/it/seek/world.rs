//! Sites in one economy, each of which knows its own users only, and the messages between them.

use std::collections::{BTreeSet, VecDeque};

use clearing::{
    Counts, Door, Effect, Found, Gates, Here, Hop, Hops, Input, Limits, SearchId, Seeker, To,
    Wanted,
};
use protocol::bounded::List;
use protocol::query::{Advert, Answer, Depth, Query, Why};
use protocol::{AgentId, Cuid, Hash, Lading, Record as _, SecretKey, Signer as _, TallyId, Units};

use crate::instances::Chance;

pub(crate) fn agent(number: usize) -> AgentId {
    let seed = Hash::of(format!("agent {number}").as_bytes());
    AgentId::of(&SecretKey::ed25519(seed.as_bytes()).public_key()).expect("an agent")
}

pub(crate) fn referee() -> AgentId {
    agent(1_000)
}

pub(crate) fn cuid(user: u32) -> Cuid {
    format!("name-of-{user}").parse().expect("a name")
}

pub(crate) fn tally(number: usize) -> TallyId {
    let hash = Hash::of(format!("tally {number}").as_bytes());
    TallyId::random(hash.as_bytes()[..16].try_into().expect("16 bytes"))
}

/// What of a tally only makes a debt smaller, at no charge to anybody.
fn debt_only(lading: &Lading) -> Lading {
    // Where nobody charges up to the debt, it moves for nothing; other debts do not move here.
    let within = lading.up_to(lading.debt());
    let charges = within.cost(within.most()).expect("within");
    if charges.reward == Units::ZERO && charges.clutch == Units::ZERO {
        within
    } else {
        Lading::NONE
    }
}

pub(crate) struct Site {
    pub(crate) agent: AgentId,
    /// Numbers in the whole economy.
    pub(crate) users: Vec<u32>,
    names: Vec<Option<Cuid>>,
    pub(crate) gates: Gates,
    debts: Gates,
    pub(crate) doors: Vec<Door>,
    partners: Vec<AgentId>,
    pub(crate) referees: Vec<AgentId>,
    /// The place in the whole economy of each hop here.
    places: Vec<usize>,
    pub(crate) seeker: Seeker,
}

#[derive(Clone, Debug)]
pub(crate) enum Message {
    Query(Query),
    Answer(Answer),
    Advert(Advert),
}

impl Message {
    pub(crate) fn text(&self) -> String {
        let text = match self {
            Self::Query(query) => query.to_text(),
            Self::Answer(answer) => answer.to_text(),
            Self::Advert(advert) => advert.to_text(),
        };
        text.expect("a text").as_str().to_owned()
    }
}

/// What became of a search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Found(Vec<Found>),
    NotFound(Why),
}

pub(crate) struct World {
    pub(crate) list: Vec<Hop>,
    /// The site of each participant.
    pub(crate) at: Vec<usize>,
    pub(crate) sites: Vec<Site>,
    /// From, to, what.
    pub(crate) post: VecDeque<(usize, usize, Message)>,
    /// Everything that was ever sent.
    pub(crate) sent: Vec<(usize, usize, Message)>,
    pub(crate) outcomes: Vec<(SearchId, Outcome)>,
    pub(crate) now_ms: i64,
}

impl World {
    /// The economy of `list`, in which both directions of each tally follow each other; `at` says who is where.
    pub(crate) fn new(list: Vec<Hop>, at: Vec<usize>, limits: Limits) -> Self {
        let count = at.iter().max().map_or(0, |most| most + 1);
        let sites = (0..count).map(|site| Site::new(site, &list, &at, limits)).collect();
        let (post, sent, outcomes) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { list, at, sites, post, sent, outcomes, now_ms: 0 }
    }

    /// The number of a participant at its site.
    pub(crate) fn local(&self, user: u32) -> u32 {
        let users = &self.sites[self.at[user as usize]].users;
        u32::try_from(users.iter().position(|u| *u == user).expect("there")).expect("few")
    }

    pub(crate) fn wanted(&self, payer: u32, payee: u32, amount: i64, most: i64) -> Wanted {
        let positive = |milli| Units::new(milli).expect("an amount").try_into().expect("positive");
        let site = &self.sites[self.at[payee as usize]];
        Wanted {
            id: SearchId(1),
            payer: self.local(payer),
            to: To::Payee { cuid: cuid(payee), agent: site.agent },
            amount: positive(amount),
            most: positive(most),
            referees: List::new(vec![referee()]).expect("few"),
            first: Depth::ONE,
            deepest: 8.try_into().expect("a depth"),
            budget: 4_096.try_into().expect("a budget"),
            chance: Hash::of(b"chance"),
        }
    }

    pub(crate) fn input(&mut self, site: usize, input: Input) {
        let now_ms = self.now_ms;
        let effects = self.sites[site].step(input, now_ms);
        for effect in effects {
            let (to, message) = match effect {
                Effect::Ask { to, query } => (to, Message::Query(query)),
                Effect::Answer { to, answer } => (to, Message::Answer(answer)),
                Effect::Advert { to, advert } => (to, Message::Advert(advert)),
                Effect::Found { search, plans } => {
                    self.outcomes.push((search, Outcome::Found(plans)));
                    continue;
                }
                Effect::NotFound { search, why } => {
                    self.outcomes.push((search, Outcome::NotFound(why)));
                    continue;
                }
            };
            let to = self.sites.iter().position(|site| site.agent == to).expect("a site");
            self.sent.push((site, to, message.clone()));
            self.post.push_back((site, to, message));
        }
    }

    pub(crate) fn deliver(&mut self, (from, to, message): (usize, usize, Message)) {
        let from = self.sites[from].agent;
        let input = match message {
            Message::Query(query) => Input::Asked { from, query },
            Message::Answer(answer) => Input::Answered { from, answer },
            Message::Advert(advert) => Input::Advertised { from, advert },
        };
        self.input(to, input);
    }

    /// Delivers everything, in the order of `chance`.
    pub(crate) fn run(&mut self, chance: &mut Chance) {
        while !self.post.is_empty() {
            let at = chance.below(u32::try_from(self.post.len()).expect("few")) as usize;
            let message = self.post.remove(at).expect("there");
            self.deliver(message);
        }
    }

    /// Lets time pass at all sites, and delivers what comes of it.
    pub(crate) fn wait(&mut self, ms: i64, chance: &mut Chance) {
        self.now_ms += ms;
        for site in 0..self.sites.len() {
            self.input(site, Input::Tick);
        }
        self.run(chance);
    }

    /// One search from beginning to end.
    pub(crate) fn search(&mut self, wanted: Wanted, site: usize, chance: &mut Chance) -> Outcome {
        self.input(site, Input::Begin(wanted));
        self.run(chance);
        let (_, outcome) = self.outcomes.pop().expect("all were answered, so it is over");
        assert!(self.outcomes.is_empty(), "one outcome a search");
        outcome
    }

    /// The whole way of a plan, as places in the whole economy: each site knows its part by its own token.
    pub(crate) fn unrolled(&self, site: usize, plan: &Found) -> Vec<usize> {
        let mut here = &self.sites[site];
        let mut way: Vec<usize> = plan.way.iter().map(|hop| here.places[*hop]).collect();
        let mut on = plan.on;
        while let Some((gate, token)) = on {
            let partner = here.doors[gate].partner;
            here = self.sites.iter().find(|site| site.agent == partner).expect("a site");
            let kept = here.seeker.plan(&token).expect("it is remembered");
            let theirs: Vec<usize> = kept.way.iter().map(|hop| here.places[*hop]).collect();
            assert_eq!(way.last(), theirs.first(), "the tally between them is on both ways");
            way.extend(&theirs[1..]);
            on = kept.on;
        }
        way
    }

    pub(crate) fn queries(&self) -> usize {
        self.sent.iter().filter(|(.., message)| matches!(message, Message::Query(_))).count()
    }
}

impl Site {
    fn new(number: usize, list: &[Hop], at: &[usize], limits: Limits) -> Self {
        let all = 0..u32::try_from(at.len()).expect("few");
        let users: Vec<u32> = all.filter(|user| at[*user as usize] == number).collect();
        let local =
            |user: u32| (0..).zip(&users).find(|(_, u)| **u == user).map(|(local, _)| local);
        let (mut inside, mut places) = (Vec::new(), Vec::new());
        for (place, hop) in list.iter().enumerate() {
            if let (Some(giver), Some(taker)) = (local(hop.giver), local(hop.taker)) {
                inside.push(Hop { giver, taker, lading: hop.lading });
                places.push(place);
            }
        }
        let participants = u32::try_from(users.len()).expect("few");
        let debts = inside.iter().map(|hop| Hop { lading: debt_only(&hop.lading), ..*hop });
        let graph = |hops: Vec<Hop>| Gates::new(Hops::new(participants, hops).expect("a graph"));
        let (mut debts, mut gates) = (graph(debts.collect()), graph(inside));
        let mut doors = Vec::new();
        for (number, pair) in list.chunks(2).enumerate() {
            let (there, here) = (pair[0].giver, pair[0].taker);
            let (user, far, inward) = match (local(there), local(here)) {
                (None, Some(user)) => (user, there, 0),
                (Some(user), None) => (user, here, 1),
                _ => continue,
            };
            let (come, go) = (pair[inward].lading, pair[1 - inward].lading);
            gates.join(user, come, go).expect("a gate");
            debts.join(user, debt_only(&come), debt_only(&go)).expect("a gate");
            places.extend([2 * number + inward, 2 * number + 1 - inward]);
            doors.push(Door { tally: tally(number), partner: agent(at[far as usize]) });
        }
        let partners: BTreeSet<AgentId> = doors.iter().map(|door| door.partner).collect();
        let partners = partners.into_iter().collect();
        let secret = Hash::of(format!("secret {number}").as_bytes());
        Self {
            agent: agent(number),
            names: users.iter().map(|user| Some(cuid(*user))).collect(),
            users,
            gates,
            debts,
            partners,
            doors,
            referees: vec![referee()],
            places,
            seeker: Seeker::new(secret, limits),
        }
    }

    pub(crate) fn step(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let here = Here {
            me: self.agent,
            users: &self.names,
            payments: &self.gates,
            debts: &self.debts,
            doors: &self.doors,
            partners: &self.partners,
            referees: &self.referees,
        };
        self.seeker.step(input, &here, now_ms)
    }

    pub(crate) fn counts(&self) -> &Counts {
        self.seeker.counts()
    }
}

//! A network of tallies divided among sites, each of which knows its own users only: the shipping machine at every site,
//! and what it reads. How a network is divided is in `division.rs`, the messages of a search in `post.rs`, lifts in
//! `lifts.rs`, how many bytes those take in `records.rs`.
#![allow(dead_code, reason = "each example takes what it needs")]

mod division;
mod lifts;
mod post;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use clearing::{Door, Effect, Gates, Here, Hop, Hops, Input, Limits, Seeker};
use protocol::{AgentId, Cuid, Hash, SecretKey, Signer as _, TallyId};

#[allow(unused_imports, reason = "each example takes what it needs")]
pub(crate) use division::{at_random, by_community, near};
#[allow(unused_imports, reason = "each example takes what it needs")]
pub(crate) use lifts::Lifted;
pub(crate) use post::{Said, What};

use crate::lines::Failure;
use crate::tallies::Tally;
use records::Records;

/// What is added up of a tally: all that its users signed, or what only makes debts smaller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moves {
    All,
    Debts,
}

/// A network divided among sites.
pub(crate) struct Divided {
    pub(crate) tallies: Vec<Tally>,
    moves: Moves,
    /// The site of each participant.
    pub(crate) at: Vec<u32>,
    /// The number of each participant at its site.
    pub(crate) local: Vec<u32>,
    pub(crate) sites: Vec<Site>,
    by_agent: BTreeMap<AgentId, usize>,
    /// Under whom all lifts are decided.
    referee: AgentId,
    /// Where each tally is: at one site, or at two; and the places of its two hops there.
    places: Vec<Vec<(usize, [usize; 2])>>,
    /// All that was said so far.
    pub(crate) said: Said,
    pub(crate) now_ms: i64,
    searches: u64,
    records: Records,
}

/// One site.
pub(crate) struct Site {
    pub(crate) agent: AgentId,
    users: Vec<Option<Cuid>>,
    pub(crate) gates: Gates,
    pub(crate) doors: Vec<Door>,
    partners: Vec<AgentId>,
    pub(crate) seeker: Seeker,
    /// Of the two hops at each even place and the next: their tally, and whether they are the other way round here.
    hops: Vec<(usize, bool)>,
    /// The tally of each gate.
    pub(crate) beyond: Vec<usize>,
}

pub(crate) fn agent(site: usize) -> Result<AgentId, Failure> {
    Ok(AgentId::of(&agent_key(site).public_key())?)
}

fn agent_key(site: usize) -> SecretKey {
    SecretKey::ed25519(Hash::of(format!("agent {site}").as_bytes()).as_bytes())
}

/// Under whom all lifts are decided.
const REFEREE: usize = usize::MAX;

pub(crate) fn cuid(user: u32) -> Result<Cuid, Failure> {
    Ok(format!("user{user}").parse()?)
}

fn tally_id(tally: usize) -> Result<TallyId, Failure> {
    let name = Hash::of(format!("tally {tally}").as_bytes());
    Ok(TallyId::random(name.as_bytes()[..16].try_into()?))
}

impl Divided {
    /// Tallies among participants, each of whom is `at` a site.
    pub(crate) fn new(tallies: Vec<Tally>, at: Vec<u32>, moves: Moves) -> Result<Self, Failure> {
        let count = at.iter().max().map_or(0, |most| *most as usize + 1);
        let mut users: Vec<Vec<Option<Cuid>>> = vec![Vec::new(); count];
        let mut local = Vec::with_capacity(at.len());
        for (user, site) in (0..).zip(&at) {
            let there = &mut users[*site as usize];
            local.push(u32::try_from(there.len())?);
            there.push(Some(cuid(user)?));
        }
        let sites: Result<Vec<_>, _> = users.into_iter().enumerate().map(Site::new).collect();
        let mut sites = sites?;
        let by_agent = sites.iter().enumerate().map(|(at, site)| (site.agent, at)).collect();
        let mut places = vec![Vec::new(); tallies.len()];
        let of = |user: u32| at[user as usize] as usize;
        // What is inside sites first: the numbers of gates come after those of users.
        for (tally, known) in tallies.iter().enumerate() {
            let [holder, partner] = known.ends;
            if of(holder) == of(partner) {
                let ends = known.ends.map(|user| local[user as usize]);
                let hops = laden(known, moves)?.map(|lading| (lading, ends));
                places[tally].push((of(holder), sites[of(holder)].ties(tally, hops)?));
            }
        }
        let agents: Vec<AgentId> = sites.iter().map(|site| site.agent).collect();
        for (tally, known) in tallies.iter().enumerate() {
            let [holder, partner] = known.ends;
            if of(holder) == of(partner) {
                continue;
            }
            for (user, far, turned) in [(holder, partner, false), (partner, holder, true)] {
                let door = Door { tally: tally_id(tally)?, partner: agents[of(far)] };
                let site = &mut sites[of(user)];
                let hops = laden(known, moves)?;
                places[tally]
                    .push((of(user), site.joins(tally, door, local[user as usize], turned, hops)?));
            }
        }
        for site in &mut sites {
            let partners: BTreeSet<AgentId> = site.doors.iter().map(|door| door.partner).collect();
            site.partners = partners.into_iter().collect();
        }
        Ok(Self {
            tallies,
            moves,
            at,
            local,
            sites,
            by_agent,
            referee: agent(REFEREE)?,
            places,
            said: Said::default(),
            now_ms: 0,
            searches: 0,
            records: Records::default(),
        })
    }

    pub(crate) fn apart(&self, a: u32, b: u32) -> bool {
        self.at[a as usize] != self.at[b as usize]
    }

    /// How many tallies are between sites.
    pub(crate) fn between(&self) -> usize {
        self.places.iter().filter(|places| places.len() == 2).count()
    }

    /// Whether a tally is between two sites.
    pub(crate) fn is_between(&self, tally: usize) -> bool {
        self.places[tally].len() == 2
    }

    /// Moves so much over a tally: in to its holder, or out.
    pub(crate) fn move_over(
        &mut self,
        tally: usize,
        inward: bool,
        units: protocol::Units,
    ) -> Result<(), Failure> {
        let known = &mut self.tallies[tally];
        let balance = known.balance;
        known.balance = if inward { balance.plus(units)? } else { balance.minus(units)? };
        let ladings = laden(known, self.moves)?;
        for (site, places) in &self.places[tally] {
            let hops = self.sites[*site].gates.hops_mut();
            for (place, lading) in places.iter().zip(ladings) {
                let hop = *hops.list().get(*place).ok_or("no such hop")?;
                hops.put(*place, Hop { lading, ..hop })?;
            }
        }
        Ok(())
    }
}

/// What can move over a tally: in to its holder, and out.
pub(crate) fn laden(tally: &Tally, moves: Moves) -> Result<[protocol::Lading; 2], Failure> {
    Ok(tally.hops()?.map(|hop| match moves {
        Moves::All => hop.lading,
        Moves::Debts => hop.lading.only_debt(),
    }))
}

impl Site {
    fn new((number, users): (usize, Vec<Option<Cuid>>)) -> Result<Self, Failure> {
        let secret = Hash::of(format!("secret {number}").as_bytes());
        Ok(Self {
            agent: agent(number)?,
            gates: Gates::new(Hops::new(u32::try_from(users.len())?, Vec::new())?),
            users,
            doors: Vec::new(),
            partners: Vec::new(),
            seeker: Seeker::new(secret, Limits::default()),
            hops: Vec::new(),
            beyond: Vec::new(),
        })
    }

    /// A tally between two users here: in to the first of the ends, and out.
    fn ties(
        &mut self,
        tally: usize,
        [inward, outward]: [(protocol::Lading, [u32; 2]); 2],
    ) -> Result<[usize; 2], Failure> {
        let hops = self.gates.hops_mut();
        let place = hops.list().len();
        let (lading, [holder, partner]) = inward;
        hops.put(place, Hop { giver: partner, taker: holder, lading })?;
        hops.put(place + 1, Hop { giver: holder, taker: partner, lading: outward.0 })?;
        self.hops.push((tally, false));
        Ok([place, place + 1])
    }

    /// A tally of a user here with one elsewhere; `turned` if that one is its holder. The places of the hops, that which
    /// leads in to the holder first.
    fn joins(
        &mut self,
        tally: usize,
        door: Door,
        user: u32,
        turned: bool,
        [inward, outward]: [protocol::Lading; 2],
    ) -> Result<[usize; 2], Failure> {
        let [come, go] = if turned { [outward, inward] } else { [inward, outward] };
        let gate = self.gates.join(user, come, go)?;
        let [come, go] = self.gates.places(gate).ok_or("no such gate")?;
        self.doors.push(door);
        self.users.push(None);
        self.hops.push((tally, turned));
        self.beyond.push(tally);
        Ok(if turned { [go, come] } else { [come, go] })
    }

    /// The tally of a hop here, and whether it leads in to its holder.
    pub(crate) fn tally(&self, hop: usize) -> Option<(usize, bool)> {
        let (tally, turned) = *self.hops.get(hop / 2)?;
        Some((tally, hop.is_multiple_of(2) != turned))
    }

    fn step(&mut self, input: Input, referee: AgentId, now_ms: i64) -> Vec<Effect> {
        let here = Here {
            me: self.agent,
            users: &self.users,
            payments: &self.gates,
            debts: &self.gates,
            doors: &self.doors,
            partners: &self.partners,
            referees: &[referee],
        };
        self.seeker.step(input, &here, now_ms)
    }
}

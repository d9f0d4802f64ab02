//! The graph in which a payment's path is looked for, and circles to clear: the tallies whose two halves
//! are here and say the same. It is remembered (`map.rs`) and may be behind: what counts are the locked halves.
//! Tallies with users of other sites are beside it (`border.rs`).

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use clearing::{Hop, Hops, Limit, NoPath, Path};
use protocol::lading::Lading;
use protocol::ledger::Ledger;
use protocol::lift::Leg;
use protocol::{AgentId, Cuid, PublicKey, Side, Sides, TallyId, Units};
use store::{Half, HalfId};

use super::border::Border;
use super::mirrored::Mirrored;
use super::plan::Move;
use super::standing::{Owing, Owings, Relief};

/// How many tallies are remembered: some 500 bytes each, as much again where the site clears by itself, and as much
/// again where it has partners elsewhere (`crate::seek` has a copy); so at most some 1,500 MB.
pub const MAX_TALLIES: usize = 1 << 20;

/// The tallies of a site, as far as a payment needs to know them.
pub(crate) struct Graph {
    /// The site's agent, as addresses have it.
    agent: String,
    /// Which graph it is of those that there were: what was found in another means nothing in it.
    pub(super) generation: u64,
    /// Of the tie at `n`: what the stock gives to the foil at `2n`, the other way at `2n + 1`.
    pub(super) hops: Hops,
    pub(super) ties: Vec<Tie>,
    pub(super) places: HashMap<TallyId, usize>,
    pub(super) names: Vec<Cuid>,
    pub(super) numbers: HashMap<Cuid, u32>,
    keys: Vec<PublicKey>,
    key_numbers: HashMap<PublicKey, u32>,
    /// Counts how often all halves were read.
    pub(super) round: u32,
    /// Whether there are tallies that are not remembered.
    cut: bool,
    /// How many ties there are whose halves do not say the same just now.
    unsettled: usize,
    /// Places of the ties that may owe something else than when [`Graph::owings`] was last asked; none: it
    /// never was.
    marked: Option<BTreeSet<usize>>,
    /// The tallies with users of other sites.
    pub(super) border: Border,
    /// What a copy of all this has.
    pub(super) mirrored: Mirrored,
}

/// A tally whose halves mean each other.
pub(super) struct Tie {
    pub(super) tally: TallyId,
    /// The users, by number.
    pub(super) ends: Sides<u32>,
    /// The keys that they sign with on it, by number.
    keys: Sides<u32>,
    told: Sides<Option<Told>>,
}

/// What one half said last.
#[derive(Clone, Copy)]
struct Told {
    half: HalfId,
    version: u64,
    /// A digest of what it says about the tally; none where it must not lift.
    says: Option<u64>,
    round: u32,
}

/// What is new of a half: how it is kept in one version.
pub(crate) struct News {
    half: HalfId,
    version: u64,
    pub(super) tally: TallyId,
    pub(super) side: Side,
    pub(super) holder: Cuid,
    /// The partner's short address.
    partner: String,
    pub(super) says: Option<Says>,
}

impl News {
    /// None where there is no partner yet.
    pub(crate) fn of(half: &Half, version: u64, ledger: Option<&Ledger>) -> Option<Self> {
        Some(Self {
            half: half.id,
            version,
            tally: half.tally,
            side: half.side,
            holder: half.holder.clone(),
            partner: half.row.partner.clone()?,
            says: ledger.and_then(|ledger| Says::of(half.side, ledger)),
        })
    }

    pub(crate) const fn half(&self) -> HalfId {
        self.half
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }
}

/// What one half says about its tally; both halves of one say it alike, once each knows all.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Says {
    /// What each side can take in.
    pub(super) inward: Sides<Lading>,
    /// The keys that the users sign with.
    keys: Sides<PublicKey>,
}

impl Says {
    /// None where the half must not lift: not open, closed, in conflict.
    fn of(side: Side, ledger: &Ledger) -> Option<Self> {
        let position = ledger.position()?;
        let consent = ledger.consent();
        let own = Lading::inward(position, &consent);
        let others = Lading::outward(position, &consent);
        let inward = match side {
            Side::Stock => Sides { stock: own, foil: others },
            Side::Foil => Sides { stock: others, foil: own },
        };
        let keys = Sides { stock: *ledger.key(Side::Stock)?, foil: *ledger.key(Side::Foil)? };
        Some(Self { inward, keys })
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// A way to pay, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// From the payer to the payee; at least one.
    pub(crate) steps: Vec<Step>,
    /// Whether it is known that no way costs less.
    pub(crate) proved: bool,
}

/// A tally that a payment goes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Where its hop is in the graph.
    hop: usize,
    pub(crate) tally: TallyId,
    /// The side that gives.
    pub(crate) by: Side,
    pub(crate) giver: Cuid,
    pub(crate) taker: Cuid,
    pub(crate) halves: Sides<HalfId>,
    pub(crate) units: Units,
}

impl Way {
    /// What the payer gives.
    pub(crate) fn given(&self) -> Units {
        self.steps.first().map_or(Units::ZERO, |step| step.units)
    }

    /// The halves that it touches.
    pub(crate) fn halves(&self) -> Vec<HalfId> {
        let both = |step: &Step| [step.halves.stock, step.halves.foil];
        self.steps.iter().flat_map(both).collect()
    }
}

impl Graph {
    /// The graph of a site's agent, of this generation.
    pub(crate) fn at(agent: AgentId, generation: u64) -> Self {
        Self {
            agent: agent.to_string(),
            generation,
            hops: Hops::default(),
            ties: Vec::new(),
            places: HashMap::new(),
            names: Vec::new(),
            numbers: HashMap::new(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            round: 0,
            cut: false,
            unsettled: 0,
            marked: None,
            border: Border::default(),
            mirrored: Mirrored::default(),
        }
    }

    /// Whether some halves do not say the same, as notes between them are on their way.
    pub(crate) const fn is_unsettled(&self) -> bool {
        self.unsettled > 0
    }

    /// All halves are about to be read.
    pub(crate) const fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// All halves that lift were read: what was not heard of since the round began is no more.
    pub(crate) fn end_round(&mut self) {
        self.border.end_round(self.round);
        for place in 0..self.ties.len() {
            for side in Side::BOTH {
                let told = self.ties[place].told.of_mut(side);
                if told.is_some_and(|told| told.round != self.round) {
                    self.count(place, false);
                    *self.ties[place].told.of_mut(side) = None;
                    self.count(place, true);
                    self.shut(place);
                }
            }
        }
    }

    /// Takes in what is new of a half, unless something newer is known. `forced`: whatever is known, as
    /// this is the half under its lock.
    pub(crate) fn learn(&mut self, news: &News, forced: bool) {
        if let Some((_, agent)) = news.partner.split_once(':')
            && agent != self.agent
        {
            self.learn_abroad(news, agent, forced);
            return;
        }
        let Some(place) = self.place(news) else { return };
        let known = self.ties[place].told.of(news.side);
        if !forced && known.is_some_and(|known| known.version > news.version) {
            return;
        }
        let (half, version, round) = (news.half, news.version, self.round);
        let told = Told { half, version, says: news.says.as_ref().map(Says::digest), round };
        self.count(place, false);
        *self.ties[place].told.of_mut(news.side) = Some(told);
        self.count(place, true);
        match news.says.as_ref().filter(|_| self.agree(place)) {
            Some(says) => self.open(place, says),
            None => self.shut(place),
        }
    }

    /// The tie of a half; a new one where it says something, and there is room. None for a tally
    /// with somebody elsewhere, and for a second tally of one name: a stranger may have named its
    /// own so.
    fn place(&mut self, half: &News) -> Option<usize> {
        let (partner, agent) = half.partner.split_once(':')?;
        if agent != self.agent {
            return None;
        }
        let partner: Cuid = partner.parse().ok()?;
        if let Some(&place) = self.places.get(&half.tally) {
            let ends = &self.ties[place].ends;
            let named = |side, name: &Cuid| self.names.get(*ends.of(side) as usize) == Some(name);
            let same = named(half.side, &half.holder) && named(half.side.other(), &partner);
            return same.then_some(place);
        }
        let says = half.says.as_ref()?;
        if self.ties.len() >= MAX_TALLIES || half.holder == partner {
            self.cut |= half.holder != partner;
            return None;
        }
        let (own, other) = (self.number(&half.holder)?, self.number(&partner)?);
        let ends = match half.side {
            Side::Stock => Sides { stock: own, foil: other },
            Side::Foil => Sides { stock: other, foil: own },
        };
        let place = self.ties.len();
        for (hop, (giver, taker)) in
            (2 * place..).zip([(ends.stock, ends.foil), (ends.foil, ends.stock)])
        {
            self.hops.put(hop, Hop { giver, taker, lading: Lading::NONE }).ok()?;
        }
        let keys = Sides { stock: self.key(&says.keys.stock), foil: self.key(&says.keys.foil) };
        let told = Sides { stock: None, foil: None };
        self.ties.push(Tie { tally: half.tally, ends, keys, told });
        self.places.insert(half.tally, place);
        Some(place)
    }

    pub(super) fn number(&mut self, name: &Cuid) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        let number = self.hops.join().ok()?;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        Some(number)
    }

    fn key(&mut self, key: &PublicKey) -> u32 {
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let number = *self.key_numbers.entry(*key).or_insert(next);
        if number == next {
            self.keys.push(*key);
        }
        number
    }

    /// Whether both halves say the same.
    fn agree(&self, place: usize) -> bool {
        let Sides { stock: Some(stock), foil: Some(foil) } = &self.ties[place].told else {
            return false;
        };
        stock.says.is_some() && stock.says == foil.says
    }

    /// Keeps the count of unsettled ties: each is taken out of it before it changes, and put back.
    fn count(&mut self, place: usize, back: bool) {
        let Sides { stock, foil } = &self.ties[place].told;
        let says = |told: &Option<Told>| told.and_then(|told| told.says);
        if says(stock) != says(foil) {
            if back { self.unsettled += 1 } else { self.unsettled -= 1 }
        }
    }

    fn open(&mut self, place: usize, says: &Says) {
        let keys = Sides { stock: self.key(&says.keys.stock), foil: self.key(&says.keys.foil) };
        self.ties[place].keys = keys;
        self.put(place, says.inward);
    }

    fn shut(&mut self, place: usize) {
        self.put(place, Sides { stock: Lading::NONE, foil: Lading::NONE });
    }

    fn put(&mut self, place: usize, inward: Sides<Lading>) {
        let Sides { stock, foil } = self.ties[place].ends;
        let onward = Hop { giver: stock, taker: foil, lading: inward.foil };
        let back = Hop { giver: foil, taker: stock, lading: inward.stock };
        // Both places and both participants are there.
        let _ = self.hops.put(2 * place, onward);
        let _ = self.hops.put(2 * place + 1, back);
        self.mirrored.mark(place);
        if let Some(marked) = &mut self.marked {
            marked.insert(place);
        }
    }

    /// What the ties owe that may owe something else since this was last asked, or all, `anew`. None where
    /// some tallies are not remembered.
    pub(super) fn owings(&mut self, anew: bool) -> Option<Owings> {
        if self.cut {
            return None;
        }
        let marked = self.marked.replace(BTreeSet::new()).filter(|_| !anew);
        let anew = marked.is_none();
        let places = marked.unwrap_or_else(|| (0..self.ties.len()).collect());
        let owings = places.into_iter().map(|place| (place, self.owing(place))).collect();
        Some(Owings { anew, participants: self.hops.participants(), owings })
    }

    /// What the tie at `place` owes, either way.
    fn owing(&self, place: usize) -> Option<Owing> {
        let owed = |hop: usize| {
            let Hop { giver: creditor, taker: debtor, lading } = *self.hops.list().get(hop)?;
            let units = lading.debt();
            (units > Units::ZERO).then_some(Owing { debtor, creditor, by: by(hop), units })
        };
        owed(2 * place).or_else(|| owed(2 * place + 1))
    }

    /// What a relief gives to a lift.
    pub(super) fn relieving(&self, relief: &Relief) -> Option<Move> {
        let tie = self.ties.get(relief.place)?;
        let Owing { debtor, by, units, .. } = relief.owing;
        let half = |side| tie.told.of(side).map(|told| told.half);
        Some(Move {
            leg: Leg { tally: tie.tally, by, units: units.try_into().ok()? },
            stock: half(Side::Stock)?,
            foil: half(Side::Foil)?,
            debtor: self.names.get(debtor as usize)?.clone(),
        })
    }

    /// The keys that a user signs with on the tallies over which it could give something now.
    pub(crate) fn keys_of(&self, payer: &Cuid) -> Vec<PublicKey> {
        let Some(number) = self.numbers.get(payer) else { return Vec::new() };
        let mut keys: Vec<u32> = self.hops.leaving(*number).map(|hop| self.key_at(hop)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().filter_map(|key| self.keys.get(key as usize)).copied().collect()
    }

    /// The key of the giver of a hop, by number.
    fn key_at(&self, hop: usize) -> u32 {
        *self.ties[hop / 2].keys.of(by(hop))
    }

    /// Whether the giver of the first step of a way signs with this key there.
    pub(crate) fn signs_with(&self, way: &Way, key: &PublicKey) -> bool {
        let hop = way.steps.first().map(|step| step.hop).filter(|hop| hop / 2 < self.ties.len());
        hop.is_some_and(|hop| self.keys.get(self.key_at(hop) as usize) == Some(key))
    }

    /// The hops of a payer on which it signs with another key than this.
    pub(crate) fn with_other_keys(&self, payer: &Cuid, key: &PublicKey) -> Vec<usize> {
        let Some(number) = self.numbers.get(payer) else { return Vec::new() };
        let key = self.key_numbers.get(key);
        self.hops.leaving(*number).filter(|hop| Some(&self.key_at(*hop)) != key).collect()
    }

    /// Answers as if these hops were not there.
    pub(crate) fn without<T>(&mut self, hops: &[usize], answer: impl FnOnce(&Self) -> T) -> T {
        let list = self.hops.list();
        let kept: Vec<(usize, Hop)> =
            hops.iter().filter_map(|&hop| Some((hop, *list.get(hop)?))).collect();
        for (place, hop) in &kept {
            let _ = self.hops.put(*place, Hop { lading: Lading::NONE, ..*hop });
        }
        let answer = answer(self);
        for (place, hop) in kept {
            let _ = self.hops.put(place, hop);
        }
        answer
    }

    /// The cheapest way to pay, or why there is none.
    pub(crate) fn cheapest(&self, payer: &Cuid, payee: &Cuid, units: Units) -> Result<Way, NoPath> {
        let (payer, payee) = self.ends(payer, payee)?;
        let path = self.hops.cheapest(payer, payee, units);
        path.map(|path| self.way(&path)).map_err(|refusal| self.unsure(refusal))
    }

    /// The most that could be paid over one path.
    pub(crate) fn most(&self, payer: &Cuid, payee: &Cuid) -> Units {
        let widest = self.ends(payer, payee).and_then(|(a, b)| self.hops.widest(a, b));
        widest.map_or(Units::ZERO, |path| path.arrives())
    }

    fn ends(&self, payer: &Cuid, payee: &Cuid) -> Result<(u32, u32), NoPath> {
        if payer == payee {
            return Err(NoPath::ToOneself);
        }
        let number = |name| self.numbers.get(name).copied().ok_or(NoPath::NotConnected);
        Ok((number(payer)?, number(payee)?))
    }

    /// The same way as it is now; none where it cannot be gone any more.
    pub(crate) fn along(&self, way: &Way, units: Units) -> Option<Way> {
        let hops: Vec<usize> = way.steps.iter().map(|step| step.hop).collect();
        let now = self.way(&self.hops.along(&hops, units)?);
        Some(Way { proved: way.proved, ..now })
    }

    fn way(&self, path: &Path) -> Way {
        let steps = path.legs.iter().filter_map(|leg| {
            let tie = self.ties.get(leg.hop / 2)?;
            let name = |number| self.names.get(number as usize).cloned();
            let half = |told: &Option<Told>| told.as_ref().map(|told| told.half);
            Some(Step {
                hop: leg.hop,
                tally: tie.tally,
                by: by(leg.hop),
                giver: name(leg.giver)?,
                taker: name(leg.taker)?,
                halves: Sides { stock: half(&tie.told.stock)?, foil: half(&tie.told.foil)? },
                units: leg.units,
            })
        });
        Way { steps: steps.collect(), proved: path.proved && !self.cut }
    }

    /// Where some tallies are not remembered, more may be possible.
    const fn unsure(&self, refusal: NoPath) -> NoPath {
        match refusal {
            NoPath::TooLittle { most, limit, proved } => {
                NoPath::TooLittle { most, limit, proved: proved && !self.cut }
            }
            NoPath::NotConnected | NoPath::TooFar { .. } if self.cut => {
                NoPath::TooLittle { most: Units::ZERO, limit: Limit::Between, proved: false }
            }
            other => other,
        }
    }
}

/// The side that gives over a hop.
pub(super) const fn by(hop: usize) -> Side {
    if hop.is_multiple_of(2) { Side::Stock } else { Side::Foil }
}

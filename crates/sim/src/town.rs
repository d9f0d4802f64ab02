//! A market at a site: every neighbour a user, every pair that trades a tally, every purchase a
//! chit that the buyer signs.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use protocol::bounded::{List, Prose};
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Chit, Entry, Positive, Written};
use protocol::ledger::Refusal;
use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{
    ChipAddress, ChitId, Cuid, Hash, SecretKey, Side, TallyId, Terms, Timestamp, Units,
};
use site::{Answer, Caller, Command, CommandId, Site, SiteError, Wish};
use store::UserKind;
use thiserror::Error;

use crate::market::{Market, Neighbour, Purchase};

/// Each pair's credit: so many times what is usually bought between the two.
const MONTHS_OF_CREDIT: i64 = 3;

/// The date on the certs of a town's neighbours, and the day until which its invitations hold: the
/// same at each start, so that whatever was begun goes on as it was.
const FOUNDED: &str = "2026-11-01T08:00:00.000Z";
const FOR_EVER: &str = "2999-12-31T00:00:00.000Z";

/// How many tallies are read at once.
const PAGE: u32 = 200;

/// A market whose neighbours live at a site.
pub struct Town {
    market: Market,
    keys: Vec<SecretKey>,
    /// For each habit.
    tallies: Vec<Bought>,
    nets_milli: Vec<i128>,
}

/// What came of somebody's wish to buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deal {
    /// Bought and signed for.
    Done,
    /// The seller grants no more credit.
    OverLimit,
    /// One of the two asked to close their tally, or is suspended: nothing is bought there.
    Shut,
}

/// Why a town cannot live.
#[derive(Debug, Error)]
pub enum TownError {
    /// The site refused.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// Something of a neighbour makes no record.
    #[error("{who}: {reason}")]
    Neighbour {
        /// Whose.
        who: Cuid,
        /// Why.
        reason: String,
    },
}

/// Where a habit is bought: the tally, and the buyer's side.
type Bought = (TallyId, Side);

/// A pair of neighbours that trade.
struct Pair {
    vendor: usize,
    client: usize,
    tally: TallyId,
    draft: Draft,
}

impl Town {
    /// The town of a market at a site: users and tallies that are not there are made; whatever is
    /// there stays. `key_of` gives each neighbour's signing key, `watch` hears how many of how many
    /// steps are done.
    ///
    /// # Errors
    /// [`TownError`]; called again, it goes on where it stopped.
    pub async fn settle(
        site: &Site,
        market: Market,
        agree: &Agree,
        mut key_of: impl FnMut(&Cuid) -> Result<SecretKey, String>,
        mut watch: impl FnMut(usize, usize),
    ) -> Result<Self, TownError> {
        let mut keys = Vec::with_capacity(market.neighbours().len());
        for Neighbour { cuid, .. } in market.neighbours() {
            let key = key_of(cuid);
            keys.push(key.map_err(|reason| TownError::Neighbour { who: cuid.clone(), reason })?);
        }
        let (pairs, tallies) = pairs(&market, agree)?;
        let mut town = Self { nets_milli: vec![0; keys.len()], market, keys, tallies };
        let open = town.read(site).await?;
        let missing: Vec<&Pair> = pairs.iter().filter(|pair| !open.contains(&pair.tally)).collect();
        if !missing.is_empty() {
            let steps = town.keys.len() + 3 * missing.len();
            let mut done = 0;
            let mut step = || {
                done += 1;
                watch(done, steps);
            };
            for place in 0..town.keys.len() {
                town.move_in(site, place).await?;
                step();
            }
            for pair in &missing {
                town.invite(site, pair).await?;
                step();
            }
            deliver(site).await?;
            for pair in &missing {
                town.offer(site, pair).await?;
                step();
            }
            deliver(site).await?;
            for pair in &missing {
                town.accept(site, pair).await?;
                step();
            }
            deliver(site).await?;
            town.read(site).await?;
        }
        Ok(town)
    }

    /// The market.
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// How many tallies it has.
    #[must_use]
    pub fn tallies(&self) -> usize {
        self.tallies.iter().map(|(tally, _)| tally).collect::<BTreeSet<_>>().len()
    }

    /// Each neighbour's net position in milli-CHIPs: what it is owed less what it owes. Lifts that
    /// clear leave it as it is.
    #[must_use]
    pub fn nets_milli(&self) -> &[i128] {
        &self.nets_milli
    }

    /// What somebody wants to buy next.
    #[must_use]
    pub fn next(&self, dice: &mut Rng) -> Purchase {
        self.market.next(&self.nets_milli, dice)
    }

    /// Buys: the buyer signs a chit of that name, and the site takes it. Delivering it is the
    /// site's post.
    ///
    /// # Errors
    /// [`TownError`] where the site could not; that the seller grants no more is an answer.
    pub async fn buy(
        &mut self,
        site: &Site,
        purchase: &Purchase,
        uuid: ChitId,
        date: Timestamp,
    ) -> Result<Deal, TownError> {
        let (Some(habit), Some(&(tally, by))) =
            (self.market.habit(purchase.habit), self.tallies.get(purchase.habit))
        else {
            return Ok(Deal::Shut);
        };
        let (buyer, seller) = (habit.buyer, habit.seller);
        let (neighbour, key) = (self.neighbour(buyer), self.key(buyer));
        let wrong = |reason: &dyn ToString| TownError::Neighbour {
            who: neighbour.cuid.clone(),
            reason: reason.to_string(),
        };
        let units = Positive::try_from(purchase.units).map_err(|error| wrong(&error))?;
        let memo: Prose<_> = habit.what.parse().map_err(|error| wrong(&error))?;
        let written = Written { memo: Some(memo), ..Written::default() };
        let chit = Chit { uuid, tally, by, date, entry: Entry::Tran { units, written } };
        let chit = chit.signed(key).map_err(|error| wrong(&error))?;
        let wish = Wish::Write { chit: Box::new(chit), over_limit: false };
        let caller = Caller::User(neighbour.cuid.clone());
        match ask(site, caller, &uuid.to_string(), Command::Tally { tally, wish }).await {
            Ok(_) => {}
            Err(SiteError::Ledger(Refusal::OverLimit { .. })) => return Ok(Deal::OverLimit),
            Err(
                SiteError::Ledger(Refusal::Closing { .. } | Refusal::Closed { .. })
                | SiteError::NotOpen { .. }
                | SiteError::Suspended(_),
            ) => return Ok(Deal::Shut),
            Err(error) => return Err(error.into()),
        }
        let milli = i128::from(purchase.units.milli());
        for (place, change) in [(buyer, -milli), (seller, milli)] {
            if let Some(net) = self.nets_milli.get_mut(place) {
                *net += change;
            }
        }
        Ok(Deal::Done)
    }

    /// Reads where everybody stands; the tallies that both signed.
    async fn read(&mut self, site: &Site) -> Result<Vec<TallyId>, SiteError> {
        let places: BTreeMap<&Cuid, usize> = self
            .market
            .neighbours()
            .iter()
            .enumerate()
            .map(|(place, neighbour)| (&neighbour.cuid, place))
            .collect();
        self.nets_milli.fill(0);
        let mut open = Vec::new();
        let mut after: Option<(Cuid, TallyId)> = None;
        loop {
            let last = after.as_ref().map(|(holder, tally)| (holder, *tally));
            let page = site.tallies(&Caller::Administrator, last, PAGE).await?;
            let Some(last) = page.last() else { return Ok(open) };
            after = Some((last.holder.clone(), last.tally));
            for half in page {
                if let Some(net) =
                    places.get(&half.holder).and_then(|&place| self.nets_milli.get_mut(place))
                {
                    *net += half.balance_milli;
                }
                // A tally is there when its client has it signed: the client accepts last.
                if half.signed.is_some() && half.side == Side::Foil {
                    open.push(half.tally);
                }
            }
        }
    }

    async fn move_in(&self, site: &Site, place: usize) -> Result<(), TownError> {
        let Neighbour { cuid, name, kind, .. } = self.neighbour(place);
        let wrong = |reason: &dyn ToString| TownError::Neighbour {
            who: cuid.clone(),
            reason: reason.to_string(),
        };
        let r#type = match kind {
            UserKind::Organisation => Type::Organisation,
            _ => Type::Person,
        };
        let names = List::new(vec![name.parse().map_err(|error| wrong(&error))?]);
        let names = names.map_err(|error| wrong(&error))?;
        let key = self.key(place);
        let cert = Cert {
            chad: ChipAddress { cuid: cuid.clone(), agent: site.agent(), endpoint: None },
            r#type,
            name: Names::try_from(names).map_err(|error| wrong(&error))?,
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: protocol::Signer::public_key(key),
            date: FOUNDED.parse().map_err(|error| wrong(&error))?,
            sign: None,
        };
        let cert = Box::new(cert.signed(key).map_err(|error| wrong(&error))?);
        let add = Command::AddUser { kind: *kind, cert };
        match ask(site, Caller::Administrator, &format!("town: {cuid} moves in"), add).await {
            Ok(_) | Err(SiteError::UserExists(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn invite(&self, site: &Site, pair: &Pair) -> Result<(), TownError> {
        let (vendor, client) = (self.caller(pair.vendor), self.caller(pair.client));
        let (tally, draft) = (pair.tally, Box::new(pair.draft.clone()));
        let expires = FOR_EVER.parse().unwrap_or(Timestamp::MAX);
        let invite = Command::Invite { tally, side: Side::Stock, draft, expires };
        let answer = ask(site, vendor, &format!("town: invite {tally}"), invite).await?;
        if let Answer::Invited(invitation) = answer {
            let answer = Command::Answer { invitation };
            ask(site, client, &format!("town: answer {tally}"), answer).await?;
        }
        Ok(())
    }

    async fn offer(&self, site: &Site, pair: &Pair) -> Result<(), TownError> {
        let Pair { vendor, tally, .. } = *pair;
        let cuid = &self.neighbour(vendor).cuid;
        let half = site.tally(cuid, tally).await?;
        if half.offer.is_some() || half.signed.is_some() {
            return Ok(());
        }
        let offer = site.to_offer(cuid, tally, pair.draft.clone()).await?;
        self.sign(site, vendor, offer, Side::Stock).await
    }

    async fn accept(&self, site: &Site, pair: &Pair) -> Result<(), TownError> {
        let Pair { client, tally, .. } = *pair;
        let half = site.tally(&self.neighbour(client).cuid, tally).await?;
        match half.offer {
            Some((offer, Side::Stock)) if half.signed.is_none() => {
                self.sign(site, client, offer, Side::Foil).await
            }
            _ => Ok(()),
        }
    }

    async fn sign(
        &self,
        site: &Site,
        place: usize,
        tally: protocol::Tally,
        side: Side,
    ) -> Result<(), TownError> {
        let id = tally.members().uuid;
        let signed = tally.signed(side, self.key(place));
        let signed = Box::new(signed.map_err(|error| TownError::Neighbour {
            who: self.neighbour(place).cuid.clone(),
            reason: error.to_string(),
        })?);
        let (word, wish) = match side {
            Side::Stock => ("offer", Wish::Offer(signed)),
            Side::Foil => ("accept", Wish::Accept(signed)),
        };
        let command = Command::Tally { tally: id, wish };
        ask(site, self.caller(place), &format!("town: {word} {id}"), command).await?;
        Ok(())
    }

    #[expect(clippy::indexing_slicing, reason = "places come from the market itself")]
    fn neighbour(&self, place: usize) -> &Neighbour {
        &self.market.neighbours()[place]
    }

    #[expect(clippy::indexing_slicing, reason = "there is a key for each neighbour")]
    fn key(&self, place: usize) -> &SecretKey {
        &self.keys[place]
    }

    fn caller(&self, place: usize) -> Caller {
        Caller::User(self.neighbour(place).cuid.clone())
    }
}

/// The pairs that trade, and each habit's tally with the buyer's side: who sells first is the vendor.
fn pairs(market: &Market, agree: &Agree) -> Result<(Vec<Pair>, Vec<Bought>), TownError> {
    let mut places: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut usual: Vec<(usize, usize, [i64; 2])> = Vec::new();
    let mut of_habit = Vec::with_capacity(market.habits().len());
    for habit in market.habits() {
        let both = (habit.buyer.min(habit.seller), habit.buyer.max(habit.seller));
        let place = *places.entry(both).or_insert_with(|| {
            usual.push((habit.seller, habit.buyer, [0, 0]));
            usual.len() - 1
        });
        if let Some((vendor, _, [by_client, by_vendor])) = usual.get_mut(place) {
            let side = if habit.buyer == *vendor { Side::Stock } else { Side::Foil };
            *(if side == Side::Foil { by_client } else { by_vendor }) += habit.usual.milli();
            of_habit.push((place, side));
        }
    }
    let mut pairs = Vec::with_capacity(usual.len());
    for (vendor, client, [by_client, by_vendor]) in usual {
        let name = |place: usize| market.neighbours().get(place).map(|n| n.cuid.clone());
        let (Some(vendor_name), Some(client_name)) = (name(vendor), name(client)) else { continue };
        let wrong = |reason: String| TownError::Neighbour { who: vendor_name.clone(), reason };
        let terms = |milli: i64| {
            let limit = Units::new(milli * MONTHS_OF_CREDIT).map_err(|e| wrong(e.to_string()))?;
            Terms::new(limit, BTreeMap::new()).map_err(|e| wrong(e.to_string()))
        };
        let draft = Draft {
            expires: None,
            memo: None,
            agree: agree.clone(),
            holder: terms(by_client)?,
            partner: terms(by_vendor)?,
        };
        let mut id = [0; 16];
        let hash = Hash::of(format!("town tally {vendor_name} {client_name}").as_bytes());
        id.copy_from_slice(&hash.as_bytes()[..16]);
        pairs.push(Pair { vendor, client, tally: TallyId::derived(id), draft });
    }
    let tally =
        |(place, side): (usize, Side)| pairs.get(place).map(|pair: &Pair| (pair.tally, side));
    let tallies = of_habit.into_iter().filter_map(tally).collect();
    Ok((pairs, tallies))
}

async fn ask(
    site: &Site,
    caller: Caller,
    name: &str,
    command: Command,
) -> Result<Answer, SiteError> {
    match CommandId::new(name) {
        Some(id) => site.command(&caller, &id, command).await,
        None => Err(SiteError::NotAllowed { who: "a caller with a shorter name" }),
    }
}

async fn deliver(site: &Site) -> Result<(), SiteError> {
    loop {
        let posted = site.post().await?;
        if posted.delivered + posted.refused == 0 {
            return Ok(());
        }
    }
}

//! What networks from seed 2,000 on may have beside all others: clocks of referees and sites that are wrong by up to an hour
//! and run too fast or too slowly, seven referees, and payments that their payees asked for by a link. It is drawn from dice
//! of its own, so that an earlier seed means what it always meant.

use protocol::PayNumber;
use protocol::address::Endpoint;
use protocol::chit::Positive;
use site::{Found, Hint, Query};

use super::broken::{Broken, Sim};
use super::dice::Dice;
use super::errands::COURTS;
use super::life::Net;
use super::place::Place;
use super::world::moment;

/// The first seed that may have any of it.
pub(super) const FIRST: u64 = 2_000;

/// What the seed of a network becomes for these dice.
const OTHER: u64 = 0x6e65_7765_7220_6f6e;

/// How many of a network's clocks are wrong for good, in hundreds.
const WRONG: u64 = 45;

/// How wrong such clocks are at most, in milliseconds: where sites are more than two minutes apart, they refuse each other's
/// lifts.
const WRONG_MS: [i64; 4] = [20_000, 60_000, 600_000, 3_600_000];

/// How many millionths such clocks run too fast or too slowly at most.
const DRIFT_PPM: i64 = 50_000;

/// How often seven referees decide, in hundreds.
const SEVEN: u64 = 35;

/// How often a payment is asked for by a link, in hundreds, and how often its payer has the number of another one.
const LINKED: u64 = 40;
const OTHER_NUMBER: u64 = 8;

/// For how long a link may be paid, in milliseconds.
const LINK_MS: (i64, i64) = (10_000, 3_600_000);

/// Whose clocks are wrong for good, and how much at most, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clocks {
    /// As in all other networks: sites' now and then, referees' never.
    Usual,
    /// Referees'.
    Referees(i64),
    /// Everybody's.
    All(i64),
}

/// What a network has beside all others.
pub(super) struct Newer {
    pub(super) dice: Dice,
    clocks: Clocks,
    /// Whether seven referees decide, of whom two lie where anybody does.
    pub(super) seven: bool,
    /// Whether sites know where they answer, so that payees can ask for payments by a link.
    pub(super) links: bool,
}

impl Newer {
    pub(super) fn of(seed: u64, lifts: bool) -> Self {
        let mut dice = Dice::new(seed ^ OTHER);
        if seed < FIRST || !lifts {
            return Self { dice, clocks: Clocks::Usual, seven: false, links: false };
        }
        let most = dice.pick(&WRONG_MS).copied().unwrap_or_default();
        let clocks = match (dice.percent(WRONG), dice.percent(50)) {
            (false, _) => Clocks::Usual,
            (true, false) => Clocks::Referees(most),
            (true, true) => Clocks::All(most),
        };
        let seven = dice.percent(SEVEN);
        Self { dice, clocks, seven, links: true }
    }
}

impl Net {
    /// Where seven decide: as many places that nobody lives at as it takes, beside those that decide already.
    pub(super) fn appoint_seven(&mut self) -> Sim<()> {
        if !self.newer.seven {
            return Ok(());
        }
        let planted = self.places.first().and_then(Place::planted);
        for name in COURTS {
            if self.referees.len() == 7 {
                break;
            }
            if self.places.iter().all(|place| place.name != name) {
                let dice = &mut self.newer.dice;
                let place = Place::new(name.to_owned(), &self.time, dice, planted)?;
                place.sets_clock_right(dice);
                self.referees.push(self.places.len());
                self.places.push(place);
            }
        }
        Ok(())
    }

    /// Clocks that are wrong from the beginning, before any site begins.
    pub(super) fn clocks_go_wrong(&mut self) {
        for number in 0..self.places.len() {
            let decides = self.referees.contains(&number);
            let most = match self.newer.clocks {
                Clocks::All(most) => most,
                Clocks::Referees(most) if decides => most,
                _ => continue,
            };
            let skew = self.newer.dice.between(-most, most);
            let drift = self.newer.dice.between(-DRIFT_PPM, DRIFT_PPM);
            self.places[number].has_wrong_clock(skew, drift);
            self.counts.wrong_clocks += 1;
            let name = self.places[number].name.clone();
            self.say(&name, &format!("has its clock wrong by {skew} ms, and by {drift} ppm more"));
        }
    }

    /// A referee's clock is set otherwise while anything may fail. Only where it forgets nothing: whoever restored a referee
    /// and then set its clock back would have to give it another key.
    pub(super) fn resets_clock(&mut self, number: usize) {
        let (Clocks::All(most) | Clocks::Referees(most)) = self.newer.clocks else { return };
        if !self.well_kept {
            return;
        }
        let skew = self.newer.dice.between(-most, most);
        self.places[number].has_wrong_clock(skew, 0);
        self.counts.wrong_clocks += 1;
        let name = self.places[number].name.clone();
        self.say(&name, &format!("has its clock wrong by {skew} ms"));
    }

    /// Where a place answers, once its site has to know.
    pub(super) fn endpoint_of(&self, number: usize) -> Option<Endpoint> {
        format!("{}:8421", self.places[number].host).parse().ok()
    }

    /// What the payee's link says, where it asked for the payment by one.
    pub(super) async fn asked_by_link(
        &mut self,
        payee: usize,
        units: Positive,
    ) -> Sim<Option<Hint>> {
        if !self.newer.links || !self.newer.dice.percent(LINKED) {
            return Ok(None);
        }
        let Some(site) = self.site_of(payee) else { return Ok(None) };
        let expires = moment(self.now() + self.newer.dice.between(LINK_MS.0, LINK_MS.1));
        let (caller, user) = (self.caller(payee), self.people[payee].name.clone());
        let found = site.query(&caller, Query::PayLink { user, units, expires }).await;
        let place = &self.places[self.people[payee].home];
        let found = found.map_err(|error| place.cannot("make a link", &error))?;
        let Found::PayLink(Some(link)) = found else {
            return Err(Broken::harness("a site that does not know where it answers"));
        };
        let name = self.name(payee);
        self.counts.links += 1;
        self.say(&name, &format!("asks by a link to be paid {}", units.get()));
        let wrong = self.newer.dice.percent(OTHER_NUMBER);
        let other = protocol::Hash::from_bytes(self.newer.dice.bytes());
        let number = if wrong { PayNumber::of(&other) } else { link.number };
        Ok(Some(Hint { number, expires }))
    }
}

//! Networks in which there is much to lift: people open tallies before anything fails, each with the next, so that debts go
//! round all of them; then they pay strangers and each other as fast as they can.

use site::Summary;

use super::broken::Sim;
use super::deeds::ENOUGH;
use super::life::{Event, Net, Ways};
use super::world::START_MS;

/// How long nothing fails at the beginning, in milliseconds.
const CALM_MS: i64 = 25_000;

/// For how long anything may fail after that, in milliseconds.
const STORM_MS: (i64, i64) = (60_000, 180_000);

/// How long before the calm is over sites look for ways round for the first time, in milliseconds.
const CLEARS_MS: i64 = 5_000;

/// In how many of them, in hundreds, ways are a quarter as bad as they could be: where four of ten messages are lost, few
/// lifts come about.
const MILD: u64 = 60;

/// What is left of how bad ways are there.
const MILDER: u64 = 4;

impl Net {
    /// Some networks with lifts are busy.
    pub(super) fn may_be_busy(&mut self) {
        self.busy = self.dice.percent(70);
        if !self.busy {
            return;
        }
        self.calm_until_ms = START_MS + CALM_MS;
        self.until_ms = self.calm_until_ms + self.dice.between(STORM_MS.0, STORM_MS.1);
        let mut storm = std::mem::take(&mut self.ways);
        if self.dice.percent(MILD) {
            storm = storm.a_part(MILDER);
        }
        self.after(CALM_MS, CALM_MS, Event::Storms(storm));
    }

    /// When sites look for ways round for the first time, in milliseconds from the beginning.
    pub(super) const fn first_clears(&self) -> (i64, i64) {
        if self.busy { (CALM_MS - CLEARS_MS, CALM_MS + CLEARS_MS) } else { (15_000, 40_000) }
    }

    /// How long somebody waits before it does the next thing, in milliseconds. In a busy network as much happens however many
    /// live there: more lifts at once than this are mostly in each other's way.
    pub(super) fn pause(&self) -> (i64, i64) {
        if !self.busy {
            return (1_500, 9_000);
        }
        let people = i64::try_from(self.people.len()).unwrap_or(1);
        (100 * people, 500 * people)
    }

    /// How often somebody pays a stranger where it could, in hundreds.
    pub(super) const fn pays_strangers(&self) -> u64 {
        if self.busy { 55 } else { 16 }
    }

    /// Before anything fails: somebody opens tallies, the first with whoever comes after it.
    pub(super) async fn settles_in(&mut self, who: usize) -> Sim<()> {
        let Some(site) = self.site_of(who) else { return Ok(()) };
        if !self.people[who].unanswered.is_empty() {
            return self.asks_again(who).await;
        }
        if !self.people[who].invited.is_empty() {
            return self.answers(who).await;
        }
        if self.people[who].with_next.is_none() {
            let next = (who + 1) % self.people.len();
            self.people[who].with_next = Some(self.invites(who, next).await?);
            return Ok(());
        }
        let home = &self.places[self.people[who].home];
        let tallies = site.tallies(&self.caller(who), None, 100).await;
        let tallies = tallies.map_err(|error| home.cannot("list tallies", &error))?;
        let is_new =
            |shown: &&Summary| matches!(shown.status.as_str(), "P.draft" | "void" | "P.offer");
        if let Some(shown) = tallies.iter().find(is_new).cloned() {
            let Some(shown) = self.looks_first(who, &site, shown).await? else { return Ok(()) };
            return match shown.status.as_str() {
                "P.offer" => self.decides(who, &shown).await,
                _ => self.offers(who, &shown).await,
            };
        }
        let is_even = |shown: &&Summary| shown.status == "open" && shown.balance_milli == 0;
        if let Some(shown) = tallies.iter().find(is_even).cloned()
            && self.owes_first(who, &shown)
            && self.dice.percent(60)
        {
            let Some(shown) = self.looks_first(who, &site, shown).await? else { return Ok(()) };
            let milli = self.dice.between(1_000, 20_000);
            return self.pays(who, &shown, milli, false).await;
        }
        if tallies.len() < ENOUGH && self.dice.percent(20) {
            return self.invites_somebody(who).await;
        }
        Ok(())
    }

    /// In a busy network somebody owes the next, so that debts go round; on other tallies whoever pays first.
    fn owes_first(&self, who: usize, shown: &Summary) -> bool {
        let before = (who + self.people.len() - 1) % self.people.len();
        self.people[before].with_next != Some(shown.tally)
    }

    /// The tally that somebody trades on: in a busy network mostly the one with the next.
    pub(super) fn trades_on(&mut self, who: usize, tallies: &[Summary]) -> Option<Summary> {
        let with_next = self.people[who].with_next;
        let with_next = tallies.iter().find(|shown| Some(shown.tally) == with_next);
        if let Some(shown) = with_next
            && self.dice.percent(40)
        {
            return Some(shown.clone());
        }
        self.dice.pick(tallies).cloned()
    }
}

impl Ways {
    /// So many times less bad.
    const fn a_part(self, of: u64) -> Self {
        let Self { lost, unanswered, twice, late } = self;
        Self { lost: lost / of, unanswered: unanswered / of, twice: twice / of, late: late / of }
    }
}

//! What people do of their own accord: something that fits where a tally stands, and now and then something
//! that does not.

use std::collections::BTreeMap;

use protocol::bounded::Line;
use protocol::chit::{Entry, Positive, Written};
use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{ContractId, Rate, Record as _, Settings, Side, TallyId, Terms, Units};
use site::{Command, Summary, Wish};

use super::broken::{Broken, Sim};
use super::life::Net;
use super::person::{About, Kept};
use super::world::{START_MS, moment};

/// How many tallies somebody has before it invites no more.
pub(super) const ENOUGH: usize = 4;

impl Net {
    /// Somebody does something.
    pub(super) async fn acts(&mut self, who: usize) -> Sim<()> {
        let Some(site) = self.site_of(who) else { return Ok(()) };
        if !self.people[who].unanswered.is_empty() && self.dice.percent(50) {
            return self.asks_again(who).await;
        }
        if !self.people[who].invited.is_empty() && self.dice.percent(70) {
            return self.answers(who).await;
        }
        let home = &self.places[self.people[who].home];
        let tallies = site.tallies(&self.caller(who), None, 100).await;
        let tallies = tallies.map_err(|error| home.cannot("list tallies", &error))?;
        let few = tallies.len() < 2;
        if tallies.len() < ENOUGH && self.dice.percent(if few { 50 } else { 4 }) {
            return self.invites_somebody(who).await;
        }
        let some = tallies.iter().any(|shown| shown.status == "open");
        if self.lifts && some && self.dice.percent(self.pays_strangers()) {
            return self.pays_a_stranger(who).await;
        }
        let Some(shown) = self.trades_on(who, &tallies) else { return Ok(()) };
        let Some(shown) = self.looks_first(who, &site, shown).await? else { return Ok(()) };
        if self.is_tired_of(who, &shown).await? {
            return Ok(());
        }
        if self.dice.percent(5) {
            return self.tries(who, &shown).await;
        }
        match shown.status.as_str() {
            "P.draft" | "void" => self.offers(who, &shown).await,
            "P.offer" => self.decides(who, &shown).await,
            "draft.offer" | "H.offer" if self.dice.percent(15) => self.withdraws(who, &shown).await,
            "open" | "offer.open" => self.trades(who, &shown).await,
            "C.open" => self.winds_up(who, &shown).await,
            _ => Ok(()),
        }
    }

    /// What was not answered is asked again, under the same name.
    pub(super) async fn asks_again(&mut self, who: usize) -> Sim<()> {
        if self.people[who].unanswered.is_empty() {
            return Ok(());
        }
        let asked = self.people[who].unanswered.remove(0);
        self.counts.again += 1;
        self.sends(who, asked).await
    }

    pub(super) async fn invites_somebody(&mut self, who: usize) -> Sim<()> {
        let Some(whom) = self.dice.place(self.people.len()) else { return Ok(()) };
        if whom == who {
            return Ok(());
        }
        self.invites(who, whom).await.map(drop)
    }

    /// Somebody invites somebody to a new tally.
    pub(super) async fn invites(&mut self, who: usize, whom: usize) -> Sim<TallyId> {
        let tally = TallyId::random(self.dice.sixteen());
        let side = if self.dice.percent(50) { Side::Stock } else { Side::Foil };
        for (of, side) in [(who, side), (whom, side.other())] {
            self.auditor.book.sides.insert((tally, side), of);
        }
        self.auditor.privacy.invites(tally, who);
        let draft = Box::new(self.any_draft(false)?);
        let expires = moment(START_MS + 365 * 24 * 3_600_000);
        let words = format!("invites {} to {}", self.name(whom), self.trace.tally(tally));
        self.people[who].kept.insert(tally, Kept::default());
        let command = Command::Invite { tally, side, draft, expires };
        self.ask(who, command, About::Invitation { whom }, words).await?;
        Ok(tally)
    }

    pub(super) async fn answers(&mut self, who: usize) -> Sim<()> {
        let invitation = self.people[who].invited.remove(0);
        // Invitations for many name no tally; none is given here.
        let Some(tally) = invitation.tally else { return Ok(()) };
        let words = format!("answers {}", self.trace.tally(tally));
        self.kept(who, tally);
        self.auditor.privacy.answers(tally, who);
        let command = Command::Answer { invitation: Box::new(invitation) };
        self.ask(who, command, About::Other, words).await
    }

    pub(super) fn any_draft(&mut self, brief: bool) -> Sim<Draft> {
        let harness = |error: &dyn ToString| Broken::harness(&error.to_string());
        let mut terms = || {
            let limit = Units::new(self.dice.between(5, 120) * 1_000).map_err(|e| harness(&e))?;
            Terms::new(limit, BTreeMap::new()).map_err(|e| harness(&e))
        };
        let (holder, partner) = (terms()?, terms()?);
        let expires = (brief && self.dice.percent(30))
            .then(|| moment(self.now() + self.dice.between(20_000, 200_000)));
        let agree = Agree {
            host: "mychips.org".parse().map_err(|e| harness(&e))?,
            name: "neighbours".parse().map_err(|e| harness(&e))?,
            rid: ContractId::from_bytes([4; 32]),
        };
        Ok(Draft { expires, memo: None, agree, holder, partner })
    }

    pub(super) fn any_settings(&mut self) -> Settings {
        let mut units = |most| Units::new(self.dice.between(0, most)).unwrap_or(Units::ZERO);
        let (target, bound) = (units(50_000), units(100_000));
        let (target, bound) = (target.min(bound), bound);
        let mut rate = || {
            let ppm =
                if self.lifts && self.dice.percent(25) { self.dice.between(0, 20_000) } else { 0 };
            i32::try_from(ppm).ok().and_then(|ppm| Rate::new(ppm).ok()).unwrap_or(Rate::ZERO)
        };
        let settings = Settings::new(target, bound, rate(), rate());
        settings.unwrap_or_else(|_| Settings::default_for(bound))
    }

    pub(super) async fn offers(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let draft = self.any_draft(true)?;
        if self.dice.percent(20) {
            return self.wish(who, shown.tally, Wish::Draft(Box::new(draft)), "drafts").await;
        }
        let Some(site) = self.site_of(who) else { return Ok(()) };
        let shown = &self.brings_offer(who, &site, shown).await?;
        if shown.offer.as_ref().is_some_and(|(_, by)| *by == shown.side) {
            return Ok(());
        }
        let offer = site.to_offer(&self.people[who].name, shown.tally, draft).await;
        let Ok(offer) = offer else { return Ok(()) };
        let Some(offer) = self.signs(who, offer, shown.side)? else { return Ok(()) };
        self.kept(who, shown.tally).offer = Some(offer.clone());
        let words = format!("offers revision {}", offer.members().revision);
        self.wish(who, shown.tally, Wish::Offer(Box::new(offer)), &words).await
    }

    /// About an offer of the partner's.
    pub(super) async fn decides(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let Some(site) = self.site_of(who) else { return Ok(()) };
        let shown = &self.brings_offer(who, &site, shown).await?;
        let Some((offer, by)) = shown.offer.clone() else { return Ok(()) };
        if by == shown.side {
            return Ok(());
        }
        let hash = offer.hash().map_err(|error| Broken::harness(&error.to_string()))?;
        let words = format!("revision {}", offer.members().revision);
        match self.dice.below(100) {
            0..60 => {
                let Some(both) = self.signs(who, offer, shown.side)? else { return Ok(()) };
                let both = Box::new(both);
                let words = format!("accepts {words} on {}", self.trace.tally(shown.tally));
                let (tally, about) = (shown.tally, About::Agreement(both.clone()));
                let wish = Wish::Accept(both);
                self.ask(who, Command::Tally { tally, wish }, about, words).await
            }
            60..75 => self.offers(who, shown).await,
            _ => {
                let reason: Option<Line<200>> = "no".parse().ok();
                let reason = reason.and_then(|reason| reason.to_string().parse().ok());
                let wish = Wish::Refuse { offer: hash, reason };
                self.wish(who, shown.tally, wish, &format!("refuses {words}")).await
            }
        }
    }

    pub(super) async fn withdraws(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let Some((offer, by)) = &shown.offer else { return Ok(()) };
        if *by != shown.side {
            return Ok(());
        }
        let hash = offer.hash().map_err(|error| Broken::harness(&error.to_string()))?;
        self.wish(who, shown.tally, Wish::Withdraw { offer: hash }, "withdraws its offer").await
    }

    /// On an open tally.
    async fn trades(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        match self.dice.below(100) {
            0..48 => {
                let milli = self.dice.between(1, 25_000);
                let over_limit = self.dice.percent(5);
                self.pays(who, shown, milli, over_limit).await
            }
            48..68 => self.invoices(who, shown).await,
            68..80 => self.sets(who, shown, false, "sets").await,
            80..84 => self.sets(who, shown, true, "closes with").await,
            84..92 => match &shown.offer {
                None => self.offers(who, shown).await,
                Some((_, by)) if *by == shown.side => self.withdraws(who, shown).await,
                Some(_) => self.decides(who, shown).await,
            },
            92..96 => self.wish(who, shown.tally, Wish::Compare, "compares").await,
            _ => Ok(()),
        }
    }

    pub(super) async fn pays(
        &mut self,
        who: usize,
        shown: &Summary,
        milli: i64,
        over_limit: bool,
    ) -> Sim<()> {
        let units = Units::new(milli).ok().and_then(|units| Positive::try_from(units).ok());
        let Some(units) = units else { return Ok(()) };
        let chit = self.chit(shown, Entry::Tran { units, written: Written::default() });
        let over = if over_limit { " over limit" } else { "" };
        self.writes(who, chit, over_limit, &format!("pays {}{over}", units.get())).await
    }

    /// On a tally that somebody asked to close.
    async fn winds_up(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let owed = i64::try_from(-shown.balance_milli).unwrap_or(0);
        match self.dice.below(100) {
            0..60 if owed > 0 => self.pays(who, shown, owed, false).await,
            60..70 if owed > 1 => self.pays(who, shown, owed / 2, false).await,
            70..80 => self.sets(who, shown, false, "takes back its close with").await,
            _ => Ok(()),
        }
    }

    /// What is not allowed.
    async fn tries(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let units = Units::new(self.dice.between(1, 9_000)).ok();
        let units = units.and_then(|units| Positive::try_from(units).ok());
        let Some(units) = units else { return Ok(()) };
        let mut chit = self.chit(shown, Entry::Tran { units, written: Written::default() });
        let words = match self.dice.below(4) {
            0 => return self.pays(who, shown, 900_000_000, false).await,
            1 => {
                chit.by = shown.side.other();
                "tries to pay in its partner's name"
            }
            2 => {
                chit.tally = TallyId::random(self.dice.sixteen());
                "tries to pay with a chit of another tally"
            }
            _ => {
                // The signature is over another amount.
                let signed = chit.clone().signed(&self.people[who].key);
                let signed = signed.map_err(|error| Broken::harness(&error.to_string()))?;
                let other = Units::new(units.get().milli() + 1).ok();
                let other = other.and_then(|units| Positive::try_from(units).ok());
                if let (Some(units), Entry::Tran { written, .. }) = (other, signed.entry) {
                    let entry = Entry::Tran { units, written };
                    let chit = Box::new(protocol::Chit { entry, ..chit });
                    let wish = Wish::Write { chit, over_limit: false };
                    let words = "tries to pay with a false signature";
                    return self.wish(who, shown.tally, wish, words).await;
                }
                return Ok(());
            }
        };
        let signed = chit.signed(&self.people[who].key);
        let signed = signed.map_err(|error| Broken::harness(&error.to_string()))?;
        let wish = Wish::Write { chit: Box::new(signed), over_limit: false };
        self.wish(who, shown.tally, wish, words).await
    }
}

//! Devices whose site has another agent: they sign for it, and keep what either user said of its own.

use std::num::NonZeroU32;

use protocol::{Moved, Record as _, Side, Tally, TallyId};
use site::{Command, Found, Query, Site, Summary, Wish};

use super::broken::{Broken, Sim};
use super::life::Net;
use super::world::moment;

impl Net {
    /// Somebody's cert names the agent that its site has now; whether that is so.
    pub(super) async fn is_certified(&mut self, who: usize, site: &Site) -> Sim<bool> {
        let harness = |error: &dyn ToString| Broken::harness(&error.to_string());
        let agent = site.agent();
        let (user, caller) = (self.people[who].name.clone(), self.caller(who));
        let Ok(Found::User(known)) = site.query(&caller, Query::User { user }).await else {
            return Ok(false);
        };
        if known.cert.is_some_and(|cert| cert.chad.agent == agent) {
            return Ok(true);
        }
        let date = moment(self.now());
        let person = &mut self.people[who];
        person.cert.chad.agent = agent;
        person.cert.date = date;
        person.cert.sign = None;
        person.cert = person.cert.clone().signed(&person.key).map_err(|e| harness(&e))?;
        let proof = person.cert.sign_with(&person.key).map_err(|e| harness(&e))?;
        let command = Command::NewCert { cert: Box::new(person.cert.clone()), proof };
        self.brings(who, site, command, "has a cert for the new agent").await
    }

    /// Whether somebody's partner could tell it by hand what its site will never hear.
    pub(super) async fn could_be_told(&self, who: usize, site: &Site) -> Sim<bool> {
        let shown = self.shown(who, site).await?;
        let lacks = !self.to_be_handed(who, &shown).is_empty();
        Ok(lacks || shown.iter().any(|shown| self.to_be_told(who, shown).is_some()))
    }

    /// Tallies that only the partner knows to be signed, at a site that does not find this one any more; each with
    /// whether there is a half of it.
    fn to_be_handed(&self, who: usize, shown: &[Summary]) -> Vec<(Tally, bool)> {
        let sides = &self.auditor.book.sides;
        let own = sides.iter().filter(|(_, of)| **of == who);
        let handed = own.filter_map(|((tally, side), _)| {
            let here = shown.iter().find(|shown| shown.tally == *tally);
            let signed = here.and_then(|shown| shown.signed.as_ref());
            let revision = signed.map_or(0, |signed| signed.members().revision.get());
            let other = sides.get(&(*tally, side.other()))?;
            let kept = self.people[*other].kept.get(tally);
            let kept = kept.filter(|kept| kept.revision() > revision)?;
            let signed = kept.signed.clone()?;
            let new = signed.hash().is_ok_and(|hash| !self.people[who].told.contains(&hash));
            new.then_some((signed, here.is_some()))
        });
        handed.collect()
    }

    /// What its partner said last about its agent, where this half does not know it.
    fn to_be_told(&self, who: usize, shown: &Summary) -> Option<Moved> {
        let (tally, theirs) = (shown.tally, shown.side.other());
        let other = *self.auditor.book.sides.get(&(tally, theirs))?;
        let word = self.people[other].kept.get(&tally)?.moved.get(&theirs)?;
        let new = word.hash().is_ok_and(|hash| !self.people[who].told.contains(&hash));
        (new && !shown.moved.contains(word)).then_some(*word)
    }

    /// A partner hands over what both signed, where the sites do not find each other.
    pub(super) async fn is_handed_tallies(&mut self, who: usize, site: &Site) -> Sim<bool> {
        if !self.by_hand {
            return Ok(true);
        }
        let shown = self.shown(who, site).await?;
        let mut all = true;
        for (signed, here) in self.to_be_handed(who, &shown) {
            self.people[who].told.extend(signed.hash());
            let (tally, signed) = (signed.members().uuid, Box::new(signed));
            let short = self.trace.tally(tally);
            let command = if here {
                Command::Tally { tally, wish: Wish::Offer(signed) }
            } else {
                Command::Reopen { tally: signed }
            };
            all &= self.brings(who, site, command, &format!("is handed {short}")).await?;
        }
        Ok(all)
    }

    /// Where the agents of both have changed, no half finds the other: then people tell each other.
    async fn is_told(&mut self, who: usize, site: &Site, shown: &Summary) -> Sim<()> {
        if !self.by_hand {
            return Ok(());
        }
        let Some(word) = self.to_be_told(who, shown) else { return Ok(()) };
        self.people[who].told.extend(word.hash());
        let tally = shown.tally;
        let words = format!("is told where its partner is on {}", self.trace.tally(tally));
        let wish = Wish::Move(Box::new(word));
        self.brings(who, site, Command::Tally { tally, wish }, &words).await.map(|_| ())
    }

    /// Of one tally: signs for the site's agent where the tally names another one, keeps what is new, and brings
    /// back what the site has lost.
    pub(super) async fn moves(&mut self, who: usize, site: &Site, tally: TallyId) -> Sim<bool> {
        let Ok(shown) = site.tally(&self.people[who].name, tally).await else { return Ok(false) };
        let short = self.trace.tally(tally);
        for by in Side::BOTH {
            let here = shown.moved.iter().rfind(|moved| moved.by == by);
            let kept = self.kept(who, tally);
            match (here, kept.moved.get(&by).copied()) {
                (Some(here), kept_one)
                    if kept_one.is_none_or(|one| one.counter <= here.counter) =>
                {
                    kept.moved.insert(by, *here);
                }
                // Of its own the site may not know that agent: then it is signed anew.
                (_, Some(lost)) if by != shown.side => {
                    let wish = Wish::Move(Box::new(lost));
                    let words = format!("brings back where its partner is on {short}");
                    self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
                }
                _ => {}
            }
        }
        self.is_told(who, site, &shown).await?;
        if !shown.to_move {
            return Ok(true);
        }
        let (agent, date) = (site.agent(), moment(self.now()));
        let kept = self.kept(who, tally);
        kept.moves += 1;
        let Some(counter) = NonZeroU32::new(kept.moves) else { return Ok(false) };
        let (by, head) = (shown.side, shown.head);
        let moved = Moved { tally, by, agent, counter, date, head, key: None, sign: None };
        let moved = moved.signed(&self.people[who].key);
        let moved = moved.map_err(|error| Broken::harness(&error.to_string()))?;
        let wish = Wish::Move(Box::new(moved));
        let words = format!("signs for the new agent on {short}");
        self.brings(who, site, Command::Tally { tally, wish }, &words).await
    }
}

//! Devices whose site has another agent: they sign for it, and keep what either user said of its own.

use std::num::NonZeroU32;

use protocol::{Moved, Record as _, Side, TallyId};
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

    /// A tally that only its partner knows to be signed, at a site that does not find this one any more: the
    /// partner hands over what both signed.
    pub(super) async fn is_handed_tallies(&mut self, who: usize, site: &Site) -> Sim<bool> {
        if self.wild || self.places[self.people[who].home].former.is_empty() {
            return Ok(true);
        }
        let shown = self.shown(who, site).await?;
        let mut handed = Vec::new();
        for ((tally, side), of) in &self.auditor.book.sides {
            let other = self.auditor.book.sides.get(&(*tally, side.other()));
            if *of != who {
                continue;
            }
            let here = shown.iter().find(|shown| shown.tally == *tally);
            let signed = here.and_then(|shown| shown.signed.as_ref());
            let revision = signed.map_or(0, |signed| signed.members().revision.get());
            let kept = other.and_then(|other| self.people[*other].kept.get(tally));
            let kept = kept.filter(|kept| kept.revision() > revision);
            handed.extend(kept.and_then(|kept| Some((kept.signed.clone()?, here.is_some()))));
        }
        let mut all = true;
        for (signed, here) in handed {
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
        let (tally, theirs) = (shown.tally, shown.side.other());
        if self.wild {
            return Ok(());
        }
        let Some(other) = self.auditor.book.sides.get(&(tally, theirs)).copied() else {
            return Ok(());
        };
        let word = self.people[other].kept.get(&tally).and_then(|kept| kept.moved.get(&theirs));
        let Some(word) = word.copied().filter(|word| !shown.moved.contains(word)) else {
            return Ok(());
        };
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
                (Some(here), _) => drop(kept.moved.insert(by, *here)),
                // Of its own the site may know a later one, or not that agent: then it is signed anew.
                (None, Some(lost)) if by != shown.side => {
                    let wish = Wish::Move(Box::new(lost));
                    let words = format!("brings back where its partner is on {short}");
                    self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
                }
                (None, _) => {}
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
        let moved = Moved { tally, by: shown.side, agent, counter, date, key: None, sign: None };
        let moved = moved.signed(&self.people[who].key);
        let moved = moved.map_err(|error| Broken::harness(&error.to_string()))?;
        let wish = Wish::Move(Box::new(moved));
        let words = format!("signs for the new agent on {short}");
        self.brings(who, site, Command::Tally { tally, wish }, &words).await
    }
}

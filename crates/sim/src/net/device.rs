//! A device looks at its site: it keeps what it sees, and after a restore it brings back what the site has lost.

use std::collections::BTreeSet;

use protocol::chit::{Chit, Entry};
use protocol::export::LiftProof;
use protocol::lift::Leg;
use protocol::{Hash, Record as _, Side, Tally, TallyId};
use site::{Caller, Claimed, Command, CommandId, Site, SiteError, Summary, Wish};

use super::broken::{Broken, Sim};
use super::life::Net;

/// How many chits are brought back at once.
const AT_ONCE: usize = 16;

/// How many tallies and chits a device asks for.
const ALL: u32 = 10_000;

impl Net {
    /// Whether somebody's device has been heard since its site went back.
    pub(super) fn is_settled(&self, who: usize) -> bool {
        let person = &self.people[who];
        person.brought == self.places[person.home].epoch
    }

    /// Whether a half that was open waits for somebody's device.
    pub(super) async fn is_waited_for(&self, who: usize) -> Sim<bool> {
        let Some(site) = self.site_of(who) else { return Ok(true) };
        let shown = self.shown(who, &site).await?;
        let waits = |half: &Summary| half.signed.is_some() && half.waiting.device;
        Ok(shown.iter().any(|half| waits(half) || half.to_move))
    }

    /// Somebody's device looks at its site.
    pub(super) async fn looks(&mut self, who: usize) -> Sim<()> {
        let Some(site) = self.site_of(who) else { return Ok(()) };
        if !self.wild {
            while !self.people[who].unanswered.is_empty() {
                self.asks_again(who).await?;
            }
            self.payments_again(who)?;
        }
        let epoch = self.places[self.people[who].home].epoch;
        let mut all = self.is_certified(who, &site).await? && self.reopens(who, &site).await?;
        all &= self.is_handed_tallies(who, &site).await?;
        for shown in self.shown(who, &site).await? {
            all &= self.looks_at(who, &site, shown, epoch).await?;
        }
        if self.lifts && !self.wild {
            self.frees_what_nobody_decides(who, &site).await?;
        }
        // What was refused now is brought at the next look.
        self.people[who].brought = if all { epoch } else { u64::MAX };
        Ok(())
    }

    pub(super) async fn shown(&self, who: usize, site: &Site) -> Sim<Vec<Summary>> {
        let home = &self.places[self.people[who].home];
        let tallies = site.tallies(&self.caller(who), None, ALL).await;
        tallies.map_err(|error| home.cannot("list tallies", &error))
    }

    /// The tally once the site knows the highest offer that somebody's device signed: the partner can accept it,
    /// whatever the site forgot. One that is over, the site refuses.
    pub(super) async fn brings_offer(
        &mut self,
        who: usize,
        site: &Site,
        shown: &Summary,
    ) -> Sim<Summary> {
        let place = |tally: &Tally, by| (tally.members().revision, by);
        let tally = shown.tally;
        let Some(offer) = self.kept(who, tally).offer.clone() else { return Ok(shown.clone()) };
        let table = shown.offer.as_ref().map(|(tally, by)| place(tally, *by));
        let signed = shown.signed.as_ref().map(|tally| place(tally, Side::Foil));
        if table.max(signed).is_some_and(|known| known >= place(&offer, shown.side)) {
            return Ok(shown.clone());
        }
        let words = format!("offers again on {}", self.trace.tally(tally));
        let wish = Wish::Offer(Box::new(offer));
        self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
        let now = site.tally(&self.people[who].name, tally).await;
        Ok(now.unwrap_or_else(|_| shown.clone()))
    }

    /// Whole tallies that the site has lost.
    async fn reopens(&mut self, who: usize, site: &Site) -> Sim<bool> {
        let shown = self.shown(who, site).await?;
        let here: BTreeSet<TallyId> = shown.iter().map(|shown| shown.tally).collect();
        let kept = &mut self.people[who].kept;
        let gone = |(tally, kept): (&TallyId, &super::person::Kept)| {
            (!here.contains(tally)).then(|| (*tally, kept.signed.clone()))
        };
        let lost: Vec<(TallyId, Option<Tally>)> = kept.iter().filter_map(gone).collect();
        let mut all = true;
        for (tally, signed) in lost {
            // A draft that nobody signed is not missed.
            let Some(signed) = signed else { continue };
            let words = format!("brings back {}", self.trace.tally(tally));
            let command = Command::Reopen { tally: Box::new(signed) };
            all &= self.brings(who, site, command, &words).await?;
        }
        Ok(all)
    }

    /// The tally as its site shows it once somebody's device has kept up with it; nothing where that cannot
    /// be. A device looks before it signs.
    pub(super) async fn looks_first(
        &mut self,
        who: usize,
        site: &Site,
        shown: Summary,
    ) -> Sim<Option<Summary>> {
        let epoch = self.places[self.people[who].home].epoch;
        let tally = shown.tally;
        if !self.looks_at(who, site, shown, epoch).await? {
            return Ok(None);
        }
        Ok(site.tally(&self.people[who].name, tally).await.ok())
    }

    async fn looks_at(&mut self, who: usize, site: &Site, shown: Summary, epoch: u64) -> Sim<bool> {
        let tally = shown.tally;
        let short = self.trace.tally(tally);
        let kept = self.kept(who, tally);
        if let Some(signed) = &shown.signed {
            kept.keep_signed(signed);
        }
        let here = shown.signed.as_ref().map_or(0, |tally| tally.members().revision.get());
        let newer = kept.signed.clone().filter(|kept| kept.members().revision.get() > here);
        let mut all = true;
        if let Some(signed) = newer {
            let words = format!("brings back revision {} of {short}", signed.members().revision);
            let wish = Wish::Offer(Box::new(signed));
            all &= self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
        }
        all &= self.moves(who, site, tally).await?;
        let now = site.tally(&self.people[who].name, tally).await;
        let home = &self.places[self.people[who].home];
        let now = now.map_err(|error| home.cannot("show a tally", &error))?;
        if now.head.is_none() {
            return Ok(all);
        }
        let (lost, lifts) = self.compares(who, site, tally).await?;
        for proof in lifts {
            let words = format!("proves a lift on {short}");
            let wish = Wish::Prove(Box::new(proof));
            // What nothing is known of at other sites either is undone.
            self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
        }
        self.says_what_it_gave(who, site, tally).await?;
        if lost.is_empty() && self.people[who].brought == epoch && !now.waiting.device {
            return Ok(all);
        }
        for piece in lost.chunks(AT_ONCE).chain([&[][..]]) {
            let words = format!("brings {} chits of {short}", piece.len());
            let wish = Wish::Recover(piece.to_vec());
            all &= self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
            if !all {
                break;
            }
        }
        Ok(all)
    }

    /// Somebody who is asked whether it gave by a lift remembers whether its site has promised that.
    async fn says_what_it_gave(&mut self, who: usize, site: &Site, tally: TallyId) -> Sim<()> {
        let (name, number) = (self.people[who].name.clone(), self.people[who].home);
        let shown = site.tally(&name, tally).await;
        let shown = shown.map_err(|error| self.places[number].cannot("show a tally", &error))?;
        for Claimed { lift, units, .. } in shown.claimed.into_iter().filter(|one| !one.denied) {
            let units = units.try_into();
            let units = units.map_err(|_| Broken::harness("nothing is asked about"))?;
            let leg = Leg { tally, by: shown.side, units };
            let gave = self.auditor.lifts.has_promised(&lift, number, &leg);
            let said = if gave { "gave" } else { "gave nothing" };
            let (lift_named, short) = (self.trace.lift(lift), self.trace.tally(tally));
            let words = format!("says that it {said} by {lift_named} on {short}");
            let units = leg.units.get();
            let wish = if gave { Wish::Give { lift, units } } else { Wish::Deny(lift) };
            self.brings(who, site, Command::Tally { tally, wish }, &words).await?;
        }
        Ok(())
    }

    /// Keeps what the site shows, and says what of the kept it does not have: chits that somebody wrote, and what proves
    /// those of lifts.
    async fn compares(
        &mut self,
        who: usize,
        site: &Site,
        tally: TallyId,
    ) -> Sim<(Vec<Chit>, Vec<LiftProof>)> {
        let history = site.history(&self.people[who].name, tally, None, ALL).await;
        let home = &self.places[self.people[who].home];
        let history = history.map_err(|error| home.cannot("show a history", &error))?;
        let here: BTreeSet<Hash> = history.iter().map(|entry| entry.link.chit_hash).collect();
        let name = self.people[who].name.clone();
        let Some(kept) = self.people[who].kept.get_mut(&tally) else {
            return Ok(Default::default());
        };
        let (mut lost, mut lifts) = (Vec::new(), Vec::new());
        for chit in &kept.chits {
            let hash = chit.hash().map_err(|error| Broken::harness(&error.to_string()))?;
            if here.contains(&hash) {
                continue;
            }
            match chit.entry {
                Entry::Lift { .. } => lifts.extend(kept.proofs.get(&chit.uuid).cloned()),
                _ => lost.push(chit.clone()),
            }
        }
        for entry in history.iter().rev() {
            let (chit, hash) = (&entry.link.chit, entry.link.chit_hash);
            if let Entry::Lift { lift, .. } = chit.entry
                && !kept.hashes.contains(&hash)
            {
                let proof = site.proof_on(&name, tally, lift).await;
                let proof = proof.map_err(|error| home.cannot("prove a lift", &error))?;
                if proof.giver.is_some() {
                    kept.proofs.insert(chit.uuid, proof);
                }
            }
            kept.keep(chit, hash);
        }
        Ok((lost, lifts))
    }

    /// Something is brought back; whether the site has it now.
    pub(super) async fn brings(
        &mut self,
        who: usize,
        site: &Site,
        command: Command,
        words: &str,
    ) -> Sim<bool> {
        let person = &mut self.people[who];
        person.asked += 1;
        let name = person.short().to_owned();
        let id = CommandId::new(&format!("{name}-{}", person.asked));
        let id = id.ok_or_else(|| Broken::harness("a name that is too long"))?;
        let caller = Caller::User(person.name.clone());
        match site.command(&caller, &id, command).await {
            Ok(_) => {
                self.counts.brought += 1;
                self.say(&name, &format!("{words}: done"));
                Ok(true)
            }
            Err(error @ SiteError::Store(_)) => {
                Err(self.places[self.people[who].home].cannot(words, &error))
            }
            Err(error) => {
                self.say(&name, &format!("{words}: {}", error.word()));
                Ok(false)
            }
        }
    }
}

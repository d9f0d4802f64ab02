//! What people's devices ask their sites: sent, answered or not, and written into the auditor's book.

use std::num::NonZeroU32;

use protocol::chit::{Chit, Entry, Set, Written};
use protocol::{Record as _, Side, Tally, TallyId};
use site::{Answer, Caller, Command, CommandId, Site, SiteError, Summary, Wish};
use store::UserKind;

use super::broken::{Broken, Invariant, Sim};
use super::life::Net;
use super::person::{About, Asked, Kept};
use super::world::moment;

/// How often an answer is lost, in hundreds.
const UNANSWERED: u64 = 6;

impl Net {
    pub(super) fn caller(&self, who: usize) -> Caller {
        Caller::User(self.people[who].name.clone())
    }

    /// The site of somebody, while it is up.
    pub(super) fn site_of(&self, who: usize) -> Option<Site> {
        self.places[self.people[who].home].site.clone()
    }

    pub(super) fn name(&self, who: usize) -> String {
        self.people[who].short().to_owned()
    }

    /// An administrator takes somebody in.
    pub(super) async fn takes_in(&mut self, who: usize) -> Sim<()> {
        let person = &self.people[who];
        let place = &self.places[person.home];
        let Some(site) = &place.site else { return Ok(()) };
        let cert = Box::new(person.cert.clone());
        let command = Command::AddUser { kind: UserKind::Person, cert };
        let id = CommandId::new(&format!("take in {}", person.short()));
        let id = id.ok_or_else(|| Broken::harness("a name that is too long"))?;
        let taken = site.command(&Caller::Administrator, &id, command).await;
        taken.map_err(|error| place.cannot("take somebody in", &error))?;
        let (name, at) = (person.short().to_owned(), place.name.clone());
        self.say(&name, &format!("lives at {at}"));
        Ok(())
    }

    /// Somebody asks something under a name that was never used.
    pub(super) async fn ask(
        &mut self,
        who: usize,
        command: Command,
        about: About,
        words: String,
    ) -> Sim<()> {
        let person = &mut self.people[who];
        person.asked += 1;
        let id = format!("{}-{}", person.short(), person.asked);
        self.sends(who, Asked { id, command, about, words, again: false }).await
    }

    /// The same of one of its tallies.
    pub(super) async fn wish(
        &mut self,
        who: usize,
        tally: TallyId,
        wish: Wish,
        words: &str,
    ) -> Sim<()> {
        let words = format!("{words} on {}", self.trace.tally(tally));
        self.ask(who, Command::Tally { tally, wish }, About::Other, words).await
    }

    /// A command is sent, maybe not for the first time.
    pub(super) async fn sends(&mut self, who: usize, asked: Asked) -> Sim<()> {
        let name = self.name(who);
        let Some(site) = self.site_of(who) else {
            self.say(&name, &format!("{}: the site is down", asked.words));
            self.people[who].unanswered.push(Asked { again: true, ..asked });
            return Ok(());
        };
        let id = CommandId::new(&asked.id);
        let id = id.ok_or_else(|| Broken::harness("a name that is too long"))?;
        let answer = site.command(&self.caller(who), &id, asked.command.clone()).await;
        if let Err(SiteError::Store(_) | SiteError::State { .. } | SiteError::History { .. }) =
            &answer
            && let Err(error) = answer
        {
            let place = &self.places[self.people[who].home];
            return Err(place.cannot(&asked.words, &error));
        }
        if self.wild && self.dice.percent(UNANSWERED) {
            self.say(&name, &format!("{}: no answer", asked.words));
            self.people[who].unanswered.push(Asked { again: true, ..asked });
            return Ok(());
        }
        match answer {
            Ok(answer) => {
                self.counts.done += 1;
                self.say(&name, &format!("{}: done", asked.words));
                self.is_done(who, asked, answer, &site).await
            }
            Err(error) => {
                self.counts.refused += 1;
                self.say(&name, &format!("{}: {}", asked.words, error.word()));
                Ok(())
            }
        }
    }

    /// Somebody was told that something is done: from now on that has to be true.
    async fn is_done(&mut self, who: usize, asked: Asked, answer: Answer, site: &Site) -> Sim<()> {
        let epoch = self.places[self.people[who].home].epoch;
        match (asked.about, answer) {
            (About::Chit { chit, over_limit }, Answer::Tally { balance, .. }) => {
                let hash = chit.hash().map_err(|error| Broken::harness(&error.to_string()))?;
                self.auditor.book.is_told(who, chit.tally, hash, epoch);
                let kept = self.kept(who, chit.tally);
                kept.keep(&chit, hash);
                if let Entry::Tran { units, .. } = &chit.entry {
                    self.counts.paid(units.get().milli());
                    // The answer is that of the first time; other terms may hold by now.
                    if !over_limit && !asked.again {
                        self.within_limit(who, &chit, balance, site).await?;
                    }
                }
            }
            (About::Agreement(tally), _) => {
                let members = tally.members();
                let (uuid, revision) = (members.uuid, members.revision.get());
                self.auditor.book.is_told_agreed(who, uuid, revision);
                self.kept(who, uuid).keep_signed(&tally);
            }
            (About::Invitation { whom }, Answer::Invited(invitation)) => {
                self.people[whom].invited.push(*invitation);
            }
            _ => {}
        }
        Ok(())
    }

    /// What a device keeps of a tally.
    pub(super) fn kept(&mut self, who: usize, tally: TallyId) -> &mut Kept {
        self.people[who].kept.entry(tally).or_default()
    }

    async fn within_limit(&self, who: usize, chit: &Chit, balance: i64, site: &Site) -> Sim<()> {
        let Ok(shown) = site.tally(&self.people[who].name, chit.tally).await else { return Ok(()) };
        let Some(signed) = &shown.signed else { return Ok(()) };
        let limit = signed.party(chit.by.other()).terms.limit().milli();
        if balance < 0 && -balance > limit && shown.balance_milli == i128::from(balance) {
            let what = format!("{} owes {} where {limit} is granted", self.name(who), -balance);
            return Err(
                Broken::new(Invariant::Limit, what).about(self.trace.tally_named(&chit.tally))
            );
        }
        Ok(())
    }

    /// Somebody signs a chit, which the book notes, and has its site take it.
    pub(super) async fn writes(
        &mut self,
        who: usize,
        chit: Chit,
        over_limit: bool,
        words: &str,
    ) -> Sim<()> {
        let signed = chit.signed(&self.people[who].key);
        let chit = signed.map_err(|error| Broken::harness(&error.to_string()))?;
        self.auditor.book.signs(who, &chit)?;
        self.auditor.privacy.writes(chit.tally, chit.uuid);
        let (tally, name) = (self.trace.tally(chit.tally), self.trace.chit(chit.uuid));
        let words = format!("{words} on {tally} ({name})");
        let about = About::Chit { chit: Box::new(chit.clone()), over_limit };
        let uuid = chit.tally;
        let wish = Wish::Write { chit: Box::new(chit), over_limit };
        self.ask(who, Command::Tally { tally: uuid, wish }, about, words).await
    }

    pub(super) fn chit(&mut self, shown: &Summary, entry: Entry) -> Chit {
        let uuid = protocol::ChitId::random(self.dice.sixteen());
        let date = moment(self.now());
        Chit { uuid, tally: shown.tally, by: shown.side, date, entry }
    }

    /// Somebody signs settings with the next counter that it knows of.
    pub(super) async fn sets(
        &mut self,
        who: usize,
        shown: &Summary,
        close: bool,
        words: &str,
    ) -> Sim<()> {
        let Some(site) = self.site_of(who) else { return Ok(()) };
        let Ok(governing) = site.governing(&self.people[who].name, shown.tally).await else {
            return Ok(());
        };
        let next = governing.next_counter.map_or(1, NonZeroU32::get);
        let settings = self.any_settings();
        let kept = self.kept(who, shown.tally);
        let counter = next.max(kept.counter.saturating_add(1));
        kept.counter = counter;
        let Some(counter) = NonZeroU32::new(counter) else { return Ok(()) };
        let set = Set { settings, counter, owe: None, close };
        let chit = self.chit(shown, Entry::Set { set, written: Written::default() });
        self.writes(who, chit, false, &format!("{words} {counter}")).await
    }

    /// Somebody signs a tally, which the book notes; nothing where both have signed this revision or a
    /// later one, and the site does not know it.
    pub(super) fn signs(&mut self, who: usize, tally: Tally, side: Side) -> Sim<Option<Tally>> {
        let (uuid, revision) = (tally.members().uuid, tally.members().revision);
        let kept = self.kept(who, uuid).signed.as_ref();
        if kept.is_some_and(|kept| kept.members().revision >= revision) {
            return Ok(None);
        }
        let signed = tally.signed(side, &self.people[who].key);
        let signed = signed.map_err(|error| Broken::harness(&error.to_string()))?;
        self.auditor.book.agrees(who, &signed)?;
        Ok(Some(signed))
    }
}

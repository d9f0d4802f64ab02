//! What agents say to each other beside notes, said once and lost like them; sites that look after searches and lifts
//! under way; and the referees of a network.

use protocol::AgentId;
use protocol::errand::{About, Errand};
use site::{Caller, Command, CommandId, Planted, Site};

use super::broken::{Broken, Sim};
use super::life::{Event, Net, Way, Ways};
use super::place::Place;
use super::words;

/// For how long after something was heard of lifts a site looks after them often, in milliseconds.
const BUSY_MS: i64 = 10_000;

/// The names of places that nobody lives at.
pub(super) const COURTS: [&str; 7] = ["R", "S", "T", "U", "V", "W", "X"];

impl Net {
    /// Who decides lifts in this network: one, or four so that one of them may be gone; some of its sites, or places of
    /// their own.
    pub(super) fn appoint(&mut self, planted: Option<Planted>) -> Sim<()> {
        let towns = self.places.len();
        let many = if self.dice.percent(40) { 4 } else { 1 };
        let apart = self.dice.percent(40);
        self.well_kept = self.dice.percent(70);
        let mut from: Vec<usize> = if apart { Vec::new() } else { (0..towns).collect() };
        for name in COURTS {
            if self.referees.len() == many {
                break;
            }
            if let Some(place) = self.dice.place(from.len()) {
                self.referees.push(from.remove(place));
                continue;
            }
            self.referees.push(self.places.len());
            self.places.push(Place::new(name.to_owned(), &self.time, &mut self.dice, planted)?);
        }
        for number in self.referees.clone() {
            self.places[number].sets_clock_right(&mut self.dice);
        }
        Ok(())
    }

    /// An administrator has a site accept the referees that there are now, and no others.
    pub(super) async fn accepts(&mut self, number: usize) -> Sim<()> {
        let Some(site) = self.places[number].site.clone() else { return Ok(()) };
        let agents: Vec<AgentId> =
            self.referees.iter().map(|number| self.places[*number].agent).collect();
        self.auditor.lifts.accepts(&agents);
        let place = &self.places[number];
        let known = site.accepted_referees().await;
        let known = known.map_err(|error| place.cannot("list referees", &error))?;
        let known: Vec<AgentId> = known.into_iter().map(|(agent, _)| agent).collect();
        let gone = known.iter().filter(|agent| !agents.contains(agent));
        let new = agents.iter().filter(|agent| !known.contains(agent));
        let commands: Vec<Command> = gone
            .map(|agent| Command::DropReferee { agent: *agent })
            .chain(new.map(|agent| Command::AcceptReferee {
                agent: *agent,
                endpoint: None,
                most: None,
            }))
            .collect();
        for command in commands {
            self.orders += 1;
            let id = CommandId::new(&format!("referee {}", self.orders));
            let id = id.ok_or_else(|| Broken::harness("a name that is too long"))?;
            let done = site.command(&Caller::Administrator, &id, command).await;
            done.map_err(|error| self.places[number].cannot("accept a referee", &error))?;
        }
        Ok(())
    }

    /// A site has started: it may have forgotten whom it accepts, or be another agent.
    pub(super) async fn accept_anew(&mut self, number: usize) -> Sim<()> {
        if !self.referees.contains(&number) {
            return self.accepts(number).await;
        }
        for number in 0..self.places.len() {
            self.accepts(number).await?;
        }
        Ok(())
    }

    /// Something about lifts may follow here.
    pub(super) fn is_busy(&mut self, number: usize) {
        let until = self.now() + BUSY_MS;
        self.places[number].busy_until_ms = until;
    }

    /// A site looks after searches and lifts, and after what it decides itself.
    pub(super) async fn tends(&mut self, number: usize) -> Sim<Vec<usize>> {
        let busy = self.places[number].busy_until_ms > self.now();
        let (least, most) = if busy { (200, 500) } else { (1_000, 2_000) };
        self.after(least, most, Event::Tends(number));
        let place = &self.places[number];
        let Some(site) = place.site.clone() else { return Ok(Vec::new()) };
        let now = place.clock_now();
        let cannot = |error| place.cannot("look after lifts", &error);
        site.tend_searches(now).await.map_err(cannot)?;
        site.tend_lifts(now).await.map_err(cannot)?;
        site.tend_referee(now).await.map_err(cannot)?;
        Ok(if busy { vec![number] } else { Vec::new() })
    }

    /// Errands that sites want to be sent go on their way; says whose they are.
    pub(super) async fn errands_set_out(&mut self) -> Sim<Vec<usize>> {
        let mut senders = Vec::new();
        for from in 0..self.places.len() {
            let place = &self.places[from];
            let Some(site) = place.site.clone() else { continue };
            let errands = site.take_errands().await;
            let errands = errands.map_err(|error| place.cannot("send errands", &error))?;
            if errands.is_empty() {
                continue;
            }
            senders.push(from);
            let (life, agent) = (self.places[from].life, self.places[from].agent);
            for outgoing in errands {
                let way = Way { from, life, agent, whom: outgoing.to };
                let ruled = self.ruled(from, way.whom, outgoing.errand)?;
                for errand in ruled.map_or_else(Vec::new, |it| self.errand_as_told(from, it)) {
                    self.errand_sets_out(way, &errand)?;
                }
            }
        }
        Ok(senders)
    }

    pub(super) fn errand_sets_out(&mut self, way: Way, errand: &Errand) -> Sim<()> {
        let text = errand.to_text().map_err(|error| Broken::harness(&error.to_string()))?;
        let text = text.to_string();
        self.counts.errands += 1;
        let said = words::of_errand(errand, &mut self.trace);
        let Some(to) = self.places.iter().position(|place| place.agent == way.whom) else {
            let who = self.places[way.from].name.clone();
            self.say(&who, &format!("errand {said}: there is no such agent"));
            return Ok(());
        };
        let Ways { lost, twice, late, .. } = self.ways;
        if self.cut.contains(&(way.from, to)) || self.dice.percent(lost) {
            self.counts.errands_lost += 1;
            let who = self.way_of(way.from, to);
            self.say(&who, &format!("errand {said}: lost"));
            return Ok(());
        }
        let slow = self.places[to].slow;
        if self.dice.percent(twice) {
            let copy = text.clone();
            self.after(20, 60_000, Event::Errand { way, to, text: copy, first: false });
        }
        let most = if self.dice.percent(late) { 20_000 } else { 300 };
        self.after(20 * slow, most * slow, Event::Errand { way, to, text, first: true });
        Ok(())
    }

    fn way_of(&self, from: usize, to: usize) -> String {
        format!("{}>{}", self.places[from].name, self.places[to].name)
    }

    /// An errand reaches its agent, if that is still there.
    pub(super) async fn errand_arrives(
        &mut self,
        way: Way,
        to: usize,
        text: &str,
        first: bool,
    ) -> Sim<Vec<usize>> {
        let errand = read(text)?;
        let (who, said) = (self.way_of(way.from, to), words::of_errand(&errand, &mut self.trace));
        let there = self.places[to].site.clone().filter(|site| site.agent() == way.whom);
        let Some(site) = there else {
            self.say(&who, &format!("errand {said}: nobody answers"));
            return Ok(Vec::new());
        };
        self.auditor.privacy.errand(way.from, to, &errand, text)?;
        let knows = site.knows(way.agent).await;
        let knows = knows.map_err(|error| self.places[to].cannot("know an agent", &error))?;
        if errand.about() == About::Ways && !knows {
            self.say(&who, &format!("errand {said}: from a stranger"));
            return Ok(Vec::new());
        }
        self.is_busy(to);
        self.errand_is_heard_by_liars(to, &errand);
        self.counts.adverts += u64::from(matches!(errand, Errand::Advert(_)));
        let answer = self.told_or_asked((way.agent, to), &site, errand).await?;
        // Of several that a liar would rather say, one is the answer.
        let answer = match answer {
            Some(answer) => self.ruled(to, way.agent, answer)?,
            None => None,
        };
        let answer = answer.and_then(|answer| self.errand_as_told(to, answer).pop());
        let Some(answer) = answer else {
            self.say(&who, &format!("errand {said}"));
            return Ok(vec![to]);
        };
        let told = words::of_errand(&answer, &mut self.trace);
        let gone = self.cut.contains(&(to, way.from)) || self.dice.percent(self.ways.unanswered);
        if gone || !first {
            self.say(&who, &format!("errand {said}: answered with {told}, which is lost"));
            return Ok(vec![to]);
        }
        self.say(&who, &format!("errand {said}: answered with {told}"));
        let text = answer.to_text().map_err(|error| Broken::harness(&error.to_string()))?;
        self.auditor.privacy.errand(to, way.from, &answer, &text.to_string())?;
        let slow = self.places[to].slow;
        self.after(20 * slow, 200 * slow, Event::Reply { way, text: text.to_string() });
        Ok(vec![to])
    }

    /// A place's site hears an errand; what referees say to each other is noted.
    async fn told_or_asked(
        &mut self,
        (from, to): (AgentId, usize),
        site: &Site,
        errand: Errand,
    ) -> Sim<Option<Errand>> {
        let Errand::Telling(telling) = errand else {
            return Ok(site.hear_errand(from, errand).await);
        };
        let before = self.auditor.before_telling(to, &self.places[to], &telling).await?;
        let answer = site.hear_errand(from, Errand::Telling(telling.clone())).await;
        if let Some(before) = before {
            self.auditor.was_told((to, &self.places[to]), from, &telling, &before);
        }
        Ok(answer)
    }

    /// Whoever sent an errand hears the answer, if it is still the same.
    pub(super) async fn is_replied(&mut self, way: Way, text: &str) -> Sim<Vec<usize>> {
        let place = &self.places[way.from];
        let Some(site) = place.site.clone().filter(|_| place.life == way.life) else {
            return Ok(Vec::new());
        };
        self.is_busy(way.from);
        // What it says to an answer has no way back: whoever needs it is told it again.
        let answer = read(text)?;
        self.errand_is_heard_by_liars(way.from, &answer);
        if let Some(more) = self.told_or_asked((way.whom, way.from), &site, answer).await? {
            let said = words::of_errand(&more, &mut self.trace);
            let who = self.places[way.from].name.clone();
            self.say(&who, &format!("errand {said}: an answer to an answer, which nobody hears"));
        }
        Ok(vec![way.from])
    }
}

fn read(text: &str) -> Sim<Errand> {
    Errand::read(text.as_bytes()).map_err(|error| Broken::harness(&error.to_string()))
}

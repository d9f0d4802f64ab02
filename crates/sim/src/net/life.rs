//! The life of a simulated network: one queue of what happens next, one step after the other, and the auditor
//! after each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::AgentId;
use protocol::mail::{self, Fate, Reason, Receipt};
use site::{Planted, Site};
use tokio::sync::oneshot;

use super::Life;
use super::around::Clearing;
use super::auditor::Auditor;
use super::broken::{Broken, Invariant, Sim};
use super::dice::Dice;
use super::false_referee::FalseReferee;
use super::forge::Caught;
use super::liars::Liars;
use super::newer::Newer;
use super::person::{MOST_PEOPLE, Person};
use super::place::{Disk, Place};
use super::report::Counts;
use super::road::{Road, Sent, Traffic, later, taken};
use super::strangers::Payment;
use super::trace::Trace;
use super::words;
use super::world::{START_MS, Time};

/// How many rounds of delivering a site has under way at most.
const MOST_ROUNDS: usize = 3;

/// How often everything that can go on may go on before the next thing happens: a note that was answered
/// is noted, and the next one of its line is sent.
const BREATHS: usize = 3;

/// Where a message comes from: the place, and in which of its lives it sent it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) life: u64,
    /// Whose line it came on.
    pub(super) agent: AgentId,
    /// Whom it is for: at that place another may answer by then.
    pub(super) whom: AgentId,
}

/// Something that happens at its time.
pub(super) enum Event {
    /// A message reaches its agent; the first of its copies brings the answer.
    Arrives { way: Way, to: usize, notes: Vec<String>, answer: Option<oneshot::Sender<Receipt>> },
    /// Its sender hears what became of it.
    Answered { way: Way, notes: Vec<String>, receipt: Receipt, answer: oneshot::Sender<Receipt> },
    /// An errand reaches its agent; of its copies the first brings the answer.
    Errand { way: Way, to: usize, text: String, first: bool },
    /// Its sender hears the answer to it.
    Reply { way: Way, text: String },
    /// A site looks after searches, lifts, and what it decides.
    Tends(usize),
    /// A site looks for ways round other sites by which debts clear.
    Clears(usize),
    /// A site that lies says something of its own accord.
    Lies(usize),
    /// A site sends what is due.
    Delivers(usize),
    /// A site says again what was not confirmed.
    Reminds(usize),
    /// Somebody wants something.
    Acts(usize),
    /// Somebody's device looks at its site.
    Looks(usize),
    /// Something fails.
    Fails,
    /// A way is free again.
    Frees(usize, usize),
    /// A site starts again, with this disk.
    Starts(usize, Disk),
    /// A site is quick again.
    Hurries(usize),
    /// Somebody makes a backup of a site.
    BacksUp(usize),
    /// Somebody forges.
    Forges,
    /// The calm at the beginning is over: ways become bad.
    Storms(Ways),
}

/// How bad the ways are, in hundreds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ways {
    pub(super) lost: u64,
    pub(super) unanswered: u64,
    pub(super) twice: u64,
    pub(super) late: u64,
}

/// A network.
pub(super) struct Net {
    pub(super) dice: Dice,
    pub(super) time: Time,
    pub(super) queue: BTreeMap<(i64, u64), Event>,
    events: u64,
    pub(super) places: Vec<Place>,
    pub(super) people: Vec<Person>,
    /// Whether people pay strangers.
    pub(super) lifts: bool,
    /// Whether people know each other before anything fails, and then pay as fast as they can.
    pub(super) busy: bool,
    /// Until when nothing fails yet.
    pub(super) calm_until_ms: i64,
    /// Which of the places decide lifts, in the eyes of all.
    pub(super) referees: Vec<usize>,
    /// Whether referees lose neither disk nor key.
    pub(super) well_kept: bool,
    /// How many commands administrators gave while it ran.
    pub(super) orders: u64,
    /// Sites that lie about lifts.
    pub(super) liars: Liars,
    /// Referees that lie.
    pub(super) false_referees: Vec<FalseReferee>,
    /// What only networks of later seeds have.
    pub(super) newer: Newer,
    /// What people want to pay to others elsewhere.
    pub(super) payments: Vec<Payment>,
    /// Sites that look for ways round.
    pub(super) clearings: Vec<Clearing>,
    traffic: Traffic,
    pub(super) cut: BTreeSet<(usize, usize)>,
    pub(super) ways: Ways,
    pub(super) trace: Trace,
    pub(super) auditor: Auditor,
    pub(super) counts: Counts,
    pub(super) caught: Vec<Caught>,
    /// Whether anything may fail, and people do things.
    pub(super) wild: bool,
    /// Whether people tell each other by hand what their sites never will.
    pub(super) by_hand: bool,
    /// When the wild time ends.
    pub(super) until_ms: i64,
}

impl Net {
    /// A network with its sites and people, none of whom knows any other.
    pub(super) async fn founded(seed: u64, life: Life, planted: Option<Planted>) -> Sim<Self> {
        let mut dice = Dice::new(seed);
        let time = Time::begun();
        let many = if dice.percent(75) { dice.between(2, 3) } else { dice.between(2, 6) };
        let mut places = Vec::new();
        for name in
            ["A", "B", "C", "D", "E", "F"].into_iter().take(usize::try_from(many).unwrap_or(2))
        {
            places.push(Place::new(name.to_owned(), &time, &mut dice, planted)?);
        }
        let ways = Ways {
            lost: dice.below(40),
            unanswered: dice.below(25),
            twice: dice.below(30),
            late: dice.below(30),
        };
        let until_ms = START_MS + dice.between(120_000, 240_000);
        let mut net = Self {
            dice,
            time,
            queue: BTreeMap::new(),
            events: 0,
            places,
            people: Vec::new(),
            lifts: life != Life::Tallies,
            busy: false,
            calm_until_ms: START_MS,
            referees: Vec::new(),
            well_kept: false,
            orders: 0,
            liars: Liars::default(),
            false_referees: Vec::new(),
            newer: Newer::of(seed, life != Life::Tallies),
            payments: Vec::new(),
            clearings: Vec::new(),
            traffic: Traffic::default(),
            cut: BTreeSet::new(),
            ways,
            trace: Trace::default(),
            auditor: Auditor::default(),
            counts: Counts::default(),
            caught: Vec::new(),
            wild: true,
            by_hand: false,
            until_ms,
        };
        let towns = net.places.len();
        if net.lifts {
            net.appoint(planted)?;
            net.appoint_seven()?;
            net.may_be_busy();
            if life == Life::Liars {
                net.appoint_liars(towns);
                net.appoint_false_referees();
            }
            net.clocks_go_wrong();
        }
        if net.newer.links {
            for number in 0..net.places.len() {
                net.places[number].answers_at = net.endpoint_of(number);
            }
        }
        if net.newer.seven {
            net.places.iter_mut().for_each(|place| place.most_referees = 7);
        }
        for number in 0..net.places.len() {
            net.places[number].start().await?;
        }
        net.move_in(towns).await?;
        for number in 0..net.places.len() {
            net.accepts(number).await?;
        }
        net.auditor.privacy.begins(&net.places, &net.people, &net.referees);
        net.begin();
        Ok(net)
    }

    /// People move into the first so many places.
    async fn move_in(&mut self, towns: usize) -> Sim<()> {
        let most = i64::try_from(MOST_PEOPLE).unwrap_or(2);
        let least = i64::try_from(if self.busy { towns.max(3) } else { towns }).unwrap_or(2);
        let many = if self.dice.percent(70) {
            self.dice.between(least, (least + 2).min(most))
        } else {
            self.dice.between(least, most)
        };
        for number in 0..usize::try_from(many).unwrap_or(2) {
            // One at each site first.
            let any = self.dice.place(towns).unwrap_or(0);
            let home = if number < towns { number } else { any };
            let agent = self.places[home].agent;
            let person = Person::new(number, home, agent, &mut self.dice)?;
            self.people.push(person);
            self.takes_in(number).await?;
        }
        Ok(())
    }

    /// What happens again and again, for the first time.
    fn begin(&mut self) {
        let calm = self.calm_until_ms - START_MS;
        for number in 0..self.places.len() {
            self.after(500, 2_000, Event::Delivers(number));
            self.after(15_000, 60_000, Event::Reminds(number));
            self.after(10_000, 60_000, Event::BacksUp(number));
            if self.lifts {
                self.after(200, 2_000, Event::Tends(number));
                let (least, most) = self.first_clears();
                self.after(least, most, Event::Clears(number));
            }
        }
        for number in 0..self.people.len() {
            self.after(100, 3_000, Event::Acts(number));
            self.after(10_000, 40_000, Event::Looks(number));
        }
        self.after(calm + 10_000, calm + 40_000, Event::Fails);
        self.after(calm + 5_000, calm + 20_000, Event::Forges);
    }

    pub(super) fn now(&self) -> i64 {
        self.time.ms()
    }

    /// An event at some moment from `least` to `most` milliseconds from now.
    pub(super) fn after(&mut self, least: i64, most: i64, event: Event) {
        let at = self.now() + self.dice.between(least, most);
        self.events += 1;
        self.queue.insert((at, self.events), event);
    }

    pub(super) fn say(&mut self, who: &str, what: &str) {
        let now = self.now();
        self.trace.say(now, who, what);
    }

    /// The next thing happens; false where there is none.
    pub(super) async fn step(&mut self) -> Sim<bool> {
        let Some(((at, _), event)) = self.queue.pop_first() else { return Ok(false) };
        self.time.set(at.max(self.now()));
        self.counts.steps += 1;
        let mut touched: BTreeSet<usize> =
            Box::pin(self.happens(event)).await?.into_iter().collect();
        for _ in 0..BREATHS {
            tokio::task::yield_now().await;
        }
        self.collect().await?;
        touched.extend(self.hears_of_payments().await?);
        touched.extend(self.hears_of_clearings().await?);
        for sent in taken(&self.traffic) {
            self.sets_out(sent);
        }
        touched.extend(self.errands_set_out().await?);
        for number in touched {
            self.look(number).await?;
        }
        Ok(true)
    }

    /// The auditor looks at a place, whose disk is remembered.
    pub(super) async fn look(&mut self, number: usize) -> Sim<()> {
        let now = self.now();
        let Some(place) = self.places.get_mut(number) else { return Ok(()) };
        if place.site.is_none() {
            return Ok(());
        }
        place.remember(now)?;
        // What did not change was looked at already.
        if !place.has_changed() {
            return Ok(());
        }
        self.auditor.look(number, &self.places[number], &self.people, &self.trace).await
    }

    /// Does what happens; says which places it may have changed.
    async fn happens(&mut self, event: Event) -> Sim<Vec<usize>> {
        match event {
            Event::Arrives { way, to, notes, answer } => {
                self.arrives(way, to, notes, answer).await?;
                Ok(vec![to])
            }
            Event::Answered { way, notes, receipt, answer } => {
                if self.places[way.from].life == way.life {
                    for (note, fate) in notes.iter().zip(&receipt.fates) {
                        if !matches!(fate, Fate::Later(_)) {
                            self.auditor.is_answered(way.from, note);
                        }
                    }
                }
                // Who does not live any more hears nothing.
                let _ = answer.send(receipt);
                Ok(vec![way.from])
            }
            Event::Errand { way, to, text, first } => {
                self.errand_arrives(way, to, &text, first).await
            }
            Event::Reply { way, text } => self.is_replied(way, &text).await,
            Event::Tends(number) => self.tends(number).await,
            Event::Clears(number) => {
                self.clears(number);
                Ok(vec![number])
            }
            Event::Lies(number) => {
                self.lies(number)?;
                Ok(Vec::new())
            }
            Event::Delivers(number) => {
                self.delivers(number).await?;
                self.after(500, 3_000, Event::Delivers(number));
                Ok(vec![number])
            }
            Event::Reminds(number) => {
                self.reminds(number).await?;
                self.after(20_000, 60_000, Event::Reminds(number));
                Ok(vec![number])
            }
            Event::Acts(who) => {
                if !self.wild {
                    return Ok(Vec::new());
                }
                if self.now() < self.calm_until_ms {
                    self.after(200, 800, Event::Acts(who));
                    self.settles_in(who).await?;
                } else {
                    let (least, most) = self.pause();
                    self.after(least, most, Event::Acts(who));
                    self.acts(who).await?;
                }
                Ok(vec![self.people[who].home])
            }
            Event::Looks(who) => {
                self.looks(who).await?;
                self.after(10_000, 40_000, Event::Looks(who));
                Ok(vec![self.people[who].home])
            }
            Event::BacksUp(number) => {
                let now = self.now();
                if self.places[number].site.is_some() {
                    self.places[number].back_up(now)?;
                    self.auditor.privacy.keeps(number, &self.places[number])?;
                }
                self.after(20_000, 90_000, Event::BacksUp(number));
                Ok(Vec::new())
            }
            Event::Forges => {
                if !self.wild {
                    return Ok(Vec::new());
                }
                self.after(2_000, 12_000, Event::Forges);
                Ok(self.forges().await?.into_iter().collect())
            }
            other => self.fault(other).await,
        }
    }

    async fn arrives(
        &mut self,
        way: Way,
        to: usize,
        notes: Vec<String>,
        answer: Option<oneshot::Sender<Receipt>>,
    ) -> Sim<()> {
        let Way { from, agent, whom, .. } = way;
        let who = format!("{}>{}", self.places[from].name, self.places[to].name);
        let there = self.places[to].site.clone().filter(|site| site.agent() == whom);
        let Some(site) = there else {
            for note in &notes {
                let words = words::of_note(note, &mut self.trace);
                self.say(&who, &format!("{words}: nobody answers"));
            }
            if let Some(answer) = answer {
                let receipt = later(notes.len(), "nobody answers");
                self.after(500, 5_000, Event::Answered { way, notes, receipt, answer });
            }
            return Ok(());
        };
        for note in &notes {
            self.auditor.privacy.note(from, to, note)?;
        }
        let mut told = Vec::with_capacity(notes.len());
        for note in &notes {
            let place = (to, &self.places[to]);
            told.push(self.auditor.before_word((from, agent), place, note).await?);
        }
        let mut receipt = hear(&site, agent, mail::write(&notes).as_bytes(), notes.len()).await?;
        for (told, fate) in told.into_iter().zip(&receipt.fates) {
            if let (Some(told), Fate::Taken) = (told, fate) {
                self.auditor.took_word(told);
            }
        }
        receipt.notes = self.notes_as_told(to, from, receipt.notes);
        self.is_busy(to);
        for (note, fate) in notes.iter().zip(&receipt.fates) {
            self.counts.heard(fate);
            let words = words::of_note(note, &mut self.trace);
            self.say(&who, &format!("{words}: {}", words::of_fate(fate)));
        }
        let Some(answer) = answer else { return Ok(()) };
        let unanswered = self.ways.unanswered;
        let cut = self.cut.contains(&(to, from));
        let slow = self.places[to].slow;
        if cut || self.dice.percent(unanswered) {
            self.counts.unanswered += 1;
            let receipt = later(notes.len(), "no answer");
            self.after(3_000, 15_000, Event::Answered { way, notes, receipt, answer });
        } else {
            for note in &receipt.notes {
                let words = words::of_note(note, &mut self.trace);
                self.say(&who, &format!("  answered with {words}"));
                self.counts.back += 1;
                self.catches(to, from, note);
            }
            self.auditor.privacy.receipt(to, from, &receipt)?;
            self.after(20 * slow, 200 * slow, Event::Answered { way, notes, receipt, answer });
        }
        Ok(())
    }

    /// What becomes of a message that was sent.
    fn sets_out(&mut self, sent: Sent) {
        let Sent { from, life, agent, to, notes, answer } = sent;
        let way = Way { from, life, agent, whom: to };
        let at = |agent: AgentId| self.places.iter().position(|place| place.agent == agent);
        let Some(to) = at(to) else {
            let _ = answer.send(later(notes.len(), "there is no such agent"));
            return;
        };
        self.counts.sent += 1;
        let notes = self.notes_as_told(from, to, notes);
        for note in &notes {
            self.catches(from, to, note);
        }
        let Ways { lost, twice, late, .. } = self.ways;
        if self.cut.contains(&(from, to)) || self.dice.percent(lost) {
            self.counts.lost += 1;
            let receipt = later(notes.len(), "lost");
            self.after(3_000, 15_000, Event::Answered { way, notes, receipt, answer });
            return;
        }
        if self.dice.percent(twice) {
            self.counts.twice += 1;
            let notes = notes.clone();
            self.after(20, 60_000, Event::Arrives { way, to, notes, answer: None });
        }
        let slow = self.places[to].slow;
        let most = if self.dice.percent(late) { 20_000 } else { 300 };
        let answer = Some(answer);
        self.after(20 * slow, most * slow, Event::Arrives { way, to, notes, answer });
    }

    /// A site sends what is due, beside what it is sending already.
    async fn delivers(&mut self, number: usize) -> Sim<()> {
        let place = &mut self.places[number];
        let Some(site) = place.site.clone() else { return Ok(()) };
        loop {
            let posted = site.post().await;
            let posted = posted.map_err(|error| place.cannot("deliver its post", &error))?;
            if posted.delivered + posted.refused == 0 {
                break;
            }
        }
        if place.rounds.len() < MOST_ROUNDS {
            let traffic = Arc::clone(&self.traffic);
            let road =
                Arc::new(Road { from: number, life: place.life, agent: place.agent, traffic });
            place.rounds.push(tokio::spawn(async move { site.deliver(&road).await }));
        }
        Ok(())
    }

    /// Rounds that have ended.
    async fn collect(&mut self) -> Sim<()> {
        for place in &mut self.places {
            let mut left = Vec::new();
            for round in std::mem::take(&mut place.rounds) {
                if !round.is_finished() {
                    left.push(round);
                    continue;
                }
                match round.await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return Err(place.cannot("deliver", &error)),
                    Err(error) if error.is_panic() => {
                        let what = format!("site {}: a round of delivering panicked", place.name);
                        return Err(Broken::new(Invariant::Works, what));
                    }
                    Err(_) => {}
                }
            }
            place.rounds = left;
        }
        Ok(())
    }

    pub(super) async fn reminds(&mut self, number: usize) -> Sim<usize> {
        let place = &self.places[number];
        let Some(site) = &place.site else { return Ok(0) };
        let spoke = site.remind().await.map_err(|error| place.cannot("remind", &error))?;
        if spoke > 0 {
            let name = place.name.clone();
            self.say(&name, &format!("says again what was not confirmed, of {spoke} halves"));
        }
        Ok(spoke)
    }
}

/// A site hears a message, as bytes, and its receipt comes as bytes too.
pub(super) async fn hear(site: &Site, agent: AgentId, bytes: &[u8], many: usize) -> Sim<Receipt> {
    let harness = |error: &dyn ToString| Broken::harness(&error.to_string());
    let read = mail::read(bytes).map_err(|error| harness(&error))?;
    let cut = |error: protocol::JsonError| Reason::cut(&error.to_string());
    let notes = read.into_iter().map(|note| note.map_err(cut)).collect();
    let receipt = site.hear_from(agent, notes).await;
    let text = receipt.write().map_err(|error| harness(&error))?;
    Receipt::read(text.as_bytes(), many).map_err(|error| harness(&error))
}

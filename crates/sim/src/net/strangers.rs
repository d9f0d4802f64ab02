//! Payments to people at other sites: what somebody signs, has its site pay, and asks again under the same name where it
//! got no answer.

use protocol::chit::Positive;
use protocol::lift::Authorisation;
use protocol::{AgentId, ChipAddress, PaymentId, Units};
use site::{Answer, Command, CommandId, Hint, Paid, SiteError};
use tokio::task::JoinHandle;

use super::auditor::Allowed;
use super::broken::{Broken, Invariant, Sim};
use super::life::Net;
use super::world::moment;

/// How many payments of one person's may have no answer at once, and in a busy network.
const MOST_AT_ONCE: usize = 2;
const MOST_WHERE_BUSY: usize = 4;

/// How often somebody asks who hears that nothing is decided yet, once faults have stopped.
const MOST_ASKED: u32 = 6;

/// How long after faults have stopped payments are waited for, in milliseconds.
const GIVEN_UP_MS: i64 = 10 * 60_000;

/// How often an answer is lost, in hundreds.
const UNANSWERED: u64 = 6;

/// For how long a payment may be asked for, in milliseconds: clocks may be wrong by hours.
const EXPIRES_MS: i64 = 24 * 3_600_000;

/// What one site was asked: the answer comes when the lift is decided.
type Asking = JoinHandle<Result<Answer, SiteError>>;

/// A payment that somebody wants to make.
pub(super) struct Payment {
    who: usize,
    authorisation: Box<Authorisation>,
    /// Its agent when it was signed: another one can do nothing with it.
    agent: AgentId,
    words: String,
    /// What its payee's link says, where it asked for it.
    hint: Option<Hint>,
    /// How often it was asked for, and under how many names.
    asked: u32,
    named: u32,
    asking: Vec<Asking>,
    /// Its user knows what came of it, or has given it up.
    is_over: bool,
}

impl Net {
    /// Somebody pays somebody at another site.
    pub(super) async fn pays_a_stranger(&mut self, who: usize) -> Sim<()> {
        let home = self.people[who].home;
        let own = |payment: &Payment| payment.who == who && !payment.is_over;
        let open: Vec<usize> =
            (0..self.payments.len()).filter(|number| own(&self.payments[*number])).collect();
        let (most, again) = if self.busy { (MOST_WHERE_BUSY, 15) } else { (MOST_AT_ONCE, 40) };
        if let Some(number) = self.dice.pick(&open).copied()
            && (open.len() >= most || self.dice.percent(again))
        {
            // Also while it is under way: a device that lost its line asks once more.
            if self.payments[number].asking.is_empty() || self.dice.percent(15) {
                self.asks_to_pay(number)?;
            }
            return Ok(());
        }
        let others: Vec<usize> =
            (0..self.people.len()).filter(|other| self.people[*other].home != home).collect();
        let Some(payee) = self.dice.pick(&others).copied() else { return Ok(()) };
        // The road asks for no place, but whoever pays a stranger has to name one.
        let address = |net: &Self, of: usize| {
            let person = &net.people[of];
            let home = &net.places[person.home];
            let endpoint = format!("{}:8421", home.host).parse().ok();
            ChipAddress { cuid: person.name.clone(), agent: home.agent, endpoint }
        };
        let whom = self.name(payee);
        let (payer, paid) = (address(self, who), address(self, payee));
        let units = self.dice.between(1, 12_000);
        let more = if self.dice.percent(50) { 0 } else { self.dice.between(0, units / 5 + 2) };
        let positive =
            |milli| Units::new(milli).ok().and_then(|units| Positive::try_from(units).ok());
        let (Some(amount), Some(most)) = (positive(units), positive(units + more)) else {
            return Ok(());
        };
        let uuid = PaymentId::random(self.dice.sixteen());
        let authorisation = Authorisation {
            uuid,
            payer,
            payee: paid,
            units: amount,
            most,
            date: moment(self.now()),
            expires: moment(self.now() + EXPIRES_MS),
            r#ref: None,
            memo: None,
            sign: None,
        };
        let authorisation = authorisation.signed(&self.people[who].key);
        let authorisation = authorisation.map_err(|error| Broken::harness(&error.to_string()))?;
        self.counts.lifts_wanted += 1;
        let agent = authorisation.payer.agent;
        self.auditor.lifts.allows(Allowed::by(who, &authorisation, &self.people)?);
        self.auditor.privacy.pays(who, payee, uuid);
        let name = self.trace.payment(uuid);
        let words = format!("pays {units} to {whom} ({name})");
        let authorisation = Box::new(authorisation);
        let hint = self.asked_by_link(payee, amount).await?;
        let payment = Payment {
            who,
            authorisation,
            agent,
            words,
            hint,
            asked: 0,
            named: 0,
            asking: Vec::new(),
            is_over: false,
        };
        self.payments.push(payment);
        self.asks_to_pay(self.payments.len() - 1)
    }

    /// Has the site make a payment; its answer comes later.
    fn asks_to_pay(&mut self, number: usize) -> Sim<()> {
        let who = self.payments[number].who;
        let (name, site) = (self.name(who), self.site_of(who));
        let words = self.payments[number].words.clone();
        let Some(site) = site else {
            self.say(&name, &format!("{words}: the site is down"));
            return Ok(());
        };
        // A device may have lost the name of its command, too.
        let again = self.payments[number].asked > 0;
        let anew = self.dice.percent(50);
        let payment = &mut self.payments[number];
        payment.asked += 1;
        payment.named += u32::from(anew || !again);
        let (named, authorisation) = (payment.named, payment.authorisation.clone());
        let id = CommandId::new(&format!("lift-{}-{named}", authorisation.uuid));
        let id = id.ok_or_else(|| Broken::harness("a name that is too long"))?;
        let (caller, hint) = (self.caller(who), self.payments[number].hint);
        let asking = tokio::spawn(async move {
            site.command(&caller, &id, Command::PayByLift { authorisation, hint }).await
        });
        self.payments[number].asking.push(asking);
        self.is_busy(self.people[who].home);
        self.say(&name, &format!("{words}: {}", if again { "asks again" } else { "asks" }));
        Ok(())
    }

    /// Once faults have stopped: whoever has no answer asks again.
    pub(super) fn payments_again(&mut self, who: usize) -> Sim<()> {
        for number in 0..self.payments.len() {
            let payment = &self.payments[number];
            if payment.who == who && !payment.is_over && payment.asking.is_empty() {
                self.asks_to_pay(number)?;
            }
        }
        Ok(())
    }

    /// Whether somebody has no answer yet that could come soon. A lift that was dated while its payer's clock was hours
    /// ahead is waited for until that time has come; that it holds up nothing else, the auditor sees.
    pub(super) fn is_paying(&self) -> bool {
        self.waits_for_lifts()
            && self.payments.iter().any(|payment| {
                let waits = !payment.is_over || !payment.asking.is_empty();
                waits && !self.lives_with_liars(payment.who)
            })
    }

    /// Whether faults have not stopped for so long that whatever waits for a lift yet waits for one that was dated hours
    /// ahead.
    pub(super) fn waits_for_lifts(&self) -> bool {
        self.now() <= self.until_ms + GIVEN_UP_MS
    }

    /// A site has crashed: nobody there gets an answer.
    pub(super) fn payments_break_off(&mut self, place: usize) {
        for payment in &mut self.payments {
            if self.people[payment.who].home == place {
                for asking in payment.asking.drain(..) {
                    asking.abort();
                }
            }
        }
    }

    /// Answers that have come; says at which places.
    pub(super) async fn hears_of_payments(&mut self) -> Sim<Vec<usize>> {
        let mut places = Vec::new();
        for number in 0..self.payments.len() {
            if !self.payments[number].asking.is_empty() {
                places.push(self.people[self.payments[number].who].home);
            }
            let asking = std::mem::take(&mut self.payments[number].asking);
            let (done, waits): (Vec<Asking>, Vec<Asking>) =
                asking.into_iter().partition(JoinHandle::is_finished);
            self.payments[number].asking = waits;
            for answer in done {
                match answer.await {
                    Ok(answer) => self.is_answered(number, answer).await?,
                    Err(error) if error.is_panic() => {
                        let what = format!("{}: it panicked", self.payments[number].words);
                        return Err(Broken::new(Invariant::Works, what));
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(places)
    }

    async fn is_answered(&mut self, number: usize, answer: Result<Answer, SiteError>) -> Sim<()> {
        let (who, words) = (self.payments[number].who, self.payments[number].words.clone());
        let name = self.name(who);
        // A liar's own site may trip over what its liar said in its name.
        if self.lives_with_liars(who) {
            let said = answer.as_ref().map_or_else(SiteError::word, |_| "done");
            self.say(&name, &format!("{words}, at a liar's site: {said}"));
            self.payments[number].is_over = true;
            return Ok(());
        }
        if let Err(
            error @ (SiteError::Store(_)
            | SiteError::State { .. }
            | SiteError::History { .. }
            | SiteError::Part { .. }
            | SiteError::Participant(_)),
        ) = &answer
        {
            return Err(self.places[self.people[who].home].cannot(&words, error));
        }
        if self.wild && self.dice.percent(UNANSWERED) {
            self.say(&name, &format!("{words}: no answer"));
            return Ok(());
        }
        match answer {
            Ok(Answer::Paid(paid)) => {
                self.say(&name, &format!("{words}: paid by {}", self.trace.lift_named(&paid.lift)));
                self.payments[number].is_over = true;
                self.is_paid(who, number, &paid).await
            }
            Ok(_) => Err(Broken::harness("an answer to something else")),
            Err(error) => {
                let lives = self.places[self.people[who].home].agent == self.payments[number].agent;
                let undecided = matches!(error, SiteError::Undecided { .. });
                // What waits for a referee that is gone, nobody can wait for.
                let gives_up = if undecided {
                    !self.wild && self.payments[number].asked >= MOST_ASKED
                } else {
                    !self.wild || self.dice.percent(60)
                };
                self.payments[number].is_over = gives_up || !lives;
                if matches!(error, SiteError::NotLifted { .. }) {
                    let uuid = self.payments[number].authorisation.uuid;
                    self.auditor.lifts.is_told_void(who, uuid);
                }
                self.counts.refused += 1;
                self.say(&name, &format!("{words}: {}: {error}", error.word()));
                Ok(())
            }
        }
    }

    /// Somebody was told that a payment is made: from now on its chit has to be there.
    async fn is_paid(&mut self, who: usize, number: usize, paid: &Paid) -> Sim<()> {
        self.counts.lifts_paid += 1;
        let authorisation = &self.payments[number].authorisation;
        let most = authorisation.most.get();
        if paid.units != authorisation.units.get() || paid.given > most {
            let what = format!(
                "{} was told that it gave {} for {} where it allowed {most}",
                self.name(who),
                paid.given,
                paid.units
            );
            return Err(Broken::new(Invariant::Theft, what));
        }
        let broken = |error: store::StoreError| Broken::harness(&error.to_string());
        let place = &self.places[self.people[who].home];
        let mut view = place.store.read().await.map_err(broken)?;
        let legs = view.legs_of_holder(&self.people[who].name, &[paid.lift]).await;
        let legs = legs.map_err(broken)?;
        let given: i64 = legs.iter().map(|at| -at.leg.effect.milli()).sum();
        if given != paid.given.milli() {
            let what = format!(
                "{} was told that it gave {}, and gave {given}",
                self.name(who),
                paid.given
            );
            return Err(
                Broken::new(Invariant::Kept, what).about([self.trace.lift_named(&paid.lift)])
            );
        }
        let epoch = place.epoch;
        let Some(site) = self.site_of(who) else { return Ok(()) };
        for at in legs {
            self.auditor.book.is_told(who, at.tally, at.leg.chit, epoch);
            // The device keeps what it was told.
            if let Ok(shown) = site.tally(&self.people[who].name, at.tally).await {
                self.looks_first(who, &site, shown).await?;
            }
        }
        Ok(())
    }
}

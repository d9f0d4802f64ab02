//! Whether a network has come to its end: nothing is on its way, nobody waits for anything, and no site would say more.

use protocol::AgentId;

use super::broken::{Broken, Sim};
use super::life::{Event, Net};
use super::person::Person;

impl Net {
    /// Whether nothing is on its way, and nothing would be said.
    pub(super) async fn is_quiet(&mut self) -> Sim<bool> {
        let on_its_way = |event: &Event| {
            matches!(event, Event::Arrives { .. } | Event::Answered { .. } | Event::Starts(..))
                || matches!(event, Event::Errand { .. } | Event::Reply { .. })
        };
        if self.queue.values().any(on_its_way) {
            return Ok(false);
        }
        let honest = |person: &Person| !self.liars.places.contains(&person.home);
        let asks = |person: &&Person| honest(person) && !person.unanswered.is_empty();
        if self.people.iter().any(|person| asks(&person)) {
            return Ok(false);
        }
        if self.is_paying()
            || self.is_clearing()
            || !self.auditor.lifts.are_decided(&self.places, self.now())
        {
            return Ok(false);
        }
        if self.locked().is_some_and(|lock| self.can_be_freed(&lock)) {
            return Ok(false);
        }
        for who in 0..self.people.len() {
            // A half that came back late waits for its user to look in once more.
            if !self.lives_with_liars(who)
                && (!self.is_settled(who) || self.is_waited_for(who).await?)
            {
                return Ok(false);
            }
        }
        let honest: Vec<usize> =
            (0..self.places.len()).filter(|at| !self.liars.places.contains(at)).collect();
        for number in honest.iter().copied() {
            if !self.places[number].rounds.is_empty() || self.waiting(number).await? > 0 {
                return Ok(false);
            }
        }
        for who in 0..self.people.len() {
            if let Some(site) = self.site_of(who).filter(|_| !self.lives_with_liars(who))
                && self.could_be_told(who, &site).await?
            {
                // Sites have done what they can: what is left, people tell each other.
                self.by_hand = true;
                return Ok(false);
            }
        }
        // What goes to an agent that is no more is said for ever, or until its invitation expires.
        for number in honest {
            if self.reminds(number).await? > 0 && self.waiting(number).await? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether somebody's site lies.
    pub(super) fn lives_with_liars(&self, who: usize) -> bool {
        self.liars.places.contains(&self.people[who].home)
    }

    /// Letters that wait, but for those to agents that are no more or lie: what liars make of theirs is their concern.
    pub(super) async fn waiting(&self, number: usize) -> Sim<usize> {
        let broken = |error: store::StoreError| Broken::harness(&error.to_string());
        let mut view = self.places[number].store.read().await.map_err(broken)?;
        let letters = view.letters(None, 1_000).await.map_err(broken)?;
        let lives = |to: AgentId| {
            let at = self.places.iter().position(|place| place.agent == to);
            at.is_some_and(|at| !self.liars.places.contains(&at))
        };
        Ok(letters.iter().filter(|letter| lives(letter.letter.to)).count())
    }

    /// What is not at its end, in words.
    pub(super) async fn unfinished(&self) -> Sim<String> {
        let mut left = Vec::new();
        for (number, place) in self.places.iter().enumerate() {
            let many = self.waiting(number).await?;
            if many > 0 {
                left.push(format!("{many} letters wait at {}", place.name));
            }
            let broken = |error: store::StoreError| Broken::harness(&error.to_string());
            let mut view = place.store.read().await.map_err(broken)?;
            for letter in view.letters(None, 8).await.map_err(broken)? {
                let store::Letter { letter, attempts, due, owner, .. } = letter;
                let how = if owner.is_some() { "sent" } else { "due" };
                left.push(format!("{} {how} {due} after {attempts} attempts", letter.key));
            }
        }
        for (who, person) in self.people.iter().enumerate() {
            if !self.is_settled(who) {
                let name = person.short();
                left.push(format!("{name}'s device could not bring everything back"));
            }
        }
        if self.is_paying() {
            left.push("somebody waits for a payment to another site".to_owned());
        }
        if self.is_clearing() {
            left.push("a site looks for ways round".to_owned());
        }
        if !self.auditor.lifts.are_decided(&self.places, self.now()) {
            left.push("a lift whose referees live is not decided".to_owned());
        }
        if let Some(lock) = self.locked() {
            let lift = self.trace.lift_named(&lock.lift);
            let tally = self.trace.tally_named(&lock.tally).unwrap_or_default();
            left.push(format!("what lift {lift} set aside on {tally} is not freed"));
        }
        if left.is_empty() {
            left.push("halves say the same again and again".to_owned());
        }
        Ok(left.join("; "))
    }
}

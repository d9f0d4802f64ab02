//! The outbox, in memory. What each step means is said in `crate::Tx`.

use std::collections::BTreeSet;

use protocol::note::ALONE;
use protocol::{AgentId, Timestamp};

use super::Hand;
use super::write::missing;
use crate::{Claim, HalfId, Letter, LetterId, NewLetter, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

#[expect(clippy::unnecessary_wraps, reason = "the databases can fail at each of these")]
impl Hand {
    pub(crate) fn post(&mut self, letters: &[NewLetter]) -> Result<()> {
        for letter in letters {
            if letter.half.is_some_and(|half| self.state.halves.get(&half).is_none()) {
                return Err(missing(letters));
            }
            let key = (letter.half, letter.to, letter.key.clone());
            let old = self.state.letter_keys.get(&key).copied();
            let old = old.and_then(|old| self.state.letters.get(&old).cloned());
            if let Some(old) = &old {
                self.state.letters.remove(&old.id);
            }
            self.state.last_letter += 1;
            let id = LetterId::new(self.state.last_letter);
            self.state.letter_keys.insert(key, id);
            let attempts = old.as_ref().map_or(0, |old| old.attempts);
            let failed = old.filter(|old| old.owner.is_none() && old.attempts > 0);
            let due = failed.map_or(letter.at, |old| old.due.max(letter.at));
            let letter = letter.clone();
            self.state.letters.insert(id, Letter { id, letter, due, attempts, owner: None });
        }
        Ok(())
    }

    pub(crate) fn claim(&mut self, claim: &Claim) -> Result<Vec<Letter>> {
        let limit = usize::try_from(claim.limit).unwrap_or(usize::MAX);
        let mut waiting = BTreeSet::new();
        let mut taken = Vec::new();
        for (_, letter) in self.state.letters.iter() {
            if taken.len() == limit {
                break;
            }
            let half = letter.letter.half;
            if letter.due > claim.now {
                waiting.extend(half.filter(|_| !letter.letter.key.starts_with(ALONE)));
            } else if claim.to.means(letter.letter.to)
                && !half.is_some_and(|half| waiting.contains(&half))
            {
                let (owner, attempts) = (Some(claim.owner.clone()), letter.attempts + 1);
                taken.push(Letter { owner, attempts, due: claim.lease, ..letter.clone() });
            }
        }
        for letter in &taken {
            self.state.letters.insert(letter.id, letter.clone());
        }
        Ok(taken)
    }

    pub(crate) fn done(&mut self, letters: &[LetterId]) -> Result<()> {
        for id in letters {
            let Some(Letter { letter, .. }) = self.state.letters.get(id) else { continue };
            let key = (letter.half, letter.to, letter.key.clone());
            self.state.letter_keys.remove(&key);
            self.state.letters.remove(id);
        }
        Ok(())
    }

    pub(crate) fn failed(
        &mut self,
        owner: &str,
        letters: &[LetterId],
        due: Timestamp,
    ) -> Result<()> {
        for id in letters {
            let kept = self.state.letters.get(id).cloned();
            if let Some(kept) = kept.filter(|kept| kept.owner.as_deref() == Some(owner)) {
                self.state.letters.insert(*id, Letter { owner: None, due, ..kept });
            }
        }
        Ok(())
    }

    pub(crate) fn hasten(&mut self, to: &AgentId, due: Timestamp) -> Result<()> {
        let all = self.state.letters.iter().map(|(_, letter)| letter);
        let late = |l: &&Letter| l.letter.to == *to && l.owner.is_none() && l.due > due;
        let late: Vec<_> = all.filter(late).cloned().collect();
        for letter in late {
            self.state.letters.insert(letter.id, Letter { due, attempts: 0, ..letter });
        }
        Ok(())
    }

    pub(crate) fn recall(&mut self, beyond: Timestamp, due: Timestamp) -> Result<()> {
        let all = self.state.letters.iter().map(|(_, letter)| letter);
        let late: Vec<_> = all.filter(|letter| letter.due > beyond).cloned().collect();
        for letter in late {
            self.state.letters.insert(letter.id, Letter { owner: None, due, ..letter });
        }
        Ok(())
    }

    pub(crate) fn readdress(&mut self, half: HalfId, to: &AgentId, due: Timestamp) -> Result<()> {
        let all = self.state.letters.iter().map(|(_, letter)| letter);
        let other = |l: &&Letter| l.letter.half == Some(half) && l.letter.to != *to;
        let others: Vec<_> = all.filter(other).cloned().collect();
        for Letter { id, letter, .. } in others {
            self.done(&[id])?;
            // What was said later is there already.
            if self.state.letter_keys.get(&(Some(half), *to, letter.key.clone())).is_none() {
                self.post(&[NewLetter { to: *to, at: due, ..letter }])?;
            }
        }
        Ok(())
    }

    /// Letters to one agent are for another.
    pub(super) fn readdress_all(&mut self, from: &AgentId, to: &AgentId) {
        let all = self.state.letters.iter().map(|(_, letter)| letter);
        let those: Vec<_> = all.filter(|letter| letter.letter.to == *from).cloned().collect();
        for mut letter in those {
            let key = |to| (letter.letter.half, to, letter.letter.key.clone());
            self.state.letter_keys.remove(&key(*from));
            self.state.letter_keys.insert(key(*to), letter.id);
            letter.letter.to = *to;
            self.state.letters.insert(letter.id, letter);
        }
    }

    pub(crate) fn release(&mut self, due: Timestamp) -> Result<()> {
        let all = self.state.letters.iter().map(|(_, letter)| letter);
        let claimed: Vec<_> = all.filter(|letter| letter.owner.is_some()).cloned().collect();
        for letter in claimed {
            self.state.letters.insert(letter.id, Letter { owner: None, due, ..letter });
        }
        Ok(())
    }
}

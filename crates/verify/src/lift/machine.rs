//! The shipping machine of one participant, run once for each different input; participants and words by numbers.

use std::sync::Arc;

use protocol::lift::{Evidence, Outcome};
use protocol::participant::{
    Heard, Input, KeptParticipant, Participant, Want, Word, judged_together, tell_each_other,
};

use super::cast::{Cast, Lay, NOTHING, REFUSED, TOO_LATE, Twist, VALID};
use crate::memo::{Interned, Memo};
use crate::people::fixed;

/// What may happen to one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    /// A word comes over a leg.
    Hear {
        leg: usize,
        word: u32,
    },
    Promise,
    Refuse,
    /// It is shown a certificate.
    Shown(u8),
    Wait,
}

/// What can be read from a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) promised: bool,
    pub(crate) refused: bool,
    pub(crate) locked: bool,
    pub(crate) outcome: Option<Outcome>,
    /// Whether it holds what everybody who will owe its users has said.
    pub(crate) owed: bool,
    /// Whether it is read again as it was written.
    pub(crate) kept: bool,
    /// What its site asks before it tries a payment once more, or promises another attempt.
    pub(crate) may_be_valid: bool,
    pub(crate) came_to_nothing: bool,
    pub(crate) wants: Wants,
}

/// What a participant needs of its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    Judge,
    /// That it asks the referee, with what makes the certificate of this number possible, or with nothing.
    Ask(u8),
}

/// What is in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Contents {
    /// Whose promises, one bit each.
    pub(crate) promises: u8,
    /// Whose refusal, one bit each.
    pub(crate) refused: u8,
    /// Which certificates, one bit each.
    pub(crate) certificates: u16,
}

pub(crate) struct Machine {
    pub(crate) cast: Cast,
    participants: Interned<Participant>,
    words: Interned<Heard>,
    steps: Memo<(u32, Act), u32>,
    said: Memo<(u32, usize, usize), (u32, Contents)>,
    facts: Memo<(usize, u32), Facts>,
    lies: Memo<(usize, usize, usize, Twist, Contents), Option<u32>>,
    told: Memo<Vec<u32>, Vec<u32>>,
    judged: Memo<Vec<(u32, bool)>, Vec<Vec<usize>>>,
}

impl Machine {
    pub(crate) fn new(lay: &Lay) -> Self {
        Self {
            cast: Cast::new(lay),
            participants: Interned::new(),
            words: Interned::new(),
            steps: Memo::new(),
            said: Memo::new(),
            facts: Memo::new(),
            lies: Memo::new(),
            told: Memo::new(),
            judged: Memo::new(),
        }
    }

    /// The participant of a site that has heard nothing.
    pub(crate) fn begin(&self, site: usize) -> u32 {
        self.participants.number(Participant::new(Arc::clone(&self.cast.parts[site])))
    }

    /// The participant after an act; the same where the machine refuses it.
    pub(crate) fn act(&self, site: usize, number: u32, act: Act) -> u32 {
        self.steps.get((number, act), |_| {
            let participant = self.participants.get(number);
            let input = match act {
                Act::Hear { leg, word } => {
                    let heard = Box::new((*self.words.get(word)).clone());
                    Input::Hear { tally: self.cast.tally(leg), heard }
                }
                Act::Promise => Input::Promise(self.cast.promises[site].clone()),
                Act::Refuse => Input::Refuse(self.cast.refusals[site].clone()),
                Act::Shown(certificate) => Input::Decided(self.cast.certificate(certificate)),
                Act::Wait => Input::Wait,
            };
            let step = participant.step(input);
            step.map_or(number, |step| self.participants.number(step.participant))
        })
    }

    /// Participants of one site after each has told the others all it knows.
    pub(crate) fn together(&self, numbers: Vec<u32>) -> Vec<u32> {
        self.told.get(numbers, |numbers| {
            let known = |number: &u32| Participant::clone(&self.participants.get(*number));
            let mut all: Vec<Participant> = numbers.iter().map(known).collect();
            fixed(tell_each_other(&mut all.iter_mut().collect::<Vec<_>>()));
            all.into_iter().map(|one| self.participants.number(one)).collect()
        })
    }

    /// Which of one site's participants are to be judged, each with those that are judged with it; with each number, whether
    /// the lift begins with it.
    pub(crate) fn judged(&self, numbers: Vec<(u32, bool)>) -> Vec<Vec<usize>> {
        self.judged.get(numbers, |numbers| {
            let all: Vec<_> = numbers
                .iter()
                .map(|(number, begins)| (self.participants.get(*number), *begins))
                .collect();
            judged_together(all.iter().map(|(one, begins)| (&**one, *begins)))
        })
    }

    /// What the participant of a site says over a leg now, and what is in it.
    pub(crate) fn word(&self, site: usize, number: u32, leg: usize) -> (u32, Contents) {
        self.said.get((number, site, leg), |_| {
            let participant = self.participants.get(number);
            let word = participant.word(&self.cast.tally(leg));
            let word = word.expect("a participant speaks over its legs");
            let contents = self.contents(&word);
            let heard = self.cast.heard(site, word).expect("an honest word passes every check");
            (self.words.number(heard), contents)
        })
    }

    fn contents(&self, word: &Word) -> Contents {
        let bit = |site: usize| 1_u8 << site;
        let promises = word.promises.iter().map(|promise| bit(self.cast.site(&promise.by)));
        let certificate = word.certificate.clone();
        let certificate = certificate.map_or(NOTHING, |known| self.cast.number_of(known));
        Contents {
            promises: promises.fold(0, |all, one| all | one),
            refused: word.refused.map_or(0, |refused| bit(self.cast.site(&refused.by))),
            certificates: certificate_bit(certificate),
        }
    }

    /// A liar's word over a leg, speaking as this participant: with these promises, one refusal, one certificate, and
    /// something twisted. None where it does not pass the checks of a site.
    pub(crate) fn lie(
        &self,
        (leg, from): (usize, usize),
        as_whom: usize,
        twist: Twist,
        says: Contents,
    ) -> Option<u32> {
        self.lies.get((leg, from, as_whom, twist, says), |_| {
            let mut word = self.cast.word(leg, from, as_whom, twist);
            let sites = 0..self.cast.shape.sites();
            let mut promises: Vec<_> = sites
                .filter(|site| says.promises & (1 << site) != 0)
                .map(|site| self.cast.promises[site].clone().into_inner())
                .collect();
            promises.sort_unstable_by_key(|promise| promise.by);
            word.promises = protocol::bounded::List::new(promises).unwrap_or_default();
            if says.refused != 0 {
                let site = usize::try_from(says.refused.trailing_zeros()).unwrap_or_default();
                word.refused = Some(*self.cast.refusals[site]);
            }
            if says.certificates != 0 {
                let number = u8::try_from(says.certificates.trailing_zeros()).unwrap_or_default();
                word.certificate = Some(self.cast.certificate(number).certificate().clone());
            }
            self.cast.heard(from, word).map(|heard| self.words.number(heard))
        })
    }

    /// What can be read from the participant of a site.
    pub(crate) fn facts(&self, site: usize, number: u32) -> Facts {
        self.facts.get((site, number), |_| {
            let participant = self.participants.get(number);
            let evidence = participant.evidence();
            let certificate = evidence.map_or(NOTHING, |evidence| self.possible(&evidence));
            let wants = match participant.wants() {
                None => Wants::Nothing,
                Some(Want::Judge) => Wants::Judge,
                Some(Want::Ask(_)) => Wants::Ask(certificate),
            };
            Facts {
                promised: participant.promise().is_some(),
                refused: participant.refusal().is_some(),
                locked: participant.is_locked(),
                outcome: participant.outcome(),
                owed: self.cast.is_owed(site, &participant),
                kept: is_kept(&participant),
                may_be_valid: participant.may_be_valid(),
                came_to_nothing: participant.came_to_nothing(),
                wants,
            }
        })
    }

    /// Whether a participant holds what the giver of a leg has said.
    pub(crate) fn holds(&self, number: u32, leg: usize) -> bool {
        self.participants.get(number).conditional(&self.cast.tally(leg)).is_some()
    }

    /// What a participant brings the referees.
    pub(crate) fn evidence(&self, number: u32) -> Option<Evidence> {
        self.participants.get(number).evidence()
    }

    /// The number of the certificate that evidence makes possible.
    fn possible(&self, evidence: &Evidence) -> u8 {
        match evidence {
            Evidence::Promises(_) => VALID,
            Evidence::Late(_) => TOO_LATE,
            Evidence::Refused(refused) => {
                REFUSED + u8::try_from(self.cast.site(&refused.by)).unwrap_or_default()
            }
        }
    }
}

/// The bit of a certificate; those of lifts with several referees have none.
const fn certificate_bit(number: u8) -> u16 {
    if number == NOTHING || number > 15 { 0 } else { 1 << number }
}

/// Whether a participant is read again as it was written.
fn is_kept(participant: &Participant) -> bool {
    let written = serde_json::to_string(&participant.kept()).ok();
    let read: Option<KeptParticipant> = written.and_then(|text| serde_json::from_str(&text).ok());
    let read = read.and_then(|kept| kept.participant().ok());
    read.is_some_and(|read| read == *participant)
}

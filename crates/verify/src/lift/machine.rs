//! The shipping machine of one participant, run once for each different input; participants and words by numbers.

use std::sync::Arc;

use protocol::lift::Outcome;
use protocol::participant::{Heard, Input, Participant, Want, Word};

use super::cast::{Cast, NOTHING};
use super::setting::Shape;
use crate::memo::{Interned, Memo};

/// What may happen to one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
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
pub(super) struct Facts {
    pub(super) promised: bool,
    pub(super) refused: bool,
    pub(super) locked: bool,
    pub(super) outcome: Option<Outcome>,
    /// Whether it holds what everybody who will owe its users has said.
    pub(super) owed: bool,
    pub(super) wants: Wants,
}

/// What a participant needs of its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    Judge,
    /// That it asks the referee, with what makes the certificate of this number possible, or with nothing.
    Ask(u8),
}

/// What is in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Contents {
    /// Whose promises, one bit each.
    pub(super) promises: u8,
    /// Whose refusal, one bit each.
    pub(super) refused: u8,
    /// Which certificates, one bit each.
    pub(super) certificates: u8,
}

pub(super) struct Machine {
    pub(super) cast: Cast,
    participants: Interned<Participant>,
    words: Interned<Heard>,
    steps: Memo<(u32, Act), u32>,
    said: Memo<(u32, usize, usize), (u32, Contents)>,
    facts: Memo<(usize, u32), Facts>,
    lies: Memo<(usize, usize, usize, Contents), u32>,
}

impl Machine {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            cast: Cast::new(shape),
            participants: Interned::new(),
            words: Interned::new(),
            steps: Memo::new(),
            said: Memo::new(),
            facts: Memo::new(),
            lies: Memo::new(),
        }
    }

    /// The participant of a site that has heard nothing.
    pub(super) fn begin(&self, site: usize) -> u32 {
        self.participants.number(Participant::new(Arc::clone(&self.cast.parts[site])))
    }

    /// The participant after an act; the same where the machine refuses it.
    pub(super) fn act(&self, site: usize, number: u32, act: Act) -> u32 {
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

    /// What the participant of a site says over a leg now, and what is in it.
    pub(super) fn word(&self, site: usize, number: u32, leg: usize) -> (u32, Contents) {
        self.said.get((number, site, leg), |_| {
            let participant = self.participants.get(number);
            let word = participant.word(&self.cast.tally(leg));
            let word = word.expect("a participant speaks over its legs");
            let contents = self.contents(&word);
            (self.words.number(self.cast.heard(site, word)), contents)
        })
    }

    fn contents(&self, word: &Word) -> Contents {
        let bit = |site: usize| 1_u8 << site;
        let promises = word.promises.iter().map(|promise| bit(self.cast.site(&promise.by)));
        let certificate = word.certificate.as_ref();
        let certificate = certificate.map_or(NOTHING, |known| self.cast.number(known));
        Contents {
            promises: promises.fold(0, |all, one| all | one),
            refused: word.refused.map_or(0, |refused| bit(self.cast.site(&refused.by))),
            certificates: if certificate == NOTHING { 0 } else { bit(usize::from(certificate)) },
        }
    }

    /// A liar's word over a leg, speaking as this participant: with these promises, one refusal, one certificate.
    pub(super) fn lie(&self, leg: usize, from: usize, as_whom: usize, says: Contents) -> u32 {
        self.lies.get((leg, from, as_whom, says), |_| {
            let mut word = self.cast.word(leg, from, as_whom);
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
            self.words.number(self.cast.heard(from, word))
        })
    }

    /// What can be read from the participant of a site.
    pub(super) fn facts(&self, site: usize, number: u32) -> Facts {
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
                wants,
            }
        })
    }

    /// Whether a participant holds what the giver of a leg has said.
    pub(super) fn holds(&self, number: u32, leg: usize) -> bool {
        self.participants.get(number).conditional(&self.cast.tally(leg)).is_some()
    }

    /// The number of the certificate that evidence makes possible.
    fn possible(&self, evidence: &protocol::lift::Evidence) -> u8 {
        use super::cast::{REFUSED, TOO_LATE, VALID};
        use protocol::lift::Evidence;
        match evidence {
            Evidence::Promises(_) => VALID,
            Evidence::Late(_) => TOO_LATE,
            Evidence::Refused(refused) => {
                REFUSED + u8::try_from(self.cast.site(&refused.by)).unwrap_or_default()
            }
        }
    }
}

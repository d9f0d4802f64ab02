//! The shipping machine of one participant, run once for each different input; participants and words by numbers.

use std::collections::HashSet;
use std::sync::Arc;

use protocol::lift::{Evidence, Outcome};
use protocol::participant::{
    Heard, Input, KeptParticipant, Participant, Want, Word, judged_together, tell_each_other,
};

use super::cast::{Cast, Lay, NOTHING, REFUSED, TOO_LATE, VALID};
use super::contents::Contents;
use super::lie::Lie;
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
    /// Whether all that it holds of what its neighbours say is of its own tallies.
    pub(crate) of_its_tallies: bool,
    /// Whether it holds a proof that the referee lies.
    pub(crate) accuses: bool,
    /// Whether it is read again as it was written.
    pub(crate) kept: bool,
    /// What its site asks before it tries a payment once more, or promises another attempt.
    pub(crate) may_be_valid: bool,
    pub(crate) came_to_nothing: bool,
    pub(crate) wants: Wants,
}

const NOTHING_KEPT: Facts = Facts {
    promised: false,
    refused: false,
    locked: false,
    outcome: None,
    owed: true,
    of_its_tallies: true,
    accuses: false,
    kept: true,
    may_be_valid: false,
    came_to_nothing: false,
    wants: Wants::Nothing,
};

/// What a participant needs of its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    Judge,
    /// That it asks the referee, with what makes the certificate of this number possible, or with nothing.
    Ask(u8),
}

/// What a neighbour says: the word, and what of it a participant hears.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Spoken {
    word: Word,
    heard: Heard,
}

/// The lies that change something for a participant, and what it is then.
pub(crate) type Effects = Arc<Vec<(Lie, u32)>>;

/// All words that pass the checks of a site, with whether nothing is heard in it that is not in one before.
type Craft = Vec<(Lie, u32, bool)>;

/// From which participant to which, over which leg.
pub(crate) type Way = (usize, usize, usize);

/// The number of a participant of which its site keeps nothing: it has lost the lift, or has no part in it.
pub(crate) const KEEPS_NOTHING: u32 = u32::MAX;

pub(crate) struct Machine {
    pub(crate) cast: Cast,
    participants: Interned<Participant>,
    words: Interned<Spoken>,
    steps: Memo<(usize, u32, Act), u32>,
    said: Memo<(u32, usize, usize), (u32, Contents)>,
    facts: Memo<(usize, u32), Facts>,
    read: Memo<u32, u32>,
    lies: Memo<(usize, usize, Lie), Option<u32>>,
    crafts: Memo<(usize, usize, Contents), Arc<Craft>>,
    effects: Memo<(Way, u32, Contents), Effects>,
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
            read: Memo::new(),
            lies: Memo::new(),
            crafts: Memo::new(),
            effects: Memo::new(),
            told: Memo::new(),
            judged: Memo::new(),
        }
    }

    /// The participant of a site that has heard nothing, as it was laid out.
    pub(crate) fn begin(&self, site: usize) -> u32 {
        let part = self.cast.laid_out(site);
        part.map_or(KEEPS_NOTHING, |part| self.participants.number(Participant::new(part)))
    }

    /// The participant after an act; the same where the machine refuses it.
    pub(crate) fn act(&self, site: usize, number: u32, act: Act) -> u32 {
        self.steps.get((site, number, act), |_| {
            let Some(participant) = self.taken(site, number, act) else { return number };
            let input = match act {
                Act::Hear { leg, word } => {
                    let heard = Box::new(self.words.get(word).heard.clone());
                    Input::Hear { tally: self.cast.tally(leg), heard }
                }
                Act::Promise => Input::Promise(self.cast.promises[site].clone()),
                Act::Refuse => Input::Refuse(self.cast.refusals[site].clone()),
                Act::Shown(certificate) => Input::Decided(self.cast.certificate(certificate)),
                Act::Wait => Input::Wait,
            };
            let step = participant.step(input);
            let next = step.ok().map(|step| step.participant).filter(|next| *next != *participant);
            next.map_or(number, |next| self.participants.number(next))
        })
    }

    /// The participant to which something happens: where its site keeps nothing of the lift, what a word brings back.
    fn taken(&self, site: usize, number: u32, act: Act) -> Option<Arc<Participant>> {
        match act {
            _ if number != KEEPS_NOTHING => Some(self.participants.get(number)),
            Act::Hear { leg, word } => {
                let part = self.cast.brought_back(site, leg, &self.words.get(word).word)?;
                Some(Arc::new(Participant::new(Arc::new(part))))
            }
            _ => None,
        }
    }

    /// What a site that keeps nothing of the lift answers over a leg: it takes no part. None where its user gives there, or
    /// it never had a part.
    pub(crate) fn refuses_unknown(&self, site: usize, leg: usize) -> Option<(u32, Contents)> {
        let begin = self.begin(site);
        let takes = begin != KEEPS_NOTHING && self.cast.ends(leg)[1] == site;
        takes.then(|| self.word(site, self.act(site, begin, Act::Refuse), leg))
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
            let contents = self.contents(&word, leg);
            let heard = self.cast.heard(site, word.clone());
            let heard = heard.expect("an honest word passes every check");
            (self.words.number(Spoken { word, heard }), contents)
        })
    }

    fn contents(&self, word: &Word, leg: usize) -> Contents {
        let bit = |site: usize| 1_u8 << site;
        let again = self.cast.twice(&word.promises);
        let promises = word.promises.iter().map(|promise| bit(self.cast.site(&promise.by)));
        let certificate = word.certificate.clone();
        // What is of another lift has no number.
        let certificate = certificate.filter(|known| known.lift == self.cast.id());
        let certificate = certificate.map_or(NOTHING, |known| self.cast.number_of(known));
        Contents {
            promises: promises.fold(0, |all, one| all | one) & !again,
            again,
            said: if word.conditional.is_givers() { bit(leg) } else { 0 },
            refused: word.refused.map_or(0, |refused| bit(self.cast.site(&refused.by))),
            certificates: certificate_bit(certificate),
        }
    }

    /// A liar's word over a leg. None where it does not pass the checks of a site.
    fn lie(&self, (leg, from): (usize, usize), lie: Lie) -> Option<u32> {
        self.lies.get((leg, from, lie), |_| {
            let word = self.cast.word((leg, from), lie);
            let heard = self.cast.heard(from, word.clone())?;
            Some(self.words.number(Spoken { word, heard }))
        })
    }

    /// All words that a liar which knows this can make over a leg, and that pass the checks of a site.
    fn craft(&self, (leg, from): (usize, usize), known: Contents) -> Arc<Craft> {
        self.crafts.get((leg, from, known), |_| {
            let mut heard = HashSet::new();
            let all = Lie::all(known, (leg, from), self.cast.shape.sites()).into_iter();
            let passes = all.filter_map(|lie| {
                let word = self.lie((leg, from), lie)?;
                Some((lie, word, !heard.insert(self.words.get(word).heard.clone())))
            });
            Arc::new(passes.collect())
        })
    }

    /// What a liar which knows this can do to a participant: it is given every word, and of those that do the same the first
    /// is told.
    pub(crate) fn effects(&self, way: Way, number: u32, known: Contents) -> Effects {
        self.effects.get((way, number, known), |_| {
            let (leg, from, to) = way;
            let mut seen = HashSet::from([number]);
            let mut effects = Vec::new();
            for &(lie, word, again) in self.craft((leg, from), known).iter() {
                // Only where a site keeps nothing more of a word counts than what is heard in it.
                if again && number != KEEPS_NOTHING {
                    continue;
                }
                let next = self.act(to, number, Act::Hear { leg, word });
                if seen.insert(next) {
                    effects.push((lie, next));
                }
            }
            Arc::new(effects)
        })
    }

    /// What can be read from the participant of a site.
    pub(crate) fn facts(&self, site: usize, number: u32) -> Facts {
        if number == KEEPS_NOTHING {
            return NOTHING_KEPT;
        }
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
                of_its_tallies: self.cast.is_of_its_tallies(site, &participant),
                accuses: participant.contradiction().is_some(),
                kept: read_again(&participant).is_some_and(|read| read == *participant),
                may_be_valid: participant.may_be_valid(),
                came_to_nothing: participant.came_to_nothing(),
                wants,
            }
        })
    }

    /// The participant that is read from what was written of this one; the same where that is no participant.
    pub(crate) fn read_again(&self, number: u32) -> u32 {
        self.read.get(number, |_| {
            let read = read_again(&self.participants.get(number));
            read.map_or(number, |read| self.participants.number(read))
        })
    }

    /// Whether a participant holds what the giver of a leg has said.
    pub(crate) fn holds(&self, number: u32, leg: usize) -> bool {
        let holds =
            |number| self.participants.get(number).conditional(&self.cast.tally(leg)).is_some();
        number != KEEPS_NOTHING && holds(number)
    }

    /// What a participant brings the referees.
    pub(crate) fn evidence(&self, number: u32) -> Option<Evidence> {
        self.participants.get(number).evidence()
    }

    /// The number of the certificate that evidence makes possible.
    fn possible(&self, evidence: &Evidence) -> u8 {
        match evidence {
            Evidence::Promises(promises) => {
                let twice = self.cast.twice(promises);
                let of = |(again, number)| (again == twice).then_some(number);
                self.cast.valid().find_map(of).unwrap_or(VALID)
            }
            Evidence::Late(_) => TOO_LATE,
            Evidence::Refused(refused) => {
                REFUSED + u8::try_from(self.cast.site(&refused.by)).unwrap_or_default()
            }
        }
    }
}

/// The bit of a certificate; those of lifts with several referees have none.
const fn certificate_bit(number: u8) -> u32 {
    if number == NOTHING || number > 31 { 0 } else { 1 << number }
}

/// A participant as it is read again from the text in which it is written.
fn read_again(participant: &Participant) -> Option<Participant> {
    let written = serde_json::to_string(&participant.kept()).ok()?;
    let read: KeptParticipant = serde_json::from_str(&written).ok()?;
    read.participant().ok()
}

//! Referees that lie: one of four, or two of seven, as many as may. It says one thing to some of the others and the opposite to the rest,
//! says nothing, or says at once that it is too late; and shows decisions that nobody else has signed.

use protocol::agreement::{Ballot, Message, Statement, Vote};
use protocol::bounded::List;
use protocol::errand::Errand;
use protocol::lift::{Certificate, Late, Outcome};
use protocol::referee::{Ruling, Telling};
use protocol::{AgentId, LiftId, Record as _, SecretKey, Signature};

use super::broken::Sim;
use super::life::Net;

/// How it lies about one lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Not at all.
    Honest,
    /// It says nothing.
    Silent,
    /// It says the opposite to every second one.
    Both,
    /// It says that it is too late, from the beginning.
    Late,
}

/// A liar among the referees, and how it lies about lifts.
pub(super) struct FalseReferee {
    pub(super) place: usize,
    /// What it drew for itself: lifts' ways follow from that.
    salt: u8,
}

impl FalseReferee {
    /// The same for as long as a lift is not decided.
    const fn way(&self, lift: &LiftId) -> Way {
        match (lift.as_bytes()[0] ^ self.salt) % 6 {
            0 => Way::Honest,
            1 => Way::Silent,
            2 => Way::Late,
            _ => Way::Both,
        }
    }
}

impl Net {
    /// Where four decide, one of them lies; where seven do, two, in half of those networks about the same lifts alike.
    pub(super) fn appoint_false_referees(&mut self) {
        if self.referees.len() < 4 {
            return;
        }
        let Some(place) = self.dice.pick(&self.referees).copied() else { return };
        let salt = self.dice.bytes()[0];
        self.lies_as_referee(FalseReferee { place, salt });
        let others: Vec<usize> =
            self.referees.iter().copied().filter(|other| *other != place).collect();
        let dice = &mut self.newer.dice;
        if self.newer.seven
            && let Some(place) = dice.pick(&others).copied()
        {
            let other = dice.bytes()[0];
            let salt = if dice.percent(50) { salt } else { other };
            self.lies_as_referee(FalseReferee { place, salt });
        }
    }

    fn lies_as_referee(&mut self, liar: FalseReferee) {
        let place = liar.place;
        self.false_referees.push(liar);
        self.auditor.decides_falsely_at(place);
        self.counts.false_referees += 1;
        let name = self.places[place].name.clone();
        self.say(&name, "lies as a referee");
    }

    /// What a referee says to whom; another thing than it should, where it lies.
    pub(super) fn ruled(
        &mut self,
        from: usize,
        to: AgentId,
        errand: Errand,
    ) -> Sim<Option<Errand>> {
        let Some(liar) = self.false_referees.iter().find(|liar| liar.place == from) else {
            return Ok(Some(errand));
        };
        let key = self.places[from].key.clone();
        let told = match &errand {
            Errand::Telling(telling) => {
                let Ok(lift) = telling.lift.id() else { return Ok(Some(errand)) };
                match liar.way(&lift) {
                    Way::Honest => return Ok(Some(errand)),
                    Way::Silent => None,
                    Way::Late => late(telling, lift, &key),
                    Way::Both => {
                        let seat = telling.lift.referees.iter().position(|agent| *agent == to);
                        if seat.is_some_and(|seat| seat % 2 == 0) {
                            return Ok(Some(errand));
                        }
                        opposite(telling, lift, &key)
                    }
                }
                .map(|telling| Errand::Telling(Box::new(telling)))
            }
            Errand::Certificate(certificate) => match liar.way(&certificate.lift) {
                Way::Honest => return Ok(Some(errand)),
                Way::Silent => None,
                _ => alone(certificate, &key).map(|it| Errand::Certificate(Box::new(it))),
            },
            _ => return Ok(Some(errand)),
        };
        self.counts.lies += 1;
        Ok(told)
    }
}

const fn other(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Commit => Outcome::Void,
        Outcome::Void => Outcome::Commit,
    }
}

/// Signs a statement as a referee does: a precommit for an outcome is a vote in the certificate.
fn signed(lift: LiftId, statement: Statement, key: &SecretKey) -> Option<Signature> {
    if let Statement::Vote(Vote { ballot: Ballot::Precommit, round, outcome: Some(outcome) }) =
        statement
    {
        let (promises, refused, late, sign) = Default::default();
        let round = round.get();
        let decision = Certificate { lift, outcome, round, promises, refused, late, sign };
        return decision.sign_with(key).ok();
    }
    Ruling { lift, statement }.sign_with(key).ok()
}

/// For each of its own words the opposite one.
fn opposite(telling: &Telling, lift: LiftId, key: &SecretKey) -> Option<Telling> {
    let turned = telling.messages.iter().map(|message| {
        Some(match message.clone() {
            Message::Vote { vote, .. } => {
                let outcome = Some(vote.outcome.map_or(Outcome::Void, other));
                let vote = Vote { outcome, ..vote };
                Message::Vote { vote, sign: signed(lift, Statement::Vote(vote), key)? }
            }
            Message::Proposal(mut proposal) => {
                (proposal.outcome, proposal.backing) = (other(proposal.outcome), None);
                proposal.sign = signed(lift, proposal.statement(), key)?;
                Message::Proposal(proposal)
            }
            message => message,
        })
    });
    let messages = List::new(turned.collect::<Option<Vec<_>>>()?).ok()?;
    Some(Telling { messages, ..telling.clone() })
}

/// It says that its clock has passed the deadline, and keeps to itself that everybody has promised.
fn late(telling: &Telling, lift: LiftId, key: &SecretKey) -> Option<Telling> {
    let referee = AgentId::of(&protocol::Signer::public_key(key)).ok()?;
    let own = Late { lift, referee, sign: None }.signed(key).ok()?;
    let mut all: Vec<Late> = telling.late.to_vec();
    all.retain(|word| word.referee != referee);
    all.push(own);
    all.sort_unstable_by_key(|word| word.referee);
    Some(Telling { late: List::new(all).ok()?, promises: List::default(), ..telling.clone() })
}

/// The opposite decision, which only it has signed.
fn alone(certificate: &Certificate, key: &SecretKey) -> Option<Certificate> {
    let referee = AgentId::of(&protocol::Signer::public_key(key)).ok()?;
    let mut wrong = Certificate { outcome: other(certificate.outcome), ..certificate.clone() };
    let sign = wrong.sign_with(key).ok()?;
    wrong.sign = List::new(vec![protocol::lift::Vote { referee, sign }]).ok()?;
    Some(wrong)
}

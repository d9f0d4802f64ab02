//! This site as a referee of lifts (protocol §7, "Decide"): it is asked and told of them in errands, decides by
//! [`protocol::referee`], and keeps what it decides before it signs anything.
//!
//! * here what comes in, and what is answered; `case.rs` one step of one lift, kept or taken back; `judge.rs` which lifts
//!   are judged at all, and how many;
//! * `brings.rs` how much each asker has brought lately;
//! * `bench.rs` what is waited for, in memory; `tend.rs` what is done when it has passed;
//! * `accepted.rs` whom this site's own users accept as referees: that is another matter.

mod accepted;
mod bench;
mod brings;
mod case;
mod judge;
mod tend;

use protocol::agreement::Message;
use protocol::errand::Errand;
use protocol::lift::Lift;
use protocol::referee::{Input, Referee, Telling};
use protocol::{AgentId, LiftId, Signer};

pub use self::accepted::{Accepted, MAX_ACCEPTED, MAX_SOLE_MILLI};
pub(crate) use self::accepted::{accepted, is_accepted, no_referee, place_of_referee, sole_most};
pub(crate) use self::bench::Bench;
pub(crate) use self::brings::Brings;
pub use self::judge::{
    MAX_AHEAD_MS, MAX_OF_ONE, MAX_OPEN, MAX_OPEN_OF_ONE, MAX_OPEN_OF_ONE_STRANGER,
    MAX_OPEN_OF_STRANGERS, MAX_SPAN_MS, MAX_STRANGERS, Unjudged,
};
use crate::door::Site;
use crate::error::SiteError;

/// Who brings something about which lift.
struct Brought {
    id: LiftId,
    /// The record; where there is none, only what is kept is looked at.
    lift: Option<Lift>,
    from: AgentId,
}

impl Site {
    /// Takes what an agent asks or tells this one as a referee: that it was this agent has been proved. What follows
    /// is kept before anything is signed. The answer is the certificate to a question, where there is one; to another
    /// referee what it may not know. The other referees hear what is new in errands.
    ///
    /// # Errors
    /// [`SiteError::NoAgentKey`], [`SiteError::Referee`], [`SiteError::NotJudged`], [`SiteError::Record`],
    /// [`SiteError::Store`] say why nothing happened.
    pub async fn hear_referee(
        &self,
        from: AgentId,
        errand: Errand,
    ) -> Result<Option<Errand>, SiteError> {
        match errand {
            Errand::Ask(ask) => {
                let signer = self.decides()?;
                let brought = Brought { id: ask.lift.id()?, lift: Some(ask.lift.clone()), from };
                let asked = Input::Ask(ask.evidence());
                let Some(referee) = self.decide_case(&brought, asked).await? else {
                    return Ok(None);
                };
                let certificate = referee.certificate(signer)?;
                Ok(certificate.map(|found| Errand::Certificate(Box::new(found))))
            }
            Errand::Telling(telling) => {
                let signer = self.decides()?;
                let brought =
                    Brought { id: telling.lift.id()?, lift: Some(telling.lift.clone()), from };
                let (telling, told) = (telling.clone(), telling.check(from)?);
                let told = Input::Tell(Box::new(told));
                let Some(referee) = self.decide_case(&brought, told).await? else {
                    return Ok(None);
                };
                let own = referee.tells(signer)?;
                Ok(says_more(&own, &telling).then(|| Errand::Telling(Box::new(own))))
            }
            _ => Ok(None),
        }
    }

    /// The agent's key, without which nothing is decided.
    fn decides(&self) -> Result<&(dyn Signer + Send + Sync), SiteError> {
        self.signer.as_deref().ok_or(SiteError::NoAgentKey)
    }

    /// Tells the other referees of a lift all that this one knows and says.
    fn tell_referees(&self, referee: &Referee) -> Result<(), SiteError> {
        let others = referee.lift().referees.iter().filter(|agent| **agent != self.agent);
        let others: Vec<AgentId> = others.copied().collect();
        if others.is_empty() {
            return Ok(());
        }
        let telling = referee.tells(self.decides()?)?;
        for other in others {
            self.known.errands.push(other, Errand::Telling(Box::new(telling.clone())));
        }
        Ok(())
    }
}

/// Whether a referee knows or says what another may not know by what it told.
fn says_more(own: &Telling, theirs: &Telling) -> bool {
    let decided = |telling: &Telling| {
        telling.messages.iter().any(|message| matches!(message, Message::Decided(_)))
    };
    let knows = (!own.promises.is_empty() && theirs.promises.is_empty())
        || (own.refused.is_some() && theirs.refused.is_none())
        || own.late.iter().any(|word| !theirs.late.contains(word));
    knows || (!own.messages.is_empty() && !decided(theirs))
}

//! What one referee of a lift tells another: the record, a message of their agreement, and all that it knows that
//! makes a decision possible.

use serde::{Deserialize, Serialize};

use super::statement::signed_as;
use super::{Referee, Refusal, seat_of};
use crate::agreement::{Message, Witness};
use crate::bounded::List;
use crate::lift::{Evidence, Late, Lift, MAX_PARTICIPANTS, MAX_REFEREES, Promise, Refused};
use crate::record::record;
use crate::{AgentId, LiftId, SignError, Signature, SignatureFault, Signer, Verified};

/// What one referee tells another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Telling {
    /// The lift.
    pub lift: Lift,
    /// Messages of their agreement.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub messages: List<Message<Signature>, MAX_MESSAGES>,
    /// Every participant's promise, where it has them all: in the order of their keys.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub promises: List<Promise, MAX_PARTICIPANTS>,
    /// A participant's refusal.
    pub refused: Option<Refused>,
    /// The words of referees that the deadline has passed, by agent id.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub late: List<Late, MAX_REFEREES>,
}
record!(Telling, "telling", 1, outside: []);

/// The most messages at once: a round, a proposal, two votes, the prevotes behind them.
pub const MAX_MESSAGES: usize = 8;

/// A telling whose every signature was checked; there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    pub(super) lift: LiftId,
    pub(super) from: AgentId,
    pub(super) messages: Vec<Message<Signature>>,
    pub(super) promises: Option<List<Promise, MAX_PARTICIPANTS>>,
    pub(super) refused: Option<Refused>,
    pub(super) late: Vec<Late>,
}

impl Telling {
    /// Checks every signature; `from` is the agent that it came from.
    ///
    /// # Errors
    /// [`Refusal`] names the first thing that does not hold.
    pub fn check(self, from: AgentId) -> Result<Told, Refusal> {
        self.lift.check()?;
        let id = self.lift.id()?;
        let seat = seat_of(&self.lift, &from)?;
        let messages = self.messages.iter().cloned().map(|message| {
            message.try_map(seat, |seat, statement, sign| {
                let agent = self.lift.referees.get(usize::from(seat.0));
                let agent = agent.ok_or(SignatureFault::Wrong { by: "the referee" })?;
                let text = signed_as(id, statement)?;
                let good = agent.public_key().verifies(text.as_bytes(), &sign);
                if good { Ok(sign) } else { Err(SignatureFault::Wrong { by: "the referee" }) }
            })
        });
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let promises = (!self.promises.is_empty()).then_some(self.promises);
        if let Some(promises) = &promises {
            Evidence::Promises(promises.clone()).check(&self.lift, id)?;
        }
        if let Some(refused) = self.refused {
            Evidence::Refused(refused).check(&self.lift, id)?;
        }
        for late in self.late.iter() {
            if late.lift != id {
                return Err(Refusal::OtherLift { named: late.lift, lift: id });
            }
            seat_of(&self.lift, &late.referee)?;
            Verified::check(*late, &())?;
        }
        Ok(Told {
            lift: id,
            from,
            messages,
            promises,
            refused: self.refused,
            late: self.late.to_vec(),
        })
    }
}

impl Referee {
    /// What the other referees have to be told now: it may be lost, as long as it is told again. `signer` signs as
    /// this referee, what its state says.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn tells(&self, signer: &dyn Signer) -> Result<Telling, SignError> {
        let (id, me) = (self.id(), self.agreement.me());
        let sign = |statement| signer.sign(signed_as(id, statement)?.as_bytes());
        let says = if self.forgot { Vec::new() } else { self.agreement.says() };
        let messages = says.into_iter().map(|message| {
            message.try_map(me, |_, statement, witness| match witness {
                Witness::Theirs(sign) => Ok(sign),
                Witness::Mine => sign(statement),
            })
        });
        let messages = messages.collect::<Result<Vec<_>, SignError>>()?;
        Ok(Telling {
            lift: self.lift().clone(),
            messages: List::new(messages).unwrap_or_default(),
            promises: self.promises.clone().unwrap_or_default(),
            refused: self.refused,
            late: List::new(self.all_late(signer)?).unwrap_or_default(),
        })
    }
}

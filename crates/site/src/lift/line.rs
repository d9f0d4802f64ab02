//! Payments stand in a line of their own: those that come at the same time are committed together,
//! while other commands wait. How that goes is as for commands (`queue.rs`).

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::pay::Wanted;
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;

/// How many payments one transaction makes at most.
const TOGETHER: usize = 32;

/// How many payments may wait before more are refused: each holds memory until it is served.
pub const MAX_PAYMENTS_WAITING: usize = 1_024;

/// Payments that wait.
#[derive(Default)]
pub(crate) struct Line {
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    wanted: Wanted,
    answer: oneshot::Sender<Result<Answer, SiteError>>,
}

impl Waiting {
    fn say(self, answer: Result<Answer, SiteError>) {
        // Somebody who does not wait any more may ask again under the same name.
        let _ = self.answer.send(answer);
    }
}

impl Line {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand(
        &self,
        wanted: &Wanted,
    ) -> Result<oneshot::Receiver<Result<Answer, SiteError>>, SiteError> {
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_PAYMENTS_WAITING {
            return Err(SiteError::Busy { waiting: waiting.len() });
        }
        let (answer, receiver) = oneshot::channel();
        waiting.push(Waiting { wanted: wanted.clone(), answer });
        Ok(receiver)
    }
}

impl Site {
    /// Waits in line, or serves the line, until this payment is answered.
    pub(super) async fn pay_in_line(&self, wanted: Wanted) -> Result<Answer, SiteError> {
        let line = &self.known.payments;
        let mut answer = line.stand(&wanted)?;
        loop {
            // What one transaction has locked, another would only stumble over.
            let _turn = self.queue.turn().await;
            match answer.try_recv() {
                Ok(answer) => return answer,
                Err(oneshot::error::TryRecvError::Empty) => self.serve_payments().await,
                // Whoever served it was stopped on the way. Asking again pays nothing twice.
                Err(oneshot::error::TryRecvError::Closed) => answer = line.stand(&wanted)?,
            }
        }
    }

    async fn serve_payments(&self) {
        let group: Vec<Waiting> = {
            let mut waiting = self.known.payments.waiting();
            let many = waiting.len().min(TOGETHER);
            waiting.drain(..many).collect()
        };
        let together: Vec<&Wanted> = group.iter().map(|waiting| &waiting.wanted).collect();
        match self.pay_all(&together).await {
            Ok(answers) => {
                for (waiting, answer) in group.into_iter().zip(answers) {
                    waiting.say(answer);
                }
            }
            // One that cannot be made must not take the others with it.
            Err(_) if group.len() > 1 => {
                for waiting in group {
                    let answer = alone(self.pay_all(&[&waiting.wanted]).await);
                    waiting.say(answer);
                }
            }
            Err(error) => {
                if let Some(waiting) = group.into_iter().next() {
                    waiting.say(Err(error));
                }
            }
        }
    }
}

/// One payment, one answer.
fn alone(answers: Result<Vec<Result<Answer, SiteError>>, SiteError>) -> Result<Answer, SiteError> {
    answers.and_then(|mut answers| answers.pop().unwrap_or(Err(SiteError::OtherCommand)))
}

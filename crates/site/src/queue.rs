//! The queue at the door: commands that come at the same time are committed together.
//!
//! A commit waits for the disk, and a disk takes many rows in the time of one. Whoever comes first
//! serves all who wait; nothing runs of its own accord, so a simulation stays in hand.

use std::sync::{Mutex, PoisonError};

use store::{Kind, StoreError};
use tokio::sync::oneshot;

use crate::command::{Answer, Caller, Command};
use crate::door::Site;
use crate::error::SiteError;
use crate::hear::Hears;

/// How many commands one transaction takes at most: beyond, the disk is no longer what is waited for.
const TOGETHER: usize = 64;

/// How many commands may wait before more are refused: each holds memory until it is served.
pub const MAX_WAITING: usize = 4_096;

/// How often a command is decided anew where another program at the same database was in the way:
/// each time somebody got on, so few are unlucky as often.
const TRIES: u32 = 5;

/// Commands that wait, and who serves them.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    serving: tokio::sync::Mutex<()>,
}

/// A command under the name that it is kept by.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) caller: Caller,
    pub(crate) id: String,
    pub(crate) command: Command,
}

struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Result<Answer, SiteError>>,
}

impl Waiting {
    fn say(self, answer: Result<Answer, SiteError>) {
        // Somebody who does not wait any more may ask again under the same name.
        let _ = self.answer.send(answer);
    }
}

impl Queue {
    /// Waits until nobody is served, and keeps it so.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.serving.lock().await
    }
}

impl Site {
    /// Waits in line, or serves the line, until this command is answered.
    pub(crate) async fn in_turn(&self, asked: Asked) -> Result<Answer, SiteError> {
        let mut answer = self.stand(&asked)?;
        loop {
            let _serving = self.queue.serving.lock().await;
            match answer.try_recv() {
                Ok(answer) => return answer,
                Err(oneshot::error::TryRecvError::Empty) => self.serve().await,
                // Whoever served it was stopped on the way. Asking again does nothing twice.
                Err(oneshot::error::TryRecvError::Closed) => answer = self.stand(&asked)?,
            }
        }
    }

    /// How many commands wait to be decided.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn stand(
        &self,
        asked: &Asked,
    ) -> Result<oneshot::Receiver<Result<Answer, SiteError>>, SiteError> {
        let mut waiting = self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MAX_WAITING {
            return Err(SiteError::Busy { waiting: waiting.len() });
        }
        let (sender, receiver) = oneshot::channel();
        waiting.push(Waiting { asked: asked.clone(), answer: sender });
        Ok(receiver)
    }

    async fn serve(&self) {
        let batch: Vec<Waiting> = {
            let mut waiting = self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let many = waiting.len().min(TOGETHER);
            waiting.drain(..many).collect()
        };
        let together: Vec<&Asked> = batch.iter().map(|waiting| &waiting.asked).collect();
        match self.decide_all(&together, self.hears).await {
            Ok(answers) => {
                for (waiting, answer) in batch.into_iter().zip(answers) {
                    waiting.say(answer);
                }
            }
            // One that cannot be done must not take the others with it.
            Err(_) => {
                for waiting in batch {
                    let answer = self.decide_alone(&waiting.asked).await;
                    waiting.say(answer);
                }
            }
        }
    }

    /// Decides one command, again where another program was in the way. Where its partner's half
    /// cannot hear of it, which is no fault of who asks, it is done and the note is posted.
    async fn decide_alone(&self, asked: &Asked) -> Result<Answer, SiteError> {
        let mut tries = TRIES;
        let mut hears = self.hears;
        loop {
            match self.decide_all(&[asked], hears).await {
                // One command, one answer.
                Ok(mut answers) => return answers.pop().unwrap_or(Err(SiteError::OtherCommand)),
                Err(SiteError::Store(error)) if is_late(&error) && tries > 0 => tries -= 1,
                Err(SiteError::History { .. }) if hears == Hears::AtOnce => hears = Hears::ByPost,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether another program at the same database was quicker: with another command, or with this very
/// one, whose answer is there now.
const fn is_late(error: &StoreError) -> bool {
    error.is_again() || matches!(error, StoreError::Duplicate { kind: Kind::Result, .. })
}

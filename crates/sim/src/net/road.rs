//! The way between simulated sites: what a site sends waits here until the network decides what becomes of it.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::address::Endpoint;
use protocol::mail::Receipt;
use protocol::note::Note;
use protocol::{AgentId, Record as _};
use site::Transport;
use tokio::sync::oneshot;

/// A message on its way.
#[derive(Debug)]
pub(super) struct Sent {
    /// Whose place sent it, and in which of its lives.
    pub(super) from: usize,
    pub(super) life: u64,
    pub(super) agent: AgentId,
    pub(super) to: AgentId,
    /// Its notes, each in its canonical form.
    pub(super) notes: Vec<String>,
    pub(super) answer: oneshot::Sender<Receipt>,
}

/// All that was sent and not looked at yet, in order.
pub(super) type Traffic = Arc<Mutex<Vec<Sent>>>;

/// One end of the road: that of a place, for one of its lives.
#[derive(Debug)]
pub(super) struct Road {
    pub(super) from: usize,
    pub(super) life: u64,
    pub(super) agent: AgentId,
    pub(super) traffic: Traffic,
}

/// Takes out all that was sent since the last time.
pub(super) fn taken(traffic: &Traffic) -> Vec<Sent> {
    std::mem::take(&mut traffic.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What is said of so many notes where nobody knows whether they arrived.
pub(super) fn later(many: usize, reason: &str) -> Receipt {
    Receipt::missing(many, reason)
}

impl Transport for Road {
    async fn send(&self, to: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        let many = notes.len();
        let texts: Result<Vec<String>, _> =
            notes.iter().map(|note| note.to_text().map(|text| text.to_string())).collect();
        let Ok(notes) = texts else { return later(many, "a note that is no record") };
        let (answer, heard) = oneshot::channel();
        let Self { from, life, agent, .. } = *self;
        let sent = Sent { from, life, agent, to, notes, answer };
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        heard.await.unwrap_or_else(|_| later(many, "the line broke"))
    }
}

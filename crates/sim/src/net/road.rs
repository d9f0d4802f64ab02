//! The way between simulated sites: what a site sends waits here until the network decides what becomes of it.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::address::Endpoint;
use protocol::note::Note;
use protocol::{AgentId, Record as _};
use site::{Transport, Unsent};
use tokio::sync::oneshot;

/// What a sender hears.
pub(super) type Heard = Result<(), Unsent>;

/// A note on its way.
#[derive(Debug)]
pub(super) struct Sent {
    /// Whose place sent it, and in which of its lives.
    pub(super) from: usize,
    pub(super) life: u64,
    pub(super) to: AgentId,
    pub(super) note: String,
    pub(super) answer: oneshot::Sender<Heard>,
}

/// All that was sent and not looked at yet, in order.
pub(super) type Traffic = Arc<Mutex<Vec<Sent>>>;

/// One end of the road: that of a place, for one of its lives.
#[derive(Debug)]
pub(super) struct Road {
    pub(super) from: usize,
    pub(super) life: u64,
    pub(super) traffic: Traffic,
}

/// Takes out all that was sent since the last time.
pub(super) fn taken(traffic: &Traffic) -> Vec<Sent> {
    std::mem::take(&mut traffic.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Transport for Road {
    async fn send(&self, to: AgentId, _: &[Endpoint], note: &Note) -> Heard {
        let text = note.to_text().map_err(|error| Unsent::Refused(error.to_string()))?;
        let (answer, heard) = oneshot::channel();
        let (from, life, note) = (self.from, self.life, text.to_string());
        let sent = Sent { from, life, to, note, answer };
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        heard.await.unwrap_or_else(|_| Err(Unsent::Later("the line broke".to_owned())))
    }
}

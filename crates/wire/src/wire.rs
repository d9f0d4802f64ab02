//! The handle: started with a key, it sends, and hands what comes to an inbox. What it does is done by
//! one task, in `task/`.

use std::sync::Arc;
use std::time::Duration;

use protocol::address::Endpoint;
use protocol::{AgentId, SecretKey};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::codec::frame;
use crate::counts::{Counters, Counts};
use crate::error::{NotSent, StartError};
use crate::identity;
use crate::inbox::Inbox;
use crate::limits::{COMMANDS, Limits};
use crate::net;
use crate::place::Listen;
use crate::table::Kind;
use crate::task::{Command, Sending, Shared, Task};

/// An agent's wire. Copies are the same wire; when the last one is dropped it ends, as it does after
/// [`Wire::shutdown`].
#[derive(Clone)]
pub struct Wire {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    over: watch::Receiver<bool>,
}

impl Wire {
    /// Starts the wire of the agent with this key, which listens at these addresses: at none, it only
    /// sends. In a tokio runtime with time and network.
    ///
    /// # Errors
    /// [`StartError`]; nothing listens then.
    pub async fn start<I: Inbox>(
        key: &SecretKey,
        listen: &[Listen],
        limits: Limits,
        inbox: Arc<I>,
    ) -> Result<Self, StartError> {
        let (pair, agent) = identity::keypair(key)?;
        // Nothing is ever sent: that it ends is the news.
        let (alive, ended) = mpsc::channel(1);
        let shared = Arc::new(Shared::new(agent));
        let swarm = net::build(&pair, &limits, &shared.known, alive)?;
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (end, over) = watch::channel(false);
        let kept = Arc::clone(&shared);
        let mut task = Task::new(swarm, ended, inbox, limits, kept, orders, end);
        for at in listen {
            task.listen(*at).await?;
        }
        tokio::spawn(task.run());
        Ok(Self { commands, shared, over })
    }

    /// Whose wire it is.
    #[must_use]
    pub fn agent(&self) -> AgentId {
        self.shared.agent
    }

    /// Where it listens now. Listening at all addresses of the machine, these come and go.
    #[must_use]
    pub fn listening(&self) -> Vec<Endpoint> {
        self.shared.listening()
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts.read()
    }

    /// Sends a message to an agent, and gives what its inbox answers.
    ///
    /// `at` is where the agent may answer, as far as the caller knows; where it answered before, and
    /// where it said that it does, is remembered. One connection carries all messages to an agent; a
    /// message whose connection ends under it is sent once more. So the agent may get it twice, also
    /// where this returns an error, or is dropped.
    ///
    /// # Errors
    /// [`NotSent`] says why not, and whether [it may pass](NotSent::may_pass).
    pub async fn send(
        &self,
        to: AgentId,
        at: &[Endpoint],
        kind: Kind,
        bytes: &[u8],
        within: Duration,
    ) -> Result<Vec<u8>, NotSent> {
        let started = Instant::now();
        let sent = timeout(within, self.send_now(to, at, kind, bytes)).await;
        let sent = sent.unwrap_or(Err(NotSent::TimedOut { agent: to, within }));
        let counts: &Counters = &self.shared.counts;
        match &sent {
            Ok(_) => counts.sent.one(),
            Err(why) => {
                counts.not_sent.one();
                let took_ms = started.elapsed().as_millis();
                tracing::debug!(%to, %kind, %why, took_ms, "message not sent");
            }
        }
        sent
    }

    async fn send_now(
        &self,
        to: AgentId,
        at: &[Endpoint],
        kind: Kind,
        bytes: &[u8],
    ) -> Result<Vec<u8>, NotSent> {
        let most = kind.row().max_bytes;
        if bytes.len() > most {
            return Err(NotSent::TooLarge { kind, bytes: bytes.len(), most });
        }
        if to == self.shared.agent {
            return Err(NotSent::OwnAgent { agent: to });
        }
        let (answer, answered) = oneshot::channel();
        let frame = frame(kind, bytes);
        let sending = Sending { to, at: at.to_vec(), kind, frame, again: false, answer };
        let command = Command::Send(sending);
        self.commands.send(command).await.map_err(|_| NotSent::ShutDown)?;
        answered.await.unwrap_or(Err(NotSent::ShutDown))
    }

    /// From now on another agent is to be called in place of this one, which nobody can call: at a place
    /// with a [relay](Endpoint::relay), whose users know one of ours. It is asked again until it agrees,
    /// and whenever it was lost; where it is asked is what others are told. A place without a relay
    /// changes nothing.
    pub async fn reserve(&self, at: Endpoint) {
        // Where the wire has ended there is nobody to tell.
        let _ = self.commands.send(Command::Reserve(at)).await;
    }

    /// Where another agent is called in place of this one now: a place with a relay.
    #[must_use]
    pub fn reserved(&self) -> Option<Endpoint> {
        self.shared.reserved()
    }

    /// Tells where an agent answers now, as its user or a record said.
    pub async fn learn(&self, agent: AgentId, at: Vec<Endpoint>) {
        // Where the wire has ended there is nobody to tell.
        let _ = self.commands.send(Command::Learn(agent, at)).await;
    }

    /// Where an agent is known to answer, the best first: told by the caller, or said by itself over
    /// a connection that proved who it is. Nothing once the wire has ended.
    pub async fn addresses(&self, agent: AgentId) -> Vec<Endpoint> {
        let (answer, answered) = oneshot::channel();
        let _ = self.commands.send(Command::Addresses(agent, answer)).await;
        answered.await.unwrap_or_default()
    }

    /// Ends the wire: it takes nothing more, what waits to be sent is [not sent](NotSent::ShutDown),
    /// messages that the inbox is at work on are answered if that takes no longer than
    /// [`Limits::drain`], connections are closed. When this returns, all its tasks have ended.
    pub async fn shutdown(&self) {
        // Where it is about to end, or has, there is nobody to tell.
        let _ = self.commands.send(Command::Shutdown).await;
        let _ = self.over.clone().wait_for(|over| *over).await;
    }
}

//! What comes: held against the table, given to the inbox, answered. All that waits is bounded, by
//! agent and in all.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use libp2p_identity::PeerId;
use libp2p_request_response::{InboundRequestId, ResponseChannel};
use protocol::AgentId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Task;
use crate::codec::Got;
use crate::conduct::{Offence, Standing};
use crate::frame::Reply;
use crate::inbox::{Inbox, Refused};
use crate::limits::{Limits, ROOM_AFTER_MS};
use crate::table::{Kind, Who};

/// All that came and is not answered.
pub(super) struct Incoming<I> {
    inbox: Arc<I>,
    work: JoinSet<Done>,
    places: Arc<Semaphore>,
    answer_within: Duration,
    handed: HashMap<InboundRequestId, Handed>,
    /// Answers that are on their way out.
    telling: HashSet<InboundRequestId>,
    of: HashMap<AgentId, usize>,
    as_whose: HashMap<Standing, usize>,
}

/// A message that the inbox has.
struct Handed {
    channel: ResponseChannel<Reply>,
    peer: PeerId,
    agent: AgentId,
    standing: Standing,
}

/// What became of it.
pub(super) struct Done {
    id: InboundRequestId,
    outcome: Outcome,
    /// Whether the agent is a partner's, where that was asked.
    knows: Option<bool>,
}

enum Outcome {
    Taken(Vec<u8>),
    Refused(Refused),
    NotKnown,
    Slow,
    Panicked,
}

impl<I: Inbox> Incoming<I> {
    pub(super) fn new(inbox: Arc<I>, limits: &Limits) -> Self {
        let places = limits.at_work.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            inbox,
            work: JoinSet::new(),
            places: Arc::new(Semaphore::new(places)),
            answer_within: limits.answer_within,
            handed: HashMap::new(),
            telling: HashSet::new(),
            of: HashMap::new(),
            as_whose: HashMap::new(),
        }
    }

    /// The inbox.
    pub(super) fn inbox(&self) -> Arc<I> {
        Arc::clone(&self.inbox)
    }

    /// The next that the inbox is done with; none where it has nothing.
    pub(super) async fn next(&mut self) -> Option<Done> {
        loop {
            // Otherwise the runtime is ending: panics are caught.
            if let Ok(done) = self.work.join_next().await? {
                return Some(done);
            }
        }
    }

    /// Whether nothing is to be answered any more.
    pub(super) fn is_quiet(&self) -> bool {
        self.handed.is_empty() && self.telling.is_empty()
    }

    /// An answer has gone out, or cannot.
    pub(super) fn told(&mut self, id: InboundRequestId) {
        self.telling.remove(&id);
    }

    fn has_room(&self, agent: AgentId, standing: Standing, limits: &Limits) -> bool {
        let of_agent = self.of.get(&agent).copied().unwrap_or(0);
        let of_such = self.as_whose.get(&standing).copied().unwrap_or(0);
        let most = match standing {
            Standing::Stranger => limits.waiting_of_strangers,
            Standing::Referee => limits.waiting_of_referees,
            Standing::Partner => limits.waiting,
        };
        self.handed.len() < limits.waiting && of_agent < limits.waiting_per_agent && of_such < most
    }

    fn hand(
        &mut self,
        id: InboundRequestId,
        handed: Handed,
        kind: Kind,
        bytes: Vec<u8>,
        room: Option<OwnedSemaphorePermit>,
    ) {
        let (inbox, places) = (Arc::clone(&self.inbox), Arc::clone(&self.places));
        let (agent, within) = (handed.agent, self.answer_within);
        *self.of.entry(agent).or_default() += 1;
        *self.as_whose.entry(handed.standing).or_default() += 1;
        self.handed.insert(id, handed);
        self.work.spawn(async move {
            let mut knows = None;
            let ask = async {
                // Never closed.
                let _place = places.acquire_owned().await;
                work(&*inbox, agent, kind, bytes, &mut knows).await
            };
            let outcome = match timeout(within, AssertUnwindSafe(ask).catch_unwind()).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Outcome::Panicked,
                Err(_) => Outcome::Slow,
            };
            drop(room);
            Done { id, outcome, knows }
        });
    }

    fn take_back(&mut self, id: InboundRequestId) -> Option<Handed> {
        let handed = self.handed.remove(&id)?;
        if let Some(count) = self.of.get_mut(&handed.agent) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of.remove(&handed.agent);
            }
        }
        if let Some(count) = self.as_whose.get_mut(&handed.standing) {
            *count = count.saturating_sub(1);
        }
        Some(handed)
    }
}

/// Asks the inbox what it has to be asked.
async fn work(
    inbox: &impl Inbox,
    agent: AgentId,
    kind: Kind,
    bytes: Vec<u8>,
    knows: &mut Option<bool>,
) -> Outcome {
    if kind.row().from == Who::Partner {
        match inbox.knows(agent).await {
            Ok(answer) => *knows = Some(answer),
            Err(refused) => return Outcome::Refused(refused),
        }
        if *knows != Some(true) {
            return Outcome::NotKnown;
        }
    }
    match inbox.receive(agent, kind, bytes).await {
        Ok(answer) => {
            if kind == Kind::Answer {
                // Whose invitation was answered is a partner from now on.
                *knows = inbox.knows(agent).await.ok();
            }
            Outcome::Taken(answer)
        }
        Err(refused) => Outcome::Refused(refused),
    }
}

impl<I: Inbox> Task<I> {
    /// Something came.
    pub(super) fn take(
        &mut self,
        peer: PeerId,
        id: InboundRequestId,
        got: Got,
        channel: ResponseChannel<Reply>,
    ) {
        let Some(agent) = self.connected.agent(&peer) else { return };
        let counts = &self.shared.counts;
        let (reply, offence) = match got {
            Got::Whole(kind, bytes, room) => {
                counts.bytes_in.more(bytes.len());
                return self.whole(peer, agent, id, channel, (kind, bytes, room));
            }
            Got::NoRoom => {
                counts.busy.one();
                (Some(no_room()), None)
            }
            Got::KindUnknown => {
                counts.kind_unknown.one();
                (Some(Reply::KindUnknown), Some(Offence::KindUnknown))
            }
            Got::TooLarge(kind, bytes) => {
                counts.too_large.one();
                tracing::debug!(%agent, %kind, bytes, "message too large");
                (None, Some(Offence::TooLarge))
            }
            Got::Stalled => {
                counts.stalled.one();
                (None, Some(Offence::Stalled))
            }
            Got::Short => {
                counts.short.one();
                (None, Some(Offence::Short))
            }
            Got::Garbage => {
                counts.garbage.one();
                (None, Some(Offence::Garbage))
            }
        };
        if let Some(reply) = reply {
            self.tell(id, channel, reply);
        }
        if let Some(offence) = offence {
            self.offended(peer, agent, offence);
        }
    }

    /// A whole message came.
    fn whole(
        &mut self,
        peer: PeerId,
        agent: AgentId,
        id: InboundRequestId,
        channel: ResponseChannel<Reply>,
        (kind, bytes, room): (Kind, Vec<u8>, Option<OwnedSemaphorePermit>),
    ) {
        if self.closing.is_some() {
            let reason = "this site is shutting down".to_owned();
            return self.tell(id, channel, Reply::Later(ROOM_AFTER_MS, reason));
        }
        let now_ms = self.now_ms();
        if kind == Kind::Decision && self.conduct.may_ask(agent, now_ms) {
            // An administrator may have accepted it, or dropped it, since it connected.
            self.ask_who(peer, agent, false);
        }
        if let Err(over) = self.conduct.take(agent, kind, kind.count(&bytes), now_ms) {
            self.shared.counts.over_rate.one();
            let after_ms = u32::try_from(over.after_ms).unwrap_or(u32::MAX);
            let who = if over.is_own { "" } else { " of strangers" };
            self.tell(id, channel, Reply::Later(after_ms, format!("messages{who} come too often")));
            if over.is_own {
                self.offended(peer, agent, Offence::OverRate);
            }
            return;
        }
        let standing = self.conduct.counts_as(agent, kind);
        if !self.incoming.has_room(agent, standing, &self.limits) {
            self.shared.counts.busy.one();
            return self.tell(id, channel, no_room());
        }
        let handed = Handed { channel, peer, agent, standing };
        self.incoming.hand(id, handed, kind, bytes, room);
    }

    /// The inbox is done with a message.
    pub(super) fn answer(&mut self, done: Done) {
        let Done { id, outcome, knows } = done;
        let Some(Handed { channel, peer, agent, .. }) = self.incoming.take_back(id) else { return };
        let now_ms = self.now_ms();
        match knows {
            Some(true) => {
                self.shared.known.is(peer);
                if !self.conduct.is_partner(agent) {
                    self.conduct.recognise(agent, now_ms);
                    self.follow(agent, &peer);
                }
            }
            Some(false) => {
                self.shared.known.is_not(&peer);
                self.conduct.estrange(agent, now_ms);
            }
            None => {}
        }
        let counts = &self.shared.counts;
        let reply = match outcome {
            Outcome::Taken(bytes) => {
                counts.taken.one();
                Reply::Taken(bytes)
            }
            Outcome::Refused(Refused::No(reason)) => {
                counts.refused.one();
                Reply::Refused(reason)
            }
            Outcome::Refused(Refused::Later(reason)) => {
                counts.busy.one();
                Reply::Later(ROOM_AFTER_MS, reason)
            }
            Outcome::NotKnown => {
                counts.not_known.one();
                self.tell(id, channel, Reply::NotKnown);
                return self.offended(peer, agent, Offence::NotKnown);
            }
            Outcome::Slow => {
                counts.busy.one();
                no_room()
            }
            Outcome::Panicked => {
                counts.inbox_failed.one();
                tracing::error!(%agent, "an inbox panicked over a message");
                // A fault of this program: nothing is over by it.
                Reply::Later(
                    ROOM_AFTER_MS,
                    "the site failed over it; its administrator is told".to_owned(),
                )
            }
        };
        self.tell(id, channel, reply);
    }

    fn tell(&mut self, id: InboundRequestId, channel: ResponseChannel<Reply>, reply: Reply) {
        // Where the channel is closed, whoever asked has gone.
        if self.swarm.behaviour_mut().messages.send_response(channel, reply).is_ok() {
            self.incoming.telling.insert(id);
        }
    }
}

fn no_room() -> Reply {
    Reply::Later(ROOM_AFTER_MS, "too many messages wait to be taken".to_owned())
}

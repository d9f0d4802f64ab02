//! Sites for tests: an inbox that remembers what came, and a wire in front of it.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::address::{Endpoint, Transport};
use protocol::{AgentId, SecretKey, Signer as _};
use tokio::sync::Semaphore;
use wire::{Inbox, Kind, Limits, Listen, NotSent, Refused, Wire};

/// Longer than anything takes on a slow machine: a test that waits for it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::ed25519(&[n; 32])
}

pub(crate) fn agent(n: u8) -> AgentId {
    AgentId::of(&key(n).public_key()).unwrap()
}

/// A message that came.
pub(crate) type Came = (AgentId, Kind, Vec<u8>);

/// Remembers what came, and answers with it and its sender.
pub(crate) struct Desk {
    knows: Mutex<BTreeSet<AgentId>>,
    sits: Mutex<BTreeSet<AgentId>>,
    came: Mutex<Vec<Came>>,
    /// One is taken for each message: closed doors keep messages waiting.
    pub(crate) door: Semaphore,
}

impl Desk {
    /// One that knows these, and takes everything at once.
    pub(crate) fn knowing(agents: impl IntoIterator<Item = AgentId>) -> Arc<Self> {
        Self::with_door(agents, Semaphore::MAX_PERMITS / 2)
    }

    /// One that takes so many messages until its door is opened.
    pub(crate) fn with_door(agents: impl IntoIterator<Item = AgentId>, open: usize) -> Arc<Self> {
        Arc::new(Self {
            knows: Mutex::new(agents.into_iter().collect()),
            sits: Mutex::default(),
            came: Mutex::default(),
            door: Semaphore::new(open),
        })
    }

    pub(crate) fn meet(&self, agent: AgentId) {
        self.knows.lock().unwrap().insert(agent);
    }

    /// From now on it is a referee whose words are waited for.
    pub(crate) fn accept(&self, agent: AgentId) {
        self.sits.lock().unwrap().insert(agent);
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }
}

/// What a desk answers.
pub(crate) fn answer(from: AgentId, kind: Kind, bytes: &[u8]) -> Vec<u8> {
    [format!("{from} {kind} ").as_bytes(), bytes].concat()
}

impl Inbox for Desk {
    async fn knows(&self, agent: AgentId) -> Result<bool, Refused> {
        Ok(self.knows.lock().unwrap().contains(&agent))
    }

    async fn sits_with(&self, agent: AgentId) -> Result<bool, Refused> {
        Ok(self.sits.lock().unwrap().contains(&agent))
    }

    async fn receive(&self, from: AgentId, kind: Kind, bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        self.came.lock().unwrap().push((from, kind, bytes.clone()));
        self.door.acquire().await.unwrap().forget();
        match bytes.as_slice() {
            b"no" => Err(Refused::No("we do not\nwant it".to_owned())),
            b"later" => Err(Refused::Later("the store is away".to_owned())),
            b"panic" => panic!("as the test wishes"),
            _ => Ok(answer(from, kind, &bytes)),
        }
    }
}

/// A site: its wire and its desk.
pub(crate) struct Site {
    pub(crate) wire: Wire,
    pub(crate) desk: Arc<Desk>,
}

impl Site {
    /// Listens over one transport and knows everybody with a number below 40.
    pub(crate) async fn start(n: u8, transport: Transport) -> Self {
        Self::start_with(n, transport, Desk::knowing((0..40).map(agent)), limits()).await
    }

    pub(crate) async fn start_with(
        n: u8,
        transport: Transport,
        desk: Arc<Desk>,
        limits: Limits,
    ) -> Self {
        let listen = [Listen::loopback(transport)];
        let wire = Wire::start(&key(n), &listen, limits, Arc::clone(&desk)).await.unwrap();
        Self { wire, desk }
    }

    pub(crate) fn agent(&self) -> AgentId {
        self.wire.agent()
    }

    pub(crate) fn at(&self) -> Vec<Endpoint> {
        let at = self.wire.listening();
        assert!(!at.is_empty(), "listens nowhere");
        at
    }

    /// Sends to a site that answers where it listens.
    pub(crate) async fn say(&self, to: &Site, kind: Kind, text: &str) -> Result<String, NotSent> {
        self.say_at(to.agent(), &to.at(), kind, text).await
    }

    pub(crate) async fn say_at(
        &self,
        to: AgentId,
        at: &[Endpoint],
        kind: Kind,
        text: &str,
    ) -> Result<String, NotSent> {
        let answered = self.wire.send(to, at, kind, text.as_bytes(), LONG).await?;
        Ok(String::from_utf8(answered).unwrap())
    }
}

/// Cut off for a short time only; all sites are on this machine.
pub(crate) fn limits() -> Limits {
    let cut_off = Duration::from_millis(300);
    Limits { cut_off, names_of_this_machine: true, ..Limits::default() }
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let begun = tokio::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < LONG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

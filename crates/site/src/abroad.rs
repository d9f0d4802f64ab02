//! Other agents: letters go to them over a transport, in order for each half, until they are taken or rightly
//! refused; and what they send is heard. Who sends is proved by the transport, all else here.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use protocol::address::Endpoint;
use protocol::note::Note;
use protocol::{AgentId, Record as _, Timestamp};
use store::{Claim, HalfId, Letter, LetterId, NewEvent, NewLetter, Tx, View, Whom};
use tokio::task::JoinSet;

use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::hear::{Hears, refused};
use crate::ports::{Transport, Unsent};
use crate::post::LEASE_MS;

/// How many letters are on their way at once.
const AT_ONCE: u32 = 64;

/// After how long a letter that did not arrive is sent again for the first time, in milliseconds; then after
/// twice as long each time.
const FIRST_AGAIN_MS: i64 = 1_000;

/// The longest wait between two attempts, in milliseconds.
const LAST_AGAIN_MS: i64 = 600_000;

/// What a round of delivering to other agents did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Letters that their agents have taken.
    pub sent: usize,
    /// Letters that their agents will not take; why is told as an event.
    pub refused: usize,
    /// Letters to be sent again later.
    pub later: usize,
}

/// Why a note of another agent is not taken; the sender is told.
#[derive(Debug)]
pub enum Unheard {
    /// It is not taken, now or later: why.
    No(String),
    /// The store could not.
    Later(SiteError),
}

/// What became of a letter.
enum Fate {
    Taken,
    Refused(String),
    Later,
}

impl Site {
    /// Where this agent answers, as it is told to others from now on.
    pub fn answers_at(&self, endpoint: Option<Endpoint>) {
        *self.known.answers_at.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    /// Where this agent answers, where it is known.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.known.answers_at.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends what is due to other agents: the letters about one half one after the other, all halves at the
    /// same time. `owner` names whoever delivers, another name for each process: what one has begun, another
    /// takes over only when it has had time to finish. Call again while something was sent.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; what was sent may then be sent once more.
    pub async fn deliver<T: Transport>(
        &self,
        transport: &Arc<T>,
        owner: &str,
    ) -> Result<Carried, SiteError> {
        let now = self.clock.now();
        let lease = now.plus_ms(LEASE_MS).unwrap_or(Timestamp::MAX);
        let (owner, to) = (owner.to_owned(), Whom::AllBut(self.agent));
        let claim = Claim { owner: owner.clone(), to, now, lease, limit: AT_ONCE };
        let mut tx = self.store.begin().await?;
        let letters = tx.claim(&claim).await?;
        if letters.is_empty() {
            return Ok(Carried::default());
        }
        let mut places = BTreeMap::new();
        for letter in &letters {
            let agent = letter.letter.to;
            if let std::collections::btree_map::Entry::Vacant(place) = places.entry(agent) {
                place.insert(place_of(&mut tx, agent).await?);
            }
        }
        tx.commit().await?;
        let mut lines: BTreeMap<(Option<HalfId>, AgentId), Vec<Letter>> = BTreeMap::new();
        for letter in letters {
            lines.entry((letter.letter.half, letter.letter.to)).or_default().push(letter);
        }
        let mut running = JoinSet::new();
        for ((_, agent), line) in lines {
            let at: Vec<Endpoint> = places.get(&agent).cloned().flatten().into_iter().collect();
            running.spawn(send_line(Arc::clone(transport), agent, at, line));
        }
        let mut fates = Vec::new();
        while let Some(line) = running.join_next().await {
            match line {
                Ok(line) => fates.extend(line),
                // The lease brings them back.
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        self.settle_fates(&owner, fates).await
    }

    async fn settle_fates(
        &self,
        owner: &str,
        fates: Vec<(Letter, Fate)>,
    ) -> Result<Carried, SiteError> {
        let (now, mut carried) = (self.clock.now(), Carried::default());
        let mut tx = self.store.begin().await?;
        let mut done: Vec<LetterId> = Vec::new();
        for (letter, fate) in fates {
            match fate {
                Fate::Taken => carried.sent += 1,
                Fate::Refused(reason) => {
                    carried.refused += 1;
                    tx.tell([given_up(&letter, &reason, now)]);
                }
                Fate::Later => {
                    carried.later += 1;
                    let due = now.plus_ms(self.wait_ms(letter.attempts));
                    tx.failed(owner, &[letter.id], due.unwrap_or(Timestamp::MAX)).await?;
                    continue;
                }
            }
            done.push(letter.id);
        }
        tx.done(&done).await?;
        tx.commit().await?;
        Ok(carried)
    }

    /// How long a letter waits after so many attempts: twice as long each time, and by chance up to half as
    /// long again, so that not all come back at once.
    fn wait_ms(&self, attempts: u64) -> i64 {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
        let wait = (FIRST_AGAIN_MS << doublings).min(LAST_AGAIN_MS);
        let [byte, ..] = self.chance.bytes();
        wait + wait * i64::from(byte) / 512
    }

    /// Takes a note that an agent has sent: that it was this agent has been proved. What was taken is kept
    /// when this returns; taking it once more changes nothing.
    ///
    /// # Errors
    /// [`Unheard`], nothing has changed then.
    pub async fn hear_from(&self, agent: AgentId, bytes: &[u8]) -> Result<(), Unheard> {
        let note = Note::read(bytes).map_err(|error| Unheard::No(error.to_string()))?;
        if note.from.agent != agent || agent == self.agent {
            let named = note.from.agent;
            return Err(Unheard::No(format!("{agent} cannot speak for a user of {named}")));
        }
        self.hear_note(note).await.map_err(Unheard::Later)?
    }

    async fn hear_note(&self, note: Note) -> Result<Result<(), Unheard>, SiteError> {
        let (agent, place) = (note.from.agent, note.from.endpoint.clone());
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        self.prepare_for(&mut batch, std::iter::once(&note)).await?;
        let heard = match self.receive(&mut batch, note).await {
            Ok(()) => {
                remember_place(batch.work.tx(), agent, place).await?;
                // It is there: what waits for it need not wait longer.
                batch.work.tx().hasten(&agent, self.clock.now()).await?;
                Ok(())
            }
            Err(error @ (SiteError::Store(_) | SiteError::History { .. })) => return Err(error),
            Err(refusal) => {
                batch.work.tx().tell([refused(&refusal, self.clock.now())]);
                Err(Unheard::No(refusal.to_string()))
            }
        };
        if self.hears == Hears::AtOnce {
            self.hear(&mut batch).await?;
        }
        batch.commit(&[]).await?;
        Ok(heard)
    }

    /// How many letters wait for other agents.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn letters_abroad(&self) -> Result<u64, SiteError> {
        Ok(self.store.read().await?.waiting_for(Whom::AllBut(self.agent)).await?)
    }

    /// Whether an agent is known: a user here has a tally with one of its users, or has answered an
    /// invitation of one.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn knows(&self, agent: AgentId) -> Result<bool, SiteError> {
        let mut view = self.store.read().await?;
        Ok(view.setting(&agent_key(agent)).await?.is_some())
    }
}

/// Sends letters about one half, in order; none after one that did not arrive.
async fn send_line<T: Transport>(
    transport: Arc<T>,
    agent: AgentId,
    at: Vec<Endpoint>,
    line: Vec<Letter>,
) -> Vec<(Letter, Fate)> {
    let (mut fates, mut stopped) = (Vec::with_capacity(line.len()), false);
    for letter in line {
        let fate = if stopped {
            Fate::Later
        } else {
            match transport.send(agent, &at, letter.letter.message.as_bytes()).await {
                Ok(()) => Fate::Taken,
                Err(Unsent::Refused(reason)) => Fate::Refused(reason),
                Err(Unsent::Later(reason)) => {
                    tracing::debug!(%agent, %reason, "a letter waits");
                    Fate::Later
                }
            }
        };
        stopped = matches!(fate, Fate::Later);
        fates.push((letter, fate));
    }
    fates
}

/// The setting that says that an agent is known, and where it answers.
fn agent_key(agent: AgentId) -> String {
    format!("agent:{agent}")
}

async fn place_of(tx: &mut Tx, agent: AgentId) -> Result<Option<Endpoint>, SiteError> {
    let place = tx.setting(&agent_key(agent)).await?;
    Ok(place.and_then(|place| place.parse().ok()))
}

/// Keeps that an agent is known, and where it answers, as it or an invitation says.
pub(crate) async fn remember_place(
    tx: &mut Tx,
    agent: AgentId,
    place: Option<Endpoint>,
) -> Result<(), SiteError> {
    let (key, view): (String, &mut View) = (agent_key(agent), tx);
    let known = view.setting(&key).await?;
    let said = place.map(|place| place.to_string());
    if known.is_none() || (said.is_some() && said != known) {
        tx.set(&key, Some(&said.unwrap_or_default())).await?;
    }
    Ok(())
}

fn given_up(letter: &Letter, reason: &str, at: Timestamp) -> NewEvent {
    let NewLetter { to, key, .. } = &letter.letter;
    let text = serde_json::json!({ "agent": to.to_string(), "about": key, "reason": reason });
    NewEvent { user: None, kind: "letter_refused".to_owned(), text: text.to_string(), at }
}

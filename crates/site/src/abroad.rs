//! Other agents: letters go to them over a transport, in order for each half, until they are taken or rightly
//! refused; and what they send is heard. Who sends is proved by the transport, all else here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::address::Endpoint;
use protocol::note::Note;
use protocol::{AgentId, Cuid, Hash, Record as _, Timestamp};
use store::{Claim, HalfId, Letter, LetterId, NewEvent, NewLetter, Tx, Whom};
use tokio::task::JoinSet;

use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::hear::Hears;
use crate::known::Known;
use crate::planted::Planted;
use crate::ports::{Transport, Unsent};
use crate::post::LEASE_MS;

/// How many letters a round takes.
const AT_ONCE: u32 = 64;

/// An agent to which so many lines of letters are on their way is left out until they are through: whoever
/// answers slowly keeps nobody else waiting.
const MOST_LINES: usize = 4;

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
    /// The store could not, or the half is not there, or cannot be read: it may be at another time.
    Later(SiteError),
}

impl Carried {
    const fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.refused += other.refused;
        self.later += other.later;
    }
}

/// How often what became of letters is noted again where another program was in the way.
const AGAIN: usize = 4;

/// A line of letters to an agent that is on its way.
struct Line {
    known: Arc<Known>,
    agent: AgentId,
}

impl Line {
    fn begun(known: &Arc<Known>, agent: AgentId) -> Self {
        *lock(&known.lines).entry(agent).or_insert(0) += 1;
        Self { known: Arc::clone(known), agent }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = lock(&self.known.lines);
        if let Some(left) = lines.get_mut(&self.agent) {
            *left -= 1;
            if *left == 0 {
                lines.remove(&self.agent);
            }
        }
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// same time. May be called again while it runs; agents to which much is on its way are left out then. What
    /// has begun here and is not told to be done, others take over once it has had time to finish. Call again
    /// while something was sent.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; what was sent may then be sent once more.
    pub async fn deliver<T: Transport>(&self, transport: &Arc<T>) -> Result<Carried, SiteError> {
        // A name for this round alone: what it claimed, no other touches.
        let owner = Hash::from_bytes(self.chance.bytes()).to_string();
        let begun = self.clock.now();
        let half_way = begun.plus_ms(LEASE_MS / 2).unwrap_or(Timestamp::MAX);
        let lines = self.claim_lines(&owner, begun).await?;
        let mut running = JoinSet::new();
        for (agent, at, letters) in lines {
            let (site, transport) = (self.clone(), Arc::clone(transport));
            let line = Line::begun(&self.known, agent);
            running.spawn(async move {
                let fates = site.send_line(&*transport, &at, letters, half_way).await;
                drop(line);
                fates
            });
        }
        let mut carried = Carried::default();
        while let Some(line) = running.join_next().await {
            match line {
                Ok(fates) => carried.add(self.settle_again(&owner, fates).await?),
                // The lease brings its letters back.
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        Ok(carried)
    }

    /// Claims letters that are due; by half, with where the agent answers.
    async fn claim_lines(
        &self,
        owner: &str,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, Vec<Endpoint>, Vec<Letter>)>, SiteError> {
        let mut but: Vec<AgentId> = lock(&self.known.lines)
            .iter()
            .filter(|(_, lines)| **lines >= MOST_LINES)
            .map(|(agent, _)| *agent)
            .collect();
        but.truncate(Whom::MOST - 1);
        but.push(self.agent);
        let lease = now.plus_ms(LEASE_MS).unwrap_or(Timestamp::MAX);
        let (owner, to) = (owner.to_owned(), Whom::AllBut(but));
        let claim = Claim { owner, to, now, lease, limit: AT_ONCE };
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        let letters = tx.claim(&claim).await?;
        let mut lines: BTreeMap<(Option<HalfId>, AgentId), Vec<Letter>> = BTreeMap::new();
        for letter in letters {
            lines.entry((letter.letter.half, letter.letter.to)).or_default().push(letter);
        }
        let mut placed = Vec::with_capacity(lines.len());
        for ((_, agent), line) in lines {
            placed.push((agent, place_of(&mut tx, agent).await?.into_iter().collect(), line));
        }
        if !placed.is_empty() {
            tx.commit().await?;
        }
        Ok(placed)
    }

    /// Sends letters about one half, in order; none after one that did not arrive, or past a time.
    async fn send_line<T: Transport>(
        &self,
        transport: &T,
        at: &[Endpoint],
        letters: Vec<Letter>,
        until: Timestamp,
    ) -> Vec<(Letter, Fate)> {
        let (mut fates, mut stopped) = (Vec::with_capacity(letters.len()), false);
        for letter in letters {
            stopped |= self.clock.now() > until;
            let fate = if stopped { Fate::Later } else { self.send(transport, at, &letter).await };
            stopped |= matches!(fate, Fate::Later);
            fates.push((letter, fate));
        }
        fates
    }

    async fn send<T: Transport>(&self, transport: &T, at: &[Endpoint], letter: &Letter) -> Fate {
        let NewLetter { to, message, .. } = &letter.letter;
        let mut note = match Note::read(message.as_bytes()) {
            Ok(note) => note,
            Err(error) => return Fate::Refused(error.to_string()),
        };
        // As it is now, however long the letter has waited.
        note.from.endpoint = self.endpoint();
        match transport.send(*to, at, &note).await {
            Ok(()) => Fate::Taken,
            Err(Unsent::Refused(reason)) => Fate::Refused(reason),
            Err(Unsent::Later(reason)) => {
                tracing::debug!(agent = %to, %reason, "a letter waits");
                Fate::Later
            }
        }
    }

    /// The same as [`Site::settle_fates`], once more where the store says that it may help.
    async fn settle_again(
        &self,
        owner: &str,
        fates: Vec<(Letter, Fate)>,
    ) -> Result<Carried, SiteError> {
        for _ in 0..AGAIN {
            match self.settle_fates(owner, &fates).await {
                Err(error) if error.is_passing() => {}
                settled => return settled,
            }
        }
        self.settle_fates(owner, &fates).await
    }

    async fn settle_fates(
        &self,
        owner: &str,
        fates: &[(Letter, Fate)],
    ) -> Result<Carried, SiteError> {
        let (now, mut carried) = (self.clock.now(), Carried::default());
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        let mut done: Vec<LetterId> = Vec::new();
        for (letter, fate) in fates {
            match fate {
                Fate::Taken => carried.sent += 1,
                Fate::Refused(reason) => {
                    carried.refused += 1;
                    let half = match letter.letter.half {
                        Some(half) => tx.half(half).await?,
                        None => None,
                    };
                    if self.known.refused_anew(letter.letter.half, &letter.letter.key, reason) {
                        tx.tell([given_up(letter, half.map(|half| half.holder), reason, now)]);
                    }
                }
                Fate::Later if self.has(Planted::LostLetter) => carried.later += 1,
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
            // What may be otherwise at another time: a half that was restored, or is not there yet.
            Err(
                error @ (SiteError::Store(_)
                | SiteError::History { .. }
                | SiteError::State { .. }
                | SiteError::NotOpen { .. }
                | SiteError::NoTally { .. }),
            ) => return Err(error),
            Err(refusal) => {
                // Only in the log: whoever sends must not fill the store.
                tracing::info!(%agent, error = refusal.word(), "a note was refused");
                let heard = Err(Unheard::No(refusal.to_string()));
                if !matches!(refusal, SiteError::Signature(_)) {
                    return Ok(heard);
                }
                // The half asks what its partner has.
                heard
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
        Ok(self.store.read().await?.waiting_for(&Whom::AllBut(vec![self.agent])).await?)
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

/// The setting that says that an agent is known, and where it answers.
fn agent_key(agent: AgentId) -> String {
    format!("agent:{agent}")
}

async fn place_of(tx: &mut Tx, agent: AgentId) -> Result<Option<Endpoint>, SiteError> {
    let place = tx.setting(&agent_key(agent)).await?;
    Ok(place.and_then(|place| place.parse().ok()))
}

/// Keeps that an agent is known, and where an invitation says that it answers, where nothing better is known: who
/// wrote the invitation is not proved to be that agent's user.
pub(crate) async fn remember_invited(
    tx: &mut Tx,
    agent: AgentId,
    place: Option<Endpoint>,
) -> Result<(), SiteError> {
    match place_of(tx, agent).await? {
        Some(_) => Ok(()),
        None => remember_place(tx, agent, place).await,
    }
}

/// Keeps that an agent is known, and where it answers, as it says.
async fn remember_place(
    tx: &mut Tx,
    agent: AgentId,
    place: Option<Endpoint>,
) -> Result<(), SiteError> {
    let key = agent_key(agent);
    let known = tx.setting(&key).await?;
    let said = place.map(|place| place.to_string());
    if known.is_none() || (said.is_some() && said != known) {
        tx.set(&key, Some(&said.unwrap_or_default())).await?;
    }
    Ok(())
}

/// What is told of a letter that was given up, to the user whose half it is about.
fn given_up(letter: &Letter, user: Option<Cuid>, reason: &str, at: Timestamp) -> NewEvent {
    let NewLetter { to, key, .. } = &letter.letter;
    let text = serde_json::json!({ "agent": to.to_string(), "about": key, "reason": reason });
    NewEvent { user, kind: "letter_refused".to_owned(), text: text.to_string(), at }
}

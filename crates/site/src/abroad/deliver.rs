//! Letters to other agents: claimed under a name of their own, sent several at once, and settled by the
//! receipt, together with what it brings back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::address::Endpoint;
use protocol::mail::{Fate, MOST_NOTES};
use protocol::negotiation::{Input as NegotiationInput, Message, Version};
use protocol::note::{Body, Note};
use protocol::{AgentId, Cuid, Hash, Moved, Record as _, Timestamp};
use store::{Claim, HalfId, Letter, LetterId, NewEvent, NewLetter, View, Whom};
use tokio::task::JoinSet;

use super::{place_of, remember_place};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::one;
use crate::hear::Hears;
use crate::known::Known;
use crate::moved::has_to_move;
use crate::planted::Planted;
use crate::ports::Transport;
use crate::post::{Input, LEASE_MS};

/// An agent to which so many messages are on their way is left out until they are through: whoever
/// answers slowly keeps nobody else waiting.
const MOST_LINES: usize = 4;

/// After how long a letter that did not arrive is sent again for the first time, in milliseconds; then after
/// twice as long each time.
const FIRST_AGAIN_MS: i64 = 1_000;

/// The longest wait between two attempts, in milliseconds.
const LAST_AGAIN_MS: i64 = 600_000;

/// How often what became of letters is noted again where another program was in the way.
const AGAIN: usize = 4;

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

impl Carried {
    const fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.refused += other.refused;
        self.later += other.later;
    }
}

/// A message to an agent that is on its way.
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

/// The most notes that are looked at of those that came back for what was sent at once: a receipt for each kind
/// of message.
pub const MOST_BACK: usize = 5 * MOST_NOTES;

/// What came of sending a bundle.
struct Sent {
    arrived: bool,
    /// One for each letter.
    fates: Vec<Fate>,
    back: Vec<Note>,
}

/// Letters to one agent, in the order in which they were posted.
struct Bundle {
    agent: AgentId,
    at: Vec<Endpoint>,
    letters: Vec<Letter>,
    /// Of halves whose tally names another agent than this one: what their users said, where they have. Before that
    /// their partners' agents hear nobody.
    words: BTreeMap<HalfId, Option<Moved>>,
    line: Line,
}

impl Site {
    /// Sends what is due to other agents, to all of them at the same time. Agents at which nothing arrived lately
    /// rest. May be called again while it runs; agents to which much is on its way are left out then. What has begun here and is not told to be done,
    /// others take over once it has had time to finish. Call again while something was sent.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; what was sent may then be sent once more.
    pub async fn deliver<T: Transport>(&self, transport: &Arc<T>) -> Result<Carried, SiteError> {
        // A name for this round alone: what it claimed, no other touches.
        let owner = Hash::from_bytes(self.chance.bytes()).to_string();
        let bundles = self.claim_bundles(&owner).await?;
        let mut running = JoinSet::new();
        for bundle in bundles {
            let (site, transport) = (self.clone(), Arc::clone(transport));
            running.spawn(async move {
                let sent = site.send(&*transport, &bundle).await;
                let Bundle { agent, letters, line, .. } = bundle;
                drop(line);
                (agent, letters, sent)
            });
        }
        let (mut carried, mut failed) = (Carried::default(), None);
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok((agent, letters, sent)) => {
                    if sent.arrived {
                        self.abroad.answered(agent);
                    } else {
                        self.known.answers(agent, false);
                        self.abroad.failed(agent, self.clock.now(), |ms| self.spread(ms));
                    }
                    match self.settle_again(&owner, agent, &letters, sent).await {
                        Ok(settled) => carried.add(settled),
                        // The others are noted all the same.
                        Err(error) => failed = failed.or(Some(error)),
                    }
                }
                // The lease brings its letters back.
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        failed.map_or(Ok(carried), Err)
    }

    /// What was on its way when the last program at this store ended is sent again at once. Only for a program
    /// that is alone at its store: what others have on its way would be sent twice, which does no harm.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn take_over(&self) -> Result<(), SiteError> {
        let mut tx = self.store.begin().await?;
        tx.release(self.clock.now()).await?;
        Ok(tx.commit().await.map(|_| ())?)
    }

    /// Letters that were put off while the clock was ahead do not wait until it is as late again.
    pub(crate) async fn recall_letters(&self) -> Result<(), SiteError> {
        let now = self.clock.now();
        let beyond = now.plus_ms(2 * LAST_AGAIN_MS).unwrap_or(Timestamp::MAX);
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        tx.recall(beyond, now).await?;
        Ok(tx.commit().await.map(|_| ())?)
    }

    /// Claims letters that are due; by agent, with where it answers.
    async fn claim_bundles(&self, owner: &str) -> Result<Vec<Bundle>, SiteError> {
        let _turn = self.queue.turn().await;
        let now = self.clock.now();
        let mut but: Vec<AgentId> = lock(&self.known.lines)
            .iter()
            .filter(|(_, lines)| **lines >= MOST_LINES)
            .map(|(agent, _)| *agent)
            .chain(self.abroad.resting(now))
            .collect();
        but.truncate(Whom::MOST - 1);
        but.push(self.agent);
        let lease = now.plus_ms(LEASE_MS).unwrap_or(Timestamp::MAX);
        let limit = u32::try_from(MOST_NOTES).unwrap_or(u32::MAX);
        let claim = Claim { owner: owner.to_owned(), to: Whom::AllBut(but), now, lease, limit };
        // A claim that is lost has the letter sent twice.
        let mut marks = self.store.begin_unsynced().await?;
        let mut to: BTreeMap<AgentId, Vec<Letter>> = BTreeMap::new();
        for letter in marks.claim(&claim).await? {
            to.entry(letter.letter.to).or_default().push(letter);
        }
        let mut bundles = Vec::with_capacity(to.len());
        for (agent, letters) in to {
            let at = place_of(&mut marks, agent).await?.into_iter().collect();
            let words = self.words_for(&mut marks, &letters).await?;
            let line = Line::begun(&self.known, agent);
            bundles.push(Bundle { agent, at, letters, words, line });
        }
        if !bundles.is_empty() {
            marks.commit().await?;
        }
        Ok(bundles)
    }

    async fn words_for(
        &self,
        view: &mut View,
        letters: &[Letter],
    ) -> Result<BTreeMap<HalfId, Option<Moved>>, SiteError> {
        let mut words = BTreeMap::new();
        if self.former_agents().is_empty() {
            return Ok(words);
        }
        for id in letters.iter().filter_map(|letter| letter.letter.half) {
            let Some(half) = view.half(id).await? else { continue };
            // A damaged half's letters go as they are.
            let Ok(state) = one(view, &half).await else { continue };
            if has_to_move(&state, self.agent) {
                words.insert(id, None);
            } else if let Some(moved) = state.moved(half.side) {
                words.insert(id, Some(*moved));
            }
        }
        Ok(words)
    }

    /// Sends a bundle. Of what came back counts what a user of that agent's says to a half that was spoken to.
    async fn send<T: Transport>(&self, transport: &T, bundle: &Bundle) -> Sent {
        let endpoint = self.endpoint();
        let mut notes = Vec::with_capacity(bundle.letters.len());
        let mut fates = Vec::with_capacity(bundle.letters.len());
        for letter in &bundle.letters {
            fates.push(match read(letter) {
                Ok(mut note) => {
                    let word = letter.letter.half.and_then(|half| bundle.words.get(&half));
                    if word == Some(&None) {
                        Some(Fate::later("its user has yet to sign that this agent speaks for it"))
                    } else {
                        // As it is now, however long the letter has waited.
                        note.from.agent = self.agent;
                        note.from.endpoint.clone_from(&endpoint);
                        if let Some(moved) = word {
                            note.moved = *moved;
                        }
                        notes.push(note);
                        None
                    }
                }
                Err(unreadable) => Some(unreadable),
            });
        }
        if notes.is_empty() {
            let fates = fates.into_iter().flatten().collect();
            return Sent { arrived: true, fates, back: Vec::new() };
        }
        let receipt = transport.send(bundle.agent, &bundle.at, &notes).await;
        let spoken_to: BTreeSet<_> =
            notes.iter().map(|note| (note.tally, &note.from.cuid)).collect();
        // Counted before they are read: that costs too.
        let back = receipt.notes.iter().take(MOST_BACK);
        let back = back.filter_map(|text| Note::read(text.as_bytes()).ok());
        let back = back.filter(|note| {
            note.from.agent == bundle.agent && spoken_to.contains(&(note.tally, &note.to))
        });
        let (arrived, back) = (receipt.arrived, back.collect());
        let mut sent = receipt.fates.into_iter();
        let nobody = || Fate::later("nothing was said of it");
        let fates =
            fates.into_iter().map(|fate| fate.or_else(|| sent.next()).unwrap_or_else(nobody));
        Sent { arrived, fates: fates.collect(), back }
    }

    /// The same as [`Site::settle_letters`], once more where the store says that it may help. Where a half cannot
    /// hear what came back, the letters are settled first, and each note is heard for itself.
    async fn settle_again(
        &self,
        owner: &str,
        agent: AgentId,
        letters: &[Letter],
        mut sent: Sent,
    ) -> Result<Carried, SiteError> {
        for _ in 0..AGAIN {
            match self.settle_letters(owner, agent, letters, &sent).await {
                Err(error) if error.is_passing() => {}
                Err(_) if !sent.back.is_empty() => break,
                settled => return settled,
            }
        }
        let back = std::mem::take(&mut sent.back);
        let settled = self.settle_letters(owner, agent, letters, &sent).await?;
        for note in back {
            let _turn = self.queue.turn().await;
            let mut batch = Batch::begin(&self.store, &self.known).await?;
            let heard = self.hear_back(&mut batch, agent, std::slice::from_ref(&note)).await;
            let heard = match heard {
                Ok(()) => batch.commit(&[]).await,
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                tracing::debug!(%agent, error = error.word(), "cannot hear a note: {error}");
                self.abroad.refuses(agent, error.word());
            }
        }
        Ok(settled)
    }

    /// Keeps what became of letters, and hears what came back, in one transaction.
    async fn settle_letters(
        &self,
        owner: &str,
        agent: AgentId,
        letters: &[Letter],
        sent: &Sent,
    ) -> Result<Carried, SiteError> {
        let (now, mut carried) = (self.clock.now(), Carried::default());
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        let mut later: BTreeMap<u64, Vec<LetterId>> = BTreeMap::new();
        for (letter, fate) in letters.iter().zip(&sent.fates) {
            match fate {
                Fate::Taken => carried.sent += 1,
                Fate::Refused(reason) => {
                    carried.refused += 1;
                    refused.push((letter, reason.as_str()));
                }
                Fate::Later(_) if self.has(Planted::LostLetter) => carried.later += 1,
                Fate::Later(reason) => {
                    carried.later += 1;
                    tracing::debug!(%agent, %reason, "a letter waits");
                    later.entry(letter.attempts).or_default().push(letter.id);
                    continue;
                }
            }
            done.push(letter.id);
        }
        let _turn = self.queue.turn().await;
        // With another wait by chance for each number of attempts.
        let due = |attempts| now.plus_ms(self.wait_ms(attempts)).unwrap_or(Timestamp::MAX);
        let later: Vec<_> =
            later.into_iter().map(|(attempts, letters)| (due(attempts), letters)).collect();
        if refused.is_empty() && sent.back.is_empty() {
            // Nothing follows but that letters are not sent again, or later.
            let mut marks = self.store.begin_unsynced().await?;
            for (due, letters) in &later {
                marks.failed(owner, letters, *due).await?;
            }
            marks.done(&done).await?;
            marks.commit().await?;
        } else {
            let mut batch = Batch::begin(&self.store, &self.known).await?;
            for (due, letters) in &later {
                batch.work.tx().failed(owner, letters, *due).await?;
            }
            // First: what the halves say now may take a letter's place.
            batch.work.tx().done(&done).await?;
            for (letter, reason) in refused {
                self.given_up(&mut batch, letter, reason, now).await?;
            }
            self.hear_back(&mut batch, agent, &sent.back).await?;
            batch.commit(&[]).await?;
        }
        // Only what was told for sure is told no more.
        for (letter, fate) in letters.iter().zip(&sent.fates) {
            let NewLetter { half, key, .. } = &letter.letter;
            match fate {
                Fate::Taken => self.known.remember_refused(*half, key, false),
                Fate::Refused(_) => self.known.remember_refused(*half, key, true),
                Fate::Later(_) => {}
            }
        }
        Ok(carried)
    }

    /// Hears what an agent's halves said to what they were sent. What is refused is passed over.
    async fn hear_back(
        &self,
        batch: &mut Batch,
        agent: AgentId,
        notes: &[Note],
    ) -> Result<(), SiteError> {
        let Some(last) = notes.last().filter(|_| !self.is_ours(&agent)) else { return Ok(()) };
        let place = last.from.endpoint.clone();
        remember_place(batch.work.tx(), agent, place).await?;
        self.prepare_for(batch, notes.iter()).await?;
        for note in notes {
            let changes = batch.work.changes();
            match self.receive(batch, note.clone()).await {
                Err(error @ (SiteError::Store(_) | SiteError::History { .. })) => {
                    return Err(error);
                }
                Err(error) if batch.work.changes() != changes => {
                    // The half asks what its partner has; anything else is undone.
                    if !matches!(error, SiteError::Signature(_)) {
                        return Err(error);
                    }
                }
                Ok(()) | Err(_) => {}
            }
        }
        if self.hears == Hears::AtOnce {
            self.hear(batch).await?;
        }
        Ok(())
    }

    /// Whether a letter's half has followed its partner to another agent since: then that one is asked.
    async fn went_elsewhere(&self, batch: &mut Batch, letter: &Letter) -> Result<bool, SiteError> {
        let Some(id) = letter.letter.half else { return Ok(false) };
        let Some(half) = batch.work.view().half(id).await? else { return Ok(false) };
        // A damaged half follows nobody.
        let Ok(state) = one(batch.work.view(), &half).await else { return Ok(false) };
        let agent = state.partner().map(|partner| self.now(partner.agent));
        Ok(agent.is_some_and(|agent| agent != letter.letter.to))
    }

    /// A letter is given up: its user is told why, and its half does not say it again.
    async fn given_up(
        &self,
        batch: &mut Batch,
        letter: &Letter,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), SiteError> {
        let NewLetter { to, key, half, .. } = &letter.letter;
        if self.went_elsewhere(batch, letter).await? {
            return Ok(());
        }
        let half = match half {
            Some(half) => batch.work.view().half(*half).await?,
            None => None,
        };
        let user = half.as_ref().map(|half| half.holder.clone());
        if !self.known.was_refused(letter.letter.half, key) {
            batch.work.tx().tell([refused(*to, key, user, reason, at)]);
        }
        let (Some(half), Some(input)) = (half, read(letter).ok().and_then(|note| unheard(&note)))
        else {
            return Ok(());
        };
        match batch.hold(&half.holder, half.tally).await {
            Ok((held, work)) => self.take(work, held, Input::Negotiation(input)).await,
            Err(error @ SiteError::Store(_)) => Err(error),
            // Doctor says what cannot be read.
            Err(_) => Ok(()),
        }
    }

    /// How long a letter waits after so many attempts: twice as long each time, and by chance up to half as
    /// long again, so that not all come back at once.
    fn wait_ms(&self, attempts: u64) -> i64 {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
        self.spread((FIRST_AGAIN_MS << doublings).min(LAST_AGAIN_MS))
    }

    /// A wait, by chance up to half as long again.
    pub(crate) fn spread(&self, wait: i64) -> i64 {
        let [byte, ..] = self.chance.bytes();
        wait + wait * i64::from(byte) / 512
    }
}

/// What a letter says.
fn read(letter: &Letter) -> Result<Note, Fate> {
    let note = Note::read(letter.letter.message.as_bytes());
    note.map_err(|error| Fate::refused(&error.to_string()))
}

/// What it means to a half that this will not be taken; nothing where its reminder would not say it again.
pub(crate) fn unheard(note: &Note) -> Option<NegotiationInput> {
    match &note.body {
        Body::Negotiation(Message::Answer { .. }) => {
            Some(NegotiationInput::Unheard { offer: None })
        }
        Body::Negotiation(Message::Tally(tally)) => {
            let offer = Version::of(tally).ok()?;
            Some(NegotiationInput::Unheard { offer: Some(offer) })
        }
        Body::Negotiation(Message::Withdraw { version } | Message::Ended { version, .. }) => {
            Some(NegotiationInput::Unheard { offer: Some(*version) })
        }
        _ => None,
    }
}

/// What is told of a letter that was given up, to the user whose half it is about.
fn refused(to: AgentId, about: &str, user: Option<Cuid>, reason: &str, at: Timestamp) -> NewEvent {
    let text = serde_json::json!({ "agent": to.to_string(), "about": about, "reason": reason });
    NewEvent { user, kind: "letter_refused".to_owned(), text: text.to_string(), at }
}

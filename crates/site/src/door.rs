//! The way in for commands: who may ask, what is decided, what is kept.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use protocol::chit::{Chit, Entry};
use protocol::ledger::{Good, Ledger};
use protocol::lift::Authorisation;
use protocol::{AgentId, Cuid, Hash, SignatureFault, Signer};
use store::{CommandResult, Founded, NewEvent, Store};

use crate::abroad::Agents;
use crate::answered;
use crate::batch::Batch;
use crate::between::lift_keys;
use crate::command::{Answer, Caller, Command, CommandId, Wish};
use crate::error::SiteError;
use crate::hear::Hears;
use crate::known::Known;
use crate::lift::Tending;
use crate::moved::former_agents;
use crate::planted::{self, Planted};
use crate::ports::{Chance, Clock};
use crate::query::administrator;
use crate::queue::{Asked, Queue};

/// How many referees a lift of a site's own making has at most.
const MOST_REFEREES: usize = 4;

/// A site. Copies are the same site.
#[derive(Clone)]
pub struct Site {
    pub(crate) store: Store,
    pub(crate) agent: AgentId,
    /// The agents that the site was before.
    pub(crate) former: Arc<[AgentId]>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) signer: Option<Arc<dyn Signer + Send + Sync>>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) known: Arc<Known>,
    pub(crate) abroad: Arc<Agents>,
    pub(crate) tending: Arc<tokio::sync::Mutex<Tending>>,
    pub(crate) hears: Hears,
    /// How many referees lifts of this site's making have at most.
    pub(crate) most_referees: usize,
    /// A fault on purpose: none but in simulations.
    pub(crate) planted: Option<Planted>,
}

impl Site {
    /// The site that a store belongs to; a store that is nobody's becomes this agent's.
    ///
    /// # Errors
    /// [`SiteError::OtherKey`] where the store is another agent's; [`SiteError::Store`].
    pub async fn open(
        store: Store,
        agent: AgentId,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, SiteError> {
        let founded = store.read().await?.meta().await?.founded;
        match founded {
            Some(Founded { agent: site, .. }) if site != agent => {
                return Err(SiteError::OtherKey { store: site, key: agent });
            }
            Some(_) => {}
            None => {
                let mut tx = store.begin().await?;
                tx.found(&Founded { agent, at: clock.now() }).await?;
                tx.commit().await?;
            }
        }
        let former = former_agents(&mut store.read().await?).await?.into();
        let keys = lift_keys(&mut store.read().await?).await?;
        let (queue, known) = (Arc::new(Queue::default()), Arc::new(Known::default()));
        let (signer, tending, hears) = (None, Arc::default(), Hears::AtOnce);
        let (abroad, planted) = (Arc::default(), None);
        let site = Self {
            store,
            agent,
            former,
            clock,
            chance,
            signer,
            queue,
            known,
            abroad,
            tending,
            hears,
            most_referees: MOST_REFEREES,
            planted,
        };
        site.makes_lift_keys(keys);
        Ok(site)
    }

    /// The same site, able to decide lifts: by the agent's key, which is nowhere else in it.
    ///
    /// # Errors
    /// [`SiteError::OtherSite`] where the key is another agent's, or none's.
    pub fn signing_with(mut self, key: Arc<dyn Signer + Send + Sync>) -> Result<Self, SiteError> {
        match AgentId::of(&key.public_key()) {
            Ok(agent) if agent == self.agent => {
                self.signer = Some(key);
                Ok(self)
            }
            Ok(named) => Err(SiteError::OtherSite { named, site: self.agent }),
            Err(_) => Err(SiteError::NoAgentKey),
        }
    }

    /// A secret that nobody else can make, the same for all programs of the site and after any restore: it follows from the
    /// agent's key, and from a `text` that no record has.
    ///
    /// # Errors
    /// [`SiteError::NoAgentKey`]; [`SiteError::Sign`].
    pub(crate) fn own_secret(&self, text: &[u8]) -> Result<Hash, SiteError> {
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        // Signing is deterministic (RFC 8032), so it is the same each time.
        Ok(Hash::of(signer.sign(text)?.as_bytes()))
    }

    /// The same site, where halves hear each other as said here.
    #[must_use]
    pub const fn hearing(mut self, hears: Hears) -> Self {
        self.hears = hears;
        self
    }

    /// The same site, whose own lifts have at most so many referees where enough are accepted on all of a way: 4 unless said
    /// otherwise here, of whom one may lie; 7, of whom two may, take three times the messages.
    #[must_use]
    pub const fn proposing_under(mut self, most_referees: usize) -> Self {
        self.most_referees = most_referees;
        self
    }

    /// The site's agent.
    #[must_use]
    pub const fn agent(&self) -> AgentId {
        self.agent
    }

    /// Does what is asked, once: the same command under the same name changes nothing more.
    ///
    /// # Errors
    /// [`SiteError`] says why nothing was done.
    pub async fn command(
        &self,
        caller: &Caller,
        id: &CommandId,
        command: Command,
    ) -> Result<Answer, SiteError> {
        let id = own_name(caller, id);
        if command == Command::Clear {
            administrator(caller)?;
            return self.clear(&id, answered::digest(&command)?).await;
        }
        if let Command::PayByLift { authorisation, hint } = &command {
            let digest = answered::digest(&command)?;
            let authorisation = Authorisation::clone(authorisation);
            // Of a known type: whoever sends it to another thread need not look through all of it.
            let paid: Pin<Box<dyn Future<Output = _> + Send + '_>> =
                Box::pin(self.pay_by_lift(caller, &id, digest, authorisation, *hint));
            return paid.await;
        }
        self.check_ahead(caller, &command);
        // Large: whoever waits for it need not hold it in place.
        Box::pin(self.in_turn(Asked { caller: caller.clone(), id, command })).await
    }

    /// Decides commands in one transaction: each is done or refused, and all that are done are kept
    /// together with what halves here hear of it, where they hear at once.
    ///
    /// # Errors
    /// [`SiteError`] where nothing was kept; asked one by one, the others may still be done.
    pub(crate) async fn decide_all(
        &self,
        all: &[&Asked],
        hears: Hears,
    ) -> Result<Vec<Result<Answer, SiteError>>, SiteError> {
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        // Halves are locked first: what another program answered about them meanwhile is seen then.
        self.prepare(&mut batch, all).await?;
        let ids: Vec<String> = all.iter().map(|asked| asked.id.clone()).collect();
        let mut before = BTreeMap::new();
        for result in batch.work.view().results(&ids).await? {
            before.insert(result.id, result.text);
        }
        let mut answers = Vec::with_capacity(all.len());
        let mut results = Vec::with_capacity(all.len());
        for asked in all {
            let digest = match answered::digest(&asked.command) {
                Ok(digest) => digest,
                Err(error) => {
                    answers.push(Err(error));
                    continue;
                }
            };
            if let Some(text) = before.get(&asked.id) {
                answers.push(answered::read(text, digest));
                continue;
            }
            let changes = batch.work.changes();
            let decided = Box::pin(self.decide(&mut batch, &asked.caller, asked.command.clone()));
            match decided.await {
                Ok(answer) => {
                    let text = answered::text(digest, &answer)?;
                    before.insert(asked.id.clone(), text.clone());
                    results.push(CommandResult {
                        id: asked.id.clone(),
                        text,
                        at: self.clock.now(),
                    });
                    answers.push(Ok(answer));
                }
                // What it changed on its way must go, and so must all the others.
                Err(error) if batch.work.changes() != changes => return Err(error),
                Err(error @ SiteError::Store(_)) => return Err(error),
                Err(refusal) => answers.push(Err(refusal)),
            }
        }
        if !results.is_empty() {
            if hears == Hears::AtOnce {
                self.hear(&mut batch).await?;
            }
            batch.commit(&results).await?;
        }
        Ok(answers)
    }

    /// Asks the store, in few questions, for what these commands need.
    async fn prepare(&self, batch: &mut Batch, all: &[&Asked]) -> Result<(), SiteError> {
        let (mut users, mut tallies, mut chits) = (Vec::new(), Vec::new(), Vec::new());
        for asked in all {
            let (Caller::User(cuid) | Caller::Former(cuid)) = &asked.caller else { continue };
            users.push(cuid.clone());
            let Command::Tally { tally, wish } = &asked.command else { continue };
            tallies.push(*tally);
            if let Wish::Write { chit, .. } = wish {
                chits.push((cuid.clone(), *tally, chit));
            }
        }
        batch.ask_for(&users).await?;
        batch.load_tallies(&tallies).await?;
        let mut names = Vec::with_capacity(chits.len());
        for (cuid, tally, chit) in chits {
            let ledger = batch.held(&cuid, tally).and_then(|held| held.state.ledger.as_ref());
            // Whatever is wrong with it is said when its turn comes.
            if let Some(Ok(good)) = ledger.map(|ledger| self.good(ledger, chit)) {
                names.push((cuid, tally, chit.uuid, good.hash()));
            }
        }
        batch.look_up(&names).await
    }

    /// Checks the signatures that a command brings before it stands in line, where everything else
    /// is waited for. The keys may change until its turn: then it is checked again.
    fn check_ahead(&self, caller: &Caller, command: &Command) {
        let (Caller::User(cuid), Command::Tally { tally, wish }) = (caller, command) else {
            return;
        };
        let chits = match wish {
            Wish::Write { chit, .. } => std::slice::from_ref(&**chit),
            Wish::Recover(chits) => chits.as_slice(),
            _ => return,
        };
        let state = self.known.lately(cuid, *tally);
        if let Some(ledger) = state.as_ref().and_then(|state| state.ledger.as_ref()) {
            for chit in chits {
                // Found out again, and said, in its turn.
                let _ = self.good(ledger, chit);
            }
        }
    }

    /// A chit whose signature is checked by the key that it names, of those that the ledger has for
    /// its signer; the same chit and key are checked once.
    pub(crate) fn good(&self, ledger: &Ledger, chit: &Chit) -> Result<Good, SiteError> {
        if self.has(Planted::UncheckedSignature) {
            return Ok(planted::unchecked(chit.clone())?);
        }
        let by = chit.by.word();
        let key = ledger.key_for(chit).ok_or(SignatureFault::Wrong { by })?;
        // A claim is good by its user's site too, which is another one on another tally of this id.
        if matches!(chit.entry, Entry::Claim { .. }) {
            return Ok(ledger.prove_by(chit.clone(), &key)?);
        }
        if let Some(good) = self.known.good(&key, chit) {
            return Ok(good);
        }
        let good = ledger.prove_by(chit.clone(), &key)?;
        self.known.remember_good(key, good.clone());
        Ok(good)
    }

    /// The same for several; where some are by a key that comes with them, `prove` finds it.
    pub(crate) fn good_all(
        &self,
        ledger: &Ledger,
        chits: Vec<Chit>,
        prove: impl FnOnce(&Ledger, Vec<Chit>) -> Result<Vec<Good>, SignatureFault>,
    ) -> Result<Vec<Good>, SiteError> {
        let good: Result<Vec<_>, _> = chits.iter().map(|chit| self.good(ledger, chit)).collect();
        good.or_else(|_| Ok(prove(ledger, chits)?))
    }

    /// Tells those who watch.
    pub(crate) fn event(&self, user: &Cuid, kind: &str, text: String) -> NewEvent {
        NewEvent { user: Some(user.clone()), kind: kind.to_owned(), text, at: self.clock.now() }
    }
}

/// How a name that a caller gave is kept. It belongs to its caller: nobody learns what another was
/// answered.
pub(crate) fn own_name(caller: &Caller, id: &CommandId) -> String {
    match caller {
        Caller::Administrator => format!(":{}", id.as_str()),
        Caller::User(cuid) => format!("{cuid}:{}", id.as_str()),
        Caller::Former(cuid) => format!("{cuid}~former:{}", id.as_str()),
    }
}

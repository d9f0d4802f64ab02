//! The way in for commands: who may ask, what is decided, what is kept.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use protocol::chit::{Chit, Entry};
use protocol::half::HalfTally;
use protocol::invoice::Input as InvoiceInput;
use protocol::ledger::{Good, Input as LedgerInput, Ledger};
use protocol::lift::Authorisation;
use protocol::negotiation::{Input as NegotiationInput, Negotiation};
use protocol::tally::SignedBy;
use protocol::{
    AgentId, Cert, Cuid, Hash, Record, Side, Signature, SignatureFault, Signer, TallyId, Verified,
};
use store::{CommandResult, Founded, Invite, NewEvent, Store, User, UserKind, UserStatus};

use crate::answered;
use crate::batch::Batch;
use crate::command::{Answer, Caller, Command, CommandId, Wish};
use crate::error::SiteError;
use crate::half::{Kept, amount};
use crate::hear::Hears;
use crate::invitation::Invitation;
use crate::known::Known;
use crate::lift::{Tending, check_all};
use crate::ports::{Chance, Clock};
use crate::post::Input;
use crate::query::administrator;
use crate::queue::{Asked, Queue};
use crate::rekey::may_stop;

/// A site. Copies are the same site.
#[derive(Clone)]
pub struct Site {
    pub(crate) store: Store,
    pub(crate) agent: AgentId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) signer: Option<Arc<dyn Signer + Send + Sync>>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) known: Arc<Known>,
    pub(crate) tending: Arc<tokio::sync::Mutex<Tending>>,
    pub(crate) hears: Hears,
}

impl Site {
    /// The site that a store belongs to; a store that is nobody's becomes this agent's.
    ///
    /// # Errors
    /// [`SiteError::OtherSite`] where the store is another agent's; [`SiteError::Store`].
    pub async fn open(
        store: Store,
        agent: AgentId,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, SiteError> {
        let founded = store.read().await?.meta().await?.founded;
        match founded {
            Some(Founded { agent: site, .. }) if site != agent => {
                return Err(SiteError::OtherSite { named: agent, site });
            }
            Some(_) => {}
            None => {
                let mut tx = store.begin().await?;
                tx.found(&Founded { agent, at: clock.now() }).await?;
                tx.commit().await?;
            }
        }
        let (queue, known) = (Arc::new(Queue::default()), Arc::new(Known::default()));
        let (signer, tending, hears) = (None, Arc::default(), Hears::AtOnce);
        Ok(Self { store, agent, clock, chance, signer, queue, known, tending, hears })
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

    /// The same site, where halves hear each other as said here.
    #[must_use]
    pub const fn hearing(mut self, hears: Hears) -> Self {
        self.hears = hears;
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
        // A name belongs to its caller: nobody learns what another was answered.
        let id = match caller {
            Caller::Administrator => format!(":{}", id.as_str()),
            Caller::User(cuid) => format!("{cuid}:{}", id.as_str()),
            Caller::Former(cuid) => format!("{cuid}~former:{}", id.as_str()),
        };
        if command == Command::Clear {
            administrator(caller)?;
            return self.clear(&id, answered::digest(&command)?).await;
        }
        if let Command::PayByLift { authorisation } = &command {
            let digest = answered::digest(&command)?;
            let authorisation = Authorisation::clone(authorisation);
            // Of a known type: whoever sends it to another thread need not look through all of it.
            let paid: Pin<Box<dyn Future<Output = _> + Send + '_>> =
                Box::pin(self.pay_by_lift(caller, &id, digest, authorisation));
            return paid.await;
        }
        self.check_ahead(caller, &command);
        self.in_turn(Asked { caller: caller.clone(), id, command }).await
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
            match self.decide(&mut batch, &asked.caller, asked.command.clone()).await {
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

    async fn decide(
        &self,
        batch: &mut Batch,
        caller: &Caller,
        command: Command,
    ) -> Result<Answer, SiteError> {
        match (command, caller) {
            (Command::AddUser { kind, cert }, Caller::Administrator) => {
                self.add_user(batch, kind, *cert).await
            }
            (Command::Suspend { cuid, suspended }, Caller::Administrator) => {
                let mut user = user(batch, &cuid).await?.clone();
                user.status = if suspended { UserStatus::Suspended } else { UserStatus::Active };
                batch.put_user(user).await?;
                Ok(Answer::Done)
            }
            // They take a transaction of their own, and never come here.
            (Command::Clear, Caller::Administrator)
            | (Command::PayByLift { .. }, Caller::User(_)) => Err(SiteError::OtherCommand),
            (Command::AddContract { contract }, Caller::Administrator) => {
                self.take_contract(batch.work.tx(), *contract).await
            }
            (Command::Readmit { cert }, Caller::Administrator) => self.readmit(batch, *cert).await,
            // Whoever ended its key on all tallies wants nothing more done in its name. With a key
            // that can still be used, it may be a thief who wants nobody to stop him.
            (Command::Suspend { cuid, suspended: true }, Caller::User(own)) if cuid == *own => {
                if !self.keys_in_force(batch, &cuid).await?.is_empty() {
                    return Err(SiteError::NotAllowed { who: "an administrator" });
                }
                let mut user = active(batch, &cuid).await?.clone();
                user.status = UserStatus::Suspended;
                batch.put_user(user).await?;
                Ok(Answer::Done)
            }
            (
                Command::AddUser { .. }
                | Command::Suspend { .. }
                | Command::Readmit { .. }
                | Command::AddContract { .. }
                | Command::Clear,
                Caller::User(_) | Caller::Former(_),
            ) => Err(SiteError::NotAllowed { who: "an administrator" }),
            // Also while the user is suspended, by whomever: to stop something starts nothing.
            (Command::Tally { tally, wish }, Caller::Former(cuid) | Caller::User(cuid))
                if may_stop(&wish) =>
            {
                user(batch, cuid).await?;
                self.wish(batch, cuid, tally, wish).await?;
                let (held, _) = batch.hold(cuid, tally).await?;
                Ok(standing(&held.state))
            }
            (_, Caller::Former(_)) => {
                Err(SiteError::NotAllowed { who: "the user with the key in its cert" })
            }
            (_, Caller::Administrator) => Err(SiteError::NotAllowed { who: "the user itself" }),
            (Command::Invite { tally, side, draft, expires }, Caller::User(cuid)) => {
                let holder = cert_of(active(batch, cuid).await?)?;
                let cert = holder.clone().into_inner();
                let negotiation = Negotiation::invite(tally, side, holder, *draft);
                self.invite(batch, cert, negotiation, expires).await
            }
            (Command::Answer { invitation }, Caller::User(cuid)) => {
                let holder = cert_of(active(batch, cuid).await?)?;
                self.answer(batch, cuid, holder, &invitation).await
            }
            (Command::Reopen { tally }, Caller::User(cuid)) => {
                active(batch, cuid).await?;
                let uuid = tally.members().uuid;
                self.reopen(batch, cuid, Verified::check(*tally, &())?).await?;
                let (held, _) = batch.hold(cuid, uuid).await?;
                Ok(standing(&held.state))
            }
            (Command::NewCert { cert, proof }, Caller::User(cuid)) => {
                let mut user = active(batch, cuid).await?.clone();
                self.new_cert(&mut user, *cert, &proof)?;
                batch.put_user(user).await?;
                Ok(Answer::Done)
            }
            (Command::Tally { tally, wish }, Caller::User(cuid)) => {
                active(batch, cuid).await?;
                self.wish(batch, cuid, tally, wish).await?;
                let (held, _) = batch.hold(cuid, tally).await?;
                Ok(standing(&held.state))
            }
        }
    }

    async fn add_user(
        &self,
        batch: &mut Batch,
        kind: UserKind,
        cert: Cert,
    ) -> Result<Answer, SiteError> {
        let cert = Verified::check(cert, &())?;
        let user = user_of(kind, &cert, self.agent, self.clock.now())?;
        if batch.user(&user.cuid).await?.is_some() {
            return Err(SiteError::UserExists(user.cuid));
        }
        batch.put_user(user).await?;
        Ok(Answer::Done)
    }

    /// A user has another cert: signed with the key in it, and with the key in the last one.
    fn new_cert(&self, user: &mut User, cert: Cert, proof: &Signature) -> Result<(), SiteError> {
        let before = cert_of(user)?;
        let cert = Verified::check(cert, &())?;
        if !cert.same_user(&before) {
            return Err(SiteError::NotAllowed { who: "the user itself" });
        }
        if *cert == *before {
            return Ok(());
        }
        cert.check_signature("the key before", &before.public, Some(proof))?;
        put_cert(user, &cert)
    }

    async fn invite(
        &self,
        batch: &mut Batch,
        cert: Cert,
        negotiation: Negotiation,
        expires: protocol::Timestamp,
    ) -> Result<Answer, SiteError> {
        let token = Hash::from_bytes(self.chance.bytes());
        let cuid = cert.chad.cuid.clone();
        let (tally, side) = (negotiation.tally(), negotiation.side());
        let draft = negotiation.draft().clone();
        let invitation = Invitation { tally, cert, side, draft, token, expires };
        self.new_half(batch, &cuid, HalfTally::new(negotiation)).await?;
        let invite = Invite {
            token: Invitation::kept(&token),
            holder: cuid,
            text: tally.to_string(),
            expires: Some(expires),
            uses_left: Some(1),
        };
        batch.work.tx().put_invite(&invite).await?;
        Ok(Answer::Invited(Box::new(invitation)))
    }

    async fn answer(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        holder: Verified<Cert>,
        invitation: &Invitation,
    ) -> Result<Answer, SiteError> {
        if invitation.expires <= self.clock.now() {
            return Err(SiteError::Invitation("has expired"));
        }
        let partner = Verified::check(invitation.cert.clone(), &())?;
        let (tally, side) = (invitation.tally, invitation.side.other());
        let draft = invitation.mirrored();
        let inviter = partner.chad.clone();
        let negotiation = Negotiation::answer(tally, side, holder, partner, draft)?;
        no_half(batch, cuid, tally).await?;
        if inviter.agent == self.agent {
            // Who invites lives here too: what does not count is said at once.
            self.invite_of(&mut batch.work, &inviter.cuid, tally, invitation.token).await?;
        }
        self.new_half(batch, cuid, HalfTally::new(negotiation)).await?;
        // The token goes along with the first thing that the inviter hears.
        let token = invitation.token.to_string();
        batch.work.tx().set(&token_key(&tally), Some(&token)).await?;
        let (held, work) = batch.hold(cuid, tally).await?;
        self.take(work, held, Input::Negotiation(NegotiationInput::Remind)).await?;
        Ok(standing(&held.state))
    }

    async fn new_half(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        state: HalfTally,
    ) -> Result<(), SiteError> {
        no_half(batch, cuid, state.negotiation.tally()).await?;
        batch.add(cuid, state, self.clock.now()).await
    }

    async fn wish(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        tally: TallyId,
        wish: Wish,
    ) -> Result<(), SiteError> {
        let (held, work) = batch.hold(cuid, tally).await?;
        let input = match wish {
            Wish::Draft(draft) => Input::Negotiation(NegotiationInput::Draft(draft)),
            Wish::Offer(tally) => Input::Negotiation(match SignedBy::check(*tally)? {
                SignedBy::One(offer) => NegotiationInput::Offer(Box::new(offer)),
                SignedBy::Both(tally) => NegotiationInput::Recover(Box::new(tally)),
                SignedBy::Nobody(_) => return Err(unsigned(held.half.side)),
            }),
            Wish::Accept(tally) => {
                let tally = Verified::check(*tally, &())?;
                Input::Negotiation(NegotiationInput::Accept(Box::new(tally)))
            }
            Wish::Refuse { offer, reason } => {
                Input::Negotiation(NegotiationInput::Refuse { offer, reason })
            }
            Wish::Withdraw { offer } => Input::Negotiation(NegotiationInput::Withdraw { offer }),
            Wish::Write { chit, over_limit } => {
                let chit = self.ready(work, held, *chit).await?;
                let chit = self.good(held.state.open()?, &chit)?;
                Input::Ledger(LedgerInput::Write { chit, over_limit })
            }
            Wish::Recover(chits) => {
                let ledger = held.state.open()?;
                // Some may have a key that comes with them.
                let signed = |chits: Vec<Chit>| self.good_all(ledger, chits, Ledger::prove_all);
                let good = check_all(work.view(), &self.known, &held.half, chits, signed).await?;
                Input::Ledger(LedgerInput::Recover(good))
            }
            Wish::Invoice(invoice) => {
                let invoice = held.state.open()?.prove_invoice(&invoice)?;
                Input::Invoice(InvoiceInput::Propose(Box::new(invoice)))
            }
            Wish::RefuseInvoice { invoice: chit, revision, reason } => {
                Input::Invoice(InvoiceInput::Refuse { chit, revision, reason })
            }
            Wish::Compare => {
                self.take(work, held, Input::Negotiation(NegotiationInput::Compare)).await?;
                if held.state.ledger.is_none() {
                    return Ok(());
                }
                self.take(work, held, Input::Invoice(InvoiceInput::Compare)).await?;
                Input::Ledger(LedgerInput::Compare)
            }
        };
        let about_keys = matches!(&input, Input::Ledger(LedgerInput::Write { chit, .. })
            if chit.chit().entry.is_about_keys());
        self.take(work, held, input).await?;
        if about_keys {
            self.forget_former(batch, cuid).await?;
        }
        Ok(())
    }

    /// Tells those who watch.
    pub(crate) fn event(&self, user: &Cuid, kind: &str, text: String) -> NewEvent {
        NewEvent { user: Some(user.clone()), kind: kind.to_owned(), text, at: self.clock.now() }
    }
}

/// The setting under which the token of an answered invitation waits to be delivered.
pub(crate) fn token_key(tally: &TallyId) -> String {
    format!("answer:{tally}")
}

fn unsigned(by: Side) -> SiteError {
    SignatureFault::Missing { by: by.word() }.into()
}

pub(crate) async fn user<'a>(batch: &'a mut Batch, cuid: &Cuid) -> Result<&'a User, SiteError> {
    batch.user(cuid).await?.ok_or_else(|| SiteError::NoUser(cuid.clone()))
}

/// A user who may act.
async fn active<'a>(batch: &'a mut Batch, cuid: &Cuid) -> Result<&'a User, SiteError> {
    let user = user(batch, cuid).await?;
    if user.status == UserStatus::Active {
        Ok(user)
    } else {
        Err(SiteError::Suspended(cuid.clone()))
    }
}

pub(crate) fn cert_of(user: &User) -> Result<Verified<Cert>, SiteError> {
    let cert = user.cert.as_ref().ok_or_else(|| SiteError::NoUser(user.cuid.clone()))?;
    Ok(Verified::check(Cert::read(cert.as_bytes())?, &())?)
}

/// The user has this cert from now on.
pub(crate) fn put_cert(user: &mut User, cert: &Verified<Cert>) -> Result<(), SiteError> {
    let key = protocol::Json::of(&cert.public)?;
    if let Some(name) = cert.name.first() {
        user.name = name.to_string();
    }
    user.key = Some(protocol::CanonicalText::of(&key)?.to_string());
    user.cert = Some(cert.to_text()?.to_string());
    Ok(())
}

fn standing(state: &HalfTally) -> Answer {
    let ledger = state.ledger.as_ref();
    let balance = ledger.map_or(0, Ledger::balance_milli);
    Answer::Tally {
        status: state.status().to_owned(),
        head: ledger.map(Ledger::head),
        balance: amount(balance).map_or(i64::MAX, protocol::Units::milli),
    }
}

/// A new user of this site, as it is kept.
pub(crate) fn user_of(
    kind: UserKind,
    cert: &Verified<Cert>,
    site: AgentId,
    created: protocol::Timestamp,
) -> Result<User, SiteError> {
    let (cuid, named) = (cert.chad.cuid.clone(), cert.chad.agent);
    if named != site {
        return Err(SiteError::OtherSite { named, site });
    }
    let name = cert.name.first().map_or_else(|| cuid.to_string(), ToString::to_string);
    let key = protocol::Json::of(&cert.public)?;
    Ok(User {
        cuid,
        kind,
        name,
        cert: Some(cert.to_text()?.to_string()),
        key: Some(protocol::CanonicalText::of(&key)?.to_string()),
        status: UserStatus::Active,
        created,
        groups: std::collections::BTreeSet::new(),
    })
}

/// A user has no half of a tally yet.
async fn no_half(batch: &mut Batch, cuid: &Cuid, tally: TallyId) -> Result<(), SiteError> {
    match batch.hold(cuid, tally).await {
        Err(SiteError::NoTally { .. }) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(SiteError::TallyExists { holder: cuid.clone(), tally }),
    }
}

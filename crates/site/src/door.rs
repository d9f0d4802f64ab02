//! The way in for commands: who may ask, what is decided, what is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::half::HalfTally;
use protocol::ledger::{Good, Input as LedgerInput};
use protocol::negotiation::{Input as NegotiationInput, Negotiation};
use protocol::tally::SignedBy;
use protocol::{AgentId, Cert, Cuid, Hash, Record, Tally, TallyId, Verified};
use store::{
    CommandResult, Founded, Half, Invite, NewEvent, NewHalf, Store, Tx, User, UserKind, UserStatus,
};

use crate::command::{Answer, Caller, Command, CommandId, Wish};
use crate::error::SiteError;
use crate::half::{Kept, amount};
use crate::invitation::Invitation;
use crate::ports::{Chance, Clock};
use crate::post::{Input, Outcome};
use crate::queue::{Asked, Queue};

/// A site. Copies are the same site.
#[derive(Clone)]
pub struct Site {
    pub(crate) store: Store,
    pub(crate) agent: AgentId,
    pub(crate) clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    pub(crate) queue: Arc<Queue>,
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
        Ok(Self { store, agent, clock, chance, queue: Arc::new(Queue::default()) })
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
        };
        self.in_turn(Asked { caller: caller.clone(), id, command }).await
    }

    /// Decides commands in one transaction: all of them, or none.
    pub(crate) async fn decide_all(&self, all: &[&Asked]) -> Result<Vec<Answer>, SiteError> {
        let mut tx = self.store.begin().await?;
        let ids: Vec<String> = all.iter().map(|asked| asked.id.clone()).collect();
        let mut before = BTreeMap::new();
        for result in tx.results(&ids).await? {
            before.insert(result.id, result.text);
        }
        let mut answers = Vec::with_capacity(all.len());
        let mut results = Vec::with_capacity(all.len());
        for asked in all {
            if let Some(text) = before.get(&asked.id) {
                answers.push(serde_json::from_str(text).map_err(|_| SiteError::OtherAnswer)?);
                continue;
            }
            let answer = self.decide(&mut tx, &asked.caller, asked.command.clone()).await?;
            let text = serde_json::to_string(&answer).map_err(|_| SiteError::OtherAnswer)?;
            before.insert(asked.id.clone(), text.clone());
            results.push(CommandResult { id: asked.id.clone(), text, at: self.clock.now() });
            answers.push(answer);
        }
        tx.add_results(&results).await?;
        tx.commit().await?;
        Ok(answers)
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        command: Command,
    ) -> Result<Answer, SiteError> {
        match (command, caller) {
            (Command::AddUser { kind, cert }, Caller::Administrator) => {
                self.add_user(tx, kind, *cert).await
            }
            (Command::Suspend { cuid, suspended }, Caller::Administrator) => {
                let mut user = user(tx, &cuid).await?;
                user.status = if suspended { UserStatus::Suspended } else { UserStatus::Active };
                tx.put_user(&user).await?;
                Ok(Answer::Done)
            }
            (Command::AddUser { .. } | Command::Suspend { .. }, Caller::User(_)) => {
                Err(SiteError::NotAllowed { who: "an administrator" })
            }
            (_, Caller::Administrator) => Err(SiteError::NotAllowed { who: "the user itself" }),
            (Command::Invite { tally, side, draft, expires }, Caller::User(cuid)) => {
                let holder = self.active(tx, cuid).await?;
                let negotiation = Negotiation::invite(tally, side, holder, *draft);
                self.invite(tx, cuid, negotiation, expires).await
            }
            (Command::Answer { invitation }, Caller::User(cuid)) => {
                let holder = self.active(tx, cuid).await?;
                self.answer(tx, cuid, holder, &invitation).await
            }
            (Command::Tally { tally, wish }, Caller::User(cuid)) => {
                self.active(tx, cuid).await?;
                let half = half_of(tx, cuid, tally).await?;
                let outcome = self.wish(tx, half, wish).await?;
                Ok(standing(&outcome.state))
            }
        }
    }

    async fn add_user(&self, tx: &mut Tx, kind: UserKind, cert: Cert) -> Result<Answer, SiteError> {
        let cert = Verified::check(cert, &())?;
        let (cuid, named) = (cert.chad.cuid.clone(), cert.chad.agent);
        if named != self.agent {
            return Err(SiteError::OtherSite { named, site: self.agent });
        }
        if tx.user(&cuid).await?.is_some() {
            return Err(SiteError::UserExists(cuid));
        }
        let name = cert.name.first().map_or_else(|| cuid.to_string(), ToString::to_string);
        let key = protocol::Json::of(&cert.public)?;
        let user = User {
            cuid,
            kind,
            name,
            cert: Some(cert.to_text()?.to_string()),
            key: Some(protocol::CanonicalText::of(&key)?.to_string()),
            status: UserStatus::Active,
            created: self.clock.now(),
            groups: std::collections::BTreeSet::new(),
        };
        tx.add_users(&[user]).await?;
        Ok(Answer::Done)
    }

    /// The cert of a user who may act.
    async fn active(&self, tx: &mut Tx, cuid: &Cuid) -> Result<Verified<Cert>, SiteError> {
        let user = user(tx, cuid).await?;
        if user.status != UserStatus::Active {
            return Err(SiteError::Suspended(cuid.clone()));
        }
        let cert = user.cert.ok_or_else(|| SiteError::NoUser(cuid.clone()))?;
        Ok(Verified::check(Cert::read(cert.as_bytes())?, &())?)
    }

    async fn invite(
        &self,
        tx: &mut Tx,
        cuid: &Cuid,
        negotiation: Negotiation,
        expires: protocol::Timestamp,
    ) -> Result<Answer, SiteError> {
        let token = Hash::from_bytes(self.chance.bytes());
        let cert = self.active(tx, cuid).await?.into_inner();
        let (tally, side) = (negotiation.tally(), negotiation.side());
        let draft = negotiation.draft().clone();
        let invitation = Invitation { tally, cert, side, draft, token, expires };
        self.new_half(tx, cuid, &HalfTally::new(negotiation)).await?;
        tx.put_invite(&Invite {
            token: Invitation::kept(&token),
            holder: cuid.clone(),
            text: tally.to_string(),
            expires: Some(expires),
            uses_left: Some(1),
        })
        .await?;
        Ok(Answer::Invited(Box::new(invitation)))
    }

    async fn answer(
        &self,
        tx: &mut Tx,
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
        let negotiation = Negotiation::answer(tally, side, holder, partner, draft)?;
        let state = HalfTally::new(negotiation);
        let half = self.new_half(tx, cuid, &state).await?;
        // The token goes along with the first thing that the inviter hears.
        tx.set(&token_key(&tally), Some(&invitation.token.to_string())).await?;
        let remind = Input::Negotiation(NegotiationInput::Remind);
        let outcome = self.take(tx, half, remind).await?;
        Ok(standing(&outcome.state))
    }

    async fn new_half(
        &self,
        tx: &mut Tx,
        cuid: &Cuid,
        state: &HalfTally,
    ) -> Result<Half, SiteError> {
        let (holder, tally) = (cuid.clone(), state.negotiation.tally());
        if tx.half_of(&holder, &tally).await?.is_some() {
            return Err(SiteError::TallyExists { holder, tally });
        }
        let row = state.row(self.clock.now())?;
        let side = state.negotiation.side();
        tx.add_halves(&[NewHalf { holder, tally, side, row }]).await?;
        half_of(tx, cuid, tally).await
    }

    async fn wish(&self, tx: &mut Tx, half: Half, wish: Wish) -> Result<Outcome, SiteError> {
        let input = match wish {
            Wish::Draft(draft) => Input::Negotiation(NegotiationInput::Draft(draft)),
            Wish::Offer(tally) => Input::Negotiation(match SignedBy::check(*tally)? {
                SignedBy::One(offer) => NegotiationInput::Offer(Box::new(offer)),
                SignedBy::Both(tally) => NegotiationInput::Recover(Box::new(tally)),
                SignedBy::Nobody(tally) => return Err(unsigned(&tally, &half)),
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
                let keys = *HalfTally::of(&half)?.open()?.keys();
                let chit = Good::of(Verified::check(*chit, &keys)?)?;
                Input::Ledger(LedgerInput::Write { chit, over_limit })
            }
            Wish::Recover(chits) => {
                let keys = *HalfTally::of(&half)?.open()?.keys();
                let mut good = Vec::with_capacity(chits.len());
                for chit in chits {
                    good.push(Good::of(Verified::check(chit, &keys)?)?);
                }
                Input::Ledger(LedgerInput::Recover(good))
            }
            Wish::Compare => {
                let ask = Input::Negotiation(NegotiationInput::Compare);
                let outcome = self.take(tx, half, ask).await?;
                if outcome.state.ledger.is_none() {
                    return Ok(outcome);
                }
                let half = half_of(tx, &outcome.holder, outcome.state.negotiation.tally()).await?;
                return self.take(tx, half, Input::Ledger(LedgerInput::Compare)).await;
            }
        };
        self.take(tx, half, input).await
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

fn unsigned(tally: &Tally, half: &Half) -> SiteError {
    debug_assert_eq!(tally.members().uuid, half.tally);
    protocol::SignatureFault::Missing { by: half.side.word() }.into()
}

async fn user(tx: &mut Tx, cuid: &Cuid) -> Result<User, SiteError> {
    tx.user(cuid).await?.ok_or_else(|| SiteError::NoUser(cuid.clone()))
}

/// A user's half, locked where others may change it.
pub(crate) async fn half_of(tx: &mut Tx, holder: &Cuid, tally: TallyId) -> Result<Half, SiteError> {
    let locked = tx.lock_tallies(&[tally]).await?;
    locked
        .into_iter()
        .find(|half| half.holder == *holder)
        .ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })
}

fn standing(state: &HalfTally) -> Answer {
    let ledger = state.ledger.as_ref();
    let balance = ledger.map_or(0, protocol::ledger::Ledger::balance_milli);
    Answer::Tally {
        status: state.status().to_owned(),
        head: ledger.map(protocol::ledger::Ledger::head),
        balance: amount(balance).map_or(i64::MAX, protocol::Units::milli),
    }
}

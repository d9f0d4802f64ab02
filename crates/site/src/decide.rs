//! What a command does, once it is its turn: by whom it may be asked, and what follows.

use protocol::chit::Chit;
use protocol::half::HalfTally;
use protocol::invoice::Input as InvoiceInput;
use protocol::ledger::{Input as LedgerInput, Ledger};
use protocol::negotiation::{Input as NegotiationInput, Negotiation};
use protocol::tally::SignedBy;
use protocol::{Cert, Cuid, Record, Side, Signature, SignatureFault, TallyId, Verified};
use store::{Half, User, UserKind, UserStatus, View};

use crate::abroad::remember_invited;
use crate::batch::Batch;
use crate::command::{Answer, Caller, Command, Wish};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::{Kept, amount};
use crate::invitation::{Answers, Invitation, Inviting, token_key};
use crate::lift::check_all;
use crate::post::Input;
use crate::rekey::may_stop;
use crate::users::{active, cert_of, put_cert, user, user_of};

impl Site {
    /// Does what a command asks, or says why not. Whoever refuses after it changed something leaves a
    /// batch that must not be committed.
    pub(crate) async fn decide(
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
            (Command::FindAt { agent, endpoint, new }, Caller::Administrator) => {
                self.find_at(batch.work.tx(), agent, endpoint.as_ref(), new).await?;
                Ok(Answer::Done)
            }
            (Command::AcceptReferee { agent, endpoint, most }, Caller::Administrator) => {
                self.accept_referee(batch.work.tx(), agent, endpoint.as_ref(), most).await?;
                Ok(Answer::Done)
            }
            (Command::DropReferee { agent }, Caller::Administrator) => {
                self.drop_referee(batch.work.tx(), agent).await?;
                Ok(Answer::Done)
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
                | Command::FindAt { .. }
                | Command::AcceptReferee { .. }
                | Command::DropReferee { .. }
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
                let (answers, draft, cert) = (Answers::One { tally }, *draft, None);
                let inviting = Inviting { answers, side, draft, expires, cert };
                self.invite(batch, cuid, inviting).await
            }
            (Command::InviteAs { inviting }, Caller::User(cuid)) => {
                self.invite(batch, cuid, *inviting).await
            }
            (Command::TakeBack { invitation }, Caller::User(cuid)) => {
                self.take_back(batch, cuid, invitation).await
            }
            (Command::Answer { invitation }, Caller::User(cuid)) => {
                let holder = self.told_of(batch, cuid, None).await?;
                self.answer(batch, cuid, holder, &invitation).await
            }
            (Command::AnswerAs { invitation, cert }, Caller::User(cuid)) => {
                let holder = self.told_of(batch, cuid, Some(*cert)).await?;
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
        if cert.chad.agent != self.agent {
            return Err(SiteError::OtherSite { named: cert.chad.agent, site: self.agent });
        }
        if !self.same_user(&cert.chad, &before.chad) {
            return Err(SiteError::NotAllowed { who: "the user itself" });
        }
        if *cert == *before {
            return Ok(());
        }
        cert.check_signature("the key before", &before.public, Some(proof))?;
        put_cert(user, &cert)
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
        let tally = invitation.tally.ok_or(SiteError::NoTallyNamed)?;
        let side = invitation.side.other();
        let answering = holder.clone();
        let draft = invitation.mirrored();
        let inviter = partner.chad.clone();
        let negotiation = Negotiation::answer(tally, side, holder, partner, draft)?;
        let negotiation = negotiation.lasting(invitation.expires);
        no_half(batch, cuid, tally).await?;
        if inviter.agent == self.agent {
            // Who invites lives here too: what does not count is said at once.
            let token = invitation.token;
            self.judge_answer(batch, &inviter.cuid, tally, &answering, token).await?;
        } else {
            let place = invitation.endpoint.clone().or(inviter.endpoint);
            remember_invited(batch.work.tx(), inviter.agent, place).await?;
        }
        self.new_half(batch, cuid, HalfTally::new(negotiation)).await?;
        // The token goes along with the first thing that the inviter hears.
        let token = invitation.token.to_string();
        batch.work.tx().set(&token_key(&tally), Some(&token)).await?;
        let (held, work) = batch.hold(cuid, tally).await?;
        self.take(work, held, Input::Negotiation(NegotiationInput::Remind)).await?;
        Ok(standing(&held.state))
    }

    pub(crate) async fn new_half(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        state: HalfTally,
    ) -> Result<(), SiteError> {
        let tally = state.negotiation.tally();
        no_half(batch, cuid, tally).await?;
        self.is_named_anew(batch, cuid, &state).await?;
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
            Wish::Move(moved) => return self.moves(work, held, *moved).await,
            Wish::Prove(proof) => return self.bring_lift(batch, (cuid, tally), *proof).await,
            Wish::Free(freed) => return self.frees(work, held, *freed).await,
            Wish::Give { lift, units } => {
                return self.give(batch, (cuid, tally), (lift, units)).await;
            }
            Wish::Deny(lift) => return self.deny(work, held, lift).await,
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
}

fn unsigned(by: Side) -> SiteError {
    SignatureFault::Missing { by: by.word() }.into()
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

impl Site {
    /// Somebody else here whose half has the name of this tally; its partner, who lives here too, is none.
    pub(crate) async fn is_named_by(
        &self,
        view: &mut View,
        holder: &Cuid,
        state: &HalfTally,
    ) -> Result<Option<Cuid>, SiteError> {
        let partner = state.partner().filter(|partner| self.is_ours(&partner.agent));
        // Whoever invited hears of an answer before it knows whose it is.
        let awaits = |half: &Half| {
            let named = half.row.partner.as_deref();
            self.agents_here().any(|agent| named == Some(format!("{holder}:{agent}").as_str()))
        };
        let is_another = |half: &Half| {
            let is_partner = match &partner {
                Some(partner) => partner.cuid == half.holder,
                None => state.partner().is_none() && awaits(half),
            };
            half.holder != *holder && !(is_partner && half.side != state.negotiation.side())
        };
        let named = view.halves_of_tallies(&[state.negotiation.tally()]).await?;
        Ok(named.into_iter().find(is_another).map(|half| half.holder))
    }

    /// Nobody names a tally as one of others here: what a site says of a leg names its tally alone.
    pub(crate) async fn is_named_anew(
        &self,
        batch: &mut Batch,
        holder: &Cuid,
        state: &HalfTally,
    ) -> Result<(), SiteError> {
        let tally = state.negotiation.tally();
        match self.is_named_by(batch.work.view(), holder, state).await? {
            Some(_) => Err(SiteError::TallyOfOthers { tally }),
            None => Ok(()),
        }
    }
}

/// A user has no half of a tally yet.
async fn no_half(batch: &mut Batch, cuid: &Cuid, tally: TallyId) -> Result<(), SiteError> {
    match batch.hold(cuid, tally).await {
        Err(SiteError::NoTally { .. }) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(SiteError::TallyExists { holder: cuid.clone(), tally }),
    }
}

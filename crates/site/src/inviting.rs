//! What a site does with invitations: gives them out, shows them to whoever holds the token, takes answers to
//! them, takes them back; and asks other sites for those that a link leads to.

use std::sync::{Arc, PoisonError};

use protocol::half::HalfTally;
use protocol::negotiation::{self, Negotiation};
use protocol::note::{Body, Note};
use protocol::{Cert, ChipAddress, Cuid, Hash, InviteLink, KeyPrint, TallyId, Timestamp, Verified};
use store::{HalfFilter, Invite, UserStatus, View};

use crate::batch::{Batch, Work};
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::one;
use crate::invitation::{
    Answers, ForMany, Given, Invitation, Inviting, MAX_ANSWERS, MAX_INVITES, OfInvite,
};
use crate::ports::{Asks, Unsent};
use crate::post::Input;
use crate::users::{active, cert_of};

/// How long an invitation that expired is still listed, in milliseconds: a month.
const LISTED_AFTER_MS: i64 = 30 * 24 * 60 * 60_000;

/// How many halves are looked through at once.
const AT_ONCE: u32 = 64;

const UNKNOWN: SiteError = SiteError::Invitation("is not known, or was answered or taken back");
const EXPIRED: SiteError = SiteError::Invitation("has expired");
const USED_UP: SiteError = SiteError::Invitation("was answered by as many as may answer it");
const NOT_NOW: SiteError = SiteError::Invitation("cannot be answered now");

impl Site {
    /// Asks other agents over this from now on; none: nobody can be asked.
    pub fn asks_over(&self, asks: Option<Arc<dyn Asks>>) {
        *self.known.asks.write().unwrap_or_else(PoisonError::into_inner) = asks;
    }

    /// What a user has others told of it: the cert here, or another one of its own.
    pub(crate) async fn told_of(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        told: Option<Cert>,
    ) -> Result<Verified<Cert>, SiteError> {
        let own = cert_of(active(batch, cuid).await?)?;
        let Some(told) = told else { return Ok(own) };
        let told = Verified::check(told, &())?;
        if told.same_user(&own) && told.public == own.public {
            Ok(told)
        } else {
            Err(SiteError::OtherCert(cuid.clone()))
        }
    }

    /// A user invites one or many.
    pub(crate) async fn invite(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        inviting: Inviting,
    ) -> Result<Answer, SiteError> {
        let Inviting { answers, side, draft, expires, cert } = inviting;
        let holder = self.told_of(batch, cuid, cert).await?;
        let cert = (*holder).clone();
        self.make_room(batch, cuid).await?;
        let (tally, uses, text) = match answers {
            Answers::One { tally } => {
                let negotiation = Negotiation::invite(tally, side, holder, draft.clone());
                let negotiation = negotiation.lasting(expires);
                self.new_half(batch, cuid, HalfTally::new(negotiation)).await?;
                (Some(tally), 1, OfInvite::Once(tally).text()?)
            }
            Answers::Many { uses } if uses.get() > MAX_ANSWERS => {
                return Err(SiteError::TooManyAnswers { most: MAX_ANSWERS });
            }
            Answers::Many { uses } => {
                let many = ForMany { cert: cert.clone(), side, draft: draft.clone(), uses };
                (None, uses.get(), OfInvite::Many(Box::new(many)).text()?)
            }
        };
        let token = Hash::from_bytes(self.chance.bytes());
        let invite = Invite {
            token: Invitation::kept(&token),
            holder: cuid.clone(),
            text,
            expires: Some(expires),
            uses_left: Some(uses.into()),
        };
        batch.work.tx().put_invite(&invite).await?;
        let endpoint = self.endpoint();
        let invitation = Invitation { tally, cert, side, draft, token, expires, endpoint };
        Ok(Answer::Invited(Box::new(invitation)))
    }

    /// Forgets what expired long ago, and counts the rest.
    async fn make_room(&self, batch: &mut Batch, cuid: &Cuid) -> Result<(), SiteError> {
        let invites = batch.work.view().invites(cuid).await?;
        let since = self.clock.now().plus_ms(-LISTED_AFTER_MS).unwrap_or(Timestamp::MIN);
        let mut left = invites.len();
        for old in invites.iter().filter(|one| one.expires.is_some_and(|at| at < since)) {
            batch.work.tx().drop_invite(&old.token).await?;
            left -= 1;
        }
        if left < MAX_INVITES {
            Ok(())
        } else {
            Err(SiteError::TooManyInvitations { most: MAX_INVITES })
        }
    }

    /// A user takes an invitation back.
    pub(crate) async fn take_back(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        invitation: Hash,
    ) -> Result<Answer, SiteError> {
        active(batch, cuid).await?;
        let invite = batch.work.view().invite(&invitation).await?;
        let invite = invite.filter(|invite| invite.holder == *cuid);
        let invite = invite.ok_or(SiteError::NoInvitation)?;
        batch.work.tx().drop_invite(&invitation).await?;
        if let OfInvite::Once(tally) = OfInvite::read(&invite.text)? {
            // Rare, and large: not part of what every command costs.
            Box::pin(self.nobody_comes(batch, cuid, tally)).await?;
        }
        Ok(Answer::Done)
    }

    /// A draft that nobody can answer any more is over.
    async fn nobody_comes(
        &self,
        batch: &mut Batch,
        cuid: &Cuid,
        tally: TallyId,
    ) -> Result<(), SiteError> {
        let (held, work) = match batch.hold(cuid, tally).await {
            Ok(held) => held,
            Err(error @ SiteError::Store(_)) => return Err(error),
            // Gone, or for doctor.
            Err(_) => return Ok(()),
        };
        if held.state.negotiation.partner().is_none() {
            let negotiation = Negotiation::clone(&held.state.negotiation).lasting(Timestamp::MIN);
            let state = HalfTally::clone(&held.state);
            let state = HalfTally { negotiation: Arc::new(negotiation), ..state };
            held.put(work, state, self.clock.now());
            self.take(work, held, Input::Negotiation(negotiation::Input::Tick)).await?;
        }
        Ok(())
    }

    /// A user's invitations that are kept.
    pub(crate) async fn invitations(&self, user: &Cuid) -> Result<Vec<Given>, SiteError> {
        let mut view = self.store.read().await?;
        view.user(user).await?.ok_or_else(|| SiteError::NoUser(user.clone()))?;
        let mut given = Vec::new();
        for invite in view.invites(user).await? {
            let (invitation, expires) = (invite.token, invite.expires);
            let left = invite.uses_left.and_then(|left| u32::try_from(left).ok()).unwrap_or(0);
            given.push(match OfInvite::read(&invite.text)? {
                OfInvite::Once(tally) => {
                    // What cannot be read is for doctor.
                    let Ok(Some(draft)) = draft_of(&mut view, user, tally).await else { continue };
                    let (side, draft) = draft;
                    Given { invitation, tally: Some(tally), side, draft, expires, uses: 1, used: 0 }
                }
                OfInvite::Many(many) => {
                    let ForMany { side, draft, uses, .. } = *many;
                    let (uses, tally) = (uses.get(), None);
                    let used = uses.saturating_sub(left);
                    Given { invitation, tally, side, draft, expires, uses, used }
                }
            });
        }
        Ok(given)
    }

    /// The invitation with a token, for whoever holds it.
    ///
    /// # Errors
    /// [`SiteError::Invitation`] where it cannot be answered (any more); [`SiteError::Store`].
    pub async fn invitation(&self, token: Hash) -> Result<Invitation, SiteError> {
        let mut view = self.store.read().await?;
        let invite = view.invite(&Invitation::kept(&token)).await?.ok_or(UNKNOWN)?;
        let expires = self.in_time(&invite)?;
        let holder = view.user(&invite.holder).await?.ok_or(UNKNOWN)?;
        if holder.status != UserStatus::Active {
            return Err(NOT_NOW);
        }
        let endpoint = self.endpoint();
        match OfInvite::read(&invite.text)? {
            OfInvite::Once(tally) => {
                let half = view.half_of(&invite.holder, &tally).await?.ok_or(UNKNOWN)?;
                let negotiation = one(&mut view, &half).await?.negotiation;
                let (cert, side) = (negotiation.holder().clone(), negotiation.side());
                let (draft, tally) = (negotiation.draft().clone(), Some(tally));
                Ok(Invitation { tally, cert, side, draft, token, expires, endpoint })
            }
            OfInvite::Many(many) => {
                has_key(&many, &*cert_of(&holder)?)?;
                let ForMany { cert, side, draft, .. } = *many;
                Ok(Invitation { tally: None, cert, side, draft, token, expires, endpoint })
            }
        }
    }

    /// Until when an invitation may be answered, where it may be.
    fn in_time(&self, invite: &Invite) -> Result<Timestamp, SiteError> {
        let expires = invite.expires.unwrap_or(Timestamp::MAX);
        if expires <= self.clock.now() {
            return Err(EXPIRED);
        }
        if invite.uses_left == Some(0) { Err(USED_UP) } else { Ok(expires) }
    }

    /// Shows an invitation to another agent, which sends the token: 43 characters.
    ///
    /// # Errors
    /// [`Unsent`].
    pub async fn show_invitation(&self, token: &[u8]) -> Result<Vec<u8>, Unsent> {
        let token = std::str::from_utf8(token).ok().and_then(|token| token.parse().ok());
        let token =
            token.ok_or_else(|| Unsent::Refused("this is no token of an invitation".into()))?;
        match self.invitation(token).await {
            Ok(invitation) => match invitation.to_text() {
                Ok(text) => Ok(text.into_bytes()),
                Err(error) => Err(cannot(&error.into())),
            },
            Err(refusal @ SiteError::Invitation(_)) => Err(Unsent::Refused(refusal.to_string())),
            Err(error) => Err(cannot(&error)),
        }
    }

    /// What a link leads to. Nothing of it is believed that its user did not sign: not even its site can put
    /// another in that user's place.
    pub(crate) async fn linked(&self, link: &InviteLink) -> Result<Invitation, SiteError> {
        let agent = link.inviter.agent;
        let mut invitation = if agent == self.agent {
            self.invitation(link.token).await?
        } else {
            let asks = self.known.asks.read().unwrap_or_else(PoisonError::into_inner).clone();
            let asks = asks.ok_or(SiteError::AsksNobody)?;
            match asks.invitation(agent, &link.endpoint, link.token).await {
                Ok(bytes) => Invitation::read(&bytes)?,
                Err(Unsent::Refused(reason)) => return Err(SiteError::SaidElsewhere(reason)),
                Err(Unsent::Later(reason)) => return Err(SiteError::NotReached { reason }),
            }
        };
        let cert = Verified::check(invitation.cert.clone(), &())?;
        if !cert.chad.same_user(&link.inviter) {
            return Err(SiteError::OtherInviter("another user"));
        }
        if KeyPrint::of(&cert.public) != link.key {
            return Err(SiteError::OtherInviter("another key"));
        }
        if invitation.token != link.token {
            return Err(SiteError::OtherInviter("another token"));
        }
        if invitation.expires <= self.clock.now() {
            return Err(EXPIRED);
        }
        // It was reached there just now.
        invitation.endpoint = Some(link.endpoint.clone());
        Ok(invitation)
    }

    /// What is kept of a user's invitation, where this answer to it counts; and what it was to, where many may
    /// answer it.
    pub(crate) async fn judge_answer(
        &self,
        batch: &mut Batch,
        holder: &Cuid,
        tally: TallyId,
        cert: &Cert,
        token: Hash,
    ) -> Result<(Invite, Option<ForMany>), SiteError> {
        let invite = batch.work.view().invite(&Invitation::kept(&token)).await?;
        let invite = invite.filter(|invite| invite.holder == *holder).ok_or(UNKNOWN)?;
        let many = match OfInvite::read(&invite.text)? {
            OfInvite::Once(named) if named == tally => None,
            OfInvite::Once(_) => return Err(UNKNOWN),
            OfInvite::Many(many) => Some(*many),
        };
        self.in_time(&invite)?;
        if let Some(many) = &many {
            has_key(many, &*cert_of(active(batch, holder).await?)?)?;
            if cert.same_user(&many.cert) || cert.public == many.cert.public {
                return Err(negotiation::Refusal::SameUser.into());
            }
            self.is_new(batch, holder, tally, &cert.chad).await?;
        }
        Ok((invite, many))
    }

    /// Nobody names a tally of others, and nobody fills the store with answers: one living tally with the
    /// inviter is enough.
    async fn is_new(
        &self,
        batch: &mut Batch,
        holder: &Cuid,
        tally: TallyId,
        partner: &ChipAddress,
    ) -> Result<(), SiteError> {
        for half in batch.work.view().halves_of_tallies(&[tally]).await? {
            if half.holder != partner.cuid || partner.agent != self.agent {
                return Err(SiteError::TallyOfOthers { tally });
            }
        }
        if batch.is_with(holder, partner) {
            return Err(SiteError::Invitation("was answered by the same user already"));
        }
        let partner = Some(partner.short());
        let filter = HalfFilter { holder: Some(holder.clone()), status: None, partner };
        let mut after = None;
        loop {
            let page = batch.work.view().halves(&filter, after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            if page.iter().any(|half| !matches!(half.row.status.as_str(), "close" | "void")) {
                return Err(SiteError::Invitation(
                    "is for those who have no tally with the inviter, and you have one",
                ));
            }
        }
    }

    /// Makes the inviter's half, where this note answers an invitation for many; what is kept of that then.
    pub(crate) async fn half_for_answer(
        &self,
        batch: &mut Batch,
        note: &Note,
    ) -> Result<Option<Invite>, SiteError> {
        let Body::Negotiation(negotiation::Message::Answer { cert }) = &note.body else {
            return Ok(None);
        };
        let Some(token) = note.token else { return Ok(None) };
        match batch.hold(&note.to, note.tally).await {
            Err(SiteError::NoTally { .. }) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(None),
        }
        // Whoever signs for another is found out before anything is kept.
        let cert = Verified::check(Cert::clone(cert), &())?;
        if !cert.chad.same_user(&note.from) {
            let (tally, from) = (note.tally, note.from.short());
            return Err(SiteError::NotPartner { tally, from });
        }
        let judged = self.judge_answer(batch, &note.to, note.tally, &cert, token).await?;
        let (invite, Some(ForMany { cert, side, draft, .. })) = judged else { return Ok(None) };
        let holder = Verified::check(cert, &())?;
        let mut negotiation = Negotiation::invite(note.tally, side, holder, draft);
        if let Some(expires) = invite.expires {
            negotiation = negotiation.lasting(expires);
        }
        self.new_half(batch, &note.to, HalfTally::new(negotiation)).await?;
        Ok(Some(invite))
    }

    /// What is kept of the invitation to this very tally, where this answer counts.
    pub(crate) async fn judge_answer_to_one(
        &self,
        batch: &mut Batch,
        holder: &Cuid,
        tally: TallyId,
        cert: &Cert,
        token: Hash,
    ) -> Result<Invite, SiteError> {
        match self.judge_answer(batch, holder, tally, cert, token).await? {
            (invite, None) => Ok(invite),
            // Nobody comes to a tally that somebody else was invited to.
            (_, Some(_)) => Err(UNKNOWN),
        }
    }
}

/// An invitation was answered: once less from now on.
pub(crate) async fn answered(work: &mut Work, mut invite: Invite) -> Result<(), SiteError> {
    match OfInvite::read(&invite.text)? {
        OfInvite::Once(_) => {
            work.tx().drop_invite(&invite.token).await?;
        }
        OfInvite::Many(_) => {
            invite.uses_left = invite.uses_left.map(|left| left.saturating_sub(1));
            work.tx().put_invite(&invite).await?;
        }
    }
    Ok(())
}

/// An invitation to many is worth something as long as its user has the key that it names.
fn has_key(many: &ForMany, own: &Cert) -> Result<(), SiteError> {
    if many.cert.public == own.public {
        Ok(())
    } else {
        Err(SiteError::Invitation("was made with a key that its user has no more"))
    }
}

async fn draft_of(
    view: &mut View,
    user: &Cuid,
    tally: TallyId,
) -> Result<Option<(protocol::Side, negotiation::Draft)>, SiteError> {
    let Some(half) = view.half_of(user, &tally).await? else { return Ok(None) };
    let negotiation = one(view, &half).await?.negotiation;
    Ok(Some((negotiation.side(), negotiation.draft().clone())))
}

/// The store's fault is for our administrator, not for whoever asks.
fn cannot(error: &SiteError) -> Unsent {
    tracing::warn!(error = error.word(), "cannot show an invitation: {error}");
    Unsent::Later("the site's store cannot".to_owned())
}

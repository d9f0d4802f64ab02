//! A site whose agent's key was changed or lost has another agent: it knows the ones before as its own, and
//! tells partners by what each user signs on each tally ([`Moved`], protocol §5).

use protocol::chit::{Chit, Entry};
use protocol::half::HalfTally;
use protocol::ledger::{Input as LedgerInput, Ledger};
use protocol::negotiation::Input as NegotiationInput;
use protocol::note::{Body, Note};
use protocol::{AgentId, ChipAddress, Moved, Side, Tally, Timestamp, Verified};
use store::{Half, Store, Tx, View};

use crate::abroad::{is_known, remember_invited};
use crate::batch::{Held, Work};
use crate::between::{forget_laid_out, lift_keys_of_another};
use crate::door::Site;
use crate::error::SiteError;
use crate::post::Input;
use crate::referee::no_referee;

/// The most agents that a site was before.
pub const MAX_FORMER_AGENTS: usize = 64;

/// The setting under which they are.
const FORMER: &str = "former-agents";

/// The setting that says until when users here may have paid by another agent, of which this store knows nothing.
const PAID_AS_ANOTHER: &str = "paid-as-another";

/// Until when users here may have paid by an agent that this site was, by lifts that this store never had.
pub(crate) async fn paid_as_another(view: &mut View) -> Result<Option<Timestamp>, SiteError> {
    Ok(view.setting(PAID_AS_ANOTHER).await?.and_then(|date| date.parse().ok()))
}

/// The agents that a store's site was before, oldest first.
///
/// # Errors
/// [`SiteError::Store`]; [`SiteError::Json`] where the setting was written by other hands.
pub(crate) async fn former_agents(view: &mut View) -> Result<Vec<AgentId>, SiteError> {
    let Some(text) = view.setting(FORMER).await? else { return Ok(Vec::new()) };
    Ok(protocol::json::parse(text.as_bytes())?.read()?)
}

async fn put_former(tx: &mut Tx, agents: &[AgentId]) -> Result<(), SiteError> {
    let text = protocol::CanonicalText::of(&protocol::Json::of(agents)?)?;
    Ok(tx.set(FORMER, Some(&text.to_string())).await?)
}

fn with(mut former: Vec<AgentId>, agent: AgentId, now: AgentId) -> Result<Vec<AgentId>, SiteError> {
    former.retain(|before| *before != agent && *before != now);
    if former.len() == MAX_FORMER_AGENTS {
        return Err(SiteError::TooManyAgents);
    }
    if agent != now {
        former.push(agent);
    }
    Ok(former)
}

impl Site {
    /// Gives a store's site another agent; says which it had, also where that was done before. That is known as one that the site
    /// was `until` then, when its key may have got into other hands, and accepted as a referee no more. Nobody may have the site
    /// open.
    ///
    /// # Errors
    /// [`SiteError::TooManyAgents`], [`SiteError::Store`].
    pub async fn replace_agent(
        store: &Store,
        agent: AgentId,
    ) -> Result<Option<AgentId>, SiteError> {
        let mut tx = store.begin().await?;
        let Some(founded) = tx.meta().await?.founded else { return Ok(None) };
        let former = former_agents(&mut tx).await?;
        if founded.agent == agent {
            return Ok(former.last().copied());
        }
        put_former(&mut tx, &with(former, founded.agent, agent)?).await?;
        no_referee(&mut tx, founded.agent).await?;
        forget_laid_out(&mut tx).await?;
        lift_keys_of_another(&mut tx, agent).await?;
        tx.replace_agent(&agent).await?;
        tx.commit().await?;
        Ok(Some(founded.agent))
    }

    /// Says `now` that a store's site was this agent: of a site that was set up anew for the users of one that was lost with its
    /// agent's key, or restored to before it was this agent. What its users paid until now may be lost here. Nobody may have the
    /// site open.
    ///
    /// # Errors
    /// [`SiteError::LivingAgent`] where users here have dealings with users of that agent, unless somebody is `sure`: an
    /// own device may have named it before; [`SiteError::TooManyAgents`],
    /// [`SiteError::Store`].
    pub async fn was_agent(
        store: &Store,
        agent: AgentId,
        sure: bool,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let mut tx = store.begin().await?;
        let living = tx.meta().await?.founded.map_or(agent, |founded| founded.agent);
        if !sure && is_known(&mut tx, agent).await? {
            return Err(SiteError::LivingAgent(agent));
        }
        let before = former_agents(&mut tx).await?;
        let is_new = agent != living && !before.contains(&agent);
        put_former(&mut tx, &with(before, agent, living)?).await?;
        if agent != living {
            no_referee(&mut tx, agent).await?;
        }
        if is_new {
            tx.set(PAID_AS_ANOTHER, Some(&now.to_string())).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The agents that this site was before, oldest first.
    #[must_use]
    pub fn former_agents(&self) -> &[AgentId] {
        &self.former
    }

    /// This site's agent, and those that it was before.
    pub(crate) fn agents_here(&self) -> impl Iterator<Item = AgentId> {
        std::iter::once(self.agent).chain(self.former.iter().copied())
    }

    /// Whether an agent is this site's, now or before.
    pub(crate) fn is_ours(&self, agent: &AgentId) -> bool {
        *agent == self.agent || self.former.contains(agent)
    }

    /// Which agent speaks now for one that may have been this site's.
    pub(crate) fn now(&self, agent: AgentId) -> AgentId {
        if self.is_ours(&agent) { self.agent } else { agent }
    }

    /// Whether two addresses are one user's, as far as this site knows.
    pub(crate) fn same_user(&self, one: &ChipAddress, other: &ChipAddress) -> bool {
        one.cuid == other.cuid && self.now(one.agent) == self.now(other.agent)
    }

    /// What a half says to its partner's, and to which agent; none while it has no partner.
    pub(crate) fn note(
        &self,
        half: &Half,
        state: &HalfTally,
        body: Body,
    ) -> Option<(AgentId, Note)> {
        let partner = state.partner()?;
        let from = ChipAddress { cuid: half.holder.clone(), agent: self.agent, endpoint: None };
        // A word for an agent of before says nothing of this one.
        let moved = state.moved(half.side).copied().filter(|moved| moved.agent == self.agent);
        let note = Note { tally: half.tally, from, to: partner.cuid, token: None, moved, body };
        Some((self.now(partner.agent), note))
    }

    /// Takes a user's word about its agent from a device of the holder's: its own, signed or brought back, or
    /// its partner's, brought back. Tells the partner, where it is.
    pub(crate) async fn moves(
        &self,
        work: &mut Work,
        held: &mut Held,
        moved: Moved,
    ) -> Result<(), SiteError> {
        let own = moved.by == held.half.side;
        if own && !self.is_ours(&moved.agent) {
            return Err(SiteError::NotAllowed {
                who: "the user itself, for an agent of its own site",
            });
        }
        if own {
            self.take_moved(work, held, moved).await?;
        } else {
            remember_invited(work.tx(), moved.agent, None).await?;
            self.follow_to(work, held, moved).await?;
        }
        let ask = match &held.state.ledger {
            Some(_) => Input::Ledger(LedgerInput::Compare),
            None => Input::Negotiation(NegotiationInput::Compare),
        };
        self.take(work, held, ask).await
    }

    /// A half takes a user's word about its agent.
    async fn take_moved(
        &self,
        work: &mut Work,
        held: &mut Held,
        moved: Moved,
    ) -> Result<(), SiteError> {
        let proved = held.state.prove_moved(moved)?;
        if held.state.ledger.is_some() {
            return self.take(work, held, Input::Ledger(LedgerInput::Moved(proved))).await;
        }
        if let Some(state) = held.state.with_moved(&proved)? {
            self.put(work, held, state);
        }
        Ok(())
    }

    /// Whether a note comes by another agent than the one that is known to speak for the partner.
    pub(crate) fn comes_by_another(&self, held: &Held, note: &Note) -> bool {
        held.state.partner().is_some_and(|partner| {
            !partner.same_user(&note.from)
                && (note.moved.is_some() || !self.same_user(&partner, &note.from))
        })
    }

    /// A note comes by an agent that the partner was not at: its user's word for it has to come with it. False
    /// where the word holds only by a key that the note brings.
    pub(crate) async fn follow(
        &self,
        work: &mut Work,
        held: &mut Held,
        note: &Note,
    ) -> Result<bool, SiteError> {
        let (tally, from) = (note.tally, &note.from);
        let unproved = || SiteError::NotPartner { tally, from: from.short() };
        let partner = held.state.partner().ok_or_else(unproved)?;
        let moved = note.moved.filter(|moved| {
            partner.cuid == from.cuid && moved.agent == from.agent && moved.by != held.half.side
        });
        let moved = moved.ok_or_else(unproved)?;
        if held.state.prove_moved(moved).is_ok() {
            return self.follow_to(work, held, moved).await.map(|()| true);
        }
        // The key may come with what this note brings; the half takes that first.
        if let (Body::Ledger(message), Some(ledger)) = (&note.body, &held.state.ledger)
            && message.check_length().is_ok()
            && brings_key(ledger, message.chits(), &moved)
        {
            return Ok(false);
        }
        // A half that went back may not know the key: then its device has to be heard first.
        Err(SiteError::MoveNotProved { tally, from: from.short() })
    }

    /// A half follows its partner to the agent that its user names; what waits for the one before goes there.
    pub(crate) async fn follow_to(
        &self,
        work: &mut Work,
        held: &mut Held,
        moved: Moved,
    ) -> Result<(), SiteError> {
        self.take_moved(work, held, moved).await?;
        work.readdress(held.half.id, self.now(moved.agent), self.clock.now()).await
    }
}

/// Whether these chits bring the key that a word is signed with, signed with the key that is in force.
fn brings_key(ledger: &Ledger, chits: &[Chit], moved: &Moved) -> bool {
    let changes = |chit: &&Chit| chit.by == moved.by && matches!(chit.entry, Entry::Key { .. });
    chits.iter().filter(changes).any(|chit| {
        let Entry::Key { rekey, .. } = &chit.entry else { return false };
        moved.key == Some(rekey.public.name())
            && Verified::check(*moved, &rekey.public).is_ok()
            && chit.written().is_some_and(|written| written.key == ledger.key_name(moved.by))
            && ledger.prove(chit.clone()).is_ok()
    })
}

/// Whether whoever sends a note is the user on a side of a tally, by the agent that it names, or by one that its
/// user signed for with the key in it.
pub(crate) fn is_party(tally: &Tally, side: Side, note: &Note) -> bool {
    let (chad, from) = (&tally.party(side).cert.chad, &note.from);
    chad.cuid == from.cuid
        && (chad.agent == from.agent || shows(tally, side, note.moved.as_ref(), from.agent))
}

/// Whether this word shows that an agent speaks for the user on a side of a tally: by the key in the tally.
fn shows(tally: &Tally, by: Side, moved: Option<&Moved>, agent: AgentId) -> bool {
    let Some(moved) = moved.filter(|moved| moved.agent == agent && moved.by == by) else {
        return false;
    };
    let key = &tally.party(by).cert.public;
    moved.tally == tally.members().uuid
        && moved.key.is_none()
        && Verified::check(*moved, key).is_ok()
}

/// Whether the holder has to say first that this site's agent speaks for it: its partner does not know.
pub(crate) fn has_to_move(state: &HalfTally, agent: AgentId) -> bool {
    let own = state.agent(state.negotiation.side());
    let speaks = state.partner().is_some() && state.status() != "void";
    speaks && own.is_some_and(|named| named != agent)
}

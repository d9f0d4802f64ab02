//! Proofs that agents lie about lifts (`protocol::proof`): kept where this site sees one itself or is told of one, shown to
//! its administrator, and handed on to its partners' agents and to the referees that it accepts. Each is checked before it
//! is kept, and can be checked by anybody after that. What a site said twice is not handed on: it says what moves over a
//! tally here, and an administrator decides who may see that.
//!
//! Nothing is done to a liar: an administrator drops a referee, or a partner its tally.

use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};

use protocol::errand::Errand;
use protocol::proof::Proof;
use protocol::{AgentId, Hash, LiftId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{NewEvent, Tx, View};

use crate::abroad::{is_known, known_agents};
use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::query::administrator;
use crate::referee::{MAX_ACCEPTED, accepted, is_accepted};

/// How many proofs are kept of one agent: more say nothing new.
pub const MAX_PROOFS_OF_ONE: usize = 4;

/// How many proofs are kept in all that concern this site, each of at most some tens of kilobytes: so many that referees lie, and
/// so many that sites do.
pub const MAX_PROOFS: usize = MAX_PROOFS_OF_ONE * MAX_ACCEPTED;

/// How many are kept beside them of strangers who lied about strangers' lifts that this site decides: names cost nothing, so
/// these may be any number, and take no room from those that concern it.
pub const MAX_PROOFS_OF_STRANGERS: usize = 32;

/// How many are kept whatever an administrator accepts and drops: whom they concern may change.
const MOST: usize = 3 * MAX_PROOFS + MAX_PROOFS_OF_STRANGERS;

/// How long it is not looked for room for strangers' proofs again where there was none, in milliseconds.
const NO_ROOM_FOR_MS: i64 = 60_000;

/// To how many agents a new proof is handed on at most; once.
const MAX_TOLD: usize = 64;

/// A proof that is kept, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// Its name: the hash of the record.
    pub id: Hash,
    /// What proves it: `lie`, `contradiction` or `twice`.
    pub kind: String,
    /// The lift.
    pub lift: LiftId,
    /// Agents of whom at least one lies; where it is one, that one does.
    pub accused: Vec<AgentId>,
    /// The agent that told it; none where this site saw it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_from: Option<AgentId>,
    /// When it was kept.
    pub at: Timestamp,
}

/// Whom a proof concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Concern {
    /// This site and its users.
    Ours,
    /// Strangers, whose lift this site decides.
    Strangers,
    /// Nobody here.
    None,
}

impl Site {
    /// The proofs that agents lie that are kept here, the first ones first.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::Store`].
    pub async fn lies(&self, caller: &Caller) -> Result<Vec<Proven>, SiteError> {
        administrator(caller)?;
        let all = kept(&mut self.store.read().await?).await?;
        let shown = all.into_iter().map(|row| {
            let store::Proof { id, kind, lift, accused, heard_from, at, .. } = row;
            Proven { id, kind, lift, accused, heard_from, at }
        });
        Ok(shown.collect())
    }

    /// The record of one, as anybody can check it.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::NoProof`], [`SiteError::Store`].
    pub async fn lie(&self, caller: &Caller, id: Hash) -> Result<String, SiteError> {
        administrator(caller)?;
        let row = self.store.read().await?.proof(&id).await?;
        row.map(|row| row.text).ok_or(SiteError::NoProof(id))
    }

    /// Somebody tells of a lie. Kept is what is proved, new, and of somebody or about a lift that this site deals with.
    pub(crate) async fn hear_proof(&self, from: AgentId, proof: &Proof) -> Result<(), SiteError> {
        let mut view = self.store.read().await?;
        let Some(lift) = proof.lift() else { return Ok(()) };
        let concern = self.concern(&mut view, &proof.suspects(), lift).await?;
        if view.proof(&proof.hash()?).await?.is_some() || concern == Concern::None {
            return Ok(());
        }
        if concern == Concern::Strangers && self.had_no_room_for_strangers() {
            return Ok(());
        }
        drop(view);
        if let Err(fault) = proof.check() {
            tracing::info!(%from, "what another site says of a lie proves nothing: {fault}");
            return Ok(());
        }
        let _turn = self.queue.turn().await;
        let mut tx = self.store.begin().await?;
        let whom = self.keep_proof(&mut tx, proof, Some(from)).await?;
        tx.commit().await?;
        self.hand_on(proof, whom);
        Ok(())
    }

    /// Whom a proof concerns: it is of a referee that is accepted here, of somebody with whom users here have dealings, or about
    /// a lift that this site takes part in or decides.
    async fn concern(
        &self,
        view: &mut View,
        suspects: &[AgentId],
        lift: LiftId,
    ) -> Result<Concern, SiteError> {
        for agent in suspects {
            let ours = *agent == self.agent;
            if ours || is_accepted(view, *agent).await? || is_known(view, *agent).await? {
                return Ok(Concern::Ours);
            }
        }
        if !view.parts_in(&lift).await?.is_empty() {
            return Ok(Concern::Ours);
        }
        Ok(match view.case(&lift).await? {
            Some(case) if case.known => Concern::Ours,
            Some(_) => Concern::Strangers,
            None => Concern::None,
        })
    }

    fn no_room_for_strangers(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.known.strangers_had_no_room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was no room for strangers' proofs a moment ago: whoever tells of many has not all that are kept read for each.
    fn had_no_room_for_strangers(&self) -> bool {
        let now = self.clock.now().ms();
        self.no_room_for_strangers()
            .is_some_and(|at| (0..NO_ROOM_FOR_MS).contains(&now.saturating_sub(at.ms())))
    }

    /// Whether there is room for one more proof of this concern: strangers' take none from the others.
    async fn has_room(
        &self,
        view: &mut View,
        before: &[store::Proof],
        ours: bool,
    ) -> Result<bool, SiteError> {
        let most = if ours { MAX_PROOFS } else { MAX_PROOFS_OF_STRANGERS };
        if before.len() < most {
            return Ok(true);
        }
        let mut alike = 0;
        for row in before {
            let concern = self.concern(view, &row.accused, row.lift).await?;
            alike += usize::from((concern == Concern::Ours) == ours);
        }
        Ok(alike < most && before.len() < MOST)
    }

    /// Keeps a proof that was checked, and tells an administrator; says to whom it is to be handed on once that is
    /// committed: to nobody where it says nothing new.
    pub(crate) async fn keep_proof(
        &self,
        tx: &mut Tx,
        proof: &Proof,
        heard_from: Option<AgentId>,
    ) -> Result<BTreeSet<AgentId>, SiteError> {
        let (Some(lift), accused) = (proof.lift(), proof.suspects()) else {
            return Ok(BTreeSet::new());
        };
        let id = proof.hash()?;
        // Whoever says the same again costs no more than that.
        if tx.proof(&id).await?.is_some() {
            return Ok(BTreeSet::new());
        }
        let ours = self.concern(tx, &accused, lift).await? == Concern::Ours;
        if !ours && self.had_no_room_for_strangers() {
            return Ok(BTreeSet::new());
        }
        let is_told = Proof::TOLD.contains(&proof.word());
        let mut before = kept(tx).await?;
        // Partners are many, and must not take the room that is for referees.
        before.retain(|row| Proof::TOLD.contains(&row.kind.as_str()) == is_told);
        let many =
            |agent: &AgentId| before.iter().filter(|row| row.accused.contains(agent)).count();
        if accused.iter().all(|who| many(who) >= MAX_PROOFS_OF_ONE) {
            return Ok(BTreeSet::new());
        }
        if !self.has_room(tx, &before, ours).await? {
            if !ours {
                *self.no_room_for_strangers() = Some(self.clock.now());
            }
            return Ok(BTreeSet::new());
        }
        let at = self.clock.now();
        let (kind, text) = (proof.word().to_owned(), proof.to_text()?.to_string());
        let row = store::Proof { id, kind, lift, accused, text, heard_from, at };
        if !tx.add_proof(&row).await? {
            return Ok(BTreeSet::new());
        }
        tx.tell([event_of(proof, &row)]);
        if !is_told {
            return Ok(BTreeSet::new());
        }
        let mut whom: BTreeSet<AgentId> =
            accepted(tx).await?.into_iter().map(|(agent, _)| agent).collect();
        whom.extend(known_agents(tx).await?);
        whom.retain(|agent| {
            *agent != self.agent && Some(*agent) != heard_from && !row.accused.contains(agent)
        });
        Ok(whom.into_iter().take(MAX_TOLD).collect())
    }

    /// Hands a proof on, once; whoever did not hear it hears it from others, or not.
    pub(crate) fn hand_on(&self, proof: &Proof, whom: BTreeSet<AgentId>) {
        for agent in whom {
            self.known.errands.push(agent, Errand::Proof(proof.clone()));
        }
    }
}

/// What an administrator is told.
fn event_of(proof: &Proof, row: &store::Proof) -> NewEvent {
    let kind = match proof {
        Proof::Lie(_) => "referee_lied",
        Proof::Contradiction(_) => "referees_contradicted",
        Proof::Twice(_) => "site_lied",
    };
    let text = match proof {
        Proof::Lie(_) => row.text.clone(),
        // The record is long: it is kept under this name.
        Proof::Contradiction(_) | Proof::Twice(_) => serde_json::json!({
            "lift": row.lift.to_string(),
            "proof": row.id.to_string(),
            "accused": row.accused.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
        .to_string(),
    };
    NewEvent { user: None, kind: kind.to_owned(), text, at: row.at }
}

/// All that are kept.
async fn kept(view: &mut View) -> Result<Vec<store::Proof>, SiteError> {
    let most = u32::try_from(MOST).unwrap_or(u32::MAX);
    Ok(view.proofs(None, most).await?)
}

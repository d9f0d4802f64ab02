//! Epochs: a store that was restored from a backup went back, and knows it. Every half is told to ask
//! what it lost, of its partner's half and of its user's device (`protocol::ledger`, `Waiting`); what can be
//! used once only does not count any more, as it may have been used since.

use std::sync::Arc;

use protocol::half::HalfTally;
use protocol::ledger::{self, Input, Ledger, Stop};
use protocol::note::{Body, Note};
use protocol::record::Record;
use protocol::{Hash, Tally, TallyId, Timestamp, Verified, invoice, negotiation};
use serde::{Deserialize, Serialize};
use store::{Half, HalfFilter, Negotiation, NewEvent, NewLetter, Store, Tx, View};

use crate::abroad::remember_invited;
use crate::batch::Batch;
use crate::between::lift_keys_since;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::{Kept, ledger, states};
use crate::history::History;
use crate::moved::is_party;
use crate::planted::Planted;
use crate::ports::Chance;
use crate::post::Input as HalfInput;
use crate::users::{active, cert_of};

/// How many halves are marked at once.
const AT_ONCE: u32 = 500;

/// The setting that says of when the backup was.
const WENT_BACK_TO: &str = "went_back_to";

/// The setting that says when the store was restored, or begun after another one was lost.
const RESTORED: &str = "restored";

/// A new epoch, and what waits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Its number: how often the store was restored.
    pub number: u64,
    /// Halves of tallies.
    pub halves: u64,
    /// How many of them ask their partners' what they lost. Those whose partners' went back to the same
    /// need not.
    pub asking: u64,
    /// Halves that cannot be read, which doctor names.
    pub damaged: u64,
    /// Invitations that do not count any more: they may have been answered since.
    pub invitations: u64,
}

impl Site {
    /// Begins a new epoch, in one transaction: for whoever restored the store from a backup of that
    /// date, before anything else is done with it.
    ///
    /// # Errors
    /// [`SiteError::Store`]; nothing was changed then.
    pub async fn begin_epoch(&self, backup: Timestamp) -> Result<Epoch, SiteError> {
        let question = Hash::from_bytes(self.chance.bytes());
        let mut tx = self.store.begin().await?;
        let (number, invitations) = (tx.new_epoch().await?, tx.drop_invites().await?);
        tx.set(WENT_BACK_TO, Some(&backup.to_string())).await?;
        let since = self.clock.now().max(backup);
        forgets_since(&mut tx, since).await?;
        let keys = Hash::from_bytes(self.chance.bytes());
        lift_keys_since(&mut tx, keys).await?;
        let mut epoch = Epoch { number, halves: 0, asking: 0, damaged: 0, invitations };
        let mut after = None;
        loop {
            if self.has(Planted::Resurrected) {
                break;
            }
            let mut page = tx.halves(&HalfFilter::default(), after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let states = states(&mut tx, &page).await?;
            let tallies: Vec<TallyId> = page.iter().map(|half| half.tally).collect();
            let all = tx.halves_of_tallies(&tallies).await?;
            let (mut negotiations, mut letters) = (Vec::new(), Vec::new());
            for (half, state) in page.iter_mut().zip(states) {
                epoch.halves += 1;
                let Ok(state) = state else {
                    epoch.damaged += 1;
                    continue;
                };
                let asks = !self.went_back_with_partner(&all, half, &state);
                let before = Arc::clone(&state.negotiation);
                let state = state.went_back(asks.then_some(question));
                half.row = if Arc::ptr_eq(&before, &state.negotiation) {
                    state.row_after(&half.row, half.row.changed)?
                } else {
                    negotiations.push(Negotiation { half: half.id, text: state.negotiated()? });
                    state.row(half.row.changed)?
                };
                if asks {
                    epoch.asking += u64::from(state.ledger.is_some());
                    letters.extend(self.ask(&mut tx, half, &state).await?);
                }
            }
            tx.put_halves(&page).await?;
            tx.put_negotiations(&negotiations).await?;
            tx.post(&letters).await?;
        }
        let (text, at) =
            (serde_json::json!({ "epoch": number, "backup": backup }), self.clock.now());
        let (kind, text) = ("restored".to_owned(), text.to_string());
        tx.tell([NewEvent { user: None, kind, text, at }]);
        tx.commit().await?;
        self.known.map.forget();
        self.makes_lift_keys(Some(keys));
        Ok(epoch)
    }

    /// Says in a store that is nobody's yet that its agent was a site before, whose store is lost: for whoever founds a
    /// site with a key that was there. As a referee it says nothing new of lifts from before, and as a participant it has other
    /// keys, by chance: a clock that is wrong may say the same twice.
    ///
    /// # Errors
    /// [`SiteError::Store`].
    pub async fn past_is_lost(
        store: &Store,
        now: Timestamp,
        chance: &dyn Chance,
    ) -> Result<(), SiteError> {
        let mut tx = store.begin().await?;
        forgets_since(&mut tx, now).await?;
        lift_keys_since(&mut tx, Hash::from_bytes(chance.bytes())).await?;
        Ok(tx.commit().await.map(|_| ())?)
    }

    /// Whether the partner's half is here too, and both went back to one chain that both know of.
    fn went_back_with_partner(&self, all: &[Half], half: &Half, state: &HalfTally) -> bool {
        let settled = |ledger: &Ledger| ledger.agreed() == ledger.head().index;
        let Some(ours) = state.ledger.as_ref().filter(|ledger| settled(ledger)) else {
            return false;
        };
        let here = |half: &Half| format!("{}:{}", half.holder, self.agent);
        let partner = all.iter().find(|other| {
            other.tally == half.tally
                && half.row.partner.as_deref() == Some(&here(other))
                && other.row.partner.as_deref() == Some(&here(half))
        });
        let theirs = partner.and_then(|partner| ledger(partner).ok().flatten());
        theirs.is_some_and(|theirs| settled(&theirs) && theirs.head() == ours.head())
    }

    /// The letters in which a half asks its partner's for all that it may have lost.
    async fn ask(
        &self,
        view: &mut View,
        half: &Half,
        state: &HalfTally,
    ) -> Result<Vec<NewLetter>, SiteError> {
        let asked = state.negotiate(negotiation::Input::Compare, self.clock.now())?;
        let mut said: Vec<Body> = asked.send.into_iter().map(Body::Negotiation).collect();
        if let Some(ledger) = &state.ledger {
            said.push(Body::Invoice(invoice::Message::Ask));
            let asked = questions(view, half, ledger).await?;
            said.extend(asked.into_iter().map(Body::Ledger));
        }
        let at = self.clock.now();
        let letter = |body: Body| {
            let key = body.key();
            let (to, note) = self.note(half, state, body)?;
            let message = note.to_text().map_err(SiteError::from);
            Some(message.map(|text| {
                let message = text.to_string();
                NewLetter { half: Some(half.id), to, key, message, at }
            }))
        };
        said.into_iter().filter_map(letter).collect()
    }

    /// When the backup was made that this store was restored from; none where it never was.
    ///
    /// # Errors
    /// [`SiteError::Store`].
    pub(crate) async fn went_back_to(
        &self,
        view: &mut View,
    ) -> Result<Option<Timestamp>, SiteError> {
        Ok(view.setting(WENT_BACK_TO).await?.and_then(|date| date.parse().ok()))
    }

    /// A user brings back a tally that both signed, and of which this site has no half, or lost it.
    /// Where the partner lives here too, and signed with the key that this site knows to be its, its
    /// half is there again as well; anybody may write a cert with a key of its own in another's name.
    pub(crate) async fn reopen(
        &self,
        batch: &mut Batch,
        user: &protocol::Cuid,
        tally: Verified<Tally>,
    ) -> Result<(), SiteError> {
        let ours = |side: &protocol::Side| {
            let chad = &tally.party(*side).cert.chad;
            self.is_ours(&chad.agent) && chad.cuid == *user
        };
        let side = protocol::Side::BOTH.into_iter().find(ours);
        let side = side.ok_or(SiteError::NotAllowed { who: "a user who signed the tally" })?;
        let uuid = tally.members().uuid;
        if self.has_half(batch, user, uuid).await? {
            return Err(SiteError::TallyExists { holder: user.clone(), tally: uuid });
        }
        self.restore_half(batch, &tally, side).await?;
        let partner = &tally.party(side.other()).cert;
        if !self.is_ours(&partner.chad.agent) {
            // Otherwise it would not be heard, nor found.
            let chad = &partner.chad;
            return remember_invited(batch.work.tx(), chad.agent, chad.endpoint.clone()).await;
        }
        let known = match batch.user(&partner.chad.cuid).await? {
            Some(known) => cert_of(known)?.public,
            None => return Ok(()),
        };
        if known == partner.public && !self.has_half(batch, &partner.chad.cuid, uuid).await? {
            self.restore_half(batch, &tally, side.other()).await?;
        }
        Ok(())
    }

    /// A partner's half shows a tally that both signed, and of which this site has lost its user's half: the
    /// user's own signature brings it back, by the key that this site knows. Anything else leaves it to the
    /// user's device.
    pub(crate) async fn rebuild(&self, batch: &mut Batch, note: &Note) -> Result<(), SiteError> {
        let Body::Negotiation(negotiation::Message::Tally(tally)) = &note.body else {
            return Ok(());
        };
        if tally.members().uuid != note.tally || self.has_half(batch, &note.to, note.tally).await? {
            return Ok(());
        }
        let ours = |side: &protocol::Side| {
            let (own, other) = (&tally.party(*side).cert, &tally.party(side.other()).cert);
            let own_chad = &own.chad;
            self.is_ours(&own_chad.agent)
                && own_chad.cuid == note.to
                && (self.same_user(&other.chad, &note.from) || is_party(tally, side.other(), note))
        };
        let Some(side) = protocol::Side::BOTH.into_iter().find(ours) else { return Ok(()) };
        // Whoever is suspended may have had its key stolen: it waits for its user.
        let Ok(user) = active(batch, &note.to).await else { return Ok(()) };
        let known = cert_of(user)?.public;
        let Ok(tally) = Verified::check(Tally::clone(tally), &()) else { return Ok(()) };
        if tally.party(side).cert.public == known {
            self.restore_half(batch, &tally, side).await?;
        }
        Ok(())
    }

    async fn has_half(
        &self,
        batch: &mut Batch,
        user: &protocol::Cuid,
        tally: TallyId,
    ) -> Result<bool, SiteError> {
        match batch.hold(user, tally).await {
            Ok(_) => Ok(true),
            Err(SiteError::NoTally { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A half that has nothing but what both signed: it asks its partner's for the rest.
    async fn restore_half(
        &self,
        batch: &mut Batch,
        tally: &Verified<Tally>,
        side: protocol::Side,
    ) -> Result<(), SiteError> {
        let negotiation = negotiation::Negotiation::restored(tally, side)?;
        let mut state = HalfTally::new(negotiation);
        let question = Hash::from_bytes(self.chance.bytes());
        state.ledger = Some(Ledger::open(tally, side)?.went_back(Some(question)));
        let holder = tally.party(side).cert.chad.cuid.clone();
        self.is_named_anew(batch, &holder, &state).await?;
        batch.add(&holder, state, self.clock.now()).await?;
        let (held, work) = batch.hold(&holder, tally.members().uuid).await?;
        for input in [
            HalfInput::Negotiation(negotiation::Input::Remind),
            HalfInput::Negotiation(negotiation::Input::Compare),
            HalfInput::Invoice(invoice::Input::Compare),
            HalfInput::Ledger(Input::Compare),
        ] {
            self.take(work, held, input).await?;
        }
        Ok(())
    }
}

/// Of lifts up to this time this site may have forgotten what it signed. It never gets earlier: a clock that is behind after a
/// restore must not have a referee judge anew what it judged.
async fn forgets_since(tx: &mut Tx, at: Timestamp) -> Result<(), SiteError> {
    let since = restored_at(tx).await?.map_or(at, |before| before.max(at));
    Ok(tx.set(RESTORED, Some(&since.to_string())).await?)
}

/// When this store was restored from a backup last, or begun after another one was lost; none where neither was.
pub(crate) async fn restored_at(view: &mut View) -> Result<Option<Timestamp>, SiteError> {
    Ok(view.setting(RESTORED).await?.and_then(|date| date.parse().ok()))
}

/// What a ledger asks its partner's after a restore.
async fn questions(
    view: &mut View,
    half: &Half,
    ledger: &Ledger,
) -> Result<Vec<ledger::Message>, SiteError> {
    let mut history = History::default();
    loop {
        match ledger.step(Input::Compare, &history) {
            Ok(step) => return Ok(step.send),
            Err(Stop::Refused(refusal)) => return Err(refusal.into()),
            Err(Stop::Missing(missing)) => history.fetch(view, half.id, missing).await?,
        }
    }
}

//! Taking in much at once: users with their certs, tallies that both signed and the chits on them, as
//! an import brings them. `pair.rs` has both halves of a tally go through all that two halves do.
//!
//! Nothing is taken on trust: every signature is checked, every half is what its machines make of the
//! offer, the acceptance and the chits, and all of an intake is one transaction, once.

mod pair;

use std::collections::BTreeMap;

use protocol::chit::Chit;
use protocol::{Cert, Cuid, Side, Tally, TallyId, Verified};
use store::{CommandResult, NewEvent, NewHalf, User, UserKind, UserStatus};

use crate::batch::Batch;
use crate::command::{Caller, CommandId};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::{Kept, rows};
use crate::users::user_of;
use pair::Pair;

/// The most tallies in one intake: a transaction that others can wait for.
const TOGETHER: usize = 1_000;

/// What is kept under the name of an intake: nobody is answered more.
const TAKEN: &str = "taken_in";

/// What is brought in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    /// Users at this site, with the certs that they signed. One that is here already, with the very
    /// same cert, stays as it is.
    pub users: Vec<(UserKind, Cert)>,
    /// Tallies between these users; at most a thousand.
    pub tallies: Vec<Whole>,
}

/// A tally that both signed, with the chits on it.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The tally, signed by both.
    pub tally: Tally,
    /// Its chits, each signed by the side that gives, in the order in which they are to be linked.
    pub chits: Vec<Chit>,
}

impl Site {
    /// Whether an intake of this name was taken.
    ///
    /// # Errors
    /// [`SiteError::Store`].
    pub async fn has_taken_in(&self, id: &CommandId) -> Result<bool, SiteError> {
        let results = self.store.read().await?.results(&[kept(id)]).await?;
        Ok(!results.is_empty())
    }

    /// Takes in users and tallies for an administrator, once under this name; says whether it was
    /// done now and not before.
    ///
    /// # Errors
    /// [`SiteError`] says why nothing of it was done: [`SiteError::UserExists`] where a user of that
    /// name has another cert, [`SiteError::TallyExists`], or what is wrong with a record.
    pub async fn take_in(
        &self,
        caller: &Caller,
        id: &CommandId,
        intake: Intake,
    ) -> Result<bool, SiteError> {
        if *caller != Caller::Administrator {
            return Err(SiteError::NotAllowed { who: "an administrator" });
        }
        if intake.tallies.len() > TOGETHER {
            let waiting = intake.tallies.len();
            return Err(SiteError::Busy { waiting });
        }
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        if !batch.work.view().results(&[kept(id)]).await?.is_empty() {
            return Ok(false);
        }
        let certs = self.take_users(&mut batch, intake.users).await?;
        let taken = intake.tallies.len();
        self.take_tallies(&mut batch, &certs, intake.tallies).await?;
        let at = self.clock.now();
        let text = serde_json::json!({ "users": certs.len(), "tallies": taken }).to_string();
        batch.work.tx().tell([NewEvent { user: None, kind: "taken_in".to_owned(), text, at }]);
        let text = TAKEN.to_owned();
        batch.commit(&[CommandResult { id: kept(id), text, at }]).await?;
        self.known.map.forget();
        Ok(true)
    }

    /// The certs of the users that were brought, by name, once all are here.
    async fn take_users(
        &self,
        batch: &mut Batch,
        users: Vec<(UserKind, Cert)>,
    ) -> Result<BTreeMap<Cuid, Verified<Cert>>, SiteError> {
        let names: Vec<Cuid> = users.iter().map(|(_, cert)| cert.chad.cuid.clone()).collect();
        batch.ask_for(&names).await?;
        let (mut certs, mut new) = (BTreeMap::new(), Vec::new());
        for (kind, cert) in users {
            let cert = Verified::check(cert, &())?;
            let row = user_of(kind, &cert, self.agent, self.clock.now())?;
            let cuid = row.cuid.clone();
            match batch.user(&cuid).await? {
                Some(User { status: UserStatus::Suspended, .. }) => {
                    return Err(SiteError::Suspended(cuid));
                }
                Some(known) if known.cert == row.cert => {}
                Some(_) => return Err(SiteError::UserExists(cuid)),
                None if certs.contains_key(&cuid) => return Err(SiteError::UserExists(cuid)),
                None => new.push(row),
            }
            certs.insert(cuid, cert);
        }
        if !new.is_empty() {
            batch.work.tx().add_users(&new).await?;
        }
        Ok(certs)
    }

    async fn take_tallies(
        &self,
        batch: &mut Batch,
        certs: &BTreeMap<Cuid, Verified<Cert>>,
        tallies: Vec<Whole>,
    ) -> Result<(), SiteError> {
        let ids: Vec<TallyId> = tallies.iter().map(|whole| whole.tally.members().uuid).collect();
        if let Some(known) = batch.work.tx().lock_tallies(&ids).await?.into_iter().next() {
            return Err(SiteError::TallyExists { holder: known.holder, tally: known.tally });
        }
        let now = self.clock.now();
        let (mut halves, mut chains) = (Vec::new(), Vec::new());
        for Whole { tally, chits } in tallies {
            let tally = Verified::check(tally, &())?;
            let stock = self.cert_on(&tally, Side::Stock, certs)?;
            let foil = self.cert_on(&tally, Side::Foil, certs)?;
            let pair = Pair::open(&tally, stock, foil, chits, now)?;
            for half in pair.halves() {
                let negotiation = &half.state.negotiation;
                let side = negotiation.side();
                halves.push(NewHalf {
                    holder: tally.party(side).cert.chad.cuid.clone(),
                    tally: negotiation.tally(),
                    side,
                    row: half.state.row(now)?,
                    negotiation: half.state.negotiated()?,
                });
                chains.push((half.state.open()?.clone(), half.links));
            }
        }
        let numbers = batch.work.tx().add_halves(&halves).await?;
        let mut links = Vec::new();
        for (half, (ledger, chain)) in numbers.into_iter().zip(chains) {
            links.append(&mut rows(half, &ledger, &chain)?);
        }
        if !links.is_empty() {
            batch.work.tx().append(&links).await?;
        }
        Ok(())
    }

    /// The cert of the user on one side, which must be the very one that the user was brought with:
    /// nobody is bound by a key that is not its own.
    fn cert_on(
        &self,
        tally: &Tally,
        side: Side,
        certs: &BTreeMap<Cuid, Verified<Cert>>,
    ) -> Result<Verified<Cert>, SiteError> {
        let named = &tally.party(side).cert;
        if named.chad.agent != self.agent {
            return Err(SiteError::OtherSite { named: named.chad.agent, site: self.agent });
        }
        let known = certs.get(&named.chad.cuid).filter(|cert| ***cert == *named);
        known.cloned().ok_or_else(|| SiteError::NoUser(named.chad.cuid.clone()))
    }
}

/// The name under which an intake is remembered; no command has it, as theirs begin with their caller.
fn kept(id: &CommandId) -> String {
    format!("::{}", id.as_str())
}

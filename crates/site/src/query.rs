//! Reads as values: what may be asked, and what is found. [`Site::query`] is the one place where a
//! caller's rights to see are applied: a user sees its own rows, an administrator all of them.

use protocol::chit::Positive;
use protocol::negotiation::Draft;
use protocol::{
    AgentId, ChipAddress, ContractId, Cuid, Hash, InviteLink, LiftId, PaymentId, TallyId,
    Timestamp, Verified,
};
use serde::{Deserialize, Serialize};
use store::{HalfFilter, HalfId};

use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::found::{Found, Resident, Seen, Status};
use crate::seek::Hint;

/// The most rows of one answer: with certs of a usual size some megabytes.
pub const MAX_ROWS: u32 = 500;

/// What may be asked. Where there may be more than `limit`, at most [`MAX_ROWS`], the next question
/// names what was seen last; an answer with no rows is the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Query {
    /// The site at a glance; for an administrator.
    Status,
    /// Other agents that are known here, by name; for an administrator.
    Peers {
        /// The one seen last.
        after: Option<AgentId>,
        /// How many.
        limit: u32,
    },
    /// The agents that are accepted as referees, by name; for an administrator.
    Referees,
    /// The proofs that agents lie, in a line each; for an administrator.
    Lies,
    /// The record of one of them; for an administrator.
    Lie {
        /// Which: the name of the record.
        id: Hash,
    },
    /// Users by name; for an administrator.
    Users {
        /// The one seen last.
        after: Option<Cuid>,
        /// How many.
        limit: u32,
    },
    /// One user.
    User {
        /// Whom.
        user: Cuid,
    },
    /// Tallies in one line each: those of a user, or of all users for an administrator.
    Tallies {
        /// Whose; none: all that the caller may see.
        user: Option<Cuid>,
        /// Only those in this status.
        status: Option<String>,
        /// Only those with this partner (`cuid:agent`).
        partner: Option<String>,
        /// The half seen last.
        after: Option<Seen>,
        /// How many.
        limit: u32,
    },
    /// One tally.
    Tally {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
    },
    /// The chits of a tally, newest first.
    History {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
        /// Only those before this index.
        before: Option<u64>,
        /// How many.
        limit: u32,
    },
    /// The chits of a tally that are dated within a time, in the order of the chain.
    Period {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
        /// From this moment on.
        from: Timestamp,
        /// Until before this one.
        until: Timestamp,
        /// The index seen last; 0 at first.
        after: u64,
        /// How many.
        limit: u32,
    },
    /// The invoices of a tally, by name: those included that are over but have not expired.
    Invoices {
        /// Whose.
        user: Cuid,
        /// Of which tally.
        tally: TallyId,
    },
    /// A user's invitations that are out, by their names.
    Invitations {
        /// Whose.
        user: Cuid,
    },
    /// What a link to an invitation leads to: asked of the site that it names.
    Linked {
        /// The link.
        link: InviteLink,
    },
    /// What governs a user's half of an open tally.
    Governing {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
    },
    /// What proves a lift's chit on one of a user's tallies to anybody.
    Proof {
        /// Whose.
        user: Cuid,
        /// Which tally.
        tally: TallyId,
        /// Which lift.
        lift: LiftId,
    },
    /// The agent's signed word for the chain of a user's half, for its device to keep.
    Vouched {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
    },
    /// The tally that the user would sign to offer this wording.
    ToOffer {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
        /// The wording.
        draft: Box<Draft>,
    },
    /// What the user's device signs to change its key on an open tally, or to ask for another one.
    ToRekey {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
    },
    /// The head that the user's device names to end its key on an open tally.
    ToEnd {
        /// Whose.
        user: Cuid,
        /// Which.
        tally: TallyId,
    },
    /// What a payment to somebody would cost the user, and how much it could pay.
    Route {
        /// Who would pay.
        user: Cuid,
        /// Whom.
        payee: ChipAddress,
        /// What the payee is to get.
        units: Positive,
        /// From the payee's link, where it came by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<Hint>,
    },
    /// A link by which anybody may pay the user: none where nobody knows where this site answers.
    PayLink {
        /// Who is to be paid.
        user: Cuid,
        /// What is to arrive.
        units: Positive,
        /// Until when.
        expires: Timestamp,
    },
    /// The most that the user could pay somebody now.
    Most {
        /// Who would pay.
        user: Cuid,
        /// Whom.
        payee: ChipAddress,
    },
    /// A payment that the user made by a lift, by its name. While one to another site is under way, the answer waits for
    /// what becomes of it.
    Payment {
        /// Who paid.
        user: Cuid,
        /// Its name.
        payment: PaymentId,
    },
    /// Lifts between sites that are not done here, the oldest first: all for an administrator, for a user those that wait on
    /// its tallies, and its own payments.
    OpenLifts {
        /// Only those of this user.
        user: Option<Cuid>,
        /// How many.
        limit: u32,
    },
    /// Payments to users of other sites that are being made: all for an administrator, a user's own for a user.
    Making {
        /// Only those of this user.
        user: Option<Cuid>,
        /// How many.
        limit: u32,
    },
    /// Lifts, newest first: all for an administrator, for a user those that touched its tallies.
    Lifts {
        /// Only those that touched this user's tallies.
        user: Option<Cuid>,
        /// Only those before this one.
        before: Option<LiftId>,
        /// How many.
        limit: u32,
    },
    /// A lift, with its proof and its legs: all for an administrator, its own for a user.
    Lift {
        /// Which.
        lift: LiftId,
        /// Only what it did to this user's tallies.
        user: Option<Cuid>,
        /// The half of the leg seen last.
        after: Option<i64>,
        /// How many legs.
        limit: u32,
    },
    /// All contracts; for anybody.
    Contracts,
    /// A contract; for anybody.
    Contract {
        /// Which.
        rid: ContractId,
    },
    /// A part of doctor's work; for an administrator.
    Doctor {
        /// The half looked at last; none: from the beginning.
        after: Option<i64>,
        /// How many halves.
        limit: u32,
    },
}

impl Site {
    /// Answers a question, as far as the caller may know.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`]; what the question's own reading may meet: [`SiteError::NoUser`],
    /// [`SiteError::NoTally`], [`SiteError::NotOpen`], [`SiteError::Store`], …
    pub async fn query(&self, caller: &Caller, query: Query) -> Result<Found, SiteError> {
        former_may_ask(caller, &query)?;
        match query {
            Query::Status => {
                let totals = self.totals(caller).await?;
                let mut view = self.store.read().await?;
                let epoch = view.meta().await?.epoch;
                let went_back_to = self.went_back_to(&mut view).await?;
                Ok(Found::Status(Status {
                    agent: self.agent,
                    former: self.former_agents().to_vec(),
                    users: totals.users,
                    halves: totals.halves,
                    chits: totals.links,
                    letters: totals.letters,
                    lifts: totals.lifts,
                    owed: totals.owed,
                    balance: totals.balance,
                    epoch,
                    went_back_to,
                    asking: totals.asking,
                    unheard: totals.unheard,
                    endpoint: self.endpoint(),
                }))
            }
            Query::Peers { after, limit } => {
                Ok(Found::Peers(self.peers(caller, after, limit.min(MAX_ROWS)).await?))
            }
            Query::Referees => Ok(Found::Referees(self.referees(caller).await?)),
            Query::Lies => Ok(Found::Lies(self.lies(caller).await?)),
            Query::Lie { id } => Ok(Found::Lie(self.lie(caller, id).await?)),
            Query::Users { after, limit } => {
                let users = self.users(caller, after.as_ref(), limit.min(MAX_ROWS)).await?;
                Ok(Found::Users(users.into_iter().map(Resident::of).collect::<Result<_, _>>()?))
            }
            Query::User { user } => {
                may_see(caller, &user)?;
                let row = self.store.read().await?.user(&user).await?;
                let row = row.ok_or(SiteError::NoUser(user))?;
                Ok(Found::User(Box::new(Resident::of(row)?)))
            }
            Query::Tallies { user, status, partner, after, limit } => {
                let holder = match (caller, user) {
                    (_, Some(user)) => {
                        may_see(caller, &user)?;
                        Some(user)
                    }
                    (Caller::User(own) | Caller::Former(own), None) => Some(own.clone()),
                    (Caller::Administrator, None) => None,
                };
                let filter = HalfFilter { holder, status, partner };
                let tallies = self.filtered(&filter, after.as_ref(), limit.min(MAX_ROWS)).await?;
                Ok(Found::Tallies(tallies))
            }
            Query::Tally { user, tally } => {
                may_see(caller, &user)?;
                Ok(Found::Tally(Box::new(self.tally(&user, tally).await?)))
            }
            Query::History { user, tally, before, limit } => {
                may_see(caller, &user)?;
                let limit = limit.min(MAX_ROWS);
                Ok(Found::History(self.history(&user, tally, before, limit).await?))
            }
            Query::Period { user, tally, from, until, after, limit } => {
                may_see(caller, &user)?;
                let (dates, limit) = (from..until, limit.min(MAX_ROWS));
                let (opening, entries) = self.period(&user, tally, dates, after, limit).await?;
                Ok(Found::Period { opening, entries })
            }
            Query::Invoices { user, tally } => {
                may_see(caller, &user)?;
                Ok(Found::Invoices(self.invoices(&user, tally).await?))
            }
            Query::Invitations { user } => {
                may_see(caller, &user)?;
                Ok(Found::Invitations(self.invitations(&user).await?))
            }
            Query::Linked { link } => Ok(Found::Linked(Box::new(self.linked(&link).await?))),
            Query::Governing { user, tally } => {
                may_see(caller, &user)?;
                Ok(Found::Governing(Box::new(self.governing(&user, tally).await?)))
            }
            Query::Proof { user, tally, lift } => {
                may_see(caller, &user)?;
                Ok(Found::Proof(Box::new(self.proof_on(&user, tally, lift).await?)))
            }
            Query::Vouched { user, tally } => {
                may_see(caller, &user)?;
                Ok(Found::Vouched(Box::new(self.vouched(&user, tally).await?)))
            }
            Query::ToOffer { user, tally, draft } => {
                may_see(caller, &user)?;
                Ok(Found::ToOffer(Box::new(self.to_offer(&user, tally, *draft).await?)))
            }
            Query::ToRekey { user, tally } => {
                may_see(caller, &user)?;
                Ok(Found::ToRekey(self.to_rekey(&user, tally).await?))
            }
            Query::ToEnd { user, tally } => {
                may_see(caller, &user)?;
                Ok(Found::ToEnd(self.to_end(&user, tally).await?))
            }
            Query::Route { user, payee, units, hint } => {
                may_see(caller, &user)?;
                Ok(Found::Route(Box::new(self.route(&user, &payee, units, hint).await?)))
            }
            Query::PayLink { user, units, expires } => {
                may_see(caller, &user)?;
                let link = self.pay_link(&user, units, expires).await?;
                Ok(Found::PayLink(link.map(Box::new)))
            }
            Query::Most { user, payee } => {
                may_see(caller, &user)?;
                Ok(Found::Most(Box::new(self.most(&user, &payee).await?)))
            }
            Query::Payment { user, payment } => {
                may_see(caller, &user)?;
                Ok(Found::Payment(self.payment_of(&user, payment).await?))
            }
            Query::OpenLifts { user, limit } => {
                let eyes = seen_by(caller, user)?;
                Ok(Found::OpenLifts(self.open_lifts(&eyes, limit.min(MAX_ROWS)).await?))
            }
            Query::Making { user, limit } => {
                let eyes = seen_by(caller, user)?;
                Ok(Found::Making(self.making(&eyes, limit.min(MAX_ROWS)).await?))
            }
            Query::Lifts { user, before, limit } => {
                let eyes = seen_by(caller, user)?;
                Ok(Found::Lifts(self.lifts(&eyes, before, limit.min(MAX_ROWS)).await?))
            }
            Query::Lift { lift, user, after, limit } => {
                let eyes = seen_by(caller, user)?;
                let found = self.lift(&eyes, lift, after, limit.min(MAX_ROWS)).await?;
                Ok(Found::Lift(Box::new(found)))
            }
            Query::Contracts => {
                let contracts = self.contracts().await?;
                Ok(Found::Contracts(contracts.into_iter().map(Verified::into_inner).collect()))
            }
            Query::Contract { rid } => {
                let contract = self.contract(&rid).await?.map(Verified::into_inner);
                Ok(Found::Contract(contract.map(Box::new)))
            }
            Query::Doctor { after, limit } => {
                administrator(caller)?;
                let after = after.map(HalfId::new);
                Ok(Found::Doctor(self.examine(after, limit.min(MAX_ROWS), &mut |_| {}).await?))
            }
        }
    }
}

/// Only an administrator.
pub(crate) fn administrator(caller: &Caller) -> Result<(), SiteError> {
    match caller {
        Caller::Administrator => Ok(()),
        Caller::User(_) | Caller::Former(_) => {
            Err(SiteError::NotAllowed { who: "an administrator" })
        }
    }
}

/// With whose eyes a caller looks who names a user: with that user's.
fn seen_by(caller: &Caller, user: Option<Cuid>) -> Result<Caller, SiteError> {
    let Some(user) = user else { return Ok(caller.clone()) };
    may_see(caller, &user)?;
    Ok(Caller::User(user))
}

/// Only an administrator or the user itself.
fn may_see(caller: &Caller, user: &Cuid) -> Result<(), SiteError> {
    match caller {
        Caller::User(own) | Caller::Former(own) if own != user => {
            Err(SiteError::NotAllowed { who: "the user itself or an administrator" })
        }
        Caller::User(_) | Caller::Former(_) | Caller::Administrator => Ok(()),
    }
}

/// With a key that was the user's before one sees what there is to stop, and what it takes for that.
fn former_may_ask(caller: &Caller, query: &Query) -> Result<(), SiteError> {
    let stops = matches!(
        query,
        Query::User { .. } | Query::Tallies { .. } | Query::Tally { .. } | Query::ToEnd { .. }
    );
    match caller {
        Caller::Former(_) if !stops => {
            Err(SiteError::NotAllowed { who: "the user with the key in its cert" })
        }
        _ => Ok(()),
    }
}

//! What is found: the answers to what may be asked (`query.rs`).

use std::collections::BTreeMap;

use protocol::address::Endpoint;
use protocol::export::LiftProof;
use protocol::ledger::{Ack, Head, Rekeying};
use protocol::{AgentId, Cert, Contract, Cuid, PayLink, Record, Tally, TallyId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{UserKind, UserStatus};

use crate::abroad::Peer;
use crate::between::{Making, OpenLift};
use crate::device::Governing;
use crate::doctor::Examined;
use crate::error::SiteError;
use crate::invitation::{Given, Invitation};
use crate::invoice::InvoiceView;
use crate::lift::{LiftFound, LiftLine, Most, Paid, Route};
use crate::proofs::Proven;
use crate::read::{Entry, Summary};
use crate::referee::Accepted;

/// A half that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Whose.
    pub holder: Cuid,
    /// Of which tally.
    pub tally: TallyId,
}

/// What was found: the variant of the same name.
///
/// Records in it are as the site sent them: whoever read them from JSON checks the signatures that
/// it relies on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Found {
    /// See [`crate::Query::Status`].
    Status(Status),
    /// See [`crate::Query::Peers`].
    Peers(Vec<Peer>),
    /// See [`crate::Query::Referees`].
    Referees(Vec<Accepted>),
    /// See [`crate::Query::Lies`].
    Lies(Vec<Proven>),
    /// See [`crate::Query::Lie`].
    Lie(String),
    /// See [`crate::Query::Users`].
    Users(Vec<Resident>),
    /// See [`crate::Query::User`].
    User(Box<Resident>),
    /// See [`crate::Query::Tallies`].
    Tallies(Vec<Summary>),
    /// See [`crate::Query::Tally`].
    Tally(Box<Summary>),
    /// See [`crate::Query::History`].
    History(Vec<Entry>),
    /// See [`crate::Query::Period`].
    Period {
        /// The sum of the chits dated before the period, in milli-CHIPs, as text.
        #[serde(with = "crate::words::sum")]
        opening: i128,
        /// The chits.
        entries: Vec<Entry>,
    },
    /// See [`crate::Query::Invoices`].
    Invoices(Vec<InvoiceView>),
    /// See [`crate::Query::Invitations`].
    Invitations(Vec<Given>),
    /// See [`crate::Query::Linked`].
    Linked(Box<Invitation>),
    /// See [`crate::Query::Governing`].
    Governing(Box<Governing>),
    /// See [`crate::Query::Proof`].
    Proof(Box<LiftProof>),
    /// See [`crate::Query::Vouched`].
    Vouched(Box<Ack>),
    /// See [`crate::Query::ToOffer`].
    ToOffer(Box<Tally>),
    /// See [`crate::Query::ToRekey`].
    ToRekey(Rekeying),
    /// See [`crate::Query::Route`].
    Route(Box<Route>),
    /// See [`crate::Query::PayLink`].
    PayLink(Option<Box<PayLink>>),
    /// See [`crate::Query::Most`].
    Most(Box<Most>),
    /// See [`crate::Query::Payment`]; none where it was not made.
    Payment(Option<Paid>),
    /// See [`crate::Query::ToEnd`].
    ToEnd(Head),
    /// See [`crate::Query::OpenLifts`].
    OpenLifts(Vec<OpenLift>),
    /// See [`crate::Query::Making`].
    Making(Vec<Making>),
    /// See [`crate::Query::Lifts`].
    Lifts(Vec<LiftLine>),
    /// See [`crate::Query::Lift`].
    Lift(Box<LiftFound>),
    /// See [`crate::Query::Contracts`].
    Contracts(Vec<Contract>),
    /// See [`crate::Query::Contract`]; none where it is not known here.
    Contract(Option<Box<Contract>>),
    /// See [`crate::Query::Doctor`].
    Doctor(Examined),
}

/// A site at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Its agent.
    pub agent: AgentId,
    /// The agents that it was before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<AgentId>,
    /// How many users it hosts.
    pub users: u64,
    /// Halves of tallies by status.
    pub halves: BTreeMap<String, u64>,
    /// Chits kept, those at both halves twice.
    pub chits: u64,
    /// Letters on their way.
    pub letters: u64,
    /// Lifts by status.
    pub lifts: BTreeMap<String, u64>,
    /// What users here are owed, in milli-CHIPs, as text.
    #[serde(with = "crate::words::sum")]
    pub owed: i128,
    /// The sum of all balances, in milli-CHIPs, as text.
    #[serde(with = "crate::words::sum")]
    pub balance: i128,
    /// How often the store was restored from a backup.
    pub epoch: u64,
    /// When the backup was made that it was restored from last; none where it never was.
    pub went_back_to: Option<Timestamp>,
    /// Halves that wait for their partners' to say what got lost.
    pub asking: u64,
    /// Halves that take no part in lifts before their users' devices were heard.
    pub unheard: u64,
    /// Where other agents reach this one, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::words::place")]
    pub endpoint: Option<Endpoint>,
}

/// A user that the site hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resident {
    /// Its name here.
    pub user: Cuid,
    /// What it is.
    #[serde(with = "crate::words::kind")]
    pub kind: UserKind,
    /// How people call it.
    pub name: String,
    /// Its cert; none until it connected.
    pub cert: Option<Cert>,
    /// Whether it may act.
    #[serde(with = "crate::words::status")]
    pub status: UserStatus,
    /// When it was added.
    pub created: Timestamp,
}

impl Resident {
    /// As it is kept.
    pub(crate) fn of(row: store::User) -> Result<Self, SiteError> {
        let cert = row.cert.as_deref().map(|text| Cert::read(text.as_bytes())).transpose()?;
        let store::User { cuid: user, kind, name, status, created, .. } = row;
        Ok(Self { user, kind, name, cert, status, created })
    }
}

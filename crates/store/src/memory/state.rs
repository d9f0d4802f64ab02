//! `State`: all rows and the ways to find them, as maps that are cheap to copy.

use protocol::{AgentId, ChitId, ContractId, Cuid, Hash, LiftId, PaymentId, TallyId, Timestamp};

use super::map::Map;
use crate::{
    Case, CommandResult, Contract, Event, Founded, Half, HalfId, Invite, InvoiceRow, Letter,
    LetterId, Lift, LiftLeg, LiftPart, LinkRow, Payment, Proof, User, Word,
};

// Where an order can be seen, names are ordered as texts, as in the databases.

/// The same half, agent and key: one letter.
pub(super) type LetterKey = (Option<HalfId>, AgentId, String);

/// A lift, a half, a chit's hash: one leg.
pub(super) type LegKey = (LiftId, HalfId, String);

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) founded: Option<Founded>,
    pub(super) epoch: u64,
    pub(super) settings: Map<String, String>,
    pub(super) users: Map<Cuid, User>,
    pub(super) halves: Map<HalfId, Half>,
    pub(super) negotiations: Map<HalfId, String>,
    pub(super) half_names: Map<(Cuid, TallyId), HalfId>,
    pub(super) half_tallies: Map<(TallyId, HalfId), ()>,
    pub(super) half_holders: Map<(Cuid, HalfId), ()>,
    pub(super) last_half: i64,
    pub(super) links: Map<(HalfId, u64), LinkRow>,
    pub(super) link_chits: Map<(HalfId, Hash), u64>,
    pub(super) link_uuids: Map<(HalfId, ChitId, u64), ()>,
    pub(super) invoices: Map<(HalfId, String), InvoiceRow>,
    pub(super) letters: Map<LetterId, Letter>,
    pub(super) letter_keys: Map<LetterKey, LetterId>,
    pub(super) last_letter: i64,
    pub(super) events: Map<u64, Event>,
    pub(super) last_event: u64,
    pub(super) results: Map<String, CommandResult>,
    pub(super) contracts: Map<ContractId, Contract>,
    pub(super) invites: Map<Hash, Invite>,
    pub(super) lifts: Map<LiftId, Lift>,
    pub(super) lift_dates: Map<(Timestamp, String), LiftId>,
    pub(super) legs: Map<LegKey, LiftLeg>,
    /// By half, and then as texts.
    pub(super) half_legs: Map<(HalfId, String, String), LegKey>,
    /// By lift and key, as texts.
    pub(super) parts: Map<(String, String), LiftPart>,
    /// Those that are open.
    pub(super) open_parts: Map<(String, String), ()>,
    /// By payment as text, and then as above.
    pub(super) payment_parts: Map<(String, String, String), ()>,
    pub(super) payments: Map<(String, String), Payment>,
    /// By lift as text, and then as above.
    pub(super) lift_payments: Map<(String, String, String), PaymentId>,
    pub(super) cases: Map<LiftId, Case>,
    /// By deadline and lift as text.
    pub(super) open_cases: Map<(Timestamp, String), LiftId>,
    /// By when they were first asked about, and lift as text.
    pub(super) strangers_cases: Map<(Timestamp, String), ()>,
    pub(super) proofs: Map<Hash, Proof>,
    /// By when they were kept, and name as text.
    pub(super) proof_dates: Map<(Timestamp, String), Hash>,
    pub(super) words: Map<(String, String, String, String), Word>,
}

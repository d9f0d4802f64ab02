//! What a site may know, and why: the whole list. That it knows nothing else is searched for in `privacy.rs`.

use std::collections::BTreeMap;

use protocol::{Hash, LiftId, PaymentId, TallyId};

/// What a marker stands for. People and places are numbers, as everywhere here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Somebody's name at its agent.
    User(usize),
    /// What somebody's cert discloses: its name among people, and its key.
    Cert(usize),
    /// An agent of a place, by its id or its key.
    Agent(usize),
    /// Where a place's agent is reached.
    Host(usize),
    /// A tally, or a chit or an invoice on it.
    Tally(TallyId),
    /// A payment to a stranger.
    Payment(PaymentId),
    /// What lifts of this nonce share: the nonce, the keys made for it.
    Lift(Hash),
    /// The lift of this nonce and id. Where somebody lies, there may be others of the same nonce.
    Record(Hash, LiftId),
}

/// Why a site may know something. There are no other reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Excuse {
    /// Its own users, agent and address.
    Own,
    /// "A site learns its own users' tallies" (§7, invariant 6): the tally and its chits; the partner on it as its cert
    /// discloses it, from when one of the two answered the other's invitation; that partner's agent, and where it answers, which stands in
    /// all that it says (§5).
    Tally,
    /// "Payer and payee do" know each other (§7, "Discovery"), by address and name: the payer's site from when its user
    /// signed, the payee's from when the payer's site told it directly (decision 31). Certs and keys are not in it.
    Payment,
    /// Everybody who lays out a lift or takes part in it, and its referees, see its record (§7, "Record"), in which each
    /// site is a key made for this lift only.
    Lift,
    /// "Participants' fresh keys, referees" (§7, "Record"): referees stand in queries, plans, records and certificates by
    /// the ids of their agents, and every site must know them to accept them. Their users are not excused.
    Referee,
    /// Whoever speaks to an agent is known to it by its id: the line proves it (§8). So referees know the agents that ask
    /// them (decision 29). Who may speak to whom is judged apart (`privacy.rs`).
    Speaker,
    /// The proof that a referee lies is handed on to partners' sites and referees, and says about which lift it does. From
    /// when it is told, where it proves what it says.
    Proof,
    /// A site that lies says what it likes: what any of the network's liars may know by one of the reasons above. From when
    /// one of them said it to this site itself; and what such a site is told that liars may know. What honest sites make of
    /// it is not excused: whoever hears it from one of them has no business with it.
    Liar,
}

impl Excuse {
    const ALL: [Self; 8] = [
        Self::Own,
        Self::Tally,
        Self::Payment,
        Self::Lift,
        Self::Referee,
        Self::Speaker,
        Self::Proof,
        Self::Liar,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Tally => "tally",
            Self::Payment => "payment",
            Self::Lift => "lift",
            Self::Referee => "referee",
            Self::Speaker => "speaker",
            Self::Proof => "proof",
            Self::Liar => "liar",
        }
    }
}

/// How much was searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Searched {
    /// Messages, and answers to them.
    pub(crate) heard: u64,
    /// What these were long, in bytes.
    pub(crate) bytes: u64,
    /// Whole stores.
    pub(crate) stores: u64,
    /// How often something marked was seen, by what excuses it.
    pub(super) seen: BTreeMap<Excuse, u64>,
}

impl Searched {
    /// How often something marked was seen that this excuses, for each excuse by its word.
    pub(crate) fn excused(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let seen = |excuse: &Excuse| self.seen.get(excuse).copied().unwrap_or(0);
        Excuse::ALL.into_iter().map(move |excuse| (excuse.word(), seen(&excuse)))
    }
}

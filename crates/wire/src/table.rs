//! The table: every kind of message has a row that says who may send it, how large it may be and how
//! many notes may come. It is kept in this one place, for what comes and for what goes.

use protocol::errand::About;
use protocol::json::MAX_RECORD_BYTES;
use protocol::mail;
use protocol::negotiation;
use protocol::note::Body;

use crate::bucket::Rate;
use crate::note::count_notes;

/// What a message is about.
///
/// A message between halves of a tally is of one of the first four, or about a lift. A kind that has no row is answered with
/// [`crate::NotSent::KindUnknown`]; nothing of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The answer to an invitation; a token in it is its proof.
    Answer,
    /// What else is said of the agreement: offers, what became of them.
    Tally,
    /// What neighbours in a lift say to each other of it, and what their users sign to be free: before the chain, on which
    /// its chit may follow.
    Lift,
    /// Chits, settings and keys on the chain, and what is said of the chain.
    Chain,
    /// Invoices, and what is said of them.
    Invoice,
    /// The question for the invitation with a token; the answer to it is the invitation.
    Invitation,
    /// What a half says by an agent that its partner's does not know yet; its user's word for that agent is in it.
    Moved,
    /// A search for a way, what is answered, and what is laid out along it.
    Ways,
    /// What referees are asked, tell each other and answer, and what a payer signed.
    Decision,
}

/// Who may send a kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever connects.
    Anyone,
    /// The agent of a user's partner on a tally here, open or in the making. Which tally is meant,
    /// whoever receives the message checks.
    Partner,
}

/// What holds for a kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The kind.
    pub kind: Kind,
    /// The number that it has in a frame; never used again for another kind.
    pub byte: u8,
    /// Who may send it.
    pub from: Who,
    /// The most bytes of a message.
    pub max_bytes: usize,
    /// How many notes of it one agent may send. A message counts for as many as it has lines, and one about decisions
    /// for as many as it has [`DECISION_BYTES`], as whole ones.
    pub rate: Rate,
}

/// For so many bytes a message about decisions counts for one: it takes as long to check as it has signatures, and one with
/// a dozen of them is about as long.
pub const DECISION_BYTES: usize = 4 * 1024;

/// All rows.
///
/// Sizes: a note is one record, and the largest of them (32 chits with long memos, a tally with two
/// certs) come near to the largest record that is read; smaller ones share a message. An answer holds one cert,
/// which stays below 64 KiB with all its lists full; an invoice far below. The question for an invitation is a
/// token.
///
/// Rates: a site that takes notes writes some thousands a second to its disk, so one partner may use
/// all that is left of it for long and more for a moment, as after a time away; who else sends has its turn, as
/// only so much of one agent is worked on at once. What is said about decisions comes from the sites of payers and
/// payees, of whom nothing is known: two for each payment from one site to another, one or two to a referee. Answers, and the question before them, come from people who
/// scan a code; answers of a partner's agent count as what is said of agreements. A site whose agent changed says so
/// once: who it is is known then.
pub const TABLE: [Row; Kind::ALL.len()] = [
    Row {
        kind: Kind::Answer,
        byte: 1,
        from: Who::Anyone,
        max_bytes: 64 * 1024,
        rate: Rate { burst: 30, per_minute: 60 },
    },
    Row {
        kind: Kind::Tally,
        byte: 2,
        from: Who::Partner,
        max_bytes: MAX_RECORD_BYTES,
        rate: Rate { burst: 2_000, per_minute: 12_000 },
    },
    Row {
        kind: Kind::Lift,
        byte: 7,
        from: Who::Partner,
        max_bytes: MAX_RECORD_BYTES,
        rate: Rate { burst: 2_000, per_minute: 60_000 },
    },
    Row {
        kind: Kind::Chain,
        byte: 3,
        from: Who::Partner,
        max_bytes: MAX_RECORD_BYTES,
        rate: Rate { burst: 10_000, per_minute: 600_000 },
    },
    Row {
        kind: Kind::Invoice,
        byte: 4,
        from: Who::Partner,
        max_bytes: 64 * 1024,
        rate: Rate { burst: 500, per_minute: 3_000 },
    },
    Row {
        kind: Kind::Invitation,
        byte: 5,
        from: Who::Anyone,
        max_bytes: 64,
        rate: Rate { burst: 30, per_minute: 60 },
    },
    Row {
        kind: Kind::Moved,
        byte: 6,
        from: Who::Anyone,
        max_bytes: 64 * 1024,
        rate: Rate { burst: 30, per_minute: 60 },
    },
    Row {
        kind: Kind::Ways,
        byte: 8,
        from: Who::Partner,
        max_bytes: 64 * 1024,
        rate: Rate { burst: 2_000, per_minute: 60_000 },
    },
    Row {
        kind: Kind::Decision,
        byte: 9,
        from: Who::Anyone,
        max_bytes: 256 * 1024,
        rate: Rate { burst: 1_000, per_minute: 12_000 },
    },
];

/// How often all agents that are no partners' may send, together: names cost nothing, so what each
/// may do says little. What they say about decisions counts apart.
pub const STRANGERS: Rate = Rate { burst: 300, per_minute: 1_200 };

/// How often they may send about decisions, together: fifty of their payments a second that end here, or a hundred that
/// are decided here. What each has to check is bounded by its length.
pub const STRANGERS_DECISIONS: Rate = Rate { burst: 1_000, per_minute: 6_000 };

/// The most bytes of an answer to any message.
pub const MAX_REPLY_BYTES: usize = mail::MOST_BYTES;

impl Row {
    /// The most notes of a message: never more than may come at once from one of whom nothing is known.
    #[must_use]
    pub fn most_notes(&self) -> usize {
        usize::try_from(self.rate.with_margin().burst).unwrap_or(usize::MAX).min(mail::MOST_NOTES)
    }
}

impl Kind {
    /// Every kind, in the order of [`TABLE`].
    pub const ALL: [Self; 9] = [
        Self::Answer,
        Self::Tally,
        Self::Lift,
        Self::Chain,
        Self::Invoice,
        Self::Invitation,
        Self::Moved,
        Self::Ways,
        Self::Decision,
    ];

    /// The kind of message in which a note travels between agents that know each other.
    #[must_use]
    pub const fn of(body: &Body) -> Self {
        match body {
            Body::Negotiation(negotiation::Message::Answer { .. }) => Self::Answer,
            Body::Negotiation(_) => Self::Tally,
            Body::Ledger(_) => Self::Chain,
            Body::Invoice(_) => Self::Invoice,
            Body::Lift(_) | Body::Freed(_) => Self::Lift,
        }
    }

    /// The kind of message in which an errand travels.
    #[must_use]
    pub const fn of_errand(about: About) -> Self {
        match about {
            About::Ways => Self::Ways,
            About::Lift => Self::Decision,
        }
    }

    /// The kind whose row's rate holds for it: many users of a partner's agent may answer invitations, of
    /// whom one would be asked to come slowly if nothing were known of it.
    pub(crate) const fn counts_as(self, partner: bool) -> Self {
        match self {
            Self::Answer if partner => Self::Tally,
            kind => kind,
        }
    }

    /// What a message of this kind counts for against its row.
    #[must_use]
    pub fn count(self, bytes: &[u8]) -> u32 {
        let long = match self {
            Self::Decision => {
                u32::try_from(bytes.len().div_ceil(DECISION_BYTES)).unwrap_or(u32::MAX)
            }
            _ => 0,
        };
        count_notes(bytes).max(long)
    }

    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        const ROWS: &[Row; Kind::ALL.len()] = &TABLE;
        &ROWS[self as usize]
    }

    /// The kind with this number in a frame.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        TABLE.iter().find(|row| row.byte == byte).map(|row| row.kind)
    }

    /// As it is written in logs and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Tally => "tally",
            Self::Chain => "chain",
            Self::Invoice => "invoice",
            Self::Invitation => "invitation",
            Self::Moved => "moved",
            Self::Lift => "lift",
            Self::Ways => "ways",
            Self::Decision => "decision",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_counts_by_its_length_and_notes_by_their_number() {
        for (bytes, count) in [(1, 1), (DECISION_BYTES, 1), (DECISION_BYTES + 1, 2)] {
            assert_eq!(Kind::Decision.count(&vec![b'a'; bytes]), count, "{bytes}");
            assert_eq!(Kind::Chain.count(&vec![b'a'; bytes]), 1, "{bytes}");
        }
        assert_eq!(Kind::Chain.count(b"a\nb\nc"), 3);
        let largest = Kind::Decision.count(&vec![b'a'; Kind::Decision.row().max_bytes]);
        assert!(largest <= Kind::Decision.row().rate.with_margin().burst);
        assert!(largest <= STRANGERS_DECISIONS.burst);
    }

    #[test]
    fn each_kind_finds_its_own_row() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(kind.row().kind, kind);
            assert_eq!(Kind::of_byte(kind.row().byte), Some(kind));
        }
        let known = (0..=u8::MAX).filter_map(Kind::of_byte).count();
        assert_eq!(known, Kind::ALL.len());
    }

    #[test]
    fn a_message_is_never_more_than_may_come_at_once() {
        for row in TABLE {
            assert!(row.most_notes() > 0);
            assert!(row.most_notes() <= row.rate.with_margin().burst as usize, "{}", row.kind);
        }
    }

    #[test]
    fn only_what_proves_itself_comes_from_anyone() {
        let open = TABLE.iter().filter(|row| row.from == Who::Anyone).map(|row| row.kind);
        assert_eq!(
            open.collect::<Vec<_>>(),
            [Kind::Answer, Kind::Invitation, Kind::Moved, Kind::Decision]
        );
        assert!(TABLE.iter().all(|row| row.max_bytes <= MAX_RECORD_BYTES));
    }
}

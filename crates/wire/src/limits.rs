//! Limits: what connections, messages and the memory of them may take, and for how long. How large
//! and how frequent each kind of message may be is in `table.rs`.

use std::time::Duration;

/// What one agent's wire may take. [`Limits::default`] is for a small machine; each field's text says
/// why it is as large as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections in all: each holds some tens of kilobytes and, over TCP, a file of the
    /// process, of which it usually has 1024. Default 512.
    pub connections: u32,
    /// The most of them that agents opened who are no partners': beyond, the oldest of these is
    /// closed, so that strangers never take a partner's place. Default 128.
    pub connections_of_strangers: usize,
    /// The most of them that referees opened who are no partners', counted apart: their words are waited for. Default 128.
    pub connections_of_referees: usize,
    /// The most connections with one agent: one each way, and as many again while a dead one is not
    /// found out. Default 4.
    pub connections_per_agent: u32,
    /// The most connections whose handshake is under way. Default 64.
    pub opening: u32,
    /// How long a handshake may take: some round trips on a bad line. Default 10 s.
    pub open_within: Duration,
    /// How long a connection may be unused: letters often come in pairs, some seconds apart.
    /// Default 60 s.
    pub idle: Duration,
    /// How long nothing may come from an agent, though it was asked for a sign of life, until its
    /// connection is closed: longer than a short break of the line. Over TCP it takes up to twice
    /// as long and ten seconds more, as libp2p's ping tries twice. Default 15 s.
    pub silent: Duration,
    /// How long a message may take to come in whole: 256 KiB at a tenth of a megabit a second.
    /// Default 20 s.
    pub read_within: Duration,
    /// How long an inbox may take to answer; then the sender is told "later". Default 20 s.
    pub answer_within: Duration,
    /// The most messages that were read and are not answered yet. Default 512.
    pub waiting: usize,
    /// The most of them from one agent. More than it sends at once. Default 64.
    pub waiting_per_agent: usize,
    /// The most of them from agents that are no partners'. Default 128.
    pub waiting_of_strangers: usize,
    /// The most of them about decisions from referees who are no partners', counted apart. Default 128.
    pub waiting_of_referees: usize,
    /// How many messages the inbox is given at once: it has to wait for one disk. Default 32.
    pub at_work: usize,
    /// The most bytes of messages that are being read or wait. Default 64 MiB: 256 of the largest.
    pub bytes: usize,
    /// The most messages that wait to be sent to one agent. Default 1024.
    pub sends_waiting: usize,
    /// How many messages are sent to one agent before the first of them is answered: enough to fill
    /// a long line, fewer than the other side lets wait. Default 32.
    pub sends_at_once: usize,
    /// The most agents whose addresses, and whose conduct, are remembered. Default 4096: some
    /// megabytes.
    pub agents: usize,
    /// The most addresses that are remembered of one agent. Default 8.
    pub addresses: usize,
    /// Whether a name that leads to this machine itself, or no farther than its cable, is followed: otherwise
    /// whoever names a place has us knock at our own doors. Default no.
    pub names_of_this_machine: bool,
    /// For how long an agent is cut off the first time; twice as long each next time. Default 1 min.
    pub cut_off: Duration,
    /// The longest. Default 1 h.
    pub cut_off_most: Duration,
    /// For how many agents at once it is called: the most reservations that it gives as a relay, and
    /// only to agents of partners. 0: it is nobody's relay. Default 64.
    pub relayed: usize,
    /// The most lines at once that it hands on between two other agents. Default 64.
    pub circuits: usize,
    /// The most of them that one agent has opened. Default 8.
    pub circuits_per_agent: usize,
    /// How long it hands on over one line: whoever has more to say opens another. Default 10 min.
    pub circuit: Duration,
    /// How many bytes it hands on over one line, both ways together. Default 16 MiB.
    pub circuit_bytes: u64,
    /// How long it is called for an agent that does not ask again; agents ask again in time. Default
    /// 1 h.
    pub reserved: Duration,
    /// After how long a relay that did not take this agent is asked again, the first time; twice as
    /// long each next time. Default 1 s.
    pub ask_again: Duration,
    /// The longest. Default 1 min.
    pub ask_again_most: Duration,
    /// How long messages under work may take to be answered once the wire is to end: less than
    /// service managers wait before they kill. Default 5 s.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_of_strangers: 128,
            connections_of_referees: 128,
            connections_per_agent: 4,
            opening: 64,
            open_within: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            silent: Duration::from_secs(15),
            read_within: Duration::from_secs(20),
            answer_within: Duration::from_secs(20),
            waiting: 512,
            waiting_per_agent: 64,
            waiting_of_strangers: 128,
            waiting_of_referees: 128,
            at_work: 32,
            bytes: 64 * 1024 * 1024,
            sends_waiting: 1024,
            sends_at_once: 32,
            agents: 4096,
            addresses: 8,
            names_of_this_machine: false,
            cut_off: Duration::from_mins(1),
            cut_off_most: Duration::from_hours(1),
            relayed: 64,
            circuits: 64,
            circuits_per_agent: 8,
            circuit: Duration::from_mins(10),
            circuit_bytes: 16 * 1024 * 1024,
            reserved: Duration::from_hours(1),
            ask_again: Duration::from_secs(1),
            ask_again_most: Duration::from_mins(1),
            drain: Duration::from_secs(5),
        }
    }
}

/// How long one exchange may take in all, for the line below: reading, answering, and as long again
/// as reading for the answer to go out.
pub(crate) fn exchange(limits: &Limits) -> Duration {
    limits.read_within * 2 + limits.answer_within
}

/// The most streams at once on one connection: messages each way, and what libp2p asks for itself.
pub(crate) const STREAMS: usize = 128;

/// The most streams at once on one connection that are still to say what they are for.
pub(crate) const STREAMS_OPENING: usize = 64;

/// How many bytes of one stream may be under way over QUIC: two of the largest messages.
pub(crate) const STREAM_BYTES: u32 = 512 * 1024;

/// How many bytes of one connection may be under way over QUIC.
pub(crate) const CONNECTION_BYTES: u32 = 4 * 1024 * 1024;

/// How many bytes of a message are made room for at once: whoever sends none takes little.
pub(crate) const CHUNK_BYTES: usize = 16 * 1024;

/// After how long a sender that was told "later" for want of room should try again.
pub(crate) const ROOM_AFTER_MS: u32 = 500;

/// How many commands wait for the task; whoever has one more waits.
pub(crate) const COMMANDS: usize = 256;

/// How often what has lasted long enough is looked for.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// At the end, how long what was answered last may take to go out.
pub(crate) const LINGER: Duration = Duration::from_millis(100);

/// Then, how long connections may take to close in good order.
pub(crate) const PARTING: Duration = Duration::from_secs(1);

/// Then, how long libp2p's tasks may take to end and the system to have its ports again.
pub(crate) const ENDING: Duration = Duration::from_secs(5);

/// How often that is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(10);

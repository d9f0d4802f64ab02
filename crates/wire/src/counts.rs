//! What is counted: for health pages and metrics. Numbers only; who did what is in the log.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$text:meta])* $name:ident,)*) => {
        /// What has happened since the start, and how it stands.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$text])* pub $name: u64,)*
        }

        /// The same while it is counted.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        impl Counters {
            pub(crate) fn read(&self) -> Counts {
                Counts { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }

        impl Counts {
            /// Every count with its name, for metrics.
            #[must_use]
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counts! {
    /// Connections now.
    connections,
    /// Connections whose handshake did not end well: other protocols, garbage, no time, too many.
    handshakes_failed,
    /// Messages that came and that the inbox took.
    taken,
    /// Bytes of messages that came in whole.
    bytes_in,
    /// Messages that the inbox refused.
    refused,
    /// Messages that were answered "later" because too many waited, or the inbox was slow.
    busy,
    /// Messages that were answered "later" because their sender sends too often.
    over_rate,
    /// Messages from agents that are no partners', of kinds that only those may send.
    not_known,
    /// Messages of a kind that has no row.
    kind_unknown,
    /// Messages larger than their kind may be.
    too_large,
    /// Messages that began and did not come in time.
    stalled,
    /// Messages that ended before their end.
    short,
    /// Messages with something behind their end.
    garbage,
    /// Messages that the inbox could not answer: it panicked.
    inbox_failed,
    /// Times that an agent was cut off.
    cut_off,
    /// Times that an agent said what it speaks and where it answers more often than is looked at.
    identify_passed_over,
    /// Reservations that this agent gave as a relay, renewed ones too.
    relay_reserved,
    /// Reservations that it did not give: to agents that are no partners', or too many, or too often.
    relay_refused,
    /// Lines between other agents that it handed on, or began to.
    circuits,
    /// Lines that it did not: to agents without a reservation, or too many, or too often.
    circuits_refused,
    /// Times that a relay of its own was lost, or did not take it.
    relay_lost,
    /// Messages sent and taken.
    sent,
    /// Bytes of messages that were sent, also of those that were not taken.
    bytes_out,
    /// Messages not sent, or not taken.
    not_sent,
    /// Messages sent a second time, since the connection ended under them.
    sent_again,
}

/// One number.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn one(&self) {
        self.more(1);
    }

    pub(crate) fn more(&self, by: usize) {
        self.0.fetch_add(u64::try_from(by).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn set(&self, to: usize) {
        self.0.store(u64::try_from(to).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

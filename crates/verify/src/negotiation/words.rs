//! Steps and states of the world of two halves, as people read them.

use protocol::Tally;
use protocol::negotiation::Message;

use super::machine::{Act, Machine};
use super::world::{Action, State, World};

/// Whose half is at each place.
pub(super) const NAMES: [&str; 2] = ["suzie", "bob"];

impl World {
    pub(super) fn tell(&self, action: Action) -> String {
        let says = |message| self.machine.says(message);
        match action {
            Action::Act { at, act } => format!("{} {}", NAMES[at], self.machine.act_words(act)),
            Action::Again => "both say again what was not confirmed".to_owned(),
            Action::Late { at, .. } => format!("{}'s clock: revision 1 has expired", NAMES[at]),
            Action::Lose { to, message } => {
                format!("lost on the way to {}: {}", NAMES[to], says(message))
            }
            Action::Double { to, message } => {
                format!("doubled on the way to {}: {}", NAMES[to], says(message))
            }
            Action::Overtake { to, message } => {
                format!("overtakes others on the way to {}: {}", NAMES[to], says(message))
            }
            Action::Close { at } => format!("{}'s ledger is closed", NAMES[at]),
            Action::Crash { at } => format!("{}'s site crashes", NAMES[at]),
            Action::Restore { at } => format!("{}'s half is lost and begins anew", NAMES[at]),
            Action::Forge { to, message } => format!("forged to {}: {}", NAMES[to], says(message)),
        }
    }

    pub(super) fn picture(&self, state: &State) -> String {
        let half = |at: usize| {
            let half = self.machine.half_words(state.halves[at]);
            let on_way = state.net[at].items().iter().map(|&message| self.machine.says(message));
            let on_way: Vec<String> = on_way.collect();
            match on_way.is_empty() {
                true => format!("{} {half}", NAMES[at]),
                false => format!("{} {half} <- [{}]", NAMES[at], on_way.join("; ")),
            }
        };
        format!("{} | {}", half(0), half(1))
    }
}

impl Machine {
    /// An act in a few words.
    pub(super) fn act_words(&self, act: Act) -> String {
        match act {
            Act::Offer { again: false } => "offers".to_owned(),
            Act::Offer { again: true } => "offers in other words".to_owned(),
            Act::Accept => "accepts".to_owned(),
            Act::Refuse => "refuses".to_owned(),
            Act::Withdraw => "asks for the offer back".to_owned(),
            Act::Remind => "reminds".to_owned(),
            Act::Compare => "asks for all".to_owned(),
            Act::Tick => "looks at the clock".to_owned(),
            Act::Deliver(message) => format!("hears: {}", self.says(message)),
        }
    }

    /// A half in a few words.
    pub(super) fn half_words(&self, half: u32) -> String {
        let facts = self.facts(half);
        let open = facts.governs.map(|(revision, _)| format!(" on revision {revision}"));
        let change = facts.amendment.map(|status| format!(", change {status}"));
        format!("{}{}{}", facts.status, open.unwrap_or_default(), change.unwrap_or_default())
    }

    /// A message in a few words.
    pub(super) fn says(&self, message: u8) -> String {
        let revision = |tally: &Tally| tally.members().revision;
        match self.said(message) {
            Message::Answer { .. } => "cert".to_owned(),
            Message::Answered => "cert received".to_owned(),
            Message::Tally(tally) => {
                let by = match &tally.members().sign {
                    None => "nobody",
                    Some(sign) if sign.stock.is_some() && sign.foil.is_some() => "both",
                    Some(sign) if sign.stock.is_some() => "suzie",
                    Some(_) => "bob",
                };
                format!("revision {} signed by {by}", revision(&tally))
            }
            Message::Received { version } => format!("revision {} received", version.revision),
            Message::Withdraw { version } => format!("give back revision {}", version.revision),
            Message::Ended { version, end } => {
                format!("revision {} ended: {end:?}", version.revision).to_lowercase()
            }
            Message::Ask => "tell me all".to_owned(),
        }
    }
}

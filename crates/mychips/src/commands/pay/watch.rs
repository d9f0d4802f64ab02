//! Where a payment to another site is while its payer waits: a live line on a terminal, and what it says in words.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use protocol::{AgentId, Cuid, PaymentId};
use site::{Attempt, Making, Phase};

use crate::progress::Progress;
use crate::say;
use crate::visit::Visit;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);

/// How many characters of an agent tell it from others, for people.
const SHORT_AGENT: usize = 14;

/// Does something that waits for a payment, and shows meanwhile how far that has come, where anybody sees it.
pub(super) fn shown<T>(
    visit: &Visit,
    user: &Cuid,
    payment: PaymentId,
    what: impl FnOnce() -> T,
) -> T {
    // Only a site that is served pays others; and without a terminal nobody looks.
    if !visit.is_served() || !Progress::is_seen() {
        return what();
    }
    let (over, is_over) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let (progress, mut told) = (Progress::of("asking the site"), 1);
            while is_over.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                // What cannot be seen now is seen the next time.
                let Some(making) = making(visit, user, payment) else { continue };
                if let Some(Attempt { number, before: Some(why) }) = making.attempt
                    && number > told
                {
                    told = number;
                    progress.leaves(&format!("Attempt {} came to nothing: {why}", number - 1));
                }
                progress.says_fitting(&line(&making));
            }
        });
        let done = what();
        drop(over);
        done
    })
}

/// A payment that is being made, as far as the site says so.
pub(super) fn making(visit: &Visit, user: &Cuid, payment: PaymentId) -> Option<Making> {
    let all = visit.making(Some(user)).ok()?;
    all.into_iter().find(|making| making.payment == payment)
}

/// How far a payment has come, in a line.
fn line(making: &Making) -> String {
    let attempt = match making.attempt {
        Some(Attempt { number, .. }) if number > 1 => format!("attempt {number}: "),
        _ => String::new(),
    };
    let waits = || match &making.unanswered[..] {
        [] => "waiting for the decision".to_owned(),
        unanswered => waits_for(unanswered, &making.unreached),
    };
    let does = match making.phase {
        Phase::Searching => format!("looking for a way to {}", making.payee.cuid),
        Phase::LayingOut => format!("way found{}, asking the sites on it", over(making)),
        Phase::Resting => "resting a moment before it is begun".to_owned(),
        Phase::Begun => format!("laid out{}, not promised yet", over(making)),
        Phase::Promised => format!("promised, {}", waits()),
        Phase::Freed => format!("promised and freed by its users, {}", waits()),
        Phase::Refused => format!("refused by a site on the way, {}", waits()),
        Phase::Decided => "decided, and being done".to_owned(),
    };
    attempt + &does
}

/// Over how much it goes, where that is known.
fn over(making: &Making) -> String {
    let Some(tallies) = making.tallies else { return String::new() };
    let tallies = format!("{} or more", say::counted(tallies.into(), "tally", "tallies"));
    match making.parts {
        None | Some(0 | 1) => format!(" over {tallies}"),
        Some(parts) => format!(" over {tallies} in {parts} parts"),
    }
}

/// Whose decision is missing, briefly.
fn waits_for(unanswered: &[AgentId], unreached: &[AgentId]) -> String {
    match unanswered {
        [one] => {
            let gone = if unreached.contains(one) { ", which cannot be reached" } else { "" };
            format!("waiting for the referee {}{gone}", short(one))
        }
        all => {
            let gone = match unreached.len() {
                0 => String::new(),
                gone => format!(", {gone} of which cannot be reached"),
            };
            format!("waiting for {} referees{gone}", all.len())
        }
    }
}

fn short(agent: &AgentId) -> String {
    let begin: String = agent.to_string().chars().take(SHORT_AGENT).collect();
    begin + "…"
}

#[cfg(test)]
mod tests {
    use protocol::{ChipAddress, SecretKey, Signer as _, Timestamp, Units};
    use site::WhyVoid;

    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::of(&SecretKey::ed25519(&[number; 32]).public_key()).unwrap()
    }

    fn making(phase: Phase) -> Making {
        let payee = ChipAddress { cuid: "dan".parse().unwrap(), agent: agent(9), endpoint: None };
        Making {
            payer: "ann".parse().unwrap(),
            payment: PaymentId::random([1; 16]),
            payee,
            units: Units::new(5_000).unwrap(),
            phase,
            since: Timestamp::from_ms(0).unwrap(),
            attempt: Some(Attempt { number: 1, before: None }),
            tallies: None,
            parts: None,
            lift: None,
            unanswered: Vec::new(),
            unreached: Vec::new(),
        }
    }

    #[test]
    fn a_line_says_where_it_is_and_whom_it_waits_for() {
        assert_eq!(line(&making(Phase::Searching)), "looking for a way to dan");
        let way = |tallies, parts| Making {
            tallies: Some(tallies),
            parts: Some(parts),
            ..making(Phase::LayingOut)
        };
        assert_eq!(line(&way(3, 1)), "way found over 3 tallies or more, asking the sites on it");
        let parts = line(&way(5, 2));
        assert_eq!(parts, "way found over 5 tallies or more in 2 parts, asking the sites on it");
        let (one, other) = (agent(1), agent(2));
        let waits = |unanswered: &[AgentId], unreached: &[AgentId]| {
            line(&Making {
                unanswered: unanswered.to_vec(),
                unreached: unreached.to_vec(),
                ..making(Phase::Promised)
            })
        };
        let name: String = one.to_string().chars().take(14).collect();
        let alone = waits(&[one], &[]);
        assert_eq!(alone, format!("promised, waiting for the referee {name}…"));
        assert_eq!(waits(&[one], &[one]), alone + ", which cannot be reached");
        let two = waits(&[one, other], &[other]);
        assert_eq!(two, "promised, waiting for 2 referees, 1 of which cannot be reached");
        let again = Attempt { number: 2, before: Some(WhyVoid::Busy) };
        let again = Making { attempt: Some(again), ..making(Phase::Resting) };
        assert_eq!(line(&again), "attempt 2: resting a moment before it is begun");
    }
}

//! Networks of real sites in one process, under a virtual clock and over simulated ways, from one seed.
//!
//! First anything may fail and nothing may be wrong: notes are lost, doubled, late and forged, ways are cut,
//! sites crash, go back to older disks, are slow and have wrong clocks, while people open tallies, pay, ask
//! for money, and close. Then the faults stop, and everything has to come to its end. An auditor that was
//! written from the text of the protocol looks after every step.
//!
//! * `life.rs` the queue of what happens, one step after the other; `quiet.rs` when all of it is over; `dice.rs`, `world.rs` chance and time;
//! * `place.rs` a site and its disks, `road.rs` the way between sites, `faults.rs` what fails, `forge.rs` who lies;
//! * `person.rs` people and their devices, `asks.rs` what these ask, `deeds.rs` and `bills.rs` what people
//!   do, `device.rs` what a device keeps and brings back;
//! * `auditor/` what must hold, by the names in `broken.rs`;
//! * `errands.rs` what agents say to each other beside notes, lifts that are looked after, and who decides them;
//!   `liars.rs` sites that lie together about lifts, `lies.rs` and `made_up.rs` what they say, `false_referee.rs` a
//!   referee that lies;
//!   `strangers.rs` payments to people at other sites, `around.rs` debts that clear across sites;
//!   `busy.rs` networks in which there is much to lift, `freeing.rs` what people free that nobody decides;
//!   `newer.rs` what only networks of later seeds have;
//! * `trace.rs`, `words.rs` what happened, in lines; `report.rs` how it ended.

mod around;
mod asks;
mod auditor;
mod bills;
mod broken;
mod busy;
mod deeds;
mod device;
mod dice;
mod elsewhere;
mod errands;
mod false_referee;
mod faults;
mod forge;
mod freeing;
mod liars;
mod lies;
mod life;
mod made_up;
mod newer;
mod person;
mod place;
mod quiet;
mod report;
mod road;
mod strangers;
mod trace;
mod words;
mod world;

pub use broken::Invariant;
pub use report::{Failure, Report};
pub use site::Planted;

use broken::{Broken, Sim};
use life::Net;

/// The longest that a network may take to come to its end once faults have stopped, in milliseconds of
/// its own time: letters that failed often are tried again after at most a quarter of an hour.
const HEALING_MS: i64 = 40 * 60_000;

/// How many deadlines that are hours ahead are waited for at most.
const MOST_WAITS: u32 = 256;

/// How long is waited between two looks whether everything has come to its end, in milliseconds.
const LOOK_MS: i64 = 20_000;

/// How a network ended.
#[derive(Clone, Debug)]
pub struct Lived {
    /// How it ended.
    pub ended: Result<Report, Box<Failure>>,
    /// All that happened, a line each.
    pub trace: String,
}

/// How long sites have to mend what they can before people tell each other by hand, in milliseconds.
const BY_HAND_MS: i64 = 120_000;

/// The stack of a network's thread.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Tallies, and what is on them.
    Tallies,
    /// The same, and people pay strangers at other sites by lifts, and sites clear around each other.
    Lifts,
    /// The same, and some sites lie together about lifts, and a referee where there are four.
    Liars,
}

/// Lets the network of a seed live; with a fault that was planted into its sites, where that is wanted. It
/// takes about a second, with lifts some, and gives the same for the same.
#[must_use]
pub fn live(seed: u64, life: Life, planted: Option<Planted>) -> Lived {
    // People, devices and whole sites call each other on one stack: in debug builds more than a thread has.
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let lived = thread
        .spawn(move || on_this_thread(seed, life, planted))
        .map(std::thread::JoinHandle::join);
    match lived {
        Ok(Ok(lived)) => lived,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            let broken = Broken::harness(&error.to_string());
            let (step, shown) = (0, String::new());
            let failure = Failure { seed, life, planted, step, broken, shown };
            Lived { ended: Err(Box::new(failure)), trace: String::new() }
        }
    }
}

fn on_this_thread(seed: u64, life: Life, planted: Option<Planted>) -> Lived {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let failed = |broken: Broken, net: Option<&Net>| {
        let (step, shown) = net
            .map_or((0, String::new()), |net| (net.counts.steps, net.trace.shown(&broken.names)));
        Err(Box::new(Failure { seed, life, planted, step, broken, shown }))
    };
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let broken = Broken::harness(&error.to_string());
            return Lived { ended: failed(broken, None), trace: String::new() };
        }
    };
    runtime.block_on(async {
        let mut net = match Net::founded(seed, life, planted).await {
            Ok(net) => net,
            Err(broken) => return Lived { ended: failed(broken, None), trace: String::new() },
        };
        let ended = match through(&mut net, seed).await {
            Ok(report) => Ok(report),
            Err(broken) => failed(broken, Some(&net)),
        };
        Lived { ended, trace: net.trace.all() }
    })
}

async fn through(net: &mut Net, seed: u64) -> Sim<Report> {
    let began = net.now();
    while net.now() < net.until_ms {
        if !net.step().await? {
            break;
        }
    }
    net.heals().await?;
    let healing = net.now();
    let (mut next, mut most) = (healing + LOOK_MS, healing + HEALING_MS);
    let mut waits = 0;
    loop {
        // Some devices wait for what two sites that moved will never say.
        net.by_hand |= net.now() > healing + BY_HAND_MS;
        if net.now() > most {
            return Err(Broken::new(Invariant::Finish, net.unfinished().await?));
        }
        if net.now() >= next {
            next = net.now() + LOOK_MS;
            if net.is_quiet().await? {
                let Some(lock) = net.locked() else { break };
                waits += 1;
                if waits > MOST_WAITS {
                    return Err(Broken::new(Invariant::Finish, net.unfinished().await?));
                }
                net.waits_for(&lock);
                most = net.now() + HEALING_MS;
            }
        }
        if !net.step().await? {
            break;
        }
    }
    for number in 0..net.places.len() {
        net.look(number).await?;
    }
    let ending = net.auditor.end(&net.places, &net.people, &net.trace, net.now()).await?;
    Ok(Report {
        seed,
        sites: net.places.len(),
        people: net.people.len(),
        counts: net.counts,
        wild_ms: healing - began,
        healing_ms: net.now() - healing,
        digest: net.trace.digest(),
        ending,
    })
}

//! The table is kept: who may send what, how large, how much may wait.

use std::sync::Arc;
use std::time::Duration;

use protocol::AgentId;
use protocol::address::Transport;
use protocol::mail::MOST_NOTES;
use tokio::task::JoinSet;
use wire::{Inbox, Kind, Limits, Listen, NotSent, Refused, TABLE, Who, Wire};

use crate::sites::{Desk, Site, agent, key, limits, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_say_what_proves_itself_and_nothing_else() {
    let desk = Desk::knowing([]);
    let quernby = Site::start_with(1, Transport::Tcp, desk, limits()).await;
    let stranger = Site::start(50, Transport::Tcp).await;
    for row in &TABLE {
        let said = stranger.say(&quernby, row.kind, "hello").await;
        match row.from {
            Who::Anyone => assert!(said.is_ok(), "{said:?}"),
            Who::Partner => {
                let (agent, kind) = (quernby.agent(), row.kind);
                assert_eq!(said, Err(NotSent::NotKnown { agent, kind }));
            }
        }
    }
    let kinds: Vec<_> = quernby.desk.came().into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, [Kind::Answer, Kind::Invitation, Kind::Moved, Kind::Decision]);
    assert_eq!(quernby.wire.counts().not_known, 5);

    // A tally makes the stranger a partner's agent.
    quernby.desk.meet(stranger.agent());
    stranger.say(&quernby, Kind::Tally, "an offer").await.unwrap();
    assert_eq!(quernby.desk.came().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_that_insists_is_cut_off() {
    let quernby = Site::start_with(1, Transport::Tcp, Desk::knowing([]), Limits::default()).await;
    let stranger = Site::start(50, Transport::Tcp).await;
    let mut refused = 0;
    while quernby.wire.counts().cut_off == 0 {
        assert!(refused < 100, "never cut off");
        stranger.say(&quernby, Kind::Chain, "hello").await.unwrap_err();
        refused += 1;
    }
    assert!(refused > 5, "cut off after {refused}");
    assert!(quernby.desk.came().is_empty());
    // Nor does this side speak to it.
    let why = quernby.say(&stranger, Kind::Chain, "hello").await.unwrap_err();
    assert!(matches!(why, NotSent::CutOff { agent, .. } if agent == stranger.agent()), "{why}");
    // What anyone may say, it may not say either.
    let why = stranger.say(&quernby, Kind::Answer, "hello").await.unwrap_err();
    assert!(matches!(why, NotSent::Broken { .. } | NotSent::Unreachable { .. }), "{why}");
}

/// A message about decisions that counts for a good part of what strangers may say; the answer to it is as long.
fn long() -> String {
    "x".repeat(Kind::Decision.row().max_bytes / 2)
}

/// Strangers say as much about decisions as all of them together may.
async fn crowd(quernby: &Site, strangers: &[Site]) {
    for stranger in strangers {
        while stranger.say(quernby, Kind::Decision, &long()).await.is_ok() {}
    }
}

/// Strangers go on until this one has to wait, too: why.
async fn has_to_wait(quernby: &Site, strangers: &[Site], one: &Site) -> String {
    for _ in 0..20 {
        crowd(quernby, strangers).await;
        if let Err(why) = one.say(quernby, Kind::Decision, &long()).await {
            assert!(matches!(why, NotSent::Later { .. }), "{why}");
            return why.to_string();
        }
    }
    panic!("it never has to wait")
}

/// Referees of which the site's inbox says so are heard though strangers say all that they may; each no more than its own rate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_do_not_crowd_out_what_referees_say() {
    let quernby = Site::start_with(1, Transport::Tcp, Desk::knowing([]), limits()).await;
    let first = Site::start(60, Transport::Tcp).await;
    let second = Site::start(61, Transport::Tcp).await;
    quernby.desk.accept(first.agent());
    first.say(&quernby, Kind::Decision, "hello").await.unwrap();
    second.say(&quernby, Kind::Decision, "hello").await.unwrap();
    let strangers = [Site::start(50, Transport::Tcp).await, Site::start(51, Transport::Tcp).await];
    // Nobody said so of this one.
    let why = has_to_wait(&quernby, &strangers, &second).await;
    assert!(why.contains("of strangers"), "{why}");
    crowd(&quernby, &strangers).await;
    let mut taken = 0;
    let why = loop {
        match first.say(&quernby, Kind::Decision, &long()).await {
            Ok(_) => taken += 1,
            Err(why) => break why.to_string(),
        }
        assert!(taken < 1_000, "no rate is kept");
    };
    assert!(taken > 15 && !why.contains("of strangers"), "{taken}: {why}");
    assert_eq!(quernby.wire.counts().cut_off, 0);
}

/// Whoever asks about a lift names its referees, and those are told of it: that makes none of them a partner's agent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_that_was_told_of_a_decision_is_a_stranger() {
    let quernby = Site::start_with(1, Transport::Tcp, Desk::knowing([]), limits()).await;
    let named = Site::start(60, Transport::Tcp).await;
    quernby.say(&named, Kind::Decision, "a lift that you decide too").await.unwrap();
    let strangers = [Site::start(50, Transport::Tcp).await, Site::start(51, Transport::Tcp).await];
    let why = has_to_wait(&quernby, &strangers, &named).await;
    assert!(why.contains("of strangers"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_does_not_leave() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let highfold = Site::start(2, Transport::Tcp).await;
    for row in &TABLE {
        let text = "x".repeat(row.max_bytes + 1);
        let why = quernby.say(&highfold, row.kind, &text).await.unwrap_err();
        let (kind, most) = (row.kind, row.max_bytes);
        assert_eq!(why, NotSent::TooLarge { kind, bytes: most + 1, most });
    }
    assert_eq!(highfold.wire.counts().connections, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_refuses_with_words_and_may_fail() {
    let quernby = Site::start(1, Transport::Quic).await;
    let highfold = Site::start(2, Transport::Quic).await;
    let agent = highfold.agent();
    let why = quernby.say(&highfold, Kind::Chain, "no").await.unwrap_err();
    assert_eq!(why, NotSent::Refused { agent, reason: "we do not want it".to_owned() });
    let why = quernby.say(&highfold, Kind::Chain, "later").await.unwrap_err();
    assert!(
        matches!(&why, NotSent::Later { reason, .. } if reason == "the store is away"),
        "{why}"
    );
    let why = quernby.say(&highfold, Kind::Chain, "panic").await.unwrap_err();
    assert!(
        matches!(&why, NotSent::Later { reason, .. } if reason.contains("failed over it")),
        "{why}"
    );
    quernby.say(&highfold, Kind::Chain, "hello").await.unwrap();
    let counts = highfold.wire.counts();
    assert_eq!((counts.refused, counts.busy, counts.inbox_failed, counts.taken), (1, 1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_too_much_waits_the_sender_is_told_later() {
    let few = Limits { waiting_per_agent: 8, at_work: 4, ..limits() };
    let desk = Desk::with_door((0..40).map(agent), 0);
    let highfold = Arc::new(Site::start_with(2, Transport::Tcp, desk, few).await);
    let quernby = Arc::new(Site::start(1, Transport::Tcp).await);
    let saltreach = Site::start(3, Transport::Tcp).await;
    let mut all = JoinSet::new();
    for n in 0..40 {
        let (quernby, highfold) = (Arc::clone(&quernby), Arc::clone(&highfold));
        all.spawn(async move { quernby.say(&highfold, Kind::Chain, &format!("{n}")).await });
    }
    until("eight wait, the others are sent away", || async { highfold.wire.counts().busy == 32 })
        .await;
    assert_eq!(highfold.desk.came().len(), 4, "the inbox is given more than it takes at once");
    // Another agent finds room.
    highfold.desk.door.add_permits(41);
    saltreach.say(&highfold, Kind::Chain, "hello").await.unwrap();
    let (mut taken, mut later) = (0, 0);
    while let Some(said) = all.join_next().await {
        match said.unwrap() {
            Ok(_) => taken += 1,
            Err(NotSent::Later { agent, .. }) if agent == highfold.agent() => later += 1,
            Err(why) => panic!("{why}"),
        }
    }
    assert_eq!((taken, later), (8, 32));
    assert_eq!(highfold.wire.counts().cut_off, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_keeps_the_rate_by_itself() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let highfold = Site::start(2, Transport::Tcp).await;
    let burst = Kind::Invoice.row().rate.burst;
    let mut taken = 0;
    let why = loop {
        match quernby.say(&highfold, Kind::Invoice, "hello").await {
            Ok(_) => taken += 1,
            Err(why) => break why,
        }
        assert!(taken <= burst, "no rate is kept");
    };
    assert!(matches!(why, NotSent::Later { after_ms: 1.., .. }), "{why}");
    assert!(taken > burst / 2);
    let counts = highfold.wire.counts();
    assert_eq!((counts.over_rate, counts.cut_off), (0, 0));
    // Other kinds are not held up.
    quernby.say(&highfold, Kind::Chain, "hello").await.unwrap();
}

/// Answers each message with all that a receipt holds.
struct Talkative;

impl Inbox for Talkative {
    async fn knows(&self, _: AgentId) -> Result<bool, Refused> {
        Ok(true)
    }

    async fn receive(&self, _: AgentId, _: Kind, _: Vec<u8>) -> Result<Vec<u8>, Refused> {
        Ok(format!("fates{}", "\nnote".repeat(MOST_NOTES)).into_bytes())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_is_heard_and_slows_down_what_is_said() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let listen = [Listen::loopback(Transport::Tcp)];
    let highfold = Wire::start(&key(2), &listen, limits(), Arc::new(Talkative)).await.unwrap();
    let says =
        async |kind| quernby.say_at(highfold.agent(), &highfold.listening(), kind, "hello").await;
    let mut answers = 0;
    let why = loop {
        match says(Kind::Invoice).await {
            Ok(answer) => {
                answers += 1;
                assert_eq!(answer.lines().count(), 1 + MOST_NOTES, "all of it is heard");
            }
            Err(why) => break why,
        }
    };
    let burst = Kind::Invoice.row().rate.burst as usize;
    assert!((burst..2 * burst).contains(&(answers * MOST_NOTES)), "{answers} answers");
    let NotSent::Later { after_ms, .. } = why else { panic!("{why}") };
    assert_eq!(quernby.wire.counts().cut_off, 0, "it may not know");
    assert!(says(Kind::Chain).await.is_ok(), "other kinds are not held up");
    tokio::time::sleep(Duration::from_millis(after_ms)).await;
    assert!(says(Kind::Invoice).await.is_ok(), "what came back is paid for");
}

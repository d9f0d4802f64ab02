//! Agents that nobody can call, and others that are called in their place: who may, how much, and that a
//! relay reads nothing of what it hands on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::address::{Endpoint, Transport};
use tokio::runtime::{Builder, Runtime};
use wire::{Kind, Limits, Listen, NotSent, Wire};

use crate::line::{Line, MARKER, tcp_line};
use crate::sites::{Desk, LONG, Site, agent, key, limits, until};

/// Soon tells that somebody is gone, and soon asks again.
fn quick() -> Limits {
    Limits {
        silent: Duration::from_secs(2),
        ask_again: Duration::from_millis(50),
        ask_again_most: Duration::from_millis(400),
        ..limits()
    }
}

/// One that listens nowhere, as behind a router.
async fn hidden(n: u8, knows: &[u8]) -> Site {
    let desk = Desk::knowing(knows.iter().copied().map(agent));
    let wire = Wire::start(&key(n), &[], quick(), Arc::clone(&desk)).await.unwrap();
    Site { wire, desk }
}

/// One that is called for agents that it knows.
async fn relay(n: u8, transport: Transport, knows: &[u8], limits: Limits) -> Site {
    let desk = Desk::knowing(knows.iter().copied().map(agent));
    Site::start_with(n, transport, desk, limits).await
}

/// Where an agent is found through a relay.
fn through(relay: &Site) -> Endpoint {
    Endpoint { relay: Some(relay.agent()), ..relay.at()[0].clone() }
}

async fn is_reserved(site: &Site) {
    until("the relay is called for it", || async { site.wire.reserved().is_some() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_nobody_can_call_is_reached_through_a_relay() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let between = relay(3, transport, &[1], quick()).await;
        let ann = hidden(1, &[2]).await;
        let place = through(&between);
        ann.wire.reserve(place.clone()).await;
        is_reserved(&ann).await;
        assert_eq!(ann.wire.reserved(), Some(place.clone()));
        assert_eq!(ann.wire.listening(), [], "a relay is no place of its own");

        // Whoever calls is known to the relay or not.
        let bob = hidden(2, &[1]).await;
        let answered = bob.say_at(agent(1), &[place], Kind::Chain, "hello").await.unwrap();
        assert_eq!(answered, format!("{} chain hello", agent(2)));
        assert_eq!(ann.desk.came().len(), 1);
        assert_eq!(between.desk.came(), [], "what is handed on is nobody else's");
        let counts = between.wire.counts();
        assert_eq!((counts.circuits, counts.taken, counts.cut_off), (1, 0, 0));
        // And back, over the same line.
        ann.say_at(agent(2), &[], Kind::Chain, "and back").await.unwrap();
        assert_eq!(bob.desk.came().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_reads_nothing_of_what_it_hands_on() {
    let between = relay(3, Transport::Tcp, &[1], quick()).await;
    // All that goes into the relay and out of it.
    let line = Arc::new(Line::default());
    let before = tcp_line(Arc::clone(&line), between.at()[0].port).await;
    let place = Endpoint { relay: Some(between.agent()), ..before };
    let ann = hidden(1, &[2]).await;
    ann.wire.reserve(place.clone()).await;
    is_reserved(&ann).await;
    let bob = hidden(2, &[1]).await;
    let said = std::str::from_utf8(MARKER).unwrap();
    for _ in 0..20 {
        bob.say_at(agent(1), std::slice::from_ref(&place), Kind::Chain, said).await.unwrap();
    }
    assert!(line.len() > 20 * MARKER.len() * 2, "it passed twice");
    assert!(!line.has(MARKER), "it can be read");
    // The relay's own lines are encrypted too: neither can whoever listens there read who speaks.
    assert!(!line.has(agent(1).to_string().as_bytes()));

    // Somebody else at the end of a relay's line is found out: identities are from end to end.
    let why = bob.say_at(agent(4), &[place], Kind::Chain, said).await.unwrap_err();
    assert!(matches!(why, NotSent::Unreachable { .. }), "{why}");
    until("refused", || async { between.wire.counts().circuits_refused == 1 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_have_no_relay() {
    let between = relay(3, Transport::Tcp, &[1], quick()).await;
    let eve = hidden(50, &[]).await;
    eve.wire.reserve(through(&between)).await;
    until("refused, and again", || async { between.wire.counts().relay_refused > 1 }).await;
    assert_eq!(eve.wire.reserved(), None);
    assert_eq!(between.wire.counts().relay_reserved, 0);
    // Once she is a partner's, she has.
    between.desk.meet(agent(50));
    eve.say(&between, Kind::Tally, "hello").await.unwrap();
    is_reserved(&eve).await;
    assert!(eve.wire.counts().relay_lost > 1);

    // One that is nobody's relay.
    let none = Limits { relayed: 0, ..quick() };
    let nobodys = relay(4, Transport::Tcp, &[1], none).await;
    let ann = hidden(1, &[]).await;
    ann.wire.reserve(through(&nobodys)).await;
    until("not taken", || async { ann.wire.counts().relay_lost > 1 }).await;
    assert_eq!(ann.wire.reserved(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_reservations_and_lines_than_the_limits() {
    let few = Limits { relayed: 2, circuits_per_agent: 1, ..quick() };
    let between = relay(3, Transport::Tcp, &[1, 2, 4], few).await;
    let mut inside = Vec::new();
    for n in [1, 2] {
        let site = hidden(n, &[9]).await;
        site.wire.reserve(through(&between)).await;
        is_reserved(&site).await;
        inside.push(site);
    }
    let third = hidden(4, &[9]).await;
    third.wire.reserve(through(&between)).await;
    until("refused", || async { between.wire.counts().relay_refused > 0 }).await;
    assert_eq!(third.wire.reserved(), None);

    let caller = hidden(9, &[]).await;
    let place = [through(&between)];
    caller.say_at(agent(1), &place, Kind::Chain, "hello").await.unwrap();
    let why = caller.say_at(agent(2), &place, Kind::Chain, "hello").await.unwrap_err();
    assert!(matches!(why, NotSent::Unreachable { .. }), "{why}");
    assert_eq!(between.wire.counts().circuits_refused, 1);

    // Whoever goes makes room.
    inside.remove(0).wire.shutdown().await;
    is_reserved(&third).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_carried_its_share_ends_and_another_goes_on() {
    let little = Limits { circuit_bytes: 64 * 1024, ..quick() };
    let between = relay(3, Transport::Tcp, &[1], little).await;
    let ann = hidden(1, &[2]).await;
    ann.wire.reserve(through(&between)).await;
    is_reserved(&ann).await;
    let bob = hidden(2, &[1]).await;
    let (said, place) = ("x".repeat(10_000), [through(&between)]);
    for n in 0..20 {
        let begun = tokio::time::Instant::now();
        // What was broken off is said again, as letters are.
        while let Err(why) = bob.say_at(agent(1), &place, Kind::Chain, &said).await {
            assert!(why.may_pass() && begun.elapsed() < LONG, "message {n}: {why}");
        }
    }
    assert!(between.wire.counts().circuits > 2, "{:?}", between.wire.counts());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_answers_at_one_of_its_places_only_is_enough() {
    let between = relay(3, Transport::Tcp, &[1], quick()).await;
    let ann = hidden(1, &[2]).await;
    let place = through(&between);
    ann.wire.reserve(place.clone()).await;
    is_reserved(&ann).await;
    // Nobody answers there any more, and it takes a while to find out.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let dead = Endpoint { port, transport: Transport::Quic, ..place.clone() };
    let desk = Desk::knowing([agent(1)]);
    let soon = Limits { open_within: Duration::from_secs(1), ..quick() };
    let wire = Wire::start(&key(2), &[], soon, Arc::clone(&desk)).await.unwrap();
    let bob = Site { wire, desk };
    bob.say_at(agent(1), &[dead, place], Kind::Chain, "hello").await.unwrap();
}

/// A relay in a runtime of its own, which can be killed.
fn mortal(at: SocketAddr) -> (Runtime, Site) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listen = [Listen { address: at, transport: Transport::Tcp }];
    let desk = Desk::knowing([agent(1)]);
    let wire = runtime.block_on(Wire::start(&key(3), &listen, quick(), Arc::clone(&desk)));
    (runtime, Site { wire: wire.unwrap(), desk })
}

#[test]
fn a_relay_that_was_away_is_asked_again() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (life, between) = mortal("127.0.0.1:0".parse().unwrap());
    let (ann, bob) = runtime.block_on(async { (hidden(1, &[2]).await, hidden(2, &[1]).await) });
    let place = through(&between);
    runtime.block_on(async {
        ann.wire.reserve(place.clone()).await;
        is_reserved(&ann).await;
        bob.say_at(agent(1), std::slice::from_ref(&place), Kind::Chain, "hello").await.unwrap();
    });
    life.shutdown_background();
    runtime.block_on(until("lost", || async { ann.wire.reserved().is_none() }));

    let address = format!("127.0.0.1:{}", place.port).parse().unwrap();
    let (_life, _between) = mortal(address);
    runtime.block_on(async {
        is_reserved(&ann).await;
        assert_eq!(ann.wire.reserved(), Some(place.clone()));
        let begun = tokio::time::Instant::now();
        let again = [place];
        while let Err(why) = bob.say_at(agent(1), &again, Kind::Chain, "hello again").await {
            assert!(begun.elapsed() < LONG, "{why}");
        }
    });
    assert_eq!(ann.desk.came().len(), 2);
}

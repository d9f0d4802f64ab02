//! The end: what waits hears of it, what is at work is answered, ports are free.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::address::Transport;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wire::{Kind, Limits, Listen, NotSent, Wire};

use crate::sites::{Desk, LONG, Site, agent, key, limits, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_not_sent_and_ports_are_free() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = Arc::new(Site::start(1, transport).await);
        let desk = Desk::with_door([agent(1)], 0);
        let highfold = Arc::new(Site::start_with(2, transport, desk, limits()).await);
        let mut all = JoinSet::new();
        for n in 0..40 {
            let (quernby, highfold) = (Arc::clone(&quernby), Arc::clone(&highfold));
            all.spawn(async move { quernby.say(&highfold, Kind::Chain, &format!("{n}")).await });
        }
        until("some are at work", || async { !highfold.desk.came().is_empty() }).await;
        let port = quernby.at()[0].port;
        quernby.wire.shutdown().await;
        while let Some(said) = all.join_next().await {
            assert_eq!(said.unwrap(), Err(NotSent::ShutDown));
        }
        let why = quernby.say_at(agent(2), &[], Kind::Chain, "late").await.unwrap_err();
        assert_eq!(why, NotSent::ShutDown);
        assert!(quernby.wire.listening().is_empty());
        assert!(quernby.wire.addresses(agent(2)).await.is_empty());
        // Again, and on a copy: nothing more happens.
        quernby.wire.clone().shutdown().await;

        let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
        if transport == Transport::Tcp {
            drop(TcpListener::bind(address).await.unwrap());
        }
        let listen = [Listen { address, transport }];
        let next = Wire::start(&key(1), &listen, limits(), Desk::knowing([])).await.unwrap();
        assert_eq!(next.listening()[0].port, port);
        next.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_at_work_is_answered() {
    let quernby = Arc::new(Site::start(1, Transport::Tcp).await);
    let desk = Desk::with_door([agent(1)], 0);
    let highfold = Arc::new(Site::start_with(2, Transport::Tcp, desk, limits()).await);
    let (from, to) = (Arc::clone(&quernby), Arc::clone(&highfold));
    let asked = tokio::spawn(async move { from.say(&to, Kind::Chain, "at work").await });
    until("it is at work", || async { highfold.desk.came().len() == 1 }).await;

    let wire = highfold.wire.clone();
    let ends = tokio::spawn(async move { wire.shutdown().await });
    // From now on what comes is told "later".
    until("nothing new is taken", || async {
        let within = Duration::from_secs(2);
        let said = quernby.wire.send(agent(2), &[], Kind::Chain, b"new", within).await;
        matches!(said, Err(NotSent::Later { .. }))
    })
    .await;
    assert!(!ends.is_finished(), "ended over what is at work");
    highfold.desk.door.add_permits(100);
    assert!(asked.await.unwrap().is_ok());
    ends.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_hears_of_the_end_before_it() {
    let closed = || Desk::with_door([agent(1), agent(2)], 0);
    let quernby = Arc::new(Site::start_with(1, Transport::Tcp, closed(), limits()).await);
    let long = Limits { drain: LONG, ..limits() };
    let highfold = Arc::new(Site::start_with(2, Transport::Tcp, closed(), long).await);
    let say = |from: &Arc<Site>, to: &Arc<Site>| {
        let (from, to) = (Arc::clone(from), Arc::clone(to));
        tokio::spawn(async move { from.say(&to, Kind::Chain, "hello").await })
    };
    let (_there, back) = (say(&quernby, &highfold), say(&highfold, &quernby));
    until("both are at work", || async {
        !highfold.desk.came().is_empty() && !quernby.desk.came().is_empty()
    })
    .await;
    let wire = highfold.wire.clone();
    let ends = tokio::spawn(async move { wire.shutdown().await });
    assert_eq!(back.await.unwrap(), Err(NotSent::ShutDown));
    assert!(!ends.is_finished(), "did not wait for what is at work");
    highfold.desk.door.add_permits(1);
    ends.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_never_answers_does_not_hold_up_the_end() {
    let quernby = Arc::new(Site::start(1, Transport::Tcp).await);
    let never = LONG * 60;
    let soon = Limits { drain: Duration::from_millis(50), answer_within: never, ..limits() };
    let desk = Desk::with_door([agent(1)], 0);
    let highfold = Arc::new(Site::start_with(2, Transport::Tcp, desk, soon).await);
    let (from, to) = (Arc::clone(&quernby), Arc::clone(&highfold));
    let asked = tokio::spawn(async move { from.say(&to, Kind::Chain, "at work").await });
    until("it is at work", || async { highfold.desk.came().len() == 1 }).await;
    assert!(timeout(LONG, highfold.wire.shutdown()).await.is_ok(), "waits for the inbox");
    assert!(asked.await.unwrap().unwrap_err().may_pass());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_last_handle_is_dropped_the_wire_ends() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let port = quernby.at()[0].port;
    let desk = Arc::downgrade(&quernby.desk);
    drop(quernby);
    until("the inbox is let go", || async { desk.upgrade().is_none() }).await;
    until("the port is free", || async { TcpListener::bind(("127.0.0.1", port)).await.is_ok() })
        .await;
}

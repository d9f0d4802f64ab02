//! Agents that move, die and come back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::address::{Endpoint, Transport};
use tokio::runtime::{Builder, Runtime};
use wire::{Kind, Limits, Listen, NotSent, Wire};

use crate::sites::{Desk, Site, agent, key, limits, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_answers_elsewhere_is_found_when_told() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = Site::start(1, transport).await;
        let before = Site::start(2, transport).await;
        quernby.say(&before, Kind::Chain, "hello").await.unwrap();
        before.wire.shutdown().await;

        let after = Site::start(2, transport).await;
        assert_ne!(after.at(), before.wire.listening());
        // By the address that comes with a message, or told before.
        quernby.say(&after, Kind::Chain, "with its address").await.unwrap();
        assert_eq!(after.desk.came().len(), 1);
        after.wire.shutdown().await;

        let again = Site::start(2, transport).await;
        quernby.wire.learn(again.agent(), again.at()).await;
        quernby.say_at(again.agent(), &[], Kind::Chain, "told before").await.unwrap();
        assert_eq!(quernby.wire.addresses(again.agent()).await[..1], again.at());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partners_agent_says_where_else_it_answers() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let both = [Listen::loopback(Transport::Tcp), Listen::loopback(Transport::Quic)];
    let desk = Desk::knowing([agent(1)]);
    let highfold = Wire::start(&key(2), &both, limits(), Arc::clone(&desk)).await.unwrap();
    let at = highfold.listening();
    quernby.say_at(agent(2), &at[..1], Kind::Chain, "hello").await.unwrap();
    until("its other address is heard", || async { quernby.wire.addresses(agent(2)).await == at })
        .await;
    // And the other way: whoever called was heard to answer itself.
    until("the caller's address is heard", || async {
        highfold.addresses(agent(1)).await == quernby.at()
    })
    .await;

    // A stranger is not followed.
    let stranger = Site::start(50, Transport::Tcp).await;
    stranger.say(&quernby, Kind::Answer, "hello").await.unwrap();
    for _ in 0..40 {
        assert!(quernby.wire.addresses(agent(50)).await.is_empty());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Until it is a partner's.
    quernby.desk.meet(agent(50));
    stranger.say(&quernby, Kind::Tally, "hello").await.unwrap();
    until("its address is heard", || async {
        quernby.wire.addresses(agent(50)).await == stranger.at()
    })
    .await;
}

/// An agent in a runtime of its own, which can be killed.
fn mortal(n: u8, at: SocketAddr, transport: Transport, open: usize) -> (Runtime, Site) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listen = [Listen { address: at, transport }];
    let desk = Desk::with_door([agent(1)], open);
    let wire = runtime.block_on(Wire::start(&key(n), &listen, limits(), Arc::clone(&desk)));
    (runtime, Site { wire: wire.unwrap(), desk })
}

fn dies_and_comes_back(transport: Transport) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Whoever is killed does not say goodbye over QUIC.
    let soon = Limits { silent: Duration::from_secs(2), ..limits() };
    let quernby = Site::start_with(1, transport, Desk::knowing([agent(2)]), soon);
    let quernby = Arc::new(runtime.block_on(quernby));
    let (life, highfold) = mortal(2, "127.0.0.1:0".parse().unwrap(), transport, 0);
    let at: Vec<Endpoint> = highfold.at();
    let port = at[0].port;

    let (from, to) = (Arc::clone(&quernby), highfold.agent());
    let asked =
        runtime.spawn(async move { from.say_at(to, &at, Kind::Chain, "in the middle").await });
    runtime.block_on(until("it is at work", || async { highfold.desk.came().len() == 1 }));
    life.shutdown_background();
    let why = runtime.block_on(asked).unwrap().unwrap_err();
    assert!(matches!(why, NotSent::Unreachable { .. } | NotSent::Broken { .. }), "{why}");
    assert!(why.may_pass());

    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let (_life, highfold) = mortal(2, address, transport, 9);
    runtime.block_on(async {
        quernby.say_at(highfold.agent(), &[], Kind::Chain, "and back").await.unwrap();
    });
    let came: Vec<_> = highfold.desk.came().into_iter().map(|(.., text)| text).collect();
    assert_eq!(came, [b"and back"]);
}

#[test]
fn killed_in_the_middle_of_a_message_and_back_over_tcp() {
    dies_and_comes_back(Transport::Tcp);
}

#[test]
fn killed_in_the_middle_of_a_message_and_back_over_quic() {
    dies_and_comes_back(Transport::Quic);
}

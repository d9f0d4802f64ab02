//! Two agents say hello, over TCP and over QUIC.

use protocol::address::{DnsName, Endpoint, Host, Transport};
use wire::{Kind, Limits, Listen, NotSent, StartError, Wire};

use crate::sites::{Desk, Site, agent, answer, key, limits};

async fn say_hello(transport: Transport) {
    let quernby = Site::start(1, transport).await;
    let highfold = Site::start(2, transport).await;
    assert_eq!(highfold.at()[0].transport, transport);
    assert_ne!(highfold.at()[0].port, 0);

    for kind in Kind::ALL {
        let heard = quernby.say(&highfold, kind, "hello").await.unwrap();
        assert_eq!(heard.as_bytes(), answer(quernby.agent(), kind, b"hello"));
    }
    let came: Vec<_> = highfold.desk.came();
    assert_eq!(came.len(), Kind::ALL.len());
    assert!(came.iter().all(|(from, _, text)| *from == quernby.agent() && text == b"hello"));

    // The way back needs no address: the connection is there.
    let heard = highfold.say_at(quernby.agent(), &[], Kind::Chain, "and you").await.unwrap();
    assert_eq!(heard.as_bytes(), answer(highfold.agent(), Kind::Chain, b"and you"));
    assert_eq!(quernby.wire.counts().connections, 1);
    assert_eq!(highfold.wire.counts().connections, 1);
    let all = u64::try_from(Kind::ALL.len()).unwrap();
    assert_eq!(quernby.wire.counts().sent, all);
    assert_eq!(highfold.wire.counts().taken, all);
    assert_eq!(highfold.wire.counts().bytes_in, 5 * all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_over_tcp() {
    say_hello(Transport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_over_quic() {
    say_hello(Transport::Quic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_agent_listens_over_both_and_one_needs_no_listening() {
    let both = [Listen::loopback(Transport::Tcp), Listen::loopback(Transport::Quic)];
    let desk = Desk::knowing([agent(2)]);
    let wire = Wire::start(&key(1), &both, limits(), desk).await.unwrap();
    let at = wire.listening();
    let transports: Vec<_> = at.iter().map(|at| at.transport).collect();
    assert_eq!(transports, [Transport::Tcp, Transport::Quic]);
    for at in at {
        let phone = Wire::start(&key(2), &[], limits(), Desk::knowing([])).await.unwrap();
        assert!(phone.listening().is_empty());
        phone.send(agent(1), &[at], Kind::Tally, b"hello", crate::sites::LONG).await.unwrap();
        phone.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_may_have_a_name() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let highfold = Site::start(2, Transport::Tcp).await;
    let named = |name: &str| {
        let host = Host::Dns(name.parse::<DnsName>().unwrap());
        Endpoint { host, ..highfold.at()[0].clone() }
    };
    let nowhere = [named("no-such-host.invalid")];
    let why = quernby.say_at(highfold.agent(), &nowhere, Kind::Chain, "hello").await.unwrap_err();
    let NotSent::Unreachable { tried, .. } = why else { panic!("{why}") };
    assert_eq!(tried.len(), 1);
    assert_eq!(tried[0].at, nowhere[0]);
    // The other name is tried although the first fails again.
    let local = [nowhere[0].clone(), named("localhost")];
    quernby.say_at(highfold.agent(), &local, Kind::Chain, "hello").await.unwrap();
}

/// Whoever names a place must not have us knock at our own doors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_home_is_not_followed() {
    let far = Limits { names_of_this_machine: false, ..limits() };
    let quernby = Site::start_with(1, Transport::Tcp, Desk::knowing([]), far).await;
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    door.set_nonblocking(true).unwrap();
    let port = door.local_addr().unwrap().port();
    let named: Endpoint = format!("localhost:{port}").parse().unwrap();
    let at = std::slice::from_ref(&named);
    let why = quernby.say_at(agent(2), at, Kind::Chain, "hello").await.unwrap_err();
    assert!(why.may_pass(), "names are given to others");
    let NotSent::Unreachable { tried, .. } = why else { panic!("{why}") };
    assert_eq!(tried.len(), 1);
    assert_eq!(tried[0].at, named);
    assert!(tried[0].why.contains("this machine itself"), "{}", tried[0].why);
    let knocked = door.accept().map(|_| ());
    assert_eq!(knocked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody has knocked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_is_not_shared() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = Site::start(1, transport).await;
        let address = format!("127.0.0.1:{}", quernby.at()[0].port).parse().unwrap();
        let listen = [Listen { address, transport }];
        let started = Wire::start(&key(2), &listen, limits(), Desk::knowing([])).await;
        let Err(StartError::Listen { at, .. }) = started else { panic!("shares {transport:?}") };
        assert_eq!(at, listen[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_there_cannot_be_reached() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let why = quernby.say_at(agent(2), &[], Kind::Chain, "hello").await.unwrap_err();
    assert_eq!(why, NotSent::Unreachable { agent: agent(2), tried: vec![] });
    assert!(why.to_string().contains("no address of it is known"), "{why}");
    assert!(why.may_pass());

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at: Endpoint = format!("127.0.0.1:{}", free.local_addr().unwrap().port()).parse().unwrap();
    drop(free);
    let why = quernby
        .say_at(agent(2), std::slice::from_ref(&at), Kind::Chain, "hello")
        .await
        .unwrap_err();
    let text = why.to_string();
    let NotSent::Unreachable { tried, .. } = why else { panic!("{why}") };
    assert_eq!(tried.iter().map(|attempt| &attempt.at).collect::<Vec<_>>(), [&at]);
    assert!(text.contains("refused") && text.contains(&at.to_string()), "{text}");

    let own = quernby.say(&quernby, Kind::Chain, "hello").await.unwrap_err();
    assert_eq!(own, NotSent::OwnAgent { agent: agent(1) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_at_anothers_address_is_not_taken_for_it() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = Site::start(1, transport).await;
        let highfold = Site::start(2, transport).await;
        let saltreach = Site::start(3, transport).await;
        let at = saltreach.at();
        let why = quernby.say_at(highfold.agent(), &at, Kind::Chain, "hello").await.unwrap_err();
        let text = why.to_string();
        let (agent, found) = (highfold.agent(), saltreach.agent().to_string());
        assert_eq!(why, NotSent::WrongPeer { agent, found: found.clone(), at: at[0].clone() });
        assert!(text.contains(&agent.to_string()) && text.contains(&found), "{text}");
        assert!(!why.may_pass());
        assert!(saltreach.desk.came().is_empty());
        // Where it may still answer at another place, that is not the last word.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let some = [at[0].clone(), format!("{free}").parse().unwrap()];
        let why = quernby.say_at(agent, &some, Kind::Chain, "hello").await.unwrap_err();
        assert!(matches!(why, NotSent::Unreachable { .. }) && why.may_pass(), "{why}");
        assert!(why.to_string().contains(&found), "{why}");
        // The right address beside the wrong one is enough.
        let both = [at[0].clone(), highfold.at()[0].clone()];
        quernby.say_at(highfold.agent(), &both, Kind::Chain, "hello").await.unwrap();
        assert_eq!(highfold.desk.came().len(), 1);
    }
}

//! Versions of the protocol: the best that both speak, or a clear word that there is none.

use futures::StreamExt as _;
use libp2p_swarm::{NetworkBehaviour, SwarmEvent};
use protocol::address::Transport;
use wire::{Kind, NotSent, VERSIONS};

use crate::rough::{Raw, Rough, frame, swarm, talk};
use crate::sites::{LONG, Site, agent, until};

/// A site of years to come, which says what it speaks.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p_swarm::derive_prelude")]
struct Later {
    identify: libp2p_identify::Behaviour,
    talk: libp2p_request_response::Behaviour<Raw>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_common_version_is_found() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let mut newer = Rough::speaking(31, &["/mychips/9", "/mychips/1"]);
    let answers = newer.say(&quernby, vec![frame(3, 5, b"hello")]).await;
    assert_eq!(answers[0].as_ref().map(|answer| answer[0]), Some(0));
    assert_eq!(quernby.desk.came().len(), 1);

    let at = Rough::speaking(32, &["/mychips/9", "/mychips/1"]).answering(vec![0; 5]).await;
    quernby.say_at(agent(32), &[at], Kind::Chain, "hello").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_common_version_the_caller_hears_so() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let at = Rough::speaking(31, &["/mychips/9"]).answering(vec![0; 5]).await;
    let why = quernby.say_at(agent(31), &[at], Kind::Chain, "hello").await.unwrap_err();
    let text = why.to_string();
    let NotSent::Version { agent: who, ours, .. } = why else { panic!("{why}") };
    assert_eq!((who, ours.as_slice()), (agent(31), VERSIONS));
    assert!(text.contains("/mychips/1") && text.contains("upgraded"), "{text}");

    let mut newer = Rough::speaking(32, &["/mychips/9"]);
    assert_eq!(newer.say(&quernby, vec![frame(3, 5, b"hello")]).await, [None]);
    assert!(quernby.desk.came().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn which_versions_the_other_speaks_is_told_where_it_is_known() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let mut later = swarm(31, |key| Later {
        identify: libp2p_identify::Behaviour::new(libp2p_identify::Config::new(
            "mychips".to_owned(),
            key.public(),
        )),
        talk: talk(&["/mychips/8", "/mychips/9"], LONG),
    });
    later.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    let at = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = later.select_next_some().await {
            let port = address.to_string().rsplit_once('/').unwrap().1.to_owned();
            break [format!("127.0.0.1:{port}").parse().unwrap()];
        }
    };
    tokio::spawn(async move { while later.next().await.is_some() {} });
    // It says so as soon as it is asked, which may be after the first message.
    until("its versions are known", || async {
        let why = quernby.say_at(agent(31), &at, Kind::Chain, "hello").await.unwrap_err();
        let text = why.to_string();
        let NotSent::Version { mut theirs, .. } = why else { panic!("{why}") };
        theirs.sort();
        assert!(theirs.is_empty() || text.contains("but /mychips/"), "{text}");
        theirs == ["/mychips/8", "/mychips/9"]
    })
    .await;
}

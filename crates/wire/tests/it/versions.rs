//! Versions of the protocol: the best that both speak, or a clear word that there is none.

use protocol::address::Transport;
use wire::{Kind, NotSent, VERSIONS};

use crate::rough::{Rough, frame};
use crate::sites::{Site, agent};

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

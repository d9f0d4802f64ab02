//! Many agents at once: nothing is lost, doubled or mixed up.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::address::Transport;
use tokio::task::JoinSet;
use wire::Kind;

use crate::sites::{Site, answer};

const AGENTS: u8 = 10;
const EACH: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_agents_talk_to_each_other_at_once() {
    let mut sites = Vec::new();
    for n in 0..AGENTS {
        let transport = if n % 2 == 0 { Transport::Tcp } else { Transport::Quic };
        sites.push(Arc::new(Site::start(n, transport).await));
    }
    let mut all = JoinSet::new();
    for from in &sites {
        for to in sites.iter().filter(|to| to.agent() != from.agent()) {
            for n in 0..EACH {
                let (from, to) = (Arc::clone(from), Arc::clone(to));
                all.spawn(async move {
                    let kind = Kind::ALL[1 + n % 3];
                    let text = format!("{n} from {} to {}", from.agent(), to.agent());
                    let heard = from.say(&to, kind, &text).await.unwrap();
                    assert_eq!(heard.as_bytes(), answer(from.agent(), kind, text.as_bytes()));
                });
            }
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    let others = usize::from(AGENTS) - 1;
    for to in &sites {
        let came = to.desk.came();
        assert_eq!(came.len(), others * EACH);
        let different: BTreeSet<_> = came.iter().map(|(_, _, text)| text).collect();
        assert_eq!(different.len(), came.len(), "a message came twice");
        for (from, _, text) in &came {
            let text = String::from_utf8(text.clone()).unwrap();
            assert!(text.ends_with(&format!("from {from} to {}", to.agent())), "{text}");
        }
        let counts = to.wire.counts();
        assert_eq!(counts.taken, u64::try_from(others * EACH).unwrap());
        assert_eq!(counts.sent, counts.taken);
        assert_eq!((counts.not_sent, counts.cut_off, counts.busy), (0, 0, 0));
        // One with each other agent, or two where both began at once.
        let connections = usize::try_from(counts.connections).unwrap();
        assert!((others..=2 * others).contains(&connections), "{connections} connections");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_messages_arrive_whole() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = Site::start(1, transport).await;
        let highfold = Site::start(2, transport).await;
        let most = Kind::Chain.row().max_bytes;
        let bytes: Vec<u8> = (0..most).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let sends = (0..8).map(|_| {
            let to = highfold.agent();
            quernby.wire.send(to, &[], Kind::Chain, &bytes, crate::sites::LONG)
        });
        quernby.wire.learn(highfold.agent(), highfold.at()).await;
        for sent in futures::future::join_all(sends).await {
            // The answer of our desk is too long to be sent, which is told as a refusal.
            let why = sent.unwrap_err().to_string();
            assert!(why.contains("too long"), "{why}");
        }
        let came = highfold.desk.came();
        assert_eq!(came.len(), 8);
        assert!(came.iter().all(|(_, _, text)| *text == bytes));
    }
}

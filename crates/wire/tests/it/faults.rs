//! Peers that misbehave are counted and cut off for a while, and honest ones notice nothing.

use std::future::Future;
use std::time::Duration;

use protocol::address::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::{Counts, Kind, Limits, NotSent};

use crate::rough::{Rough, Said, frame};
use crate::sites::{Desk, LONG, Site, agent, answer, limits, until};

/// How often an honest agent speaks meanwhile.
const HONEST: usize = 150;

/// What comes of a fault while an honest agent speaks: its messages all come through.
async fn meanwhile<T>(quernby: &Site, fault: impl Future<Output = T>) -> T {
    let honest = Site::start(30, Transport::Tcp).await;
    let speaks = async {
        for n in 0..HONEST {
            let text = format!("{n}");
            let heard = honest.say(quernby, Kind::Chain, &text).await.unwrap();
            assert_eq!(heard.as_bytes(), answer(honest.agent(), Kind::Chain, text.as_bytes()));
        }
    };
    let (done, ()) = futures::join!(fault, speaks);
    let came = quernby.desk.came();
    let from_honest = came.iter().filter(|(from, ..)| *from == honest.agent()).count();
    assert_eq!(from_honest, HONEST);
    done
}

/// A site where faults show soon, and are remembered. Numbers from 40 are unknown there, 30 to 39
/// known.
async fn quernby(transport: Transport) -> Site {
    let read_within = Duration::from_millis(300);
    let limits = Limits { read_within, open_within: Duration::from_secs(2), ..Limits::default() };
    Site::start_with(1, transport, Desk::knowing((30..40).map(agent)), limits).await
}

/// Says something until the peer is cut off, then sees that it is.
async fn is_cut_off(quernby: &Site, rough: &mut Rough, said: Said, times: u64) -> Counts {
    for _ in 0..times {
        let before = quernby.wire.counts();
        assert_eq!(before.cut_off, 0, "cut off too early");
        rough.say(quernby, vec![said.clone()]).await;
        let faults = |c: Counts| c.too_large + c.stalled + c.short + c.garbage;
        until("counted", || async { faults(quernby.wire.counts()) > faults(before) }).await;
    }
    until("cut off", || async { quernby.wire.counts().cut_off == 1 }).await;
    let counts = quernby.wire.counts();
    let answers = rough.say(quernby, vec![frame(1, 5, b"hello")]).await;
    assert_eq!(answers, [None], "spoke although it is cut off");
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = quernby(transport).await;
        let mut rough = Rough::new(31);
        let large = frame(3, 256 * 1024 + 1, &[7; 1000]);
        let counts = meanwhile(&quernby, is_cut_off(&quernby, &mut rough, large, 1)).await;
        assert_eq!((counts.too_large, counts.cut_off), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_kind_is_known_but_small() {
    let quernby = quernby(Transport::Tcp).await;
    let mut rough = Rough::new(41);
    // As large as a tally may be, but answers may not.
    let large = frame(1, 256 * 1024, &[7; 1000]);
    let counts = meanwhile(&quernby, is_cut_off(&quernby, &mut rough, large, 1)).await;
    assert_eq!((counts.too_large, counts.cut_off), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_message_then_silence() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = quernby(transport).await;
        let mut rough = Rough::impatient(31);
        let half = Said { ends: false, ..frame(3, 9, b"half") };
        let fault = async {
            let counts = is_cut_off(&quernby, &mut rough, half, 3).await;
            assert_eq!((counts.stalled, counts.cut_off), (3, 1));
        };
        meanwhile(&quernby, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_messages_and_more_than_messages() {
    let quernby = quernby(Transport::Tcp).await;
    let mut rough = Rough::new(31);
    let counts =
        meanwhile(&quernby, is_cut_off(&quernby, &mut rough, frame(3, 9, b"half"), 3)).await;
    assert_eq!((counts.short, counts.cut_off), (3, 1));

    let other = self::quernby(Transport::Tcp).await;
    let mut rough = Rough::new(31);
    let more = frame(3, 4, b"hello");
    let counts = meanwhile(&other, is_cut_off(&other, &mut rough, more, 1)).await;
    assert_eq!((counts.garbage, counts.cut_off), (1, 1));
    assert!(other.desk.came().iter().all(|(from, ..)| *from != agent(31)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_cut_off_is_let_in_again() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let mut rough = Rough::new(31);
    rough.say(&quernby, vec![frame(3, 256 * 1024 + 1, &[7; 1000])]).await;
    until("cut off", || async { quernby.wire.counts().cut_off == 1 }).await;
    let begun = tokio::time::Instant::now();
    while rough.say(&quernby, vec![frame(1, 5, b"hello")]).await == [None] {
        assert!(begun.elapsed() < LONG, "never let in again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood() {
    // A partner's agent, and a stranger with what strangers may say.
    for (transport, number, kind) in
        [(Transport::Tcp, 31, Kind::Invoice), (Transport::Quic, 41, Kind::Answer)]
    {
        let quernby = quernby(transport).await;
        let byte = kind.row().byte;
        let mut rough = Rough::new(number);
        let fault = async {
            let mut taken = 0;
            for _ in 0..40 {
                let answers = rough.say(&quernby, vec![frame(byte, 5, b"flood"); 20]).await;
                let good = answers.iter().flatten().filter(|answer| answer[0] == 0);
                taken += good.count();
                if quernby.wire.counts().cut_off > 0 {
                    break;
                }
            }
            taken
        };
        let taken = meanwhile(&quernby, fault).await;
        let counts = quernby.wire.counts();
        assert_eq!(counts.cut_off, 1);
        assert!(counts.over_rate > 10, "{counts:?}");
        let burst = usize::try_from(kind.row().rate.burst).unwrap();
        // Tokens come back each second: a slow machine may have had some.
        assert!((burst / 2..burst * 2).contains(&taken), "{taken} were taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_streams_that_say_nothing() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = quernby(transport).await;
        let mut rough = Rough::impatient(41);
        let silent = Said { bytes: vec![1], ends: false };
        let fault = async {
            let answers = rough.say(&quernby, vec![silent; 90]).await;
            assert!(answers.iter().all(Option::is_none));
        };
        meanwhile(&quernby, fault).await;
        until("cut off", || async { quernby.wire.counts().cut_off == 1 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_speak_something_else_or_nothing() {
    let quernby = quernby(Transport::Tcp).await;
    let at = format!("127.0.0.1:{}", quernby.at()[0].port);
    let fault = async {
        let garbage: Vec<u8> = (0..4_000_u32).map(|n| (n * 7).to_be_bytes()[3]).collect();
        for said in [b"GET / HTTP/1.1\r\nHost: quernby\r\n\r\n".to_vec(), garbage, Vec::new()] {
            let mut line = TcpStream::connect(&at).await.unwrap();
            // It may be closed while we write.
            let _ = line.write_all(&said).await;
            let mut rest = Vec::new();
            let closed = timeout(LONG, line.read_to_end(&mut rest)).await;
            assert!(closed.is_ok(), "is not closed");
        }
    };
    meanwhile(&quernby, fault).await;
    until("counted", || async { quernby.wire.counts().handshakes_failed == 3 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_do_not_fill_the_house() {
    let few = Limits { connections_of_strangers: 3, idle: LONG * 60, ..limits() };
    let desk = Desk::knowing((30..40).map(agent));
    let quernby = Site::start_with(1, Transport::Tcp, desk, few).await;
    let fault = async {
        let mut strangers = Vec::new();
        for n in 41..50 {
            let mut rough = Rough::new(n);
            let answers = rough.say(&quernby, vec![frame(1, 5, b"hello")]).await;
            assert!(answers[0].is_some());
            strangers.push(rough);
        }
        until("three left beside the honest one", || async {
            quernby.wire.counts().connections <= 4
        })
        .await;
    };
    meanwhile(&quernby, fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_connections_than_the_limits() {
    for (all, of_one) in [(2, 9), (9, 2)] {
        let few = Limits { connections: all, connections_per_agent: of_one, ..limits() };
        let desk = Desk::knowing((30..40).map(agent));
        let quernby = Site::start_with(1, Transport::Tcp, desk, few).await;
        // Of one agent, or each of its own, as the limit is for.
        let number = |n: u8| if of_one == 2 { 31 } else { 31 + n };
        let mut inside = Vec::new();
        for n in 0..3 {
            let mut rough = Rough::new(number(n));
            let answers = rough.say(&quernby, vec![frame(3, 5, b"hello")]).await;
            assert_eq!(answers[0].is_some(), n < 2, "connection {n}");
            inside.push(rough);
        }
        assert_eq!(quernby.wire.counts().handshakes_failed, 1);
        drop(inside.remove(0));
        until("there is room", || async { quernby.wire.counts().connections < 2 }).await;
        let answers = inside[1].say(&quernby, vec![frame(3, 5, b"hello")]).await;
        assert!(answers[0].is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_is_not_known_is_told_so_and_no_crime() {
    let quernby = quernby(Transport::Tcp).await;
    let mut rough = Rough::new(31);
    let said = vec![frame(200, 5, b"lifts"), frame(1, 5, b"hello")];
    let answers = rough.say(&quernby, said).await;
    assert_eq!(answers[0].as_deref(), Some(&[4, 0, 0, 0, 0][..]));
    assert_eq!(answers[1].as_ref().map(|answer| answer[0]), Some(0));
    let counts = quernby.wire.counts();
    assert_eq!((counts.kind_unknown, counts.cut_off, counts.taken), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_none() {
    let quernby = Site::start(1, Transport::Tcp).await;
    for (n, answer) in [(31, &b"\x09\0\0\0\0"[..]), (32, b"\x00\xff\xff\xff\xff")] {
        let at = Rough::new(n).answering(answer.to_vec()).await;
        let why = quernby.say_at(agent(n), &[at], Kind::Chain, "hello").await.unwrap_err();
        assert!(matches!(why, NotSent::BadAnswer { agent: who, .. } if who == agent(n)), "{why}");
    }
    // One that ends too early is like a broken line: tried once more.
    let at = Rough::new(33).answering(b"\0\0\0\0\x09half".to_vec()).await;
    let why = quernby.say_at(agent(33), &[at], Kind::Chain, "hello").await.unwrap_err();
    assert_eq!(why, NotSent::Broken { agent: agent(33) });
    assert_eq!(quernby.wire.counts().sent_again, 1);
}

//! The line between two agents, looked at and cut: nothing on it can be read, and broken lines heal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::address::{Endpoint, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Notify;
use wire::{Kind, NotSent};

use crate::sites::{LONG, Site, agent, until};

pub(crate) const MARKER: &[u8] = b"a memo that nobody else should read";

/// A line that keeps what passes.
#[derive(Default)]
pub(crate) struct Line {
    seen: Mutex<Vec<u8>>,
    cut: Notify,
    /// Takes all, and hands on nothing.
    pub(crate) stopped: AtomicBool,
}

impl Line {
    fn pass(&self, bytes: &[u8]) {
        self.seen.lock().unwrap().extend_from_slice(bytes);
    }

    pub(crate) fn has(&self, what: &[u8]) -> bool {
        self.seen.lock().unwrap().windows(what.len()).any(|part| part == what)
    }

    pub(crate) fn len(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// Lies before a TCP port; says where.
pub(crate) async fn tcp_line(line: Arc<Line>, to: u16) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { continue };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(carry(Arc::clone(&line), near_in, far_out));
            tokio::spawn(carry(Arc::clone(&line), far_in, near_out));
        }
    });
    format!("127.0.0.1:{port}").parse().unwrap()
}

async fn carry(line: Arc<Line>, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            () = line.cut.notified() => 0,
        };
        if read == 0 {
            return;
        }
        line.pass(&bytes[..read]);
        if !line.stopped.load(Ordering::Relaxed) && to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// Lies before a UDP port, for one that calls; says where.
async fn udp_line(line: Arc<Line>, to: u16) -> Endpoint {
    let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    far.connect(("127.0.0.1", to)).await.unwrap();
    let port = near.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut there, mut back) = (vec![0; 65_536], vec![0; 65_536]);
        let mut caller = None;
        loop {
            tokio::select! {
                got = near.recv_from(&mut there) => {
                    let (read, from) = got.unwrap();
                    caller = Some(from);
                    line.pass(&there[..read]);
                    let _ = far.send(&there[..read]).await;
                }
                got = far.recv(&mut back) => {
                    let (Ok(read), Some(caller)) = (got, caller) else { continue };
                    line.pass(&back[..read]);
                    let _ = near.send_to(&back[..read], caller).await;
                }
            }
        }
    });
    format!("127.0.0.1:{port}?transport=quic").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_on_the_line_can_be_read() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let quernby = Site::start(1, transport).await;
        let highfold = Site::start(2, transport).await;
        let (line, port) = (Arc::new(Line::default()), highfold.at()[0].port);
        let at = match transport {
            Transport::Tcp => tcp_line(Arc::clone(&line), port).await,
            Transport::Quic => udp_line(Arc::clone(&line), port).await,
        };
        let text = String::from_utf8(MARKER.to_vec()).unwrap();
        // The desk's answer has it too.
        let heard = quernby.say_at(highfold.agent(), &[at], Kind::Chain, &text).await.unwrap();
        assert!(heard.ends_with(&text));
        assert!(line.len() > 3 * MARKER.len(), "the line was not used");
        assert!(!line.has(MARKER), "read on the line, over {transport:?}");
        // Nor which versions, kinds and agents.
        assert!(!line.has(b"/mychips/1"));
    }
}

/// The same line shows what is not encrypted: so it would have shown the marker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_does_see_what_passes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = Arc::new(Line::default());
    let at = tcp_line(Arc::clone(&line), listener.local_addr().unwrap().port()).await;
    let mut near = TcpStream::connect(("127.0.0.1", at.port)).await.unwrap();
    near.write_all(MARKER).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let mut bytes = vec![0; MARKER.len()];
    far.read_exact(&mut bytes).await.unwrap();
    assert!(line.has(MARKER));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_cut_is_made_anew() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let highfold = Site::start(2, Transport::Tcp).await;
    let line = Arc::new(Line::default());
    let at = [tcp_line(Arc::clone(&line), highfold.at()[0].port).await];
    for n in 0..5 {
        let text = format!("{n}");
        quernby.say_at(highfold.agent(), &at, Kind::Chain, &text).await.unwrap();
        line.cut.notify_waiters();
    }
    let mut came: Vec<_> = highfold.desk.came().into_iter().map(|(.., text)| text).collect();
    came.dedup();
    assert_eq!(came, [b"0", b"1", b"2", b"3", b"4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_carries_nothing_more_is_a_matter_of_time() {
    let quernby = Site::start(1, Transport::Tcp).await;
    let highfold = Site::start(2, Transport::Tcp).await;
    let line = Arc::new(Line::default());
    let at = [tcp_line(Arc::clone(&line), highfold.at()[0].port).await];
    quernby.say_at(highfold.agent(), &at, Kind::Chain, "hello").await.unwrap();
    line.stopped.store(true, Ordering::Relaxed);
    let (to, within) = (highfold.agent(), Duration::from_millis(200));
    let why = quernby.wire.send(to, &at, Kind::Chain, b"hello", within).await.unwrap_err();
    assert_eq!(why, NotSent::TimedOut { agent: to, within });
    assert!(why.may_pass());
    // Others are reached meanwhile.
    let saltreach = Site::start(3, Transport::Tcp).await;
    quernby.say(&saltreach, Kind::Chain, "hello").await.unwrap();
    // Cut and mended, it carries again.
    line.stopped.store(false, Ordering::Relaxed);
    line.cut.notify_waiters();
    until("carries again", || async {
        let sent = quernby.wire.send(to, &at, Kind::Chain, b"again", LONG).await;
        sent.is_ok()
    })
    .await;
    assert_eq!(agent(2), to);
}

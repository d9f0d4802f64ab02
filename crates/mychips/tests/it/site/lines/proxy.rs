//! A program between two sites that is as slow as a satellite, and keeps what passes. Bob's site is called by
//! nobody; it calls Ann's, and knows no other way than through it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::super::pair::Two;
use super::super::serving::Serving;
use super::super::town::Town;

/// How long everything takes at least, each way.
const DELAY_MS: u64 = 200;

/// And how much longer at most.
const JITTER_MS: u64 = 60;

/// What the line does with what passes.
pub(super) struct Line {
    delay_ms: u64,
    jitter_ms: u64,
    /// Every how many packets one is lost: of QUIC only.
    lost_of: Option<u8>,
    drawn: AtomicU64,
    /// What Bob's site has sent: on each connection, or each packet.
    pub(super) there: Mutex<Vec<Vec<u8>>>,
    pub(super) back: Mutex<Vec<Vec<u8>>>,
}

impl Line {
    fn new(delay_ms: u64, jitter_ms: u64, lost_of: Option<u8>) -> Arc<Self> {
        let (there, back) = Default::default();
        Arc::new(Self { delay_ms, jitter_ms, lost_of, drawn: AtomicU64::new(7), there, back })
    }

    /// Two fifths of a second there and back, sometimes more.
    pub(super) fn slow() -> Arc<Self> {
        Self::new(DELAY_MS, JITTER_MS, None)
    }

    /// One that loses packets.
    pub(super) fn losing(of: u8) -> Arc<Self> {
        Self::new(5, 20, Some(of))
    }

    /// As fast as may be: it only keeps what passes.
    pub(super) fn fast() -> Arc<Self> {
        Self::new(0, 0, None)
    }

    /// `SplitMix64`, from one seed.
    fn draw(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.drawn.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// When what came now goes on.
    fn due(&self) -> Instant {
        let more = self.draw() % (self.jitter_ms + 1);
        Instant::now() + Duration::from_millis(self.delay_ms + more)
    }

    fn loses(&self) -> bool {
        self.lost_of.is_some_and(|of| self.draw().is_multiple_of(of.into()))
    }

    /// All that passed, both ways.
    pub(super) fn seen(&self) -> Vec<u8> {
        let (there, back) = (self.there.lock().unwrap(), self.back.lock().unwrap());
        there.iter().chain(back.iter()).flatten().copied().collect()
    }
}

/// Ann's site behind the program, and Bob's.
pub(super) struct Proxy {
    pub(super) sites: Two,
    pub(super) anns: Serving,
    pub(super) bobs: Serving,
    pub(super) line: Arc<Line>,
    /// Where Ann's site really listens.
    pub(super) place: SocketAddr,
    _life: Runtime,
}

impl Proxy {
    /// Both are served, over one transport.
    pub(super) fn between(transport: &str, line: Arc<Line>) -> Self {
        let life = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (front, place) = life.block_on(async {
            let (line, place) = (Arc::clone(&line), free_port(transport).await);
            let front = match transport {
                "tcp" => streams(line, place).await,
                _ => packets(line, place).await,
            };
            (front, place)
        });
        let announce = match transport {
            "tcp" => front.to_string(),
            _ => format!("{front}?transport=quic"),
        };
        let transports = || ("MYCHIPS_PEERS_TRANSPORTS", transport.to_owned());
        let anns = vec![transports(), ("MYCHIPS_PEERS_ANNOUNCE", announce)];
        let anns = Town { says: anns, ..Town::bare() };
        let bobs = Town { says: vec![transports()], ..Town::bare() };
        let sites = Two::at(anns, bobs);
        let anns = sites.anns.serve_at(&place.to_string());
        let bobs = sites.bobs.serve_at("off");
        Self { sites, anns, bobs, line, place, _life: life }
    }
}

/// A port that nobody listens at; it may be taken until we do.
async fn free_port(transport: &str) -> SocketAddr {
    match transport {
        "tcp" => TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap(),
        _ => UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap(),
    }
}

/// Lies before a port of TCP; says where.
async fn streams(line: Arc<Line>, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let Ok(far) = TcpStream::connect(to).await else { continue };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(stream(Arc::clone(&line), near_in, far_out, true));
            tokio::spawn(stream(Arc::clone(&line), far_in, near_out, false));
        }
    });
    front
}

/// One way of a connection: in order, whatever each part is late.
async fn stream(line: Arc<Line>, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, there: bool) {
    let (send, mut late) = mpsc::channel::<(Instant, Vec<u8>)>(1_000);
    let carry = async move {
        while let Some((due, bytes)) = late.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::spawn(carry);
    let kept = if there { &line.there } else { &line.back };
    let which = {
        let mut kept = kept.lock().unwrap();
        kept.push(Vec::new());
        kept.len() - 1
    };
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read) = from.read(&mut bytes).await {
        if read == 0 {
            return;
        }
        kept.lock().unwrap()[which].extend_from_slice(&bytes[..read]);
        if send.send((line.due(), bytes[..read].to_vec())).await.is_err() {
            return;
        }
    }
}

/// Lies before a port of UDP, for one that calls; says where. Packets overtake each other.
async fn packets(line: Arc<Line>, to: SocketAddr) -> SocketAddr {
    let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let front = near.local_addr().unwrap();
    let caller = Arc::new(Mutex::new(None::<SocketAddr>));
    let (ends, callers) = ((Arc::clone(&near), Arc::clone(&far)), Arc::clone(&caller));
    let kept = Arc::clone(&line);
    tokio::spawn(async move {
        let mut bytes = vec![0; 65_536];
        loop {
            // The system tells here that nobody listened a moment ago: no reason to end.
            let Ok((read, from)) = ends.0.recv_from(&mut bytes).await else { continue };
            *callers.lock().unwrap() = Some(from);
            kept.there.lock().unwrap().push(bytes[..read].to_vec());
            late(&kept, Arc::clone(&ends.1), bytes[..read].to_vec(), Some(to));
        }
    });
    tokio::spawn(async move {
        let mut bytes = vec![0; 65_536];
        loop {
            let Ok((read, _)) = far.recv_from(&mut bytes).await else { continue };
            line.back.lock().unwrap().push(bytes[..read].to_vec());
            late(&line, Arc::clone(&near), bytes[..read].to_vec(), *caller.lock().unwrap());
        }
    });
    front
}

/// Sends a packet later, or not at all.
fn late(line: &Line, by: Arc<UdpSocket>, bytes: Vec<u8>, to: Option<SocketAddr>) {
    let (due, Some(to)) = (line.due(), to) else { return };
    if line.loses() {
        return;
    }
    tokio::spawn(async move {
        sleep_until(due).await;
        let _ = by.send_to(&bytes, to).await;
    });
}

//! Who listens on the line reads nothing; what it plays back, and what strangers and impostors say, does nothing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use protocol::address::Endpoint;
use protocol::{AgentId, SecretKey};
use tokio::runtime::{Builder, Runtime};
use wire::{Inbox, Kind, Limits, NotSent, Refused, Wire};

use super::super::pair::Two;
use super::super::town::Town;
use super::proxy::{Line, Proxy};

/// What nobody between the two should read.
const MEMO: &str = "three-wheels-of-Quernby-blue";

/// What is counted of other agents at a serving site.
fn counted(address: SocketAddr, what: &str) -> u64 {
    let mut line = TcpStream::connect(address).unwrap();
    line.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    line.read_to_string(&mut text).unwrap();
    let name = format!("mychips_agents{{count=\"{what}\"}} ");
    let found = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
    found.unwrap_or_else(|| panic!("{what} is not counted: {text}")).parse().unwrap()
}

/// Everything of Ann's half that a lie could change.
fn anns_half(two: &Two) -> String {
    let statement = two.anns.json("statement bob --as ann");
    format!("{statement} {}", two.anns.tallies())
}

fn has(seen: &[u8], word: &str) -> bool {
    seen.windows(word.len()).any(|part| part == word.as_bytes())
}

fn listened_to(transport: &str, play: fn(&Proxy)) {
    let mut far = Proxy::between(transport, Line::fast());
    let two = &far.sites;
    two.open_tally();
    two.bobs.does(&format!("pay ann 3.5 --as bob --memo {MEMO}"));
    two.pays(&two.anns, "pay bob 1 --as ann");
    two.agree_on(2_500);

    let seen = far.line.seen();
    assert!(seen.len() > 10_000, "they found another way");
    // What is not encrypted would be seen: how encryption is agreed on.
    assert_eq!(has(&seen, "/noise"), transport == "tcp");
    let tally = two.anns.tally("ann")["tally"].as_str().unwrap().to_owned();
    let agents = [far.anns.agent.to_string(), far.bobs.agent.to_string()];
    let words = [MEMO, "Ann Baker", "Bob Smith", "\"kind\"", "\"note\"", "/mychips/1", &tally];
    for word in words.into_iter().chain(agents.iter().map(String::as_str)) {
        assert!(!has(&seen, word), "{word} is read on the line, over {transport}");
    }

    // All of it is played back once Bob's site has gone.
    let before = anns_half(two);
    let taken = counted(far.anns.address, "taken");
    far.bobs.signal("TERM");
    assert_eq!(far.bobs.code(), 0);
    two.wait("Bob's site has gone", || counted(far.anns.address, "connections") == 0);
    play(&far);
    assert_eq!(counted(far.anns.address, "taken"), taken);
    assert_eq!(anns_half(two), before);
    // And nobody was kept from anything.
    far.bobs = two.bobs.serve_at("off");
    two.bobs.does("pay ann 1 --as bob");
    two.agree_on(3_500);
    two.anns.is_well_alone();
}

impl Town {
    /// Doctor must find nothing, though the partner lives elsewhere.
    fn is_well_alone(&self) {
        assert_eq!(self.json("doctor")["ok"], true);
    }
}

/// All that Bob's site said on each connection is said again.
fn play_streams(far: &Proxy) {
    let said = far.line.there.lock().unwrap().clone();
    assert!(!said.is_empty());
    let failed = counted(far.anns.address, "handshakes_failed");
    for bytes in &said {
        let mut line = TcpStream::connect(far.place).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // It may be closed while we write.
        let _ = line.write_all(bytes);
        let mut rest = Vec::new();
        let end = line.read_to_end(&mut rest).map_err(|error| error.kind());
        assert_ne!(end, Err(ErrorKind::WouldBlock), "it goes on listening");
    }
    far.sites.wait("the false handshakes are counted", || {
        counted(far.anns.address, "handshakes_failed") >= failed + said.len() as u64
    });
}

/// Every packet of Bob's site is sent again, from elsewhere: until the system has forgotten the connection that
/// they were of, they are taken for late ones of it, and passed over.
fn play_packets(far: &Proxy) {
    let said = far.line.there.lock().unwrap().clone();
    assert!(said.len() > 10);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let failed = counted(far.anns.address, "handshakes_failed");
    far.sites.wait("the false handshake is counted", || {
        for packet in &said {
            // Where the buffer is full it is lost, as packets are.
            let sent = socket.send_to(packet, far.place).map_err(|error| error.kind());
            assert!(matches!(sent, Ok(_) | Err(ErrorKind::WouldBlock)), "{sent:?}");
        }
        counted(far.anns.address, "handshakes_failed") > failed
    });
}

#[test]
fn who_listens_over_tcp_reads_nothing_and_playing_it_back_does_nothing() {
    listened_to("tcp", play_streams);
}

#[test]
fn who_listens_over_quic_reads_nothing_and_playing_it_back_does_nothing() {
    listened_to("quic", play_packets);
}

/// Wants nothing.
struct Nobody;

impl Inbox for Nobody {
    async fn knows(&self, _: AgentId) -> Result<bool, Refused> {
        Ok(false)
    }

    async fn receive(&self, _: AgentId, _: Kind, _: Vec<u8>) -> Result<Vec<u8>, Refused> {
        Err(Refused::No("nobody is here".to_owned()))
    }
}

/// Somebody with a key of its own, and what it says to an agent.
struct Stranger {
    wire: Wire,
    runtime: Runtime,
}

impl Stranger {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let key = SecretKey::ed25519(&[66; 32]);
        let wire = Wire::start(&key, &[], Limits::default(), Arc::new(Nobody));
        let wire = runtime.block_on(wire).unwrap();
        Self { wire, runtime }
    }

    fn says(&self, to: AgentId, at: &str, kind: Kind, text: &str) -> Result<Vec<u8>, NotSent> {
        let at: Endpoint = at.parse().unwrap();
        let within = Duration::from_secs(60);
        let sent = self.wire.send(to, std::slice::from_ref(&at), kind, text.as_bytes(), within);
        self.runtime.block_on(sent)
    }
}

#[test]
fn strangers_are_not_heard_and_impostors_are_found_out() {
    let two = Two::new();
    let (anns, mut bobs) = (two.anns.serve(), two.bobs.serve());
    two.open_tally();
    two.bobs.does("pay ann 2 --as bob");
    two.agree_on(2_000);
    let before = anns_half(&two);

    let stranger = Stranger::new();
    let why = stranger.says(anns.agent, &anns.place, Kind::Chain, "{}");
    assert!(matches!(why, Err(NotSent::NotKnown { .. })), "{why:?}");
    let receipt = stranger.says(anns.agent, &anns.place, Kind::Answer, "{}").unwrap();
    let receipt = protocol::mail::Receipt::read(&receipt, 1).unwrap();
    assert!(matches!(receipt.fates[0], protocol::mail::Fate::Refused(_)), "{receipt:?}");
    // Whoever has Ann's place is not Ann.
    let why = stranger.says(bobs.agent, &anns.place, Kind::Answer, "{}");
    assert!(matches!(why, Err(NotSent::WrongPeer { .. })), "{why:?}");
    assert_eq!(counted(anns.address, "not_known"), 1);
    assert_eq!(anns_half(&two), before);

    // Bob's place is taken by another site: what Ann says waits until Bob is back.
    bobs.signal("TERM");
    assert_eq!(bobs.code(), 0);
    let eves = Town::bare();
    eves.does("init");
    let impostor = eves.serve_at(&bobs.place);
    assert_eq!(impostor.place, bobs.place);
    two.anns.does("pay bob 0.5 --as ann");
    two.wait("somebody else was met", || {
        anns.log().contains(" answers there") || anns.log().contains(" answers at ")
    });
    assert_eq!(two.anns.json("status")["waiting"], 1);
    assert_eq!(counted(impostor.address, "taken"), 0);
    let place = impostor.place.clone();
    impostor.end();
    let _bobs = two.bobs.serve_at(&place);
    two.agree_on(1_500);
}

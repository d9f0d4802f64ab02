//! Two network namespaces joined by a cable that loses every fifth packet each way, and is slow. They have no
//! names: each lives as long as a process that this one holds, so nothing of them is left behind.

use std::io::{BufRead as _, BufReader, Write as _, stderr};
use std::process::{Child, Command, Stdio};

use super::super::pair::Two;
use super::super::town::Town;
use super::proxy::{Line, Proxy};
use super::times;

/// Every how many packets one is lost, on the way in, at each end.
const LOST_OF: u8 = 5;

/// As fast as a cable may be that is slow: a message of the largest size takes a second.
const RATE: &str = "2mbit";

/// One end: a network of its own.
struct Space {
    /// Ends when nobody writes to it any more, and the network with it.
    holder: Child,
    owned: bool,
}

impl Space {
    /// A network that `door` may make.
    fn new(door: &[String], owned: bool) -> Result<Self, String> {
        let mut words = door.to_vec();
        words.push("unshare".to_owned());
        if owned && door.is_empty() {
            words.extend(["--user".to_owned(), "--map-root-user".to_owned()]);
        }
        words.extend(["--net".to_owned(), "cat".to_owned()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        let holder = command.spawn().map_err(|error| format!("{}: {error}", words[0]))?;
        let mut space = Self { holder, owned };
        // Whoever answers is inside.
        let inside = space.holder.stdin.as_mut().unwrap().write_all(b"inside\n");
        let mut line = String::new();
        let out = BufReader::new(space.holder.stdout.as_mut().unwrap()).read_line(&mut line);
        if inside.is_ok() && out.is_ok() && line == "inside\n" {
            return Ok(space);
        }
        let _ = space.holder.kill();
        let mut why = String::new();
        let err = space.holder.stderr.as_mut().unwrap();
        let _ = std::io::Read::read_to_string(err, &mut why);
        Err(why.trim().to_owned())
    }

    /// The program and its words that run another inside.
    fn door(&self, net: bool) -> Vec<String> {
        let pid = self.holder.id().to_string();
        let mut words = vec!["nsenter", "--target", &pid];
        if self.owned {
            words.extend(["--user", "--preserve-credentials"]);
        }
        if net {
            words.push("--net");
        }
        words.push("--");
        words.into_iter().map(str::to_owned).collect()
    }

    /// Runs a script inside.
    fn does(&self, script: &str) -> Result<(), String> {
        let words = self.door(true);
        let mut command = Command::new(&words[0]);
        let done = command.args(&words[1..]).args(["sh", "-ec", script]).output();
        let done = done.map_err(|error| format!("nsenter: {error}"))?;
        if done.status.success() {
            return Ok(());
        }
        Err(format!("{script}: {}", String::from_utf8_lossy(&done.stderr).trim()))
    }

    /// The end of the cable here.
    fn is_bad_at(&self, address: &str) -> Result<(), String> {
        self.does(&format!(
            "ip link set lo up; ip addr add {address}/24 dev cable; ip link set cable up\n\
             tc qdisc add dev cable root tbf rate {RATE} burst 16kb latency 400ms\n\
             nft add table inet bad\n\
             nft 'add chain inet bad in {{ type filter hook input priority 0; }}'\n\
             nft add rule inet bad in iifname cable numgen random mod {LOST_OF} 0 counter drop"
        ))
    }

    /// How many packets were lost on the way in.
    fn lost(&self) -> u64 {
        let words = self.door(true);
        let mut command = Command::new(&words[0]);
        let out = command.args(&words[1..]).args(["nft", "list", "table", "inet", "bad"]).output();
        let out = String::from_utf8(out.unwrap().stdout).unwrap();
        let after = out.split("packets ").nth(1).unwrap_or_default();
        after.split(' ').next().unwrap_or_default().parse().unwrap()
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Two ends of a bad cable; why not, where this machine makes none.
fn spaces() -> Result<[Space; 2], String> {
    let mut why = String::new();
    for owned in [true, false] {
        let made = Space::new(&[], owned).and_then(|one| {
            let door = if owned { one.door(false) } else { Vec::new() };
            let other = Space::new(&door, owned)?;
            let pid = other.holder.id();
            one.does(&format!("ip link add cable type veth peer name cable netns {pid}"))?;
            one.is_bad_at("10.77.0.1")?;
            other.is_bad_at("10.77.0.2")?;
            Ok([one, other])
        });
        match made {
            Ok(spaces) => return Ok(spaces),
            Err(error) => why = format!("{why} {error};"),
        }
    }
    Err(why)
}

/// A site behind a door, reached over one transport.
fn town(space: &Space, transport: &str) -> Town {
    let says = vec![("MYCHIPS_PEERS_TRANSPORTS", transport.to_owned())];
    Town { door: space.door(true), says, ..Town::bare() }
}

/// Both open a tally over the cable, pay each other, and say the same in the end.
fn over_a_bad_cable(transport: &str) {
    let [one, other] = match spaces() {
        Ok(spaces) => spaces,
        Err(why) => {
            let _ = writeln!(stderr(), "SKIP network namespaces with loss: {why}");
            return over_a_bad_proxy(transport);
        }
    };
    let two = Two::at(town(&one, transport), town(&other, transport));
    let anns = two.anns.serve_at("10.77.0.1:8421");
    let bobs = two.bobs.serve_at("10.77.0.2:8421");
    for place in [&anns.place, &bobs.place] {
        assert_eq!(place.contains("quic"), transport == "quic", "{place}");
    }
    two.open_tally();
    let owed = two.pay(times());
    two.agree_on(owed);
    let lost = (one.lost(), other.lost());
    assert!(lost.0 > 5 && lost.1 > 5, "the cable lost {lost:?}: it was good");
    bobs.end();
    anns.end();
}

/// What can be done where there are no namespaces: packets of QUIC are lost by a program between, which cannot
/// do that to TCP.
fn over_a_bad_proxy(transport: &str) {
    let line = if transport == "quic" { Line::losing(LOST_OF) } else { Line::slow() };
    let two = Proxy::between(transport, line);
    two.sites.open_tally();
    let owed = two.sites.pay(times());
    two.sites.agree_on(owed);
}

#[test]
fn every_fifth_packet_is_lost_over_tcp() {
    over_a_bad_cable("tcp");
}

#[test]
fn every_fifth_packet_is_lost_over_quic() {
    over_a_bad_cable("quic");
}

//! Whoever floods a site, and a control that burns as much of the machine and sends nothing; each a process of its
//! own, so that what it takes can be measured.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::address::Endpoint;
use protocol::{AgentId, SecretKey};
use wire::{Inbox, Kind, Limits, Refused, Wire};

/// How many messages a flooder has on their way at once.
const AT_ONCE: usize = 64;

/// Takes nothing.
struct Closed;

impl Inbox for Closed {
    async fn knows(&self, _: AgentId) -> Result<bool, Refused> {
        Ok(false)
    }

    async fn receive(&self, _: AgentId, _: Kind, _: Vec<u8>) -> Result<Vec<u8>, Refused> {
        Err(Refused::No("nothing is taken here".to_owned()))
    }
}

/// Sends what it may not, as fast as it can, under a new name whenever it is cut off; for ever.
pub(crate) async fn flood(agent: AgentId, at: Endpoint) {
    let message = Arc::<[u8]>::from(vec![b'x'; 8 * 1024]);
    for number in 0_u64.. {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let key = SecretKey::ed25519(&seed);
        let wire = Wire::start(&key, &[], Limits::default(), Arc::new(Closed)).await.unwrap();
        let sends = (0..AT_ONCE).map(|sender| {
            let (wire, at, message) = (wire.clone(), at.clone(), Arc::clone(&message));
            tokio::spawn(async move {
                let kind = if sender % 2 == 0 { Kind::Chain } else { Kind::Answer };
                for _ in 0..64 {
                    let _ = wire
                        .send(
                            agent,
                            std::slice::from_ref(&at),
                            kind,
                            &message,
                            Duration::from_secs(1),
                        )
                        .await;
                }
            })
        });
        for send in sends.collect::<Vec<_>>() {
            let _ = send.await;
        }
        wire.shutdown().await;
    }
}

/// Burns so much of one core, in thousandths; for ever.
pub(crate) fn burn(share: u64) {
    loop {
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(share * 10) {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_micros(10_000_u64.saturating_sub(share * 10)));
    }
}

/// This program as another process, until it is dropped.
pub(crate) struct Other {
    child: Child,
    began: Instant,
}

impl Other {
    pub(crate) fn start(arguments: &[String]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self { child: child.unwrap(), began: Instant::now() }
    }

    /// How much of one core it has taken, in thousandths. Of Linux's clock ticks there are 100 a second
    /// (`proc_pid_stat(5)`, fields 14 and 15).
    pub(crate) fn share(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after = stat.rsplit_once(')').unwrap().1;
        let ticks: u64 =
            after.split_whitespace().skip(11).take(2).map(|t| t.parse::<u64>().unwrap()).sum();
        ticks * 10_000 / u64::try_from(self.began.elapsed().as_millis()).unwrap().max(1)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

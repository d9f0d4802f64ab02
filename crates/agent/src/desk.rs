//! The desk: messages that come are read as notes, heard by the site, and answered with a receipt.

use protocol::AgentId;
use protocol::errand::Errand;
use protocol::mail::Fate;
use site::{Site, Unsent};
use wire::{Inbox, Kind, Refused, read_notes};

/// Takes what comes.
pub struct Desk<W> {
    site: Site,
    wake: W,
}

impl<W: Fn() + Send + Sync + 'static> Desk<W> {
    /// Gives notes to this site, and calls `wake` when one was taken: letters may have to be sent.
    pub const fn new(site: Site, wake: W) -> Self {
        Self { site, wake }
    }
}

impl<W: Fn() + Send + Sync + 'static> Inbox for Desk<W> {
    async fn knows(&self, agent: AgentId) -> Result<bool, Refused> {
        self.site.knows(agent).await.map_err(|error| Refused::Later(error.to_string()))
    }

    async fn sits_with(&self, agent: AgentId) -> Result<bool, Refused> {
        self.site.sits_with(agent).await.map_err(|error| Refused::Later(error.to_string()))
    }

    async fn receive(&self, from: AgentId, kind: Kind, bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        if kind == Kind::Invitation {
            return self.site.show_invitation(&bytes).await.map_err(|unsent| match unsent {
                Unsent::Refused(reason) => Refused::No(reason),
                Unsent::Later(reason) => Refused::Later(reason),
            });
        }
        let no = |fault: &dyn std::fmt::Display| Refused::No(fault.to_string());
        if matches!(kind, Kind::Ways | Kind::Decision) {
            let errand = Errand::read(&bytes).map_err(|fault| no(&fault))?;
            if Kind::of_errand(errand.about()) != kind {
                return Err(Refused::No(format!(
                    "a record of kind {} is not about that",
                    errand.word()
                )));
            }
            // No letter follows from it but by what is due about a lift, and whoever looks after lifts wakes then.
            let answer = self.site.hear_errand(from, errand).await;
            let text =
                answer.map(|answer| answer.to_text()).transpose().map_err(|fault| no(&fault))?;
            return Ok(text.map_or_else(Vec::new, |text| text.as_bytes().to_vec()));
        }
        let mail = read_notes(from, kind, &bytes).map_err(|fault| no(&fault))?;
        let receipt = self.site.hear_from(from, mail).await;
        if receipt.fates.contains(&Fate::Taken) {
            (self.wake)();
        }
        let text = receipt.write().map_err(|fault| no(&fault))?;
        Ok(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use protocol::address::Transport;
    use protocol::{Hash, SecretKey, Signer as _, Timestamp};
    use site::{Caller, Chance, Clock, Command, CommandId};
    use store::Store;
    use wire::{Limits, Listen, NotSent, Wire};

    use super::*;

    struct World;

    impl Clock for World {
        fn now(&self) -> Timestamp {
            "2026-11-28T12:00:00.000Z".parse().unwrap()
        }
    }

    impl Chance for World {
        fn bytes(&self) -> [u8; 32] {
            *Hash::of(b"chance").as_bytes()
        }
    }

    fn key(seed: u8) -> SecretKey {
        SecretKey::ed25519(&[seed; 32])
    }

    fn agent(seed: u8) -> AgentId {
        AgentId::of(&key(seed).public_key()).unwrap()
    }

    async fn site(seed: u8) -> Site {
        let (clock, chance) = (Arc::new(World), Arc::new(World));
        Site::open(Store::memory(), agent(seed), clock, chance).await.unwrap()
    }

    async fn wire(seed: u8, site: Site) -> Wire {
        let listen = [Listen::loopback(Transport::Tcp)];
        let desk = Arc::new(Desk::new(site, || ()));
        Wire::start(&key(seed), &listen, Limits::default(), desk).await.unwrap()
    }

    /// One says something long about decisions, which is no record; whether it was heard, or had to wait.
    async fn is_heard(from: &Wire, to: &Wire) -> bool {
        let (text, within) =
            ("x".repeat(Kind::Decision.row().max_bytes / 2), Duration::from_secs(60));
        let (at, kind) = (to.listening(), Kind::Decision);
        match from.send(to.agent(), &at, kind, text.as_bytes(), within).await.unwrap_err() {
            NotSent::Refused { .. } => true,
            NotSent::Later { .. } => false,
            other => panic!("{other}"),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_referee_that_is_accepted_is_heard_whatever_strangers_say() {
        let own = site(1).await;
        let accept = Command::AcceptReferee { agent: agent(2), endpoint: None, most: None };
        let id = CommandId::new("accept").unwrap();
        own.command(&Caller::Administrator, &id, accept).await.unwrap();
        let own = wire(1, own).await;
        let referee = wire(2, site(2).await).await;
        let strangers = [wire(3, site(3).await).await, wire(4, site(4).await).await];
        let another = wire(5, site(5).await).await;
        assert!(is_heard(&referee, &own).await);
        let mut waited = 0;
        for _ in 0..20 {
            for stranger in &strangers {
                while is_heard(stranger, &own).await {}
            }
            waited += usize::from(!is_heard(&another, &own).await);
            assert!(is_heard(&referee, &own).await, "its words are waited for");
        }
        assert!(waited > 0, "strangers have to wait");
    }
}

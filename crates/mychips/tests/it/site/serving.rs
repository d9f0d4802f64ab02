//! A site that is served by a process of its own, and ways to end it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use api::{As, Client, ClientError};
use protocol::chit::{Chit, Entry, Written};
use protocol::{AgentId, ChitId, Cuid, SecretKey, Side, TallyId, Timestamp};
use serde_json::Value;
use site::{Answer, Class, Wish};
use tokio::runtime::{Builder, Runtime};

use super::town::Town;

pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) agent: AgentId,
    /// Where other sites reach it over TCP.
    pub(crate) place: String,
    log: PathBuf,
}

impl Town {
    /// Serves the site, on a free port; it listens when this returns.
    pub(crate) fn serve(&self) -> Serving {
        self.serve_at("127.0.0.1:0")
    }

    /// The same, with a place where other sites reach it.
    pub(crate) fn serve_at(&self, place: &str) -> Serving {
        let log = self.room.path().join("serve.log");
        let command = self.command(&["serve", "--port", "0", "--log", "trace", "--json"]);
        Self::started(command, place, log)
    }

    /// Serves what lies in another folder.
    pub(crate) fn serve_copy(&self, folder: &Path) -> Serving {
        let log = folder.join("serve.log");
        let mut command = self.command(&["serve", "--port", "0", "--log", "trace", "--json"]);
        command.env("MYCHIPS_DATA", folder);
        Self::started(command, "127.0.0.1:0", log)
    }

    fn started(mut command: Command, place: &str, log: PathBuf) -> Serving {
        command.env("MYCHIPS_PEERS_LISTEN", place);
        command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("{error}: {line}{}", std::fs::read_to_string(&log).unwrap())
        });
        assert_eq!(ready["pid"], child.id());
        let text = |member: &str| ready[member].as_str().unwrap().to_owned();
        let (address, agent) = (text("address").parse().unwrap(), text("agent").parse().unwrap());
        let place = ready["peers"][0].as_str().unwrap_or_default().to_owned();
        Serving { child, address, agent, place, log }
    }

    pub(crate) fn key(&self, user: &str) -> SecretKey {
        let file = self.keys().join(format!("{user}.jwk"));
        SecretKey::from_jwk(&std::fs::read(file).unwrap()).unwrap()
    }
}

impl Serving {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end; its exit code.
    pub(crate) fn code(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Ends it as a service manager does.
    pub(crate) fn end(mut self) -> String {
        self.signal("TERM");
        assert_eq!(self.code(), 0);
        self.log()
    }

    /// Ends it as a failing machine does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who pays over HTTP, on one tally.
pub(crate) struct Payer {
    client: Client,
    agent: AgentId,
    user: Cuid,
    key: SecretKey,
    side: Side,
    tally: TallyId,
    runtime: Runtime,
}

impl Payer {
    /// Bob, on his tally with Ann, whose foil he is or not.
    pub(crate) fn bob(town: &Town, serving: &Serving, tally: &Value) -> Self {
        Self {
            client: Client::new(serving.address, None),
            agent: serving.agent,
            user: "bob".parse().unwrap(),
            key: town.key("bob"),
            side: if tally["side"] == "foil" { Side::Foil } else { Side::Stock },
            tally: tally["tally"].as_str().unwrap().parse().unwrap(),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    /// Pays a thousandth under a name, asked again while the site says that it may help; says
    /// whether there was an answer before the site was gone.
    pub(crate) fn pays(&self, name: ChitId) -> bool {
        loop {
            match self.pay(name) {
                Ok(_) => return true,
                Err(ClientError::Refused { class: Class::Passing, .. }) => {}
                Err(ClientError::Lost { .. }) => return false,
                Err(other) => panic!("{other}"),
            }
        }
    }

    /// Pays a thousandth under a name.
    fn pay(&self, name: ChitId) -> Result<Answer, ClientError> {
        self.pay_dated(name, now())
    }

    /// The same, with a date of one's own.
    pub(crate) fn pay_dated(&self, name: ChitId, date: Timestamp) -> Result<Answer, ClientError> {
        let units = protocol::Units::new(1).unwrap().try_into().unwrap();
        let entry = Entry::Tran { units, written: Written::default() };
        let chit = Chit { uuid: name, tally: self.tally, by: self.side, date, entry };
        let chit = Box::new(chit.signed(&self.key).unwrap());
        let wish = Wish::Write { chit, over_limit: false };
        let command = site::Command::Tally { tally: self.tally, wish };
        let (cuid, id) = (self.user.clone(), name.to_string());
        let who = As { agent: self.agent, cuid, id: &id, date: now(), key: &self.key };
        self.runtime.block_on(self.client.command_as(&who, command))
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_ms(since.as_millis().try_into().unwrap()).unwrap()
}

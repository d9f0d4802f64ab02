//! The configuration: one table of keys, and where each value comes from. A flag counts before a
//! variable, a variable before `mychips.toml` in the data directory (`file.rs`), that before what is
//! usual. Words that are close to a key are in `nearest.rs`, where rows are kept in `place.rs`.

mod file;
mod nearest;
mod place;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use protocol::address::Endpoint;
use serde::Serialize;

use crate::failure::Failure;
use crate::flags::Span;

pub(crate) use file::{FILE, MAX_CONFIG_BYTES, with_store, write};
pub(crate) use place::StorePlace;

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// As in the file: `http.port`.
    pub(crate) name: &'static str,
    /// Its value where nobody says another.
    usual: &'static str,
    /// What it is, for people, in lines of a file.
    what: &'static str,
}

/// All there are.
pub(crate) const KEYS: [Key; 11] = [
    Key {
        name: "store",
        usual: "sqlite",
        what: "Where the site's rows are: sqlite (mychips.db beside this file), or a PostgreSQL\n\
               database: postgres://user@host/database",
    },
    Key {
        name: "http.address",
        usual: "127.0.0.1",
        what: "The address that people and programs reach the server at; only this machine\n\
               reaches 127.0.0.1",
    },
    Key { name: "http.port", usual: "8420", what: "Its port; 0 takes a free one" },
    Key {
        name: "peers.listen",
        usual: "127.0.0.1:8421",
        what: "Where other sites reach this one: an address and a port, 0 takes a free one; or off",
    },
    Key {
        name: "peers.transports",
        usual: "tcp+quic",
        what: "Over what they reach it there: tcp, quic, or tcp+quic",
    },
    Key {
        name: "peers.announce",
        usual: "auto",
        what: "Where other sites are told to find this one, like chips.example.org:8421; auto: where\n\
               it listens, or at its relay",
    },
    Key {
        name: "peers.relay",
        usual: "off",
        what: "For a site that nobody can call: the agent of a partner's site that is called in its\n\
               place and hands on, like chips.example.org:8421?relay=AGENT; or off",
    },
    Key {
        name: "peers.relay_for",
        usual: "partners",
        what: "For whom this site does so: the sites of its users' partners, or nobody",
    },
    Key {
        name: "log.level",
        usual: "info",
        what: "What is worth a line in the log: off, error, warn, info, debug, trace",
    },
    Key {
        name: "log.format",
        usual: "auto",
        what: "text for people, json for programs; auto: text on a terminal, json otherwise",
    },
    Key {
        name: "clearing.every",
        usual: "1m",
        what: "How often the server clears circles of debt by itself, also those through\n\
               other sites: like 1h, 15m or 30s; or off",
    },
];

/// What the names of variables begin with.
const PREFIX: &str = "MYCHIPS_";
/// Variables that are no keys: they say where the folders are.
const FOLDERS: [&str; 2] = ["MYCHIPS_DATA", "MYCHIPS_KEYS"];
/// What Kubernetes and Docker set by themselves beside a service called `mychips`.
const FOREIGN: [&str; 2] = ["MYCHIPS_SERVICE_", "MYCHIPS_PORT"];

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Over what other sites reach this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transports {
    Tcp,
    Quic,
    Both,
}

/// For whom this site is called and hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayFor {
    /// The sites of users' partners.
    Partners,
    Nobody,
}

/// An agent that is called in place of this one: a place with a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relay(pub(crate) Endpoint);

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text on a terminal, JSON otherwise.
    Auto,
    Text,
    Json,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Usual,
    /// The file, and the line in it, from 1.
    File(PathBuf, u64),
    /// The variable.
    Environment(String),
    /// The flag.
    Flag(String),
}

impl Origin {
    /// As in `mychips.toml, line 3`.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Usual => "default".to_owned(),
            Self::File(_, line) => format!("{FILE}, line {line}"),
            Self::Environment(variable) => variable.clone(),
            Self::Flag(flag) => flag.clone(),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Usual => "default",
            Self::File(..) => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
        }
    }

    /// The refusal of what was found there.
    fn refusal(&self, reason: &str) -> Failure {
        match self {
            Self::Usual => Failure::refused("config", reason.to_owned()),
            Self::File(path, line) => {
                Failure::refused("config", format!("{}, line {line}: {reason}", path.display()))
                    .at_line(*line)
            }
            Self::Environment(variable) => {
                Failure::refused("config", format!("the variable {variable}: {reason}"))
            }
            Self::Flag(flag) => Failure::misused(format!("{flag}: {reason}")),
        }
    }
}

/// A value as it was given.
#[derive(Clone, PartialEq, Eq)]
struct Given {
    text: String,
    origin: Origin,
}

/// A value as it is shown; never with a password.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    /// One word.
    from: &'static str,
    /// Where exactly: a line, a variable, a flag.
    pub(crate) place: String,
}

/// The configuration of a site.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where the site's rows are.
    pub(crate) store: StorePlace,
    /// Where the server listens.
    pub(crate) http: SocketAddr,
    /// Where other sites reach this one; none: nowhere.
    pub(crate) peers_listen: Option<SocketAddr>,
    /// Over what.
    pub(crate) peers_transports: Transports,
    /// Where they are told to; none: where it listens, or at its relay.
    pub(crate) peers_announce: Option<Endpoint>,
    /// Who is called in its place.
    pub(crate) peers_relay: Option<Relay>,
    /// For whom it is called.
    pub(crate) peers_relay_for: RelayFor,
    /// What is logged.
    pub(crate) log_level: Level,
    /// And how.
    pub(crate) log_format: Format,
    /// How often circles are cleared; none: never by itself.
    pub(crate) clearing_every: Option<Span>,
    /// Each value, and where it comes from, in the order of [`KEYS`].
    pub(crate) shown: Vec<Shown>,
}

impl Config {
    /// The configuration of a data directory. `flags` are keys and what flags say of them.
    ///
    /// # Errors
    /// A [`Failure`] names the file and line, the variable or the flag.
    pub(crate) fn of(folder: &Path, flags: &[(&'static str, String)]) -> Result<Self, Failure> {
        let mut given = file::read(folder)?;
        given.extend(variables(std::env::vars_os())?);
        given.extend(flags.iter().map(|(key, text)| {
            let origin = Origin::Flag(flag(key));
            ((*key).to_owned(), Given { text: text.clone(), origin })
        }));
        Self::read(&given)
    }

    /// Where other sites are told to find this one, as far as that is known before it is served.
    pub(crate) fn peers_place(&self) -> Option<Endpoint> {
        let listen = self.peers_listen.filter(|at| at.port() != 0 && !at.ip().is_unspecified());
        let listen = || {
            let mut place: Endpoint = listen?.to_string().parse().ok()?;
            if self.peers_transports == Transports::Quic {
                place.transport = protocol::address::Transport::Quic;
            }
            Some(place)
        };
        let relay = || self.peers_relay.as_ref().map(|relay| relay.0.clone());
        self.peers_announce.clone().or_else(relay).or_else(listen)
    }

    fn read(given: &BTreeMap<String, Given>) -> Result<Self, Failure> {
        let all = KEYS.map(|key| {
            let usual = || Given { text: key.usual.to_owned(), origin: Origin::Usual };
            (key.name, given.get(key.name).cloned().unwrap_or_else(usual))
        });
        let shown = all.iter().map(|(key, given)| Shown {
            key,
            value: place::masked(&given.text),
            from: given.origin.word(),
            place: given.origin.place(),
        });
        let shown = shown.collect();
        let [
            (_, store),
            (_, address),
            (_, port),
            (_, listen),
            (_, transports),
            (_, announce),
            (_, relay),
            (_, relay_for),
            (_, level),
            (_, format),
            (_, every),
        ] = all;
        Ok(Self {
            store: value(&store, "sqlite, or postgres://user@host/database")?,
            http: SocketAddr::new(
                value::<IpAddr>(&address, "an address like 127.0.0.1 or ::1")?,
                value::<u16>(&port, "a number from 0 to 65535")?,
            ),
            peers_listen: match listen.text.as_str() {
                "off" => None,
                _ => Some(value(&listen, "off, or an address and a port like 127.0.0.1:8421")?),
            },
            peers_transports: value(&transports, "tcp, quic, or tcp+quic")?,
            peers_announce: match announce.text.as_str() {
                "auto" => None,
                _ => Some(value(&announce, "auto, or a host and a port like example.org:8421")?),
            },
            peers_relay: match relay.text.as_str() {
                "off" => None,
                _ => Some(value(&relay, "off, or a place like example.org:8421?relay=AGENT")?),
            },
            peers_relay_for: value(&relay_for, "partners or nobody")?,
            log_level: value(&level, "one of off, error, warn, info, debug, trace")?,
            log_format: value(&format, "one of auto, text, json")?,
            clearing_every: match every.text.as_str() {
                "off" => None,
                _ => Some(value(&every, "off, or a length of time like 1h, 15m or 30s")?),
            },
            shown,
        })
    }
}

fn value<T: FromStr>(given: &Given, expected: &str) -> Result<T, Failure> {
    given.text.parse().map_err(|_| {
        let found = place::masked(&given.text);
        given.origin.refusal(&format!("{found:?} is not what belongs there: {expected}"))
    })
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "off" => Self::Off,
            "error" => Self::Error,
            "warn" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => return Err(()),
        })
    }
}

impl FromStr for Transports {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "tcp" => Self::Tcp,
            "quic" => Self::Quic,
            "tcp+quic" => Self::Both,
            _ => return Err(()),
        })
    }
}

impl FromStr for RelayFor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "partners" => Self::Partners,
            "nobody" => Self::Nobody,
            _ => return Err(()),
        })
    }
}

impl FromStr for Relay {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let place: Endpoint = text.parse().map_err(|_| ())?;
        if place.relay.is_some() { Ok(Self(place)) } else { Err(()) }
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "auto" => Self::Auto,
            "text" => Self::Text,
            "json" => Self::Json,
            _ => return Err(()),
        })
    }
}

/// `http.port`: `MYCHIPS_HTTP_PORT`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// `http.port`: `--http-port`.
fn flag(key: &str) -> String {
    format!("--{}", key.replace('.', "-"))
}

/// What the environment says.
fn variables(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, Given>, Failure> {
    let mut found = BTreeMap::new();
    for (name, text) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let origin = Origin::Environment(name.to_owned());
        let known = KEYS.iter().find(|key| variable(key.name) == name);
        // An empty variable is one that is not set.
        let passed_over = text.is_empty()
            || FOLDERS.contains(&name)
            || FOREIGN.iter().any(|foreign| name.starts_with(foreign));
        match known {
            Some(_) if text.is_empty() => {}
            Some(key) => {
                let text = text.into_string();
                let text = text.map_err(|_| origin.refusal("its value is not UTF-8"))?;
                found.insert(key.name.to_owned(), Given { text, origin });
            }
            None if passed_over => {}
            None => {
                let names = KEYS.map(|key| variable(key.name));
                let names = names.iter().map(String::as_str).chain(FOLDERS);
                let names = names.filter_map(|name| name.strip_prefix(PREFIX));
                let word = name.strip_prefix(PREFIX).unwrap_or_default();
                let hint = nearest::hint(word, PREFIX, names);
                return Err(origin.refusal(&format!("there is no such variable{hint}")));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;

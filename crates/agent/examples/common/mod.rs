//! A site in this process, served to others over a real wire, and what its users sign.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use agent::{Desk, Near};
use protocol::address::Transport;
use protocol::bounded::List;
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{
    AgentId, ChipAddress, ContractId, Cuid, Hash, SecretKey, Signer as _, Terms, Timestamp, Units,
};
use site::{Answer, Caller, Chance, Clock, Command, CommandId, Site};
use store::Store;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use wire::{Limits, Listen, Wire};

/// The machine's clock, and chance that is the same in every run.
#[derive(Default)]
pub(crate) struct World(AtomicU64);

impl Clock for World {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap()).unwrap()
    }
}

impl Chance for World {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes()
    }
}

/// One site, served to others.
pub(crate) struct One {
    pub(crate) site: Site,
    pub(crate) wire: Wire,
    pub(crate) due: Arc<Notify>,
    end: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl One {
    pub(crate) async fn open(folder: &Path, seed: u8, transport: Transport) -> Self {
        let key = SecretKey::ed25519(&[seed; 32]);
        let agent = AgentId::of(&key.public_key()).unwrap();
        let world = Arc::new(World(AtomicU64::new(u64::from(seed) << 40)));
        let store = Store::sqlite(&folder.join(format!("{seed}.db"))).await.unwrap();
        let site = Site::open(store, agent, Arc::clone(&world) as _, world).await.unwrap();
        let site = site.signing_with(Arc::new(SecretKey::ed25519(&[seed; 32]))).unwrap();
        let due = Arc::new(Notify::new());
        let woken = Arc::clone(&due);
        let desk = Arc::new(Desk::new(site.clone(), move || woken.notify_one()));
        let listen = [Listen { address: "127.0.0.1:0".parse().unwrap(), transport }];
        let wire = Wire::start(&key, &listen, Limits::default(), desk).await.unwrap();
        site.answers_at(wire.listening().first().cloned());
        let (end, ended) = watch::channel(false);
        let (ours, wires, dues) = (site.clone(), wire.clone(), Arc::clone(&due));
        let running = tokio::spawn(async move {
            let ended = async {
                let mut ended = ended;
                let _ = ended.wait_for(|ended| *ended).await;
            };
            agent::deliver(&wires, Near::ThisMachine, &ours, || dues.notified(), ended).await;
        });
        Self { site, wire, due, end, running }
    }

    pub(crate) async fn ask(&self, caller: Caller, id: String, command: Command) -> Answer {
        let answer = self.site.command(&caller, &CommandId::new(&id).unwrap(), command).await;
        self.due.notify_one();
        answer.unwrap()
    }

    /// It ends.
    pub(crate) async fn end(self) {
        self.end.send_replace(true);
        self.running.await.unwrap();
    }
}

pub(crate) fn date() -> Timestamp {
    "2026-11-22T09:00:00.000Z".parse().unwrap()
}

pub(crate) fn draft() -> Draft {
    let terms = |milli| Terms::new(Units::new(milli).unwrap(), BTreeMap::new()).unwrap();
    let agree = Agree {
        host: "mychips.org".parse().unwrap(),
        name: "neighbours".parse().unwrap(),
        rid: ContractId::from_bytes([4; 32]),
    };
    Draft { expires: None, memo: None, agree, holder: terms(1 << 50), partner: terms(1 << 50) }
}

pub(crate) fn cert(key: &SecretKey, cuid: &Cuid, agent: AgentId) -> Cert {
    let name = List::new(vec![format!("User {cuid}").parse().unwrap()]).unwrap();
    let cert = Cert {
        chad: ChipAddress { cuid: cuid.clone(), agent, endpoint: None },
        r#type: Type::Person,
        name: Names::try_from(name).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: date(),
        sign: None,
    };
    cert.signed(key).unwrap()
}

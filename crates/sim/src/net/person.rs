//! The people of a simulated network, and the device that each of them carries: it has the key, keeps what it
//! was told is done, and asks again where it got no answer.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use protocol::bounded::{Line, List};
use protocol::cert::{Identity, Names, Type};
use protocol::chit::Chit;
use protocol::export::LiftProof;
use protocol::{
    AgentId, Cert, ChipAddress, ChitId, Cuid, Hash, Moved, PublicKey, SecretKey, Side, Signer as _,
    Tally, TallyId,
};
use site::{Command, Invitation};

use super::broken::{Broken, Sim};
use super::dice::Dice;
use super::world::{START_MS, moment};

const NAMES: [&str; 10] = ["ann", "bob", "cid", "dee", "eli", "fay", "gus", "hal", "ivy", "jon"];

/// The most people of a network.
pub(super) const MOST_PEOPLE: usize = NAMES.len();

/// A command that was sent, or will be.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) command: Command,
    pub(super) about: About,
    /// What it is, for the trace.
    pub(super) words: String,
    /// Whether it was sent before.
    pub(super) again: bool,
}

/// What a command is about, for when it is done.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// A chit: whether it may go beyond the limit.
    Chit { chit: Box<Chit>, over_limit: bool },
    /// A tally that both signed from then on.
    Agreement(Box<Tally>),
    /// An invitation for somebody.
    Invitation { whom: usize },
    /// Anything else.
    Other,
}

/// What a device keeps of a tally.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What both signed, once the device has seen it.
    pub(super) signed: Option<Tally>,
    /// The highest offer that it signed.
    pub(super) offer: Option<Tally>,
    /// Chits that it saw on the chain, or was told are taken.
    pub(super) chits: Vec<Chit>,
    pub(super) hashes: BTreeSet<Hash>,
    /// What proves the chits of lifts between sites, as its site showed it.
    pub(super) proofs: BTreeMap<ChitId, LiftProof>,
    /// The highest counter that it signed settings with.
    pub(super) counter: u32,
    /// What either user said last about its agent.
    pub(super) moved: BTreeMap<Side, Moved>,
    /// The highest counter that it signed such a word with.
    pub(super) moves: u32,
}

impl Kept {
    /// Which revision both signed; 0 where none.
    pub(super) fn revision(&self) -> u32 {
        self.signed.as_ref().map_or(0, |tally| tally.members().revision.get())
    }

    /// The highest revision governs, whichever came last.
    pub(super) fn keep_signed(&mut self, tally: &Tally) {
        if tally.members().revision.get() > self.revision() {
            self.signed = Some(tally.clone());
        }
    }

    pub(super) fn keep(&mut self, chit: &Chit, hash: Hash) {
        if self.hashes.insert(hash) {
            self.chits.push(chit.clone());
        }
    }
}

/// Somebody with a key and a device.
pub(super) struct Person {
    pub(super) name: Cuid,
    /// What its cert says that it is called.
    pub(super) disclosed: String,
    pub(super) home: usize,
    pub(super) key: SecretKey,
    pub(super) cert: Cert,
    pub(super) kept: BTreeMap<TallyId, Kept>,
    /// Commands of which no answer came.
    pub(super) unanswered: Vec<Asked>,
    pub(super) asked: u64,
    /// In a busy network its tally with whoever comes after it.
    pub(super) with_next: Option<TallyId>,
    /// Invitations that it was handed and has not answered.
    pub(super) invited: Vec<Invitation>,
    /// What its partners told it by hand since its site went back.
    pub(super) told: BTreeSet<Hash>,
    /// The epoch of its site for which it has brought back everything.
    pub(super) brought: u64,
}

impl Person {
    pub(super) fn new(number: usize, home: usize, agent: AgentId, dice: &mut Dice) -> Sim<Self> {
        let harness = |error: &dyn ToString| Broken::harness(&error.to_string());
        let name = NAMES.get(number).ok_or_else(|| Broken::harness("too many people"))?;
        // Some have keys as browsers make them; those of the others are quicker.
        let key = if dice.percent(20) {
            SecretKey::p256(&dice.bytes()).map_err(|error| harness(&error))?
        } else {
            SecretKey::ed25519(&dice.bytes())
        };
        // Nobody else's name and cert have this in them.
        let public = key.public_key();
        let name: Cuid = format!("{name}-{}", marker("user", &public))
            .parse()
            .map_err(|error| harness(&error))?;
        let disclosed = marker("cert", &public);
        let line: Line<200> = disclosed.parse().map_err(|error| harness(&error))?;
        let names = List::new(vec![line]).map_err(|error| harness(&error))?;
        let cert = Cert {
            chad: ChipAddress { cuid: name.clone(), agent, endpoint: None },
            r#type: Type::Person,
            name: Names::try_from(names).map_err(|error| harness(&error))?,
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: key.public_key(),
            date: moment(START_MS),
            sign: None,
        };
        let cert = cert.signed(&key).map_err(|error| harness(&error))?;
        let (kept, unanswered, invited) = (BTreeMap::new(), Vec::new(), Vec::new());
        Ok(Self {
            name,
            disclosed,
            home,
            key,
            cert,
            kept,
            unanswered,
            asked: 0,
            with_next: None,
            invited,
            told: BTreeSet::new(),
            brought: 0,
        })
    }

    /// What it is called in the trace.
    pub(super) fn short(&self) -> &str {
        self.name.as_str().split('-').next().unwrap_or_default()
    }
}

/// Sixteen characters that stand for something of this key's holder and for nothing else.
pub(super) fn marker(of: &str, key: &PublicKey) -> String {
    let text = format!("{of} {key:?}");
    HEXLOWER.encode(&Hash::of(text.as_bytes()).as_bytes()[..8])
}

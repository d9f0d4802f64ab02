//! What a user takes along: a tally with all that proves it, and all of a user's tallies. Whoever has
//! one checks it without asking anybody ([`TallyExport::check`]).

mod lift_proof;

use std::collections::BTreeMap;

pub use lift_proof::LiftProof;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::chit::Entry;
use crate::json::JsonError;
use crate::ledger::{Ack, Good, Head, Input, Ledger, Link, Stop};
use crate::lift::{Leg, LiftFault};
use crate::moved::Moved;
use crate::record::Record;
use crate::{
    AgentId, Cert, ChitId, Contract, LiftId, Side, SignatureFault, Signed, Tally, TallyId,
    Timestamp, Units, Verified,
};

/// The `kind` member of an exported tally.
pub const TALLY_KIND: &str = "tally_export";
/// The `kind` member of an exported user.
pub const USER_KIND: &str = "user_export";
/// The `v` member of both.
pub const VERSION: u32 = 1;

/// The most bytes of an exported text: some 300,000 chits.
pub const MAX_EXPORT_BYTES: usize = 256 * 1024 * 1024;

/// A tally, as one of its users saw it at its site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TallyExport {
    /// [`TALLY_KIND`].
    pub kind: String,
    /// [`VERSION`].
    pub v: u32,
    /// When it was exported; nobody signs that.
    pub date: Timestamp,
    /// The agent of the site.
    pub agent: AgentId,
    /// Which side is the user's.
    pub side: Side,
    /// What both signed, with both users' certs.
    pub tally: Tally,
    /// The contract that they agreed to; none where the site does not know it.
    pub contract: Option<Contract>,
    /// The chain: every chit in its place.
    pub links: Vec<Link>,
    /// What proves the chits of lifts: one for each lift on this tally.
    pub lifts: Vec<LiftProof>,
    /// What the users said about their agents, where a site has another one than the tally names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    /// Where the chain ends.
    pub head: Head,
    /// The balance in milli-CHIPs: positive when the partner owes the user.
    pub balance: Units,
    /// The agent's signed word for the chain.
    pub word: Option<Ack>,
}

/// A user with all its tallies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserExport {
    /// [`USER_KIND`].
    pub kind: String,
    /// [`VERSION`].
    pub v: u32,
    /// When it was exported; nobody signs that.
    pub date: Timestamp,
    /// The agent of the site.
    pub agent: AgentId,
    /// The user's cert.
    pub cert: Cert,
    /// Its tallies that both signed.
    pub tallies: Vec<TallyExport>,
}

/// What follows from an exported tally.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The user's half, as it follows from the chits.
    pub half: Ledger,
    /// Chits of lifts between sites, by their names, of which nobody can tell any more whether the giver's site took part:
    /// its user has named another agent since, by a word that rests on a head before them, or too many others. They count
    /// in the half and in its balance, as both sites count them; whoever knows no more than the file need not believe them.
    pub unproved: Vec<ChitId>,
}

/// Why an export proves nothing, or something else than it says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExportFault {
    /// Another kind or version of file.
    #[error("it is no {expected} of version {VERSION}, but {kind:?} of version {v}")]
    Kind {
        /// What was expected.
        expected: &'static str,
        /// The kind that it says.
        kind: String,
        /// The version that it says.
        v: u32,
    },
    /// A signature is missing or wrong.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// The contract is another one than the tally names.
    #[error("the contract is not the one that the tally agrees to")]
    Contract,
    /// A link does not follow from those before it.
    #[error("link {0} does not follow from those before it")]
    Link(u64),
    /// A lift's chit without what proves it.
    #[error("chit {chit} is of lift {lift}, which nothing here proves")]
    NoProof {
        /// The chit.
        chit: ChitId,
        /// The lift.
        lift: LiftId,
    },
    /// A proof of a lift that has no chit here, or a second one of the same lift.
    #[error("lift {0} has a proof for which there is no chit, or is proved twice")]
    SpareProof(LiftId),
    /// A lift, or a leg of it, is not proved.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// A chit is not what its lift makes of the leg.
    #[error("chit {0} is not what its lift makes of it")]
    OtherChit(ChitId),
    /// The ledger does not take the chits.
    #[error("the chits are not those of a tally: {0}")]
    Ledger(String),
    /// The chain ends elsewhere.
    #[error("the chain ends at link {found}, not at the head that is named")]
    Head {
        /// Where it ends.
        found: u64,
    },
    /// The chits sum to another balance.
    #[error("the chits come to a balance of {found} milli-CHIPs, not of {said}")]
    Balance {
        /// What they come to.
        found: i128,
        /// What is said.
        said: i64,
    },
    /// The agent is not the one of the user's site, as the signed tally has it.
    #[error("agent {0} is not the one of the user's site in the tally")]
    Agent(AgentId),
    /// A lift that nobody promised, and that was decided by somebody else than the giver's site.
    #[error(
        "lift {0} was decided by another agent than that of the giver's site, and nobody promised it"
    )]
    Referee(LiftId),
    /// The agent's word is for another tally or another chain.
    #[error("the agent's word is for another chain")]
    Word,
    /// A tally that is not the user's, or twice the same.
    #[error("tally {0} is not one of the user's, or is there twice")]
    Tally(TallyId),
    /// More bytes than an export may have.
    #[error("{bytes} bytes are more than an export may have ({MAX_EXPORT_BYTES})")]
    TooLarge {
        /// Bytes found.
        bytes: usize,
    },
    /// The text is no export: a member is missing, unknown, named twice or in another spelling.
    #[error("it is not what mychips export writes: {0}")]
    Text(String),
    /// A record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ExportFault> {
    if bytes.len() > MAX_EXPORT_BYTES {
        return Err(ExportFault::TooLarge { bytes: bytes.len() });
    }
    serde_json::from_slice(bytes).map_err(|error| ExportFault::Text(error.to_string()))
}

fn is(expected: &'static str, kind: &str, v: u32) -> Result<(), ExportFault> {
    if kind == expected && v == VERSION {
        return Ok(());
    }
    Err(ExportFault::Kind { expected, kind: kind.to_owned(), v })
}

/// A tally that is to be exported.
#[derive(Clone, Debug)]
pub struct ToExport {
    /// Now.
    pub date: Timestamp,
    /// The agent of the site.
    pub agent: AgentId,
    /// Which side is the user's.
    pub side: Side,
    /// What both signed.
    pub tally: Tally,
    /// The contract that they agreed to, where it is known.
    pub contract: Option<Contract>,
    /// The chain.
    pub links: Vec<Link>,
    /// What proves the chits of lifts on it.
    pub lifts: Vec<LiftProof>,
    /// What the users said about their agents.
    pub moved: Vec<Moved>,
    /// The agent's word, which is left out where it is for another chain.
    pub word: Option<Ack>,
}

impl ToExport {
    /// The export, with the head and the balance that follow from the chits. Everything is checked; that some of it is not
    /// proved any more ([`Checked::unproved`]) keeps nobody from taking the rest along.
    ///
    /// # Errors
    /// [`ExportFault`] names the first thing that is wrong: then it is the site that shows it so.
    pub fn export(self) -> Result<TallyExport, ExportFault> {
        let Self { date, agent, side, tally, contract, links, lifts, moved, word } = self;
        let genesis = Head { index: 0, hash: tally.hash()? };
        let head = links.last().map_or(genesis, |link| link.head);
        let word = word.filter(|word| word.head == head);
        let (kind, v, balance) = (TALLY_KIND.to_owned(), VERSION, Units::ZERO);
        let mut export = TallyExport {
            kind,
            v,
            date,
            agent,
            side,
            tally,
            contract,
            links,
            lifts,
            moved,
            head,
            balance,
            word,
        };
        let found = export.follow()?.half.balance_milli();
        let unfit = || ExportFault::Balance { found, said: 0 };
        let milli = i64::try_from(found).map_err(|_| unfit())?;
        export.balance = Units::new(milli).map_err(|_| unfit())?;
        export.check()?;
        Ok(export)
    }
}

impl TallyExport {
    /// Reads the text of an export; nothing of it is checked but that every record in it is in its one
    /// spelling.
    ///
    /// # Errors
    /// [`ExportFault::TooLarge`], [`ExportFault::Text`].
    pub fn read(bytes: &[u8]) -> Result<Self, ExportFault> {
        read(bytes)
    }

    /// Checks everything: signatures, contract, chain, lifts, balance, the agent's word.
    ///
    /// # Errors
    /// [`ExportFault`] names the first thing that is wrong.
    pub fn check(&self) -> Result<Checked, ExportFault> {
        let Checked { half: ledger, unproved } = self.follow()?;
        if !ledger.agents_had(self.side).any(|agent| agent == self.agent) {
            return Err(ExportFault::Agent(self.agent));
        }
        let (found, said) = (ledger.balance_milli(), self.balance.milli());
        if found != i128::from(said) {
            return Err(ExportFault::Balance { found, said });
        }
        if let Some(word) = &self.word {
            word.check_signatures(&self.agent)?;
            if (word.tally, word.head) != (ledger.tally(), self.head) {
                return Err(ExportFault::Word);
            }
        }
        Ok(Checked { half: ledger, unproved })
    }

    /// The half as it follows from the chits.
    fn follow(&self) -> Result<Checked, ExportFault> {
        is(TALLY_KIND, &self.kind, self.v)?;
        let tally = Verified::check(self.tally.clone(), &())?;
        if let Some(contract) = &self.contract {
            contract.check_signatures(&())?;
            if contract.rid != Some(self.tally.members().agree.rid) {
                return Err(ExportFault::Contract);
            }
        }
        let empty = Ledger::open(&tally, self.side)?.told_of_agents(&self.moved, &self.links)?;
        let mut head = empty.head();
        for link in &self.links {
            head = head.then(empty.tally(), link.chit.hash()?);
            if head != link.head || link.chit_hash != link.chit.hash()? {
                return Err(ExportFault::Link(link.head.index));
            }
        }
        let (good, unproved) = self.good(&empty)?;
        let input = Input::Recover(good);
        let step = empty.step(input, &Vec::new()).map_err(|stop| match stop {
            Stop::Refused(refusal) => ExportFault::Ledger(refusal.to_string()),
            missing @ Stop::Missing(_) => ExportFault::Ledger(missing.to_string()),
        })?;
        let ledger = step.ledger;
        if ledger.head() != head || ledger.head() != self.head {
            return Err(ExportFault::Head { found: ledger.head().index });
        }
        Ok(Checked { half: ledger, unproved })
    }

    /// The chits in their order, and which of them are not proved any more ([`Checked::unproved`]).
    fn good(&self, ledger: &Ledger) -> Result<(Vec<Good>, Vec<ChitId>), ExportFault> {
        let lifted = |link: &&Link| matches!(link.chit.entry, Entry::Lift { .. });
        let signed: Vec<_> =
            self.links.iter().filter(|link| !lifted(link)).map(|link| link.chit.clone()).collect();
        let mut signed = ledger.prove_in_order(signed)?.into_iter();
        let mut proofs = self.proofs()?;
        let mut good = Vec::with_capacity(self.links.len());
        let mut unproved = Vec::new();
        for link in &self.links {
            let chit = &link.chit;
            let next = match chit.entry {
                Entry::Lift { lift, units } => {
                    let none = ExportFault::NoProof { chit: chit.uuid, lift };
                    let leg = Leg { tally: chit.tally, by: chit.by, units };
                    // Of another leg it proves another chit, which is said.
                    let other = proofs.keys().find(|name| name.0 == lift).copied();
                    let name = Some((lift, leg)).filter(|name| proofs.contains_key(name)).or(other);
                    let proof = name.and_then(|name| proofs.remove(&name)).ok_or(none)?;
                    match proof.check(ledger, |head| self.rests_on(head, link)) {
                        Ok(proved) => proved,
                        Err(fault) => {
                            unproved.push(chit.uuid);
                            proof.by_agent_given_up(ledger).ok_or(fault)?
                        }
                    }
                }
                // One for each, in their order.
                _ => signed.next().ok_or(ExportFault::OtherChit(chit.uuid))?,
            };
            if next.chit() != chit {
                return Err(ExportFault::OtherChit(chit.uuid));
            }
            good.push(next);
        }
        match proofs.pop_first() {
            Some(((lift, _), _)) => Err(ExportFault::SpareProof(lift)),
            None => Ok((good, unproved)),
        }
    }

    /// Whether a head is one of this chain, and a link stands at or below it.
    fn rests_on(&self, head: Head, link: &Link) -> bool {
        let there = |at: &Link| at.head.index == head.index;
        link.head.index <= head.index
            && self.links.iter().find(|at| there(at)).is_some_and(|at| at.head == head)
    }

    /// What proves the lifts, by their names and legs.
    fn proofs(&self) -> Result<BTreeMap<(LiftId, Leg), &LiftProof>, ExportFault> {
        let mut proofs = BTreeMap::new();
        for proof in &self.lifts {
            let lift = proof.record.id()?;
            if proofs.insert((lift, proof.leg), proof).is_some() {
                return Err(ExportFault::SpareProof(lift));
            }
        }
        Ok(proofs)
    }
}

impl UserExport {
    /// Reads the text of an export, as [`TallyExport::read`].
    ///
    /// # Errors
    /// [`ExportFault::TooLarge`], [`ExportFault::Text`].
    pub fn read(bytes: &[u8]) -> Result<Self, ExportFault> {
        read(bytes)
    }

    /// Checks the cert and every tally, as [`TallyExport::check`]; the halves come back in their order.
    /// Of the cert only that it is signed with the key that it names itself: whether that is the
    /// user's, its tallies may say ([`UserExport::cert_signs`]).
    ///
    /// # Errors
    /// [`ExportFault`] names the first thing that is wrong.
    pub fn check(&self) -> Result<Vec<Checked>, ExportFault> {
        is(USER_KIND, &self.kind, self.v)?;
        self.cert.check_signatures(&())?;
        let agents = self.tallies.iter().map(|export| export.agent);
        for agent in agents.chain([self.cert.chad.agent]) {
            if agent != self.agent {
                return Err(ExportFault::Agent(self.agent));
            }
        }
        let mut all: Vec<Checked> = Vec::with_capacity(self.tallies.len());
        for export in &self.tallies {
            let checked = export.check()?;
            let tally = checked.half.tally();
            let own = &export.tally.party(export.side).cert;
            let twice = all.iter().any(|other| other.half.tally() == tally);
            if own.chad.cuid != self.cert.chad.cuid || twice {
                return Err(ExportFault::Tally(tally));
            }
            all.push(checked);
        }
        Ok(all)
    }

    /// Whether the key in the cert is one that the user had on one of these halves, which are in what
    /// [`UserExport::check`] gave. A key in the place of a lost one is on none before it is
    /// claimed; nor is the key of somebody who wrote a cert in the user's name.
    #[must_use]
    pub fn cert_signs(&self, checked: &[Checked]) -> bool {
        checked.iter().any(|it| it.half.keys_had(it.half.side()).contains(&self.cert.public))
    }
}

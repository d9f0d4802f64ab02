//! Both halves of Suzie's and Bob's tally, their disks, and what travels between them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use protocol::bounded::List;
use protocol::chit::{Chit, Entry, Set, Written};
use protocol::ledger::{
    Change, Event, Good, Head, Input, Ledger, Link, Message, Refusal, Step, Stop,
};
use protocol::lift::{Certificate, Committed, Evidence, Leg, Legs, Mode};
use protocol::record::Record;
use protocol::settings::Settings;
use protocol::tally::Members;
use protocol::{AgentId, ChitId, Hash, Lift, SecretKey, Side, Signer, Tally, Units, Verified};

use crate::given::rate;
use crate::people::{at, members, positive, suzie};

/// Suzie's key here: the quick kind, as thousands of chits are signed.
pub(crate) fn key(side: Side) -> SecretKey {
    SecretKey::ed25519(&[if side == Side::Stock { 11 } else { 2 }; 32])
}

/// The tally that both signed.
pub(crate) fn signed_tally() -> Verified<Tally> {
    signed(members())
}

/// A tally with Suzie's key here, signed by both.
pub(crate) fn signed(mut members: Members) -> Verified<Tally> {
    let mut cert = suzie();
    cert.public = key(Side::Stock).public_key();
    members.stock.cert = cert.signed(&key(Side::Stock)).unwrap();
    let tally = Tally::new(members).unwrap();
    let tally = tally.signed(Side::Stock, &key(Side::Stock)).unwrap();
    Verified::check(tally.signed(Side::Foil, &key(Side::Foil)).unwrap(), &()).unwrap()
}

pub(crate) fn id(number: u64) -> ChitId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    ChitId::random(bytes)
}

/// A payment of so many milli-CHIPs, signed.
pub(crate) fn payment(by: Side, name: ChitId, milli: i64) -> Chit {
    let entry = Entry::Tran { units: positive(milli), written: Written::default() };
    let tally = members().uuid;
    let date = at("2026-11-22T10:00:00.000Z");
    Chit { uuid: name, tally, by, date, entry }.signed(&key(by)).unwrap()
}

/// The chit of a decided lift whose only leg is on this tally.
pub(crate) fn lifted(by: Side, number: u64, milli: i64) -> Good {
    let (referee, nonce) = (SecretKey::ed25519(&[7; 32]), Hash::of(&number.to_be_bytes()));
    let leg = Leg { tally: members().uuid, by, units: positive(milli) };
    let legs = Legs::new(vec![leg], None).unwrap();
    let date = at("2026-11-22T12:00:00.000Z");
    let lift = Lift {
        nonce,
        mode: Mode::Clearing,
        date,
        deadline: date,
        legs: legs.root(),
        participants: List::default(),
        referees: List::new(vec![AgentId::of(&referee.public_key()).unwrap()]).unwrap(),
        quorum: 1,
        payment: None,
    };
    let id = lift.id().unwrap();
    let certificate = Certificate::by_sole_referee(id, Evidence::of_one_site(), &referee).unwrap();
    let lift = Committed::check(lift, &certificate).unwrap();
    let (leg, way) = legs.find(&leg.tally).unwrap();
    Good::of_lift(&lift, &leg, &way).unwrap()
}

/// A chit that was changed, signed anew.
pub(crate) fn resigned(chit: Chit) -> Chit {
    let by = chit.by;
    chit.signed(&key(by)).unwrap()
}

/// Settings, signed; `close` asks to close the tally.
pub(crate) fn settings(by: Side, name: ChitId, counter: u32, close: bool) -> Chit {
    let target = Units::new(i64::from(counter)).unwrap();
    let settings = Settings::new(target, target, rate(0), rate(0)).unwrap();
    let set = Set { settings, counter: counter.try_into().unwrap(), owe: None, close };
    let entry = Entry::Set { set, written: Written::default() };
    let tally = members().uuid;
    Chit { uuid: name, tally, by, date: at("2026-11-22T11:00:00.000Z"), entry }
        .signed(&key(by))
        .unwrap()
}

/// One half with its disk.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Half {
    pub(crate) ledger: Ledger,
    pub(crate) links: Vec<Link>,
    genesis: Hash,
}

impl Half {
    pub(crate) fn new(side: Side) -> Self {
        thread_local!(static TALLY: Verified<Tally> = signed_tally());
        let ledger = TALLY.with(|tally| Ledger::open(tally, side)).unwrap();
        Self { genesis: ledger.head().hash, ledger, links: Vec::new() }
    }

    /// Takes over what a step decided.
    pub(crate) fn commit(&mut self, ledger: Ledger, change: Option<Change>) {
        let mut checked = self.links.len();
        if let Some(Change { keep, then }) = change {
            checked = usize::try_from(keep).unwrap();
            self.links.truncate(checked);
            self.links.extend(then);
        }
        self.ledger = ledger;
        self.check(checked);
    }

    /// Takes over a higher revision; returns what it says.
    pub(crate) fn rebase(&mut self, tally: &Verified<Tally>) -> Vec<Message> {
        let Step { ledger, change, send, .. } = self.ledger.rebase(tally, &self.links).unwrap();
        self.genesis = tally.hash().unwrap();
        self.commit(ledger, change);
        send
    }

    /// What must hold of every half at any moment: the history is a chain from the signed tally to
    /// the head, each chit once, and the balance follows from it. Links up to `keep` were checked.
    fn check(&self, keep: usize) {
        let genesis = Head { index: 0, hash: self.genesis };
        let mut head = keep.checked_sub(1).map_or(genesis, |last| self.links[last].head);
        for link in &self.links[keep..] {
            assert_eq!(link.chit_hash, link.chit.hash().unwrap());
            head = head.then(self.ledger.tally(), link.chit_hash);
            assert_eq!(link.head, head, "each link commits to all before it");
        }
        assert_eq!(self.ledger.head(), head);
        assert!(self.ledger.agreed() <= head.index);
        let counted = self.links.iter().filter(|link| self.ledger.counts(link));
        let effects = counted.map(|link| link.chit.effect_on(self.ledger.side()));
        assert_eq!(
            self.ledger.balance_milli(),
            effects.map(|units| i128::from(units.milli())).sum()
        );
        let once: BTreeSet<_> = self.links.iter().map(|link| link.chit_hash).collect();
        assert_eq!(once.len(), self.links.len(), "each chit once");
    }
}

/// Two halves, and what is on its way.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) stock: Half,
    pub(crate) foil: Half,
    /// Messages on their way, each with the side that it goes to.
    pub(crate) net: Vec<(Side, Message)>,
    /// Every chit that a user signed and a half took, with its proof: what the devices keep.
    pub(crate) signed: BTreeMap<Hash, Good>,
    proofs: HashMap<Chit, Good>,
    pub(crate) events: Vec<(Side, Event)>,
    /// Whether a stock ever had to take back its own order.
    pub(crate) reordered: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            stock: Half::new(Side::Stock),
            foil: Half::new(Side::Foil),
            net: Vec::new(),
            signed: BTreeMap::new(),
            proofs: HashMap::new(),
            events: Vec::new(),
            reordered: false,
        }
    }

    pub(crate) fn half(&self, side: Side) -> &Half {
        match side {
            Side::Stock => &self.stock,
            Side::Foil => &self.foil,
        }
    }

    pub(crate) fn half_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Stock => &mut self.stock,
            Side::Foil => &mut self.foil,
        }
    }

    /// A step that is committed, and whose messages leave.
    pub(crate) fn input(&mut self, side: Side, input: Input) -> Result<(), Refusal> {
        let step = self.decide(side, input)?;
        self.net.extend(step.send.iter().map(|message| (side.other(), message.clone())));
        self.commit(side, step);
        Ok(())
    }

    /// Chits reach a half as by a device after a restore: whatever they are, and whatever they do.
    pub(crate) fn brings(&mut self, to: Side, chits: Vec<Good>) {
        let waiting = self.half(to).ledger.waiting();
        let restored = self.half(to).ledger.went_back(waiting.partner);
        self.half_mut(to).ledger = restored;
        self.input(to, Input::Recover(chits)).unwrap();
        if !waiting.device {
            self.input(to, Input::Recover(Vec::new())).unwrap();
        }
    }

    /// What a half decides; nothing is kept yet.
    pub(crate) fn decide(&self, side: Side, input: Input) -> Result<Step, Refusal> {
        let half = self.half(side);
        match half.ledger.step(input, &half.links) {
            Ok(step) => Ok(step),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::Missing(missing)) => panic!("the history is whole, yet {missing:?}"),
        }
    }

    /// A step that is committed, and whose messages are lost.
    pub(crate) fn commit(&mut self, side: Side, Step { ledger, change, events, .. }: Step) {
        let length = u64::try_from(self.half(side).links.len()).unwrap();
        self.reordered |= change.as_ref().is_some_and(|change| change.keep < length);
        self.events.extend(events.into_iter().map(|event| (side, event)));
        self.half_mut(side).commit(ledger, change);
    }

    /// The user on `side` signs and hands in a chit, beyond any limit.
    pub(crate) fn write(&mut self, chit: Chit) -> Result<(), Refusal> {
        let side = chit.by;
        let chit = self.sign(chit);
        self.input(side, Input::Write { chit: chit.clone(), over_limit: true })?;
        self.keep(chit);
        Ok(())
    }

    /// A lift was decided: the halves on these sides hear of it, one after the other.
    pub(crate) fn lift(&mut self, chit: Good, sides: &[Side]) {
        for &side in sides {
            self.input(side, Input::Lift(chit.clone())).unwrap();
        }
        self.keep(chit);
    }

    /// A user's device keeps what it signed.
    pub(crate) fn keep(&mut self, chit: Good) {
        self.signed.insert(chit.hash(), chit.clone());
        self.proofs.insert(chit.chit().clone(), chit);
    }

    pub(crate) fn sign(&self, chit: Chit) -> Good {
        self.stock.ledger.prove(chit).unwrap()
    }

    /// The proof of a chit that somebody made here.
    pub(crate) fn proof(&self, chit: &Chit) -> Option<Good> {
        self.proofs.get(chit).cloned()
    }

    /// Puts back the proofs that a site checks when a message arrives.
    pub(crate) fn checked(&self, message: Message) -> Message<Good> {
        let proof = |chit: Chit| self.proof(&chit).ok_or(());
        message.try_map(proof).expect("nobody invents a chit")
    }

    /// Delivers the message at this place in the net.
    pub(crate) fn deliver(&mut self, place: usize) {
        let (to, message) = self.net.remove(place);
        let message = self.checked(message);
        self.input(to, Input::Receive(message)).expect("an honest message is never refused");
    }

    /// The faults stop: devices bring back what their sites lost, the halves compare, messages
    /// arrive. Fails where that does not end.
    pub(crate) fn heal(&mut self) {
        for side in Side::BOTH {
            let own = self.signed.values().filter(|good| good.chit().by == side).cloned().collect();
            self.input(side, Input::Recover(own)).unwrap();
            self.input(side, Input::Compare).unwrap();
        }
        self.settle();
    }

    /// Delivers everything, reminding both where it comes to rest, until nobody has anything to say.
    pub(crate) fn settle(&mut self) {
        let mut on_their_way = HashSet::new();
        self.net.retain(|message| on_their_way.insert(message.clone()));
        for _ in 0..10_000 {
            if self.net.is_empty() {
                for side in Side::BOTH {
                    self.input(side, Input::Remind).unwrap();
                }
                if self.net.is_empty() {
                    return;
                }
            }
            self.deliver(0);
        }
        panic!("the halves talk for ever: {:?}", self.net);
    }

    /// What must hold once everything has arrived.
    pub(crate) fn assert_one_ledger(&self) {
        let (stock, foil) = (&self.stock, &self.foil);
        assert_eq!(stock.ledger.head(), foil.ledger.head(), "the chains are one");
        assert_eq!(stock.links, foil.links, "link by link");
        assert_eq!(stock.ledger.balance_milli(), -foil.ledger.balance_milli(), "zero sum");
        for half in [stock, foil] {
            assert_eq!(half.ledger.agreed(), half.ledger.head().index, "and both know it");
            for hash in self.signed.keys() {
                assert!(half.links.iter().any(|link| link.chit_hash == *hash), "no chit missing");
            }
            assert_eq!(half.links.len(), self.signed.len(), "and none that nobody signed");
        }
        assert_eq!(stock.ledger.status(), foil.ledger.status());
        assert_eq!(stock.ledger.conflicts(), foil.ledger.conflicts());
        assert_eq!(stock.ledger.consent(), foil.ledger.consent().seen_by_partner());
    }
}

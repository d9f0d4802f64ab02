//! What the users of a file sign: certs, tallies, chits; as many as go into one portion.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use protocol::bounded::List;
use protocol::cert::{Identity, Names, Type};
use protocol::chit::{Chit, Entry, Positive, Written};
use protocol::tally::{Agree, Members, Party};
use protocol::{
    Cert, ChipAddress, ChitId, Hash, SecretKey, Side, SignError, Signer, Tally, TallyId, Terms,
    Timestamp,
};
use site::{Clock, Intake, Whole};
use store::UserKind;

use super::people::People;
use super::ties::{Tie, Ties};
use crate::contracts;
use crate::failure::Failure;
use crate::visit::Visit;
use crate::world::World;

/// What stands with every chit.
const MEMO: &str = "Balance brought in by an import";

/// Makes the records of one file at one site.
pub(super) struct Records<'a> {
    people: People<'a>,
    agent: protocol::AgentId,
    agree: Agree,
    content: Hash,
}

/// Somebody who signs in this portion.
struct Signing {
    key: SecretKey,
    cert: Cert,
}

impl<'a> Records<'a> {
    pub(super) fn new(visit: &Visit, people: People<'a>, content: Hash) -> Result<Self, Failure> {
        let agree = contracts::own().next().as_ref().and_then(Agree::to);
        let agree = agree.ok_or_else(|| Failure::refused("contract", "no contract to agree to"))?;
        Ok(Self { people, agent: visit.agent(), agree, content })
    }

    /// The records of some ties, of which the first is number `first` in the file.
    pub(super) fn intake(
        &mut self,
        ties: &Ties,
        portion: &[Tie],
        first: usize,
    ) -> Result<Intake, Failure> {
        debug_assert!(ties.list.len() >= first + portion.len(), "ties of this file");
        let all: BTreeSet<u32> = portion.iter().flat_map(|tie| tie.between).collect();
        let all: Vec<u32> = all.into_iter().collect();
        let mut signing = BTreeMap::new();
        for participant in &all {
            signing.insert(*participant, self.signing(*participant)?);
        }
        // Before anything is signed with them elsewhere: whoever looks for a key finds it.
        self.people.note(&all)?;
        let now = World.now();
        let mut tallies = Vec::with_capacity(portion.len());
        for (tie, number) in portion.iter().zip(first..) {
            let [a, b] = tie.between.map(|participant| signing.get(&participant));
            let (Some(a), Some(b)) = (a, b) else { continue };
            tallies.push(self.whole(tie, [a, b], number, now)?);
        }
        let users = signing.into_values().map(|signing| (UserKind::Person, signing.cert));
        Ok(Intake { users: users.collect(), tallies })
    }

    /// The key and cert of a participant: the same whenever they are made.
    fn signing(&self, participant: u32) -> Result<Signing, Failure> {
        let key = self.people.key(participant)?;
        let cuid = self.people.cuid(participant)?.clone();
        let refused = |error: &dyn std::fmt::Display| Failure::refused("name", error.to_string());
        let name = self.people.name(participant).parse().map_err(|e| refused(&e))?;
        let name = List::new(vec![name]).map_err(|e| refused(&e))?;
        let cert = Cert {
            chad: ChipAddress { cuid, agent: self.agent, endpoint: None },
            r#type: Type::Person,
            name: Names::try_from(name).map_err(|e| refused(&e))?,
            connect: List::default(),
            place: List::default(),
            identity: Identity::default(),
            public: key.public_key(),
            date: self.people.since(),
            sign: None,
        };
        let cert = cert.signed(&key).map_err(|e| unsigned(&e))?;
        Ok(Signing { key, cert })
    }

    fn whole(
        &self,
        tie: &Tie,
        both: [&Signing; 2],
        number: usize,
        now: Timestamp,
    ) -> Result<Whole, Failure> {
        let uuid = TallyId::derived(self.named(&format!("tally {number}")));
        // Whoever is owed is the vendor; with nothing owed, whoever would be.
        let first_owes = match tie.net_milli() {
            0 => tie.may_owe[0] >= tie.may_owe[1],
            net => net > 0,
        };
        let (foil, stock) = if first_owes { (0, 1) } else { (1, 0) };
        let party = |own: usize| -> Result<Party, Failure> {
            // Terms are what a holder grants its partner.
            let terms = Terms::new(tie.may_owe[1 - own], BTreeMap::new());
            let terms = terms.map_err(|e| Failure::refused("signature", e.to_string()))?;
            Ok(Party { cert: both[own].cert.clone(), terms })
        };
        let members = Members {
            uuid,
            revision: NonZeroU32::MIN,
            date: now,
            expires: None,
            memo: None,
            stock: party(stock)?,
            foil: party(foil)?,
            agree: self.agree.clone(),
            sign: None,
        };
        let tally =
            Tally::new(members).map_err(|e| Failure::refused("signature", e.to_string()))?;
        let tally = tally.signed(Side::Foil, &both[foil].key).map_err(|e| unsigned(&e))?;
        let tally = tally.signed(Side::Stock, &both[stock].key).map_err(|e| unsigned(&e))?;
        let mut chits = Vec::new();
        for (own, by) in [(foil, Side::Foil), (stock, Side::Stock)] {
            let Ok(units) = Positive::try_from(tie.owes[own]) else { continue };
            let uuid_of = self.named(&format!("chit {number} {}", by.word()));
            let written = Written { memo: MEMO.parse().ok(), ..Written::default() };
            let entry = Entry::Tran { units, written };
            let chit = Chit { uuid: ChitId::derived(uuid_of), tally: uuid, by, date: now, entry };
            chits.push(chit.signed(&both[own].key).map_err(|e| unsigned(&e))?);
        }
        Ok(Whole { tally, chits })
    }

    /// Sixteen bytes that follow from the file, the site and a word.
    fn named(&self, what: &str) -> [u8; 16] {
        let (content, agent) = (self.content, self.agent);
        let hash = Hash::of(format!("import {content} {agent} {what}").as_bytes());
        let mut name = [0; 16];
        name.copy_from_slice(&hash.as_bytes()[..16]);
        name
    }
}

fn unsigned(error: &SignError) -> Failure {
    Failure::refused("signature", error.to_string())
}

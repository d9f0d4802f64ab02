//! Privacy: every user, agent, tally, address, payment and key has a marker, and what a site hears and keeps is searched
//! for all of them. Whatever is none of its business must not be there; `excuse.rs` is the whole list of what is.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use protocol::errand::Errand;
use protocol::lift::Authorisation;
use protocol::mail::Receipt;
use protocol::note::{Body, Note};
use protocol::proof::Proof;
use protocol::{AgentId, ChitId, Hash, Lift, LiftId, PaymentId, PublicKey, Record as _, TallyId};

use super::excuse::{Excuse, Searched, What};
use super::fresh::Fresh;
use super::markers::Markers;
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;

/// What is known of who knows whom, as the simulation writes it down.
#[derive(Debug, Default)]
pub(crate) struct Privacy {
    markers: Markers,
    /// By number of the marker.
    whats: Vec<What>,
    numbers: BTreeMap<What, usize>,
    marked: BTreeSet<Vec<u8>>,
    /// Short names, for people who read them.
    people: Vec<(String, usize)>,
    places: Vec<String>,
    agents: BTreeMap<AgentId, usize>,
    referees: BTreeSet<usize>,
    inviters: BTreeMap<TallyId, usize>,
    /// At which places a tally has, or may get, a half.
    tallies: BTreeMap<TallyId, BTreeSet<usize>>,
    /// A place, and somebody with whom a user there has a tally.
    partners: BTreeSet<(usize, usize)>,
    /// A place, and somebody who pays, or is paid by, a user there.
    parties: BTreeSet<(usize, usize)>,
    /// Who makes a payment, and the places that know of it.
    payments: BTreeMap<PaymentId, (usize, BTreeSet<usize>)>,
    /// Who spoke, and to which place.
    spoke: BTreeSet<(usize, usize)>,
    /// Which places lay out lifts of a nonce.
    laid: BTreeMap<Hash, BTreeSet<usize>>,
    /// A place, and what it may know of a lift that names it as a referee: of that one, and of no other of the same nonce.
    decides: BTreeSet<(usize, What)>,
    fresh: Fresh,
    searched: Searched,
    /// Nonces of lifts, by id.
    nonces: BTreeMap<LiftId, Hash>,
    /// A place, and what it may know of a lift about which it was told a proof.
    proven: BTreeSet<(usize, What)>,
    /// Places that lie: they tell each other all that they hear, and anybody what they like.
    liars: BTreeSet<usize>,
    /// A place, and what liars told it that is none of its business.
    told: BTreeSet<(usize, What)>,
    /// Lifts whose records a liar was the first to show: what is in them is its concern.
    of_liars: BTreeSet<LiftId>,
}

impl Privacy {
    /// The network begins: everybody and every place gets its markers.
    pub(crate) fn begins(&mut self, places: &[Place], people: &[Person], referees: &[usize]) {
        self.referees.extend(referees);
        for (number, place) in places.iter().enumerate() {
            self.places.push(place.name.clone());
            self.mark(What::Host(number), place.host.as_bytes());
            self.has_agent(number, place);
        }
        for (who, person) in people.iter().enumerate() {
            self.people.push((person.short().to_owned(), person.home));
            self.mark(What::User(who), person.name.as_str().as_bytes());
            self.mark(What::Cert(who), person.disclosed.as_bytes());
            self.mark_key(What::Cert(who), &person.cert.public);
        }
    }

    /// A place may have another agent than before.
    pub(crate) fn has_agent(&mut self, number: usize, place: &Place) {
        if self.agents.insert(place.agent, number).is_none() {
            // All ids of agents begin alike.
            let id = place.agent.to_string();
            self.mark(What::Agent(number), id.as_bytes().get(8..).unwrap_or_default());
            self.mark_key(What::Agent(number), &place.agent.public_key());
        }
    }

    /// Somebody has its site make an invitation for a tally.
    pub(crate) fn invites(&mut self, tally: TallyId, who: usize) {
        self.mark(What::Tally(tally), tally.to_string().as_bytes());
        self.mark(What::Tally(tally), tally.as_bytes());
        self.inviters.insert(tally, who);
        let home = self.home(who);
        self.tallies.entry(tally).or_default().extend(home);
    }

    /// Somebody has its site answer one.
    pub(crate) fn answers(&mut self, tally: TallyId, who: usize) {
        let Some(inviter) = self.inviters.get(&tally).copied() else { return };
        let Some((here, there)) = self.home(who).zip(self.home(inviter)) else { return };
        self.tallies.entry(tally).or_default().insert(here);
        self.partners.extend([(here, inviter), (there, who)]);
    }

    /// Somebody writes something on a tally.
    pub(crate) fn writes(&mut self, tally: TallyId, chit: ChitId) {
        self.mark(What::Tally(tally), chit.to_string().as_bytes());
        self.mark(What::Tally(tally), chit.as_bytes());
    }

    /// Somebody signs a payment to a stranger.
    pub(crate) fn pays(&mut self, payer: usize, payee: usize, uuid: PaymentId) {
        self.mark(What::Payment(uuid), uuid.to_string().as_bytes());
        self.mark(What::Payment(uuid), uuid.as_bytes());
        let Some(home) = self.home(payer) else { return };
        self.parties.insert((home, payee));
        self.payments.insert(uuid, (payer, BTreeSet::from([home])));
    }

    /// A place lies: what it hears and keeps is not searched for what it should not know, only for what no liar should.
    pub(crate) fn lies_at(&mut self, place: usize) {
        self.liars.insert(place);
    }

    /// A note reaches a place.
    pub(crate) fn note(&mut self, from: usize, to: usize, text: &str) -> Sim<()> {
        if text.contains(r#""kind":"word""#)
            && let Ok(note) = Note::read(text.as_bytes())
            && let Body::Lift(word) = &note.body
        {
            self.record(from, &word.lift)?;
        }
        self.speaks(from, to, "a note")?;
        self.hears(from, to, text)
    }

    /// What became of notes, and what is said back at once, reaches a place.
    pub(crate) fn receipt(&mut self, from: usize, to: usize, receipt: &Receipt) -> Sim<()> {
        let text = receipt.write().map_err(|error| Broken::harness(&error.to_string()))?;
        self.hears(from, to, &text)
    }

    /// An errand, or the answer to one, reaches a place.
    pub(crate) fn errand(
        &mut self,
        from: usize,
        to: usize,
        errand: &Errand,
        text: &str,
    ) -> Sim<()> {
        let lies = self.liars.contains(&from);
        self.speaks(from, to, errand.word())?;
        match errand {
            Errand::Compose(compose) => self.lays_out(compose.nonce, [from, to]),
            Errand::Composed(composed) => {
                self.lays_out(composed.nonce, [from, to]);
                if let protocol::errand::Drawn::Laid(laid) = &composed.drawn {
                    self.keys_from(from, composed.nonce, &laid.participants)?;
                }
            }
            Errand::Authorisation(signed) => self.tells_payee(from, to, signed),
            Errand::Ask(ask) => self.record(from, &ask.lift)?,
            Errand::Telling(telling) => self.record(from, &telling.lift)?,
            Errand::Query(query) => self.fresh.by(lies).query(query)?,
            Errand::Answer(answer) => self.fresh.by(lies).answer(answer)?,
            Errand::Advert(advert) => self.fresh.by(lies).advert(advert)?,
            Errand::Expected(answer) => self.keys_from(from, answer.nonce, &answer.keys)?,
            Errand::Proof(proof) => self.proves(to, proof),
            Errand::Expect(_) | Errand::Meet(_) | Errand::Certificate(_) => {}
        }
        self.hears(from, to, text)
    }

    /// Bytes reach a place: nothing in them is marked that is none of its business.
    fn hears(&mut self, from: usize, to: usize, text: &str) -> Sim<()> {
        self.spoke.insert((from, to));
        self.searched.heard += 1;
        self.searched.bytes += u64::try_from(text.len()).unwrap_or(0);
        let how = format!("heard from {}", self.place(from));
        self.search((Some(from), to), text.as_bytes(), &how)
    }

    /// A forger, who has seen everything, says something to a place, as `from`. What it is answered has nothing in it
    /// but that, the agent that it called, and what the place knows whose agent it pretends to be.
    pub(crate) fn forges(&self, from: AgentId, to: usize, said: &[u8], answered: &[u8]) -> Sim<()> {
        if self.liars.contains(&to) {
            return Ok(());
        }
        let said = self.markers.found(said);
        let liar = self.agents.get(&from).copied();
        for number in self.markers.found(answered).difference(&said) {
            let Some(what) = self.whats.get(*number).copied() else { continue };
            let known = liar.is_some_and(|liar| self.excuse(liar, what).is_some());
            if !known && what != What::Agent(to) && what != What::Host(to) {
                let (site, what) = (self.place(to), self.named(what));
                let what = format!("site {site} tells a stranger: {what}");
                return Err(Broken::new(Invariant::Private, what));
            }
        }
        Ok(())
    }

    /// The whole store of a place: every column of every row.
    pub(crate) fn keeps(&mut self, number: usize, place: &Place) -> Sim<()> {
        if self.liars.contains(&number) {
            return Ok(());
        }
        let rows = place.store.rows_in_memory();
        let rows = rows.ok_or_else(|| Broken::harness("a store that is not in memory"))?;
        self.searched.stores += 1;
        self.search((None, number), rows.as_bytes(), "keeps")
    }

    /// How much was searched so far.
    pub(crate) fn searched(&self) -> Searched {
        self.searched.clone()
    }

    /// `from` is whoever says these bytes to the place; nobody where it keeps them.
    fn search(
        &mut self,
        (from, place): (Option<usize>, usize),
        bytes: &[u8],
        how: &str,
    ) -> Sim<()> {
        for number in self.markers.found(bytes) {
            let Some(what) = self.whats.get(number).copied() else { continue };
            let excuse = self.excuse(place, what).or_else(|| self.is_told(from, place, what));
            let Some(excuse) = excuse else {
                let (site, what) = (self.place(place), self.named(what));
                let what = format!("site {site} {how}: {what}, which is none of its business");
                return Err(Broken::new(Invariant::Private, what));
            };
            *self.searched.seen.entry(excuse).or_default() += 1;
        }
        Ok(())
    }

    /// Whether liars are why a place hears or keeps what is none of its business: one of them says it, of what any of their
    /// sites may know, and from then on the place has it; or it is said to one of them, who know it.
    fn is_told(&mut self, from: Option<usize>, place: usize, what: What) -> Option<Excuse> {
        let liars_know = self.liars.iter().any(|liar| self.excuse(*liar, what).is_some());
        if liars_know && from.is_some_and(|from| self.liars.contains(&from)) {
            self.told.insert((place, what));
        }
        let is_liars = liars_know && self.liars.contains(&place);
        (is_liars || self.told.contains(&(place, what))).then_some(Excuse::Liar)
    }

    /// Why a place may know this.
    fn excuse(&self, place: usize, what: What) -> Option<Excuse> {
        let is_home = |who: &usize| self.home(*who) == Some(place);
        let in_tally = |who: usize| self.partners.contains(&(place, who));
        let in_payment = |who: usize| self.parties.contains(&(place, who));
        let of = |set: &BTreeSet<(usize, usize)>, at: usize| {
            set.iter().any(|(here, who)| *here == place && self.home(*who) == Some(at))
        };
        match what {
            What::User(who) | What::Cert(who) if is_home(&who) => Some(Excuse::Own),
            What::User(who) | What::Cert(who) if in_tally(who) => Some(Excuse::Tally),
            What::User(who) if in_payment(who) => Some(Excuse::Payment),
            What::Agent(at) | What::Host(at) if at == place => Some(Excuse::Own),
            What::Agent(at) | What::Host(at) if of(&self.partners, at) => Some(Excuse::Tally),
            What::Agent(at) | What::Host(at) if of(&self.parties, at) => Some(Excuse::Payment),
            What::Agent(at) if self.referees.contains(&at) => Some(Excuse::Referee),
            What::Agent(at) if self.spoke.contains(&(at, place)) => Some(Excuse::Speaker),
            What::Tally(tally) if holds(&self.tallies, &tally, place) => Some(Excuse::Tally),
            What::Payment(uuid) => {
                let known = self.payments.get(&uuid);
                known.is_some_and(|(_, places)| places.contains(&place)).then_some(Excuse::Payment)
            }
            What::Lift(nonce) | What::Record(nonce, _) if holds(&self.laid, &nonce, place) => {
                Some(Excuse::Lift)
            }
            _ if self.decides.contains(&(place, what)) => Some(Excuse::Lift),
            _ if self.proven.contains(&(place, what)) => Some(Excuse::Proof),
            _ => None,
        }
    }

    /// A site speaks to sites of its users' partners, to those whose users are paid by its own, and to referees, and they
    /// to it: to nobody else, as it would be known there.
    fn speaks(&self, from: usize, to: usize, what: &str) -> Sim<()> {
        let knows = |set: &BTreeSet<(usize, usize)>, here: usize, there: usize| {
            set.iter().any(|(at, who)| *at == here && self.home(*who) == Some(there))
        };
        let partners = knows(&self.partners, from, to);
        let payment = knows(&self.parties, from, to) || knows(&self.parties, to, from);
        let referee = self.referees.contains(&from) || self.referees.contains(&to);
        let lies = self.liars.contains(&from)
            || (self.liars.contains(&to) && self.spoke.contains(&(to, from)));
        if from == to || partners || payment || referee || lies {
            return Ok(());
        }
        let what =
            format!("site {} says {what} to a stranger, {}", self.place(from), self.place(to));
        Err(Broken::new(Invariant::Private, what))
    }

    /// The payer's site says to the payee's what was signed: from now on that knows the payer.
    fn tells_payee(&mut self, from: usize, to: usize, signed: &Authorisation) {
        let Some((payer, places)) = self.payments.get_mut(&signed.uuid) else { return };
        if places.contains(&from) && self.agents.get(&signed.payee.agent) == Some(&to) {
            places.insert(to);
            self.parties.insert((to, *payer));
        }
    }

    /// Two neighbours lay out a lift.
    fn lays_out(&mut self, nonce: Hash, places: [usize; 2]) {
        self.laid.entry(nonce).or_default().extend(places);
        self.mark(What::Lift(nonce), nonce.as_bytes());
    }

    fn keys(&mut self, nonce: Hash, keys: &[PublicKey]) -> Sim<()> {
        for key in keys {
            self.fresh.key(key, nonce)?;
            self.mark_key(What::Lift(nonce), key);
        }
        Ok(())
    }

    /// The same, of keys that somebody says: which keys a liar shows is its concern.
    fn keys_from(&mut self, from: usize, nonce: Hash, keys: &[PublicKey]) -> Sim<()> {
        if self.liars.contains(&from) { Ok(()) } else { self.keys(nonce, keys) }
    }

    /// A place is told the proof of a lie about a lift.
    fn proves(&mut self, to: usize, proof: &Proof) {
        let Some(id) = proof.lift() else { return };
        let nonce = self.nonces.get(&id).copied();
        if let Some(nonce) = nonce.filter(|_| proof.check().is_ok()) {
            self.proven.extend(of_lift(nonce, id).map(|what| (to, what)));
        }
    }

    /// The record of a lift is seen: its referees take part in it, too.
    fn record(&mut self, from: usize, lift: &Lift) -> Sim<()> {
        let id = lift.id().map_err(|error| Broken::harness(&error.to_string()))?;
        if self.liars.contains(&from) && !self.nonces.contains_key(&id) {
            self.of_liars.insert(id);
        }
        self.nonces.insert(id, lift.nonce);
        self.has_referees(lift, id);
        if self.of_liars.contains(&id) {
            return Ok(());
        }
        if !self.fresh.lift(lift, id)? {
            return Ok(());
        }
        self.keys(lift.nonce, &lift.participants)?;
        self.mark(What::Lift(lift.nonce), lift.nonce.as_bytes());
        self.mark(What::Record(lift.nonce, id), id.as_bytes());
        Ok(())
    }

    fn has_referees(&mut self, lift: &Lift, id: LiftId) {
        for referee in lift.referees.iter().filter_map(|agent| self.agents.get(agent)) {
            self.decides.extend(of_lift(lift.nonce, id).map(|what| (*referee, what)));
        }
    }

    fn mark_key(&mut self, what: What, key: &PublicKey) {
        // As it stands in records: a point has two coordinates, of which each tells it.
        let Ok(serde_json::Value::Object(members)) = serde_json::to_value(key) else { return };
        for text in members.values().filter_map(serde_json::Value::as_str) {
            if let Ok(bytes) = BASE64URL_NOPAD.decode(text.as_bytes()) {
                self.mark(what, &bytes);
            }
        }
    }

    fn mark(&mut self, what: What, bytes: &[u8]) {
        if !self.marked.insert(bytes.to_vec()) {
            return;
        }
        let next = self.whats.len();
        let number = *self.numbers.entry(what).or_insert(next);
        if number == next {
            self.whats.push(what);
        }
        self.markers.add(number, bytes);
    }

    fn home(&self, who: usize) -> Option<usize> {
        self.people.get(who).map(|(_, home)| *home)
    }

    fn place(&self, number: usize) -> &str {
        self.places.get(number).map_or("?", String::as_str)
    }

    fn named(&self, what: What) -> String {
        let person = |who: usize| {
            let (name, home) = self.people.get(who).cloned().unwrap_or_default();
            format!("{name} of {}", self.place(home))
        };
        match what {
            What::User(who) => person(who),
            What::Cert(who) => format!("the cert of {}", person(who)),
            What::Agent(at) => format!("the agent of {}", self.place(at)),
            What::Host(at) => format!("the address of {}", self.place(at)),
            What::Tally(tally) => {
                let names = self.inviters.get(&tally).map(|who| person(*who)).unwrap_or_default();
                format!("a tally that {names} began ({tally})")
            }
            What::Payment(uuid) => format!("the payment {uuid}"),
            What::Lift(nonce) => format!("the lift of nonce {nonce}"),
            What::Record(nonce, lift) => format!("the lift {lift} of nonce {nonce}"),
        }
    }
}

/// What whoever may know a lift may know of it.
const fn of_lift(nonce: Hash, id: LiftId) -> [What; 2] {
    [What::Lift(nonce), What::Record(nonce, id)]
}

fn holds<K: Ord>(map: &BTreeMap<K, BTreeSet<usize>>, key: &K, place: usize) -> bool {
    map.get(key).is_some_and(|places| places.contains(&place))
}

#[cfg(test)]
mod tests {
    use protocol::bounded::List;
    use protocol::lift::Mode;
    use protocol::{SecretKey, Signer as _};

    use super::*;
    use crate::net::world::moment;

    const NONCE: Hash = Hash::from_bytes([9; 32]);
    const HONEST: usize = 0;
    const LIAR: usize = 1;
    const ITS: usize = 2;
    const OTHER: usize = 3;

    fn agent(number: u8) -> AgentId {
        AgentId::of(&SecretKey::ed25519(&[number; 32]).public_key()).unwrap()
    }

    fn under(referee: AgentId) -> Lift {
        Lift {
            nonce: NONCE,
            mode: Mode::Payment,
            date: moment(0),
            deadline: moment(60_000),
            legs: Hash::from_bytes([7; 32]),
            participants: List::default(),
            referees: List::new(vec![referee]).unwrap(),
            quorum: 1,
            payment: None,
        }
    }

    /// A liar hands a lift on under another referee. That one may know this lift, and nothing of the first but what they share.
    #[test]
    fn a_referee_may_know_its_own_lift_and_no_other_of_the_same_nonce() {
        let mut privacy = Privacy::default();
        privacy.agents.extend([(agent(1), ITS), (agent(2), OTHER)]);
        privacy.lies_at(LIAR);
        privacy.lays_out(NONCE, [HONEST, LIAR]);
        let (first, second) = (under(agent(1)), under(agent(2)));
        privacy.record(HONEST, &first).unwrap();
        privacy.record(LIAR, &second).unwrap();
        let (first, second) = (first.id().unwrap().to_string(), second.id().unwrap().to_string());
        for (referee, said) in [(ITS, &first), (OTHER, &second), (OTHER, &NONCE.to_string())] {
            assert_eq!(privacy.hears(HONEST, referee, said), Ok(()), "{referee}: {said}");
        }
        let broken = privacy.hears(HONEST, OTHER, &first).unwrap_err();
        assert_eq!(broken.invariant, Invariant::Private, "{}", broken.what);
    }
}

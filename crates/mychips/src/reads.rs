//! What commands read of a site: each question with the type of its answer. They ask as
//! administrator: whoever may read the data directory is one.

use protocol::chit::Positive;
use protocol::export::LiftProof;
use protocol::ledger::{Ack, Head, Link, Rekeying};
use protocol::negotiation::Draft;
use protocol::{
    ChipAddress, Contract, Cuid, Hash, LiftId, PayLink, PaymentId, Tally, TallyId, Timestamp,
    Verified,
};
use site::{
    Accepted, Entry, Examined, Found, Given, Governing, Hint, InvoiceView, LegLine, LiftFound,
    LiftLine, Making, Most, OpenLift, Paid, Peer, Proven, Query, Resident, Route, Seen, Status,
    Summary,
};

use crate::failure::Failure;
use crate::visit::Visit;

/// How many rows are read at once.
const AT_ONCE: u32 = 500;

/// How many halves doctor looks at before it says how far it is.
const DOCTOR_AT_ONCE: u32 = 100;

/// Takes the variant of an answer that its question has.
macro_rules! found {
    ($visit:expr, $query:expr, $variant:pat => $value:expr) => {
        match $visit.query($query)? {
            $variant => Ok($value),
            _ => Err(other_answer()),
        }
    };
}

fn other_answer() -> Failure {
    Failure::refused("other_answer", "the site answered another question")
}

/// How many more are wanted, if any.
fn left(limit: u32, have: usize) -> Option<u32> {
    let have = u32::try_from(have).unwrap_or(u32::MAX);
    limit.checked_sub(have).filter(|left| *left > 0)
}

impl Visit {
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        found!(self, Query::Status, Found::Status(status) => status)
    }

    /// All other agents that are known, by name.
    pub(crate) fn peers(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers: Vec<Peer> = Vec::new();
        loop {
            let after = peers.last().map(|peer| peer.agent);
            let query = Query::Peers { after, limit: AT_ONCE };
            let mut page = found!(self, query, Found::Peers(page) => page)?;
            if page.is_empty() {
                return Ok(peers);
            }
            peers.append(&mut page);
        }
    }

    /// The agents that are accepted as referees, by name.
    pub(crate) fn referees(&self) -> Result<Vec<Accepted>, Failure> {
        found!(self, Query::Referees, Found::Referees(all) => all)
    }

    /// The proofs that agents lie, the first ones first.
    pub(crate) fn lies(&self) -> Result<Vec<Proven>, Failure> {
        found!(self, Query::Lies, Found::Lies(all) => all)
    }

    /// The record of one.
    pub(crate) fn lie(&self, id: Hash) -> Result<String, Failure> {
        found!(self, Query::Lie { id }, Found::Lie(text) => text)
    }

    /// All users, by name.
    pub(crate) fn users(&self) -> Result<Vec<Resident>, Failure> {
        let mut users: Vec<Resident> = Vec::new();
        loop {
            let after = users.last().map(|user| user.user.clone());
            let query = Query::Users { after, limit: AT_ONCE };
            let page = found!(self, query, Found::Users(page) => page)?;
            if page.is_empty() {
                return Ok(users);
            }
            users.extend(page);
        }
    }

    pub(crate) fn user(&self, user: &Cuid) -> Result<Resident, Failure> {
        let query = Query::User { user: user.clone() };
        found!(self, query, Found::User(user) => *user)
    }

    /// All tallies of a user.
    pub(crate) fn tallies(&self, user: &Cuid) -> Result<Vec<Summary>, Failure> {
        let mut tallies: Vec<Summary> = Vec::new();
        loop {
            let after = tallies.last();
            let after = after.map(|one| Seen { holder: one.holder.clone(), tally: one.tally });
            let query = Query::Tallies {
                user: Some(user.clone()),
                status: None,
                partner: None,
                after,
                limit: AT_ONCE,
            };
            let page = found!(self, query, Found::Tallies(page) => page)?;
            if page.is_empty() {
                return Ok(tallies);
            }
            tallies.extend(page);
        }
    }

    pub(crate) fn tally(&self, user: &Cuid, tally: TallyId) -> Result<Summary, Failure> {
        let query = Query::Tally { user: user.clone(), tally };
        found!(self, query, Found::Tally(tally) => *tally)
    }

    /// All chits of a tally, oldest first.
    pub(crate) fn history(&self, user: &Cuid, tally: TallyId) -> Result<Vec<Entry>, Failure> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut before = None;
        loop {
            let query = Query::History { user: user.clone(), tally, before, limit: AT_ONCE };
            let page = found!(self, query, Found::History(page) => page)?;
            let Some(last) = page.last() else { break };
            before = Some(last.link.head.index);
            entries.extend(page);
        }
        entries.reverse();
        Ok(entries)
    }

    /// The links of a tally's chain after an index and up to another one, in order. They are read page
    /// by page from the last: whatever their chits are dated, none is passed over.
    pub(crate) fn links(
        &self,
        user: &Cuid,
        tally: TallyId,
        after: u64,
        last: u64,
    ) -> Result<Vec<Link>, Failure> {
        let mut links: Vec<Link> = Vec::new();
        let mut next = last;
        while next > after {
            let (user, before) = (user.clone(), Some(next.saturating_add(1)));
            let limit = u32::try_from(next - after).map_or(AT_ONCE, |left| left.min(AT_ONCE));
            let query = Query::History { user, tally, before, limit };
            let page = found!(self, query, Found::History(page) => page)?;
            let oldest = page.last().map(|entry| entry.link.head.index);
            let Some(oldest) = oldest.filter(|oldest| *oldest <= next) else { break };
            next = oldest.saturating_sub(1);
            links.extend(page.into_iter().map(|entry| entry.link));
        }
        links.reverse();
        Ok(links)
    }

    /// What proves a lift's chit on a tally.
    pub(crate) fn proof(
        &self,
        user: &Cuid,
        tally: TallyId,
        lift: LiftId,
    ) -> Result<LiftProof, Failure> {
        let query = Query::Proof { user: user.clone(), tally, lift };
        found!(self, query, Found::Proof(proof) => *proof)
    }

    /// The tallies of all users, half by half.
    pub(crate) fn all_tallies(
        &self,
        mut each: impl FnMut(Summary) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let (user, status, partner) = (None, None, None);
            let query = Query::Tallies { user, status, partner, after, limit: AT_ONCE };
            let page = found!(self, query, Found::Tallies(page) => page)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(Seen { holder: last.holder.clone(), tally: last.tally });
            page.into_iter().try_for_each(&mut each)?;
        }
    }

    /// The agent's signed word for the chain of a tally.
    pub(crate) fn vouched(&self, user: &Cuid, tally: TallyId) -> Result<Ack, Failure> {
        let query = Query::Vouched { user: user.clone(), tally };
        found!(self, query, Found::Vouched(word) => *word)
    }

    /// The invitations of a user that are out.
    pub(crate) fn invitations(&self, user: &Cuid) -> Result<Vec<Given>, Failure> {
        let query = Query::Invitations { user: user.clone() };
        found!(self, query, Found::Invitations(given) => given)
    }

    /// The invoices of a tally.
    pub(crate) fn invoices(
        &self,
        user: &Cuid,
        tally: TallyId,
    ) -> Result<Vec<InvoiceView>, Failure> {
        let query = Query::Invoices { user: user.clone(), tally };
        found!(self, query, Found::Invoices(invoices) => invoices)
    }

    pub(crate) fn governing(&self, user: &Cuid, tally: TallyId) -> Result<Governing, Failure> {
        let query = Query::Governing { user: user.clone(), tally };
        found!(self, query, Found::Governing(governing) => *governing)
    }

    pub(crate) fn to_rekey(&self, user: &Cuid, tally: TallyId) -> Result<Rekeying, Failure> {
        let query = Query::ToRekey { user: user.clone(), tally };
        found!(self, query, Found::ToRekey(rekeying) => rekeying)
    }

    pub(crate) fn to_end(&self, user: &Cuid, tally: TallyId) -> Result<Head, Failure> {
        let query = Query::ToEnd { user: user.clone(), tally };
        found!(self, query, Found::ToEnd(head) => head)
    }

    pub(crate) fn to_offer(
        &self,
        user: &Cuid,
        tally: TallyId,
        draft: Draft,
    ) -> Result<Tally, Failure> {
        let query = Query::ToOffer { user: user.clone(), tally, draft: Box::new(draft) };
        found!(self, query, Found::ToOffer(tally) => *tally)
    }

    /// What a payment to somebody would cost a user.
    pub(crate) fn route(
        &self,
        user: &Cuid,
        payee: &ChipAddress,
        units: Positive,
        hint: Option<Hint>,
    ) -> Result<Route, Failure> {
        let query = Query::Route { user: user.clone(), payee: payee.clone(), units, hint };
        found!(self, query, Found::Route(route) => *route)
    }

    /// A link by which anybody may pay a user; none where nobody knows where the site answers.
    pub(crate) fn pay_link(
        &self,
        user: &Cuid,
        units: Positive,
        expires: Timestamp,
    ) -> Result<Option<PayLink>, Failure> {
        let query = Query::PayLink { user: user.clone(), units, expires };
        found!(self, query, Found::PayLink(link) => link.map(|link| *link))
    }

    /// The most that a user could pay somebody now.
    pub(crate) fn most(&self, user: &Cuid, payee: &ChipAddress) -> Result<Most, Failure> {
        let query = Query::Most { user: user.clone(), payee: payee.clone() };
        found!(self, query, Found::Most(most) => *most)
    }

    /// A payment that a user made by a lift.
    pub(crate) fn payment(&self, user: &Cuid, payment: PaymentId) -> Result<Option<Paid>, Failure> {
        let query = Query::Payment { user: user.clone(), payment };
        found!(self, query, Found::Payment(paid) => paid)
    }

    /// Lifts between sites that are not done, of a user or all.
    pub(crate) fn open_lifts(&self, user: Option<&Cuid>) -> Result<Vec<OpenLift>, Failure> {
        let query = Query::OpenLifts { user: user.cloned(), limit: site::MAX_ROWS };
        found!(self, query, Found::OpenLifts(lifts) => lifts)
    }

    /// Payments to other sites that are being made, of a user or all; asked also while one of them is waited for.
    pub(crate) fn making(&self, user: Option<&Cuid>) -> Result<Vec<Making>, Failure> {
        let query = Query::Making { user: user.cloned(), limit: site::MAX_ROWS };
        match self.query_beside(query)? {
            Found::Making(making) => Ok(making),
            _ => Err(other_answer()),
        }
    }

    /// The newest lifts that touched a user, or all.
    pub(crate) fn lifts(&self, user: Option<&Cuid>, limit: u32) -> Result<Vec<LiftLine>, Failure> {
        let mut lifts: Vec<LiftLine> = Vec::new();
        while let Some(left) = left(limit, lifts.len()) {
            let before = lifts.last().map(|lift| lift.lift);
            let query = Query::Lifts { user: user.cloned(), before, limit: left.min(AT_ONCE) };
            let page = found!(self, query, Found::Lifts(page) => page)?;
            if page.is_empty() {
                break;
            }
            lifts.extend(page);
        }
        Ok(lifts)
    }

    /// A lift, with all its legs that a caller may see.
    pub(crate) fn lift(
        &self,
        user: Option<&Cuid>,
        lift: LiftId,
    ) -> Result<(LiftFound, Vec<LegLine>), Failure> {
        let mut legs: Vec<LegLine> = Vec::new();
        loop {
            let after = legs.last().map(|leg| leg.half);
            let query = Query::Lift { lift, user: user.cloned(), after, limit: AT_ONCE };
            let mut found = found!(self, query, Found::Lift(found) => found)?;
            if found.legs.is_empty() {
                return Ok((*found, legs));
            }
            legs.append(&mut found.legs);
        }
    }

    pub(crate) fn contracts(&self) -> Result<Vec<Verified<Contract>>, Failure> {
        let contracts = found!(self, Query::Contracts, Found::Contracts(contracts) => contracts)?;
        let checked = contracts.into_iter().map(|contract| Verified::check(contract, &()));
        Ok(checked.collect::<Result<_, _>>().map_err(site::SiteError::from)?)
    }

    pub(crate) fn examine(&self, after: Option<i64>) -> Result<Examined, Failure> {
        let query = Query::Doctor { after, limit: DOCTOR_AT_ONCE };
        found!(self, query, Found::Doctor(page) => page)
    }
}

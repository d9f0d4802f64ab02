//! Doctor: whether everything that is kept still holds: every hash, signature, chain and balance,
//! and the sum of all balances.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use protocol::chit::Entry;
use protocol::half::HalfTally;
use protocol::ledger::{Head, Ledger, Link};
use protocol::record::Record;
use protocol::{Cuid, Hash, Side, TallyId};
use serde::{Deserialize, Serialize};
use store::{Half, HalfFilter, HalfId, HalfRow, StoreError, View};

use crate::door::Site;
use crate::error::SiteError;
use crate::half::{Kept, effect, states};
use crate::{history, invoice, lift};

/// How many rows are read at once.
const AT_ONCE: u32 = 500;

/// How many halves are looked at by one core before the next are handed out.
const EACH: usize = 32;

/// What doctor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doctor {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// What is wrong, by half.
    pub faults: Vec<Fault>,
    /// Halves that were looked at.
    pub tallies: u64,
    /// Chits that were looked at, those at both halves twice.
    pub chits: u64,
    /// The sum of the balances of all tallies whose halves both are here, in milli-CHIPs, as text:
    /// 0 where all is well.
    pub zero_sum: String,
}

/// Something wrong with a half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whose half.
    pub holder: String,
    /// Of which tally.
    pub tally: String,
    /// What is wrong.
    pub what: String,
}

/// What doctor found in some of the halves: pages of them add up to [`Doctor`], whatever is written
/// between two pages, as each tally whose halves both are here is summed at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examined {
    /// What is wrong; on the first page also what is wrong with the store as a whole.
    pub faults: Vec<Fault>,
    /// Halves that were looked at.
    pub tallies: u64,
    /// Chits that were looked at.
    pub chits: u64,
    /// The sum of the balances of pairs of halves, each counted with its earlier half, in
    /// milli-CHIPs, as text.
    #[serde(with = "crate::words::sum")]
    pub sum: i128,
    /// After which half the next page begins; none where this was the last.
    pub next: Option<i64>,
}

impl Doctor {
    /// Nothing looked at yet.
    #[must_use]
    pub const fn begun() -> Self {
        Self { ok: true, faults: Vec::new(), tallies: 0, chits: 0, zero_sum: String::new() }
    }

    /// What is found with another page; pages are given in order, the last one too.
    pub fn add(&mut self, page: Examined) {
        let before: i128 = self.zero_sum.parse().unwrap_or(0);
        let sum = before + page.sum;
        self.faults.extend(page.faults);
        self.tallies += page.tallies;
        self.chits += page.chits;
        self.zero_sum = sum.to_string();
        self.ok = self.faults.is_empty() && sum == 0;
    }
}

impl Site {
    /// Checks everything; `watch` is told after each half how many were looked at.
    ///
    /// # Errors
    /// [`SiteError::Store`] where the store itself cannot be read.
    pub async fn doctor(&self, watch: &mut (dyn FnMut(u64) + Send)) -> Result<Doctor, SiteError> {
        let mut doctor = Doctor::begun();
        let mut after = None;
        loop {
            let before = doctor.tallies;
            let page = self.examine(after, AT_ONCE, &mut |looked| watch(before + looked)).await?;
            after = page.next.map(HalfId::new);
            doctor.add(page);
            if after.is_none() {
                return Ok(doctor);
            }
        }
    }

    /// Checks the halves after one, and with the first of them the store itself; `watch` is told
    /// after each half how many of these were looked at.
    ///
    /// # Errors
    /// [`SiteError::Store`] where the store itself cannot be read.
    pub(crate) async fn examine(
        &self,
        after: Option<HalfId>,
        limit: u32,
        watch: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Examined, SiteError> {
        let mut page = Examined { faults: Vec::new(), tallies: 0, chits: 0, sum: 0, next: None };
        if after.is_none() {
            for what in self.store.check().await? {
                page.faults.push(Fault { holder: String::new(), tally: String::new(), what });
            }
        }
        let mut view = self.store.read().await?;
        if after.is_none() {
            page.faults.append(&mut examine_lifts(&mut view).await?);
        }
        let halves = view.halves(&HalfFilter::default(), after, limit.max(1)).await?;
        drop(view);
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        for some in halves.chunks(EACH * cores) {
            let parts = some.chunks(EACH).map(|part| {
                // Halves are never taken away, and new ones come last: these are seen again.
                let before = part.first().map(|first| HalfId::new(first.id.get() - 1));
                let many = u32::try_from(part.len()).unwrap_or(u32::MAX);
                let site = self.clone();
                tokio::spawn(async move { site.examine_some(before, many).await })
            });
            // In the order of the halves, whichever is done first.
            for part in parts.collect::<Vec<_>>() {
                let part = joined(part.await)??;
                page.faults.extend(part.faults);
                page.tallies += part.tallies;
                page.chits += part.chits;
                page.sum += part.sum;
                watch(page.tallies);
            }
        }
        page.next = halves.last().map(|last| last.id.get());
        Ok(page)
    }

    /// Checks so many halves after one, at one moment.
    async fn examine_some(&self, after: Option<HalfId>, many: u32) -> Result<Examined, SiteError> {
        let mut part = Examined { faults: Vec::new(), tallies: 0, chits: 0, sum: 0, next: None };
        let mut view = self.store.read().await?;
        let halves = view.halves(&HalfFilter::default(), after, many).await?;
        let ids: Vec<HalfId> = halves.iter().map(|half| half.id).collect();
        // Each of these legs is proved by its lift, which was looked at first.
        let legs = view.legs_of_halves(&ids).await?;
        let legs: Legs = legs.into_iter().map(|leg| (leg.half, leg.chit)).collect();
        let tallies: Vec<TallyId> = halves.iter().map(|half| half.tally).collect();
        let others = view.halves_of_tallies(&tallies).await?;
        let all = states(&mut view, &others).await?;
        let all: BTreeMap<HalfId, _> =
            others.iter().zip(all).map(|(h, s)| (h.id, (h, s))).collect();
        for half in &halves {
            let mut found = Vec::new();
            match all.get(&half.id) {
                Some((_, Ok(state))) => {
                    part.chits += examine(&mut view, half, state, &legs, &mut found).await?;
                    let partner = all.values().find(|(other, _)| are_partners(half, other, self));
                    if let Some((other, theirs)) = partner {
                        part.sum += sum(half, state, other, theirs.as_ref().ok(), &mut found);
                    }
                }
                Some((_, Err(error))) => found.push(error.to_string()),
                None => {}
            }
            let found = found.into_iter().map(|what| fault(&half.holder, half.tally, what));
            part.faults.extend(found);
            part.tallies += 1;
        }
        Ok(part)
    }
}

/// What a task came to; a fault of the program goes on as one.
fn joined<T>(done: Result<T, tokio::task::JoinError>) -> Result<T, SiteError> {
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => StoreError::Gone { why: "the program is ending".to_owned() }.into(),
    })
}

/// The legs of lifts that were looked at: half, and hash of the chit.
type Legs = BTreeSet<(HalfId, Hash)>;

/// Looks at every lift: its proof, and that it is whole.
async fn examine_lifts(view: &mut View) -> Result<Vec<Fault>, SiteError> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let lifts = view.lifts(before, AT_ONCE).await?;
        let Some(last) = lifts.last() else { return Ok(found) };
        before = Some((last.date, last.id));
        for lift in &lifts {
            for (leg, what) in lift::faults(view, lift).await? {
                found.push(match leg {
                    Some(leg) => fault(&leg.holder, leg.tally, what),
                    None => Fault { holder: String::new(), tally: String::new(), what },
                });
            }
        }
    }
}

fn fault(holder: &Cuid, tally: TallyId, what: String) -> Fault {
    Fault { holder: holder.to_string(), tally: tally.to_string(), what }
}

/// Whether a row that is kept is the one to keep. The ledger's text is the state itself, maybe in the
/// words of an older program.
fn follows(kept: &HalfRow, to_keep: &HalfRow) -> bool {
    let ledger = kept.ledger.clone().filter(|_| to_keep.ledger.is_some());
    let to_keep = HalfRow { ledger, ..to_keep.clone() };
    *kept == to_keep
}

/// Looks at one half and all its chits; says how many there were.
async fn examine(
    view: &mut View,
    half: &Half,
    state: &HalfTally,
    legs: &Legs,
    found: &mut Vec<String>,
) -> Result<u64, SiteError> {
    if let Err(fault) = state.negotiation.check() {
        found.push(format!("agreement: {fault}"));
    }
    match state.row(half.row.changed) {
        Ok(row) if follows(&half.row, &row) => {}
        Ok(_) => found.push("the row does not follow from the kept state".to_owned()),
        Err(error) => found.push(error.to_string()),
    }
    if half.invoices > 0 {
        invoice::examine(view, half, state, found).await?;
    }
    let (Some(ledger), Some(signed)) = (&state.ledger, state.negotiation.signed()) else {
        return Ok(0);
    };
    let mut head = Head { index: 0, hash: signed.hash()? };
    let mut balance = 0_i128;
    loop {
        let rows = view.links(half.id, head.index + 1, AT_ONCE).await?;
        let last = rows.len() < AT_ONCE as usize;
        for row in rows {
            let link = match history::link(&row) {
                Ok(link) => link,
                Err(error) => {
                    found.push(format!("link {}: {error}", row.index));
                    return Ok(head.index);
                }
            };
            head = head.then(half.tally, link.chit_hash);
            if link.head != head {
                found.push(format!("link {} does not follow from the one before", row.index));
                return Ok(head.index);
            }
            if link.chit.hash()? != link.chit_hash {
                found.push(format!("link {}: the chit has another hash", row.index));
            }
            let effect = effect(ledger, &link);
            if row.effect != effect {
                found.push(format!("link {}: the row has another effect", row.index));
            }
            balance += i128::from(effect.milli());
            check_key(ledger, &link, found);
            if let Entry::Lift { lift, .. } = link.chit.entry {
                if !legs.contains(&(half.id, link.chit_hash)) {
                    found.push(format!("link {}: lift {lift} has no such leg here", row.index));
                }
            } else if let Err(fault) = ledger.prove(link.chit) {
                found.push(format!("link {}: {fault}", row.index));
            }
        }
        if last {
            break;
        }
    }
    if ledger.head() != head {
        found.push(format!("the chain ends at {}, not at {}", head.index, ledger.head().index));
    }
    if ledger.balance_milli() != balance {
        found.push(format!("the chits sum to {balance}, not to {}", ledger.balance_milli()));
    }
    Ok(head.index)
}

/// What the ledger follows as the end of a key must stand where it says, and say so.
fn check_key(ledger: &Ledger, link: &Link, found: &mut Vec<String>) {
    let index = link.head.index;
    for side in Side::BOTH {
        for change in ledger.key_changes(side) {
            if change.at == index && change.chit != link.chit_hash {
                found.push(format!("link {index} is not the change of key that it should be"));
            }
            let says = match &link.chit.entry {
                Entry::Key { rekey, .. } => {
                    change.public == Some(rekey.public) && change.until == rekey.head.index
                }
                Entry::End { head, .. } => change.public.is_none() && change.until == head.index,
                Entry::Claim { written, .. } => change.name == written.key,
                _ => false,
            };
            let stands = change.at == index && link.chit.by == side;
            if change.chit == link.chit_hash && !(says && stands) {
                found.push(format!("link {index}: the change of key is not what is in force"));
            }
        }
    }
}

/// Whether two halves here are those of one tally: a stranger may have named its own alike.
fn are_partners(one: &Half, other: &Half, site: &Site) -> bool {
    let means = |one: &Half, other: &Half| {
        let named = one.row.partner.as_deref().and_then(|name| name.parse().ok());
        named.is_some_and(|named: protocol::ChipAddress| {
            named.cuid == other.holder && site.is_ours(&named.agent)
        })
    };
    one.tally == other.tally && one.id != other.id && means(one, other) && means(other, one)
}

/// What a half and its partner's sum to, counted with the earlier of the two; both must have what
/// they agreed on.
fn sum(
    half: &Half,
    state: &HalfTally,
    other: &Half,
    theirs: Option<&HalfTally>,
    found: &mut Vec<String>,
) -> i128 {
    let theirs = theirs.and_then(|theirs| theirs.ledger.as_ref());
    if let (Some(ours), Some(theirs)) = (&state.ledger, theirs) {
        let settled = |l: &Ledger| l.agreed() == l.head().index;
        if settled(ours) && settled(theirs) && ours.head() != theirs.head() {
            found.push("both halves are settled, yet their chains differ".to_owned());
        }
        // What is still on its way between the halves counts for neither.
        if ours.head() != theirs.head() {
            return 0;
        }
    }
    if half.id < other.id { half.row.balance + other.row.balance } else { 0 }
}

//! Doctor: whether everything that is kept still holds: every hash, signature, chain and balance,
//! and the sum of all balances.

use protocol::half::HalfTally;
use protocol::ledger::Head;
use protocol::record::Record;
use protocol::{Cuid, TallyId, Verified};
use serde::Serialize;
use store::{Half, HalfFilter, View};

use crate::door::Site;
use crate::error::SiteError;
use crate::half::{Kept, one, states};
use crate::history;

/// How many rows are read at once.
const AT_ONCE: u32 = 500;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Whose half.
    pub holder: String,
    /// Of which tally.
    pub tally: String,
    /// What is wrong.
    pub what: String,
}

impl Site {
    /// Checks everything; `watch` is told after each half how many were looked at.
    ///
    /// # Errors
    /// [`SiteError::Store`] where the store itself cannot be read.
    pub async fn doctor(&self, watch: &mut dyn FnMut(u64)) -> Result<Doctor, SiteError> {
        let mut faults = Vec::new();
        for what in self.store.check().await? {
            faults.push(Fault { holder: String::new(), tally: String::new(), what });
        }
        let mut view = self.store.read().await?;
        let (mut tallies, mut chits, mut zero_sum) = (0, 0, 0_i128);
        let mut after = None;
        loop {
            let halves = view.halves(&HalfFilter::default(), after, AT_ONCE).await?;
            let Some(last) = halves.last() else { break };
            after = Some(last.id);
            let states = states(&mut view, &halves).await?;
            for (half, state) in halves.iter().zip(states) {
                let mut found = Vec::new();
                match state {
                    Ok(state) => {
                        chits += examine(&mut view, half, &state, &mut found).await?;
                        let both = balance_with_partner(&mut view, half, &state, &mut found);
                        zero_sum += both.await?.unwrap_or_default();
                    }
                    Err(error) => found.push(error.to_string()),
                }
                faults.extend(found.into_iter().map(|what| fault(&half.holder, half.tally, what)));
                tallies += 1;
                watch(tallies);
            }
        }
        let ok = faults.is_empty() && zero_sum == 0;
        Ok(Doctor { ok, faults, tallies, chits, zero_sum: zero_sum.to_string() })
    }
}

fn fault(holder: &Cuid, tally: TallyId, what: String) -> Fault {
    Fault { holder: holder.to_string(), tally: tally.to_string(), what }
}

/// Looks at one half and all its chits; says how many there were.
async fn examine(
    view: &mut View,
    half: &Half,
    state: &HalfTally,
    found: &mut Vec<String>,
) -> Result<u64, SiteError> {
    if let Err(fault) = state.negotiation.check() {
        found.push(format!("agreement: {fault}"));
    }
    match state.row(half.row.changed) {
        Ok(row) if row == half.row => {}
        Ok(_) => found.push("the row does not follow from the kept state".to_owned()),
        Err(error) => found.push(error.to_string()),
    }
    let (Some(ledger), Some(signed)) = (&state.ledger, state.negotiation.signed()) else {
        return Ok(0);
    };
    let mut head = Head { index: 0, hash: signed.hash()? };
    let mut balance = 0_i128;
    loop {
        let rows = view.links(half.id, head.index + 1, AT_ONCE).await?;
        if rows.is_empty() {
            break;
        }
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
            let effect = link.chit.effect_on(half.side);
            if row.effect != effect {
                found.push(format!("link {}: the row has another effect", row.index));
            }
            balance += i128::from(effect.milli());
            if let Err(fault) = Verified::check(link.chit, ledger.keys()) {
                found.push(format!("link {}: {fault}", row.index));
            }
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

/// The balance of a half whose partner's is here too; both must have what they agreed on.
async fn balance_with_partner(
    view: &mut View,
    half: &Half,
    state: &HalfTally,
    found: &mut Vec<String>,
) -> Result<Option<i128>, SiteError> {
    let both = view.halves_of_tally(&half.tally).await?;
    let Some(other) = both.iter().find(|other| other.id != half.id) else { return Ok(None) };
    if let (Some(ours), Ok(theirs)) = (&state.ledger, one(view, other).await)
        && let Some(theirs) = &theirs.ledger
    {
        let settled = |l: &protocol::ledger::Ledger| l.agreed() == l.head().index;
        if settled(ours) && settled(theirs) && ours.head() != theirs.head() {
            found.push("both halves are settled, yet their chains differ".to_owned());
        }
        // What is still on its way between the halves counts for neither.
        if ours.head() != theirs.head() {
            return Ok(None);
        }
    }
    Ok(Some(half.row.balance))
}

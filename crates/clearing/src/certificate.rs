//! Proof that a circulation is the largest: its value equals an upper bound given by potentials.
//!
//! For any circulation *f* and any potentials *p*, every participant pays in as much as it takes
//! out, so the sum of *f(u→v)* equals the sum of *f(u→v) · (1 + p(v) - p(u))*, which is at most the
//! sum of *debt(u→v) · max(0, 1 + p(v) - p(u))*. Where both sides are equal, nothing larger exists.
//! This check shares no code with the search.

use thiserror::Error;

use crate::{Circulation, Debt};

/// The two sides of the proof, in milli-CHIPs; equal for an optimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the circulation clears.
    pub cleared: i128,
    /// What no circulation can exceed, by the potentials.
    pub bound: i128,
}

/// Why a circulation with its potentials proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateFault {
    /// Lists of another length than the graph's.
    #[error("the certificate is for another graph: the lists differ in length")]
    WrongShape,
    /// A debt names a participant that does not exist.
    #[error("debt {debt} names a participant that does not exist")]
    UnknownParticipant {
        /// Place of the debt in the list, from 0.
        debt: usize,
    },
    /// Less than nothing, or more than the debt, is cleared.
    #[error("debt {debt} is cleared by less than nothing or by more than itself")]
    OutsideDebt {
        /// Place of the debt in the list, from 0.
        debt: usize,
    },
    /// A participant's net position would change.
    #[error("participant {participant} would end {change} milli-CHIPs richer")]
    Unbalanced {
        /// The participant's number.
        participant: usize,
        /// By how much its net position would rise, in milli-CHIPs.
        change: i128,
    },
    /// The circulation is sound, but may not be the largest.
    #[error("{} milli-CHIPs are cleared, but the bound is {}", .0.cleared, .0.bound)]
    NotTight(Proof),
}

/// Checks a circulation against the debts: within each debt, every net position unchanged, and as
/// large as the bound that its potentials give.
///
/// # Errors
/// [`CertificateFault`] names the first thing that does not hold.
pub fn verify(
    participants: u32,
    debts: &[Debt],
    circulation: &Circulation,
) -> Result<Proof, CertificateFault> {
    let Circulation { cleared, potentials } = circulation;
    let n = participants as usize;
    if cleared.len() != debts.len() || potentials.len() != n {
        return Err(CertificateFault::WrongShape);
    }
    let mut change = vec![0_i128; n];
    let mut proof = Proof { cleared: 0, bound: 0 };
    for (debt, (d, part)) in debts.iter().zip(cleared).enumerate() {
        let (u, v) = (d.debtor as usize, d.creditor as usize);
        if u >= n || v >= n {
            return Err(CertificateFault::UnknownParticipant { debt });
        }
        let (part, whole) = (i128::from(part.milli()), i128::from(d.units.milli()));
        if part < 0 || part > whole {
            return Err(CertificateFault::OutsideDebt { debt });
        }
        change[u] += part;
        change[v] -= part;
        proof.cleared += part;
        let worth = 1 + i128::from(potentials[v]) - i128::from(potentials[u]);
        proof.bound += whole * worth.max(0);
    }
    if let Some(participant) = change.iter().position(|&change| change != 0) {
        return Err(CertificateFault::Unbalanced { participant, change: change[participant] });
    }
    if proof.cleared != proof.bound {
        return Err(CertificateFault::NotTight(proof));
    }
    Ok(proof)
}

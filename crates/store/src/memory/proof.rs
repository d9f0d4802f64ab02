//! Proofs that agents lie, in memory. What each question means is said in `crate::View`, what each change means in
//! `crate::Tx`.

use protocol::{Hash, Timestamp};

use super::Hand;
use super::read::page;
use crate::{Proof, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

#[expect(clippy::unnecessary_wraps, reason = "the databases can fail at each of these")]
impl Hand {
    pub(crate) fn proof(&self, id: &Hash) -> Result<Option<Proof>> {
        Ok(self.state.proofs.get(id).cloned())
    }

    pub(crate) fn proofs(
        &self,
        after: Option<(Timestamp, Hash)>,
        limit: u32,
    ) -> Result<Vec<Proof>> {
        let after = after.map(|(at, id)| (at, id.to_string()));
        let from = match &after {
            Some(after) => std::ops::Bound::Excluded(after),
            None => std::ops::Bound::Unbounded,
        };
        let by_date = self.state.proof_dates.up(from);
        Ok(page(by_date.filter_map(|(_, id)| self.state.proofs.get(id)), limit))
    }

    pub(crate) fn add_proof(&mut self, proof: &Proof) -> Result<bool> {
        if self.state.proofs.get(&proof.id).is_some() {
            return Ok(false);
        }
        self.state.proof_dates.insert((proof.at, proof.id.to_string()), proof.id);
        self.state.proofs.insert(proof.id, proof.clone());
        Ok(true)
    }
}
